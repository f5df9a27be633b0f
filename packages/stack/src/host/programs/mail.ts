import { NetError } from '../../base/errors.ts';
import { utf8Encode } from '../../base/utf8.ts';
import { joined } from '../../l7-application/lines/line-stream.ts';
import { formatMailAddress, type MailAddress, parseMailAddress } from '../../l7-application/mail/address.ts';
import { formatMailDate, headerSafe } from '../../l7-application/mail/message.ts';
import { type DeliveryResult, sendMail } from '../../l7-application/smtp/client.ts';
import { mailboxesOf } from '../mail-files.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { readRemote } from './mail/fetch.ts';
import { listLine } from './mail/list.ts';
import { findMailRoute } from './mail/routes.ts';
import { typedText } from './mail/typed.ts';
import { type Options, parseOptions } from './options.ts';

const CONNECT_SECONDS = 30;

export const mail: Program = {
  name: 'mail',
  summary: 'send mail, and read it',
  usage: `usage: mail [-v] [-s SUBJECT] [-r SENDER] [-S SERVER[:PORT]] [-m TEXT] ADDRESS...
       mail -u USER [-d] [NUMBER...]
       mail -f pop3://USER:PASSWORD@HOST[:PORT] [-d] [NUMBER...]
  -m  the text; without: what comes in, up to its end or a line with a single dot
  -r  the sender (user@ this host)
  -s  the subject
  -S  hand it to this server; without: to this host's, and where there is none to those of the receivers
  -v  say what became of it
  -u  read the mail of USER of this host: a list, or the messages of these numbers
  -f  the same for a mailbox on a POP3 server
  -d  throw them away
exit: 0 all was sent (or read), 1 something was not`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'dv', values: 'fmrsSu' });
    if (options.has('f')) return readRemote(process, options.text('f')!, options.words, options.has('d'));
    if (options.has('u')) return readLocal(process, options);
    if (options.words.length === 0) throw new UsageError('no address to send to');
    return new Sender(process, options).send();
  },
};

class Sender {
  private readonly process: Process;
  private readonly options: Options;

  constructor(process: Process, options: Options) {
    this.process = process;
    this.options = options;
  }

  async send(): Promise<number> {
    const { process, options } = this;
    const sender = this.address(options.text('r') ?? 'user');
    const recipients = options.words.flatMap((word) => word.split(',')).map((word) => this.address(word));
    const text = options.has('m') ? utf8Encode(`${options.text('m')}\n`) : await typedText(process);
    const message = joined([utf8Encode(this.header(sender, recipients, text)), text]);
    const server = options.text('S');
    let results: DeliveryResult[];
    if (server !== null) {
      results = await this.hand(server, sender, recipients, message);
    } else {
      // This host's own server, which tries again when others are not there; or straight to the receivers'.
      const own = await this.dial('127.0.0.1', 25);
      if (typeof own !== 'string') {
        results = await sendMail(own, process.host.node.clock, process.host.name, { sender, recipients }, message);
      } else {
        results = await this.direct(sender, recipients, message);
      }
    }
    let failed = false;
    for (const { recipient, outcome, text: said } of results) {
      if (outcome !== 'delivered') failed = true;
      const line = `mail: ${formatMailAddress(recipient)}: ${headerSafe(said)}\n`;
      if (outcome !== 'delivered') process.complain(line);
      else if (options.has('v')) process.print(line);
    }
    return failed ? 1 : 0;
  }

  /** `bob` is `bob` of this host. */
  private address(text: string): MailAddress {
    const address = parseMailAddress(text.trim());
    if (address === null) throw new UsageError(`'${text}' is no address like user@host`);
    return address.domain === '' ? { local: address.local, domain: this.process.host.name.toLowerCase() } : address;
  }

  private header(sender: MailAddress, recipients: readonly MailAddress[], text: Uint8Array): string {
    const { host, pid } = this.process;
    const { now } = host.node.clock;
    const subject = headerSafe(this.options.text('s') ?? '');
    const mime = text.some((byte) => byte > 127)
      ? 'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n'
      : '';
    return (
      `From: ${formatMailAddress(sender)}\r\nTo: ${recipients.map(formatMailAddress).join(',\r\n ')}\r\n` +
      `${subject === '' ? '' : `Subject: ${subject}\r\n`}Date: ${formatMailDate(Math.floor(now / 1e9))}\r\n` +
      `Message-ID: <${now}.${pid}@${host.name}>\r\n${mime}\r\n`
    );
  }

  private async hand(
    server: string,
    sender: MailAddress,
    recipients: readonly MailAddress[],
    message: Uint8Array,
  ): Promise<DeliveryResult[]> {
    const found = /^(.*?)(?::([0-9]{1,5}))?$/.exec(server)!;
    const [, name = '', port] = /:.*:/.test(server) ? [null, server] : found;
    const stream = await this.dial(name, Number(port ?? 25));
    if (typeof stream === 'string') return undelivered(recipients, stream);
    const { host } = this.process;
    return sendMail(stream, host.node.clock, host.name, { sender, recipients }, message);
  }

  /** To the servers of each domain, as their MX records say. */
  private async direct(
    sender: MailAddress,
    recipients: readonly MailAddress[],
    message: Uint8Array,
  ): Promise<DeliveryResult[]> {
    const route = findMailRoute(this.process, []);
    const results: DeliveryResult[] = [];
    for (const domain of new Set(recipients.map((each) => each.domain))) {
      const these = recipients.filter((each) => each.domain === domain);
      const where = await route(domain);
      if (where.kind !== 'servers') {
        results.push(...undelivered(these, where.text));
        continue;
      }
      let last: DeliveryResult[] = [];
      for (const server of where.servers) {
        last = await this.hand(server, sender, these, message);
        if (last.some(({ outcome }) => outcome !== 'temporary')) break;
      }
      results.push(...last);
    }
    return results;
  }

  private async dial(server: string, port: number) {
    try {
      return await this.process.sockets.create_connection([server, port], CONNECT_SECONDS);
    } catch (error) {
      if (!(error instanceof NetError) || this.process.signalled !== null) throw error;
      return `${server}: ${error.text}`;
    }
  }
}

function undelivered(recipients: readonly MailAddress[], text: string): DeliveryResult[] {
  return recipients.map((recipient) => ({ recipient, outcome: 'temporary', text }));
}

async function readLocal(process: Process, options: Options): Promise<number> {
  const box = (await mailboxesOf(process.host)).find(options.text('u')!);
  const messages = box === null ? [] : [...box.messages];
  if (options.words.length === 0) {
    if (options.has('d')) throw new UsageError('-d needs the numbers of messages');
    if (messages.length === 0) process.print(`No mail for ${options.text('u')}\n`);
    for (const [i, { bytes }] of messages.entries()) process.print(listLine(i + 1, bytes, bytes.length));
    return 0;
  }
  let code = 0;
  const gone = new Set<string>();
  for (const word of options.words) {
    const message = /^[0-9]{1,6}$/.test(word) ? messages[Number(word) - 1] : undefined;
    if (message === undefined) {
      process.complain(`mail: no message ${word}\n`);
      code = 1;
    } else if (options.has('d')) {
      gone.add(message.uid);
    } else {
      process.stdout.write(message.bytes.filter((byte) => byte !== 0x0d));
    }
  }
  if (gone.size > 0 && box!.locked) {
    process.complain('mail: the mailbox is open elsewhere\n');
    return 1;
  }
  box?.remove(gone);
  return code;
}
