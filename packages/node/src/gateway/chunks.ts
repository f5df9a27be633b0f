/** Bytes of one chunk: what one read takes from the inside, and one write gives to the real system. */
const CHUNK_BYTES = 64 << 10;
/** Chunks that are kept for the next: made anew for each 64 KiB, they would keep the garbage collector busy. */
const KEPT = 64;

/** Buffers on their way from the inside to real sockets, which are used again once they were written. */
export class Chunks {
  private readonly free: Buffer[] = [];

  take(): Buffer {
    return this.free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
  }

  /** Nobody reads it any more. */
  give(chunk: Buffer): void {
    if (this.free.length < KEPT) this.free.push(chunk);
  }
}
