import { NetError } from '../../base/errors.ts';
import { TFTP_PORT, TftpServer } from '../../l7-application/tftp/server.ts';
import { resolvePath } from '../files.ts';
import { type Program, UsageError } from '../program.ts';
import { parseOptions } from './options.ts';
import { servedDirectory } from './served-directory.ts';

export const tftpd: Program = {
  name: 'tftpd',
  summary: 'serve files over TFTP',
  usage: `usage: tftpd [-cov] [-p PORT] [DIRECTORY]
  DIRECTORY: with -c or -o, one that there is not is made, in memory (/)
  -c  clients may create files
  -o  clients may replace (overwrite) files
  -p  the port (69)
  -v  log requests and transfers`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'cov', values: 'p' });
    const port = options.integer('p', TFTP_PORT, 1, 65535);
    if (options.words.length > 1) throw new UsageError('one directory can be served');
    const root = resolvePath('/', options.words[0] ?? '/');
    const writable = options.has('c') || options.has('o');
    if (!(await servedDirectory(process, root, writable))) return 1;
    let server: TftpServer;
    try {
      server = new TftpServer(process.sockets, {
        node: process.host.node,
        files: process.host.files,
        root,
        port,
        dualStack: process.host.ip6.interfaces().length > 1,
        create: options.has('c'),
        replace: options.has('o'),
        log: (line) => {
          if (options.has('v')) process.print(`${line}\n`);
        },
        onError: (error) => process.complain(`tftpd: ${error instanceof Error ? error.message : String(error)}\n`),
      });
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      process.complain(`tftpd: ${error.message}\n`);
      return 1;
    }
    return server.serve();
  },
};
