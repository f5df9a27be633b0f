import { finish, sum } from '../base/checksum.ts';
import { ETHERNET_HEADER, EtherType, TYPE } from './ethernet.ts';

/**
 * What a switch that snoops sees in a frame to a group (RFC 4541): enough of IPv4 with IGMP (RFC 3376) and IPv6 with MLD
 * (RFC 3810) to know who wants what. It is no IP station: what it does not understand is data like other data.
 *
 *     | Ethernet | IPv4, protocol 2              | IGMP:   type, code, checksum, group ...
 *     | Ethernet | IPv6 | hop-by-hop, next is 58 | ICMPv6: type, code, checksum, ..., group ...
 */
export const Snooped = {
  /** No IP multicast: to be flooded. */
  Other: 0,
  /** Packets of a group whose members are looked for. */
  Data: 1,
  /** 224.0.0.0/24 and ff02::1: for everybody, whoever says that he wants it (RFC 4541 2.1.2, 3). */
  ForAll: 2,
  Query: 3,
  Report: 4,
  /** A router says hello (PIM, RFC 7761 4.9.2). */
  Router: 5,
} as const;

const IPV4_MINIMUM = 20;
const IGMP = 2;
const PIM = 103;
const ALL_PIM_ROUTERS = 0xe000000d;
const IPV6_HEADER = 40;
const HOP_BY_HOP = 0;
const ICMPV6 = 58;
const ALL_NODES = 1;

const IgmpType = { Query: 0x11, Report1: 0x12, Report2: 0x16, Leave: 0x17, Report3: 0x22 } as const;
const MldType = { Query: 130, Report1: 131, Done: 132, Report2: 143 } as const;
/** A record (of IGMPv3 and of MLDv2 alike) that only says what is wanted no more, when it names no source; or always. */
const IS_INCLUDE = 1;
const TO_INCLUDE = 3;
const ALLOW = 5;
const BLOCK = 6;

/** Distinguishes IPv6 groups, of which the last 32 bits are kept as in their MAC address (RFC 2464 7), from IPv4's. */
export const IPV6_GROUPS = 2 ** 32;

/** Reads one frame after another; the answers stand in its fields. */
export class SnoopedMessage {
  /** The group that the frame is for: 32 bits of IPv4, or IPV6_GROUPS and the last 32 bits of IPv6. */
  group = 0;
  family: 4 | 6 = 4;
  /** Of a query: its sender has an address, so it is a router; the group asked about, 0: all; for how long its answers are awaited, ns. */
  fromRouter = false;
  about = 0;
  responseNs = 0;
  suppress = false;
  /** Of a report: the groups that are wanted. */
  readonly wanted: number[] = [];

  /** What the frame in [start, end) is; its destination is a group's MAC address. Total over all bytes. */
  read(view: DataView, start: number, end: number): number {
    this.wanted.length = 0;
    if (end - start < ETHERNET_HEADER) return Snooped.Other;
    const type = view.getUint16(start + TYPE);
    const at = start + ETHERNET_HEADER;
    if (type === EtherType.Ipv4) return this.readIpv4(view, at, end);
    return type === EtherType.Ipv6 ? this.readIpv6(view, at, end) : Snooped.Other;
  }

  private readIpv4(view: DataView, at: number, end: number): number {
    if (end - at < IPV4_MINIMUM || view.getUint8(at) >> 4 !== 4) return Snooped.Other;
    const group = view.getUint32(at + 16);
    if (group >>> 28 !== 0xe) return Snooped.Other;
    this.family = 4;
    this.group = group;
    const headerLength = (view.getUint8(at) & 15) << 2;
    const length = view.getUint16(at + 2);
    const protocol = view.getUint8(at + 9);
    const isWhole = headerLength >= IPV4_MINIMUM && length >= headerLength && at + length <= end;
    if (isWhole && protocol === IGMP && finish(sum(view, at, at + headerLength)) === 0) {
      const kind = this.readIgmp(view, at + headerLength, at + length, view.getUint32(at + 12) !== 0);
      if (kind !== Snooped.Other) return kind;
    }
    if (protocol === PIM && group === ALL_PIM_ROUTERS) return Snooped.Router;
    return group >>> 8 === 0xe00000 ? Snooped.ForAll : Snooped.Data;
  }

  private readIgmp(view: DataView, at: number, end: number, hasSource: boolean): number {
    if (end - at < 8 || finish(sum(view, at, end)) !== 0) return Snooped.Other;
    switch (view.getUint8(at)) {
      case IgmpType.Query: {
        const code = view.getUint8(at + 1);
        const isNew = end - at >= 12;
        this.fromRouter = hasSource;
        this.about = view.getUint32(at + 4);
        this.responseNs = (isNew && code >= 128 ? ((code & 15) | 16) << (((code >> 4) & 7) + 3) : code) * 100e6;
        this.suppress = isNew && (view.getUint8(at + 8) & 8) !== 0;
        // A query about some sources of a group does not end the group (RFC 3376 6.6.3.2).
        if (isNew && view.getUint16(at + 10) > 0) this.suppress = true;
        return Snooped.Query;
      }
      case IgmpType.Report1:
      case IgmpType.Report2:
        this.wants(view.getUint32(at + 4));
        return Snooped.Report;
      case IgmpType.Leave:
        return Snooped.Report;
      case IgmpType.Report3:
        this.readRecords(view, at + 8, end, view.getUint16(at + 6), 4);
        return Snooped.Report;
      default:
        return Snooped.Other;
    }
  }

  private readIpv6(view: DataView, at: number, end: number): number {
    if (end - at < IPV6_HEADER || view.getUint8(at) >> 4 !== 6 || view.getUint8(at + 24) !== 0xff) return Snooped.Other;
    this.family = 6;
    this.group = IPV6_GROUPS + view.getUint32(at + 36);
    const until = at + IPV6_HEADER + view.getUint16(at + 4);
    const extension = at + IPV6_HEADER;
    if (until <= end && view.getUint8(at + 6) === HOP_BY_HOP && extension + 8 <= until) {
      const message = extension + 8 * (view.getUint8(extension + 1) + 1);
      if (view.getUint8(extension) === ICMPV6 && message + 8 <= until) {
        const kind = this.readMld(view, at, message, until);
        if (kind !== Snooped.Other) return kind;
      }
    }
    const isForAll = view.getUint16(at + 24) === 0xff02 && view.getUint32(at + 36) === ALL_NODES;
    return isForAll && view.getUint32(at + 28) === 0 && view.getUint32(at + 32) === 0 ? Snooped.ForAll : Snooped.Data;
  }

  private readMld(view: DataView, ip: number, at: number, end: number): number {
    const length = end - at;
    if (finish(sum(view, at, end, sum(view, ip + 8, ip + 40) + ICMPV6 + length)) !== 0) return Snooped.Other;
    const type = view.getUint8(at);
    if (type === MldType.Query && length >= 24) {
      const code = view.getUint16(at + 4);
      const isNew = length >= 28;
      this.fromRouter = view.getUint16(ip + 8) >> 6 === 0x3fa; // link-local, as routers have (RFC 3810 5.1.14)
      this.about = isZero(view, at + 8) ? 0 : IPV6_GROUPS + view.getUint32(at + 20);
      const isLong = isNew && code >= 0x8000;
      this.responseNs = (isLong ? ((code & 0xfff) | 0x1000) << (((code >> 12) & 7) + 3) : code) * 1e6;
      this.suppress = isNew && ((view.getUint8(at + 24) & 8) !== 0 || view.getUint16(at + 26) > 0);
      return Snooped.Query;
    }
    if (type === MldType.Report1 && length >= 24) {
      this.wants(IPV6_GROUPS + view.getUint32(at + 20));
      return Snooped.Report;
    }
    if (type === MldType.Done && length >= 24) return Snooped.Report;
    if (type !== MldType.Report2) return Snooped.Other;
    this.readRecords(view, at + 8, end, view.getUint16(at + 6), 16);
    return Snooped.Report;
  }

  /** Group records, whose addresses are of `size` bytes. What does not fit is left out. */
  private readRecords(view: DataView, first: number, end: number, count: number, size: number): void {
    let at = first;
    for (let left = count; left > 0 && at + 4 + size <= end; left--) {
      const type = view.getUint8(at);
      const sources = view.getUint16(at + 2);
      const next = at + 4 + size * (1 + sources) + 4 * view.getUint8(at + 1);
      if (next > end) return;
      const ends = type === IS_INCLUDE || type === TO_INCLUDE || type === ALLOW;
      if (type !== BLOCK && !(ends && sources === 0)) {
        this.wants((size === 16 ? IPV6_GROUPS : 0) + view.getUint32(at + size));
      }
      at = next;
    }
  }

  private wants(group: number): void {
    this.wanted.push(group);
  }
}

function isZero(view: DataView, at: number): boolean {
  for (let i = 0; i < 16; i += 4) if (view.getUint32(at + i) !== 0) return false;
  return true;
}
