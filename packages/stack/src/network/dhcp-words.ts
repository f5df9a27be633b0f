import type { IpAddress } from '../base/ip-address.ts';
import { MacAddress } from '../base/mac-address.ts';
import { Prefix } from '../base/prefix.ts';
import type { Host } from '../host/host.ts';
import { BuildError } from './build-error.ts';
import type { DhcpDescription, DhcpPoolDescription, InterfaceDescription } from './description.ts';
import { listOf } from './one-or-more.ts';

/** Where the DHCP server that a description asks for keeps its leases, in its host. */
export const LEASES = '/var/lib/dhcp/dhcpd.leases';

/** What a pool's words leave to the network. */
export interface PoolDefaults {
  /** The name servers, seen from a network. */
  nameServers(network: Prefix): readonly IpAddress[];
  readonly domain: string | null;
  /** Addresses in a network that nodes have by description. */
  taken(network: Prefix): readonly IpAddress[];
  /** The station that a reservation's key names; null: nobody. */
  station(name: string): MacAddress | null;
}

/** The programs that DHCP's words on the interfaces of a host ask for, as their command lines. */
export function dhcpPrograms(
  host: Host,
  interfaces: Readonly<Record<string, InterfaceDescription>>,
  defaults: PoolDefaults,
): string[][] {
  const programs: string[][] = [];
  const serving: string[] = [];
  const relaying: string[] = [];
  const pools: string[] = [];
  let probe = false;
  for (const [name, { address, dhcp }] of Object.entries(interfaces)) {
    if (address === 'dhcp') programs.push(['dhclient', name]);
    if (dhcp === undefined) continue;
    const words: DhcpDescription = dhcp === true ? {} : dhcp;
    if (words.relay !== undefined) {
      relaying.push('-i', `${name}=${listOf(words.relay).join(',')}`);
      continue;
    }
    const own = host.ip.interfaceNamed(name)?.addresses.find((prefix) => prefix.address.family === 4);
    if (own === undefined)
      throw new BuildError(`${host.name}:${name}: a DHCP server has an IPv4 address of its own there`);
    serving.push('-i', name);
    pools.push(...poolWords(`${own.network}/${own.length}`, own, words, defaults));
    for (const network of words.networks ?? []) pools.push(...poolWords(network.network, own, network, defaults));
    probe ||= words.probe === true;
  }
  if (relaying.length > 0) programs.push(['dhcrelay', '-a', ...relaying]);
  if (serving.length > 0) programs.push(['dhcpd', '-a', ...(probe ? ['-p'] : []), '-f', LEASES, ...serving, ...pools]);
  return programs;
}

function poolWords(network: string, own: Prefix, words: DhcpPoolDescription, defaults: PoolDefaults): string[] {
  const list: string[] = [`subnet=${network}`];
  const add = (word: string, value: string | number | readonly string[] | undefined): void => {
    if (value !== undefined && (typeof value !== 'object' || value.length > 0))
      list.push(`${word}=${typeof value === 'object' ? value.join(',') : value}`);
  };
  for (const range of listOf(words.pool)) add('range', range);
  add('exclude', defaults.taken(Prefix.parse(network)!).map(String));
  add('router', words.router);
  add('dns', words.dns ?? defaults.nameServers(own).map(String));
  add('domain', words.domain ?? defaults.domain ?? undefined);
  add('search', words.search);
  add('ntp', words.ntp);
  add('mtu', words.mtu);
  add('lease', words.lease);
  for (const [whose, address] of Object.entries(words.reservations ?? {})) {
    const station = MacAddress.parse(whose) ?? defaults.station(whose);
    if (station === null) throw new BuildError(`"${whose}" has ${address} reserved, and is no node and no MAC address`);
    add('host', `${station}/${address}${MacAddress.parse(whose) === null ? `,${whose}` : ''}`);
  }
  for (const { to, via } of words.routes ?? []) add('route', `${to},${via}`);
  if (words.bootp === true) add('bootp', 'yes');
  return list;
}
