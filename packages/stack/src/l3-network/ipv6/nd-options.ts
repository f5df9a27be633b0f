import { IpAddress } from '../../base/ip-address.ts';
import { MacAddress } from '../../base/mac-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { Prefix } from '../../base/prefix.ts';

/**
 * Options of neighbour discovery (RFC 4861 4.6): a type, a length in units of 8 bytes, a value. Unknown ones are
 * skipped; `ndProblem` has seen to it that no length is 0 and that the last ends with the message.
 *
 *     +---------------+---------------+-------------------------------+
 *     |     Type      |    Length     |    link-layer address (1, 2)
 *     +---------------+---------------+-------------------------------+
 *     |     Type 3    |   Length 4    | Prefix Length |L|A| Reserved  |  prefix information
 *     +---------------+---------------+---------------+-+-+-----------+
 *     |                      Valid Lifetime (s)                       |
 *     |                    Preferred Lifetime (s)                     |
 *     |                          Reserved                             |
 *     |                       Prefix (16 bytes)                       |
 *     +---------------+---------------+-------------------------------+
 *     |     Type 4    |   Length      |  Reserved (6), then the packet|  redirected header
 *     +---------------+---------------+-------------------------------+
 *     |     Type 5    |   Length 1    |          Reserved             |  MTU
 *     |                             MTU                               |
 *     +---------------+---------------+---------------+---+---+-------+
 *     |    Type 24    | Length 1 to 3 | Prefix Length |   |Prf|       |  route information (RFC 4191 2.3)
 *     |                       Lifetime (s)                            |
 *     |                  Prefix (0, 8 or 16 bytes)                    |
 *     +---------------+---------------+-------------------------------+
 *     |  Type 25, 31  |    Length     |           Reserved            |  DNS servers, search list (RFC 8106 5)
 *     |                       Lifetime (s)                            |
 *     |          addresses, or names as labels, zeros behind them     |
 *     +---------------------------------------------------------------+
 */
export const NdOption = {
  SourceLinkAddress: 1,
  TargetLinkAddress: 2,
  PrefixInformation: 3,
  RedirectedHeader: 4,
  Mtu: 5,
  Nonce: 14,
  RouteInformation: 24,
  DnsServers: 25,
  DnsSearchList: 31,
} as const;

/** A lifetime that does not end, seconds. */
export const INFINITE_LIFETIME = 0xffffffff;

/** Bytes of the options that have one length. */
export const LINK_ADDRESS_OPTION = 8;
export const PREFIX_OPTION = 32;
export const NONCE_OPTION = 8;

const ON_LINK = 0x80;
const AUTONOMOUS = 0x40;

/** Preference of a router or route (RFC 4191 2.1): two bits, signed. The reserved value counts as medium. */
export type Preference = 'high' | 'medium' | 'low';

export function preferenceOf(bits: number): Preference {
  return bits === 1 ? 'high' : bits === 3 ? 'low' : 'medium';
}
export function preferenceBits(preference: Preference): number {
  return preference === 'high' ? 1 : preference === 'low' ? 3 : 0;
}

/** Where the first option of this type stands among those of `[at, end)`; -1: there is none. */
export function findNdOption(view: DataView, at: number, end: number, type: number): number {
  for (let option = at; option < end; option += view.getUint8(option + 1) * 8) {
    if (view.getUint8(option) === type) return option;
  }
  return -1;
}

/** The MAC address that the option of this type tells; null when it is not there, or not one station's. */
export function linkAddressOption(view: DataView, at: number, end: number, type: number): MacAddress | null {
  const option = findNdOption(view, at, end, type);
  if (option < 0 || view.getUint8(option + 1) !== 1) return null;
  const mac = MacAddress.read(view, option + 2);
  return mac.isMulticast || mac.equals(MacAddress.ZERO) ? null : mac;
}

/** A prefix that a router tells of. Lifetimes in seconds. */
export interface AdvertisedPrefix {
  readonly prefix: Prefix;
  /** Its addresses are neighbours (L). */
  readonly onLink: boolean;
  /** Hosts make themselves an address of it (A). */
  readonly autonomous: boolean;
  readonly validSeconds: number;
  readonly preferredSeconds: number;
}

/** The prefix information at `at`; null when its length is not right. */
export function readPrefixOption(view: DataView, at: number): AdvertisedPrefix | null {
  const length = view.getUint8(at + 2);
  if (view.getUint8(at + 1) !== PREFIX_OPTION / 8 || length > 128) return null;
  const flags = view.getUint8(at + 3);
  const written = new Prefix(IpAddress.read6(view, at + 16), length);
  return {
    prefix: new Prefix(written.network, length), // the bits behind the prefix mean nothing (RFC 4861 4.6.2)
    onLink: (flags & ON_LINK) !== 0,
    autonomous: (flags & AUTONOMOUS) !== 0,
    validSeconds: view.getUint32(at + 4),
    preferredSeconds: view.getUint32(at + 8),
  };
}

export function putPrefixOption(packet: PacketBuffer, option: AdvertisedPrefix): void {
  const at = packet.put(PREFIX_OPTION);
  const { view } = packet;
  const flags = (option.onLink ? ON_LINK : 0) | (option.autonomous ? AUTONOMOUS : 0);
  view.setUint32(at, (NdOption.PrefixInformation << 24) | (4 << 16) | (option.prefix.length << 8) | flags);
  view.setUint32(at + 4, option.validSeconds);
  view.setUint32(at + 8, option.preferredSeconds);
  view.setUint32(at + 12, 0);
  option.prefix.network.write(view, at + 16);
}

/** A route that a router tells of (RFC 4191 2.3). */
export interface AdvertisedRoute {
  readonly prefix: Prefix;
  readonly preference: Preference;
  readonly lifetimeSeconds: number;
}

/** The route information at `at`; null when it is malformed or its preference is the reserved one (to be ignored). */
export function readRouteOption(view: DataView, at: number): AdvertisedRoute | null {
  const units = view.getUint8(at + 1);
  const length = view.getUint8(at + 2);
  const bits = (view.getUint8(at + 3) >> 3) & 3;
  if (units > 3 || length > 128 || (units - 1) * 64 < length || bits === 2) return null;
  const words = (units - 1) * 2;
  const word = (i: number): number => (i < words ? view.getUint32(at + 8 + i * 4) : 0);
  const written = new Prefix(IpAddress.v6(word(0), word(1), word(2), word(3)), length);
  return {
    prefix: new Prefix(written.network, length),
    preference: preferenceOf(bits),
    lifetimeSeconds: view.getUint32(at + 4),
  };
}

export function putRouteOption(packet: PacketBuffer, route: AdvertisedRoute): void {
  const { network, length } = route.prefix;
  const units = length === 0 ? 1 : length <= 64 ? 2 : 3;
  const at = packet.put(units * 8);
  const { view } = packet;
  const preference = preferenceBits(route.preference) << 3;
  view.setUint32(at, (NdOption.RouteInformation << 24) | (units << 16) | (length << 8) | preference);
  view.setUint32(at + 4, route.lifetimeSeconds);
  if (units > 1) view.setUint32(at + 8, network.w0);
  if (units > 1) view.setUint32(at + 12, network.w1);
  if (units > 2) view.setUint32(at + 16, network.w2);
  if (units > 2) view.setUint32(at + 20, network.w3);
}

export function putLinkAddressOption(packet: PacketBuffer, type: number, mac: MacAddress): void {
  const at = packet.put(LINK_ADDRESS_OPTION);
  packet.view.setUint16(at, (type << 8) | 1);
  mac.write(packet.view, at + 2);
}

export function putMtuOption(packet: PacketBuffer, mtu: number): void {
  const at = packet.put(8);
  packet.view.setUint32(at, (NdOption.Mtu << 24) | (1 << 16));
  packet.view.setUint32(at + 4, mtu);
}

/** RFC 3971 5.3.2, as RFC 7527 uses it: six random bytes by which a host knows its own question. */
export function putNonceOption(packet: PacketBuffer, high: number, low: number): void {
  const at = packet.put(NONCE_OPTION);
  packet.view.setUint16(at, (NdOption.Nonce << 8) | 1);
  packet.view.setUint16(at + 2, high & 0xffff);
  packet.view.setUint32(at + 4, low);
}

/** Whether the options of `[at, end)` hold this nonce. */
export function hasNonce(view: DataView, at: number, end: number, high: number, low: number): boolean {
  const option = findNdOption(view, at, end, NdOption.Nonce);
  if (option < 0 || view.getUint8(option + 1) !== 1) return false;
  return view.getUint16(option + 2) === (high & 0xffff) && view.getUint32(option + 4) === low;
}

/** As much of the packet that is redirected as the message may hold (RFC 4861 4.6.3). */
export function putRedirectedHeader(packet: PacketBuffer, quoted: Uint8Array, from: number, length: number): void {
  const whole = length & ~7;
  const at = packet.put(8 + whole);
  packet.view.setUint32(at, (NdOption.RedirectedHeader << 24) | ((1 + whole / 8) << 16));
  packet.view.setUint32(at + 4, 0);
  packet.bytes.set(quoted.subarray(from, from + whole), at + 8);
}
