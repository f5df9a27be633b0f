/**
 * What stands in front of each frame between us and a TAP with IFF_VNET_HDR: the header of virtio's network card
 * (virtio 1.2, 5.1.6), little-endian by TUNSETVNETLE.
 *
 *      0               1               2               3
 *     +---------------+---------------+-------------------------------+
 *   0 |     flags     |   gso type    |         header length         |
 *     +---------------+---------------+-------------------------------+
 *   4 |           gso size            |        checksum start         |
 *     +-------------------------------+-------------------------------+
 *   8 |        checksum offset        |       number of buffers       |
 *     +-------------------------------+-------------------------------+
 *
 * It carries what a PacketBuffer knows of a frame beside its bytes: that the checksum is not complete, and that the
 * frame is many segments in one. Offsets count from the frame's first byte.
 */
export const VNET_HEADER = 12;

const FLAGS = 0;
const GSO_TYPE = 1;
const HEADER_LENGTH = 2;
const GSO_SIZE = 4;
const CHECKSUM_START = 6;
const CHECKSUM_OFFSET = 8;
const BUFFERS = 10;

export const VnetFlag = {
  /** The sum from `checksum start` on is still to be stored at `checksum start + checksum offset`. */
  NeedsChecksum: 1,
  /** The checksum was found right. */
  DataValid: 2,
} as const;

export const Gso = {
  None: 0,
  TcpV4: 1,
  /** UDP cut by IP fragmentation. Old, and never asked for here. */
  Udp: 3,
  TcpV6: 4,
  /** UDP cut into datagrams (USO). */
  UdpL4: 5,
  /** Beside the type: the first segment has TCP's CWR flag (RFC 3168), the others have not. */
  Ecn: 0x80,
} as const;

export function vnetFlags(view: DataView, at: number): number {
  return view.getUint8(at + FLAGS);
}
/** One of `Gso`, without the ECN bit. */
export function vnetGsoType(view: DataView, at: number): number {
  return view.getUint8(at + GSO_TYPE) & ~Gso.Ecn;
}
export function vnetGsoSize(view: DataView, at: number): number {
  return view.getUint16(at + GSO_SIZE, true);
}
export function vnetHeaderLength(view: DataView, at: number): number {
  return view.getUint16(at + HEADER_LENGTH, true);
}
export function vnetChecksumStart(view: DataView, at: number): number {
  return view.getUint16(at + CHECKSUM_START, true);
}
export function vnetChecksumOffset(view: DataView, at: number): number {
  return view.getUint16(at + CHECKSUM_OFFSET, true);
}

/** The header of a frame that is complete as it is. */
export function writeVnetNone(view: DataView, at: number): void {
  view.setUint32(at, 0);
  view.setUint32(at + 4, 0);
  view.setUint32(at + 8, 0);
}

/**
 * `flags` of `VnetFlag`; `gsoType` of `Gso`; the rest in bytes: `headerLength` is all headers of the frame, `gsoSize`
 * the payload of each segment.
 */
export function writeVnet(
  view: DataView,
  at: number,
  flags: number,
  gsoType: number,
  headerLength: number,
  gsoSize: number,
  checksumStart: number,
  checksumOffset: number,
): void {
  view.setUint8(at + FLAGS, flags);
  view.setUint8(at + GSO_TYPE, gsoType);
  view.setUint16(at + HEADER_LENGTH, headerLength, true);
  view.setUint16(at + GSO_SIZE, gsoSize, true);
  view.setUint16(at + CHECKSUM_START, checksumStart, true);
  view.setUint16(at + CHECKSUM_OFFSET, checksumOffset, true);
  view.setUint16(at + BUFFERS, 0, true);
}

/** `needs checksum at 34+16, TSO 1448`: for people. */
export function describeVnet(view: DataView, at: number): string {
  const parts: string[] = [];
  const flags = vnetFlags(view, at);
  if (flags & VnetFlag.NeedsChecksum) {
    parts.push(`needs checksum at ${vnetChecksumStart(view, at)}+${vnetChecksumOffset(view, at)}`);
  }
  if (flags & VnetFlag.DataValid) parts.push('checksum valid');
  const type = vnetGsoType(view, at);
  if (type !== Gso.None) parts.push(`${GSO_NAMES.get(type) ?? `GSO type ${type}`} ${vnetGsoSize(view, at)}`);
  return parts.length === 0 ? 'complete' : parts.join(', ');
}

const GSO_NAMES = new Map<number, string>([
  [Gso.TcpV4, 'TSO4'],
  [Gso.TcpV6, 'TSO6'],
  [Gso.Udp, 'UFO'],
  [Gso.UdpL4, 'USO'],
]);
