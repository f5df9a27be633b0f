import { Drop, type DropReason } from '../../base/drop-reasons.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { protocolName } from '../ipv4-header.ts';

/**
 * The IPv6 header (RFC 8200 3).
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-------+---------------+---------------------------------------+
 *     |Version| Traffic Class |              Flow Label               |
 *     +-------+---------------+-------+---------------+---------------+
 *     |         Payload Length        |  Next Header  |   Hop Limit   |
 *     +-------------------------------+---------------+---------------+
 *     |                                                               |
 *     +                         Source Address                        +
 *     |                            16 bytes                           |
 *     +---------------------------------------------------------------+
 *     |                                                               |
 *     +                      Destination Address                      +
 *     |                            16 bytes                           |
 *     +---------------------------------------------------------------+
 *
 * The payload length counts what follows these 40 bytes, extension headers included. There is no checksum: the
 * transport's covers the addresses.
 */
export const IPV6_HEADER_LENGTH = 40;
/** Bytes of header and the longest payload that is no jumbogram. */
export const IPV6_MAX_LENGTH = 65_535 + IPV6_HEADER_LENGTH;

const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
const HOP_LIMIT = 7;
const SOURCE = 8;
const DESTINATION = 24;

/** Where the first next-header field stands: for who walks the chain of headers. */
export const IPV6_NEXT_HEADER_OFFSET = NEXT_HEADER;
export const IPV6_PAYLOAD_LENGTH_OFFSET = PAYLOAD_LENGTH;

/**
 * Whether an IPv6 header stands at `packet.start`: 0, or why not. With 0 returned, all getters may be used, and the
 * packet is at least as long as it says. A jumbogram (RFC 2675) says 0 and is then a packet without anything behind.
 */
export function checkIpv6Header(packet: PacketBuffer): DropReason {
  const view = packet.view;
  const at = packet.start;
  const available = packet.end - at;
  if (available < IPV6_HEADER_LENGTH) return Drop.IP_TOO_SHORT;
  if (view.getUint8(at) >> 4 !== 6) return Drop.IP_BAD_VERSION;
  if (view.getUint16(at + PAYLOAD_LENGTH) + IPV6_HEADER_LENGTH > available) return Drop.IP_BAD_TOTAL_LENGTH;
  return Drop.NONE;
}

/** DS field and ECN bits, as IPv4's TOS. */
export function ipv6TrafficClass(view: DataView, at: number): number {
  return (view.getUint16(at) >> 4) & 0xff;
}
/** 20 bits; 0: none (RFC 6437). */
export function ipv6FlowLabel(view: DataView, at: number): number {
  return view.getUint32(at) & 0xfffff;
}
export function ipv6PayloadLength(view: DataView, at: number): number {
  return view.getUint16(at + PAYLOAD_LENGTH);
}
/** Bytes of header and payload. */
export function ipv6TotalLength(view: DataView, at: number): number {
  return view.getUint16(at + PAYLOAD_LENGTH) + IPV6_HEADER_LENGTH;
}
export function setIpv6PayloadLength(view: DataView, at: number, length: number): void {
  view.setUint16(at + PAYLOAD_LENGTH, length);
}
/** What follows: an extension header or a protocol. */
export function ipv6NextHeader(view: DataView, at: number): number {
  return view.getUint8(at + NEXT_HEADER);
}
export function setIpv6NextHeader(view: DataView, at: number, next: number): void {
  view.setUint8(at + NEXT_HEADER, next);
}
export function ipv6HopLimit(view: DataView, at: number): number {
  return view.getUint8(at + HOP_LIMIT);
}
export function setIpv6HopLimit(view: DataView, at: number, hopLimit: number): void {
  view.setUint8(at + HOP_LIMIT, hopLimit);
}
export function ipv6Source(view: DataView, at: number): IpAddress {
  return IpAddress.read6(view, at + SOURCE);
}
export function ipv6Destination(view: DataView, at: number): IpAddress {
  return IpAddress.read6(view, at + DESTINATION);
}
/**
 * Whether both addresses are global unicast ones (2000::/3, RFC 4291 2.4) or unique local ones (fc00::/7, RFC 4193):
 * nothing is special about them, and most packets are such.
 */
export function ipv6IsOrdinary(view: DataView, at: number): boolean {
  const source = view.getUint8(at + SOURCE);
  const destination = view.getUint8(at + DESTINATION);
  return (source >> 5 === 1 || source >> 1 === 0x7e) && (destination >> 5 === 1 || destination >> 1 === 0x7e);
}

/** One of the four words of an address, the first being 0; not negative. */
export function ipv6SourceWord(view: DataView, at: number, word: number): number {
  return view.getUint32(at + SOURCE + word * 4);
}
export function ipv6DestinationWord(view: DataView, at: number, word: number): number {
  return view.getUint32(at + DESTINATION + word * 4);
}

/** Writes a header of which the eight words of both addresses, source first, are at hand: ten stores. */
export function writeIpv6Words(
  view: DataView,
  at: number,
  trafficClass: number,
  flowLabel: number,
  payloadLength: number,
  nextHeader: number,
  hopLimit: number,
  addresses: Int32Array,
): void {
  view.setInt32(at, 0x60000000 | (trafficClass << 20) | flowLabel);
  view.setInt32(at + PAYLOAD_LENGTH, (payloadLength << 16) | (nextHeader << 8) | hopLimit);
  view.setInt32(at + SOURCE, addresses[0]!);
  view.setInt32(at + SOURCE + 4, addresses[1]!);
  view.setInt32(at + SOURCE + 8, addresses[2]!);
  view.setInt32(at + SOURCE + 12, addresses[3]!);
  view.setInt32(at + DESTINATION, addresses[4]!);
  view.setInt32(at + DESTINATION + 4, addresses[5]!);
  view.setInt32(at + DESTINATION + 8, addresses[6]!);
  view.setInt32(at + DESTINATION + 12, addresses[7]!);
}

/** Writes a header: ten stores. */
export function writeIpv6Header(
  view: DataView,
  at: number,
  trafficClass: number,
  flowLabel: number,
  payloadLength: number,
  nextHeader: number,
  hopLimit: number,
  source: IpAddress,
  destination: IpAddress,
): void {
  view.setUint32(at, 0x60000000 | (trafficClass << 20) | flowLabel);
  view.setUint32(at + PAYLOAD_LENGTH, (payloadLength << 16) | (nextHeader << 8) | hopLimit);
  view.setUint32(at + SOURCE, source.w0);
  view.setUint32(at + SOURCE + 4, source.w1);
  view.setUint32(at + SOURCE + 8, source.w2);
  view.setUint32(at + SOURCE + 12, source.w3);
  view.setUint32(at + DESTINATION, destination.w0);
  view.setUint32(at + DESTINATION + 4, destination.w1);
  view.setUint32(at + DESTINATION + 8, destination.w2);
  view.setUint32(at + DESTINATION + 12, destination.w3);
}

/** The sum of both addresses in the pseudo header (RFC 8200 8.1), unfolded; who sends adds length and protocol. */
export function ipv6AddressSum(source: IpAddress, destination: IpAddress): number {
  const { w0, w1, w2, w3 } = source;
  return w0 + w1 + w2 + w3 + destination.w0 + destination.w1 + destination.w2 + destination.w3;
}

/** The same of a header that stands there. */
export function ipv6AddressSumAt(view: DataView, at: number): number {
  let words = 0;
  for (let offset = SOURCE; offset < IPV6_HEADER_LENGTH; offset += 4) words += view.getUint32(at + offset);
  return words;
}

/** `2001:db8::1 > 2001:db8::2 TCP, hop limit 64, 1500 bytes`: for people; the header is one that was checked. */
export function describeIpv6(view: DataView, at: number): string {
  const parts = [
    `${ipv6Source(view, at)} > ${ipv6Destination(view, at)} ${nextHeaderName(ipv6NextHeader(view, at))}`,
    `hop limit ${ipv6HopLimit(view, at)}`,
  ];
  const trafficClass = ipv6TrafficClass(view, at);
  if (trafficClass !== 0) parts.push(`class 0x${trafficClass.toString(16).padStart(2, '0')}`);
  parts.push(`${ipv6TotalLength(view, at)} bytes`);
  return parts.join(', ');
}

const EXTENSION_NAMES = new Map([
  [0, 'hop-by-hop options'],
  [43, 'routing header'],
  [44, 'fragment'],
  [59, 'no next header'],
  [60, 'destination options'],
]);

/** `TCP` for 6, `fragment` for 44. */
export function nextHeaderName(nextHeader: number): string {
  return EXTENSION_NAMES.get(nextHeader) ?? protocolName(nextHeader);
}
