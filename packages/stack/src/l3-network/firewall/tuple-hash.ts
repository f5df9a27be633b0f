/**
 * HalfSipHash-1-3 (Aumasson, Bernstein) of the words of a tuple: a keyed hash on 32-bit words, as Linux keys its hash
 * tables. Who does not know the key cannot make packets that all fall into one chain.
 */
export class TupleHash {
  private readonly k0: number;
  private readonly k1: number;

  constructor(k0: number, k1: number) {
    this.k0 = k0 | 0;
    this.k1 = k1 | 0;
  }

  /** Of `count` words of `words` from `at` on; not negative. */
  of(words: Int32Array, at: number, count: number): number {
    let v0 = this.k0;
    let v1 = this.k1;
    let v2 = 0x6c796765 ^ this.k0;
    let v3 = 0x74656462 ^ this.k1;
    // One round for each word, the last of which is the length; then three.
    for (let i = 0; i < count + 4; i++) {
      let word = 0;
      if (i < count) word = words[at + i]!;
      else if (i === count) word = count << 26;
      else if (i === count + 1) v2 ^= 0xff;
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    return (v1 ^ v3) >>> 0;
  }
}
