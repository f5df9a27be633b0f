// npm run bench [-- --json] [--real] [--only NAME[,NAME]] [--seconds S] [--runs N]
// `--real`: over TAPs, against the kernel, instead (real.mjs).
//
// Each figure is measured in a process of its own, in turn with its peer, in the same run: on a shared machine only
// the ratio means something. `value` and `peerValue` are medians.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runPeer } from './peer.mjs';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    real: { type: 'boolean', default: false },
    only: { type: 'string' },
    seconds: { type: 'string', default: '0.8' },
    runs: { type: 'string', default: '3' },
  },
});

if (options.real) {
  const real = fileURLToPath(new URL('./real.mjs', import.meta.url));
  const { status } = spawnSync(process.execPath, [real, ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exit(status ?? 1);
}

const FIGURES = [
  { name: 'stream-1500', unit: 'MB/s', ours: ['stream', '1500'], peer: 'stream' },
  { name: 'stream-1500-ipv6', unit: 'MB/s', ours: ['stream', '1500', 'ipv6'], peer: 'stream' },
  { name: 'stream-1500-coalesced', unit: 'MB/s', ours: ['stream', '1500', 'coalesced'], peer: 'stream' },
  { name: 'stream-1500-unlimited', unit: 'MB/s', ours: ['stream', '1500', 'unlimited'], peer: 'stream' },
  { name: 'stream-1500-offload', unit: 'MB/s', ours: ['stream', '1500', 'offload'], peer: 'stream' },
  { name: 'stream-65535', unit: 'MB/s', ours: ['stream', '65535'], peer: 'stream' },
  { name: 'stream-65535-offload', unit: 'MB/s', ours: ['stream', '65535', 'offload'], peer: 'stream' },
  { name: 'pingpong-64', unit: 'round trips/s', ours: ['pingpong'], peer: 'pingpong' },
  { name: 'connect', unit: 'connections/s', ours: ['connect'], peer: 'connect' },
  { name: 'idle-heap', unit: 'B/connection (both ends)', ours: ['idle'], peer: 'idle' },
  { name: 'queue-events', unit: 'events/s', ours: ['queue'], peer: null },
  { name: 'idle-hour-1000-hosts', unit: 's', ours: ['idleHour'], peer: null },
  { name: 'routes-load', unit: 's', ours: ['routesLoad'], peer: null },
  { name: 'routes-bytes', unit: 'B/route', ours: ['routesBytes'], peer: null },
  { name: 'routes-lookup', unit: 'lookups/s', ours: ['routesLookup', 'random'], peer: null },
  { name: 'routes-lookup-flows', unit: 'lookups/s', ours: ['routesLookup', 'flows'], peer: null },
  { name: 'conntrack-bytes', unit: 'B/conversation', ours: ['conntrackBytes'], peer: null },
  { name: 'conntrack-insert', unit: 'conversations/s', ours: ['conntrackInsert'], peer: null },
  { name: 'conntrack-lookup', unit: 'packets/s', ours: ['conntrackLookup'], peer: null },
  { name: 'forward-plain', unit: 'packets/s', ours: ['forward', '0'], peer: null },
  { name: 'forward-100-rules', unit: 'packets/s', ours: ['forward', '100'], peer: null },
];

const OURS = fileURLToPath(new URL('./ours.mjs', import.meta.url));

function runOurs(args, seconds) {
  const child = spawnSync(process.execPath, ['--expose-gc', OURS, ...args, String(seconds)], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(`bench/ours.mjs ${args.join(' ')} failed:\n${child.stderr}`);
  return JSON.parse(child.stdout);
}

const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];
const rounded = (n) => (n === null ? null : Number(n.toPrecision(4)));

const wanted = options.only?.split(',');
const known = FIGURES.map((figure) => figure.name);
for (const name of wanted ?? []) {
  if (!known.includes(name)) {
    console.error(`no figure is called "${name}"; there are ${known.join(', ')}`);
    process.exit(2);
  }
}

let failed = false;
for (const figure of FIGURES) {
  if (wanted && !wanted.includes(figure.name)) continue;
  try {
    const ours = [];
    const theirs = [];
    let congestion = null;
    for (let run = 0; run < Number(options.runs); run++) {
      if (figure.peer !== null) {
        const peer = runPeer(figure.peer, options.seconds);
        theirs.push(peer.value);
        congestion = peer.congestion;
      }
      ours.push(runOurs(figure.ours, options.seconds).value);
    }
    const value = median(ours);
    const peerValue = figure.peer === null ? null : median(theirs);
    const line = {
      name: figure.name,
      value: rounded(value),
      unit: figure.unit,
      peer: figure.peer === null ? null : `node:net over loopback (${congestion})`,
      peerValue: rounded(peerValue),
      ratio: peerValue === null ? null : rounded(value / peerValue),
    };
    if (options.json) console.log(JSON.stringify(line));
    else {
      const beside = peerValue === null ? '' : `   ${line.ratio} x ${line.peer}: ${line.peerValue}`;
      console.log(`${figure.name.padEnd(21)} ${String(line.value).padStart(10)} ${figure.unit}${beside}`);
    }
  } catch (error) {
    failed = true;
    console.error(String(error.message ?? error));
  }
}
process.exit(failed ? 1 : 0);
