import { dropReasons } from '../../base/drop-reasons.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { routeTable6 } from './netstat/routes6.ts';
import { endpointText, ownerOf, type SocketRow, tcpRows, udpRows } from './netstat/socket-table.ts';
import { groupTable, interfaceTable, routeTable } from './netstat/tables.ts';
import { type Options, parseOptions } from './options.ts';

const ADDRESS_WIDTH = 23;

export const netstat: Program = {
  name: 'netstat',
  summary: 'show connections, listeners, routes, interfaces and counts',
  usage: `usage: netstat [-alnptu]     sockets
       netstat -r [-6n]      the routing table
       netstat -i            interfaces
       netstat -g            multicast groups
       netstat -s            what was counted, and why packets were dropped
  -a  listeners too
  -l  listeners only
  -n  numbers, no names
  -p  the process of each socket
  -4, -6  that address family only
  -t  TCP
  -u  UDP`,
  async main(process) {
    const long = {
      all: 'a',
      listening: 'l',
      groups: 'g',
      numeric: 'n',
      program: 'p',
      route: 'r',
      interfaces: 'i',
      statistics: 's',
      tcp: 't',
      udp: 'u',
    };
    const options = parseOptions(process.args, { flags: 'acegilnprstuW46', long });
    if (options.words.length > 0) throw new UsageError(`no argument is expected: ${options.words[0]}`);
    if (options.has('r'))
      process.print(
        options.has('6') ? routeTable6(process.host) : routeTable(process.host, options.has('n'), 'netstat'),
      );
    else if (options.has('g')) process.print(groupTable(process));
    else if (options.has('i')) process.print(interfaceTable(process.host));
    else if (options.has('s')) process.print(statistics(process));
    else process.print(sockets(process, options));
    return 0;
  },
};

function sockets(process: Process, options: Options): string {
  const { host } = process;
  const both = !options.has('t') && !options.has('u');
  const rows: SocketRow[] = [];
  if (both || options.has('t')) rows.push(...tcpRows(host));
  if (both || options.has('u')) rows.push(...udpRows(host));
  const only = options.has('6') ? 6 : options.has('4') ? 4 : 0;
  const which = options.has('a') ? 'servers and established' : options.has('l') ? 'only servers' : 'w/o servers';
  const owner = options.has('p') ? ' PID/Program name    ' : '';
  let text = `Active Internet connections (${which})\n`;
  text += `Proto Recv-Q Send-Q Local Address           Foreign Address         State      ${owner}\n`;
  for (const row of rows) {
    const serves = row.state === 'LISTEN' || row.state === '';
    if (!options.has('a') && serves !== options.has('l')) continue;
    if (only !== 0 && row.protocol.endsWith('6') !== (only === 6)) continue;
    const columns = [
      row.protocol.padEnd(5),
      String(row.receiveQueue).padStart(6),
      String(row.sendQueue).padStart(6),
      shortened(endpointText(host, row, 'local', options.has('n')), options).padEnd(ADDRESS_WIDTH),
      shortened(endpointText(host, row, 'remote', options.has('n')), options).padEnd(ADDRESS_WIDTH),
      row.state.padEnd(11),
    ];
    if (options.has('p')) columns.push(ownerOf(host, row).padEnd(20));
    text += `${columns.join(' ')}\n`;
  }
  return text;
}

/** A long name gives way to its port, unless `-W` asks for all of it. */
function shortened(text: string, options: Options): string {
  if (options.has('W') || text.length <= ADDRESS_WIDTH) return text;
  const colon = text.lastIndexOf(':');
  return text.slice(0, ADDRESS_WIDTH - (text.length - colon)) + text.slice(colon);
}

function statistics(process: Process): string {
  const { host } = process;
  const { tcp, udp, node } = host;
  const c = tcp.counters;
  const connected = [...tcp.connections()].filter((each) => each.stateName === 'ESTABLISHED').length;
  const sections: [string, [number, string][]][] = [
    [
      'Tcp',
      [
        [c.activeOpens, 'active connection openings'],
        [c.passiveOpens, 'passive connection openings'],
        [c.attemptFails, 'failed connection attempts'],
        [c.estabResets, 'connection resets received'],
        [connected, 'connections established'],
        [c.inSegs, 'segments received'],
        [c.outSegs, 'segments sent out'],
        [c.retransSegs, 'segments retransmitted'],
        [c.inErrs, 'bad segments received'],
        [c.outRsts, 'resets sent'],
      ],
    ],
    [
      'Udp',
      [
        [udp.delivered, 'packets received'],
        [udp.noPorts, 'packets to unknown port received'],
        [udp.errors, 'packet receive errors'],
        [udp.sent, 'packets sent'],
      ],
    ],
    // Not in net-tools: here every drop has a reason.
    [
      'Dropped',
      dropReasons
        .filter(({ number }) => node.drops[number]! > 0)
        .map((each) => [node.drops[each.number]!, `${each.text} (${each.name})`]),
    ],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([name, lines]) => `${name}:\n${lines.map(([count, what]) => `    ${count} ${what}\n`).join('')}`)
    .join('');
}
