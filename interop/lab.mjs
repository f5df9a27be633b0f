// A laboratory: a namespace with the kernel's end of a TAP in it, and a process of ours behind the TAP.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Namespace } from './netns.mjs';
import { Failure } from './outcome.mjs';

export const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Waits until `condition` holds; fails with `what` after `seconds`. */
export async function until(condition, what, seconds = 10) {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (performance.now() > end)
      throw new Failure(`waited ${seconds} s for ${typeof what === 'function' ? what() : what}`);
    await sleep(10);
  }
}

/** A program that runs on one of our hosts. */
class Program {
  out = '';
  err = '';
  code = null;
  bytes = 0;

  constructor(runner, id) {
    this.runner = runner;
    this.id = id;
    this.exited = new Promise((resolve) => {
      this.ended = resolve;
    });
  }

  write(data) {
    this.runner.tell({ id: this.id, write: Buffer.from(data).toString('base64') });
  }

  end(data) {
    if (data !== undefined) this.write(data);
    this.runner.tell({ id: this.id, end: true });
  }

  kill(signal = 'SIGTERM') {
    this.runner.tell({ id: this.id, kill: signal });
    return this.exited;
  }

  /** Waits until it has written this text. */
  says(text, seconds) {
    const all = () => this.out + this.err;
    return until(
      () => all().includes(text),
      () => `"${text}", and it says: ${all()}`,
      seconds,
    );
  }

  /** Waits for its end; the exit code. */
  async ends(seconds = 20) {
    await until(
      () => this.code !== null,
      () => `the end of a program that says: ${this.out}${this.err}`,
      seconds,
    );
    return this.code;
  }

  heard({ out, err, exit }) {
    if (out !== undefined) this.out += Buffer.from(out, 'base64').toString('latin1');
    if (err !== undefined) this.err += Buffer.from(err, 'base64').toString('latin1');
    if (exit === undefined) return;
    this.code = exit;
    this.ended(exit);
  }
}

/** One process of ours in a namespace: interop/runner.mjs. */
export class Runner {
  programs = new Map();
  answers = new Map();
  changes = [];
  services = '';
  complaints = '';
  ready = null;
  lastId = 0;

  constructor(space, options) {
    this.child = space.start(process.execPath, [here('runner.mjs'), JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stderr.on('data', (chunk) => (this.complaints += chunk));
    this.child.stdin.on('error', () => {});
    createInterface({ input: this.child.stdout }).on('line', (line) => this.heard(JSON.parse(line)));
  }

  static async start(space, options) {
    const runner = new Runner(space, options);
    await until(
      () => runner.ready !== null || runner.child.exitCode !== null,
      () => `the network to begin: ${runner.complaints}`,
    );
    if (runner.ready === null) throw new Failure(`the network did not begin: ${runner.complaints}`);
    return runner;
  }

  get alive() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Starts a program of every host: `spawn('web', 'nc', '-l', '7')`. */
  spawn(node, ...argv) {
    return this.begin({ node, spawn: argv });
  }

  /** Starts one of interop/servers/: `serve('web', 'echo', '7')`, and waits until it says that it is ready. */
  async serve(node, ...argv) {
    const program = this.begin({ node, serve: argv.map(String) });
    await program.says('ready');
    return program;
  }

  async counters() {
    const id = ++this.lastId;
    this.tell({ id, counters: true });
    return until(
      () => this.answers.get(id),
      () => `the counters: ${this.complaints}`,
    );
  }

  async stop() {
    if (!this.alive) return;
    const closed = once(this.child, 'close');
    this.child.stdin.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5000);
    await closed;
    clearTimeout(timer);
  }

  tell(message) {
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  begin(message) {
    const id = ++this.lastId;
    const program = new Program(this, id);
    this.programs.set(id, program);
    this.tell({ id, ...message });
    return program;
  }

  heard(message) {
    if (message.ready !== undefined) this.ready = message.ready;
    else if (message.change !== undefined) this.changes.push(message);
    else if (message.counters !== undefined) this.answers.set(message.id, message.counters);
    else if (message.failed !== undefined) this.complaints += message.failed;
    else if (this.programs.has(message.id)) this.programs.get(message.id).heard(message);
    else this.services += Buffer.from(message.out ?? message.err ?? '', 'base64').toString();
  }
}

function makeSite(lab) {
  const site = lab.path('site');
  if (existsSync(site)) return site;
  mkdirSync(join(site, 'sub'), { recursive: true });
  writeFileSync(join(site, 'index.html'), '<!doctype html>\n<title>netarium</title>\n');
  writeFileSync(join(site, 'sub', 'ten.txt'), '0123456789');
  lab.random = randomBytes(1 << 20);
  writeFileSync(join(site, 'random.bin'), lab.random);
  return site;
}

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

const folders = new Set();
process.on('exit', () => folders.forEach(removeFolder));

/** A folder that is gone when this process is, at the latest. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'netarium-interop-'));
  folders.add(folder);
  return folder;
}

export function removeFolder(folder) {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true });
}

/**
 * `scenario` with its wires behind `tap0` of a namespace of its own, which has `addresses` (`10.77.1.1/24`) and `routes`
 * (`10.77.0.0/16 via 10.77.1.254`) on it. The hosts of `serving` have its folder `site` as their /srv.
 */
export class Lab {
  static async open({ scenario, wires, addresses = [], routes = [], serving = [], capture = false, ipv6 = false }) {
    const lab = new Lab();
    lab.folder = temporaryFolder();
    lab.space = new Namespace();
    if (!ipv6) lab.space.sysctl('net.ipv6.conf.default.disable_ipv6', '1');
    const files = Object.fromEntries(serving.map((node) => [node, makeSite(lab)]));
    lab.runner = await Runner.start(lab.space, { scenario: here(scenario), wires, files });
    const lines = addresses.map((address) => `addr add ${address} dev tap0`);
    if (wires.some(({ tap }) => tap !== undefined)) lines.push('link set tap0 up');
    lab.space.ip([...lines, ...routes.map((route) => `route add ${route}`)].join('\n'));
    lab.pcap = null;
    if (capture) await lab.startCapture();
    return lab;
  }

  run(program, args, options) {
    return this.space.run(program, args.map(String), options);
  }

  start(program, args, options) {
    return this.space.start(program, args.map(String), options);
  }

  path(name) {
    return join(this.folder, name);
  }

  /** tcpdump on the kernel's end, until `stopCapture`; nothing where its programs are missing. */
  async startCapture() {
    // The kernel would join our segments to larger ones before tcpdump sees them, their checksums left out.
    const apart = await this.run('ethtool', ['-K', 'tap0', 'gro', 'off']);
    if (apart.code !== 0 || (await this.run('tcpdump', ['--version'])).code !== 0) return;
    this.pcap = this.path('tap0.pcap');
    closeSync(openSync(this.pcap, 'w'));
    this.tcpdump = this.start('tcpdump', [
      '-i',
      'tap0',
      '-U',
      '-n',
      '--immediate-mode',
      '-B',
      65536,
      '-Z',
      'root',
      '-w',
      this.pcap,
    ]);
    this.tcpdumpSays = '';
    this.tcpdump.stderr.on('data', (chunk) => (this.tcpdumpSays += chunk));
    await until(
      () => this.tcpdumpSays.includes('listening on'),
      () => `tcpdump: ${this.tcpdumpSays}`,
    );
  }

  async stopCapture() {
    const closed = once(this.tcpdump, 'close');
    this.tcpdump.kill('SIGINT');
    await closed;
    return this.pcap;
  }

  async close() {
    await this.runner.stop();
    this.space.remove();
    removeFolder(this.folder);
  }
}
