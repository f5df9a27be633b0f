import { formatIpv4 } from '../../../base/ip-address.ts';
import type { Ospf } from '../../../l3-network/ospf/ospf.ts';
import { spanWords, stateWords } from './ospf-words.ts';

const HEADING =
  'Neighbor ID     Pri State           Up Time         Dead Time Address         Interface                RXmtL RqstL DBsmL';

/** The neighbours, of one interface or all: as FRRouting's `show ip ospf neighbor`. */
export function ospfNeighbours(ospf: Ospf, [only]: readonly string[]): string {
  const { now } = ospf.node.clock;
  const lines = [HEADING];
  for (const on of ospf.interfaces) {
    if (only !== undefined && on.name !== only) continue;
    const neighbours = [...on.neighbours.values()].sort((a, b) => a.routerId - b.routerId);
    for (const each of neighbours) {
      const lists = [each.unacknowledged.size, each.wanted.size, each.summary.length];
      lines.push(
        [
          formatIpv4(each.routerId).padEnd(15),
          String(each.priority).padStart(3),
          stateWords(each).padEnd(15),
          spanWords(now - each.since).padEnd(15),
          spanWords(each.inactivity.deadline - now).padStart(9),
          formatIpv4(each.address).padEnd(15),
          `${on.name}:${formatIpv4(on.link.address)}`.padEnd(24),
          ...lists.map((count) => String(count).padStart(5)),
        ].join(' '),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}
