/** SACK blocks that came (RFC 2018, D-SACK: RFC 2883): what they say of the segments in flight. */
import type { ControlBlock } from './control-block.ts';
import { rackDelivered, reorderingSeen } from './rack.ts';
import { splitSent, uncount } from './scoreboard.ts';
import { Mark, type Segment } from './segment.ts';
import { seqLess, seqLessEq } from './sequence.ts';
import type { SegmentFields } from './tcp-header.ts';

/**
 * RFC 6675 5, Update(): marks what the SACK blocks cover. Returns how many sequence numbers that are news. Blocks that
 * make no sense (RFC 2018 5.1 trusts the peer) are passed over; a D-SACK block is noted in `c.rack`.
 */
export function applySacks(c: ControlBlock, fields: SegmentFields, now: number): number {
  if (c.sackSeen === null) c.sackSeen = new Int32Array(8);
  const seen = c.sackSeen;
  c.rack.sackRttNs = -1;
  noteDsack(c, fields);
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
    if (!known) news += markSacked(c, from, left, right, fields, now);
  }
  for (let i = 0; i < 8; i++) seen[i] = i < fields.sackCount * 2 ? fields.sacks[i]! : 0;
  return news;
}

/**
 * RFC 2883 4: the first block is a D-SACK, a report of what came twice, if it lies below the cumulative acknowledgement
 * or within the second block.
 */
function noteDsack(c: ControlBlock, fields: SegmentFields): void {
  const left = fields.sacks[0]!;
  const right = fields.sacks[1]!;
  const within = fields.sackCount > 1 && seqLessEq(fields.sacks[2]!, left) && seqLessEq(right, fields.sacks[3]!);
  c.rack.dsack = seqLess(left, fields.ack) || within;
  c.rack.dsackLeft = left;
  c.rack.dsackRight = right;
}

function markSacked(
  c: ControlBlock,
  from: Segment | null,
  left: number,
  right: number,
  fields: SegmentFields,
  now: number,
): number {
  let news = 0;
  const { sendQueue, sndMss } = c;
  for (let s = from; s !== null && s !== sendQueue.unsent && seqLess(s.seq, right); s = s.next) {
    if ((s.marks & Mark.Sacked) !== 0) continue;
    // Of a super-segment a part may have arrived: it is cut where the block begins and ends, between whole segments.
    const before = (left - s.seq) | 0;
    if (before > 0) {
      const cut = Math.ceil(before / sndMss) * sndMss;
      if (cut < s.length) splitSent(c, s, cut);
      continue;
    }
    const covered = (right - s.seq) | 0;
    if (covered < s.span) {
      const cut = covered - (covered % sndMss);
      if (cut === 0 || cut >= s.length) break;
      splitSent(c, s, cut);
    }
    sacked(c, s, fields, now);
    news += s.span;
  }
  return news;
}

function sacked(c: ControlBlock, s: Segment, fields: SegmentFields, now: number): void {
  if (c.rack.on) rackDelivered(c, s, fields, now);
  if ((s.marks & Mark.SentAgain) === 0) c.rack.sackRttNs = now - s.sentAtNs;
  if (s.marks !== 0) uncount(c, s, s.span);
  s.marks = (s.marks & ~(Mark.Lost | Mark.Resent)) | Mark.Sacked;
  c.sackedBytes += s.span;
  c.sackedSegments++;
  const { highSacked } = c;
  if (highSacked === null || seqLess(highSacked.seq, s.seq)) c.highSacked = s;
  else if ((s.marks & Mark.SentAgain) === 0) {
    // RFC 8985 6.2, step 3: "Else if Segment.end_seq < RACK.fack AND Segment.retransmitted is FALSE".
    reorderingSeen(c, (highSacked.seq + highSacked.span - s.seq) | 0);
  }
}
