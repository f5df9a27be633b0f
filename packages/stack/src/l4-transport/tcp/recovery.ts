/**
 * Acknowledgements and losses, on the sender's side: what an ACK takes out of the queue, what it says about losses,
 * and what is to be sent again (RFC 5681 3.2, RFC 6582, RFC 6675, RFC 6298 5).
 *
 * What is in flight is RFC 6675's "pipe":
 *
 *     pipe = (SND.NXT - SND.UNA) - sacked - lost + sent again
 *
 * Without SACK, each duplicate ACK says that some segment has left the network: it counts as one SACKed. That is RFC
 * 6582's window inflation, seen from the other side, and the same code serves both.
 */
import { SECOND } from '../../base/clock.ts';
import { Errno } from '../../base/errors.ts';
import { Ready } from '../readiness.ts';
import { Recovery, type TcpConnection } from './connection.ts';
import { timestampNow, transmit } from './output.ts';
import { AFTER_SYN_LOSS_RTO_NS, retriesNs } from './rto.ts';
import { Mark, type Segment } from './segment.ts';
import { seqLess, seqLessEq } from './sequence.ts';
import { TcpState } from './states.ts';
import type { SegmentFields } from './tcp-header.ts';
import { restartRetransmitTimer } from './timers.ts';
import { traceCongestion } from './trace.ts';

/** RFC 5681 3.2, RFC 6675 2: duplicate ACKs after which a segment is held to be lost. */
export const DUP_THRESH = 3;

/** Bytes that are held to be in the network. */
export function pipe(c: TcpConnection): number {
  return ((c.sndNxt - c.sndUna) | 0) - c.sackedBytes - c.lostBytes + c.resentBytes;
}

/**
 * An acceptable ACK: SND.UNA =< SEG.ACK =< SND.NXT. `duplicate`: it fulfils RFC 5681 2's five conditions. Sends
 * nothing, except the one segment with which recovery begins or goes on.
 */
export function processAck(c: TcpConnection, segment: SegmentFields, duplicate: boolean): void {
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
  c: TcpConnection,
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
  if (duplicate || newlySacked > 0) c.dupAcks++;
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
function grow(c: TcpConnection, acked: number, flightBefore: number, now: number, rttNs: number): void {
  const { congestion } = c;
  if (c.cwndLimited || (congestion.cwnd < congestion.ssthresh && flightBefore * 2 >= congestion.cwnd)) {
    congestion.acked(acked, c.sndMss, now, rttNs);
  }
}

/**
 * Takes what SEG.ACK covers out of the queue and measures the round trip. Returns it, ns, or -1 without a measurement:
 * of segments sent more than once only a timestamp tells (RFC 6298 3, RFC 7323 4.1).
 */
function removeAcknowledged(c: TcpConnection, segment: SegmentFields, now: number): number {
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

/** `n` sequence numbers of a marked segment are done with. */
function uncount(c: TcpConnection, segment: Segment, n: number): void {
  const { marks } = segment;
  if ((marks & Mark.Sacked) !== 0) c.sackedBytes -= n;
  if ((marks & Mark.Lost) !== 0) {
    c.lostBytes -= n;
    if ((marks & Mark.Resent) === 0) c.lostPending -= n;
  }
  if ((marks & Mark.Resent) !== 0) c.resentBytes -= n;
}

/**
 * RFC 6675 5, Update(): marks what the SACK blocks cover. Returns how many sequence numbers that are news. Blocks that
 * make no sense (RFC 2018 5.1 trusts the peer) and D-SACK blocks, which lie below SEG.ACK, are passed over.
 */
function applySacks(c: TcpConnection, fields: SegmentFields): number {
  if (c.sackSeen === null) c.sackSeen = new Int32Array(8);
  const seen = c.sackSeen;
  let news = 0;
  for (let i = 0; i < fields.sackCount; i++) {
    const left = fields.sacks[i * 2]!;
    const right = fields.sacks[i * 2 + 1]!;
    if (seqLessEq(right, left) || seqLess(left, fields.ack) || seqLess(c.sndNxt, right)) continue;
    let from = c.sendQueue.head;
    let known = false;
    const high = c.highSacked;
    if (high !== null && seqLessEq(high.seq, left)) from = high;
    for (let j = 0; j < 8; j += 2) {
      if (seen[j] !== left) continue;
      if (seen[j + 1] === right) known = true;
      else if (high !== null && seen[j + 1] === ((high.seq + high.span) | 0) && seqLess(seen[j + 1]!, right))
        from = high;
    }
    if (!known) news += markSacked(c, from, left, right);
  }
  for (let i = 0; i < 8; i++) seen[i] = i < fields.sackCount * 2 ? fields.sacks[i]! : 0;
  return news;
}

function markSacked(c: TcpConnection, from: Segment | null, left: number, right: number): number {
  let news = 0;
  const { unsent } = c.sendQueue;
  for (let s = from; s !== null && s !== unsent && seqLess(s.seq, right); s = s.next) {
    if ((s.marks & Mark.Sacked) !== 0 || seqLess(s.seq, left)) continue;
    if (seqLess(right, (s.seq + s.span) | 0)) break;
    if (s.marks !== 0) uncount(c, s, s.span);
    s.marks = (s.marks & ~(Mark.Lost | Mark.Resent)) | Mark.Sacked;
    if (c.retransmitNext === s) c.retransmitNext = s.next;
    c.sackedBytes += s.span;
    news += s.span;
    if (c.highSacked === null || seqLess(c.highSacked.seq, s.seq)) c.highSacked = s;
  }
  return news;
}

/**
 * RFC 6675 4, IsLost(): a segment is lost when "either DupThresh discontiguous SACKed sequences have arrived above" it
 * "or more than (DupThresh - 1) * SMSS bytes [...] have been SACKed" above. Looks only at what it has not seen before.
 */
function markLostBySack(c: TcpConnection): void {
  let above = 0;
  let runs = 0;
  let inRun = false;
  let s: Segment | null = c.highSacked;
  while (s !== null && runs < DUP_THRESH && above <= (DUP_THRESH - 1) * c.sndMss) {
    const sacked = (s.marks & Mark.Sacked) !== 0;
    if (sacked) {
      above += s.span;
      if (!inRun) runs++;
    }
    inRun = sacked;
    s = s.prev;
  }
  if (s === null) return;
  const mark = (s.seq + s.span) | 0;
  const start = seqLess(c.lostMark, c.sndUna) ? c.sndUna : c.lostMark;
  while (s !== null && seqLessEq(start, s.seq)) {
    if ((s.marks & (Mark.Sacked | Mark.Lost)) === 0) markLost(c, s);
    s = s.prev;
  }
  c.lostMark = mark;
}

function markLost(c: TcpConnection, s: Segment): void {
  if ((s.marks & Mark.Lost) !== 0) return;
  s.marks |= Mark.Lost;
  c.lostBytes += s.span;
  c.lostPending += s.span;
  if (c.retransmitNext === null || seqLess(s.seq, c.retransmitNext.seq)) c.retransmitNext = s;
}

/** RFC 5681 3.2 and RFC 6675 5 (4): the first loss is found. */
function enterFastRecovery(c: TcpConnection, now: number): void {
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

function endRecovery(c: TcpConnection): void {
  if (c.recovery === Recovery.Fast) {
    c.congestion.exitRecovery(c.flight, c.sndMss);
    traceCongestion(c, 'recovered', c.sack ? 'RFC 6675 5' : 'RFC 6582 3.2');
  }
  c.recovery = Recovery.None;
  c.dupAcks = 0;
  if (!c.sack) c.sackedBytes = 0;
}

/** RFC 6675 4, NextSeg() rule 1: sends the lost segments again, in their order, as the pipe permits. */
export function retransmitLost(c: TcpConnection): void {
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
export function retransmitRest(c: TcpConnection): void {
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
function resend(c: TcpConnection, s: Segment, why: string): void {
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
export function retransmitTimeout(c: TcpConnection): void {
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
  c.backoff++;
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

function markAllLost(c: TcpConnection): void {
  const { head, unsent } = c.sendQueue;
  // RFC 2018 8: the receiver may forget what it SACKed. A SACKed first segment shows that it did: all marks go.
  const reneged = head !== null && (head.marks & Mark.Sacked) !== 0;
  if (!c.sack || reneged) {
    c.sackedBytes = 0;
    c.highSacked = null;
  }
  c.dupAcks = 0;
  c.lostBytes = 0;
  for (let s = head; s !== null && s !== unsent; s = s.next) {
    if (reneged) s.marks &= ~Mark.Sacked;
    s.marks &= ~Mark.Resent;
    if ((s.marks & Mark.Sacked) !== 0) continue;
    s.marks |= Mark.Lost;
    c.lostBytes += s.span;
  }
  c.resentBytes = 0;
  c.lostPending = c.lostBytes;
  c.retransmitNext = head;
}

/** Has it been tried for long enough? (RFC 9293 3.8.3's R2; RFC 5482's user timeout.) */
function givenUp(c: TcpConnection, now: number): boolean {
  const { options } = c.tcp;
  const elapsed = now - c.progressAtNs;
  const { userTimeoutNs } = c.options;
  if (c.state === TcpState.SynSent) {
    return c.retransmits >= c.options.synRetries || (userTimeoutNs > 0 && elapsed >= userTimeoutNs);
  }
  if (c.state === TcpState.SynReceived) return c.retransmits >= options.synAckRetries;
  if (userTimeoutNs > 0) return elapsed >= userTimeoutNs;
  // RFC 9293 3.8.6.1: as long as the peer answers probes of its closed window, "the connection [...] stays open".
  if (c.sndWnd === 0 && c.lastReceivedNs > c.progressAtNs && now - c.lastReceivedNs < 240 * SECOND) return false;
  return elapsed >= retriesNs(c.orphaned ? options.orphanRetries : options.retries);
}

/** The connection is established: the timer's start value for data (RFC 6298 5.7), and the initial window. */
export function startData(c: TcpConnection): void {
  if (c.synLosses > 0 && c.rtt.srttNs < 0) c.rtt.rtoNs = AFTER_SYN_LOSS_RTO_NS;
  c.congestion.start(c.sndMss, c.synLosses);
  c.retransmits = 0;
  c.backoff = 0;
  c.lostMark = c.sndUna;
}

/** The path carries less than thought (RFC 1191 6.5): what is in flight and too large is sent again, in parts. */
export function resendTooLarge(c: TcpConnection): void {
  for (let s = c.sendQueue.head; s !== null && s !== c.sendQueue.unsent; s = s.next) {
    if (s.length > c.sndMss && (s.marks & (Mark.Sacked | Mark.Lost)) === 0) markLost(c, s);
  }
  // RFC 1191 6.5: "the resulting retransmission is not due to congestion": the window stays.
  c.retransmitNext = null;
  c.outputPending = true;
  if (!c.dirty) c.tcp.markDirty(c);
}
