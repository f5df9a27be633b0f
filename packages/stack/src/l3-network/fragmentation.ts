import { completeChecksum } from '../base/offload.ts';
import { HEADROOM, type PacketBuffer } from '../base/packet-buffer.ts';
import {
  IPV4_HEADER_LENGTH,
  ipv4FlagsAndOffset,
  ipv4HeaderLength,
  MORE_FRAGMENTS,
  resizeIpv4,
  setIpv4HeaderLength,
} from './ipv4-header.ts';
import { copyOptions } from './ipv4-options.ts';

/**
 * Cuts an IPv4 packet into fragments that fit `mtu` (RFC 791 3.2), and ends it. `packet.start` stands at its header.
 *
 *     | header | payload                                                        |
 *     | header | 1480 bytes, MF |
 *              | header | 1480 bytes, MF |            every fragment but the last carries a multiple of 8 bytes
 *                       | header | the rest |
 *
 * Returns the first fragment; the others follow by `next`. Works as well on what is a fragment already: RFC 791's
 * offsets count from the whole datagram. Null when `mtu` leaves no room for 8 bytes; the packet is then untouched.
 */
export function fragmentIpv4(packet: PacketBuffer, mtu: number): PacketBuffer | null {
  const headerLength = ipv4HeaderLength(packet.view, packet.start);
  const room = (mtu - headerLength) & ~7;
  if (room < 8) return null;
  completeChecksum(packet); // it covers the whole payload, which nobody sees any more after this
  const end = packet.end;
  const flags = ipv4FlagsAndOffset(packet.view, packet.start);
  let first: PacketBuffer | null = null;
  let last: PacketBuffer | null = null;
  for (let from = packet.start + headerLength; from < end; from += room) {
    const size = Math.min(room, end - from);
    const fragment = fragmentHeader(packet, headerLength, size, first === null);
    fragment.append(packet.bytes, from, from + size);
    const more = from + size < end ? MORE_FRAGMENTS : flags & MORE_FRAGMENTS;
    // Adding to the old offset: flags stand above it, and no datagram is long enough for a carry into them.
    const offset = (flags & ~MORE_FRAGMENTS) + ((from - packet.start - headerLength) >> 3);
    resizeIpv4(fragment.view, fragment.start, fragment.length, offset | more);
    if (last === null) first = fragment;
    else last.next = fragment;
    last = fragment;
  }
  packet.release();
  return first;
}

/** A packet with the fragment's header: all options in the first, in the others those that are to be copied. */
function fragmentHeader(packet: PacketBuffer, headerLength: number, size: number, isFirst: boolean): PacketBuffer {
  const fragment = packet.pool.acquire(headerLength + size, HEADROOM);
  const at = fragment.put(headerLength);
  fragment.bytes.set(packet.bytes.subarray(packet.start, packet.start + headerLength), at);
  if (!isFirst && headerLength > IPV4_HEADER_LENGTH) {
    const options = at + IPV4_HEADER_LENGTH;
    const kept = copyOptions(
      packet.bytes,
      packet.start + IPV4_HEADER_LENGTH,
      packet.start + headerLength,
      fragment.bytes,
      options,
    );
    fragment.end = options + kept;
    setIpv4HeaderLength(fragment.view, at, IPV4_HEADER_LENGTH + kept);
  }
  fragment.l3 = at;
  fragment.l4 = isFirst ? fragment.end : -1;
  fragment.id = packet.id;
  return fragment;
}
