/**
 * Frames in a stream of bytes, as QEMU's `-netdev stream` has them: a length of four bytes, big-endian, then the frame.
 *
 *     +--------+--------+--------+--------+----------------------+--------+--- ...
 *     |         length of the frame       |   the frame          |  length of the next
 *     +--------+--------+--------+--------+----------------------+--------+--- ...
 */
export const LENGTH_PREFIX = 4;

/** Reads frames out of chunks that are cut anywhere. */
export class FrameReader {
  private readonly maxFrame: number;
  private readonly frame: (bytes: Uint8Array, start: number, end: number) => void;
  /** A frame's beginning, length included, that waits for the rest; `filled` bytes of it are there. */
  private partial: Uint8Array;
  private filled = 0;

  /** `frame` is called with each frame of up to `maxFrame` bytes: valid during the call. */
  constructor(maxFrame: number, frame: (bytes: Uint8Array, start: number, end: number) => void) {
    this.maxFrame = maxFrame;
    this.frame = frame;
    this.partial = new Uint8Array(2048);
  }

  /**
   * Takes the next bytes. False when a length is larger than any frame: where the next one begins cannot be known then,
   * and the reader must not be used any more.
   */
  read(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.filled === 0 && chunk.length - at >= LENGTH_PREFIX) {
        const length = lengthAt(chunk, at);
        if (length > this.maxFrame) return false;
        const end = at + LENGTH_PREFIX + length;
        if (end <= chunk.length) {
          this.frame(chunk, at + LENGTH_PREFIX, end);
          at = end;
          continue;
        }
      }
      at = this.collect(chunk, at);
      if (at < 0) return false;
    }
    return true;
  }

  /** Adds to the frame that is not complete; returns how far the chunk was used, -1 for an impossible length. */
  private collect(chunk: Uint8Array, at: number): number {
    if (this.filled < LENGTH_PREFIX) {
      at = this.copy(chunk, at, LENGTH_PREFIX);
      if (this.filled < LENGTH_PREFIX) return at;
    }
    const length = lengthAt(this.partial, 0);
    if (length > this.maxFrame) return -1;
    const whole = LENGTH_PREFIX + length;
    if (this.partial.length < whole) {
      const larger = new Uint8Array(LENGTH_PREFIX + this.maxFrame);
      larger.set(this.partial.subarray(0, this.filled));
      this.partial = larger;
    }
    at = this.copy(chunk, at, whole);
    if (this.filled < whole) return at;
    this.filled = 0;
    this.frame(this.partial, LENGTH_PREFIX, whole);
    return at;
  }

  private copy(chunk: Uint8Array, at: number, upTo: number): number {
    const count = Math.min(upTo - this.filled, chunk.length - at);
    this.partial.set(chunk.subarray(at, at + count), this.filled);
    this.filled += count;
    return at + count;
  }
}

/** A copy of `bytes[start, end)` behind its length. */
export function withLength(bytes: Uint8Array, start: number, end: number): Buffer {
  const message = Buffer.allocUnsafe(LENGTH_PREFIX + end - start);
  message.writeUInt32BE(end - start, 0);
  message.set(bytes.subarray(start, end), LENGTH_PREFIX);
  return message;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
