import { NetError } from '../../base/errors.ts';
import { SOCK_STREAM } from '../../l5-session/constants.ts';
import { NewsStore } from '../../l7-application/nntp/news-store.ts';
import { serveNntp } from '../../l7-application/nntp/server.ts';
import { isGroupName } from '../../l7-application/nntp/words.ts';
import { everywhere, serveConnections } from '../../l7-application/stream-server.ts';
import { type Program, UsageError } from '../program.ts';
import { parseOptions } from './options.ts';

const CONNECTIONS = { connections: 100, connectionsPerClient: 20 };

export const nntpd: Program = {
  name: 'nntpd',
  summary: 'serve newsgroups over NNTP',
  usage: `usage: nntpd [-rv] [-p PORT] GROUP[=DESCRIPTION]...
  -p  the port (119)
  -r  read only: nobody may post
  -v  log each article that comes
Articles are kept in memory while it runs; when there are too many the oldest go.`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'rv', values: 'p' });
    if (options.words.length === 0) throw new UsageError('no group to serve');
    const { host } = process;
    const { clock } = host.node;
    const store = new NewsStore(host.name);
    for (const word of options.words) {
      const [name = '', ...rest] = word.split('=');
      if (!isGroupName(name)) throw new UsageError(`'${name}' is no name of a group`);
      store.addGroup(name, rest.join('='), true, Math.floor(clock.now / 1e9));
    }
    const posting = !options.has('r');
    const log = (line: string) => {
      if (options.has('v')) process.print(`${line}\n`);
    };
    try {
      const both = host.ip6.interfaces().length > 1;
      const listener = everywhere(process.sockets, SOCK_STREAM, options.integer('p', 119, 1, 65_535), both);
      await serveConnections(
        listener,
        CONNECTIONS,
        (connection) => serveNntp(connection, { clock, store, posting, log }),
        (error) =>
          process.complain(`nntpd: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`),
        async (connection) => void (await connection.sendall('400 too many connections\r\n')),
      );
    } catch (error) {
      if (!(error instanceof NetError) || process.signalled !== null) throw error;
      process.complain(`nntpd: ${error.message}\n`);
    }
    return 1;
  },
};
