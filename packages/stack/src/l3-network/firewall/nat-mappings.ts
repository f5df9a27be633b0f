import { NONE } from './flow-table.ts';
import type { TupleHash } from './tuple-hash.ts';

/**
 * Which outside address and port stands for an inside one: the same for whomever it speaks to (RFC 4787 4.1,
 * endpoint-independent mapping), as long as one of its conversations lasts, and for a while after.
 *
 *     words   0          1        2      3         4       5       6      7          8
 *             | protocol | inside | port | outside | port  | flows | until | next in  | next out
 */
const STRIDE = 9;
const FLOWS = 5;
const UNTIL = 6;
const NEXT_IN = 7;
const NEXT_OUT = 8;
const SMALLEST = 64;
const TICK_NS = 1e9;
/** How many are looked at for one that can be given up when there are too many. */
const EVICTION_RANGE = 64;

/**
 * Seconds that a mapping stays after its last conversation's time is over, so that UDP's are kept for 5 minutes after the
 * last packet (RFC 4787 4.3), and those of a TCP connection that ended for 4 (RFC 5382 5).
 */
function lingerOf(protocol: number): number {
  return protocol === 17 ? 180 : protocol === 6 ? 240 : 0;
}

export class NatMappings {
  count = 0;
  private words = new Int32Array(SMALLEST * STRIDE);
  private headsIn = new Int32Array(SMALLEST).fill(NONE);
  private headsOut = new Int32Array(SMALLEST).fill(NONE);
  private readonly key = new Int32Array(4);
  private readonly hash: TupleHash;
  private readonly limit: number;
  private used = 0;
  private free = NONE;
  private cursor = 0;

  constructor(hash: TupleHash, limit: number) {
    this.hash = hash;
    this.limit = limit;
  }

  get memory(): number {
    return this.words.byteLength + this.headsIn.byteLength + this.headsOut.byteLength;
  }

  /** The mapping of an inside endpoint on an outside address; NONE: there is none. */
  findInside(protocol: number, inside: number, port: number, outside: number, now: number): number {
    const { words } = this;
    const bucket = this.bucketOf(protocol, inside, port, outside);
    for (let at = this.headsIn[bucket]!; at !== NONE; at = words[at * STRIDE + NEXT_IN]!) {
      const w = at * STRIDE;
      if (words[w + 1] === (inside | 0) && words[w + 2] === port && words[w] === protocol) {
        if (words[w + 3] === (outside | 0)) return this.alive(at, now);
      }
    }
    return NONE;
  }

  /** The mapping that has an outside address and port; NONE: they are free. */
  findOutside(protocol: number, outside: number, port: number, now: number): number {
    const { words } = this;
    const bucket = this.bucketOf(protocol, outside, port, 0);
    for (let at = this.headsOut[bucket]!; at !== NONE; at = words[at * STRIDE + NEXT_OUT]!) {
      const w = at * STRIDE;
      if (words[w + 3] === (outside | 0) && words[w + 4] === port && words[w] === protocol) return this.alive(at, now);
    }
    return NONE;
  }

  /** A new mapping, of no conversation yet. NONE: there are too many. */
  add(protocol: number, inside: number, port: number, outside: number, outsidePort: number, now: number): number {
    this.sweep(now, 2);
    if (this.count >= this.limit) this.makeRoom();
    if (this.count >= this.limit) return NONE;
    let mapping = this.free;
    if (mapping !== NONE) this.free = this.words[mapping * STRIDE + NEXT_IN]!;
    else mapping = this.used++;
    if (mapping * STRIDE >= this.words.length) this.grow();
    this.count++;
    const w = mapping * STRIDE;
    this.words[w] = protocol;
    this.words[w + 1] = inside;
    this.words[w + 2] = port;
    this.words[w + 3] = outside;
    this.words[w + 4] = outsidePort;
    this.words[w + FLOWS] = 0;
    this.words[w + UNTIL] = seconds(now) + lingerOf(protocol);
    this.link(mapping);
    return mapping;
  }

  inside(mapping: number): number {
    return this.words[mapping * STRIDE + 1]! >>> 0;
  }
  insidePort(mapping: number): number {
    return this.words[mapping * STRIDE + 2]!;
  }
  outside(mapping: number): number {
    return this.words[mapping * STRIDE + 3]! >>> 0;
  }
  outsidePort(mapping: number): number {
    return this.words[mapping * STRIDE + 4]!;
  }

  /** One more conversation goes by it. */
  hold(mapping: number): void {
    this.words[mapping * STRIDE + FLOWS]! += 1;
  }

  /** One less: it ended, or its time was over, at `now`. Where there are too many, none is kept for later. */
  release(mapping: number, now: number): void {
    const w = mapping * STRIDE;
    this.words[w + FLOWS]! -= 1;
    this.words[w + UNTIL] = seconds(now) + lingerOf(this.words[w]!);
    if (this.words[w + FLOWS] === 0 && this.count >= this.limit) this.remove(mapping);
  }

  /** Ends those to which nothing is held and whose outside address is not `wanted` any more. */
  removeWhere(gone: (outside: number) => boolean): void {
    for (let mapping = 0; mapping < this.used; mapping++) {
      const w = mapping * STRIDE;
      if (this.words[w] !== 0 && this.words[w + FLOWS] === 0 && gone(this.words[w + 3]! >>> 0)) this.remove(mapping);
    }
  }

  private alive(mapping: number, now: number): number {
    if (!this.over(mapping, now)) return mapping;
    this.remove(mapping);
    return NONE;
  }

  private over(mapping: number, now: number): boolean {
    const w = mapping * STRIDE;
    return this.words[w + FLOWS] === 0 && this.words[w + UNTIL]! <= seconds(now);
  }

  private sweep(now: number, count: number): void {
    for (let i = 0; i < count && this.used > 0; i++) {
      this.cursor = this.cursor + 1 < this.used ? this.cursor + 1 : 0;
      if (this.words[this.cursor * STRIDE] !== 0 && this.over(this.cursor, now)) this.remove(this.cursor);
    }
  }

  /** Ends one to which nothing is held, before its time, among those next to the cursor. */
  private makeRoom(): void {
    for (let i = 0; i < EVICTION_RANGE; i++) {
      this.cursor = this.cursor + 1 < this.used ? this.cursor + 1 : 0;
      const w = this.cursor * STRIDE;
      if (this.words[w] === 0 || this.words[w + FLOWS] !== 0) continue;
      this.remove(this.cursor);
      return;
    }
  }

  private remove(mapping: number): void {
    const w = mapping * STRIDE;
    const { words } = this;
    unlink(this.headsIn, words, this.bucketIn(mapping), mapping, NEXT_IN);
    unlink(this.headsOut, words, this.bucketOut(mapping), mapping, NEXT_OUT);
    words[w] = 0;
    words[w + NEXT_IN] = this.free;
    this.free = mapping;
    this.count--;
  }

  private link(mapping: number): void {
    const w = mapping * STRIDE;
    const bucketIn = this.bucketIn(mapping);
    const bucketOut = this.bucketOut(mapping);
    this.words[w + NEXT_IN] = this.headsIn[bucketIn]!;
    this.headsIn[bucketIn] = mapping;
    this.words[w + NEXT_OUT] = this.headsOut[bucketOut]!;
    this.headsOut[bucketOut] = mapping;
  }

  private bucketIn(mapping: number): number {
    const w = mapping * STRIDE;
    const { words } = this;
    return this.bucketOf(words[w]!, words[w + 1]!, words[w + 2]!, words[w + 3]!);
  }

  private bucketOut(mapping: number): number {
    const w = mapping * STRIDE;
    return this.bucketOf(this.words[w]!, this.words[w + 3]!, this.words[w + 4]!, 0);
  }

  private bucketOf(protocol: number, address: number, port: number, other: number): number {
    const { key } = this;
    key[0] = protocol;
    key[1] = address;
    key[2] = port;
    key[3] = other;
    return this.hash.of(key, 0, 4) & (this.headsIn.length - 1);
  }

  private grow(): void {
    const capacity = this.words.length / STRIDE;
    const larger = capacity + (capacity >> 1);
    const words = new Int32Array(larger * STRIDE);
    words.set(this.words);
    this.words = words;
    if (larger <= this.headsIn.length) return;
    this.headsIn = new Int32Array(this.headsIn.length * 2).fill(NONE);
    this.headsOut = new Int32Array(this.headsIn.length).fill(NONE);
    for (let mapping = 0; mapping < this.used; mapping++) if (words[mapping * STRIDE] !== 0) this.link(mapping);
  }
}

function unlink(heads: Int32Array, words: Int32Array, bucket: number, mapping: number, next: number): void {
  let at = heads[bucket]!;
  const after = words[mapping * STRIDE + next]!;
  if (at === mapping) {
    heads[bucket] = after;
    return;
  }
  while (at !== NONE && words[at * STRIDE + next] !== mapping) at = words[at * STRIDE + next]!;
  if (at !== NONE) words[at * STRIDE + next] = after;
}

function seconds(now: number): number {
  return Math.floor(now / TICK_NS);
}
