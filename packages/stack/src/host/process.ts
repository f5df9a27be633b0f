import { NetError } from '../base/errors.ts';
import { utf8Encode } from '../base/utf8.ts';
import type { SocketApi } from '../l5-session/sockets.ts';
import type { Machine } from './machine.ts';
import { type ByteInput, type ByteOutput, emptyInput, nowhere, type ProcessStreams } from './streams.ts';

/** A program that every host has: what one types after the prompt. */
export interface Program {
  readonly name: string;
  /** One line for the list of programs. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly usage: string;
  /** Runs it; the value is the exit code. What it throws is printed to stderr in POSIX words, and the code is 1. */
  main(process: Process): Promise<number>;
}

/** Wrong use of a program: its message and a hint at `--help` go to stderr, and the exit code is 2. */
export class UsageError extends Error {}

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGKILL' | 'SIGHUP';
const SIGNAL_NUMBERS: Record<Signal, number> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** `sysexits.h`: an internal error. */
const EX_SOFTWARE = 70;

/**
 * One run of a program on a host: its arguments, its three streams, its descriptors, and its end.
 *
 * A signal closes the process's sockets, so that whatever call it is blocked in fails, and ends its input; a program
 * that has last words (ping's statistics) looks at `signalled` and says them before it returns. SIGKILL does not wait
 * for that.
 */
export class Process {
  readonly pid: number;
  readonly host: Machine;
  readonly name: string;
  readonly args: readonly string[];
  readonly stdin: ByteInput;
  readonly stdout: ByteOutput;
  readonly stderr: ByteOutput;
  /** Berkeley sockets with this process's own descriptors. */
  readonly sockets: SocketApi;
  /** The exit code, once the program has ended: 128 + the signal's number when a signal ended it. */
  readonly exited: Promise<number>;
  signalled: Signal | null = null;
  private exit!: (code: number) => void;
  private ended = false;
  private readonly whenEnded: (process: Process, code: number) => void;
  private readonly signalListeners = new Set<() => void>();

  constructor(
    pid: number,
    host: Machine,
    program: Program,
    args: readonly string[],
    streams: ProcessStreams,
    whenEnded: (process: Process, code: number) => void,
  ) {
    this.pid = pid;
    this.host = host;
    this.whenEnded = whenEnded;
    this.name = program.name;
    this.args = args;
    this.stdin = this.untilSignalled(streams.stdin ?? emptyInput);
    this.stdout = streams.stdout ?? nowhere;
    this.stderr = streams.stderr ?? nowhere;
    this.sockets = host.newSockets();
    this.exited = new Promise((resolve) => {
      this.exit = resolve;
    });
    void this.run(program);
  }

  print(text: string): void {
    if (!this.ended) this.stdout.write(utf8Encode(text));
  }

  complain(text: string): void {
    if (!this.ended) this.stderr.write(utf8Encode(text));
  }

  /**
   * Asks the process to end. SIGINT (Ctrl-C), SIGTERM and SIGHUP let a program say its last words, and come once;
   * after SIGKILL it has ended, whatever it does.
   */
  kill(signal: Signal = 'SIGTERM'): void {
    if (this.ended || (this.signalled !== null && signal !== 'SIGKILL')) return;
    this.signalled = signal;
    for (const listener of [...this.signalListeners]) listener();
    this.signalListeners.clear();
    this.sockets.closeAll();
    this.host.wakeups.woken();
    if (signal === 'SIGKILL') this.end(128 + SIGNAL_NUMBERS.SIGKILL);
  }

  /** Waits `seconds` of network time, or until a signal comes: then false. */
  sleep(seconds: number): Promise<boolean> {
    if (this.signalled !== null) return Promise.resolve(false);
    const { clock } = this.host.node;
    return new Promise((resolve) => {
      const end = (slept: boolean) => {
        forget();
        clock.cancel(timer);
        this.host.wakeups.woken();
        resolve(slept);
      };
      const timer = clock.at(clock.now + Math.max(0, Math.round(seconds * 1e9)), { run: () => end(true) }, 0);
      const forget = this.onSignal(() => end(false));
    });
  }

  /** Resolves when a signal has come. */
  untilSignal(): Promise<void> {
    if (this.signalled !== null) return Promise.resolve();
    return new Promise((resolve) => void this.onSignal(resolve));
  }

  /** Calls `listener` when a signal comes; what is returned takes it back. */
  onSignal(listener: () => void): () => void {
    this.signalListeners.add(listener);
    return () => this.signalListeners.delete(listener);
  }

  private async run(program: Program): Promise<void> {
    // The caller gets the process before its program starts.
    await null;
    let code: number;
    try {
      if (this.signalled !== null) {
        // Killed before it began.
        code = 128 + SIGNAL_NUMBERS[this.signalled];
      } else if (this.args[0] === '--help') {
        this.print(`${program.usage}\n`);
        code = 0;
      } else {
        code = await program.main(this);
      }
    } catch (error) {
      code = this.failed(error);
    }
    this.end(code);
  }

  /** Tells what a program threw; its exit code. */
  private failed(error: unknown): number {
    if (error instanceof UsageError) {
      this.complain(`${this.name}: ${error.message}\nTry '${this.name} --help'.\n`);
      return 2;
    }
    if (this.signalled !== null) return 128 + SIGNAL_NUMBERS[this.signalled];
    if (error instanceof NetError) {
      this.complain(`${this.name}: ${error.message}\n`);
      return 1;
    }
    // A bug of the program or of netarium: told whole, so that it can be found.
    this.complain(`${this.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return EX_SOFTWARE;
  }

  private end(code: number): void {
    if (this.ended) return;
    this.ended = true;
    this.signalListeners.clear();
    this.sockets.closeAll();
    this.whenEnded(this, code);
    this.host.wakeups.woken();
    this.exit(code);
  }

  /** `input`, at its end as soon as a signal has come. */
  private untilSignalled(input: ByteInput): ByteInput {
    return {
      terminal: input.terminal === true,
      read: () => {
        if (this.signalled !== null) return Promise.resolve(null);
        return new Promise((resolve, reject) => {
          const forget = this.onSignal(() => resolve(null));
          input.read().then(resolve, reject).finally(forget);
        });
      },
    };
  }
}
