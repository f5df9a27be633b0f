/**
 * What the sender knows of the segments in flight (RFC 6675 3's scoreboard): which are SACKed, which are held to be lost,
 * which of those were sent again. What is in flight is RFC 6675's "pipe":
 *
 *     pipe = (SND.NXT - SND.UNA) - sacked - lost + sent again
 */
import type { ControlBlock } from './control-block.ts';
import { Mark, type Segment } from './segment.ts';
import { seqLess, seqLessEq } from './sequence.ts';

/** RFC 5681 3.2, RFC 6675 2: duplicate ACKs after which a segment is held to be lost. */
export const DUP_THRESH = 3;

/** Bytes that are held to be in the network. */
export function pipe(c: ControlBlock): number {
  return ((c.sndNxt - c.sndUna) | 0) - c.sackedBytes - c.lostBytes + c.resentBytes;
}

/** `n` sequence numbers of a marked segment are done with. */
export function uncount(c: ControlBlock, segment: Segment, n: number): void {
  const { marks } = segment;
  const whole = n === segment.span;
  if ((marks & Mark.Sacked) !== 0) {
    c.sackedBytes -= n;
    if (whole) c.sackedSegments--;
  }
  if ((marks & Mark.Lost) !== 0) {
    c.lostBytes -= n;
    if ((marks & Mark.Resent) === 0) c.lostPending -= n;
  }
  if ((marks & Mark.Resent) !== 0) {
    c.resentBytes -= n;
    if (whole) c.rack.removeResent(segment);
  }
}

/**
 * RFC 6675 4, IsLost(): a segment is lost when "either DupThresh discontiguous SACKed sequences have arrived above" it
 * "or more than (DupThresh - 1) * SMSS bytes [...] have been SACKed" above. Looks only at what it has not seen before.
 */
export function markLostBySack(c: ControlBlock): void {
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

/** The last copy of a segment is held to be lost: it, or what it was the copy of, is to be sent again. */
export function markLost(c: ControlBlock, s: Segment): void {
  if ((s.marks & Mark.Resent) !== 0) {
    s.marks &= ~Mark.Resent;
    c.resentBytes -= s.span;
    c.rack.removeResent(s);
    if ((s.marks & Mark.Lost) !== 0) c.lostPending += s.span;
  }
  if ((s.marks & Mark.Lost) === 0) {
    s.marks |= Mark.Lost;
    c.lostBytes += s.span;
    c.lostPending += s.span;
  }
  if (c.retransmitNext === null || seqLess(s.seq, c.retransmitNext.seq)) c.retransmitNext = s;
}

/** A segment is about to be sent again. */
export function markResent(c: ControlBlock, s: Segment): void {
  if ((s.marks & Mark.Resent) !== 0) {
    c.rack.removeResent(s);
  } else {
    s.marks |= Mark.Resent;
    c.resentBytes += s.span;
    if ((s.marks & Mark.Lost) !== 0) c.lostPending -= s.span;
  }
  c.rack.appendResent(s);
}

/** Cuts a segment that was sent after `n` bytes. */
export function splitSent(c: ControlBlock, s: Segment, n: number): void {
  c.sendQueue.split(s, n);
  if ((s.marks & Mark.Resent) !== 0) c.rack.splitResent(s, s.next!);
}

/** The timer expired: everything that is not SACKed is lost. */
export function markAllLost(c: ControlBlock): void {
  const { head, unsent } = c.sendQueue;
  for (let s = head; s !== null && s !== unsent; s = s.next) {
    if ((s.marks & Mark.Sacked) === 0) markLost(c, s);
  }
  if (!c.sack) c.sackedBytes = 0;
  c.dupAcks = 0;
  c.retransmitNext = head;
}

/** RFC 2018 8: the receiver may forget what it SACKed. A SACKed first segment shows that it did: all marks go. */
export function forgetSacks(c: ControlBlock): void {
  const { head, unsent } = c.sendQueue;
  for (let s = head; s !== null && s !== unsent; s = s.next) s.marks &= ~Mark.Sacked;
  c.sackedBytes = 0;
  c.sackedSegments = 0;
  c.highSacked = null;
  c.rack.cursor = null;
}
