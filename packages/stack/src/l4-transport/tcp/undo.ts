/**
 * Spurious retransmissions: when it turns out that nothing was lost, the reduction of the window is taken back. Two
 * ways to know: the ACK echoes a timestamp from before the first retransmission, so that the original must have
 * arrived (the Eifel detection algorithm, RFC 3522), or D-SACKs tell of each retransmission that it came as a copy
 * (RFC 2883, RFC 3708).
 */
import { type ControlBlock, Recovery } from './control-block.ts';
import { Mark, type Segment } from './segment.ts';
import type { SegmentFields } from './tcp-header.ts';
import { traceCongestion } from './trace.ts';
import { timestampNow } from './transmit.ts';

/** The window is about to be reduced. */
export function rememberWindow(c: ControlBlock): void {
  const { undo, congestion } = c;
  undo.on = true;
  undo.una = c.sndUna;
  undo.cwnd = congestion.cwnd;
  undo.ssthresh = congestion.ssthresh;
  undo.retransmissions = 0;
  undo.stamped = false;
}

/** Something is sent again. */
export function countRetransmission(c: ControlBlock): void {
  const { undo } = c;
  undo.retransmissions++;
  if (undo.stamped) return;
  // RFC 3522 3.2: RetransmitTS, the timestamp of the first retransmission, is what later echoes are compared with.
  undo.stamped = true;
  undo.stamp = timestampNow(c);
}

/**
 * Looks whether the ACK at hand, which covered `acked` bytes, shows the last reduction to be groundless; takes it back
 * if so and says so. While retransmissions are in flight, in fast recovery, it is too early to tell.
 */
export function tryUndo(c: ControlBlock, fields: SegmentFields, acked: number): boolean {
  const { undo } = c;
  if (!undo.on || !undo.stamped) return false;
  if (undo.retransmissions === 0) {
    c.tcp.counters.dsackUndo++;
    takeBack(c, 'every retransmission came as a copy (D-SACK)', 'RFC 3708 2');
    return true;
  }
  if (acked <= 0 || c.recovery === Recovery.None || !c.timestamps || !fields.hasTimestamps || fields.tsEcr === 0) {
    return false;
  }
  // RFC 3522 3.2: an echo smaller than RetransmitTS answers an original, and so recovery was entered without need.
  if (((fields.tsEcr - undo.stamp) | 0) >= 0) return false;
  if (c.recovery === Recovery.Fast && c.resentBytes > 0 && c.flight > 0) return false;
  c.tcp.counters.fullUndo++;
  takeBack(c, 'the ACK answers what was sent before the first retransmission', 'RFC 3522 3.2');
  return true;
}

/** RFC 4015 3.2, as Linux does it: the window is what it was, and nothing is held to be lost. */
function takeBack(c: ControlBlock, why: string, source: string): void {
  const { undo, congestion, sendQueue } = c;
  congestion.cwnd = Math.max(congestion.cwnd, undo.cwnd);
  congestion.ssthresh = Math.max(congestion.ssthresh, undo.ssthresh);
  undo.on = false;
  if (c.recovery !== Recovery.None) {
    for (let s: Segment | null = sendQueue.head; s !== null && s !== sendQueue.unsent; s = s.next) {
      s.marks &= ~Mark.Lost;
    }
    c.lostBytes = 0;
    c.lostPending = 0;
    c.retransmitNext = null;
    c.rack.cursor = null;
    c.recovery = Recovery.None;
  }
  traceCongestion(c, `spurious: ${why}`, source);
}
