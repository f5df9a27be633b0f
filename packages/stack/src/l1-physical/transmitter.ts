import { assert } from '../base/errors.ts';

/**
 * What a frame takes of the line besides its own bytes (IEEE 802.3 3.1.1, 4.4.2):
 *
 *     | preamble 7 | SFD 1 | frame, padded to 60 | FCS 4 | interframe gap 12 |
 */
export const FRAME_OVERHEAD = 7 + 1 + 4 + 12;
export const MIN_FRAME = 60;

/** The queue was full: what `reserve` returns instead of a time. */
export const QUEUE_FULL = -1;

/** Above this a rate is taken as unlimited: a frame would take less than a nanosecond, whatever its length. */
const MAX_RATE_BPS = 1e15;

/**
 * The sending end of a line: a bounded queue and a serialiser, as arithmetic. When a frame starts and when it has left
 * is known as soon as it is handed over, so that neither is an event.
 *
 * Time is whole nanoseconds. What a frame's time leaves over is carried to the next one (`remainder`, in units of
 * 1 / rate ns), so that a busy line neither gains nor loses: at 10 Gbit/s a thousand small frames take 67,200 ns.
 */
export class Transmitter {
  /** When the last frame that was reserved starts, and when its slot, gap included, ends; ns. */
  start = 0;
  busyUntil = 0;
  private remainder = 0;
  private rateBps = Infinity;
  /** Nanoseconds of a byte, when this is a whole number; -1: the general arithmetic applies. */
  private nsPerByte = 0;

  /** When the frames that wait will start: a ring, in order, looked through only when the queue seems full. */
  private queueFrames = 0;
  private starts = new Float64Array(16);
  private head = 0;
  private waiting = 0;

  /** `rateBps`: a whole number or Infinity; `queueFrames`: how many may wait while another one is being sent. */
  configure(rateBps: number, queueFrames: number): void {
    assert(rateBps === Infinity || (Number.isInteger(rateBps) && rateBps >= 1), `rateBps is ${rateBps}`);
    assert(Number.isSafeInteger(queueFrames) && queueFrames >= 0, `queueFrames is ${queueFrames}`);
    this.rateBps = rateBps;
    this.nsPerByte = rateBps > MAX_RATE_BPS ? 0 : 8e9 % rateBps === 0 ? 8e9 / rateBps : -1;
    this.remainder = 0;
    this.queueFrames = queueFrames;
  }

  /** Finds the next slot for a frame of `length` bytes; returns when it ends, ns, or QUEUE_FULL. */
  reserve(now: number, length: number): number {
    let start = this.busyUntil;
    if (start > now) {
      if (this.waiting >= this.queueFrames && this.queued(now) >= this.queueFrames) return QUEUE_FULL;
      this.wait(start, now);
    } else if (start < now) {
      start = now;
      this.remainder = 0;
    }
    const bytes = (length < MIN_FRAME ? MIN_FRAME : length) + FRAME_OVERHEAD;
    this.start = start;
    if (this.nsPerByte >= 0) {
      this.busyUntil = start + bytes * this.nsPerByte;
    } else {
      const work = bytes * 8e9 + this.remainder; // below 2^53, so the floor of the rounded quotient is exact too
      const ns = Math.floor(work / this.rateBps);
      this.remainder = work - ns * this.rateBps;
      this.busyUntil = start + ns;
    }
    return this.busyUntil;
  }

  /** How many frames wait for their first bit to be sent. */
  queued(now: number): number {
    const mask = this.starts.length - 1;
    while (this.waiting > 0 && this.starts[this.head] <= now) {
      this.head = (this.head + 1) & mask;
      this.waiting--;
    }
    return this.waiting;
  }

  /** Forgets all that was reserved. */
  reset(): void {
    this.start = 0;
    this.busyUntil = 0;
    this.remainder = 0;
    this.waiting = 0;
  }

  private wait(start: number, now: number): void {
    if (this.waiting === this.starts.length && this.queued(now) === this.starts.length) this.grow();
    this.starts[(this.head + this.waiting) & (this.starts.length - 1)] = start;
    this.waiting++;
  }

  private grow(): void {
    const { starts, head } = this;
    this.starts = new Float64Array(starts.length * 2);
    for (let i = 0; i < this.waiting; i++) this.starts[i] = starts[(head + i) & (starts.length - 1)];
    this.head = 0;
  }
}
