import type { Clock } from '../../base/clock.ts';
import { NetError } from '../../base/errors.ts';
import { latin1Decode, latin1Encode } from '../../base/utf8.ts';
import type { ByteStream } from '../byte-stream.ts';
import { DotReader } from './dot-text.ts';

/** Why there is no line. */
export const LineFault = {
  /** The peer has ended its sending, or sends on and on without a line's end. */
  End: -1,
  /** It was longer than what is allowed; it was read to its end and thrown away. */
  TooLong: -2,
  /** It did not come in time. */
  Late: -3,
} as const;
export type LineFault = (typeof LineFault)[keyof typeof LineFault];

/** Bytes taken from the connection at once. */
const PIECE = 16 << 10;
/** Bytes of a line that is too long which are thrown away before the peer counts as mad. */
const SKIPPED_BYTES = 1 << 20;
const LF = 0x0a;
const CR = 0x0d;
const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * Lines over a connection, as the older protocols of text have them: commands and answers of a line each, texts that end
 * with a dot. A line ends with CRLF, or, for people who type, with LF; its text has a character for each byte.
 *
 * What is written waits until something has to be received, so that the answers to a pipelined group of commands
 * leave together (RFC 2920 3.2).
 */
export class LineStream {
  /** The line that was read last ended with LF alone. */
  bareLineFeed = false;
  private readonly stream: ByteStream;
  private readonly clock: Clock;
  private bytes = NOTHING;
  private start = 0;
  /** Up to here there is no line end. */
  private scanned = 0;
  private unsent: Uint8Array[] = [];
  private ended = false;

  constructor(stream: ByteStream, clock: Clock) {
    this.stream = stream;
    this.clock = clock;
  }

  /** There is more to read without waiting for it. */
  get hasMore(): boolean {
    return this.start < this.bytes.length;
  }

  /** The next line, at most `limit` bytes without its end, which has to be there after `seconds`. */
  async readLine(limit: number, seconds: number): Promise<string | LineFault> {
    const deadlineNs = this.clock.now + seconds * 1e9;
    let skipped = 0;
    for (;;) {
      const end = this.bytes.indexOf(LF, this.scanned);
      if (end >= 0) {
        const from = this.start;
        this.start = end + 1;
        this.scanned = end + 1;
        this.bareLineFeed = end === from || this.bytes[end - 1] !== CR;
        const to = this.bareLineFeed ? end : end - 1;
        return skipped > 0 || to - from > limit ? LineFault.TooLong : latin1Decode(this.bytes, from, to);
      }
      this.scanned = this.bytes.length;
      // A CR more may be the beginning of the line's end.
      if (this.bytes.length - this.start > limit + 1) {
        skipped += this.bytes.length - this.start;
        this.start = this.bytes.length;
        if (skipped > SKIPPED_BYTES) return LineFault.End;
      }
      const fault = await this.receive((deadlineNs - this.clock.now) / 1e9);
      if (fault !== null) return fault;
    }
  }

  /**
   * The lines up to a single dot, dots that were doubled taken away (RFC 5321 4.5.2, RFC 1939 3, RFC 3977 3.1.1), of
   * which `limit` bytes are kept. `seconds` is what each piece may take.
   *
   * Where `bareLineFeeds` are allowed a line may end with LF alone; without, only CRLF ends one, and whoever sends
   * something else is told by `DotReader.malformed`.
   */
  async readText(limit: number, seconds: number, bareLineFeeds: boolean): Promise<DotReader | LineFault> {
    const reader = new DotReader(limit, bareLineFeeds);
    for (;;) {
      this.start += reader.push(this.bytes, this.start);
      this.scanned = this.start;
      if (reader.done) return reader;
      const fault = await this.receive(seconds);
      if (fault !== null) return fault;
    }
  }

  /** A line, which is sent before anything is waited for. */
  writeLine(text: string): void {
    this.write(latin1Encode(`${text}\r\n`));
  }

  write(bytes: Uint8Array): void {
    this.unsent.push(bytes);
  }

  /** Sends what was written; each piece may take `seconds`. */
  async flush(seconds: number): Promise<void> {
    const pieces = this.unsent;
    if (pieces.length === 0) return;
    this.unsent = [];
    const whole = pieces.length === 1 ? pieces[0]! : joined(pieces);
    this.stream.settimeout(seconds);
    for (let at = 0; at < whole.length; at += 64 << 10) await this.stream.sendall(whole.subarray(at, at + (64 << 10)));
  }

  /** Says the last words and ends the connection. Its peer may be gone: that is no error. */
  async end(seconds: number): Promise<void> {
    try {
      await this.flush(seconds);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
    } finally {
      this.stream.close();
    }
  }

  private async receive(seconds: number): Promise<LineFault | null> {
    await this.flush(Math.max(seconds, 1));
    if (this.ended) return LineFault.End;
    if (seconds <= 0) return LineFault.Late;
    this.stream.settimeout(seconds);
    let piece: Uint8Array;
    try {
      piece = await this.stream.recv(PIECE);
    } catch (error) {
      if (error instanceof NetError && (error.code === 'ETIMEDOUT' || error.code === 'EAGAIN')) return LineFault.Late;
      throw error;
    }
    if (piece.length === 0) {
      this.ended = true;
      return LineFault.End;
    }
    const left = this.bytes.length - this.start;
    this.scanned -= this.start;
    this.bytes = left === 0 ? piece : joined([this.bytes.subarray(this.start), piece]);
    this.start = 0;
    return null;
  }
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
