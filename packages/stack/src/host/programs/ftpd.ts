import { NetError } from '../../base/errors.ts';
import { parseMoment } from '../../l7-application/calendar.ts';
import type { FtpAccount } from '../../l7-application/ftp/accounts.ts';
import { FTP_LIMITS } from '../../l7-application/ftp/limits.ts';
import { FTP_PORT, FtpServer } from '../../l7-application/ftp/server.ts';
import { resolvePath } from '../files.ts';
import { type Program, UsageError } from '../program.ts';
import { parseOptions } from './options.ts';
import { servedDirectory } from './served-directory.ts';

export const ftpd: Program = {
  name: 'ftpd',
  summary: 'serve files over FTP',
  usage: `usage: ftpd [-Avw] [-e DATE] [-p PORT] [-u NAME:PASSWORD[:DIRECTORY]]... [DIRECTORY]
  DIRECTORY: where clients may write, one that there is not is made, in memory (/)
  -A  not for everybody: anonymous may not log in
  -e  the date at the network's time 0: 2026-11-21, 2026-11-21T12:00:00Z or @SECONDS since 1970 (1970-01-01)
  -p  the port (21)
  -u  a user, who may store files, too; for them DIRECTORY is /
  -v  log logins and transfers
  -w  anonymous may store files, too`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'Avw', values: 'epu' });
    const port = options.integer('p', FTP_PORT, 1, 65535);
    const epochSeconds = parseMoment(options.text('e') ?? '@0');
    if (epochSeconds === null) throw new UsageError(`-e: "${options.text('e')}" is no date like 2026-11-21T12:00:00Z`);
    if (options.words.length > 1) throw new UsageError('one directory can be served');
    const root = resolvePath('/', options.words[0] ?? '/');
    const accounts = options.all('u').map((text) => user(text, root));
    if (!options.has('A')) accounts.push({ name: 'anonymous', password: null, root, writable: options.has('w') });
    for (const { root: directory, writable } of accounts) {
      if (!(await servedDirectory(process, directory, writable))) return 1;
    }
    let server: FtpServer;
    try {
      server = new FtpServer(process.sockets, port, process.host.ip6.interfaces().length > 1, {
        node: process.host.node,
        files: process.host.files,
        accounts,
        epochSeconds,
        limits: FTP_LIMITS,
        log: (line) => {
          if (options.has('v')) process.print(`${line}\n`);
        },
        onError: (error) => process.complain(`ftpd: ${error instanceof Error ? error.message : String(error)}\n`),
      });
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      process.complain(`ftpd: ${error.message}\n`);
      return 1;
    }
    return server.serve();
  },
};

function user(text: string, root: string): FtpAccount {
  const [name = '', password, directory] = text.split(':');
  if (name === '' || password === undefined) throw new UsageError(`-u: "${name}" needs a password: NAME:PASSWORD`);
  return { name, password, root: directory === undefined ? root : resolvePath('/', directory), writable: true };
}
