import type { Clock } from '../../base/clock.ts';
import { latin1Decode } from '../../base/utf8.ts';
import type { ByteStream } from '../byte-stream.ts';
import { dotStuffed } from '../lines/dot-text.ts';
import { LineFault, LineStream } from '../lines/line-stream.ts';

/** What the server said, or that it said nothing that could be understood. */
export class NewsError extends Error {}

const WAIT_SECONDS = 60;
const LINE_BYTES = 2000;
const TEXT_BYTES = 32 << 20;

/** Reads and posts news (RFC 3977). Everything fails with a NewsError, or a NetError where the connection breaks. */
export class NewsClient {
  private readonly stream: ByteStream;
  private readonly lines: LineStream;

  constructor(stream: ByteStream, clock: Clock) {
    this.stream = stream;
    this.lines = new LineStream(stream, clock);
  }

  async greet(): Promise<void> {
    await this.answer('20');
    await this.ask('MODE READER', '20');
  }

  /** Sends a command; its answer must begin with `expected`. */
  async ask(line: string, expected: string): Promise<string> {
    if (/[\r\n]/.test(line)) throw new NewsError('a word has a line end in it');
    this.lines.writeLine(line);
    return this.answer(expected);
  }

  /** As `ask`, for an answer of several lines. */
  async askText(line: string, expected: string): Promise<Uint8Array> {
    await this.ask(line, expected);
    const text = await this.lines.readText(TEXT_BYTES, WAIT_SECONDS, true);
    if (typeof text === 'number') throw new NewsError('the text did not come to its end');
    if (text.tooLarge) throw new NewsError('the text is too long');
    return text.text();
  }

  async askLines(line: string, expected: string): Promise<string[]> {
    return latin1Decode(await this.askText(line, expected))
      .split('\r\n')
      .slice(0, -1);
  }

  async post(article: Uint8Array): Promise<string> {
    await this.ask('POST', '340');
    this.lines.write(dotStuffed(article));
    return this.answer('240');
  }

  async quit(): Promise<void> {
    await this.ask('QUIT', '205');
  }

  close(): void {
    this.stream.close();
  }

  private async answer(expected: string): Promise<string> {
    const line = await this.lines.readLine(LINE_BYTES, WAIT_SECONDS);
    if (line === LineFault.End) throw new NewsError('the server has ended the connection');
    if (line === LineFault.Late) throw new NewsError('no answer in time');
    if (line === LineFault.TooLong || !/^[1-5][0-9]{2}( |$)/.test(line)) throw new NewsError('this is no news server');
    if (!line.startsWith(expected)) throw new NewsError(line);
    return line;
  }
}
