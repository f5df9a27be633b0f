/** Advice on what is wrong with the words of DHCP and DNS: pools, domains, the addresses of servers. */
import { IpAddress, parseIpv4 } from '@netarium/stack/base/ip-address';
import { MacAddress } from '@netarium/stack/base/mac-address';
import { Prefix } from '@netarium/stack/base/prefix';
import { parseDuration, type UnitProblem } from '@netarium/stack/base/units';
import { DomainName, parseName } from '@netarium/stack/l7-application/dns/name';
import type { Advice } from './addresses.ts';
import { quoted } from './problem.ts';

export const POOL = 'two addresses with a hyphen between them, such as 10.0.1.100-10.0.1.199';
export const SERVER = 'an address such as 10.0.1.53';
export const DOMAIN = 'a domain such as campus.test';
export const NETWORK = 'a network such as 10.0.2.0/24';

/** From the first to the last address; null for what is no such range. */
export function readPool(text: string): { readonly first: number; readonly last: number } | null {
  const [first = -1, last = first, ...more] = text.split('-').map((part) => parseIpv4(part.trim()));
  return more.length > 0 || first < 0 || last < first ? null : { first, last };
}

export function advisePool(text: string): Advice | null {
  if (readPool(text) !== null) return null;
  const parts = text.split('-').map((part) => part.trim());
  const [first = '', last = ''] = parts;
  // 10.0.1.100-199: as some write it.
  const short = /^(\d+\.\d+\.\d+)\.\d+$/.exec(first);
  const suggestion = short !== null && /^\d{1,3}$/.test(last) ? `${first}-${short[1]}.${last}` : undefined;
  if (suggestion !== undefined && readPool(suggestion) !== null) {
    return { message: `${quoted(text)} is no range of addresses`, expected: POOL, suggestion };
  }
  if (parts.length === 2 && parts.every((part) => parseIpv4(part) >= 0)) {
    return { message: `${quoted(text)} ends before it begins`, expected: POOL, suggestion: `${last}-${first}` };
  }
  return { message: `${quoted(text)} is no range of addresses`, expected: POOL };
}

/** The address of somebody who can be asked, of either family. */
export function adviseServer(text: string): Advice | null {
  const address = IpAddress.parse(text);
  if (address === null) {
    const { address: bare } = Prefix.parse(text) ?? { address: null };
    const hint = bare === null ? {} : { suggestion: String(bare) };
    const what = bare === null ? 'is not an address' : 'has a prefix length, which does not belong here';
    return { message: `${quoted(text)} ${what}`, expected: SERVER, ...hint };
  }
  if (!address.isUnspecified && !address.isMulticast && !address.isLimitedBroadcast) return null;
  return { message: `${text} is the address of no single machine`, expected: SERVER };
}

export function adviseDomain(text: string): Advice | null {
  const name = parseName(text, DomainName.ROOT);
  if (typeof name === 'string') return { message: `${quoted(text)} is no domain: ${name}`, expected: DOMAIN };
  if (name.isRoot) return { message: 'the root is nobody else', expected: DOMAIN };
  const odd = name.labels.find((label) => !/^[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?$/.test(label));
  return odd === undefined
    ? null
    : { message: `${quoted(text)} is no domain of hosts: ${quoted(odd)}`, expected: DOMAIN };
}

export function adviseNetwork(text: string): Advice | null {
  const prefix = Prefix.parse(text);
  if (prefix === null) return { message: `${quoted(text)} is no network`, expected: NETWORK };
  const network = `${prefix.network}/${prefix.length}`;
  if (prefix.network.equals(prefix.address)) return null;
  return { message: `${quoted(text)} has bits set behind its prefix`, expected: NETWORK, suggestion: network };
}

/** What a reservation is for: a MAC address; names of nodes are looked at where all nodes are known. */
export function isStation(text: string): boolean {
  return MacAddress.parse(text) !== null;
}

/** How long a lease lasts: a duration, or for ever. */
export function parseLease(value: string | number): number | UnitProblem {
  if (value === 'infinite') return 0;
  const result = parseDuration(value);
  if (typeof result !== 'number') return { ...result, suggestion: '12h' };
  return result >= 1e9 ? result : { problem: 'a lease lasts a second at least', suggestion: '12h' };
}
