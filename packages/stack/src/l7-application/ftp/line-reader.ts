import { utf8Decode } from '../../base/utf8.ts';

/** A line was longer than allowed: it has been thrown away. */
export const TOO_LONG = Symbol('too long');

const CR = 0x0d;
const LF = 0x0a;
const IAC = 255;
/** Telnet's commands that have an option behind them: WILL, WONT, DO, DONT (RFC 854). */
const WILL = 251;
const WONT = 252;
const DO = 253;
const DONT = 254;

/**
 * The lines of a control connection, which speaks Telnet (RFC 959 2.3, RFC 1123 4.1.2.12): what comes before ABOR (IAC IP,
 * IAC DM) is taken out, and options are refused. A line ends with CR LF, or with LF alone.
 */
export class FtpLineReader {
  /** What refuses the options that the peer wants; to be sent. */
  refusals: number[] = [];
  private readonly limit: number;
  private readonly line: Uint8Array;
  private length = 0;
  private readonly lines: (string | typeof TOO_LONG)[] = [];
  /** What came last of a Telnet command: nothing (0), IAC, or one that needs an option. */
  private telnet = 0;

  constructor(limit: number) {
    this.limit = limit;
    this.line = new Uint8Array(limit + 2);
  }

  push(bytes: Uint8Array): void {
    for (const byte of bytes) this.take(byte);
  }

  /** The next line without its end; null: it has not come whole. */
  next(): string | typeof TOO_LONG | null {
    return this.lines.shift() ?? null;
  }

  private take(byte: number): void {
    if (this.telnet === IAC && byte !== IAC) {
      this.telnet = byte >= WILL && byte <= DONT ? byte : 0;
      return;
    }
    if (this.telnet >= WILL && this.telnet <= DONT) {
      if (this.telnet === WILL && this.refusals.length < 300) this.refusals.push(IAC, DONT, byte);
      if (this.telnet === DO && this.refusals.length < 300) this.refusals.push(IAC, WONT, byte);
      this.telnet = 0;
      return;
    }
    if (byte === IAC && this.telnet === 0) {
      this.telnet = IAC;
      return;
    }
    this.telnet = 0;
    if (byte === LF) {
      const end = this.length > 0 && this.line[this.length - 1] === CR ? this.length - 1 : this.length;
      this.lines.push(end > this.limit ? TOO_LONG : utf8Decode(this.line, 0, end));
      this.length = 0;
    } else if (this.length < this.line.length) {
      // A CR and one more past the limit are remembered, and nothing after them.
      this.line[this.length++] = byte;
    }
  }
}
