/**
 * The UDP header, RFC 768:
 *
 *      0      7 8     15 16    23 24    31
 *     +--------+--------+--------+--------+
 *     |     Source      |   Destination   |
 *     |      Port       |      Port       |
 *     +--------+--------+--------+--------+
 *     |                 |                 |
 *     |     Length      |    Checksum     |
 *     +--------+--------+--------+--------+
 *     |          data octets ...
 *     +---------------- ...
 *
 * Length counts header and data. The checksum covers a pseudo header (addresses, protocol, length), the header and the
 * data; over IPv4 a field of zero says that there is none, and so a sum of zero is sent as its equal, all ones.
 */
import { Drop, type DropReason } from '../../base/drop-reasons.ts';

export const UDP_HEADER_LENGTH = 8;

const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const LENGTH = 4;
export const UDP_CHECKSUM = 6;

/** Most bytes that one datagram carries: 65,535 less the UDP header and, over IPv4, less the IP header. */
export const MAX_UDP_PAYLOAD4 = 65_507;
export const MAX_UDP_PAYLOAD6 = 65_527;

/** Is there a whole datagram in `view` from `start` to `end`? 0, or why not. Bytes past its length are padding. */
export function checkUdp(view: DataView, start: number, end: number): DropReason {
  if (end - start < UDP_HEADER_LENGTH) return Drop.UDP_TOO_SHORT;
  const length = view.getUint16(start + LENGTH);
  if (length < UDP_HEADER_LENGTH || length > end - start) return Drop.UDP_BAD_LENGTH;
  return 0;
}

export function udpSourcePort(view: DataView, at: number): number {
  return view.getUint16(at + SOURCE_PORT);
}

export function udpDestinationPort(view: DataView, at: number): number {
  return view.getUint16(at + DESTINATION_PORT);
}

/** Bytes of header and data. */
export function udpLength(view: DataView, at: number): number {
  return view.getUint16(at + LENGTH);
}

export function udpChecksum(view: DataView, at: number): number {
  return view.getUint16(at + UDP_CHECKSUM);
}

export function setUdpChecksum(view: DataView, at: number, checksum: number): void {
  view.setUint16(at + UDP_CHECKSUM, checksum);
}

/** Writes the header, its checksum still zero. `length` counts header and data. */
export function writeUdpHeader(
  view: DataView,
  at: number,
  sourcePort: number,
  destinationPort: number,
  length: number,
): void {
  view.setUint16(at + SOURCE_PORT, sourcePort);
  view.setUint16(at + DESTINATION_PORT, destinationPort);
  view.setUint16(at + LENGTH, length);
  view.setUint16(at + UDP_CHECKSUM, 0);
}

/** `53 > 49152, 40 bytes of data`. For a header that `checkUdp` found whole. */
export function describeUdp(view: DataView, at: number): string {
  const data = udpLength(view, at) - UDP_HEADER_LENGTH;
  return `${udpSourcePort(view, at)} > ${udpDestinationPort(view, at)}, ${data} byte${data === 1 ? '' : 's'} of data`;
}
