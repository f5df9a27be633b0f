import { HEADROOM, type PacketPool } from '../../base/packet-buffer.ts';
import { Mark, type Segment, type SegmentPool } from './segment.ts';

/**
 * What a connection has to send, as Linux's write queue: a list of segments, of which those before `unsent` are on
 * their way or lost, and the rest wait.
 *
 *     head                      unsent                tail
 *     | sent, not acknowledged  | not sent yet          |
 *     SND.UNA                   SND.NXT                 end of what was written
 *
 * The program's bytes are copied once, into packets with room in front for all headers; a segment is sent, and if
 * need be sent again, from there.
 */
export class SendQueue {
  head: Segment | null = null;
  unsent: Segment | null = null;
  tail: Segment | null = null;
  /** Bytes of payload in the queue: what counts against the send buffer. */
  bytes = 0;
  private readonly segments: SegmentPool;
  private readonly packets: PacketPool;

  constructor(segments: SegmentPool, packets: PacketPool) {
    this.segments = segments;
    this.packets = packets;
  }

  /**
   * Copies `length` bytes in, as segments of at most `maxPayload` bytes, the first of which fills up the last unsent
   * one. `seq` is the number of the first byte. `small`: the bytes go out at once, so a small packet is enough.
   */
  append(source: Uint8Array, offset: number, length: number, seq: number, maxPayload: number, small: boolean): void {
    const { buffer } = source;
    offset += source.byteOffset;
    const end = offset + length;
    this.bytes += length;
    const tail = this.tail;
    if (this.unsent !== null && tail !== null && tail.packet !== null && tail.length < maxPayload) {
      // The packet was never sent, so it and its offsets are ours alone.
      const room = Math.min(maxPayload - tail.length, tail.packet.tailroom, length);
      if (room > 0) {
        tail.packet.appendFrom(buffer, offset, room);
        tail.length += room;
        tail.span += room;
        offset += room;
        seq += room;
      }
    }
    while (offset < end) {
      const n = end - offset < maxPayload ? end - offset : maxPayload;
      const packet = this.packets.acquire(small ? n : maxPayload, HEADROOM);
      packet.appendFrom(buffer, offset, n);
      const segment = this.segments.acquire();
      segment.seq = seq | 0;
      segment.length = n;
      segment.span = n;
      segment.packet = packet;
      segment.payloadOffset = HEADROOM;
      this.link(segment);
      offset += n;
      seq += n;
    }
  }

  /** Queues a SYN or FIN (a `Mark`) with sequence number `seq`; a FIN rides on the last unsent segment if there is one. */
  appendControl(mark: number, seq: number): void {
    const tail = this.tail;
    if (mark === Mark.Fin && this.unsent !== null && tail !== null) {
      tail.marks |= Mark.Fin;
      tail.span++;
      return;
    }
    const segment = this.segments.acquire();
    segment.seq = seq | 0;
    segment.length = 0;
    segment.span = 1;
    segment.marks = mark;
    this.link(segment);
  }

  /** Takes the first segment out: it is acknowledged as a whole. */
  shift(): void {
    const segment = this.head!;
    this.bytes -= segment.length;
    this.head = segment.next;
    if (segment.next === null) this.tail = null;
    else segment.next.prev = null;
    if (this.unsent === segment) this.unsent = segment.next;
    this.segments.release(segment);
  }

  /** The first `n` bytes of the first segment are acknowledged. */
  trimHead(n: number): void {
    const segment = this.head!;
    segment.seq = (segment.seq + n) | 0;
    segment.length -= n;
    segment.span -= n;
    segment.payloadOffset += n;
    this.bytes -= n;
  }

  /**
   * Cuts `segment` after `n` bytes: the rest, with the FIN if there is one, becomes a segment of its own behind it,
   * with the same marks. Before it was sent the rest is copied: each of the two will push its own headers. Afterwards
   * they share the packet, for what is sent again goes in a packet of its own.
   */
  split(segment: Segment, n: number): void {
    const rest = this.segments.acquire();
    const shared = segment.packet!;
    const from = segment.payloadOffset + n;
    if (segment.sentAtNs >= 0) {
      shared.retain();
      rest.packet = shared;
      rest.payloadOffset = from;
    } else {
      rest.packet = this.packets.acquire(segment.length - n, HEADROOM);
      rest.packet.appendFrom(shared.storage, from, segment.length - n);
      rest.payloadOffset = HEADROOM;
    }
    rest.seq = (segment.seq + n) | 0;
    rest.length = segment.length - n;
    rest.span = segment.span - n;
    rest.marks = segment.marks;
    rest.sentAtNs = segment.sentAtNs;
    rest.order = segment.order;
    segment.marks &= ~Mark.Fin;
    segment.length = n;
    segment.span = n;
    if (segment.sentAtNs < 0) segment.packet!.end = segment.payloadOffset + n;
    rest.prev = segment;
    rest.next = segment.next;
    if (segment.next === null) this.tail = rest;
    else segment.next.prev = rest;
    segment.next = rest;
  }

  clear(): void {
    while (this.head !== null) this.shift();
    this.unsent = null;
  }

  private link(segment: Segment): void {
    segment.prev = this.tail;
    if (this.tail === null) this.head = segment;
    else this.tail.next = segment;
    this.tail = segment;
    if (this.unsent === null) this.unsent = segment;
  }
}
