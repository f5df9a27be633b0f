import { formatIpv4, IpAddress } from '../../../base/ip-address.ts';
import { MacAddress } from '../../../base/mac-address.ts';
import type { IpInterface } from '../../../l3-network/ip-interface.ts';
import { multicastMac } from '../../../l3-network/ipv4-paths.ts';
import { ALL_NODES } from '../../../l3-network/ipv6/nd-messages.ts';
import { ALL_SYSTEMS } from '../../../l3-network/multicast/groups.ts';
import type { Machine } from '../../machine.ts';
import type { Process } from '../../process.ts';
import { UsageError } from '../../program.ts';
import { type Family, interfaceNamed, pairs } from './words.ts';

/** One group of one interface, as its users are counted. */
export interface GroupRow {
  readonly interface: IpInterface;
  readonly group: string;
  readonly users: number;
}

/** All groups, interface by interface; those of `family` (0: both). */
export function groupRows(host: Machine, family: Family): GroupRow[] {
  const rows: GroupRow[] = [];
  for (const on of host.ip.interfaces()) {
    if (family !== 6) {
      rows.push({ interface: on, group: formatIpv4(ALL_SYSTEMS), users: 1 });
      for (const { group, wanted } of host.ip.groups.of(on)) {
        rows.push({ interface: on, group: formatIpv4(group), users: wanted.length });
      }
    }
    if (family === 4 || on.v6 === null) continue;
    rows.push({ interface: on, group: `${ALL_NODES}`, users: 1 });
    for (const group of host.ip6.groups.of(on.v6)) rows.push({ interface: on, group: `${group}`, users: 1 });
  }
  return rows;
}

/** `ip maddress`: MAC addresses of groups first, then the groups. */
export function ipMaddress(
  process: Process,
  [verb = 'show', ...words]: readonly string[],
  _brief: boolean,
  family: Family,
): number {
  if (!'show'.startsWith(verb) && !'list'.startsWith(verb)) throw new UsageError(`"${verb}" is not show`);
  const device = pairs(words, ['dev']).get('dev');
  const only = device === undefined ? null : interfaceNamed(process, device);
  const { host } = process;
  const rows = groupRows(host, family);
  for (const on of host.ip.interfaces()) {
    if (only !== null && on !== only) continue;
    process.print(`${on.index}:\t${on.name}\n`);
    const here = rows.filter((row) => row.interface === on);
    if (!on.loopback) for (const mac of new Set(here.map(macOf))) process.print(`\tlink  ${mac}\n`);
    for (const { group, users } of here) {
      const kind = group.includes(':') ? 'inet6' : 'inet ';
      process.print(`\t${kind} ${group}${users > 1 ? ` users ${users}` : ''}\n`);
    }
  }
  return 0;
}

/** `ip mroute`: what a multicast router sends where. */
export function ipMroute(process: Process, [verb = 'show']: readonly string[]): number {
  if (!'show'.startsWith(verb) && !'list'.startsWith(verb)) throw new UsageError(`"${verb}" is not show`);
  for (const { source, group, from, to } of process.host.ip.multicastRouter?.streams() ?? []) {
    const names = `(${formatIpv4(source)},${formatIpv4(group)})`.padEnd(33);
    const state = to === null ? 'unresolved' : 'resolved';
    const out = to === null || to.length === 0 ? '' : ` Oifs: ${to.join(' ')}`;
    process.print(`${names}Iif: ${from.padEnd(10)}${out}  State: ${state}\n`);
  }
  return 0;
}

/** The MAC address of a group (RFC 1112 6.4, RFC 2464 7). */
function macOf({ group }: GroupRow): string {
  const address = IpAddress.parse(group)!;
  return `${address.family === 4 ? multicastMac(address.v4) : new MacAddress(0x3333, address.w3)}`;
}
