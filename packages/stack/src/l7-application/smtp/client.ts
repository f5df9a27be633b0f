import type { Clock } from '../../base/clock.ts';
import { NetError } from '../../base/errors.ts';
import type { ByteStream } from '../byte-stream.ts';
import { dotStuffed } from '../lines/dot-text.ts';
import { LineStream } from '../lines/line-stream.ts';
import { formatMailAddress, type MailAddress } from '../mail/address.ts';
import { readReply, replyText, type SmtpReply } from './reply.ts';
import type { Envelope } from './server.ts';

/** What became of one recipient. */
export interface DeliveryResult {
  readonly recipient: MailAddress;
  readonly outcome: 'delivered' | 'temporary' | 'permanent';
  /** The server's words, or ours. */
  readonly text: string;
}

/** Seconds that a server may take (RFC 5321 4.5.3.2): for most answers, and for that to the end of a message. */
const WAIT_SECONDS = 300;
const FINAL_SECONDS = 600;

/**
 * Sends one message over a connection that was just made (RFC 5321 3), and closes it. What became of each recipient comes
 * back: a server that breaks off or is not to be understood is a temporary failure of those that were not settled.
 */
export async function sendMail(
  stream: ByteStream,
  clock: Clock,
  name: string,
  envelope: Envelope,
  message: Uint8Array,
): Promise<DeliveryResult[]> {
  const client = new SmtpClient(stream, clock, name);
  try {
    return await client.send(envelope, message);
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    return client.rest('temporary', `the connection broke: ${error.text}`);
  } finally {
    stream.close();
  }
}

class SmtpClient {
  private readonly lines: LineStream;
  private readonly name: string;
  private readonly extensions = new Map<string, string>();
  private pending: readonly MailAddress[] = [];
  private readonly results: DeliveryResult[] = [];

  constructor(stream: ByteStream, clock: Clock, name: string) {
    this.lines = new LineStream(stream, clock);
    this.name = name;
  }

  async send(envelope: Envelope, message: Uint8Array): Promise<DeliveryResult[]> {
    this.pending = envelope.recipients;
    const { lines } = this;
    const greeting = await this.read();
    if (typeof greeting === 'string' || greeting.code !== 220) return this.failed(greeting);
    const hello = await this.hello();
    if (typeof hello === 'string' || hello.code !== 250) return this.failed(hello);
    const data = dotStuffed(message);
    const limit = Number(this.extensions.get('SIZE') ?? 0);
    if (limit > 0 && data.length > limit) {
      return this.rest('permanent', `the server takes ${limit} bytes at most`);
    }
    const eightBits = data.some((byte) => byte > 127);
    if (eightBits && !this.extensions.has('8BITMIME')) {
      return this.rest('permanent', 'the server takes 7-bit text only (RFC 6152)');
    }
    const pipelining = this.extensions.has('PIPELINING');
    const sender = envelope.sender === null ? '' : formatMailAddress(envelope.sender);
    const size = this.extensions.has('SIZE') ? ` SIZE=${data.length}` : '';
    const body = eightBits ? ' BODY=8BITMIME' : '';
    lines.writeLine(`MAIL FROM:<${sender}>${size}${body}`);
    if (pipelining) for (const recipient of envelope.recipients) this.writeRecipient(recipient);
    const mail = await this.read();
    const refused = typeof mail === 'string' || mail.code !== 250;
    if (refused) return this.failed(mail);
    const taken: MailAddress[] = [];
    for (const recipient of envelope.recipients) {
      if (!pipelining) this.writeRecipient(recipient);
      const answer = await this.read();
      if (typeof answer === 'string') return this.failed(answer);
      this.pending = this.pending.filter((each) => each !== recipient);
      if (answer.code === 250 || answer.code === 251) taken.push(recipient);
      else this.results.push({ recipient, outcome: outcomeOf(answer), text: replyText(answer) });
    }
    this.pending = taken;
    if (taken.length === 0) {
      await this.quit();
      return this.results;
    }
    lines.writeLine('DATA');
    const go = await this.read();
    if (typeof go === 'string' || go.code !== 354) return this.failed(go);
    lines.write(data);
    const done = await readReply(lines, FINAL_SECONDS);
    if (typeof done === 'string' || done.code !== 250) return this.failed(done);
    const results = this.rest('delivered', replyText(done));
    await this.quit();
    return results;
  }

  /** What is settled, and for all others this. */
  rest(outcome: DeliveryResult['outcome'], text: string): DeliveryResult[] {
    for (const recipient of this.pending) this.results.push({ recipient, outcome, text });
    this.pending = [];
    return this.results;
  }

  private async failed(answer: SmtpReply | string): Promise<DeliveryResult[]> {
    if (typeof answer === 'string') return this.rest('temporary', answer);
    const results = this.rest(outcomeOf(answer), replyText(answer));
    await this.quit();
    return results;
  }

  /** EHLO, and HELO to those who do not know that (RFC 5321 3.2). */
  private async hello(): Promise<SmtpReply | string> {
    this.lines.writeLine(`EHLO ${this.name}`);
    const answer = await this.read();
    if (typeof answer === 'string') return answer;
    if (answer.code === 250) {
      for (const line of answer.lines.slice(1)) {
        const [word = '', ...rest] = line.trim().split(/[ =]/);
        this.extensions.set(word.toUpperCase(), rest.join(' '));
      }
      return answer;
    }
    if (answer.code < 500) return answer;
    this.lines.writeLine(`HELO ${this.name}`);
    return this.read();
  }

  private writeRecipient(recipient: MailAddress): void {
    this.lines.writeLine(`RCPT TO:<${formatMailAddress(recipient)}>`);
  }

  private read(): Promise<SmtpReply | string> {
    return readReply(this.lines, WAIT_SECONDS);
  }

  /** What a server says to it, or does not, changes nothing any more. */
  private async quit(): Promise<void> {
    try {
      this.lines.writeLine('QUIT');
      await readReply(this.lines, 10);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
    }
  }
}

function outcomeOf({ code }: SmtpReply): 'temporary' | 'permanent' {
  return code >= 500 ? 'permanent' : 'temporary';
}
