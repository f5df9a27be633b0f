import type { Clock } from '../../base/clock.ts';
import { latin1Encode } from '../../base/utf8.ts';
import type { ByteStream } from '../byte-stream.ts';
import { joined, LineFault, LineStream } from '../lines/line-stream.ts';
import { type MailAddress, parseMailDomain } from '../mail/address.ts';
import { MAIL_LIMITS } from '../mail/limits.ts';
import { formatMailDate, parseMessage } from '../mail/message.ts';
import { parseCommand, parsePathArgument } from './command.ts';
import { SMTP_LIMITS, type SmtpLimits } from './limits.ts';
import { reply, replyLines, type SmtpReply } from './reply.ts';

/** From whom a message comes, and to whom it shall go, whatever its header says. */
export interface Envelope {
  /** Null: nobody, so that nothing is sent back (RFC 5321 4.5.5). */
  readonly sender: MailAddress | null;
  readonly recipients: readonly MailAddress[];
}

/** What the server needs of the mail system behind it. */
export interface MailSystem {
  /** The name that it greets with. */
  readonly name: string;
  /** Null: mail for this address is taken from this client, if it has so many bytes (0: unknown); else why not. */
  refusal(recipient: MailAddress, client: string, bytes: number): SmtpReply | null;
  /** Is there such a user here? What VRFY is told. */
  verify(text: string): SmtpReply;
  /** Takes a message over: from the positive reply on it answers for it (RFC 5321 6.1). */
  accept(envelope: Envelope, message: Uint8Array): SmtpReply;
}

export interface SmtpServeOptions {
  readonly clock: Clock;
  readonly system: MailSystem;
  /** The client's address, for the trace field and for what is allowed. */
  readonly client: string;
  readonly limits?: SmtpLimits;
  readonly messageBytes?: number;
  readonly log?: (line: string) => void;
}

const HELP = 'Commands: EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT';
/** Known, and not done here (RFC 5321 4.2.4: 502). */
const NOT_DONE = new Set(['EXPN', 'TURN', 'ETRN', 'AUTH', 'STARTTLS', 'BDAT', 'SEND', 'SOML', 'SAML', 'ATRN']);

/** Serves SMTP (RFC 5321) on one connection until it ends. NetErrors say that it broke. */
export async function serveSmtp(stream: ByteStream, options: SmtpServeOptions): Promise<void> {
  await new SmtpSession(stream, options).serve();
}

class SmtpSession {
  private readonly lines: LineStream;
  private readonly options: SmtpServeOptions;
  private readonly limits: SmtpLimits;
  private readonly messageBytes: number;
  /** What the client called itself; '' before it has. */
  private greeted = '';
  private extended = false;
  /** MAIL was accepted: `sender` holds. */
  private inMail = false;
  private sender: MailAddress | null = null;
  private declaredBytes = 0;
  private recipients: MailAddress[] = [];
  private messages = 0;
  private bad = 0;

  constructor(stream: ByteStream, options: SmtpServeOptions) {
    this.lines = new LineStream(stream, options.clock);
    this.options = options;
    this.limits = options.limits ?? SMTP_LIMITS;
    this.messageBytes = options.messageBytes ?? MAIL_LIMITS.messageBytes;
  }

  async serve(): Promise<void> {
    const { lines, limits } = this;
    const { system } = this.options;
    try {
      this.say(reply(220, `${system.name} ESMTP netarium`));
      for (;;) {
        const line = await lines.readLine(limits.commandBytes, limits.waitSeconds);
        if (line === LineFault.End) return;
        if (line === LineFault.Late) return this.say(reply(421, `${system.name} waited too long, closing`));
        const answer = line === LineFault.TooLong ? reply(500, 'Line too long') : await this.answer(line);
        if (answer === null) return;
        this.say(answer);
        if (answer.code === 221 || answer.code === 421) return;
        if (answer.code >= 500 && answer.code !== 550 && ++this.bad >= limits.badCommands) {
          return this.say(reply(421, `${system.name} too many errors, closing`));
        }
        if (this.messages >= limits.messagesPerConnection) {
          return this.say(reply(421, `${system.name} enough messages on one connection, closing`));
        }
      }
    } finally {
      await lines.end(10);
    }
  }

  private say(answer: SmtpReply): void {
    for (const line of replyLines(answer)) this.lines.writeLine(line);
  }

  /** Null: the connection has ended in the middle of a message. */
  private async answer(line: string): Promise<SmtpReply | null> {
    const { verb, rest } = parseCommand(line);
    switch (verb) {
      case 'EHLO':
      case 'HELO':
        return this.hello(verb === 'EHLO', rest);
      case 'MAIL':
        return this.mail(rest);
      case 'RCPT':
        return this.recipient(rest);
      case 'DATA':
        return rest === '' ? this.data() : reply(501, 'DATA takes no argument');
      case 'RSET':
        if (rest !== '') return reply(501, 'RSET takes no argument');
        this.reset();
        return reply(250, 'OK');
      case 'NOOP':
        this.bad++;
        return reply(250, 'OK');
      case 'VRFY':
        this.bad++;
        return rest === '' ? reply(501, 'VRFY whom?') : this.options.system.verify(rest);
      case 'HELP':
        return reply(214, HELP);
      case 'QUIT':
        return rest === '' ? reply(221, `${this.options.system.name} closing`) : reply(501, 'QUIT takes no argument');
      default:
        return NOT_DONE.has(verb) ? reply(502, 'Command not implemented') : reply(500, 'Command not recognized');
    }
  }

  private hello(extended: boolean, rest: string): SmtpReply {
    const name = parseMailDomain(rest);
    if (name === null) return reply(501, `${extended ? 'EHLO' : 'HELO'} needs a domain or an address literal`);
    this.reset();
    this.greeted = name;
    this.extended = extended;
    const greeting = `${this.options.system.name} greets ${name}`;
    if (!extended) return reply(250, greeting);
    return reply(250, greeting, 'PIPELINING', `SIZE ${this.messageBytes}`, '8BITMIME', 'HELP');
  }

  private mail(rest: string): SmtpReply {
    if (this.greeted === '') return reply(503, 'EHLO or HELO first');
    if (this.inMail) return reply(503, 'A message is under way: RSET ends it');
    const path = parsePathArgument(rest, 'FROM');
    if (path === null) return reply(501, 'Syntax: MAIL FROM:<address>');
    if (path.address !== null && path.address.domain === '') return reply(501, 'The sender has no domain');
    let bytes = 0;
    for (const [name, value] of path.parameters) {
      if (name === 'SIZE') {
        if (!/^[0-9]{1,20}$/.test(value)) return reply(501, 'SIZE is a number');
        bytes = Number(value);
        if (bytes > this.messageBytes) return reply(552, 'Message exceeds the size that is taken');
      } else if (name === 'BODY') {
        if (!/^(7BIT|8BITMIME)$/i.test(value)) return reply(501, 'BODY is 7BIT or 8BITMIME');
      } else {
        return reply(555, 'MAIL FROM has a parameter that is not known here');
      }
    }
    this.inMail = true;
    this.sender = path.address;
    this.declaredBytes = bytes;
    return reply(250, 'OK');
  }

  private recipient(rest: string): SmtpReply {
    if (!this.inMail) return reply(503, 'MAIL first');
    const path = parsePathArgument(rest, 'TO');
    if (path === null || path.address === null) return reply(501, 'Syntax: RCPT TO:<address>');
    if (path.parameters.size > 0) return reply(555, 'RCPT TO has a parameter that is not known here');
    if (this.recipients.length >= this.limits.recipients) return reply(452, 'Too many recipients');
    const { system, client } = this.options;
    const refused = system.refusal(path.address, client, this.declaredBytes);
    if (refused !== null) {
      if (refused.code >= 500) this.bad++;
      return refused;
    }
    this.recipients.push(path.address);
    return reply(250, 'OK');
  }

  private async data(): Promise<SmtpReply | null> {
    if (!this.inMail) return reply(503, 'MAIL first');
    if (this.recipients.length === 0) return reply(554, 'No valid recipients');
    const { lines, limits, messageBytes } = this;
    // Whoever ends lines with LF alone, a person at a terminal, may end the message so; from others it is an attempt
    // to end it where the next server sees no end, or the other way round, and is refused.
    const bareLineFeeds = lines.bareLineFeed;
    this.say(reply(354, 'Send the message, and a line with a dot'));
    const text = await lines.readText(messageBytes, limits.waitSeconds, bareLineFeeds);
    if (text === LineFault.Late) return reply(421, `${this.options.system.name} waited too long, closing`);
    if (typeof text === 'number') return null;
    const envelope: Envelope = { sender: this.sender, recipients: this.recipients };
    const { recipients } = this;
    this.reset();
    this.messages++;
    if (text.tooLarge) return reply(552, 'Message exceeds the size that is taken');
    if (text.malformed) return reply(554, 'Lines end with CRLF, and CR and LF do not stand alone');
    const bytes = text.text();
    const hops = parseMessage(bytes).fields.filter(({ name }) => name.toLowerCase() === 'received').length;
    if (hops > limits.hops) return reply(554, 'Too many hops: the message goes round in circles');
    const answer = this.options.system.accept(envelope, joined([latin1Encode(this.traceField(recipients)), bytes]));
    this.options.log?.(
      `from=${envelope.sender === null ? '<>' : `${envelope.sender.local}@${envelope.sender.domain}`} ` +
        `nrcpt=${recipients.length} size=${bytes.length} client=${this.options.client}: ${answer.code} ${answer.lines[0]}`,
    );
    return answer;
  }

  /** RFC 5321 4.4. */
  private traceField(recipients: readonly MailAddress[]): string {
    const { client, system, clock } = this.options;
    const literal = client.includes(':') ? `[IPv6:${client}]` : `[${client}]`;
    const only = recipients.length === 1 && recipients[0]!.domain !== '' ? recipients[0]! : null;
    // Of several nobody learns who the others are (RFC 5321 7.2).
    const whom = only === null ? '' : `\r\n\tfor <${only.local}@${only.domain}>`;
    const date = formatMailDate(Math.floor(clock.now / 1e9));
    const by = `by ${system.name} with ${this.extended ? 'ESMTP' : 'SMTP'}`;
    return `Received: from ${this.greeted} (${literal})\r\n\t${by}${whom};\r\n\t${date}\r\n`;
  }

  private reset(): void {
    this.inMail = false;
    this.sender = null;
    this.declaredBytes = 0;
    this.recipients = [];
  }
}
