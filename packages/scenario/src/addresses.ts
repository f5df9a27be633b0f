/**
 * Addresses in a scenario, and advice on what is wrong with one. The stack's parsers decide what is right; this file
 * only explains.
 */
import { formatIpv4, IpAddress, parseIpv4 } from '@netarium/stack/base/ip-address';
import { MacAddress } from '@netarium/stack/base/mac-address';
import { Prefix } from '@netarium/stack/base/prefix';
import { adviseInterfaceAddress6, isIpv6 } from './addresses6.ts';
import type { Advice } from './advice.ts';
import { nearest } from './nearest.ts';
import { quoted } from './problem.ts';

export type { Advice } from './advice.ts';

/** An IPv4 address as an unsigned 32-bit number, with the length of its prefix. */
export interface Ipv4Prefix {
  readonly address: number;
  readonly length: number;
}

/** Stands where an address does: it is asked for. */
export const DHCP = 'dhcp';
/** The same: of the interface's own choice (RFC 3927). */
export const LINK_LOCAL = 'link-local';
const ADDRESS = 'an IPv4 address such as 10.0.1.1';
const INTERFACE = 'an address and its prefix length, such as 10.0.1.10/24';
const NETWORK = 'a network such as 10.0.2.0/24, or default';

/** An IPv4 address; null for anything else. */
export function readAddress(text: string): number | null {
  const address = parseIpv4(text);
  return address < 0 ? null : address;
}

export function readPrefix(text: string): Ipv4Prefix | null {
  const prefix = Prefix.parse(text);
  return prefix?.address.family === 4 ? { address: prefix.address.v4, length: prefix.length } : null;
}

export const addressText: (address: number) => string = formatIpv4;

export function prefixText({ address, length }: Ipv4Prefix): string {
  return `${addressText(address)}/${length}`;
}

export function maskOf(length: number): number {
  return length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0;
}

export function networkOf({ address, length }: Ipv4Prefix): number {
  return (address & maskOf(length)) >>> 0;
}

export function contains(prefix: Ipv4Prefix, address: number): boolean {
  return (address & maskOf(prefix.length)) >>> 0 === networkOf(prefix);
}

export function broadcastOf(prefix: Ipv4Prefix): number {
  return (networkOf(prefix) | ~maskOf(prefix.length)) >>> 0;
}

/** The network's own address or its broadcast address, which no interface may have. RFC 3021: a /31 has neither. */
export function isReserved(prefix: Ipv4Prefix): 'network' | 'broadcast' | null {
  if (prefix.length > 30) return null;
  if (prefix.address === networkOf(prefix)) return 'network';
  return prefix.address === broadcastOf(prefix) ? 'broadcast' : null;
}

/** What is wrong with `10.0.1.10/24` as an interface's address; null: nothing. */
export function adviseInterfaceAddress(text: string): Advice | null {
  if (text === DHCP || text === LINK_LOCAL) return null;
  if (isIpv6(text)) return adviseInterfaceAddress6(text);
  const prefix = readPrefix(text);
  if (prefix === null) {
    const word = /^[a-z]/i.test(text) ? nearest(text, [DHCP, LINK_LOCAL]) : undefined;
    if (word !== undefined)
      return { message: `${quoted(text)} is not an address`, expected: INTERFACE, suggestion: word };
    if (readAddress(text) === null) return malformed(text, INTERFACE, '/24');
    return { message: `${quoted(text)} has no prefix length`, expected: INTERFACE, suggestion: `${text}/24` };
  }
  const special = unusable(prefix.address);
  if (special !== null) return { message: `${addressText(prefix.address)} is ${special}`, expected: INTERFACE };
  const reserved = isReserved(prefix);
  if (reserved === null) return null;
  const network = prefixText({ address: networkOf(prefix), length: prefix.length });
  const whose = reserved === 'network' ? 'stands for the whole network' : 'is the broadcast address of';
  const neighbour = reserved === 'network' ? prefix.address + 1 : prefix.address - 1;
  return {
    message: `${addressText(prefix.address)} ${whose} ${network}`,
    expected: 'an address of a host in it',
    suggestion: prefixText({ address: neighbour, length: prefix.length }),
  };
}

/** What is wrong with `10.0.1.1` as the address of somebody else. */
export function adviseAddress(text: string): Advice | null {
  const address = readAddress(text);
  if (address !== null) {
    const special = unusable(address);
    return special === null ? null : { message: `${text} is ${special}`, expected: ADDRESS };
  }
  const prefix = readPrefix(text);
  if (prefix === null) return malformed(text, ADDRESS, '');
  const suggestion = addressText(prefix.address);
  return { message: `${quoted(text)} has a prefix length, which does not belong here`, expected: ADDRESS, suggestion };
}

/** What is wrong with `10.0.2.0/24` as where a route leads. */
export function adviseDestination(text: string): Advice | null {
  if (text === 'default') return null;
  const prefix = readPrefix(text);
  if (prefix === null) {
    if (readAddress(text) === null) return malformed(text, NETWORK, '/24');
    return { message: `${quoted(text)} has no prefix length`, expected: NETWORK, suggestion: `${text}/32` };
  }
  const network = networkOf(prefix);
  if (network === prefix.address) return null;
  const suggestion = prefixText({ address: network, length: prefix.length });
  return { message: `${quoted(text)} has bits set behind its prefix`, expected: NETWORK, suggestion };
}

export function adviseMac(text: string): Advice | null {
  const expected = 'six bytes in hexadecimal, such as 02:00:00:00:00:01';
  const mac = MacAddress.parse(text);
  if (mac === null) {
    const digits = text.replace(/[:.-]/g, '');
    const written = /^[0-9a-f]{12}$/i.test(digits) ? (digits.toLowerCase().match(/../g) ?? []).join(':') : '';
    const message = `${quoted(text)} is not a MAC address`;
    return written !== '' && adviseMac(written) === null
      ? { message, expected, suggestion: written }
      : { message, expected };
  }
  if (mac.isBroadcast) return { message: `${quoted(text)} is the broadcast address`, expected };
  if (mac.equals(MacAddress.ZERO)) return { message: `${quoted(text)} is no address at all`, expected };
  if (!mac.isMulticast) return null;
  const single = new MacAddress((mac.hi & 0xfeff) | 0x0200, mac.lo); // one machine's, locally administered
  const message = `${quoted(text)} is a group's address: its first byte is odd`;
  return { message, expected, suggestion: String(single) };
}

/** RFC 6890: what no interface of a host can be addressed by. */
function unusable(address: number): string | null {
  const first = address >>> 24;
  if (first === 0) return 'in 0.0.0.0/8, which means "this network"';
  if (first === 127) return 'a loopback address, which every host has already';
  if (first >= 224 && first < 240) return 'a multicast address, which belongs to groups';
  if (first >= 240) return 'in 240.0.0.0/4, which is reserved';
  return null;
}

function malformed(text: string, expected: string, length: string): Advice {
  const [host = '', given] = text.split('/', 2);
  if (IpAddress.parse(host)?.family === 6)
    return { message: `${quoted(text)} is an IPv6 address, where one of IPv4 belongs`, expected };
  const parts = host.split('.');
  if (!parts.every((part) => /^\d+$/.test(part))) return { message: `${quoted(text)} is not an address`, expected };
  if (parts.length !== 4) {
    return {
      message: `${quoted(text)} has ${parts.length} ${parts.length === 1 ? 'number' : 'numbers'} where an address has four`,
      expected,
    };
  }
  const big = parts.find((part) => Number(part) > 255);
  if (big !== undefined)
    return { message: `${quoted(text)} is not an address: ${big.slice(0, 20)} is more than 255`, expected };
  const plain = parts.map(Number).join('.');
  const suffix = given !== undefined && /^(?:\d|[12]\d|3[0-2])$/.test(given) ? `/${given}` : length;
  if (parts.some((part) => part.length > 1 && part.startsWith('0'))) {
    return { message: `${quoted(text)} has a number with a leading 0`, expected, suggestion: plain + suffix };
  }
  return { message: `${quoted(text)} has no prefix length from 0 to 32`, expected, suggestion: plain + suffix };
}
