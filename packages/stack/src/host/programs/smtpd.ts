import { NetError } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import { Prefix } from '../../base/prefix.ts';
import { SOCK_STREAM } from '../../l5-session/constants.ts';
import { parseMailDomain } from '../../l7-application/mail/address.ts';
import { MAIL_LIMITS } from '../../l7-application/mail/limits.ts';
import { SMTP_LIMITS } from '../../l7-application/smtp/limits.ts';
import { serveSmtp } from '../../l7-application/smtp/server.ts';
import { MailTransfer } from '../../l7-application/smtp/transfer.ts';
import { everywhere, serveConnections } from '../../l7-application/stream-server.ts';
import { mailboxesOf } from '../mail-files.ts';
import { type Program, UsageError } from '../program.ts';
import { findMailRoute } from './mail/routes.ts';
import { parseOptions } from './options.ts';

/** Postfix's `default_process_limit` is 100 and its `smtpd_client_connection_count_limit` half of that. */
const CONNECTIONS = { connections: 100, connectionsPerClient: 50 };
/** Seconds that connecting to a server may take. */
const CONNECT_SECONDS = 30;

export const smtpd: Program = {
  name: 'smtpd',
  summary: 'take mail over SMTP, deliver it and send it on',
  usage: `usage: smtpd [-v] [-d DOMAIN]... [-n NETWORK]... [-p PORT] [-r SECONDS] [-g SECONDS] [-z BYTES] [USER...]
  -d  a domain whose mail ends here, besides this host's name; the first is the name that it greets with
  -n  clients of NETWORK (10.0.0.0/8) may send mail to everywhere; without: those of this host's own networks
  -p  the port (25)
  -r  seconds to the second try when another server is not there (300); further ones wait longer, to 4 hours
  -g  seconds after which mail goes back to its sender (432000: 5 days)
  -z  bytes of the largest message (10485760)
  -v  log what becomes of messages
USER: who has a mailbox; without: everybody. Mailboxes are in /var/mail, and pop3d and mail show them.`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'v', values: 'dgnprz' });
    const { host } = process;
    const domains = options.all('d').map((text) => {
      const domain = parseMailDomain(text);
      if (domain === null) throw new UsageError(`-d: '${text}' is no domain`);
      return domain;
    });
    const own = host.name.toLowerCase();
    const mayRelay = relayRule(options.all('n'), () => host.addresses());
    const limits = {
      ...SMTP_LIMITS,
      retrySeconds: options.integer('r', SMTP_LIMITS.retrySeconds, 1, 86_400),
      giveUpSeconds: options.integer('g', SMTP_LIMITS.giveUpSeconds, 1, 30 * 86_400),
    };
    const messageBytes = options.integer('z', MAIL_LIMITS.messageBytes, 1000, MAIL_LIMITS.messageBytes);
    const log = (line: string) => {
      if (options.has('v')) process.print(`${line}\n`);
    };
    const onError = (error: unknown) =>
      process.complain(`smtpd: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    const route = findMailRoute(process, [own, ...domains]);
    const system = new MailTransfer({
      name: domains[0] ?? own,
      domains: [own, 'localhost', ...domains],
      mailboxes: await mailboxesOf(host),
      users: options.words.length === 0 ? null : new Set(options.words.map((user) => user.toLowerCase())),
      clock: host.node.clock,
      isOwn: (address) => address.isLoopback || host.addresses().some((each) => each.address.equals(address)),
      mayRelay,
      route,
      dial: (server) => process.sockets.create_connection([server, 25], CONNECT_SECONDS),
      sleep: (seconds) => process.sleep(seconds),
      limits,
      log,
      onError,
    });
    try {
      const both = host.ip6.interfaces().length > 1;
      const listener = everywhere(process.sockets, SOCK_STREAM, options.integer('p', 25, 1, 65_535), both);
      const { clock } = host.node;
      await serveConnections(
        listener,
        CONNECTIONS,
        (connection, client) => serveSmtp(connection, { clock, system, client, limits, messageBytes, log }),
        onError,
        async (connection) => void (await connection.sendall(`421 ${system.name} too many connections\r\n`)),
      );
    } catch (error) {
      if (!(error instanceof NetError) || process.signalled !== null) throw error;
      process.complain(`smtpd: ${error.message}\n`);
    }
    return 1;
  },
};

/** Who may have mail sent on: whom `-n` says, or the neighbours. */
function relayRule(texts: readonly string[], own: () => readonly Prefix[]): (client: IpAddress) => boolean {
  const networks = texts.map((text) => {
    const network = Prefix.parse(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`);
    if (network === null) throw new UsageError(`-n: '${text}' is not a network like 10.0.0.0/8`);
    return network;
  });
  return (client) => {
    const allowed = networks.length > 0 ? networks : own();
    return client.isLoopback || allowed.some((network) => network.contains(client));
  };
}
