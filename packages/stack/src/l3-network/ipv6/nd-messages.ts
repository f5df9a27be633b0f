import { IpAddress } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';

/**
 * The five messages of neighbour discovery (RFC 4861 4): ICMPv6 headers of different lengths, then options.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------------+---------------+-------------------------------+
 *     |     Type      |   Code (0)    |           Checksum            |
 *     +-+-+-+---------+---------------+-------------------------------+
 *     |R|S|O|               Reserved                                  |  R, S, O of an advertisement
 *     +-+-+-+---------+---------------+-------------------------------+
 *     |                    Target Address (16 bytes)                  |  neighbour messages, redirect
 *     +---------------------------------------------------------------+
 *     |                 Destination Address (16 bytes)                |  redirect
 *     +---------------------------------------------------------------+
 *     |   Options ...
 *
 *     +---------------+-+-+-+---+-----+-------------------------------+
 *     | Cur Hop Limit |M|O|H|Prf|Rsvd |     Router Lifetime (s)       |  a router's advertisement
 *     +---------------+-+-+-+---+-----+-------------------------------+
 *     |                      Reachable Time (ms)                      |
 *     +---------------------------------------------------------------+
 *     |                       Retrans Timer (ms)                      |
 *     +---------------------------------------------------------------+
 *     |   Options ...
 */
export const NdType = {
  RouterSolicitation: 133,
  RouterAdvertisement: 134,
  NeighbourSolicitation: 135,
  NeighbourAdvertisement: 136,
  Redirect: 137,
} as const;

/** What all of them travel with: who gets another one knows that a router was in between (RFC 4861 6.1.1). */
export const ND_HOP_LIMIT = 255;

/** Bytes up to the options. */
export const RS_LENGTH = 8;
export const RA_LENGTH = 16;
export const NS_LENGTH = 24;
export const NA_LENGTH = 24;
export const REDIRECT_LENGTH = 40;

/** Flags of a neighbour advertisement, in the byte behind the checksum. */
export const NaFlag = { Router: 0x80, Solicited: 0x40, Override: 0x20 } as const;

const CODE = 1;
const FLAGS = 4;
const TARGET = 8;
const DESTINATION = 24;

/** Offsets in the IPv6 header (RFC 8200 3). */
const IP_HOP_LIMIT = 7;
const IP_SOURCE = 8;
const IP_DESTINATION = 24;

export const ALL_NODES = IpAddress.v6(0xff020000, 0, 0, 1);
export const ALL_ROUTERS = IpAddress.v6(0xff020000, 0, 0, 2);
export const ALL_SITE_ROUTERS = IpAddress.v6(0xff050000, 0, 0, 2);

/** RFC 4291 2.7.1: ff02::1:ffXX:XXXX, with the last 24 bits of the address. */
export function solicitedNode(address: IpAddress): IpAddress {
  return IpAddress.v6(0xff020000, 0, 1, 0xff000000 | (address.w3 & 0xffffff));
}

export function ndTarget(view: DataView, at: number): IpAddress {
  return IpAddress.read6(view, at + TARGET);
}
/** Of a redirect: whose packets go another way. */
export function ndDestination(view: DataView, at: number): IpAddress {
  return IpAddress.read6(view, at + DESTINATION);
}
export function naFlags(view: DataView, at: number): number {
  return view.getUint8(at + FLAGS);
}

/** Bytes up to the options of a type that neighbour discovery has; 0: it has no such. */
export function ndHeaderLength(type: number): number {
  switch (type) {
    case NdType.RouterSolicitation:
      return RS_LENGTH;
    case NdType.RouterAdvertisement:
      return RA_LENGTH;
    case NdType.NeighbourSolicitation:
      return NS_LENGTH;
    case NdType.NeighbourAdvertisement:
      return NA_LENGTH;
    case NdType.Redirect:
      return REDIRECT_LENGTH;
    default:
      return 0;
  }
}

/** Writes a solicitation or advertisement of a neighbour up to its options, the checksum as 0. */
export function writeNeighbourMessage(
  view: DataView,
  at: number,
  type: number,
  flags: number,
  target: IpAddress,
): void {
  view.setUint32(at, type << 24);
  view.setUint32(at + FLAGS, flags << 24);
  target.write(view, at + TARGET);
}

export function writeRouterSolicitation(view: DataView, at: number): void {
  view.setUint32(at, NdType.RouterSolicitation << 24);
  view.setUint32(at + FLAGS, 0);
}

export function writeRedirect(view: DataView, at: number, target: IpAddress, destination: IpAddress): void {
  view.setUint32(at, NdType.Redirect << 24);
  view.setUint32(at + FLAGS, 0);
  target.write(view, at + TARGET);
  destination.write(view, at + DESTINATION);
}

/**
 * What is wrong with the message at `packet.start`, whose IPv6 header `packet.l3` stands at: the rules of RFC 4861
 * 6.1, 7.1 and 8.1 (the checksum has been looked at). Null: nothing, and its options can be walked.
 */
export function ndProblem(packet: PacketBuffer): string | null {
  const { view, start, end, l3 } = packet;
  if (end - start < RS_LENGTH) return 'shorter than its header';
  const type = view.getUint8(start);
  const length = ndHeaderLength(type);
  if (length === 0) return 'no message of neighbour discovery';
  if (end - start < length) return 'shorter than its header';
  if (view.getUint8(l3 + IP_HOP_LIMIT) !== ND_HOP_LIMIT) return 'its hop limit is not 255: it comes from another link';
  if (view.getUint8(start + CODE) !== 0) return 'its code is not 0';
  for (let at = start + length; at < end; ) {
    if (end - at < 2) return 'an option is cut off';
    const bytes = view.getUint8(at + 1) * 8;
    if (bytes === 0) return 'an option has the length 0';
    if (bytes > end - at) return 'an option is longer than the message';
    at += bytes;
  }
  const source = IpAddress.read6(view, l3 + IP_SOURCE);
  const destination = IpAddress.read6(view, l3 + IP_DESTINATION);
  switch (type) {
    case NdType.RouterSolicitation:
      return source.isUnspecified && hasSourceLink(view, start + length, end)
        ? 'it has a link-layer address and no source address'
        : null;
    case NdType.RouterAdvertisement:
      return source.isLinkLocal ? null : 'its source is not link-local';
    case NdType.NeighbourSolicitation: {
      if (isMulticastAt(view, start + TARGET)) return 'its target is a multicast group';
      if (!source.isUnspecified) return null;
      if (!isSolicitedNode(destination)) return 'it has no source address and is not for a solicited-node group';
      return hasSourceLink(view, start + length, end) ? 'it has a link-layer address and no source address' : null;
    }
    case NdType.NeighbourAdvertisement:
      if (isMulticastAt(view, start + TARGET)) return 'its target is a multicast group';
      return destination.isMulticast && (naFlags(view, start) & NaFlag.Solicited) !== 0
        ? 'an answer to a question is not sent to a group'
        : null;
    default: {
      if (!source.isLinkLocal) return 'its source is not link-local';
      const to = ndDestination(view, start);
      if (to.isMulticast) return 'it redirects a multicast group';
      const target = ndTarget(view, start);
      return target.isLinkLocal || target.equals(to) ? null : 'its target is neither a router nor the destination';
    }
  }
}

/** ff02::1:ff00:0/104 (RFC 4291 2.7.1). */
export function isSolicitedNode(address: IpAddress): boolean {
  return address.w0 === 0xff020000 && address.w1 === 0 && address.w2 === 1 && address.w3 >>> 24 === 0xff;
}

function isMulticastAt(view: DataView, at: number): boolean {
  return view.getUint8(at) === 0xff;
}

function hasSourceLink(view: DataView, from: number, end: number): boolean {
  for (let at = from; at < end; at += view.getUint8(at + 1) * 8) if (view.getUint8(at) === 1) return true;
  return false;
}

/** `neighbour solicitation for fe80::1`: the message at `at`, of which the header is there. */
export function describeNd(view: DataView, at: number): string {
  switch (view.getUint8(at)) {
    case NdType.RouterSolicitation:
      return 'router solicitation';
    case NdType.RouterAdvertisement:
      return `router advertisement, lifetime ${view.getUint16(at + 6)} s`;
    case NdType.NeighbourSolicitation:
      return `neighbour solicitation for ${ndTarget(view, at)}`;
    case NdType.NeighbourAdvertisement: {
      const flags = naFlags(view, at);
      const words = (flags & NaFlag.Router ? ', router' : '') + (flags & NaFlag.Solicited ? ', solicited' : '');
      return `neighbour advertisement of ${ndTarget(view, at)}${words}${flags & NaFlag.Override ? ', override' : ''}`;
    }
    default:
      return `redirect: ${ndDestination(view, at)} by ${ndTarget(view, at)}`;
  }
}
