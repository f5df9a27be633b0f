import type { ReadStream, WriteStream } from 'node:tty';
import type { ByteInput, ByteOutput } from '@netarium/stack/host/streams';

/** A program's output on the real terminal (or pipe). */
export class RealOutput implements ByteOutput {
  private readonly stream: NodeJS.WriteStream | WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  write(bytes: Uint8Array): void {
    this.stream.write(bytes);
  }
}

const NEWLINE = 10;

/** Puts a host's name in front of each line. */
export class PrefixedOutput implements ByteOutput {
  private readonly prefix: Uint8Array;
  private readonly target: ByteOutput;
  private atLineStart = true;

  constructor(prefix: string, target: ByteOutput) {
    this.prefix = Buffer.from(prefix);
    this.target = target;
  }

  write(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      const newline = bytes.indexOf(NEWLINE, from);
      const to = newline < 0 ? bytes.length : newline + 1;
      if (this.atLineStart) this.target.write(this.prefix);
      this.target.write(bytes.subarray(from, to));
      this.atLineStart = newline >= 0;
      from = to;
    }
  }
}

/** How long network time waits for the first bytes of a pipe, real ms; after that it goes on while nobody types. */
const FIRST_INPUT_MS = 250;

/** Who makes network time wait. */
interface Holder {
  hold(): void;
  release(): void;
  external(deliver: () => void): void;
}

/**
 * A program's input from the real terminal or pipe.
 *
 * In virtual time an hour passes in a moment, so a program that waits for a pipe would time out before the pipe has said
 * anything: time stands still until the first bytes, the end, or a moment of silence. A terminal is used with paced time.
 */
export class RealInput implements ByteInput {
  readonly terminal: boolean;
  private readonly stream: ReadStream | NodeJS.ReadStream;
  private readonly holder: Holder;
  private readonly chunks: (Uint8Array | null)[] = [];
  private waiting: ((chunk: Uint8Array | null) => void) | null = null;
  private arrived: (() => void)[] = [];
  private started = false;
  private firstInput = true;

  constructor(stream: NodeJS.ReadStream, holder: Holder) {
    this.stream = stream;
    this.terminal = stream.isTTY === true;
    this.holder = holder;
  }

  /** A program waits for input: a network in which nothing else happens is not at its end. */
  get wanted(): boolean {
    return this.waiting !== null;
  }

  /** Resolves when the next input has come. */
  nextInput(): Promise<void> {
    return new Promise((resolve) => this.arrived.push(resolve));
  }

  read(): Promise<Uint8Array | null> {
    if (this.chunks.length > 0) return Promise.resolve(this.chunks[0] === null ? null : this.chunks.shift()!);
    if (!this.started) this.start();
    const release = this.firstInput ? this.holdForAMoment() : () => {};
    this.firstInput = false;
    return new Promise((resolve) => {
      this.waiting = (chunk) => {
        this.waiting = null;
        resolve(chunk);
        release();
      };
    });
  }

  /** Reads no more: the process can end although its terminal is open. */
  close(): void {
    if (this.started) this.stream.destroy();
  }

  private start(): void {
    this.started = true;
    this.stream.on('data', (chunk: Buffer) => this.arrive(new Uint8Array(chunk)));
    this.stream.on('end', () => this.arrive(null));
    this.stream.on('error', () => this.arrive(null));
  }

  private arrive(chunk: Uint8Array | null): void {
    this.holder.external(() => {
      if (this.waiting === null) this.chunks.push(chunk);
      else {
        if (chunk === null) this.chunks.push(null);
        this.waiting(chunk);
      }
    });
    for (const tell of this.arrived.splice(0)) tell();
  }

  private holdForAMoment(): () => void {
    let held = true;
    this.holder.hold();
    const release = () => {
      if (!held) return;
      held = false;
      clearTimeout(timer);
      this.holder.release();
    };
    const timer = setTimeout(release, FIRST_INPUT_MS);
    return release;
  }
}
