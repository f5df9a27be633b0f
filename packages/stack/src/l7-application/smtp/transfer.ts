import type { Clock } from '../../base/clock.ts';
import { NetError } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import { IpAddress as Address } from '../../base/ip-address.ts';
import { latin1Encode } from '../../base/utf8.ts';
import type { ByteStream } from '../byte-stream.ts';
import { joined } from '../lines/line-stream.ts';
import { formatMailAddress, literalAddress, type MailAddress, parseMailAddress } from '../mail/address.ts';
import type { Mailboxes } from '../mail/mailboxes.ts';
import { type DeliveryResult, sendMail } from './client.ts';
import { SMTP_LIMITS, type SmtpLimits } from './limits.ts';
import { reply, type SmtpReply } from './reply.ts';
import { deliveryReport } from './report.ts';
import { isPermanent, type MailRoute } from './routes.ts';
import type { Envelope, MailSystem } from './server.ts';

export interface TransferOptions {
  /** This server's name, and the domains whose mail ends here, in lower case; the name is one of them. */
  readonly name: string;
  readonly domains: readonly string[];
  readonly mailboxes: Mailboxes;
  /** Who has a mailbox, in lower case; null: everybody. The postmaster always has one (RFC 5321 4.5.1). */
  readonly users: ReadonlySet<string> | null;
  readonly clock: Clock;
  /** Is this address one of the host's own? */
  readonly isOwn: (address: IpAddress) => boolean;
  /** Is mail to others taken from this client? Without this a server is everybody's to send with: an open relay. */
  readonly mayRelay: (client: IpAddress) => boolean;
  readonly route: (domain: string) => Promise<MailRoute>;
  /** Connects to port 25 of a host. */
  readonly dial: (host: string) => Promise<ByteStream>;
  /** Waits seconds; false: there is no going on. */
  readonly sleep: (seconds: number) => Promise<boolean>;
  readonly limits?: SmtpLimits;
  readonly log?: (line: string) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * What is behind an SMTP server (RFC 5321 2.3.10: a system that delivers, and relays for its own).
 *
 *     accept --local--> mailbox
 *        `----others--> queue --MX--> the next server
 *                         `-- refused, or nobody there for days --> a report to the sender
 */
export class MailTransfer implements MailSystem {
  readonly name: string;
  /** Messages on their way to other servers: one for each domain. */
  queued = 0;
  private queuedBytes = 0;
  private delivering = 0;
  private readonly turns: (() => void)[] = [];
  private readonly options: TransferOptions;
  private readonly limits: SmtpLimits;
  private nextId = 1;

  constructor(options: TransferOptions) {
    this.options = options;
    this.name = options.name;
    this.limits = options.limits ?? SMTP_LIMITS;
  }

  refusal(recipient: MailAddress, client: string, bytes: number): SmtpReply | null {
    if (!this.isLocal(recipient)) {
      const address = Address.parse(client.split('%')[0]!);
      if (address === null || !this.options.mayRelay(address)) return reply(550, 'Relaying denied');
      return this.hasRoomFor(bytes) ? null : reply(452, 'The queue is full, try again later');
    }
    const user = userOf(recipient);
    if (!this.isUser(user)) return reply(550, 'No such user here');
    const box = this.options.mailboxes.open(user);
    return box?.hasRoomFor(bytes) === true ? null : reply(452, 'The mailbox is full');
  }

  verify(text: string): SmtpReply {
    const address = parseMailAddress(text.replace(/^.*<(.*)>$/, '$1'));
    if (address === null) return reply(501, 'Syntax: VRFY user');
    if (!this.isLocal(address)) return reply(551, 'User not local');
    const user = userOf(address);
    if (!this.isUser(user)) return reply(550, 'No such user here');
    // Where everybody has a mailbox nothing was verified (RFC 5321 3.5.3).
    return this.options.users === null
      ? reply(252, 'Cannot VRFY user, but will take the message')
      : reply(250, `<${user}@${this.name}>`);
  }

  accept(envelope: Envelope, message: Uint8Array): SmtpReply {
    const byDomain = new Map<string, MailAddress[]>();
    const local: MailAddress[] = [];
    for (const recipient of envelope.recipients) {
      if (this.isLocal(recipient)) {
        local.push(recipient);
        continue;
      }
      const known = byDomain.get(recipient.domain);
      if (known === undefined) byDomain.set(recipient.domain, [recipient]);
      else known.push(recipient);
    }
    const bytes = message.length * byDomain.size;
    if (byDomain.size > 0 && !this.hasRoomFor(bytes, byDomain.size)) return reply(452, 'The queue is full');
    const failures = this.deliver(envelope, local, message);
    if (failures.length === envelope.recipients.length) return reply(452, 'The mailbox is full');
    for (const recipients of byDomain.values()) {
      this.enqueue({ sender: envelope.sender, recipients }, message);
    }
    this.report(envelope.sender, failures, message);
    return reply(250, `OK, queued as ${this.nextId++}`);
  }

  /** Into mailboxes; what could not be. */
  private deliver(envelope: Envelope, recipients: readonly MailAddress[], message: Uint8Array): DeliveryResult[] {
    const { mailboxes, clock } = this.options;
    const sender = envelope.sender === null ? '' : formatMailAddress(envelope.sender);
    const seconds = Math.floor(clock.now / 1e9);
    const whole = joined([latin1Encode(`Return-Path: <${sender}>\r\n`), message]);
    const failures: DeliveryResult[] = [];
    // Who is named twice gets it once.
    const byUser = new Map(recipients.map((recipient) => [userOf(recipient), recipient]));
    for (const [user, recipient] of byUser) {
      const stored = mailboxes.open(user)?.add(whole, sender, seconds) === true;
      this.log(`to=<${formatMailAddress(recipient)}> ${stored ? 'delivered to the mailbox' : 'mailbox full'}`);
      if (!stored) failures.push({ recipient, outcome: 'permanent', text: 'the mailbox is full' });
    }
    return failures;
  }

  private enqueue(envelope: Envelope, message: Uint8Array): void {
    this.queued++;
    this.queuedBytes += message.length;
    this.relay(envelope, message)
      .catch((error) => {
        if (!(error instanceof NetError)) this.options.onError(error);
      })
      .finally(() => {
        this.queued--;
        this.queuedBytes -= message.length;
      });
  }

  /** Tries until all recipients are settled, or for too long (RFC 5321 4.5.4.1). */
  private async relay(envelope: Envelope, message: Uint8Array): Promise<void> {
    const { clock, sleep } = this.options;
    const { limits } = this;
    const giveUpNs = clock.now + limits.giveUpSeconds * 1e9;
    let { recipients } = envelope;
    for (let wait = limits.retrySeconds; ; wait = Math.min(wait * 2, limits.retryMostSeconds)) {
      await this.turn();
      let results: DeliveryResult[];
      try {
        results = await this.attempt({ sender: envelope.sender, recipients }, message);
      } finally {
        this.delivering--;
        this.turns.shift()?.();
      }
      const last = clock.now + wait * 1e9 > giveUpNs;
      const failures: DeliveryResult[] = [];
      const left: MailAddress[] = [];
      for (const { recipient, outcome, text } of results) {
        const to = `to=<${formatMailAddress(recipient)}>`;
        if (outcome === 'delivered') this.log(`${to} sent: ${text}`);
        else if (outcome === 'permanent') this.log(`${to} bounced: ${text}`);
        else this.log(`${to} deferred: ${text}`);
        if (outcome === 'permanent') failures.push({ recipient, outcome, text });
        if (outcome !== 'temporary') continue;
        if (last) failures.push({ recipient, outcome: 'permanent', text: `given up after days: ${text}` });
        else left.push(recipient);
      }
      this.report(envelope.sender, failures, message);
      recipients = left;
      if (left.length === 0 || !(await sleep(wait))) return;
    }
  }

  /** One try: the domain's servers in turn, until one is there. */
  private async attempt(envelope: Envelope, message: Uint8Array): Promise<DeliveryResult[]> {
    const { route, dial, clock } = this.options;
    const { domain } = envelope.recipients[0]!;
    const all = (outcome: 'temporary' | 'permanent', text: string): DeliveryResult[] =>
      envelope.recipients.map((recipient) => ({ recipient, outcome, text }));
    const where = await route(domain);
    if (where.kind !== 'servers') return all(where.kind, where.text);
    let failed = all('temporary', 'no server');
    for (const server of where.servers) {
      let stream: ByteStream;
      try {
        stream = await dial(server);
      } catch (error) {
        if (!(error instanceof NetError)) throw error;
        failed = all(isPermanent(error) ? 'permanent' : 'temporary', `${server}: ${error.text}`);
        continue;
      }
      const results = await sendMail(stream, clock, this.name, envelope, message);
      if (results.some(({ outcome }) => outcome !== 'temporary')) return results;
      failed = results;
    }
    return failed;
  }

  /** Waits until fewer deliveries are under way than may be. */
  private async turn(): Promise<void> {
    if (this.delivering >= this.limits.deliveries) await new Promise<void>((resolve) => this.turns.push(resolve));
    this.delivering++;
  }

  /** Tells the sender; of a report nobody is told (RFC 5321 6.1). */
  private report(sender: MailAddress | null, failures: readonly DeliveryResult[], message: Uint8Array): void {
    if (failures.length === 0 || sender === null) return;
    const seconds = Math.floor(this.options.clock.now / 1e9);
    const id = `${seconds}.${this.nextId++}.report`;
    const report = deliveryReport(this.name, sender, failures, message, seconds, id);
    const envelope: Envelope = { sender: null, recipients: [sender] };
    if (!this.isLocal(sender)) {
      if (this.hasRoomFor(report.length)) this.enqueue(envelope, report);
    } else if (this.isUser(userOf(sender))) {
      this.deliver(envelope, [sender], report);
    }
  }

  private hasRoomFor(bytes: number, messages = 1): boolean {
    return this.queued + messages <= this.limits.queued && this.queuedBytes + bytes <= this.limits.queuedBytes;
  }

  private isLocal({ domain }: MailAddress): boolean {
    const literal = literalAddress(domain);
    if (literal !== null) return this.options.isOwn(literal);
    return domain === '' || this.options.domains.includes(domain);
  }

  private isUser(user: string): boolean {
    return user === 'postmaster' || this.options.users === null || this.options.users.has(user);
  }

  private log(line: string): void {
    this.options.log?.(line);
  }
}

function userOf({ local }: MailAddress): string {
  return local.toLowerCase();
}
