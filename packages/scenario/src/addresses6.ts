/** IPv6 addresses in a scenario, and advice on what is wrong with one. */
import { IpAddress } from '@netarium/stack/base/ip-address';
import { Prefix } from '@netarium/stack/base/prefix';
import type { Advice } from './advice.ts';
import { quoted } from './problem.ts';

const INTERFACE = 'an address and its prefix length, such as 2001:db8:1::10/64';

/** Is this text meant as an IPv6 address? No IPv4 address has a colon. */
export function isIpv6(text: string): boolean {
  return text.includes(':');
}

/** An IPv6 address; null for anything else. */
export function readAddress6(text: string): IpAddress | null {
  const address = IpAddress.parse(text);
  return address?.family === 6 ? address : null;
}

export function readPrefix6(text: string): Prefix | null {
  const prefix = Prefix.parse(text);
  return prefix?.address.family === 6 ? prefix : null;
}

/** What is wrong with `2001:db8:1::10/64` as an interface's address; null: nothing. */
export function adviseInterfaceAddress6(text: string): Advice | null {
  const prefix = readPrefix6(text);
  if (prefix === null) return adviseLength(text, INTERFACE, '/64');
  const special = unusable6(prefix.address);
  return special === null ? null : { message: `${prefix.address} is ${special}`, expected: INTERFACE };
}

/** What is wrong with an IPv6 address that should have a prefix length; `length` is the one that is likely meant. */
export function adviseLength(text: string, expected: string, length: string): Advice {
  const [address = '', given] = text.split('/', 2);
  if (readAddress6(address) === null) return { message: `${quoted(text)} is not an address`, expected };
  const suggestion = `${address}${length}`;
  if (given === undefined) return { message: `${quoted(text)} has no prefix length`, expected, suggestion };
  return { message: `${quoted(text)} has no prefix length from 0 to 128`, expected, suggestion };
}

/** RFC 4291: what no interface of a host can be addressed by. */
export function unusable6(address: IpAddress): string | null {
  if (address.isUnspecified) return "the unspecified address, which is nobody's";
  if (address.isLoopback) return 'the loopback address, which every host has already';
  if (address.isMulticast) return 'a multicast address, which belongs to groups';
  if (address.isMapped) return 'an IPv4 address in the clothes of IPv6, which is for programs';
  return null;
}
