/**
 * Acknowledgements and losses, on the sender's side: what an ACK takes out of the queue, and what it says about losses.
 * With SACK they are found by time (RFC 8985, rack.ts), otherwise by counting duplicates (RFC 5681 3.2, RFC 6582).
 *
 * Without SACK, each duplicate ACK says that some segment has left the network: it counts as one SACKed. That is RFC
 * 6582's window inflation, seen from the other side, and the same code serves both.
 */
import { SECOND } from '../../base/clock.ts';
import { Ready } from '../readiness.ts';
import { growSendBuffer } from './buffer-tuning.ts';
import { type ControlBlock, Recovery } from './control-block.ts';
import { Probe } from './loss-state.ts';
import { beginReduction, endReduction, reduce } from './prr.ts';
import { detectLosses, rackDelivered, rackDeliveredAt, reorderingSeen, takeDsack } from './rack.ts';
import { resend } from './retransmission.ts';
import { applySacks } from './sack-received.ts';
import { DUP_THRESH, markLost, markLostBySack, uncount } from './scoreboard.ts';
import { Mark, type Segment } from './segment.ts';
import { seqLess, seqLessEq } from './sequence.ts';
import { probeAnswered } from './tail-loss-probe.ts';
import type { SegmentFields } from './tcp-header.ts';
import { restartRetransmitTimer, setReorderingTimer } from './timers.ts';
import { traceCongestion } from './trace.ts';
import { timestampNow } from './transmit.ts';
import { rememberWindow, tryUndo } from './undo.ts';

/**
 * An acceptable ACK: SND.UNA =< SEG.ACK =< SND.NXT. `duplicate`: it fulfils RFC 5681 2's five conditions. Sends
 * nothing, except the one segment with which recovery begins or goes on.
 */
export function processAck(c: ControlBlock, segment: SegmentFields, duplicate: boolean): void {
  const now = c.node.clock.now;
  const flightBefore = (c.sndNxt - c.sndUna) | 0;
  const sackedBefore = c.sackedBytes;
  const hasSack = segment.sackCount > 0 && c.sack;
  const newlySacked = hasSack ? applySacks(c, segment, now) : 0;
  const acked = (segment.ack - c.sndUna) | 0;
  let segments = 0;
  let rttNs = -1;
  if (acked > 0) {
    const countBefore = c.tcp.segments.outstanding;
    rttNs = removeAcknowledged(c, segment, now);
    segments = countBefore - c.tcp.segments.outstanding;
    progress(c, now);
  }
  if (
    c.recovery === Recovery.None &&
    !duplicate &&
    !hasSack &&
    c.dupAcks === 0 &&
    sackedBefore === 0 &&
    c.tailProbe === Probe.None
  ) {
    if (acked > 0) {
      restartRetransmitTimer(c);
      grow(c, acked, flightBefore, now, rttNs);
    }
    return;
  }
  if (c.recovery !== Recovery.None && seqLessEq(c.recoveryPoint, c.sndUna)) endRecovery(c, segment, acked);
  if (c.rack.on) {
    const delivered = acked + c.sackedBytes - sackedBefore;
    recoverByTime(c, segment, acked, newlySacked, delivered, flightBefore, now, rttNs);
  } else {
    recoverByCount(c, acked, segments, newlySacked, duplicate, flightBefore, now, rttNs);
  }
  c.outputPending = true;
  if (!c.dirty) c.tcp.markDirty(c);
}

/** The peer has acknowledged something new. */
function progress(c: ControlBlock, now: number): void {
  c.retransmits = 0;
  c.backoff = 0;
  c.progressAtNs = now;
  c.windowProbes = 0;
  c.softError = 0;
  if (c.wantsOut) growSendBuffer(c);
  if (c.wantsOut && c.writable) {
    c.wantsOut = false;
    c.raise(Ready.Out);
  }
  confirm(c, now);
}

/** RFC 4861 7.3.1: "forward progress" says that the neighbour hears us. Told once a second. */
function confirm(c: ControlBlock, now: number): void {
  if (now - c.confirmedAtNs < SECOND && c.confirmedAtNs >= 0) return;
  c.confirmedAtNs = now;
  c.flow.confirm();
}

/** RFC 8985: something is out of order, SACKed, probed or being repaired. */
function recoverByTime(
  c: ControlBlock,
  segment: SegmentFields,
  acked: number,
  newlySacked: number,
  delivered: number,
  flightBefore: number,
  now: number,
  rttNs: number,
): void {
  const { rack } = c;
  let restart = acked > 0;
  if (segment.sackCount === 0) rack.dsack = false;
  else if (rack.dsack) takeDsack(c);
  if (newlySacked > 0) confirm(c, now);
  if (newlySacked > 0 && rack.sackRttNs >= 0) {
    // A round trip of what was sent once, told by SACK, is a measurement like any other, and ends the backing off: RFC
    // 6298 5: "once a new RTT measurement is obtained [...] 'collapsing' RTO back down after it has been subject to
    // exponential back off".
    if (rttNs < 0) c.rtt.sample(rack.sackRttNs);
    restart = restart || c.backoff > 0;
    c.backoff = 0;
  }
  if (c.tailProbe !== Probe.None) {
    const pure = acked === 0 && segment.length === 0 && segment.sackCount === 0;
    probeAnswered(c, segment, flightBefore, pure);
    restart = restart || c.tailProbe === Probe.None;
  }
  tryUndo(c, segment, acked);
  const lostBefore = c.lostPending;
  const againNs = detectLosses(c, now);
  const moreLost = c.lostPending > lostBefore;
  if (c.recovery === Recovery.None && c.lostPending > 0) enterRecovery(c, delivered, now);
  if (c.recovery === Recovery.Fast) reduce(c, delivered, acked > 0 && !moreLost);
  else if (acked > 0) grow(c, delivered, flightBefore, now, rttNs);
  if (restart) restartRetransmitTimer(c);
  setReorderingTimer(c, againNs);
}

/** RFC 8985 6.2, step 5: the reordering timer expired: what was in doubt is lost now. */
export function reorderingTimeout(c: ControlBlock): void {
  const now = c.node.clock.now;
  const lostBefore = c.lostPending;
  const againNs = detectLosses(c, now);
  if (c.lostPending > lostBefore) {
    if (c.recovery === Recovery.None) enterRecovery(c, 0, now);
    // As Linux: the timer counts for one segment delivered, or what it found would wait for an ACK that may never come.
    if (c.recovery === Recovery.Fast) reduce(c, c.sndMss, false);
    c.outputPending = true;
    if (!c.dirty) c.tcp.markDirty(c);
  }
  setReorderingTimer(c, againNs);
}

/** Counting: RFC 5681 3.2 and RFC 6582 without SACK, RFC 6675 with it. */
function recoverByCount(
  c: ControlBlock,
  acked: number,
  segments: number,
  newlySacked: number,
  duplicate: boolean,
  flightBefore: number,
  now: number,
  rttNs: number,
): void {
  if (acked > 0) {
    restartRetransmitTimer(c);
    if (c.recovery === Recovery.Fast) c.dupAcks = Math.max(0, c.dupAcks - Math.max(0, segments - 1));
    else c.dupAcks = 0;
  }
  // RFC 6675 2: with SACK, a duplicate ACK is one that SACKs something new: D-SACKs and window probes are none.
  if (c.sack ? newlySacked > 0 : duplicate) c.dupAcks++;
  if (c.sack) {
    if (newlySacked > 0) markLostBySack(c);
  } else {
    c.sackedBytes = Math.min(c.dupAcks * c.sndMss, Math.max(0, c.flight - c.lostBytes));
  }
  if (c.recovery === Recovery.Fast) {
    if (acked > 0 && !c.sack) {
      // RFC 6582 3.2 (3), partial acknowledgment: "retransmit the first unacknowledged segment".
      const { head } = c.sendQueue;
      if (head !== null && head.sentAtNs >= 0 && (head.marks & Mark.Resent) === 0) {
        markLost(c, head);
        resend(c, head, 'a partial ACK in fast recovery');
      }
    }
  } else if (c.recovery === Recovery.None && c.flight > 0 && (c.dupAcks >= DUP_THRESH || c.lostBytes > 0)) {
    // RFC 6582 3.2 (2): not "if the Cumulative Acknowledgment field" does not cover "more than recover".
    const again = !c.sack && c.recoverySet && seqLessEq(c.sndUna, c.recoveryPoint);
    if (!again) fastRetransmit(c, now);
  } else if (acked > 0) {
    grow(c, acked, flightBefore, now, rttNs);
  }
}

/** The congestion window grows, if it was what held the sender back (RFC 5681 3.1, RFC 7661 4.1). */
function grow(c: ControlBlock, acked: number, flightBefore: number, now: number, rttNs: number): void {
  const { congestion } = c;
  if (c.cwndLimited || (congestion.cwnd < congestion.ssthresh && flightBefore * 2 >= congestion.cwnd)) {
    congestion.acked(acked, c.sndMss, now, rttNs);
  }
}

/**
 * Takes what SEG.ACK covers out of the queue and measures the round trip. Returns it, ns, or -1 without a measurement:
 * of segments sent more than once only a timestamp tells (RFC 6298 3, RFC 7323 4.1).
 */
function removeAcknowledged(c: ControlBlock, segment: SegmentFields, now: number): number {
  const { ack } = segment;
  const { sendQueue, rack, highSacked } = c;
  c.sndUna = ack;
  let sentAtNs = -1;
  let lastNs = -1;
  let firstSeq = 0;
  let order = 0;
  let copyNs = -1;
  let ambiguous = false;
  let first = sendQueue.head;
  while (first !== null && first.sentAtNs >= 0) {
    const left = (first.seq + first.span - ack) | 0;
    if (left > 0) {
      const n = first.span - left;
      if (n > 0) {
        if (first.marks !== 0) uncount(c, first, n);
        sendQueue.trimHead(n);
      }
      break;
    }
    const { marks } = first;
    if ((marks & (Mark.Sacked | Mark.SentAgain)) === 0) {
      if (sentAtNs < 0) {
        sentAtNs = first.sentAtNs;
        firstSeq = first.seq;
      }
      lastNs = first.sentAtNs;
      order = first.order;
    }
    if (marks !== 0) {
      if ((marks & Mark.SentAgain) !== 0) ambiguous = true;
      if (removeMarked(c, first, segment, now)) copyNs = now - first.sentAtNs;
    }
    sendQueue.shift();
    first = sendQueue.head;
  }
  if (lastNs >= 0) {
    rackDeliveredAt(c, order, now - lastNs);
    // RFC 8985 6.2, step 3: sent once, and delivered after what lies beyond it.
    if (highSacked !== null && seqLess(firstSeq, highSacked.seq)) reorderingSeen(c, (highSacked.seq - firstSeq) | 0);
  }
  // Both may stand at segments that are gone now: the next search begins at the head.
  if (rack.cursor !== null && seqLess(rack.cursor.seq, ack)) rack.cursor = null;
  if (c.retransmitNext !== null && seqLess(c.retransmitNext.seq, ack)) c.retransmitNext = first;
  let rttNs = ambiguous || sentAtNs < 0 ? copyNs : now - sentAtNs;
  if (rttNs < 0 && segment.hasTimestamps && segment.tsEcr !== 0) {
    const ticks = (timestampNow(c) - segment.tsEcr) | 0;
    if (ticks >= 0) rttNs = (ticks > 0 ? ticks : 1) * 1e6;
  }
  if (rttNs >= 0) c.rtt.sample(rttNs);
  return rttNs;
}

/**
 * A segment with marks is acknowledged. True if a D-SACK in this ACK names it: then its copy has arrived, and brought
 * this ACK forth, which measures the copy's round trip. The timestamp does not, for what comes twice is not taken note
 * of (RFC 7323 5.3): it would count the time since the ACK of the original was lost.
 */
function removeMarked(c: ControlBlock, s: Segment, segment: SegmentFields, now: number): boolean {
  const { rack } = c;
  const { marks, seq, span, sentAtNs } = s;
  if (rack.on && (marks & (Mark.Sacked | Mark.SentAgain)) === Mark.SentAgain) rackDelivered(c, s, segment, now);
  uncount(c, s, span);
  if (c.highSacked === s) c.highSacked = null;
  if ((marks & Mark.SentAgain) === 0 || segment.sackCount === 0 || !c.sack || !rack.dsack) return false;
  return (
    seqLessEq(rack.dsackLeft, seq) && seqLessEq((seq + span) | 0, rack.dsackRight) && now - sentAtNs >= c.rtt.minRttNs
  );
}

/** RACK found the first loss: the window shrinks in proportion to what is delivered. */
function enterRecovery(c: ControlBlock, delivered: number, now: number): void {
  beginRecovery(c, now);
  c.tailProbe = Probe.None;
  beginReduction(c, delivered);
  c.tcp.counters.sackRecovery++;
  traceCongestion(c, 'fast recovery', 'RFC 8985 6.2');
}

/** RFC 5681 3.2 and RFC 6675 5 (4): the first loss is found. */
function fastRetransmit(c: ControlBlock, now: number): void {
  beginRecovery(c, now);
  c.tcp.counters.renoRecovery++;
  traceCongestion(c, 'fast retransmit', 'RFC 5681 3.2');
  const { head } = c.sendQueue;
  if (head === null) return;
  if ((head.marks & (Mark.Sacked | Mark.Resent)) === 0) markLost(c, head);
  // RFC 6675 5 (4.3): "Retransmit the first data segment presumed dropped", whatever the window says.
  if ((head.marks & (Mark.Lost | Mark.Resent)) === Mark.Lost) resend(c, head, '3 duplicate ACKs');
  if (!c.sack) c.sackedBytes = Math.min(c.dupAcks * c.sndMss, Math.max(0, c.flight - c.lostBytes));
}

function beginRecovery(c: ControlBlock, now: number): void {
  rememberWindow(c);
  c.recovery = Recovery.Fast;
  c.recoveryPoint = c.sndNxt;
  c.recoverySet = true;
  c.congestion.enterRecovery(c.flight, c.sndMss, now);
}

/** All that was outstanding as recovery began is acknowledged. */
function endRecovery(c: ControlBlock, segment: SegmentFields, acked: number): void {
  if (c.rack.on) {
    c.rack.recoveryEnded();
    if (tryUndo(c, segment, acked)) return;
  }
  if (c.recovery === Recovery.Fast) {
    if (c.rack.on) endReduction(c);
    else c.congestion.exitRecovery(c.flight, c.sndMss);
    traceCongestion(c, 'recovered', c.rack.on ? 'RFC 9937' : c.sack ? 'RFC 6675 5' : 'RFC 6582 3.2');
  }
  c.recovery = Recovery.None;
  c.dupAcks = 0;
  if (!c.sack) c.sackedBytes = 0;
}
