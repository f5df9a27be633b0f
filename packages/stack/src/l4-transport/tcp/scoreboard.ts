/**
 * What the sender knows of the segments in flight (RFC 6675 3's scoreboard): which are SACKed, which are held to be lost,
 * which of those were sent again. What is in flight is RFC 6675's "pipe":
 *
 *     pipe = (SND.NXT - SND.UNA) - sacked - lost + sent again
 */
import type { ControlBlock } from './control-block.ts';
import { Mark, type Segment } from './segment.ts';
import { seqLess, seqLessEq } from './sequence.ts';
import type { SegmentFields } from './tcp-header.ts';

/** RFC 5681 3.2, RFC 6675 2: duplicate ACKs after which a segment is held to be lost. */
export const DUP_THRESH = 3;

/** Bytes that are held to be in the network. */
export function pipe(c: ControlBlock): number {
  return ((c.sndNxt - c.sndUna) | 0) - c.sackedBytes - c.lostBytes + c.resentBytes;
}

/** `n` sequence numbers of a marked segment are done with. */
export function uncount(c: ControlBlock, segment: Segment, n: number): void {
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
export function applySacks(c: ControlBlock, fields: SegmentFields): number {
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

function markSacked(c: ControlBlock, from: Segment | null, left: number, right: number): number {
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

export function markLost(c: ControlBlock, s: Segment): void {
  if ((s.marks & Mark.Lost) !== 0) return;
  s.marks |= Mark.Lost;
  c.lostBytes += s.span;
  c.lostPending += s.span;
  if (c.retransmitNext === null || seqLess(s.seq, c.retransmitNext.seq)) c.retransmitNext = s;
}

/** The timer expired: everything that is not SACKed is lost. */
export function markAllLost(c: ControlBlock): void {
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
