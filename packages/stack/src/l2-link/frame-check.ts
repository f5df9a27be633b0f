import { crc32 } from '../base/crc32.ts';
import { FCS_IMPLIED, type PacketBuffer } from '../base/packet-buffer.ts';

/**
 * Whether the frame check sequence belongs to the frame's bytes (IEEE 802.3 3.2.9). While nothing has touched the bits
 * it is implied, and there is nothing to compute.
 */
export function frameCheckHolds(frame: PacketBuffer): boolean {
  return frame.fcs === FCS_IMPLIED || frame.fcs === crc32(frame.bytes, frame.start, frame.end);
}
