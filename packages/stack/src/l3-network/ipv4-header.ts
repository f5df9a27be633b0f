import { fold, sum } from '../base/checksum.ts';
import { Drop, type DropReason } from '../base/drop-reasons.ts';
import { formatIpv4 } from '../base/ip-address.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { describeOptions } from './ipv4-options.ts';

/**
 * The IPv4 header (RFC 791 3.1; the second byte as RFC 2474 and RFC 3168 have it).
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-------+-------+-----------+---+-------------------------------+
 *     |Version|  IHL  |    DS     |ECN|          Total Length         |
 *     +-------+-------+-----------+---+-----+-------------------------+
 *     |         Identification        |Flags|      Fragment Offset    |
 *     +---------------+---------------+-----+-------------------------+
 *     |  Time to Live |    Protocol   |         Header Checksum       |
 *     +---------------+---------------+-------------------------------+
 *     |                         Source Address                        |
 *     +---------------------------------------------------------------+
 *     |                      Destination Address                      |
 *     +-----------------------------------------------+---------------+
 *     |                    Options                    |    Padding    |
 *     +-----------------------------------------------+---------------+
 *
 * IHL counts 32-bit words, the fragment offset counts 8 bytes.
 */
export const IPV4_HEADER_LENGTH = 20;
export const IPV4_MAX_HEADER_LENGTH = 60;
export const IPV4_MAX_LENGTH = 65_535;

const TOS = 1;
const TOTAL_LENGTH = 2;
const IDENTIFICATION = 4;
const FLAGS_OFFSET = 6;
const TTL = 8;
const PROTOCOL = 9;
const CHECKSUM = 10;
const SOURCE = 12;
const DESTINATION = 16;

/** "Don't fragment" and "more fragments", in the 16 bits that they share with the fragment offset. */
export const DONT_FRAGMENT = 0x4000;
export const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;

/**
 * Whether an IPv4 header stands at `packet.start`, in the order of RFC 1812 5.2.2: 0, or why not. With 0 returned,
 * all getters may be used, and the packet is at least as long as it says.
 */
export function checkIpv4Header(packet: PacketBuffer): DropReason {
  const view = packet.view;
  const at = packet.start;
  const available = packet.end - at;
  if (available < IPV4_HEADER_LENGTH) return Drop.IP_TOO_SHORT;
  const first = view.getUint8(at);
  if (first >> 4 !== 4) return Drop.IP_BAD_VERSION;
  const headerLength = (first & 15) << 2;
  if (headerLength < IPV4_HEADER_LENGTH || headerLength > available) return Drop.IP_BAD_HEADER_LENGTH;
  if (!ipv4ChecksumRight(view, at, headerLength)) return Drop.IP_BAD_CHECKSUM;
  const totalLength = view.getUint16(at + TOTAL_LENGTH);
  if (totalLength < headerLength || totalLength > available) return Drop.IP_BAD_TOTAL_LENGTH;
  return Drop.NONE;
}

/** A header that is right sums to all ones (RFC 1071 1). */
function ipv4ChecksumRight(view: DataView, at: number, headerLength: number): boolean {
  if (headerLength > IPV4_HEADER_LENGTH) return fold(sum(view, at, at + headerLength)) === 0xffff;
  const words =
    view.getUint32(at) +
    view.getUint32(at + 4) +
    view.getUint32(at + 8) +
    view.getUint32(at + 12) +
    view.getUint32(at + 16);
  return fold(words) === 0xffff;
}

/** Bytes of the header, options included. */
export function ipv4HeaderLength(view: DataView, at: number): number {
  return (view.getUint8(at) & 15) << 2;
}
/** DS field and ECN bits: what was the type of service. */
export function ipv4Tos(view: DataView, at: number): number {
  return view.getUint8(at + TOS);
}
/** Bytes of header and payload. */
export function ipv4TotalLength(view: DataView, at: number): number {
  return view.getUint16(at + TOTAL_LENGTH);
}
export function ipv4Identification(view: DataView, at: number): number {
  return view.getUint16(at + IDENTIFICATION);
}
export function setIpv4Identification(view: DataView, at: number, identification: number): void {
  view.setUint16(at + IDENTIFICATION, identification);
}
/** The 16 bits of flags and offset: 0 but for DONT_FRAGMENT means a whole datagram. */
export function ipv4FlagsAndOffset(view: DataView, at: number): number {
  return view.getUint16(at + FLAGS_OFFSET);
}
export function ipv4DontFragment(view: DataView, at: number): boolean {
  return (view.getUint16(at + FLAGS_OFFSET) & DONT_FRAGMENT) !== 0;
}
export function ipv4MoreFragments(view: DataView, at: number): boolean {
  return (view.getUint16(at + FLAGS_OFFSET) & MORE_FRAGMENTS) !== 0;
}
/** Where this fragment's payload belongs in the datagram's, bytes. */
export function ipv4FragmentOffset(view: DataView, at: number): number {
  return (view.getUint16(at + FLAGS_OFFSET) & OFFSET_MASK) << 3;
}
export function ipv4IsFragment(view: DataView, at: number): boolean {
  return (view.getUint16(at + FLAGS_OFFSET) & (MORE_FRAGMENTS | OFFSET_MASK)) !== 0;
}
export function ipv4Ttl(view: DataView, at: number): number {
  return view.getUint8(at + TTL);
}
export function ipv4Protocol(view: DataView, at: number): number {
  return view.getUint8(at + PROTOCOL);
}
/** The address as 32 bits, not negative. */
export function ipv4Source(view: DataView, at: number): number {
  return view.getUint32(at + SOURCE);
}
export function ipv4Destination(view: DataView, at: number): number {
  return view.getUint32(at + DESTINATION);
}

/**
 * Changes the time to live and the checksum with it (RFC 1624). TTL and protocol share a 16-bit word: one TTL less is
 * 0x100 less there, so 0x100 more in the complement, with the carry brought round.
 */
export function decrementIpv4Ttl(view: DataView, at: number): number {
  const word = view.getUint16(at + TTL) - 0x0100;
  view.setUint16(at + TTL, word);
  const checksum = view.getUint16(at + CHECKSUM) + 0x0100;
  // 0xffff is never right here: it would say that all other words sum to zero (RFC 1624 3).
  view.setUint16(at + CHECKSUM, checksum >= 0xffff ? checksum - 0xffff : checksum);
  return word >> 8;
}

/** Sets length, flags and offset, and sums the header anew: for a piece of a packet, and for one put together again. */
export function resizeIpv4(view: DataView, at: number, totalLength: number, flagsAndOffset: number): void {
  view.setUint16(at + TOTAL_LENGTH, totalLength);
  view.setUint16(at + FLAGS_OFFSET, flagsAndOffset);
  updateIpv4Checksum(view, at);
}

export function setIpv4HeaderLength(view: DataView, at: number, headerLength: number): void {
  view.setUint8(at, 0x40 | (headerLength >> 2));
}

export function updateIpv4Checksum(view: DataView, at: number): void {
  view.setUint16(at + CHECKSUM, 0);
  view.setUint16(at + CHECKSUM, ~fold(sum(view, at, at + ipv4HeaderLength(view, at))) & 0xffff);
}

/**
 * Writes a header without options, five stores. `addressSum` is the sum of both addresses (`ipv4AddressSum`), which
 * who sends often has at hand: the checksum then needs no reading of what was written.
 */
export function writeIpv4Header(
  view: DataView,
  at: number,
  tos: number,
  totalLength: number,
  identification: number,
  flagsAndOffset: number,
  ttl: number,
  protocol: number,
  source: number,
  destination: number,
  addressSum: number,
): void {
  const ttlProtocol = (ttl << 8) | protocol;
  let checksum = 0x4500 + tos + totalLength + identification + flagsAndOffset + ttlProtocol + addressSum;
  checksum = (checksum & 0xffff) + (checksum >>> 16);
  checksum = (checksum & 0xffff) + (checksum >>> 16);
  view.setUint32(at, 0x45000000 | (tos << 16) | totalLength);
  view.setUint32(at + 4, (identification << 16) | flagsAndOffset);
  view.setUint32(at + 8, (ttlProtocol << 16) | (~checksum & 0xffff));
  view.setUint32(at + 12, source);
  view.setUint32(at + 16, destination);
}

/** The 16-bit words of both addresses, summed but not complemented; below 2^18. */
export function ipv4AddressSum(source: number, destination: number): number {
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff);
}

const PROTOCOL_NAMES = new Map([
  [1, 'ICMP'],
  [2, 'IGMP'],
  [6, 'TCP'],
  [17, 'UDP'],
  [41, 'IPv6'],
  [47, 'GRE'],
  [50, 'ESP'],
  [51, 'AH'],
  [58, 'ICMPv6'],
  [89, 'OSPF'],
]);

/** `TCP` for 6, `protocol 200` where there is no name in use. */
export function protocolName(protocol: number): string {
  return PROTOCOL_NAMES.get(protocol) ?? `protocol ${protocol}`;
}

/** `10.0.1.10 > 10.0.2.20 TCP, TTL 64, id 0x1c46, DF, 1500 bytes`: for people; the header is one that was checked. */
export function describeIpv4(view: DataView, at: number): string {
  const parts = [
    `${formatIpv4(ipv4Source(view, at))} > ${formatIpv4(ipv4Destination(view, at))} ${protocolName(ipv4Protocol(view, at))}`,
    `TTL ${ipv4Ttl(view, at)}`,
    `id 0x${ipv4Identification(view, at).toString(16).padStart(4, '0')}`,
  ];
  if (ipv4Tos(view, at) !== 0) parts.push(`TOS 0x${ipv4Tos(view, at).toString(16).padStart(2, '0')}`);
  if (ipv4DontFragment(view, at)) parts.push('DF');
  if (ipv4IsFragment(view, at)) {
    parts.push(
      `fragment at ${ipv4FragmentOffset(view, at)}${ipv4MoreFragments(view, at) ? ', more follow' : ', the last'}`,
    );
  }
  const headerLength = ipv4HeaderLength(view, at);
  if (headerLength > IPV4_HEADER_LENGTH) {
    parts.push(`options: ${describeOptions(view, at + IPV4_HEADER_LENGTH, at + headerLength)}`);
  }
  parts.push(`${ipv4TotalLength(view, at)} bytes`);
  return parts.join(', ');
}
