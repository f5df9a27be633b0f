import type { Clock } from '../../base/clock.ts';
import { NetError } from '../../base/errors.ts';
import { latin1Decode } from '../../base/utf8.ts';
import type { ByteStream } from '../byte-stream.ts';
import { LineFault, LineStream } from '../lines/line-stream.ts';
import { MAIL_LIMITS } from '../mail/limits.ts';
import { apopDigest } from './maildrop.ts';
import { timestampOf } from './pop3-server.ts';

/** What the server said, or that it said nothing that could be understood. */
export class PopError extends Error {}

const WAIT_SECONDS = 60;
/** RFC 1939 3 says 512; some greet longer. */
const LINE_BYTES = 2000;
const LIST_BYTES = 16 << 20;

/** Fetches mail (RFC 1939). Everything fails with a PopError, or a NetError where the connection breaks. */
export class Pop3Client {
  private readonly stream: ByteStream;
  private readonly lines: LineStream;

  constructor(stream: ByteStream, clock: Clock) {
    this.stream = stream;
    this.lines = new LineStream(stream, clock);
  }

  /** Reads the greeting and logs in: with APOP where the server offers it, so that the password is not on the wire. */
  async login(user: string, password: string): Promise<void> {
    const timestamp = timestampOf(await this.answer());
    if (timestamp !== null) {
      await this.ask(`APOP ${user} ${apopDigest(timestamp, password)}`);
      return;
    }
    await this.ask(`USER ${user}`);
    await this.ask(`PASS ${password}`);
  }

  /** Numbers and sizes of the messages. */
  async list(): Promise<{ number: number; bytes: number }[]> {
    await this.ask('LIST');
    const text = latin1Decode(await this.text(LIST_BYTES));
    return [...text.matchAll(/^([0-9]{1,9}) ([0-9]{1,15})\b/gm)].map(([, number, bytes]) => ({
      number: Number(number),
      bytes: Number(bytes),
    }));
  }

  async retrieve(number: number): Promise<Uint8Array> {
    await this.ask(`RETR ${number}`);
    return this.text(4 * MAIL_LIMITS.messageBytes);
  }

  /** The header and so many lines of the body. */
  async top(number: number, lines: number): Promise<Uint8Array> {
    await this.ask(`TOP ${number} ${lines}`);
    return this.text(4 * MAIL_LIMITS.messageBytes);
  }

  /** Marks a message; `quit` deletes it. */
  async delete(number: number): Promise<void> {
    await this.ask(`DELE ${number}`);
  }

  async quit(): Promise<void> {
    await this.ask('QUIT');
  }

  close(): void {
    this.stream.close();
  }

  private ask(line: string): Promise<string> {
    // What could end the line would begin a command of somebody else's making.
    if (/[\r\n]/.test(line)) throw new PopError('a name or a password has a line end in it');
    this.lines.writeLine(line);
    return this.answer();
  }

  private async answer(): Promise<string> {
    const line = await this.lines.readLine(LINE_BYTES, WAIT_SECONDS);
    if (line === LineFault.End) throw new PopError('the server has ended the connection');
    if (line === LineFault.Late) throw new PopError('no answer in time');
    if (line === LineFault.TooLong || !/^(\+OK|-ERR)( |$)/.test(line)) throw new PopError('this is no POP3 server');
    if (line.startsWith('-')) throw new PopError(line.slice(5));
    return line.slice(4);
  }

  private async text(limit: number): Promise<Uint8Array> {
    const text = await this.lines.readText(limit, WAIT_SECONDS, true);
    if (typeof text === 'number') throw new PopError('the text did not come to its end');
    if (text.tooLarge) throw new PopError('the text is too long');
    return text.text();
  }
}

/** `pop3://user:password@host:port`; null: that is none. */
export function parsePopUrl(text: string): { user: string; password: string; host: string; port: number } | null {
  const found = /^pop3?:\/\/([^:@/]+):([^@/]*)@(\[[0-9A-Fa-f:.]+\]|[^:@/]+)(?::([0-9]{1,5}))?\/?$/.exec(text);
  if (found === null) return null;
  const port = Number(found[4] ?? 110);
  if (port < 1 || port > 65_535) return null;
  return { user: found[1]!, password: found[2]!, host: found[3]!.replace(/^\[|\]$/g, ''), port };
}

/** Words for what went wrong; null: that is a bug. */
export function popProblem(error: unknown): string | null {
  if (error instanceof PopError) return error.message;
  return error instanceof NetError ? error.text : null;
}
