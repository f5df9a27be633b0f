import { completeChecksum } from '../../base/offload.ts';
import { HEADROOM, type PacketBuffer } from '../../base/packet-buffer.ts';
import { FRAGMENT_HEADER_LENGTH, NextHeader, writeFragmentHeader } from './extension-headers.ts';
import { IPV6_HEADER_LENGTH, ipv6NextHeader, setIpv6NextHeader, setIpv6PayloadLength } from './ipv6-header.ts';

/**
 * Cuts an IPv6 packet of this host into fragments that fit `mtu` (RFC 8200 4.5), and ends it. `packet.start` stands at
 * its header, behind which no extension header does: a host sends none with what can be too long.
 *
 *     | IPv6 | payload                                                     |
 *     | IPv6 | fragment header, M | 1448 bytes |
 *                                 | IPv6 | fragment header | the rest    |
 *
 * Returns the first fragment; the others follow by `next`. Null when `mtu` leaves no room for 8 bytes; the packet is
 * then untouched.
 */
export function fragmentIpv6(packet: PacketBuffer, mtu: number, identification: number): PacketBuffer | null {
  const headers = IPV6_HEADER_LENGTH + FRAGMENT_HEADER_LENGTH;
  const room = (mtu - headers) & ~7;
  if (room < 8) return null;
  completeChecksum(packet); // it covers the whole payload, which nobody sees any more after this
  const payload = packet.start + IPV6_HEADER_LENGTH;
  const end = packet.end;
  const next = ipv6NextHeader(packet.view, packet.start);
  let first: PacketBuffer | null = null;
  let last: PacketBuffer | null = null;
  for (let from = payload; from < end; from += room) {
    const to = Math.min(from + room, end);
    const fragment = packet.pool.acquire(headers + to - from, HEADROOM);
    fragment.append(packet.bytes, packet.start, payload);
    writeFragmentHeader(
      fragment.view,
      fragment.put(FRAGMENT_HEADER_LENGTH),
      next,
      from - payload,
      to < end,
      identification,
    );
    fragment.append(packet.bytes, from, to);
    const at = fragment.start;
    setIpv6NextHeader(fragment.view, at, NextHeader.Fragment);
    setIpv6PayloadLength(fragment.view, at, fragment.length - IPV6_HEADER_LENGTH);
    fragment.l3 = at;
    fragment.l4 = first === null ? at + headers : -1;
    fragment.id = packet.id;
    if (last === null) first = fragment;
    else last.next = fragment;
    last = fragment;
  }
  packet.release();
  return first;
}
