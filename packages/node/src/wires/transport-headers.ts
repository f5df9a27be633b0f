import type { PacketBuffer } from '@netarium/stack/base/packet-buffer';

const ETHERNET_HEADER = 14;
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const VLAN = 0x8100;
const SERVICE_VLAN = 0x88a8;
const TCP = 6;
const UDP = 17;
/** IPv6 extension headers that stand before a whole transport header (RFC 8200 4): of eight bytes' units. */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const DESTINATION = 60;
const MOST_EXTENSIONS = 8;

/**
 * Where the headers of TCP or UDP stand in an Ethernet frame: for who cuts a super-segment, or tells the kernel how.
 * One object, filled again and again. Offsets into the packet's `bytes`.
 */
export class TransportHeaders {
  /** 4 or 6. */
  version = 0;
  l3 = 0;
  l4 = 0;
  isTcp = false;
  /** First byte of the payload. */
  payload = 0;

  /** False when there is no whole header of TCP or UDP over IP that is not a fragment. */
  find(frame: PacketBuffer): boolean {
    const { view, start, end } = frame;
    if (end - start < ETHERNET_HEADER) return false;
    let at = start + ETHERNET_HEADER;
    let type = view.getUint16(at - 2);
    while (type === VLAN || type === SERVICE_VLAN) {
      if (at + 4 > end) return false;
      at += 4;
      type = view.getUint16(at - 2);
    }
    this.l3 = at;
    if (type === IPV4) return this.findInIpv4(view, at, end);
    return type === IPV6 && this.findInIpv6(view, at, end);
  }

  private findInIpv4(view: DataView, at: number, end: number): boolean {
    if (at + 20 > end || view.getUint8(at) >> 4 !== 4) return false;
    const length = (view.getUint8(at) & 0x0f) << 2;
    if (length < 20 || at + length > end || (view.getUint16(at + 6) & 0x3fff) !== 0) return false;
    this.version = 4;
    return this.findTransport(view, view.getUint8(at + 9), at + length, end);
  }

  private findInIpv6(view: DataView, at: number, end: number): boolean {
    if (at + 40 > end || view.getUint8(at) >> 4 !== 6) return false;
    this.version = 6;
    let next = view.getUint8(at + 6);
    at += 40;
    for (let count = 0; next === HOP_BY_HOP || next === ROUTING || next === DESTINATION; count++) {
      if (count === MOST_EXTENSIONS || at + 8 > end) return false;
      next = view.getUint8(at);
      at += (view.getUint8(at + 1) + 1) << 3;
    }
    return this.findTransport(view, next, at, end);
  }

  private findTransport(view: DataView, protocol: number, at: number, end: number): boolean {
    this.l4 = at;
    this.isTcp = protocol === TCP;
    if (protocol === UDP) {
      this.payload = at + 8;
      return this.payload <= end;
    }
    if (protocol !== TCP || at + 20 > end) return false;
    const length = (view.getUint8(at + 12) >> 4) << 2;
    this.payload = at + length;
    return length >= 20 && this.payload <= end;
  }
}
