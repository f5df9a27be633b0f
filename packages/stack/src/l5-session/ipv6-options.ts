import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import * as c from './constants.ts';

/**
 * Options at IPPROTO_IPV6 (ipv6(7), RFC 3493 5, RFC 3542) that are the same thing as one at IPPROTO_IP. A socket keeps
 * both under one value, while Linux keeps two: a program that speaks both families by one socket, and wants another hop
 * limit for each, is yet to be found.
 */
const TWINS = new Map<number, number>([
  [c.IPV6_UNICAST_HOPS, c.IP_TTL],
  [c.IPV6_TCLASS, c.IP_TOS],
  [c.IPV6_MULTICAST_HOPS, c.IP_MULTICAST_TTL],
  [c.IPV6_MULTICAST_LOOP, c.IP_MULTICAST_LOOP],
  [c.IPV6_MTU_DISCOVER, c.IP_MTU_DISCOVER],
  [c.IPV6_MTU, c.IP_MTU],
  [c.IPV6_RECVERR, c.IP_RECVERR],
  [c.IPV6_RECVHOPLIMIT, c.IP_RECVTTL],
]);

/** The option at IPPROTO_IP that does what one at IPPROTO_IPV6 asks for; 0: there is none. */
export function twinOf(level: number, name: number, family: number): number {
  return level === c.IPPROTO_IPV6 && family === c.AF_INET6 ? (TWINS.get(name) ?? 0) : 0;
}

/** The value that the twin is given: IPv6 has defaults (-1) where IPv4 has none. A negated error number: it is wrong. */
export function twinValue(name: number, value: number): number {
  if (name === c.IPV6_TCLASS) return value < -1 || value > 255 ? -Errno.EINVAL : Math.max(0, value);
  if (name === c.IPV6_MULTICAST_LOOP) return value === 0 || value === 1 ? value : -Errno.EINVAL;
  if (name === c.IPV6_UNICAST_HOPS && value < -1) return -Errno.EINVAL;
  return value;
}

/** What `struct ipv6_mreq` says: the group and the interface's number; null when it is too short. */
export function groupRequest6(bytes: Uint8Array): { group: IpAddress; index: number } | null {
  if (bytes.length < 20) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { group: IpAddress.read6(view, 0), index: view.getInt32(16, true) };
}

/** The same in words: `ff02::fb`, `ff02::fb eth0`, `ff02::fb%eth0`. A negated error number for anything else. */
export function groupRequestFrom6(
  text: string,
  indexOf: (name: string) => number,
): { group: IpAddress; index: number } | number {
  const [address = '', device, ...rest] = text.split(/[\s,%]+/);
  const group = IpAddress.parse(address);
  if (group === null || group.family !== 6 || rest.length > 0) return -Errno.EINVAL;
  const index = device === undefined ? 0 : indexOf(device);
  return device !== undefined && index === 0 ? -Errno.ENODEV : { group, index };
}
