import { finish, sum } from './checksum.ts';
import { Checksum, type PacketBuffer } from './packet-buffer.ts';

/** UDP's checksum stands 6 bytes into its header (RFC 768); TCP's at 16, ICMPv6's at 2. */
const UDP_CHECKSUM_OFFSET = 6;

/**
 * Does what a sender has left to its interface: sums from `checksumStart` to the packet's end, the pseudo header's
 * sum that stands in the field included, and stores the checksum. From then on the packet is `Checksum.Verified`: it
 * was summed here, and is right until somebody touches the bytes.
 *
 * Does nothing unless the packet is `Checksum.Partial`. Zeros that pad the frame do not change the sum. The caller may
 * write the bytes: on the way down they are the sender's own, and a frame that was transmitted is `writable()` first.
 */
export function completeChecksum(packet: PacketBuffer): void {
  if (packet.checksum !== Checksum.Partial) return;
  let checksum = finish(sum(packet.view, packet.checksumStart, packet.end));
  // RFC 768: a UDP checksum that comes out as zero is sent as all ones, for zero says that there is none.
  if (checksum === 0 && packet.checksumField - packet.checksumStart === UDP_CHECKSUM_OFFSET) checksum = 0xffff;
  packet.view.setUint16(packet.checksumField, checksum);
  packet.checksum = Checksum.Verified;
}
