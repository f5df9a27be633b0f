import { type Clock, SECOND, type Task } from '../../../base/clock.ts';
import { Errno, NetError } from '../../../base/errors.ts';
import { latin1Decode, latin1Encode } from '../../../base/utf8.ts';
import type { ByteStream } from '../../byte-stream.ts';

/** What a peer does: sends a text, waits seconds, ends its sending, or resets. */
export type Act = string | number | 'END' | 'RESET';

/** A clock that moves only when somebody waits. */
export class HandClock implements Clock {
  now = 0;
  at(_time: number, _task: Task, _tag: number): number {
    throw new Error('not needed here');
  }
  cancel(): void {}
}

/** A connection to a peer that follows a script. Past its last act it is silent for ever. */
export class ScriptedStream implements ByteStream {
  readonly clock: HandClock;
  sent = '';
  closed = false;
  shut = false;
  /** Bytes of each `sendall`. */
  readonly writes: number[] = [];
  private readonly script: Act[];
  private timeout: number | null = null;

  constructor(script: Act[], clock = new HandClock()) {
    this.script = script;
    this.clock = clock;
  }

  async recv(size: number): Promise<Uint8Array> {
    await null;
    for (;;) {
      const act = this.script[0] ?? Infinity;
      if (typeof act === 'number') {
        if (this.timeout !== null && act > this.timeout) {
          this.clock.now += this.timeout * SECOND;
          this.script[0] = act - this.timeout;
          throw new NetError(Errno.ETIMEDOUT, 'recv');
        }
        if (act === Infinity) throw new Error('waits for ever');
        this.clock.now += act * SECOND;
        this.script.shift();
        continue;
      }
      if (act === 'END') return new Uint8Array(0);
      if (act === 'RESET') throw new NetError(Errno.ECONNRESET, 'recv');
      if (act.length > size) this.script[0] = act.slice(size);
      else this.script.shift();
      return latin1Encode(act.slice(0, size));
    }
  }

  async sendall(bytes: Uint8Array): Promise<void> {
    await null;
    if (this.closed || this.shut) throw new NetError(Errno.EPIPE, 'send');
    this.writes.push(bytes.length);
    this.sent += latin1Decode(bytes);
  }

  settimeout(seconds: number | null): void {
    this.timeout = seconds;
  }

  shutdown(): void {
    this.shut = true;
  }

  close(): void {
    this.closed = true;
  }
}
