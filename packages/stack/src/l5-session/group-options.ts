import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import type { UdpGroups } from '../l4-transport/udp/udp-groups.ts';
import * as c from './constants.ts';

/** What `struct ip_mreq`, `ip_mreqn` and `ip_mreq_source` say (ip(7)). */
export interface GroupRequest {
  readonly group: IpAddress;
  /** The interface's own address, or null. */
  readonly local: IpAddress | null;
  /** The interface's number, or 0. */
  readonly index: number;
  readonly source: IpAddress | null;
}

/** Is it an option at IPPROTO_IP whose value names a group? */
export function isGroupOption(name: number): boolean {
  return name >= c.IP_ADD_MEMBERSHIP && name <= c.IP_DROP_SOURCE_MEMBERSHIP;
}

function hasSource(name: number): boolean {
  return name >= c.IP_UNBLOCK_SOURCE;
}

/**
 * Reads a structure as C has it, addresses in network order; null when it is too short.
 *
 *     ip_mreq         group, interface's address             ip_mreqn   the same and the interface's number
 *     ip_mreq_source  group, interface's address, source
 */
export function groupRequestOf(name: number, bytes: Uint8Array): GroupRequest | null {
  if (bytes.length < (hasSource(name) ? 12 : 8)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const index = !hasSource(name) && bytes.length === 12 ? view.getInt32(8, true) : 0;
  return {
    group: IpAddress.read4(view, 0),
    local: IpAddress.read4(view, 4),
    index,
    source: hasSource(name) ? IpAddress.read4(view, 8) : null,
  };
}

/**
 * The same in words, as people write it: `239.1.2.3`, `239.1.2.3 eth0`, `239.1.2.3 10.0.0.1`, and with a source
 * `232.1.2.3 10.0.0.9`, `232.1.2.3 eth0 10.0.0.9`. `indexOf` gives an interface's number, or 0.
 */
export function groupRequestFrom(name: number, text: string, indexOf: (name: string) => number): GroupRequest | number {
  const words = text.split(/[\s,]+/);
  const group = IpAddress.parse(words[0]!);
  if (group === null || group.family !== 4) return -Errno.EINVAL;
  const source = hasSource(name) ? IpAddress.parse(words[words.length - 1]!) : null;
  if (hasSource(name) && (source === null || words.length < 2)) return -Errno.EINVAL;
  const where = words.slice(1, hasSource(name) ? -1 : undefined);
  if (where.length > 1) return -Errno.EINVAL;
  if (where.length === 0) return { group, local: null, index: 0, source };
  const local = IpAddress.parse(where[0]!);
  const index = local === null ? indexOf(where[0]!) : 0;
  if (local === null && index === 0) return -Errno.ENODEV;
  return { group, local, index, source };
}

/** Does what the option asks for. */
export function applyGroupOption(groups: UdpGroups, name: number, request: GroupRequest): number {
  const { group, index, local } = request;
  const source = request.source ?? IpAddress.ANY4;
  switch (name) {
    case c.IP_ADD_MEMBERSHIP:
      return groups.join(group, index, local);
    case c.IP_DROP_MEMBERSHIP:
      return groups.leave(group, index, local);
    case c.IP_ADD_SOURCE_MEMBERSHIP:
      return groups.addSource(group, index, local, source);
    case c.IP_DROP_SOURCE_MEMBERSHIP:
      return groups.dropSource(group, index, local, source);
    case c.IP_BLOCK_SOURCE:
      return groups.block(group, index, local, source, true);
    case c.IP_UNBLOCK_SOURCE:
      return groups.block(group, index, local, source, false);
    default:
      return -Errno.ENOPROTOOPT;
  }
}

/** What the value of IP_MULTICAST_IF says: an address of 4 bytes, or a `struct ip_mreqn` (or `ip_mreq`, its group unused). */
export function multicastInterfaceOf(bytes: Uint8Array): { local: IpAddress; index: number } | null {
  if (bytes.length < 4) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 8) return { local: IpAddress.read4(view, 0), index: 0 };
  return { local: IpAddress.read4(view, 4), index: bytes.length >= 12 ? view.getInt32(8, true) : 0 };
}

const VERBS = new Map<number, string>([
  [c.IP_ADD_MEMBERSHIP, 'join'],
  [c.IP_DROP_MEMBERSHIP, 'leave'],
  [c.IP_ADD_SOURCE_MEMBERSHIP, 'join'],
  [c.IP_DROP_SOURCE_MEMBERSHIP, 'leave'],
  [c.IP_BLOCK_SOURCE, 'block'],
  [c.IP_UNBLOCK_SOURCE, 'unblock'],
]);

/** `join 239.1.2.3`, `join 232.1.2.3 from 10.0.0.9`: for people. */
export function groupOptionText(name: number, { group, source }: GroupRequest): string {
  return `${VERBS.get(name)} ${group}${source === null ? '' : ` from ${source}`}`;
}
