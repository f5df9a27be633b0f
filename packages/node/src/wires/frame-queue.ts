import type { PacketBuffer } from '@netarium/stack/base/packet-buffer';

/** Frames in a row, linked by `next`: nothing is allocated for one that waits. */
export class FrameQueue {
  length = 0;
  private head: PacketBuffer | null = null;
  private tail: PacketBuffer | null = null;

  push(frame: PacketBuffer): void {
    frame.next = null;
    if (this.tail === null) this.head = frame;
    else this.tail.next = frame;
    this.tail = frame;
    this.length++;
  }

  /** The first one, which is in the queue no longer; null when there is none. */
  shift(): PacketBuffer | null {
    const frame = this.head;
    if (frame === null) return null;
    this.head = frame.next;
    if (this.head === null) this.tail = null;
    frame.next = null;
    this.length--;
    return frame;
  }

  /** Puts one back where `shift` took it from. */
  unshift(frame: PacketBuffer): void {
    frame.next = this.head;
    this.head = frame;
    if (this.tail === null) this.tail = frame;
    this.length++;
  }
}
