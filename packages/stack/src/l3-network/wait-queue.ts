import type { PacketBuffer } from '../base/packet-buffer.ts';

/** Packets that wait, first come first served; linked by their `next`, so that waiting allocates nothing. */
export class WaitQueue {
  length = 0;
  private head: PacketBuffer | null = null;
  private tail: PacketBuffer | null = null;

  /** The one that has waited longest, which stays; null when there is none. */
  get first(): PacketBuffer | null {
    return this.head;
  }

  push(packet: PacketBuffer): void {
    packet.next = null;
    if (this.tail === null) this.head = packet;
    else this.tail.next = packet;
    this.tail = packet;
    this.length++;
  }

  /** The one that has waited longest; null when there is none. */
  shift(): PacketBuffer | null {
    const packet = this.head;
    if (packet === null) return null;
    this.head = packet.next;
    if (this.head === null) this.tail = null;
    packet.next = null;
    this.length--;
    return packet;
  }
}
