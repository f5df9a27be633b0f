import { Drop, type DropReason } from '../../base/drop-reasons.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { Mark, type Segment, type SegmentPool } from './segment.ts';
import { seqMax } from './sequence.ts';

/**
 * Segments that came before their turn (RFC 9293 3.10.7.4: "Segments with higher beginning sequence numbers SHOULD be
 * held for later processing"), in the order of the stream, without overlap: of bytes that come twice, the first count.
 */
export class ReassemblyQueue {
  head: Segment | null = null;
  count = 0;
  /** Bytes held. */
  bytes = 0;
  /** Sequence numbers of the contiguous stretch that the last `insert` became part of: SACK's first block. */
  runLeft = 0;
  runRight = 0;
  private tail: Segment | null = null;
  private readonly segments: SegmentPool;
  private readonly limit: number;

  constructor(segments: SegmentPool, limit: number) {
    this.segments = segments;
    this.limit = limit;
  }

  /**
   * Takes over `packet`, whose `[start, end)` is the payload that begins at `seq`; `fin` says that a FIN follows it.
   * Returns 0, or why it was not kept: the packet is then still the caller's.
   */
  insert(packet: PacketBuffer, seq: number, fin: boolean): DropReason {
    let length = packet.end - packet.start;
    let span = length + (fin ? 1 : 0);
    const end = (seq + span) | 0;
    // Nearly always it goes to the end: the search begins there.
    let prev = this.tail;
    while (prev !== null && ((prev.seq - seq) | 0) > 0) prev = prev.prev;
    if (prev !== null) {
      const covered = (prev.seq + prev.span - seq) | 0;
      if (covered >= span) {
        this.findRun(prev);
        return Drop.TCP_DUPLICATE;
      }
      if (covered > 0) {
        packet.start += covered;
        seq = (seq + covered) | 0;
        length -= covered;
        span -= covered;
      }
    }
    let next = prev === null ? this.head : prev.next;
    while (next !== null && ((next.seq + next.span - end) | 0) <= 0) {
      const covered = next;
      next = next.next;
      this.remove(covered);
    }
    if (this.count >= this.limit) return Drop.TCP_OUT_OF_ORDER_FULL;
    if (next !== null && ((end - next.seq) | 0) > 0) {
      // What is behind is there already: a FIN in the midst of it could only be wrong.
      length = (next.seq - seq) | 0;
      span = length;
      fin = false;
      packet.end = packet.start + length;
    }
    const segment = this.segments.acquire();
    segment.seq = seq;
    segment.length = length;
    segment.span = span;
    segment.marks = fin ? Mark.Fin : 0;
    segment.packet = packet;
    segment.payloadOffset = packet.start;
    segment.prev = prev;
    segment.next = next;
    if (prev === null) this.head = segment;
    else prev.next = segment;
    if (next === null) this.tail = segment;
    else next.prev = segment;
    this.count++;
    this.bytes += length;
    this.findRun(segment);
    return 0;
  }

  /** Takes out the first segment; the caller reads it and gives it back to the pool. */
  shift(): Segment {
    const segment = this.head!;
    this.unlink(segment);
    return segment;
  }

  clear(): void {
    while (this.head !== null) this.remove(this.head);
  }

  /** The stretch around `segment`. The last one found is stepped over as a whole, so that a long one costs nothing. */
  private findRun(segment: Segment): void {
    const knownLeft = this.runLeft;
    const knownRight = this.runRight;
    let left = segment.seq;
    let right = (segment.seq + segment.span) | 0;
    const known = ((knownRight - knownLeft) | 0) > 0;
    for (let before = segment.prev; before !== null; before = before.prev) {
      if (((before.seq + before.span) | 0) !== left) break;
      left = before.seq;
      if (known && ((left - knownLeft) | 0) >= 0 && ((left - knownRight) | 0) < 0) {
        // `head` may have moved on since: never claim what was delivered.
        left = seqMax(knownLeft, this.head!.seq);
        break;
      }
    }
    for (let after = segment.next; after !== null; after = after.next) {
      if (after.seq !== right) break;
      right = (after.seq + after.span) | 0;
    }
    this.runLeft = left;
    this.runRight = right;
  }

  private unlink(segment: Segment): void {
    if (segment.prev === null) this.head = segment.next;
    else segment.prev.next = segment.next;
    if (segment.next === null) this.tail = segment.prev;
    else segment.next.prev = segment.prev;
    this.count--;
    this.bytes -= segment.length;
    segment.next = null;
    segment.prev = null;
  }

  private remove(segment: Segment): void {
    this.unlink(segment);
    this.segments.release(segment);
  }
}
