// Network namespaces that belong to one run: made here, removed at its end and on signals. Nothing of the machine's own
// network is ever touched.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Failure } from './outcome.mjs';

const PREFIX = `netarium-${process.pid}`;
const spaces = new Set();
const children = new Set();
let count = 0;

/** Ends what still runs, and removes every namespace of this run. */
export function removeAll() {
  for (const child of children) child.kill('SIGKILL');
  for (const space of spaces) space.remove();
}

export class Namespace {
  constructor() {
    this.name = `${PREFIX}-${++count}`;
    sh('ip', ['netns', 'add', this.name]);
    spaces.add(this);
    this.ip('link set lo up');
    // The kernel's own chatter: a check that wants IPv6 switches it on.
    this.sysctl('net.ipv4.ping_group_range', '0 2147483647');
  }

  get path() {
    return `/run/netns/${this.name}`;
  }

  /** Commands of `ip`, one a line. */
  ip(commands) {
    sh('ip', ['-n', this.name, '-batch', '-'], commands);
  }

  /** A parameter of this namespace: `net.ipv4.tcp_congestion_control`. */
  sysctl(name, value) {
    sh('ip', ['netns', 'exec', this.name, 'sysctl', '-qw', `${name}=${value}`]);
  }

  /** Starts a program here. */
  start(program, args = [], { stdio = ['ignore', 'pipe', 'pipe'], env = {}, cwd } = {}) {
    const child = spawn('ip', ['netns', 'exec', this.name, program, ...args], {
      stdio,
      cwd,
      env: { ...process.env, LC_ALL: 'C.UTF-8', ...env },
    });
    children.add(child);
    child.on('close', () => children.delete(child));
    return child;
  }

  /**
   * Runs a program to its end: `{ code, out, err, seconds }`; `code` is null when it was ended after `timeout` seconds.
   * `out` is a text; a Buffer with `binary`.
   */
  async run(program, args = [], { input, timeout = 30, binary = false, cwd } = {}) {
    const from = performance.now();
    const child = this.start(program, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd });
    const out = [];
    let err = '';
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.stdin.on('error', () => {}); // ended before it had read all
    child.stdin.end(input ?? '');
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout * 1000);
    const [code] = await once(child, 'close');
    clearTimeout(timer);
    const bytes = Buffer.concat(out);
    return { code, out: binary ? bytes : bytes.toString(), err, seconds: (performance.now() - from) / 1000 };
  }

  remove() {
    if (!spaces.delete(this)) return;
    spawnSync('ip', ['netns', 'del', this.name]);
  }
}

function sh(program, args, input = '') {
  const { status, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8' });
  if (status !== 0) throw new Failure(`${program} ${args.join(' ')} ${input}: ${stderr ?? error?.message}`);
}

/** Why there can be no namespaces and no TAPs here; undefined when there can. */
export function whyNoNamespaces() {
  if (process.platform !== 'linux') return `TAPs are Linux's, and this is ${process.platform}`;
  if (process.getuid() !== 0) return 'network namespaces need root';
  const { status, stderr, error } = spawnSync('unshare', [
    '--net',
    'ip',
    'tuntap',
    'add',
    'dev',
    'probe',
    'mode',
    'tap',
  ]);
  if (error) return `there is no unshare: ${error.message}`;
  return status === 0 ? undefined : `no TAP can be made here: ${`${stderr}`.trim()}`;
}
