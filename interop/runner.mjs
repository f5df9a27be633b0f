// A netarium network as a process that checks can drive: builds a scenario, plugs in wires, and takes commands as JSON
// lines on stdin. Answers are JSON lines on stdout; bytes are base64.
//
//     node interop/runner.mjs '{"scenario": "interop/lab.yaml", "wires": [{"at": "sw1", "tap": "tap0"}], "files": {"web": "site"}}'
//
//     {"id": 1, "spawn": ["nc", "-l", "7"], "node": "web"}     a program of the host's own
//     {"id": 2, "serve": ["echo", "7"], "node": "web"}         one of interop/servers/
//     {"id": 1, "write": "aGk="}  {"id": 1, "end": true}  {"id": 1, "kill": "SIGTERM"}
//     {"id": 3, "counters": true}                              drops and frames
//
//     {"ready": ["tap0 at sw1:5"]}
//     {"id": 1, "out": "aGk="}  {"id": 1, "err": "..."}  {"id": 1, "exit": 0}
//     {"id": 3, "counters": {...}}
//     {"change": "tap0", "up": false, "why": "tap0 was removed"}

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Network, RealFiles } from '@netarium/node';
import { openWire } from '@netarium/node/wires/open-wire';
import { formatProblem, parseScenario } from '@netarium/scenario';
import { dropReasons } from '@netarium/stack/base/drop-reasons';

/** `files`: a real folder for each node, as its /srv. */
const { scenario: file, wires: asked = [], files = {} } = JSON.parse(process.argv[2]);

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const output = (id, name) => ({ write: (bytes) => say({ id, [name]: Buffer.from(bytes).toString('base64') }) });

const parsed = parseScenario(readFileSync(file, 'utf8'), { file });
if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
const network = Network.from(parsed.scenario, {
  serviceStreams: (node) => ({ stdout: output(node, 'out'), stderr: output(node, 'err') }),
});
for (const [node, from] of Object.entries(files)) network.hostNamed(node).files.mount('/srv', new RealFiles(from));
network.setPace(1);

const wires = [];
const places = [];
for (const description of asked) {
  const wire = await openWire(network, description);
  places.push(`${wire.name} at ${network.plug(description.at, wire)}`);
  wire.onChange = ({ up, why }) => say({ change: wire.name, up, why });
  wires.push(wire);
}

/** What a program reads from: what comes by `write`, until `end`. */
class Input {
  chunks = [];
  waiting = null;

  read() {
    if (this.chunks.length > 0) return Promise.resolve(this.chunks[0] === null ? null : this.chunks.shift());
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }

  give(chunk) {
    if (this.waiting === null) this.chunks.push(chunk);
    else {
      const { waiting } = this;
      this.waiting = null;
      if (chunk === null) this.chunks.push(null);
      waiting(chunk);
    }
  }
}

const running = new Map();

async function start({ id, node, spawn, serve }) {
  const host = network.hostNamed(node);
  const input = new Input();
  const streams = { stdin: input, stdout: output(id, 'out'), stderr: output(id, 'err') };
  const server = serve === undefined ? null : (await import(`./servers/${serve[0]}.mjs`)).default;
  network.scheduler.external(() => {
    const process = server === null ? host.spawn(spawn, streams) : host.begin(server, serve.slice(1), streams);
    running.set(id, { process, input });
    void process.exited.then((code) => {
      running.delete(id);
      say({ id, exit: code });
    });
  });
}

function named(drops) {
  const entries = [...drops].map((count, reason) => [dropReasons[reason].name, count]);
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}

function counters() {
  const nodes = Object.fromEntries([...network.nodes].map(([name, { node }]) => [name, named(node.drops)]));
  const links = Object.fromEntries(
    [...network.cables.values()].map(({ name, forward, backward }) => [
      name,
      named(forward.drops.map((count, reason) => count + backward.drops[reason])),
    ]),
  );
  const outside = Object.fromEntries(
    wires.map(({ name, up, sentFrames, sentBytes, deliveredFrames, deliveredBytes, drops }) => [
      name,
      { up, sentFrames, sentBytes, deliveredFrames, deliveredBytes, drops: named(drops) },
    ]),
  );
  const { rss, heapUsed } = process.memoryUsage();
  const { now, pending, nextTime } = network.queue;
  return { nodes, links, wires: outside, pool: network.pool.outstanding, rss, heapUsed, now, pending, nextTime };
}

async function command(line) {
  const message = JSON.parse(line);
  const { id } = message;
  if (message.spawn !== undefined || message.serve !== undefined) return start(message);
  if (message.counters === true) return say({ id, counters: counters() });
  const child = running.get(id);
  if (child === undefined) return;
  network.scheduler.external(() => {
    if (message.write !== undefined) child.input.give(new Uint8Array(Buffer.from(message.write, 'base64')));
    if (message.end === true) child.input.give(null);
    if (message.kill !== undefined) child.process.kill(message.kill);
  });
}

let commands = Promise.resolve();
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  commands = commands.then(() => command(line)).catch((error) => say({ failed: error.stack }));
});
const stop = () => network.scheduler.external(() => network.scheduler.stop());
lines.on('close', stop);
process.on('SIGTERM', stop);
process.on('SIGINT', () => {}); // Ctrl-C is for who started us, and will tell

say({ ready: places });
await network.run();
network.farewell();
for (const wire of wires) wire.close();
process.exit();
