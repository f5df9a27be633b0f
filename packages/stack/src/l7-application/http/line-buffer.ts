import { CR, LF } from './syntax.ts';

/** Why `takeLine` gives no line. */
export const INCOMPLETE = -1;
export const TOO_LONG = -2;
/** A carriage return stands elsewhere than before a line feed (RFC 9112 2.2: invalid). */
export const BARE_CR = -3;

const EMPTY: Uint8Array = new Uint8Array(0);
const FIRST_CAPACITY = 1024;

/**
 * Bytes that have come and are not read yet, taken as lines or as they are. A byte is looked at once, however small the
 * pieces are in which they come; what was pushed into an empty buffer is read where it is, without a copy.
 */
export class LineBuffer {
  /** What is there is `bytes[start, end)`. */
  bytes = EMPTY;
  start = 0;
  end = 0;
  /** The line that was taken last ended with LF alone. */
  bareLineFeed = false;
  /** Up to here there is no line end. */
  private scanned = 0;
  /** `bytes` is ours, with room to append. */
  private owned = false;

  get length(): number {
    return this.end - this.start;
  }

  /** Keeps `bytes`: the caller does not write to it again. */
  push(bytes: Uint8Array): void {
    if (this.start === this.end) {
      this.bytes = bytes;
      this.start = 0;
      this.end = bytes.length;
      this.scanned = 0;
      this.owned = false;
      return;
    }
    const kept = this.end - this.start;
    if (!this.owned || this.end + bytes.length > this.bytes.length) {
      // A new array rather than moving in place: pieces of the old one were handed out.
      const larger = new Uint8Array(Math.max(FIRST_CAPACITY, 2 * (kept + bytes.length)));
      larger.set(this.bytes.subarray(this.start, this.end));
      this.bytes = larger;
      this.scanned -= this.start;
      this.start = 0;
      this.end = kept;
      this.owned = true;
    }
    this.bytes.set(bytes, this.end);
    this.end += bytes.length;
  }

  /** The next `count` bytes, which must be there: the receiver's to keep. */
  take(count: number): Uint8Array {
    const taken = this.bytes.subarray(this.start, this.start + count);
    this.skip(count);
    return taken;
  }

  skip(count: number): void {
    this.start += count;
    this.scanned = this.start;
  }

  /**
   * Takes a line of at most `limit` bytes, its end included. Returns the offset of its end (CRLF, or LF alone); it began
   * where `start` stood before, and `start` now stands behind it. Or a negative number: why there is none.
   */
  takeLine(limit: number): number {
    const { bytes, start, end } = this;
    const at = bytes.indexOf(LF, this.scanned);
    if (at < 0 || at >= end) {
      if (end - start >= limit) return TOO_LONG;
      this.scanned = end;
      return INCOMPLETE;
    }
    if (at + 1 - start > limit) return TOO_LONG;
    const to = at > start && bytes[at - 1] === CR ? at - 1 : at;
    for (let byte = start; byte < to; byte++) if (bytes[byte] === CR) return BARE_CR;
    this.bareLineFeed = to === at;
    this.start = at + 1;
    this.scanned = this.start;
    return to;
  }
}
