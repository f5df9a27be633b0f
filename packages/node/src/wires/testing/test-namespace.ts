import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** Why there can be no TAP in a network namespace of its own here; undefined when there can. */
export const namespaceMissing: string | undefined = whyMissing();

export interface Finished {
  code: number;
  /** What it wrote, stdout and stderr. */
  output: string;
}

/**
 * A network namespace for one test, and nothing of the machine's own: it is there as long as a process that sits in it,
 * which ends with this one. TAPs are made in it by `namespace: there.path`; programs run in it by `run`.
 */
export class TestNamespace {
  readonly pid: number;
  private readonly keeper: ChildProcess;
  private readonly children = new Set<ChildProcess>();

  private constructor(keeper: ChildProcess) {
    this.keeper = keeper;
    this.pid = keeper.pid!;
  }

  /** Makes a namespace; its loopback interface is up. */
  static async create(): Promise<TestNamespace> {
    // `cat` ends when its input does: with us, whatever becomes of us.
    const keeper = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo ready && exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await Promise.race([once(keeper.stdout, 'data'), once(keeper, 'exit')]);
    if (keeper.exitCode !== null) throw new Error('unshare --net failed');
    return new TestNamespace(keeper);
  }

  get path(): string {
    return `/proc/${this.pid}/ns/net`;
  }

  /** Runs commands of `ip`, one a line, and fails when one fails. */
  ip(commands: string): void {
    const args = ['-t', `${this.pid}`, '-n', 'ip', '-batch', '-'];
    const { status, stderr } = spawnSync('nsenter', args, { input: commands, encoding: 'utf8' });
    if (status !== 0) throw new Error(`ip -batch:\n${commands}\n${stderr}`);
  }

  /** Sets one of the namespace's own parameters: `net.ipv4.tcp_congestion_control`. */
  sysctl(name: string, value: string): void {
    spawnSync('nsenter', ['-t', `${this.pid}`, '-n', 'sysctl', '-qw', `${name}=${value}`]);
  }

  /** Starts a program; whoever starts it reads its output. */
  start(program: string, args: readonly string[]): ChildProcess {
    const child = spawn('nsenter', ['-t', `${this.pid}`, '-n', program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.children.add(child);
    child.on('exit', () => this.children.delete(child));
    return child;
  }

  /** Runs a program to its end. */
  async run(program: string, args: readonly string[]): Promise<Finished> {
    const child = this.start(program, args);
    let output = '';
    child.stdout!.on('data', (chunk) => (output += chunk));
    child.stderr!.on('data', (chunk) => (output += chunk));
    const [code] = await once(child, 'close');
    return { code: code ?? 1, output };
  }

  close(): void {
    for (const child of this.children) child.kill('SIGKILL');
    this.keeper.stdin!.end();
  }
}

function whyMissing(): string | undefined {
  if (process.platform !== 'linux') return `TAPs are Linux's, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'TAPs in a network namespace of their own need root';
  const script = 'ip tuntap add dev probe mode tap && command -v nsenter';
  const { status, stderr, error } = spawnSync('unshare', ['--net', 'sh', '-c', script], { encoding: 'utf8' });
  if (error) return `no unshare: ${error.message}`;
  if (status !== 0) return `no TAP can be made here: ${stderr.trim() || 'no nsenter'}`;
  return undefined;
}
