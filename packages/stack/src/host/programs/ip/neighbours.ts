import { IpAddress } from '../../../base/ip-address.ts';
import { MacAddress } from '../../../base/mac-address.ts';
import { type Neighbour, NeighbourState, neighbourStateName } from '../../../l3-network/neighbour.ts';
import type { Process } from '../../process.ts';
import { UsageError } from '../../program.ts';
import { type Family, interfaceNamed, pairs } from './words.ts';

export function ipNeighbour(
  process: Process,
  [verb = 'show', ...words]: readonly string[],
  _brief: boolean,
  family: Family,
): number {
  const { ip, ip6 } = process.host;
  const tables = [...(family === 6 ? [] : [ip.neighbours]), ...(family === 4 ? [] : [ip6.neighbours])];
  const { clock } = process.host.node;
  if ('show'.startsWith(verb) || 'list'.startsWith(verb)) {
    const device = pairs(words, ['dev']).get('dev');
    for (const entry of tables.flatMap((table) => table.list())) {
      if (device === undefined || entry.interface.name === device) process.print(neighbourText(entry, clock.now));
    }
    return 0;
  }
  const adds = 'add'.startsWith(verb);
  if (!adds && !'delete'.startsWith(verb)) throw new UsageError(`"${verb}" is none of show, add and del`);
  const [text = '', ...rest] = words;
  const address = IpAddress.parse(text);
  if (address === null) throw new UsageError(`"${text}" is not an address`);
  const neighbours = address.family === 6 ? ip6.neighbours : ip.neighbours;
  const given = pairs(rest, ['lladdr', 'dev', 'nud']);
  const on = interfaceNamed(process, given.get('dev'));
  if (adds) {
    const mac = MacAddress.parse(given.get('lladdr') ?? '');
    if (mac === null) throw new UsageError(`"${given.get('lladdr') ?? ''}" is not a MAC address; lladdr is needed`);
    neighbours.addPermanent(address, on, mac);
    return 0;
  }
  const entry = neighbours.list().find((each) => each.interface === on && each.address.equals(address));
  if (entry === undefined) {
    process.complain('RTNETLINK answers: No such file or directory\n');
    return 2;
  }
  neighbours.remove(entry);
  return 0;
}

function neighbourText(entry: Neighbour, now: number): string {
  const state = entry.stateAt(now);
  const known = state !== NeighbourState.Incomplete && state !== NeighbourState.Failed && state !== NeighbourState.None;
  return `${entry.address} dev ${entry.interface.name}${known ? ` lladdr ${entry.mac}` : ''}${entry.router ? ' router' : ''} ${neighbourStateName(state)} \n`;
}
