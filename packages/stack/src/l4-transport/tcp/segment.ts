import type { PacketBuffer } from '../../base/packet-buffer.ts';

/** What is known of a segment in a queue. */
export const Mark = {
  /** The peer holds it out of order (RFC 2018). */
  Sacked: 1,
  /** It is held to be lost (RFC 6675's IsLost, or the timer expired). */
  Lost: 2,
  /** It was sent again, because it was held to be lost or as a probe, and that copy is held to be on its way. */
  Resent: 4,
  /** It was sent more than once, ever: its acknowledgement times nothing (Karn's algorithm, RFC 6298 3). */
  SentAgain: 8,
  Syn: 16,
  Fin: 32,
} as const;

/**
 * A stretch of the stream with the packet that holds it: an entry of the send queue (Linux's write queue) or of the
 * queue of out-of-order segments. It remembers by itself where its payload lies, for once the packet is on its way,
 * the offsets in the packet belong to others.
 */
export class Segment {
  seq = 0;
  /** Bytes of payload. */
  length = 0;
  /** Sequence numbers it takes: `length`, and one for SYN or FIN. */
  span = 0;
  /** Bits of `Mark`. */
  marks = 0;
  /** null: no payload (a bare SYN or FIN). */
  packet: PacketBuffer | null = null;
  /** Where the payload begins in `packet.bytes`. */
  payloadOffset = 0;
  /** When it was sent last, ns; -1: never. */
  sentAtNs = -1;
  /** Which of the connection's transmissions that was, counted from 1. */
  order = 0;
  next: Segment | null = null;
  prev: Segment | null = null;
  /** Among those with `Mark.Resent`, in the order in which they were sent again (`Rack`). */
  resentNext: Segment | null = null;
  resentPrev: Segment | null = null;
}

/** Most segments kept for reuse: beyond it they are left to the garbage collector. */
const MAX_FREE = 8192;

/** The segments of one TCP, for reuse: a stream allocates none. */
export class SegmentPool {
  /** Taken and not given back: the leak check of tests. */
  outstanding = 0;
  private free: Segment | null = null;
  private count = 0;

  acquire(): Segment {
    this.outstanding++;
    const segment = this.free;
    if (segment === null) return new Segment();
    this.free = segment.next;
    this.count--;
    segment.next = null;
    return segment;
  }

  /** Takes the segment back and releases its packet. */
  release(segment: Segment): void {
    this.outstanding--;
    if (segment.packet !== null) {
      segment.packet.release();
      segment.packet = null;
    }
    if (this.count >= MAX_FREE) return;
    if (segment.marks !== 0) {
      segment.marks = 0;
      segment.resentNext = null;
      segment.resentPrev = null;
    }
    segment.sentAtNs = -1;
    segment.prev = null;
    segment.next = this.free;
    this.free = segment;
    this.count++;
  }
}
