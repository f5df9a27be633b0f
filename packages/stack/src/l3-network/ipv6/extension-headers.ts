import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { IPV6_HEADER_LENGTH, IPV6_NEXT_HEADER_OFFSET, ipv6NextHeader } from './ipv6-header.ts';

/**
 * Extension headers (RFC 8200 4): a chain between the IPv6 header and the transport's, each saying what follows.
 *
 *     | IPv6, next = 0 | hop-by-hop, next = 44 | fragment, next = 6 | TCP ...
 *
 * Options (hop-by-hop and destination), with a length in units of 8 bytes that does not count the first 8:
 *
 *     +---------------+---------------+-------------------------------+
 *     |  Next Header  |  Hdr Ext Len  |  Type | Length | Data ...     |
 *     +---------------+---------------+-------------------------------+
 *
 * The two high bits of an option's type say what to do with one that is not known (RFC 8200 4.2): 00 step over it,
 * 01 drop, 10 drop and tell the sender, 11 drop and tell the sender unless the destination is a group.
 *
 * Routing:
 *
 *     +---------------+---------------+---------------+---------------+
 *     |  Next Header  |  Hdr Ext Len  |  Routing Type | Segments Left |
 *     +---------------+---------------+---------------+---------------+
 *
 * Fragment, always 8 bytes:
 *
 *     +---------------+---------------+-------------------------+---+-+
 *     |  Next Header  |   Reserved    |     Fragment Offset     |Res|M|
 *     +---------------+---------------+-------------------------+---+-+
 *     |                         Identification                        |
 *     +---------------------------------------------------------------+
 */
export const NextHeader = { HopByHop: 0, Routing: 43, Fragment: 44, None: 59, DestinationOptions: 60 } as const;

export const FRAGMENT_HEADER_LENGTH = 8;
/** No sane packet has more; who parses must not be kept busy (RFC 8504 5.3). */
export const MAX_EXTENSION_HEADERS = 16;
/** RFC 8504 5.3: options in one header that are stepped over before the packet is refused. */
const MAX_OPTIONS = 64;

const PAD1 = 0;
const ROUTER_ALERT = 5;

/** What the walk over a chain found. */
export const Chain = {
  /** It ends at a protocol: `protocol` at `offset`. */
  Transport: 0,
  /** It ends at a fragment header, at `offset`: the packet is a piece. */
  Fragment: 1,
  /** It says that nothing follows. */
  Nothing: 2,
  /** It is not there as a whole. */
  Cut: 3,
  /** To be dropped without a word: an option says so, or there are more headers than anybody needs. */
  Drop: 4,
  /** To be dropped, and the sender is told: "parameter problem" with `code` and `pointer`. */
  Problem: 5,
} as const;
export type Chain = (typeof Chain)[keyof typeof Chain];

/** Codes of "parameter problem" (RFC 4443 3.4, RFC 7112 5). */
export const ParameterProblem = { Field: 0, NextHeader: 1, Option: 2, FirstFragment: 3 } as const;

/**
 * Reads the chain of extension headers of one packet at a time, and leaves what it found in its fields, so that
 * walking allocates nothing.
 */
export class ExtensionHeaders {
  /** Where the walk ended: a transport's header, or a fragment header; from the IPv6 header on. */
  offset = 0;
  /** What stands there. */
  protocol = 0;
  /** Where the next-header field stands that says so, from the IPv6 header on. */
  nextHeaderAt = 0;
  /** For `Chain.Problem`: what to tell, which byte, and whether a packet to a group is complained about too. */
  code = 0;
  pointer = 0;
  evenToGroups = false;
  /** A hop-by-hop option wants routers to look at the packet (RFC 2711). */
  routerAlert = false;

  /**
   * Walks from the IPv6 header at `packet.l3`; `packet.end` is its end. For a router (`transit`) the walk ends after
   * the hop-by-hop options: the rest is for the destination (RFC 8200 4).
   */
  walk(packet: PacketBuffer, transit: boolean): Chain {
    this.offset = IPV6_HEADER_LENGTH;
    this.protocol = ipv6NextHeader(packet.view, packet.l3);
    this.nextHeaderAt = IPV6_NEXT_HEADER_OFFSET;
    this.routerAlert = false;
    return this.goOn(packet, transit, true);
  }

  /** Goes on behind the fragment header at which the last walk ended: for a packet that is whole all the same. */
  stepOverFragment(packet: PacketBuffer): Chain {
    const at = packet.l3 + this.offset;
    this.nextHeaderAt = this.offset;
    this.protocol = packet.view.getUint8(at);
    this.offset += FRAGMENT_HEADER_LENGTH;
    return this.goOn(packet, false, false);
  }

  private goOn(packet: PacketBuffer, transit: boolean, first: boolean): Chain {
    const { view, l3 } = packet;
    const end = packet.end - l3;
    for (let count = 0; count <= MAX_EXTENSION_HEADERS; count++) {
      const { protocol, offset } = this;
      if (protocol === NextHeader.HopByHop) {
        // RFC 8200 4.1: it stands right behind the IPv6 header, or it is not known.
        if (!first || count > 0) return this.problem(ParameterProblem.NextHeader, this.nextHeaderAt);
      } else if (transit) {
        return Chain.Transport;
      } else if (protocol === NextHeader.Fragment) {
        return offset + FRAGMENT_HEADER_LENGTH > end ? Chain.Cut : Chain.Fragment;
      } else if (protocol === NextHeader.None) {
        return Chain.Nothing;
      } else if (protocol !== NextHeader.Routing && protocol !== NextHeader.DestinationOptions) {
        return Chain.Transport;
      }
      if (offset + 8 > end) return Chain.Cut;
      const length = (view.getUint8(l3 + offset + 1) + 1) << 3;
      if (offset + length > end) return Chain.Cut;
      const found =
        protocol === NextHeader.Routing ? this.routing(view, l3) : this.options(view, l3, offset + 2, offset + length);
      if (found !== Chain.Transport) return found;
      this.nextHeaderAt = offset;
      this.protocol = view.getUint8(l3 + offset);
      this.offset = offset + length;
    }
    return Chain.Drop;
  }

  /** RFC 8200 4.4: no routing type is known here, and type 0 must not be (RFC 5095): stepped over when it is done. */
  private routing(view: DataView, l3: number): Chain {
    const segmentsLeft = view.getUint8(l3 + this.offset + 3);
    return segmentsLeft === 0 ? Chain.Transport : this.problem(ParameterProblem.Field, this.offset + 2);
  }

  /** The options from `from` up to `to`, counted from the IPv6 header. */
  private options(view: DataView, l3: number, from: number, to: number): Chain {
    let at = from;
    for (let count = 0; at < to; count++) {
      if (count === MAX_OPTIONS) return Chain.Drop;
      const type = view.getUint8(l3 + at);
      if (type === PAD1) {
        at++;
        continue;
      }
      // An option that does not fit its header: the byte that says so is what is wrong.
      if (at + 2 > to) return this.problem(ParameterProblem.Field, at);
      const length = view.getUint8(l3 + at + 1);
      if (at + 2 + length > to) return this.problem(ParameterProblem.Field, at + 1);
      if (type === ROUTER_ALERT && length === 2 && this.protocol === NextHeader.HopByHop) this.routerAlert = true;
      else if (type >> 6 !== 0) return this.unknownOption(type, at);
      at += 2 + length;
    }
    return Chain.Transport;
  }

  private unknownOption(type: number, at: number): Chain {
    if (type >> 6 === 1) return Chain.Drop;
    this.problem(ParameterProblem.Option, at);
    this.evenToGroups = type >> 6 === 2;
    return Chain.Problem;
  }

  private problem(code: number, pointer: number): Chain {
    this.code = code;
    this.pointer = pointer;
    this.evenToGroups = false;
    return Chain.Problem;
  }
}

/** A hop-by-hop header with a router alert for MLD (RFC 2711 2.1, RFC 3810 5): 8 bytes. */
export const ROUTER_ALERT_LENGTH = 8;
export function writeRouterAlert(view: DataView, at: number, next: number): void {
  view.setUint32(at, (next << 24) | (0 << 16) | (ROUTER_ALERT << 8) | 2);
  view.setUint32(at + 4, 0x00000100); // value 0: MLD; PadN of no bytes
}

/** Where this fragment's payload belongs in the whole's, bytes. `at`: the fragment header. */
export function fragmentOffset(view: DataView, at: number): number {
  return view.getUint16(at + 2) & 0xfff8;
}
export function fragmentMore(view: DataView, at: number): boolean {
  return (view.getUint8(at + 3) & 1) !== 0;
}
export function fragmentIdentification(view: DataView, at: number): number {
  return view.getUint32(at + 4);
}
export function fragmentNextHeader(view: DataView, at: number): number {
  return view.getUint8(at);
}
export function writeFragmentHeader(
  view: DataView,
  at: number,
  next: number,
  offset: number,
  more: boolean,
  identification: number,
): void {
  view.setUint32(at, (next << 24) | offset | (more ? 1 : 0));
  view.setUint32(at + 4, identification);
}

/**
 * For a packet of which the first bytes are quoted: where its transport's header stands, from `l3` on, and `protocol`
 * left in `into`; -1 when it is not there or belongs to a fragment that is not the first. Judges no options.
 */
export function findTransport(view: DataView, l3: number, end: number, into: ExtensionHeaders): number {
  let protocol = ipv6NextHeader(view, l3);
  let at = l3 + IPV6_HEADER_LENGTH;
  into.nextHeaderAt = IPV6_NEXT_HEADER_OFFSET;
  for (let count = 0; count <= MAX_EXTENSION_HEADERS; count++) {
    const skips =
      protocol === NextHeader.HopByHop ||
      protocol === NextHeader.Routing ||
      protocol === NextHeader.Fragment ||
      protocol === NextHeader.DestinationOptions;
    if (!skips) {
      into.protocol = protocol;
      into.offset = at - l3;
      return protocol === NextHeader.None || at > end ? -1 : at - l3;
    }
    if (at + 8 > end) return -1;
    if (protocol === NextHeader.Fragment && fragmentOffset(view, at) !== 0) return -1;
    const length = protocol === NextHeader.Fragment ? 8 : (view.getUint8(at + 1) + 1) << 3;
    into.nextHeaderAt = at - l3;
    protocol = view.getUint8(at);
    at += length;
  }
  return -1;
}
