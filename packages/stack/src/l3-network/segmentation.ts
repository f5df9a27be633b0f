import { finish, sum } from '../base/checksum.ts';
import { Checksum, HEADROOM, type PacketBuffer } from '../base/packet-buffer.ts';
import {
  ipv4FlagsAndOffset,
  ipv4HeaderLength,
  ipv4Identification,
  ipv4Protocol,
  resizeIpv4,
  setIpv4Identification,
} from './ipv4-header.ts';
import { IPV6_HEADER_LENGTH, ipv6AddressSumAt, ipv6NextHeader, setIpv6PayloadLength } from './ipv6/ipv6-header.ts';
import { Protocol } from './network-layer.ts';

const TCP_SEQUENCE = 4;
const TCP_OFFSET = 12;
const TCP_FLAGS = 13;
const TCP_CHECKSUM = 16;
const TCP_HEADER = 20;
const FIN_PSH = 0x09;
const CWR = 0x80;
const UDP_HEADER = 8;

/** Bytes of IP and transport header in front of a super-segment's payload; -1 when it is none that can be cut. */
export function superSegmentHeader(packet: PacketBuffer): number {
  const { view, start } = packet;
  const headerLength = ipHeaderLength(view, start);
  const protocol = ipProtocol(view, start);
  if (protocol === Protocol.Udp) return headerLength + UDP_HEADER;
  if (protocol !== Protocol.Tcp || packet.length < headerLength + TCP_HEADER) return -1;
  const transport = (view.getUint8(start + headerLength + TCP_OFFSET) >> 4) << 2;
  return transport < TCP_HEADER || headerLength + transport > packet.length ? -1 : headerLength + transport;
}

/**
 * Cuts a TCP super-segment into the packets that it stands for, and ends it: for a link that does not do it itself.
 * `packet.start` stands at the IP header.
 *
 *     | IP | TCP |        payload         |     segmentSize = s
 *     | IP | TCP |  s   |   | ... |  s  |   | ... | rest |
 *
 * Each piece has the headers of the whole, but for its length, identification (IPv4's, one more each), sequence number,
 * and the flags that belong to the first (CWR, RFC 3168 6.1.2) or to the last (FIN, PSH). Returns the first, the others
 * follow by `next`; null when it is no TCP segment, which is then untouched.
 */
export function cutSuperSegment(packet: PacketBuffer): PacketBuffer | null {
  const header = superSegmentHeader(packet);
  if (header < 0 || packet.segmentSize <= 0 || ipProtocol(packet.view, packet.start) !== Protocol.Tcp) return null;
  const payload = packet.start + header;
  let first: PacketBuffer | null = null;
  let last: PacketBuffer | null = null;
  let from = payload;
  for (let index = 0; index === 0 || from < packet.end; index++) {
    const to = Math.min(from + packet.segmentSize, packet.end);
    const piece = packet.pool.acquire(header + to - from, HEADROOM);
    piece.append(packet.bytes, packet.start, payload);
    piece.append(packet.bytes, from, to);
    piece.id = packet.id;
    piece.l3 = piece.start;
    piece.l4 = piece.start + ipHeaderLength(piece.view, piece.start);
    fixHeaders(piece, from - payload, index, to === packet.end);
    if (last === null) first = piece;
    else last.next = piece;
    last = piece;
    from = to;
  }
  packet.release();
  return first;
}

function fixHeaders(piece: PacketBuffer, offset: number, index: number, isLast: boolean): void {
  const { view, l3, l4, end } = piece;
  let pseudo: number;
  if (isIpv6(view, l3)) {
    setIpv6PayloadLength(view, l3, end - l3 - IPV6_HEADER_LENGTH);
    pseudo = ipv6AddressSumAt(view, l3) + Protocol.Tcp + (end - l4);
  } else {
    setIpv4Identification(view, l3, (ipv4Identification(view, l3) + index) & 0xffff);
    resizeIpv4(view, l3, end - l3, ipv4FlagsAndOffset(view, l3));
    pseudo = sum(view, l3 + 12, l3 + 20, Protocol.Tcp + (end - l4));
  }
  view.setUint32(l4 + TCP_SEQUENCE, view.getUint32(l4 + TCP_SEQUENCE) + offset);
  let flags = view.getUint8(l4 + TCP_FLAGS);
  if (!isLast) flags &= ~FIN_PSH;
  if (index > 0) flags &= ~CWR;
  view.setUint8(l4 + TCP_FLAGS, flags);
  view.setUint16(l4 + TCP_CHECKSUM, 0);
  view.setUint16(l4 + TCP_CHECKSUM, finish(sum(view, l4, end, pseudo)));
  piece.checksum = Checksum.Verified;
}

function isIpv6(view: DataView, at: number): boolean {
  return view.getUint8(at) >> 4 === 6;
}

/** Bytes in front of the transport's header. Who sends super-segments over IPv6 puts no extension headers there. */
function ipHeaderLength(view: DataView, at: number): number {
  return isIpv6(view, at) ? IPV6_HEADER_LENGTH : ipv4HeaderLength(view, at);
}

function ipProtocol(view: DataView, at: number): number {
  return isIpv6(view, at) ? ipv6NextHeader(view, at) : ipv4Protocol(view, at);
}
