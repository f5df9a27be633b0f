/**
 * Sequence numbers (RFC 9293 3.4): 32 bits that wrap. They are kept as signed 32-bit integers, so that a comparison
 * is one subtraction and a test of its sign, and never becomes a floating-point number. `>>> 0` makes one readable.
 */
export type Seq = number;

/** How far `a` is ahead of `b`: from -2^31 to 2^31 - 1. */
export function seqDiff(a: Seq, b: Seq): number {
  return (a - b) | 0;
}

/** `a` + `n`, wrapped. */
export function seqAdd(a: Seq, n: number): Seq {
  return (a + n) | 0;
}

export function seqLess(a: Seq, b: Seq): boolean {
  return ((a - b) | 0) < 0;
}

export function seqLessEq(a: Seq, b: Seq): boolean {
  return ((a - b) | 0) <= 0;
}

/** The later of the two. */
export function seqMax(a: Seq, b: Seq): Seq {
  return ((a - b) | 0) >= 0 ? a : b;
}

/** The earlier of the two. */
export function seqMin(a: Seq, b: Seq): Seq {
  return ((a - b) | 0) <= 0 ? a : b;
}

/** As a person reads it: from 0 to 2^32 - 1. */
export function seqText(a: Seq): string {
  return String(a >>> 0);
}
