import type { IpAddress } from '../../base/ip-address.ts';
import type { Reply } from '../../l7-application/dns/client.ts';
import { query } from '../../l7-application/dns/message.ts';
import { Rcode, Type } from '../../l7-application/dns/types.ts';
import { formatHttpDate } from '../../l7-application/http/http-date.ts';
import type { Process } from '../process.ts';
import type { Program } from '../program.ts';
import { parseDig } from './dig/command-line.ts';
import { messageText, shortText } from './dig/message-text.ts';
import { trace } from './dig/trace.ts';
import { askServers, serversFor } from './name-query.ts';

/** dig's exit codes: no answer, and what went wrong before anybody was asked. */
const NO_REPLY = 9;
const INTERNAL_ERROR = 10;

export const dig: Program = {
  name: 'dig',
  summary: 'ask a name server, and show its answer',
  usage: `usage: dig [@SERVER] [NAME] [TYPE] [CLASS] [-p PORT] [-x ADDRESS] [+OPTION ...]
  -x  the name of an address
  +[no]tcp, +[no]recurse, +[no]edns, +bufsize=BYTES, +[no]ignore (truncation), +[no]nsid
  +[no]trace (from the root down)
  +short, +[no]all, +[no]cmd, +[no]comments, +[no]question, +[no]answer, +[no]authority, +[no]additional, +[no]stats
  +time=SECONDS (5), +tries=N (3)
exit: 0 there is an answer, 9 there is none`,
  async main(process) {
    const wanted = parseDig(process.args);
    if (wanted.trace) {
      process.print(greetingFor(process, 0));
      return trace(process, wanted);
    }
    const servers = await serversFor(process, wanted.server);
    if (typeof servers === 'string') {
      process.complain(`dig: ${servers}\n`);
      return INTERNAL_ERROR;
    }
    const greeting = greetingFor(process, wanted.server === null ? 0 : servers.length);
    const random = process.host.node.random.fork(`dig ${process.pid}`);
    const asked = query(random.below(0x10000), wanted.name, wanted.type, wanted);
    const answered = await askServers(process, servers, asked, wanted.tries, {
      port: wanted.port,
      tcp: wanted.tcp,
      keepTruncated: wanted.ignoreTruncation,
      timeoutNs: wanted.timeoutSeconds * 1e9,
      onTruncated: () => process.print(';; Truncated, retrying in TCP mode.\n'),
    });
    if (process.signalled !== null) return 0;
    if (answered === null) {
      if (wanted.command && !wanted.short) process.print(greeting);
      process.print(';; no servers could be reached\n');
      return NO_REPLY;
    }
    const { message } = answered.reply;
    if (wanted.short) {
      process.print(shortText(message));
      return 0;
    }
    if (wanted.command) process.print(greeting);
    if (wanted.type === Type.AXFR && message.rcode !== Rcode.NoError) {
      process.print('; Transfer failed.\n');
      return 0;
    }
    if (wanted.shown.comments) process.print(';; Got answer:\n');
    process.print(messageText(message, wanted.shown));
    if (wanted.statistics) {
      process.print(statistics(answered.reply, answered.server, wanted.port, answered.tookNs, process));
    }
    return 0;
  },
};

/** Dig names itself and its arguments; how many servers it found only of one that was named. */
function greetingFor(process: Process, found: number): string {
  const servers = found === 0 ? '' : `; (${found} server${found === 1 ? '' : 's'} found)\n`;
  return `\n; <<>> DiG netarium <<>> ${process.args.join(' ')}\n${servers};; global options: +cmd\n`;
}

function statistics(reply: Reply, server: IpAddress, port: number, tookNs: number, process: Process): string {
  return (
    `;; Query time: ${Math.floor(tookNs / 1e6)} msec\n` +
    `;; SERVER: ${server}#${port}(${server}) (${reply.tcp ? 'TCP' : 'UDP'})\n` +
    `;; WHEN: ${dateText(process.host.node.clock.now)}\n` +
    `;; MSG SIZE  rcvd: ${reply.length}\n\n`
  );
}

/** `Thu Jan 01 00:00:00 UTC 1970`: the network's time 0. */
function dateText(nowNs: number): string {
  const [, weekday, day, month, year, time] = /^(...), (..) (...) (....) (.{8})/.exec(
    formatHttpDate(Math.floor(nowNs / 1e9)),
  )!;
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
}
