// Network namespaces of the benchmark's own, each kept by one process that ends when its input does: with this one,
// whatever becomes of it. The machine's own interfaces and addresses are never touched.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';

/** What the kernel sends with: BBR, some kernels' default, paces what cubic does not, so a figure names it. */
export const CONGESTION = 'cubic';

const ALLOWED = '/proc/sys/net/ipv4/tcp_allowed_congestion_control';
const everything = new Set();

/** A namespace whose loopback interface is up, and whose TCP uses CONGESTION. */
export async function namespace() {
  // A congestion control must be allowed in the first namespace before another one may choose it.
  const allowed = readFileSync(ALLOWED, 'utf8').trim();
  if (!allowed.split(' ').includes(CONGESTION)) writeFileSync(ALLOWED, `${allowed} ${CONGESTION}`);
  const keeper = await started('unshare', ['--net', 'sh', '-c', `${INSIDE} && echo ready && exec cat`]);
  return new Namespace(keeper.pid, keeper);
}

export const INSIDE = `ip link set lo up && sysctl -qw net.ipv4.tcp_congestion_control=${CONGESTION}`;

/** What `namespace()` makes; `keeper` is the process that ends it when its input ends. */
export class Namespace {
  constructor(pid, keeper) {
    this.pid = pid;
    this.keeper = keeper;
    this.path = `/proc/${pid}/ns/net`;
  }

  /** Runs commands of `ip`, one a line. */
  ip(commands) {
    const { status, stderr } = this.run('ip', ['-batch', '-'], commands);
    if (status !== 0) throw new Error(stderr);
  }

  /** Runs a program to its end. */
  run(program, args, input = '') {
    return spawnSync('nsenter', this.entering(program, args), { input, encoding: 'utf8', timeout: 10_000 });
  }

  /** Starts a program, and waits for the first it says. */
  start(program, args) {
    return started('nsenter', this.entering(program, args));
  }

  /** What a program writes until it ends, in this many seconds at most. */
  async output(program, args, seconds) {
    const child = spawned('nsenter', this.entering(program, args));
    const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await once(child, 'close');
    clearTimeout(timer);
    return output;
  }

  /** Ends what was started here, and with it the namespace. */
  close() {
    this.keeper.stdin.end();
  }

  entering(program, args) {
    return ['-t', `${this.pid}`, '-n', program, ...args];
  }
}

/** Starts a program, and waits for the first it says; an error if it ends without a word. */
export async function started(program, args) {
  const child = spawned(program, args);
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  if (child.exitCode !== null) throw new Error(`${program} ${args.join(' ')}:\n${complaint}`);
  return child;
}

export function spawned(program, args) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {}); // it may be gone already
  everything.add(child);
  child.on('exit', () => everything.delete(child));
  return child;
}

/** Ends what is still there. */
export function endEverything() {
  for (const child of everything) child.kill('SIGKILL');
}
process.on('exit', endEverything);

/** Why there can be no such namespaces here; undefined when there can. */
export function namespacesMissing() {
  if (process.platform !== 'linux') return "TAPs are Linux's";
  if (process.getuid() !== 0) return 'network namespaces need root';
  for (const [program, args] of [
    ['unshare', ['--net', 'true']],
    ['nsenter', ['--version']],
    ['python3', ['--version']],
  ]) {
    const { status, error } = spawnSync(program, args, { stdio: 'ignore' });
    if (error || status !== 0) return `${program} does not work here`;
  }
  return undefined;
}
