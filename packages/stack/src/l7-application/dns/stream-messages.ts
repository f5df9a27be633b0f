/** A message with its length in front, as TCP carries it (RFC 1035 4.2.2); in one piece, so that it goes out in one. */
export function framed(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + message.length);
  bytes[0] = message.length >>> 8;
  bytes[1] = message.length;
  bytes.set(message, 2);
  return bytes;
}

/** Messages out of a stream, which comes in pieces of any size. */
export class StreamMessages {
  private pieces: Uint8Array[] = [];
  private length = 0;

  /** Bytes that wait for more. */
  get pending(): number {
    return this.length;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.pieces.push(bytes);
    this.length += bytes.length;
  }

  /** The next message; null until it is there as a whole. */
  next(): Uint8Array | null {
    if (this.length < 2) return null;
    const [first, second] = this.pieces;
    const length = (first[0] << 8) | (first.length > 1 ? first[1] : second[0]);
    if (this.length < 2 + length) return null;
    const whole = this.joined();
    this.pieces = whole.length > 2 + length ? [whole.subarray(2 + length)] : [];
    this.length = whole.length - 2 - length;
    return whole.subarray(2, 2 + length);
  }

  private joined(): Uint8Array {
    if (this.pieces.length === 1) return this.pieces[0];
    const whole = new Uint8Array(this.length);
    let at = 0;
    for (const piece of this.pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }
}
