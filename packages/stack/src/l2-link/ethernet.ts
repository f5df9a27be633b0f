import { MacAddress, writeMac } from '../base/mac-address.ts';

export { MIN_FRAME } from '../l1-physical/transmitter.ts';

/**
 * Ethernet frames: Ethernet II (RFC 894) and IEEE 802.3 with LLC and SNAP (RFC 1042). The last field of the header
 * tells which: from 1,536 on it is a type, up to 1,500 it is a length.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------------+---------------+---------------+---------------+
 *     |                     destination address                       |
 *     +                               +-------------------------------+
 *     |                               |        source address         |
 *     +-------------------------------+                               +
 *     |                                                               |
 *     +-------------------------------+-------------------------------+
 *     |        type or length         |  payload of a type, or LLC:
 *     +-------------------------------+---------------+---------------+
 *     |  DSAP (0xaa)  |  SSAP (0xaa)  |  control (3)  |  OUI (0) ...
 *     +-------------------------------+---------------+---------------+
 *             ... OUI (0)             |             type              |  payload
 *     +-------------------------------+-------------------------------+
 *
 * A frame is at least 60 bytes long, padded with zeros, and a frame check sequence of 4 bytes follows on the wire
 * (`PacketBuffer.fcs`).
 */
export const ETHERNET_HEADER = 14;
export const LLC_SNAP_HEADER = 8;
/** The most that a length field may say (IEEE 802.3 3.2.6). */
export const MAX_LENGTH = 1500;

export const DESTINATION = 0;
export const SOURCE = 6;
export const TYPE = 12;

/** The least type; 1501 to 1535 are neither length nor type (IEEE 802.3 3.2.6). */
export const MIN_ETHERTYPE = 0x0600;

/** IANA "IEEE 802 Numbers". */
export const EtherType = {
  Ipv4: 0x0800,
  Arp: 0x0806,
  Vlan: 0x8100,
  Ipv6: 0x86dd,
  MacControl: 0x8808,
  PppoeDiscovery: 0x8863,
  PppoeSession: 0x8864,
  ServiceVlan: 0x88a8,
  Lldp: 0x88cc,
} as const;

/** What `frameType` says of a frame that has no type. */
export const FrameError = { TooShort: -1, BadLength: -2, NoType: -3 } as const;

/**
 * The EtherType of the frame in [start, end), or a FrameError: shorter than its headers; a length that is larger than
 * what follows, or impossible; LLC without SNAP, or a SNAP header that holds no EtherType.
 */
export function frameType(view: DataView, start: number, end: number): number {
  if (end - start < ETHERNET_HEADER) return FrameError.TooShort;
  const type = view.getUint16(start + TYPE);
  return type >= MIN_ETHERTYPE ? type : snapType(view, start, end, type);
}

/** The same for the frame of a given length field, which is less than MIN_ETHERTYPE. */
function snapType(view: DataView, start: number, end: number, length: number): number {
  if (length > MAX_LENGTH || length > end - start - ETHERNET_HEADER) return FrameError.BadLength;
  const llc = start + ETHERNET_HEADER;
  if (length < LLC_SNAP_HEADER) return FrameError.NoType;
  // DSAP, SSAP and control in one look, then the OUI: zero says that an EtherType follows (RFC 1042).
  if (view.getUint32(llc) !== 0xaaaa0300 || view.getUint16(llc + 4) !== 0) return FrameError.NoType;
  const type = view.getUint16(llc + 6);
  return type >= MIN_ETHERTYPE ? type : FrameError.NoType;
}

/** True when the frame has a length field instead of a type: 802.3. */
export function hasLength(view: DataView, start: number): boolean {
  return view.getUint16(start + TYPE) < MIN_ETHERTYPE;
}

/** Where the payload begins and ends in a frame for which `frameType` found a type. */
export function payloadStart(view: DataView, start: number): number {
  return start + ETHERNET_HEADER + (hasLength(view, start) ? LLC_SNAP_HEADER : 0);
}

export function payloadEnd(view: DataView, start: number, end: number): number {
  const length = view.getUint16(start + TYPE);
  return length < MIN_ETHERTYPE ? start + ETHERNET_HEADER + length : end;
}

export function destinationOf(view: DataView, start: number): MacAddress {
  return MacAddress.read(view, start + DESTINATION);
}

export function sourceOf(view: DataView, start: number): MacAddress {
  return MacAddress.read(view, start + SOURCE);
}

/** Writes an Ethernet II header of 14 bytes at `start`. */
export function writeEthernet(
  view: DataView,
  start: number,
  destination: MacAddress,
  source: MacAddress,
  type: number,
): void {
  writeMac(view, start + DESTINATION, destination);
  writeMac(view, start + SOURCE, source);
  view.setUint16(start + TYPE, type);
}

/** Writes an 802.3 header with LLC and SNAP, 22 bytes, at `start`; `payload` is the number of bytes that follow. */
export function writeSnap(
  view: DataView,
  start: number,
  destination: MacAddress,
  source: MacAddress,
  type: number,
  payload: number,
): void {
  writeEthernet(view, start, destination, source, LLC_SNAP_HEADER + payload);
  view.setUint32(start + ETHERNET_HEADER, 0xaaaa0300);
  view.setUint16(start + ETHERNET_HEADER + 4, 0);
  view.setUint16(start + ETHERNET_HEADER + 6, type);
}

const TYPE_NAMES = new Map<number, string>([
  [EtherType.Ipv4, 'IPv4'],
  [EtherType.Arp, 'ARP'],
  [EtherType.Vlan, 'VLAN'],
  [EtherType.Ipv6, 'IPv6'],
  [EtherType.MacControl, 'MAC control'],
  [EtherType.PppoeDiscovery, 'PPPoE discovery'],
  [EtherType.PppoeSession, 'PPPoE session'],
  [EtherType.ServiceVlan, 'service VLAN'],
  [EtherType.Lldp, 'LLDP'],
]);

/** `IPv4 (0x0800)`. */
export function describeEtherType(type: number): string {
  const number = `0x${type.toString(16).padStart(4, '0')}`;
  const name = TYPE_NAMES.get(type);
  return name === undefined ? number : `${name} (${number})`;
}

/** `02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, ARP (0x0806), length 60`; whatever the bytes. */
export function describeEthernet(view: DataView, start: number, end: number): string {
  const length = end - start;
  if (length < ETHERNET_HEADER) return `a piece of an Ethernet frame, length ${length}`;
  const type = frameType(view, start, end);
  const what =
    type === FrameError.BadLength
      ? '802.3, bad length'
      : type === FrameError.NoType
        ? '802.3, LLC'
        : (hasLength(view, start) ? '802.3, SNAP, ' : '') + describeEtherType(type);
  return `${sourceOf(view, start)} > ${destinationOf(view, start)}, ${what}, length ${length}`;
}
