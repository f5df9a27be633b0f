import { NetError } from '../../base/errors.ts';
import { SOCK_STREAM } from '../../l5-session/constants.ts';
import { servePop2 } from '../../l7-application/pop/pop2-server.ts';
import { parseAccount, servePop3 } from '../../l7-application/pop/pop3-server.ts';
import { everywhere, serveConnections } from '../../l7-application/stream-server.ts';
import { mailboxesOf } from '../mail-files.ts';
import { type Program, UsageError } from '../program.ts';
import { parseOptions } from './options.ts';

const CONNECTIONS = { connections: 100, connectionsPerClient: 20 };

export const pop3d: Program = {
  name: 'pop3d',
  summary: 'let users fetch their mail over POP3 and POP2',
  usage: `usage: pop3d [-v] [-p PORT] [-2 PORT] USER:PASSWORD...
  -p  the port of POP3 (110)
  -2  the port of POP2 (109); 0: none
  -v  log who logs in
It serves the mailboxes of this host, /var/mail, which smtpd fills.`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'v', values: 'p2' });
    if (options.words.length === 0) throw new UsageError('no USER:PASSWORD: nobody could log in');
    const passwords = new Map(
      options.words.map((word) => {
        const account = parseAccount(word);
        if (account === null) throw new UsageError(`'${word}' is not USER:PASSWORD`);
        return account;
      }),
    );
    const port = options.integer('p', 110, 1, 65_535);
    const port2 = options.integer('2', 109, 0, 65_535);
    const { host } = process;
    const { clock } = host.node;
    const accounts = { mailboxes: await mailboxesOf(host), passwords };
    const random = host.node.random.fork('pop3d');
    const both = host.ip6.interfaces().length > 1;
    const onError = (error: unknown) =>
      process.complain(`pop3d: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    let connection = 0;
    const options3 = (client: string) => ({
      clock,
      accounts,
      name: host.name,
      nonce: `${process.pid}.${++connection}.${random.below(2 ** 30)}`,
      log: (line: string) => {
        if (options.has('v')) process.print(`${client} ${line}\n`);
      },
    });
    const refuse = (words: string) => async (stream: { sendall(bytes: string): Promise<unknown> }) =>
      void (await stream.sendall(words));
    try {
      const listener = everywhere(process.sockets, SOCK_STREAM, port, both);
      const listener2 = port2 === 0 ? null : everywhere(process.sockets, SOCK_STREAM, port2, both);
      const three = serveConnections(
        listener,
        CONNECTIONS,
        (stream, client) => servePop3(stream, options3(client)),
        onError,
        refuse('-ERR too many connections\r\n'),
      );
      if (listener2 === null) await three;
      else {
        const two = serveConnections(
          listener2,
          CONNECTIONS,
          (stream, client) => servePop2(stream, options3(client)),
          onError,
          refuse('- too many connections\r\n'),
        );
        await Promise.all([three, two]);
      }
    } catch (error) {
      if (!(error instanceof NetError) || process.signalled !== null) throw error;
      process.complain(`pop3d: ${error.message}\n`);
    }
    return 1;
  },
};
