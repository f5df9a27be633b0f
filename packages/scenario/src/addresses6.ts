/** IPv6 addresses in a scenario, and advice on what is wrong with one; and on addresses of either family. */
import { IpAddress } from '@netarium/stack/base/ip-address';
import { Prefix } from '@netarium/stack/base/prefix';
import { type Advice, adviseAddress, adviseDestination } from './addresses.ts';
import { quoted } from './problem.ts';

const ADDRESS = 'an address such as 10.0.1.1 or 2001:db8:1::1';
const INTERFACE = 'an address and its prefix length, such as 2001:db8:1::10/64';
const NETWORK = 'a network such as 2001:db8:2::/64, or default';

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
  const special = unusable(prefix.address);
  return special === null ? null : { message: `${prefix.address} is ${special}`, expected: INTERFACE };
}

/** What is wrong with an address of either family as that of somebody else. */
export function adviseEitherAddress(text: string): Advice | null {
  if (!isIpv6(text)) {
    const advice = adviseAddress(text);
    return advice === null ? null : { ...advice, expected: ADDRESS };
  }
  const address = readAddress6(text);
  if (address !== null) {
    const special = unusable(address);
    return special === null ? null : { message: `${text} is ${special}`, expected: ADDRESS };
  }
  const prefix = readPrefix6(text);
  if (prefix === null) return { message: `${quoted(text)} is not an address`, expected: ADDRESS };
  const suggestion = `${prefix.address}`;
  return { message: `${quoted(text)} has a prefix length, which does not belong here`, expected: ADDRESS, suggestion };
}

/** What is wrong with a network of either family as where a route leads. */
export function adviseEitherDestination(text: string): Advice | null {
  if (!isIpv6(text)) return adviseDestination(text);
  const prefix = readPrefix6(text);
  if (prefix === null) return adviseLength(text, NETWORK, '/128');
  if (prefix.address.equals(prefix.network)) return null;
  const suggestion = `${prefix.network}/${prefix.length}`;
  return { message: `${quoted(text)} has bits set behind its prefix`, expected: NETWORK, suggestion };
}

function adviseLength(text: string, expected: string, length: string): Advice {
  const [address = '', given] = text.split('/', 2);
  if (readAddress6(address) === null) return { message: `${quoted(text)} is not an address`, expected };
  const suggestion = `${address}${length}`;
  if (given === undefined) return { message: `${quoted(text)} has no prefix length`, expected, suggestion };
  return { message: `${quoted(text)} has no prefix length from 0 to 128`, expected, suggestion };
}

/** RFC 4291: what no interface of a host can be addressed by. */
function unusable(address: IpAddress): string | null {
  if (address.isUnspecified) return "the unspecified address, which is nobody's";
  if (address.isLoopback) return 'the loopback address, which every host has already';
  if (address.isMulticast) return 'a multicast address, which belongs to groups';
  if (address.isMapped) return 'an IPv4 address in the clothes of IPv6, which is for programs';
  return null;
}
