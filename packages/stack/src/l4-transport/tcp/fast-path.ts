/**
 * Header prediction (Van Jacobson; RFC 1144's author's "20 instructions"): in ESTABLISHED, the segment that is expected
 * next, or an acknowledgement of what is in flight, is recognised by a few comparisons and takes the same functions as
 * on the long way (`input.ts`), of whose checks it would pass every one.
 */
import { Drop } from '../../base/drop-reasons.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import type { ControlBlock } from './control-block.ts';
import { takeAck } from './input.ts';
import { TcpState } from './states.ts';
import { Flag, type SegmentFields } from './tcp-header.ts';
import { deliver } from './text.ts';

/** Takes the segment if it is one of those, and says so. */
export function predicted(c: ControlBlock, segment: SegmentFields, packet: PacketBuffer): boolean {
  if (c.state !== TcpState.Established || segment.seq !== c.rcvNxt) return false;
  if ((segment.flags & ~Flag.Psh) !== Flag.Ack) return false;
  if (segment.hasTimestamps !== c.timestamps) return false;
  const { length, ack } = segment;
  if (length > ((c.rcvAdv - c.rcvNxt) | 0) || c.orphaned) return false;
  if (((ack - c.sndUna) | 0) < 0 || ((c.sndNxt - ack) | 0) < 0) return false;
  if (length > 0 && c.reassembly !== null && c.reassembly.count > 0) return false;
  if (c.timestamps) {
    if (((segment.tsVal - c.tsRecent) | 0) < 0) return false;
    // RFC 7323 4.3 (2): SEG.SEQ = RCV.NXT, and an ACK may be due: only what Last.ACK.sent had reached is taken.
    if (c.rcvAcked === c.rcvNxt) {
      c.tsRecent = segment.tsVal;
      c.tsRecentAtNs = c.node.clock.now;
      c.tsEchoed = segment.tsEcr;
    }
  }
  c.lastReceivedNs = c.node.clock.now;
  takeAck(c, segment);
  if (length === 0) {
    c.node.drop(packet, Drop.TCP_DONE);
    return true;
  }
  packet.start += segment.headerLength;
  deliver(c, packet);
  return true;
}
