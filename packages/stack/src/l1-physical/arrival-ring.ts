import type { PacketBuffer } from '../base/packet-buffer.ts';

/** Frames in flight on a line that keeps their order, each with the time of its arrival: a ring that grows. */
export class ArrivalRing {
  count = 0;
  private head = 0;
  private mask = 15;
  private times = new Float64Array(16);
  private frames: (PacketBuffer | null)[] = new Array(16).fill(null);

  /** Arrival of the first frame, ns; there must be one. */
  get nextTime(): number {
    return this.times[this.head];
  }

  /** Whether more than the first frame, which there must be, arrives by `time`. */
  severalBy(time: number): boolean {
    return this.count > 1 && this.times[(this.head + 1) & this.mask] <= time;
  }

  /** Adds a frame behind the others, which it does not overtake even if its `time` is before theirs. */
  push(frame: PacketBuffer, time: number): void {
    if (this.count > this.mask) this.grow();
    const at = (this.head + this.count) & this.mask;
    this.times[at] = time;
    this.frames[at] = frame;
    this.count++;
  }

  /** Takes the first frame; there must be one. */
  shift(): PacketBuffer {
    const frame = this.frames[this.head] as PacketBuffer;
    this.frames[this.head] = null;
    this.head = (this.head + 1) & this.mask;
    this.count--;
    return frame;
  }

  private grow(): void {
    const { times, frames, head, mask } = this;
    this.mask = mask * 2 + 1;
    this.times = new Float64Array(this.mask + 1);
    this.frames = new Array(this.mask + 1).fill(null);
    for (let i = 0; i < this.count; i++) {
      this.times[i] = times[(head + i) & mask];
      this.frames[i] = frames[(head + i) & mask];
    }
    this.head = 0;
  }
}
