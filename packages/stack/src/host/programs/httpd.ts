import { NetError } from '../../base/errors.ts';
import { AF_INET, AF_INET6, IPPROTO_TCP, SO_REUSEADDR, SOL_SOCKET, TCP_NODELAY } from '../../l5-session/constants.ts';
import type { Socket } from '../../l5-session/socket.ts';
import { fileHandler } from '../../l7-application/http/file-handler.ts';
import type { HttpHandler } from '../../l7-application/http/response.ts';
import { type ServedRequest, serveHttp } from '../../l7-application/http/server.ts';
import { resolvePath } from '../files.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { parseOptions } from './options.ts';

/** Connections that are served at once; more wait to be accepted. Apache's `MaxRequestWorkers` is 400. */
const CONNECTIONS = 400;

export const httpd: Program = {
  name: 'httpd',
  summary: 'serve files over HTTP',
  usage: `usage: httpd [-v] [-p PORT] [DIRECTORY]
  -p  the port (80)
  -v  log each request in the common log format`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'v', values: 'p' });
    const port = options.integer('p', 80, 1, 65535);
    if (options.words.length > 1) throw new UsageError('one directory can be served');
    const directory = resolvePath('/', options.words[0] ?? '/');
    const stat = await process.host.files.stat(directory);
    if (stat?.kind !== 'directory') {
      process.complain(`httpd: ${directory}: ${stat === null ? 'No such file or directory' : 'Not a directory'}\n`);
      return 1;
    }
    const listener = listen(process, port);
    if (listener === null) return 1;
    const log = options.has('v') ? (line: string) => process.print(line) : null;
    await serve(process, listener, fileHandler(process.host.files, directory), log);
    return 0;
  },
};

function listen(process: Process, port: number): Socket | null {
  // Where IPv6 is spoken one socket listens to both families.
  const both = process.host.ip6.interfaces().length > 1;
  const listener = process.sockets.socket(both ? AF_INET6 : AF_INET);
  try {
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    // Accepted connections inherit it: the end of an answer does not wait for the acknowledgement of its beginning.
    listener.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    listener.bind(['', port]);
    listener.listen();
    return listener;
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    process.complain(`httpd: ${error.syscall}: ${error.text}\n`);
    return null;
  }
}

async function serve(
  process: Process,
  listener: Socket,
  handler: HttpHandler,
  log: ((line: string) => void) | null,
): Promise<void> {
  const { clock } = process.host.node;
  const busy = new Set<Promise<void>>();
  for (;;) {
    while (busy.size >= CONNECTIONS) await Promise.race(busy);
    const [connection, [peer]] = await listener.accept();
    const served = serveHttp(connection, handler, {
      clock,
      node: process.host.node,
      log: (request) => log?.(logLine(peer.replace(/^::ffff:(?=.*\.)/, ''), clock.now, request)),
      onError: (error) => process.complain(`httpd: ${error instanceof Error ? error.message : String(error)}\n`),
    }).finally(() => busy.delete(served));
    busy.add(served);
  }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The Common Log Format. The network's time 0 is the beginning of 1970. */
export function logLine(peer: string, nowNs: number, { request, status, bytesSent }: ServedRequest): string {
  const seconds = Math.floor(nowNs / 1e9);
  const two = (value: number) => String(value).padStart(2, '0');
  const time = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':');
  // A network runs for 104 days at most: a table of the months is calendar enough.
  const [month, day] = dayOf1970(Math.floor(seconds / 86_400));
  const line = request === null ? '-' : `${request.method} ${request.target} HTTP/1.${request.minor}`;
  const size = bytesSent === 0 ? '-' : String(bytesSent);
  return `${peer} - - [${two(day)}/${MONTHS[month]}/1970:${time} +0000] "${line}" ${status} ${size}\n`;
}

function dayOf1970(days: number): [month: number, day: number] {
  const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  let month = 0;
  let left = days;
  while (month < 11 && left >= lengths[month]!) left -= lengths[month++]!;
  return [month, left + 1];
}
