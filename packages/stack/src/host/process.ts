import { NetError } from '../base/errors.ts';
import { utf8Encode } from '../base/utf8.ts';
import type { SocketApi } from '../l5-session/sockets.ts';
import type { Host } from './host.ts';
import {
  type ByteInput,
  type ByteOutput,
  emptyInput,
  nowhere,
  type ProcessStreams,
  type Program,
  UsageError,
} from './program.ts';

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGKILL' | 'SIGHUP';
const SIGNAL_NUMBERS: Record<Signal, number> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/**
 * One run of a program on a host: its arguments, its three streams, its descriptors, and its end.
 *
 * A signal closes the process's sockets, so that whatever call it is blocked in fails; a program that has last words
 * (ping's statistics) looks at `signalled` and says them before it returns.
 */
export class Process {
  readonly pid: number;
  readonly host: Host;
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
  private readonly interruptions: (() => void)[] = [];

  constructor(pid: number, host: Host, program: Program, args: readonly string[], streams: ProcessStreams) {
    this.pid = pid;
    this.host = host;
    this.name = program.name;
    this.args = args;
    this.stdin = streams.stdin ?? emptyInput;
    this.stdout = streams.stdout ?? nowhere;
    this.stderr = streams.stderr ?? nowhere;
    this.sockets = host.newSockets();
    this.exited = this.run(program);
  }

  print(text: string): void {
    this.stdout.write(utf8Encode(text));
  }

  complain(text: string): void {
    this.stderr.write(utf8Encode(text));
  }

  /** Asks the process to end. SIGINT (Ctrl-C) lets a program say its last words; all of them close its sockets. */
  kill(signal: Signal = 'SIGTERM'): void {
    if (this.signalled !== null) return;
    this.signalled = signal;
    for (const interrupt of this.interruptions.splice(0)) interrupt();
    this.sockets.closeAll();
    this.host.wakeups.woken();
  }

  /** Waits `seconds` of network time, or until a signal comes: then false. */
  sleep(seconds: number): Promise<boolean> {
    if (this.signalled !== null) return Promise.resolve(false);
    return Promise.race([this.sockets.sleep(seconds * 1000).then(() => true), this.untilSignal().then(() => false)]);
  }

  /** Resolves when a signal has come. */
  untilSignal(): Promise<void> {
    if (this.signalled !== null) return Promise.resolve();
    return new Promise((resolve) => this.interruptions.push(resolve));
  }

  private async run(program: Program): Promise<number> {
    // The caller gets the process before its program starts.
    await null;
    let code: number;
    try {
      if (this.args[0] === '--help') {
        this.print(`${program.usage}\n`);
        code = 0;
      } else {
        code = await program.main(this);
      }
    } catch (error) {
      if (error instanceof UsageError) {
        this.complain(`${this.name}: ${error.message}\nTry '${this.name} --help'.\n`);
        code = 2;
      } else if (this.signalled !== null) {
        code = 128 + SIGNAL_NUMBERS[this.signalled];
      } else if (error instanceof NetError) {
        this.complain(`${this.name}: ${error.message}\n`);
        code = 1;
      } else {
        // A bug of the program or of netarium: told whole, so that it can be found.
        this.complain(`${this.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
        code = 70;
      }
    }
    this.sockets.closeAll();
    this.host.processEnded(this, code);
    return code;
  }
}
