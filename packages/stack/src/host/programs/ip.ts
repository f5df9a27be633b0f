import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { ipAddress } from './ip/addresses.ts';
import { ipLink } from './ip/links.ts';
import { ipMaddress, ipMroute } from './ip/multicast.ts';
import { ipNeighbour } from './ip/neighbours.ts';
import { ipRoute } from './ip/routes.ts';
import { ipRoute6 } from './ip/routes6.ts';
import { ipRule } from './ip/rules.ts';
import { type Family, isIpv6 } from './ip/words.ts';
import { nearest } from './options.ts';

/** The objects of ip(8), each with the beginnings that stand for it: `ip a`, `ip addr`, `ip address`. */
const OBJECTS: readonly (readonly [
  name: string,
  run: (process: Process, words: readonly string[], brief: boolean, family: Family) => number,
])[] = [
  ['address', ipAddress],
  ['link', ipLink],
  ['route', (process, words, _brief, family) => (family === 6 ? ipRoute6 : ipRoute)(process, words)],
  ['rule', ipRule],
  ['neighbour', ipNeighbour],
  ['maddress', ipMaddress],
  ['mroute', ipMroute],
  ['neighbor', ipNeighbour],
];

export const ip: Program = {
  name: 'ip',
  summary: 'show and change addresses, interfaces, routes and neighbours',
  usage: `usage: ip [-4|-6] [-br] address [show [DEV]]
       ip address add|del ADDRESS/LENGTH dev DEV
       ip [-br] link [show [DEV]]
       ip link set DEV up|down|mtu BYTES
       ip [-6] route [show [table N|local|all]]
       ip route add|replace|del PREFIX [via ADDRESS] [dev DEV] [metric N] [table N]
       ip route add PREFIX nexthop via ADDRESS [weight N] nexthop via ADDRESS [weight N] ...
       ip route add|del unreachable|prohibit|blackhole PREFIX
       ip route get ADDRESS [from ADDRESS] [iif DEV] [ipproto P] [sport N] [dport N]
       ip rule [show]
       ip rule add|del [not] [from PREFIX] [to PREFIX] [iif DEV] [tos N] [ipproto P] [dport N]
               [priority N] table N | blackhole | unreachable | prohibit
       ip [-4|-6] neighbour [show [dev DEV]]
       ip neighbour add|del ADDRESS [lladdr MAC] dev DEV
       ip [-4|-6] maddress [show [dev DEV]]     groups that the interfaces are in
       ip mroute [show]                         streams that a multicast router knows
-br is brief. Words may be shortened: ip a, ip r, ip n`,
  async main(process) {
    const brief = process.args.some((word) => /^-br(ief)?$/.test(word));
    const words = process.args.filter((word) => !/^-(4|6|br|brief|c|color)$/.test(word));
    const only = process.args.includes('-6') ? 6 : process.args.includes('-4') ? 4 : 0;
    const [object, ...rest] = words;
    if (object === undefined) throw new UsageError('what is to be shown? address, link, route or neighbour');
    for (const [name, run] of OBJECTS)
      if (name.startsWith(object)) return run(process, rest, brief, rest.some(isIpv6) ? 6 : only);
    const near = nearest(object, ['address', 'link', 'route', 'neighbour']);
    throw new UsageError(`object "${object}" is unknown${near === null ? '' : `; did you mean ${near}?`}`);
  },
};
