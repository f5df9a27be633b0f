/**
 * Acknowledgements and losses, on the sender's side: what an ACK takes out of the queue, what it says about losses,
 * and what is to be sent again (RFC 5681 3.2, RFC 6582, RFC 6675, RFC 6298 5).
 *
 * Without SACK, each duplicate ACK says that some segment has left the network: it counts as one SACKed. That is RFC
 * 6582's window inflation, seen from the other side, and the same code serves both.
 */
import { SECOND } from '../../base/clock.ts';
import { Errno } from '../../base/errors.ts';
import { Ready } from '../readiness.ts';
import { type ControlBlock, Recovery } from './control-block.ts';
import { SYN_LINEAR_TIMEOUTS } from './options.ts';
import { AFTER_SYN_LOSS_RTO_NS, retriesNs } from './rto.ts';
import { applySacks, DUP_THRESH, markAllLost, markLost, markLostBySack, pipe, uncount } from './scoreboard.ts';
import { Mark, type Segment } from './segment.ts';
import { seqLessEq } from './sequence.ts';
import { TcpState } from './states.ts';
import type { SegmentFields } from './tcp-header.ts';
import { restartRetransmitTimer } from './timers.ts';
import { traceCongestion } from './trace.ts';
import { timestampNow, transmit } from './transmit.ts';

/**
 * An acceptable ACK: SND.UNA =< SEG.ACK =< SND.NXT. `duplicate`: it fulfils RFC 5681 2's five conditions. Sends
 * nothing, except the one segment with which recovery begins or goes on.
 */
export function processAck(c: ControlBlock, segment: SegmentFields, duplicate: boolean): void {
  const now = c.node.clock.now;
  const flightBefore = (c.sndNxt - c.sndUna) | 0;
  const newlySacked = segment.sackCount > 0 && c.sack ? applySacks(c, segment) : 0;
  const acked = (segment.ack - c.sndUna) | 0;
  let segments = 0;
  let rttNs = -1;
  if (acked > 0) {
    const countBefore = c.tcp.segments.outstanding;
    rttNs = removeAcknowledged(c, segment, now);
    segments = countBefore - c.tcp.segments.outstanding;
    c.retransmits = 0;
    c.backoff = 0;
    c.progressAtNs = now;
    c.windowProbes = 0;
    c.softError = 0;
    restartRetransmitTimer(c);
    if (c.wantsOut && c.writable) {
      c.wantsOut = false;
      c.raise(Ready.Out);
    }
    if (now - c.confirmedAtNs >= SECOND || c.confirmedAtNs < 0) {
      c.confirmedAtNs = now;
      c.flow.confirm();
    }
  }
  if (c.recovery === Recovery.None && !duplicate && newlySacked === 0 && c.dupAcks === 0 && c.sackedBytes === 0) {
    if (acked > 0) grow(c, acked, flightBefore, now, rttNs);
    return;
  }
  recover(c, acked, segments, newlySacked, duplicate, flightBefore, now, rttNs);
}

/** The less common half of `processAck`: something is out of order, or being repaired. */
function recover(
  c: ControlBlock,
  acked: number,
  segments: number,
  newlySacked: number,
  duplicate: boolean,
  flightBefore: number,
  now: number,
  rttNs: number,
): void {
  if (c.recovery !== Recovery.None && seqLessEq(c.recoveryPoint, c.sndUna)) endRecovery(c);
  if (acked > 0) {
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
    if (!again) enterFastRecovery(c, now);
  } else if (acked > 0) {
    grow(c, acked, flightBefore, now, rttNs);
  }
  c.outputPending = true;
  if (!c.dirty) c.tcp.markDirty(c);
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
  const { sendQueue } = c;
  c.sndUna = ack;
  let rttNs = -1;
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
    if (first.marks !== 0) {
      uncount(c, first, first.span);
      if ((first.marks & Mark.SentAgain) !== 0) ambiguous = true;
      if (c.highSacked === first) c.highSacked = null;
      if (c.retransmitNext === first) c.retransmitNext = first.next;
    }
    if (rttNs < 0) rttNs = now - first.sentAtNs;
    sendQueue.shift();
    first = sendQueue.head;
  }
  if (ambiguous) rttNs = -1;
  if (rttNs < 0 && segment.hasTimestamps && segment.tsEcr !== 0) {
    const ticks = (timestampNow(c) - segment.tsEcr) | 0;
    if (ticks >= 0) rttNs = (ticks > 0 ? ticks : 1) * 1e6;
  }
  if (rttNs >= 0) c.rtt.sample(rttNs);
  return rttNs;
}

/** RFC 5681 3.2 and RFC 6675 5 (4): the first loss is found. */
function enterFastRecovery(c: ControlBlock, now: number): void {
  c.recovery = Recovery.Fast;
  c.recoveryPoint = c.sndNxt;
  c.recoverySet = true;
  c.congestion.enterRecovery(c.flight, c.sndMss, now);
  traceCongestion(c, 'fast retransmit', 'RFC 5681 3.2');
  const { head } = c.sendQueue;
  if (head === null) return;
  if ((head.marks & Mark.Sacked) === 0) markLost(c, head);
  // RFC 6675 5 (4.3): "Retransmit the first data segment presumed dropped", whatever the window says.
  if ((head.marks & (Mark.Lost | Mark.Resent)) === Mark.Lost) resend(c, head, '3 duplicate ACKs');
  if (!c.sack) c.sackedBytes = Math.min(c.dupAcks * c.sndMss, Math.max(0, c.flight - c.lostBytes));
}

function endRecovery(c: ControlBlock): void {
  if (c.recovery === Recovery.Fast) {
    c.congestion.exitRecovery(c.flight, c.sndMss);
    traceCongestion(c, 'recovered', c.sack ? 'RFC 6675 5' : 'RFC 6582 3.2');
  }
  c.recovery = Recovery.None;
  c.dupAcks = 0;
  if (!c.sack) c.sackedBytes = 0;
}

/** RFC 6675 4, NextSeg() rule 1: sends the lost segments again, in their order, as the pipe permits. */
export function retransmitLost(c: ControlBlock): void {
  const { sendQueue, congestion } = c;
  let s = c.retransmitNext ?? sendQueue.head;
  const why = c.recovery === Recovery.Timeout ? 'RTO expired: slow start' : '3 duplicate ACKs: held to be lost';
  while (s !== null && s !== sendQueue.unsent && c.lostPending > 0) {
    if ((s.marks & (Mark.Lost | Mark.Resent)) === Mark.Lost) {
      const inFlight = pipe(c);
      const need = s.span < c.sndMss ? s.span : c.sndMss;
      if (congestion.cwnd - inFlight < need && inFlight > 0) {
        c.cwndLimited = true;
        break;
      }
      resend(c, s, why);
    }
    s = s.next;
  }
  c.retransmitNext = s;
}

/**
 * NextSeg() rule 3: when there is nothing lost and nothing new to send, what lies below the highest SACKed segment is
 * sent again on suspicion.
 */
export function retransmitRest(c: ControlBlock): void {
  const { sendQueue, congestion, highSacked } = c;
  if (highSacked === null || congestion.cwnd - pipe(c) < c.sndMss) return;
  if (sendQueue.unsent !== null && ((c.sndUna + c.sndWnd - sendQueue.unsent.seq) | 0) > 0) return;
  for (let s = sendQueue.head; s !== null && s !== highSacked; s = s.next) {
    if ((s.marks & (Mark.Sacked | Mark.Resent)) !== 0) continue;
    if (congestion.cwnd - pipe(c) < c.sndMss) return;
    markLost(c, s);
    resend(c, s, 'below what is SACKed, and nothing new to send');
  }
}

/** Sends a lost segment again; a larger one (a super-segment, or the MSS shrank) loses its tail to a new one first. */
function resend(c: ControlBlock, s: Segment, why: string): void {
  if (s.length > c.sndMss) c.sendQueue.split(s, c.sndMss);
  s.marks |= Mark.Resent;
  c.resentBytes += s.span;
  c.lostPending -= s.span;
  transmit(c, s, why);
}

/**
 * The retransmission timer expired (RFC 6298 5.4 to 5.6): everything that is not SACKed is held to be lost, the
 * window is one segment, and the first segment is sent again.
 */
export function retransmitTimeout(c: ControlBlock): void {
  const { head } = c.sendQueue;
  if (head === null || head.sentAtNs < 0) return;
  const now = c.node.clock.now;
  if (givenUp(c, now)) {
    c.finish(
      c.softError !== 0 ? c.softError : Errno.ETIMEDOUT,
      `no acknowledgement after ${c.retransmits} retransmissions`,
    );
    return;
  }
  const first = c.retransmits === 0;
  const waitedNs = c.rtt.backedOffNs(c.backoff);
  c.retransmits++;
  if (c.state !== TcpState.SynSent || c.retransmits > SYN_LINEAR_TIMEOUTS) c.backoff++;
  const why = `RTO ${Math.round(waitedNs / 1e6)} ms expired`;
  if ((head.marks & Mark.Syn) !== 0) {
    c.synLosses++;
    // RFC 6298 5.7: a timer "less than 3 seconds [...] MUST be re-initialized to 3 seconds when data transmission begins".
    if (c.rtt.srttNs < 0) c.rtt.rtoNs = Math.max(c.rtt.rtoNs, 1 * SECOND);
    transmit(c, head, why);
    restartRetransmitTimer(c);
    return;
  }
  markAllLost(c);
  c.congestion.timeout(c.flight, c.sndMss, first);
  c.recovery = Recovery.Timeout;
  c.recoveryPoint = c.sndNxt;
  c.recoverySet = true;
  traceCongestion(c, why, 'RFC 5681 3.1');
  resend(c, head, why);
  restartRetransmitTimer(c);
}

/** Has it been tried for long enough? (RFC 9293 3.8.3's R2; RFC 5482's user timeout.) */
function givenUp(c: ControlBlock, now: number): boolean {
  const { options } = c.tcp;
  const elapsed = now - c.progressAtNs;
  const { userTimeoutNs } = c.options;
  if (c.state === TcpState.SynSent) {
    return (
      c.retransmits >= c.options.synRetries + SYN_LINEAR_TIMEOUTS || (userTimeoutNs > 0 && elapsed >= userTimeoutNs)
    );
  }
  if (c.state === TcpState.SynReceived) return c.retransmits >= options.synAckRetries;
  if (userTimeoutNs > 0) return elapsed >= userTimeoutNs;
  // RFC 9293 3.8.6.1: as long as the peer answers probes of its closed window, "the connection [...] stays open".
  if (c.sndWnd === 0 && c.lastReceivedNs > c.progressAtNs && now - c.lastReceivedNs < 240 * SECOND) return false;
  return elapsed >= retriesNs(c.orphaned ? options.orphanRetries : options.retries);
}

/** The connection is established: the timer's start value for data (RFC 6298 5.7), and the initial window. */
export function startData(c: ControlBlock): void {
  if (c.synLosses > 0 && c.rtt.srttNs < 0) c.rtt.rtoNs = AFTER_SYN_LOSS_RTO_NS;
  c.congestion.start(c.sndMss, c.synLosses);
  c.retransmits = 0;
  c.backoff = 0;
  c.lostMark = c.sndUna;
}

/** The path carries less than thought (RFC 1191 6.5): what is in flight and too large is sent again, in parts. */
export function resendTooLarge(c: ControlBlock): void {
  for (let s = c.sendQueue.head; s !== null && s !== c.sendQueue.unsent; s = s.next) {
    if (s.length > c.sndMss && (s.marks & (Mark.Sacked | Mark.Lost)) === 0) markLost(c, s);
  }
  // RFC 1191 6.5: "the resulting retransmission is not due to congestion": the window stays.
  c.retransmitNext = null;
  c.outputPending = true;
  if (!c.dirty) c.tcp.markDirty(c);
}
