/**
 * Randomness, as the stack knows it: streams that are drawn from a seed and forked by name.
 *
 * A fork depends on the seed and the names on the way, never on how much was drawn elsewhere, so adding a host does
 * not change another host's draws. The generator is sfc32 (Doty-Humphrey, PractRand): 128 bits of state, four 32-bit
 * operations a draw, the same on every engine. It is not for secrets; what must not be guessed (initial sequence
 * numbers) is keyed with it and hashed.
 */
export class Random {
  private readonly seed: number;
  private readonly seed2: number;
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** Two 32-bit words of seed; use `Random.from` for anything else. */
  constructor(seed: number, seed2 = 0) {
    this.seed = seed >>> 0;
    this.seed2 = seed2 >>> 0;
    this.a = 0;
    this.b = seed2 | 0;
    this.c = seed | 0;
    for (let i = 0; i < 12; i++) this.u32();
  }

  static from(seed: number | string): Random {
    if (typeof seed === 'number' && Number.isInteger(seed) && seed >= 0 && seed <= Number.MAX_SAFE_INTEGER) {
      return new Random(seed >>> 0, Math.floor(seed / 2 ** 32));
    }
    return new Random(hashName(0x9e3779b9, String(seed)), hashName(0x7f4a7c15, String(seed)));
  }

  /** An independent stream, named: the same name gives the same stream, whatever else was drawn. */
  fork(name: string): Random {
    return new Random(hashName(this.seed ^ 0x5bd1e995, name), hashName(this.seed2 ^ 0x1b873593, name));
  }

  /** An integer from 0 to 2^32 - 1. */
  u32(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A number from 0 (included) to 1 (excluded), with 32 bits. */
  fraction(): number {
    return this.u32() / 4294967296;
  }

  /** An integer from 0 to `limit` - 1; `limit` from 1 to 2^53. Rejection keeps it unbiased. Above 2^32 it draws twice. */
  below(limit: number): number {
    if (limit > 4294967296) return this.belowLarge(limit);
    const bound = 4294967296 - (4294967296 % limit);
    let draw = this.u32();
    while (draw >= bound) draw = this.u32();
    return draw % limit;
  }

  private belowLarge(limit: number): number {
    const bound = 9007199254740992 - (9007199254740992 % limit);
    let draw = (this.u32() >>> 11) * 4294967296 + this.u32();
    while (draw >= bound) draw = (this.u32() >>> 11) * 4294967296 + this.u32();
    return draw % limit;
  }

  /** True with this probability; draws nothing at 0 or 1, so that an impairment that is off changes no stream. */
  chance(probability: number): boolean {
    if (probability <= 0) return false;
    if (probability >= 1) return true;
    return this.u32() < probability * 4294967296;
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.u32() >>> 24;
  }
}

/** FNV-1a over the UTF-16 units, finished as MurmurHash3 is. */
function hashName(seed: number, name: string): number {
  let h = seed ^ 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
