import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { IPV4_HEADER_LENGTH, ipv4HeaderLength, ipv4Protocol, ipv4TotalLength } from '../ipv4-header.ts';

/** Where both versions' fields stand. */
const SOURCE4 = 12;
const DESTINATION4 = 16;
const SOURCE6 = 8;
const DESTINATION6 = 24;
const NEXT_HEADER = 6;
const IPV6_HEADER = 40;
const MAPPED = 0xffff;
/** Extension headers to step over: hop-by-hop options, routing, destination options (RFC 8200 4). */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const DESTINATION_OPTIONS = 60;

export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
export const ICMPV6 = 58;
const SCTP = 132;

/**
 * What rules and tracking ask of a packet, read once: addresses as four words each (an IPv4 address mapped, as
 * `IpAddress` has it), ports, flags. One object for all packets of a host: read it, and be done before the next.
 */
export class PacketFacts {
  version = 0;
  protocol = 0;
  s0 = 0;
  s1 = 0;
  s2 = 0;
  s3 = 0;
  d0 = 0;
  d1 = 0;
  d2 = 0;
  d3 = 0;
  /** -1: there are none, or the packet is too short for its ports. */
  sourcePort = -1;
  destinationPort = -1;
  /** TCP's flags byte. */
  flags = 0;
  /** `type << 8 | code`; -1: no ICMP. */
  icmp = -1;
  /** An echo's (or another query's) identifier; -1: it has none. */
  identifier = -1;
  /** The transport header, and the packet's end: offsets in its storage. */
  transport = 0;
  end = 0;
  length = 0;
  /** A fragment of IPv6 that is not the first, which goes through a router as it is: it shows no transport header. */
  laterFragment = false;
  /** Too short for its transport header, or with flags that no TCP sends. */
  malformed = false;

  /** Reads the packet whose IP header, of either version, stands at `at`; `end` is where its bytes end. */
  read(packet: PacketBuffer, at: number, end: number): void {
    const { view } = packet;
    this.version = view.getUint8(at) >> 4;
    this.sourcePort = -1;
    this.destinationPort = -1;
    this.flags = 0;
    this.icmp = -1;
    this.identifier = -1;
    this.laterFragment = false;
    this.malformed = false;
    this.end = end;
    if (this.version === 4) this.read4(view, at);
    else this.read6(view, at);
    if (this.laterFragment) return;
    if (this.protocol === TCP) this.readTcp(view);
    else if (this.protocol === UDP) this.readUdp(view);
    else if (this.protocol === SCTP) this.readPorts(view);
    else if (this.protocol === (this.version === 4 ? ICMP : ICMPV6)) this.readIcmp(view);
  }

  /** As `read`, of a header that is quoted in an ICMP error: of its transport header 8 bytes suffice. False: no header. */
  readQuote(packet: PacketBuffer, at: number, end: number): boolean {
    const { view } = packet;
    if (end - at < IPV4_HEADER_LENGTH + 8) return false;
    const version = view.getUint8(at) >> 4;
    if (version === 4) {
      const headerLength = ipv4HeaderLength(view, at);
      if (headerLength < IPV4_HEADER_LENGTH || end - at < headerLength + 8) return false;
    } else if (version !== 6 || end - at < IPV6_HEADER + 8) return false;
    this.read(packet, at, end);
    // A quote may end in the middle of TCP's header; its ports are there.
    this.malformed = false;
    return end - this.transport >= 8;
  }

  private read4(view: DataView, at: number): void {
    this.s0 = 0;
    this.s1 = 0;
    this.s2 = MAPPED;
    this.s3 = view.getUint32(at + SOURCE4);
    this.d0 = 0;
    this.d1 = 0;
    this.d2 = MAPPED;
    this.d3 = view.getUint32(at + DESTINATION4);
    this.protocol = ipv4Protocol(view, at);
    this.transport = at + ipv4HeaderLength(view, at);
    this.length = ipv4TotalLength(view, at);
  }

  private read6(view: DataView, at: number): void {
    this.s0 = view.getUint32(at + SOURCE6);
    this.s1 = view.getUint32(at + SOURCE6 + 4);
    this.s2 = view.getUint32(at + SOURCE6 + 8);
    this.s3 = view.getUint32(at + SOURCE6 + 12);
    this.d0 = view.getUint32(at + DESTINATION6);
    this.d1 = view.getUint32(at + DESTINATION6 + 4);
    this.d2 = view.getUint32(at + DESTINATION6 + 8);
    this.d3 = view.getUint32(at + DESTINATION6 + 12);
    this.length = this.end - at;
    let next = view.getUint8(at + NEXT_HEADER);
    let offset = at + IPV6_HEADER;
    // To the end, as Linux does: a packet with more of them than anybody counts must not slip past a rule.
    while (offset + 8 <= this.end) {
      if (next !== HOP_BY_HOP && next !== ROUTING && next !== DESTINATION_OPTIONS && next !== FRAGMENT) break;
      const length = next === FRAGMENT ? 8 : (view.getUint8(offset + 1) + 1) << 3;
      if (next === FRAGMENT && view.getUint16(offset + 2) >= 8) this.laterFragment = true;
      next = view.getUint8(offset);
      offset += length;
    }
    this.protocol = next;
    this.transport = offset;
  }

  private readPorts(view: DataView): void {
    const at = this.transport;
    if (this.end - at < 4) return;
    this.sourcePort = view.getUint16(at);
    this.destinationPort = view.getUint16(at + 2);
  }

  private readTcp(view: DataView): void {
    const at = this.transport;
    const available = this.end - at;
    this.readPorts(view);
    if (available < 14) {
      this.malformed = true;
      return;
    }
    const headerLength = (view.getUint8(at + 12) >> 4) << 2;
    this.flags = view.getUint8(at + 13);
    this.malformed = headerLength < 20 || headerLength > available || !flagsMakeSense(this.flags);
  }

  private readUdp(view: DataView): void {
    this.readPorts(view);
    this.malformed = this.end - this.transport < 8;
  }

  private readIcmp(view: DataView): void {
    const at = this.transport;
    if (this.end - at < 8) {
      this.malformed = true;
      return;
    }
    this.icmp = view.getUint16(at);
    if (isQuery(this.icmp >> 8, this.version)) this.identifier = view.getUint16(at + 4);
  }
}

/** SYN with FIN or RST, or none of SYN, ACK, RST: nobody who means it sends this. */
function flagsMakeSense(flags: number): boolean {
  const fin = (flags & 0x01) !== 0;
  const syn = (flags & 0x02) !== 0;
  const rst = (flags & 0x04) !== 0;
  const ack = (flags & 0x10) !== 0;
  if (syn) return !fin && !rst;
  return rst ? !fin : ack;
}

/** Questions and answers that carry an identifier: echo, timestamp, information, address mask. */
export function isQuery(type: number, version: number): boolean {
  if (version === 6) return type === 128 || type === 129;
  return type === 0 || type === 8 || (type >= 13 && type <= 18);
}

/** The type of the answer to a question, and the question of an answer; others stay what they are. */
export function inverseIcmpType(type: number): number {
  switch (type) {
    case 0:
      return 8;
    case 8:
      return 0;
    case 128:
      return 129;
    case 129:
      return 128;
    default:
      if (type < 13 || type > 18) return type;
      return (type & 1) === 1 ? type + 1 : type - 1;
  }
}

/** An ICMP error: it quotes the packet that it is about. */
export function isError(type: number, version: number): boolean {
  if (version === 6) return type >= 1 && type <= 4;
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
}
