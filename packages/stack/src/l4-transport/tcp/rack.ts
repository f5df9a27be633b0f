/**
 * RACK, "recent acknowledgment" (RFC 8985 6): a segment is lost when one that was sent sufficiently later has arrived.
 *
 *     sent    1 2 3 4 5         time, not the count of duplicates, decides: "sufficiently later" is the reordering
 *     SACKed      3             window, nothing at first, a quarter of the least RTT and more where the network is seen
 *     lost    1 2               to reorder. A retransmission has a time like any other, so that its loss is found too.
 *
 * Where the RFC looks at every segment, here are two lists in the order of their times: segments sent once are in the
 * order of the queue, of which `cursor` remembers how far it is judged, and segments sent again have a list.
 */
import type { ControlBlock } from './control-block.ts';
import { Recovery } from './control-block.ts';
import { DUP_THRESH, markLost } from './scoreboard.ts';
import { Mark, type Segment } from './segment.ts';
import { seqLess, seqLessEq } from './sequence.ts';
import type { SegmentFields } from './tcp-header.ts';
import { traceLoss } from './trace.ts';
import { timestampAt } from './transmit.ts';

/**
 * RFC 8985 6.2, step 2: a segment that the ACK at hand delivered. Of one sent again it must be sure that it was the
 * copy: "If ACK.ts_option.echo_reply < Segment.xmit_ts [...] If rtt < RACK.min_RTT: Continue".
 */
export function rackDelivered(c: ControlBlock, s: Segment, fields: SegmentFields, now: number): void {
  const rttNs = now - s.sentAtNs;
  if ((s.marks & Mark.SentAgain) !== 0) {
    if (fields.hasTimestamps && ((fields.tsEcr - timestampAt(c, s.sentAtNs)) | 0) < 0) return;
    if (rttNs < c.rtt.minRttNs) return;
  }
  rackDeliveredAt(c, s.order, rttNs);
}

/** RACK.segment is the one "sent most recently" of those delivered: where the RFC compares times, and numbers if they are
 * the same, the count of what was transmitted says it in any case. */
export function rackDeliveredAt(c: ControlBlock, order: number, rttNs: number): void {
  const { rack } = c;
  rack.rttNs = rttNs;
  if (order > rack.order) {
    rack.order = order;
    rack.xmitNs = c.node.clock.now - rttNs;
  }
}

/** RFC 8985 6.2, step 3: a segment that was sent once arrived only after one that lies `ahead` bytes beyond it. */
export function reorderingSeen(c: ControlBlock, ahead: number): void {
  const { rack } = c;
  rack.reorderingSeen = true;
  rack.reordering = Math.min(300, Math.max(rack.reordering, Math.ceil(ahead / c.sndMss)));
}

/**
 * RFC 8985 6.2, step 4: "Grow the reordering window per round that sees DSACK". As on Linux not by those that answer a
 * tail loss probe, nor where the network itself must have made the copies, for we sent none.
 */
export function takeDsack(c: ControlBlock): void {
  const { rack, undo } = c;
  const span = (rack.dsackRight - rack.dsackLeft) | 0;
  if (span <= 0 || span > c.maxSndWnd) return;
  const segments = span > c.sndMss ? Math.ceil(span / c.sndMss) : 1;
  c.tcp.counters.dsackRecv++;
  rack.duplicates += segments;
  if (rack.duplicates > c.totalRetransmits) return;
  if (undo.on && seqLess(undo.una, rack.dsackRight)) {
    undo.retransmissions = Math.max(0, undo.retransmissions - segments);
  }
  const ofProbe = c.tailProbe !== 0 && rack.dsackRight === c.tailProbeEnd;
  if (rack.inRound && seqLessEq(rack.roundEnd, c.sndUna)) rack.inRound = false;
  if (rack.inRound || !rack.reorderingSeen || ofProbe) return;
  rack.inRound = true;
  rack.roundEnd = c.sndNxt;
  rack.widen();
}

/** RFC 8985 6.2, step 4, RACK_update_reo_wnd(): how much earlier than a delivered segment one may have been sent, ns. */
export function reorderingWindowNs(c: ControlBlock): number {
  const { rack, rtt } = c;
  if (!rack.reorderingSeen) {
    // "If RACK.reordering_seen is FALSE: If in Fast or RTO recovery: Return 0; Else if RACK.segs_sacked >= DupThresh:
    // Return 0": where nothing is reordered, three duplicates say as much as ever.
    if (c.recovery !== Recovery.None || c.sackedSegments >= DUP_THRESH) return 0;
    if (c.sackedBytes > (DUP_THRESH - 1) * c.sndMss) return 0;
  }
  return Math.min((rack.windowQuarters * rtt.minRttNs) / 4, rtt.srttNs);
}

/**
 * RFC 8985 6.2, step 5, RACK_detect_loss(): marks what is lost. Returns when to look again, ns, or 0: where the RFC
 * waits for the last of the segments in doubt, here it is the first, so that each is judged at its time.
 */
export function detectLosses(c: ControlBlock, now: number): number {
  const { rack, sendQueue } = c;
  if (rack.order === 0) return 0;
  const windowNs = reorderingWindowNs(c);
  const waitNs = rack.rttNs + windowNs;
  const { unsent } = sendQueue;
  let againNs = 0;
  let s = rack.cursor ?? sendQueue.head;
  for (; s !== null && s !== unsent; s = s.next) {
    if ((s.marks & (Mark.Sacked | Mark.Lost | Mark.Resent)) !== 0) continue;
    if (s.order > rack.order) break;
    if (s.sentAtNs + waitNs > now) {
      againNs = s.sentAtNs + waitNs;
      break;
    }
    lose(c, s, windowNs);
  }
  rack.cursor = s ?? sendQueue.tail;
  let next = rack.resentHead;
  while (next !== null) {
    s = next;
    if (s.order > rack.order) break;
    const at = s.sentAtNs + waitNs;
    if (at > now) {
      if (againNs === 0 || at < againNs) againNs = at;
      break;
    }
    next = s.resentNext;
    c.tcp.counters.lostRetransmit++;
    lose(c, s, windowNs);
  }
  return againNs === 0 ? 0 : Math.ceil(againNs);
}

function lose(c: ControlBlock, s: Segment, windowNs: number): void {
  if (c.node.trace !== null) traceLoss(c, s, windowNs);
  markLost(c, s);
}

/**
 * RFC 8985 6.3, RACK_mark_losses_on_RTO(): "If SEG.SEQ == SND.UNA OR Segment.xmit_ts + RACK.rtt + RACK.reo_wnd - Now()
 * <= 0: Segment.lost = TRUE". What was sent a moment ago is left in flight.
 */
export function markLostOnTimeout(c: ControlBlock, now: number): void {
  const { head, unsent } = c.sendQueue;
  const waitNs = (c.rack.order > 0 ? c.rack.rttNs : c.rtt.srttNs) + reorderingWindowNs(c);
  for (let s = head; s !== null && s !== unsent; s = s.next) {
    if ((s.marks & Mark.Sacked) !== 0 || (s.marks & (Mark.Lost | Mark.Resent)) === Mark.Lost) continue;
    if (s === head || s.sentAtNs + waitNs <= now) markLost(c, s);
  }
  c.retransmitNext = head;
}
