import { HEADROOM, type PacketBuffer, type PacketPool } from '../../base/packet-buffer.ts';

/** A payload up to this size is copied behind the one before it, so that a byte never costs a whole packet. */
const SMALL_PAYLOAD = 512;

/** What a packet for small payloads holds: the pool's class for Ethernet frames, filled up. */
const GATHER_BYTES = 2048 - HEADROOM;

/**
 * Data in order that the program has not read yet: the packets themselves, their `start` and `end` at what is left
 * of the payload. `read` copies once, out of them.
 */
export class ReceiveQueue {
  /** Bytes to be read. */
  bytes = 0;
  private head: PacketBuffer | null = null;
  private tail: PacketBuffer | null = null;

  /** Takes over `packet`, of which `[start, end)` is payload. */
  push(packet: PacketBuffer, pool: PacketPool): void {
    const length = packet.end - packet.start;
    this.bytes += length;
    const tail = this.tail;
    if (tail === null) {
      packet.next = null;
      this.head = packet;
      this.tail = packet;
      return;
    }
    if (length <= SMALL_PAYLOAD) {
      if (!tail.shared && tail.tailroom >= length) {
        tail.appendFrom(packet.storage, packet.start, length);
      } else {
        const gathered = pool.acquire(GATHER_BYTES, HEADROOM);
        gathered.appendFrom(packet.storage, packet.start, length);
        tail.next = gathered;
        this.tail = gathered;
      }
      packet.release();
      return;
    }
    packet.next = null;
    tail.next = packet;
    this.tail = packet;
  }

  /** Copies up to `length` bytes to `into` at `offset`, takes them out, and returns how many there were. */
  read(into: Uint8Array, offset: number, length: number): number {
    let done = 0;
    let packet = this.head;
    while (packet !== null && done < length) {
      const have = packet.end - packet.start;
      const n = have < length - done ? have : length - done;
      into.set(packet.part(packet.start, packet.start + n), offset + done);
      done += n;
      if (n < have) {
        packet.start += n;
        break;
      }
      this.head = packet.next;
      if (this.head === null) this.tail = null;
      packet.next = null;
      packet.release();
      packet = this.head;
    }
    this.bytes -= done;
    return done;
  }

  /** As `read`, but leaves them. */
  peek(into: Uint8Array, offset: number, length: number): number {
    let done = 0;
    for (let packet = this.head; packet !== null && done < length; packet = packet.next) {
      const n = Math.min(packet.end - packet.start, length - done);
      into.set(packet.part(packet.start, packet.start + n), offset + done);
      done += n;
    }
    return done;
  }

  clear(): void {
    while (this.head !== null) {
      const packet: PacketBuffer = this.head;
      this.head = packet.next;
      packet.next = null;
      packet.release();
    }
    this.tail = null;
    this.bytes = 0;
  }
}
