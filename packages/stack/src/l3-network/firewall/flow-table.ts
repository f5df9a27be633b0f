import { FlowState } from './flow-states.ts';
import type { TupleHash } from './tuple-hash.ts';

/**
 * The conversations that are tracked, in typed arrays: no object for each.
 *
 *     words of a flow     0        4        8      9        13       17     18 .. 26
 *                         +--------+--------+------+--------+--------+------+-----------------------
 *                         | source | dest.  |ports | source | dest.  |ports | state, links, expiry ..
 *                         +--------+--------+------+--------+--------+------+-----------------------
 *                         |<-- as it began ------->|<-- as answers come --->|
 *
 * A tuple is nine words: two addresses of four words and the ports (source << 16 | destination); for ICMP queries the
 * identifier and the type stand in their place. Each flow is found by both of its tuples: a *reference* is the flow's
 * number times two, plus the direction (0: as it began).
 *
 * The links of a chain and the free list are in the flow's words too. Expired flows are found when they are met, and
 * by a sweep that looks at two more of them whenever a flow is added.
 */
export const TUPLE = 9;
const PROTOCOL = 18;
const STATE = 19;
const FLAGS = 20;
const NEXT = 21; // and 22: by direction
const EXPIRY = 23;
const MARK = 24;
const MAPPING = 25;
export const STRIDE = 26;

/** Bits of a flow's flags. */
export const FlowFlag = {
  /** Something came back. */
  Replied: 1,
  /** Worth keeping when the table is full. */
  Assured: 2,
  /** Its source is translated, its destination is. */
  Source: 4,
  Destination: 8,
  /** The source follows the address of an interface. */
  Masquerade: 16,
} as const;

export const NONE = -1;
/** Ticks of 10 ms: 248 days fit in between, and a comparison survives their turning over. */
const TICK_NS = 1e7;
const SMALLEST = 64;
/** Flows looked at for one that may go when the table is full: Linux's `NF_CT_EVICTION_RANGE`. */
const EVICTION_RANGE = 8;

/** Who wants to know that a flow has ended. */
export interface FlowOwner {
  flowEnded(flow: number): void;
}

export class FlowTable {
  words = new Int32Array(SMALLEST * STRIDE);
  /** Packets and bytes by reference. */
  packets = new Float64Array(SMALLEST * 2);
  bytes = new Float64Array(SMALLEST * 2);
  /** Flows in the table; such as have expired and were not met since are among them. */
  count = 0;
  /** The tuple that is asked for, and its protocol as the tenth word. */
  readonly key = new Int32Array(TUPLE + 1);
  private capacity = SMALLEST;
  private heads = new Int32Array(SMALLEST * 2).fill(NONE);
  private free = NONE;
  private used = 0;
  private cursor = 0;
  private readonly hash: TupleHash;
  private readonly limit: number;
  private readonly owner: FlowOwner;

  constructor(hash: TupleHash, limit: number, owner: FlowOwner) {
    this.hash = hash;
    this.limit = limit;
    this.owner = owner;
  }

  /** Bytes of memory that the table takes. */
  get memory(): number {
    return this.words.byteLength + this.packets.byteLength + this.bytes.byteLength + this.heads.byteLength;
  }

  /** Numbers of flows that may be in use: 0 to this, not included. */
  get end(): number {
    return this.used;
  }

  /** The reference whose tuple is `key`; NONE: there is none, or it has expired. */
  find(now: number): number {
    const { key, words } = this;
    let ref = this.heads[this.bucketOf(key, 0, key[TUPLE]!)]!;
    while (ref !== NONE) {
      const flow = ref >> 1;
      const at = flow * STRIDE + (ref & 1) * TUPLE;
      if (
        words[at + 3] === key[3] &&
        words[at + 8] === key[8] &&
        words[at + 7] === key[7] &&
        words[at] === key[0] &&
        words[at + 1] === key[1] &&
        words[at + 2] === key[2] &&
        words[at + 4] === key[4] &&
        words[at + 5] === key[5] &&
        words[at + 6] === key[6] &&
        words[flow * STRIDE + PROTOCOL] === key[TUPLE]
      ) {
        if (!this.expired(flow, now)) return ref;
        this.remove(flow);
        return NONE;
      }
      ref = words[flow * STRIDE + NEXT + (ref & 1)]!;
    }
    return NONE;
  }

  /**
   * A new flow, whose tuples the caller writes at once into `words` (from `flow * STRIDE` on) before `link`; NONE when
   * the table is full and nothing in it may go.
   */
  add(now: number): number {
    this.sweep(now, 2);
    if (this.count >= this.limit && !this.makeRoom(now)) return NONE;
    let flow = this.free;
    if (flow !== NONE) {
      this.free = this.words[flow * STRIDE + NEXT]!;
    } else {
      if (this.used === this.capacity) this.grow();
      flow = this.used++;
    }
    this.count++;
    const at = flow * STRIDE;
    this.words.fill(0, at, at + STRIDE);
    this.words[at + MAPPING] = NONE;
    for (let ref = flow * 2; ref < flow * 2 + 2; ref++) {
      this.packets[ref] = 0;
      this.bytes[ref] = 0;
    }
    return flow;
  }

  /** From now on the flow is found by its tuples. */
  link(flow: number, protocol: number, state: number, flags: number): void {
    const at = flow * STRIDE;
    this.words[at + PROTOCOL] = protocol;
    this.words[at + STATE] = state;
    this.words[at + FLAGS] = flags;
    for (let direction = 0; direction < 2; direction++) {
      const bucket = this.bucketOf(this.words, at + direction * TUPLE, protocol);
      this.words[at + NEXT + direction] = this.heads[bucket]!;
      this.heads[bucket] = flow * 2 + direction;
    }
  }

  /** Ends a flow. */
  remove(flow: number): void {
    this.owner.flowEnded(flow);
    const at = flow * STRIDE;
    const protocol = this.words[at + PROTOCOL]!;
    for (let direction = 0; direction < 2; direction++) {
      this.unlink(this.bucketOf(this.words, at + direction * TUPLE, protocol), flow * 2 + direction);
    }
    this.words[at + STATE] = FlowState.Free;
    this.words[at + NEXT] = this.free;
    this.free = flow;
    this.count--;
  }

  /** Ends all flows for which it is true. */
  removeWhere(wanted: (flow: number) => boolean): number {
    let removed = 0;
    for (let flow = 0; flow < this.used; flow++) {
      if (this.state(flow) === FlowState.Free || !wanted(flow)) continue;
      this.remove(flow);
      removed++;
    }
    return removed;
  }

  state(flow: number): number {
    return this.words[flow * STRIDE + STATE]!;
  }
  setState(flow: number, state: number): void {
    this.words[flow * STRIDE + STATE] = state;
  }
  protocol(flow: number): number {
    return this.words[flow * STRIDE + PROTOCOL]!;
  }
  flags(flow: number): number {
    return this.words[flow * STRIDE + FLAGS]!;
  }
  setFlag(flow: number, flag: number): void {
    this.words[flow * STRIDE + FLAGS]! |= flag;
  }
  mark(flow: number): number {
    return this.words[flow * STRIDE + MARK]!;
  }
  setMark(flow: number, mark: number): void {
    this.words[flow * STRIDE + MARK] = mark;
  }
  mapping(flow: number): number {
    return this.words[flow * STRIDE + MAPPING]!;
  }
  setMapping(flow: number, mapping: number): void {
    this.words[flow * STRIDE + MAPPING] = mapping;
  }
  /** The n-th word of a tuple. */
  word(flow: number, direction: number, n: number): number {
    return this.words[flow * STRIDE + direction * TUPLE + n]!;
  }

  /** From now on it is kept for so many seconds. */
  keep(flow: number, now: number, seconds: number): void {
    this.words[flow * STRIDE + EXPIRY] = ticks(now) + seconds * 100;
  }
  /** Seconds that it is still kept for. */
  left(flow: number, now: number): number {
    return ((this.words[flow * STRIDE + EXPIRY]! - ticks(now)) | 0) / 100;
  }
  expired(flow: number, now: number): boolean {
    return ((this.words[flow * STRIDE + EXPIRY]! - ticks(now)) | 0) <= 0;
  }

  /** Ends all flows whose time is over. */
  sweepAll(now: number): void {
    this.sweep(now, this.used);
  }

  /** Looks at the next `count` flows, and ends those whose time is over. */
  private sweep(now: number, count: number): void {
    for (let i = 0; i < count && this.used > 0; i++) {
      this.cursor = this.cursor + 1 < this.used ? this.cursor + 1 : 0;
      if (this.state(this.cursor) !== FlowState.Free && this.expired(this.cursor, now)) this.remove(this.cursor);
    }
  }

  /** Ends a flow that has expired, or one that is not assured, among those next to the cursor. */
  makeRoom(now: number): boolean {
    this.sweep(now, EVICTION_RANGE);
    if (this.count < this.limit) return true;
    for (let i = 0; i < EVICTION_RANGE; i++) {
      const flow = (this.cursor + i) % this.used;
      if (this.state(flow) === FlowState.Free || (this.flags(flow) & FlowFlag.Assured) !== 0) continue;
      this.remove(flow);
      return true;
    }
    return false;
  }

  private bucketOf(words: Int32Array, at: number, protocol: number): number {
    return (this.hash.of(words, at, TUPLE) ^ Math.imul(protocol, 0x9e3779b1)) & (this.heads.length - 1);
  }

  private unlink(bucket: number, ref: number): void {
    let at = this.heads[bucket]!;
    if (at === ref) {
      this.heads[bucket] = this.words[(ref >> 1) * STRIDE + NEXT + (ref & 1)]!;
      return;
    }
    while (at !== NONE) {
      const link = (at >> 1) * STRIDE + NEXT + (at & 1);
      if (this.words[link] === ref) {
        this.words[link] = this.words[(ref >> 1) * STRIDE + NEXT + (ref & 1)]!;
        return;
      }
      at = this.words[link]!;
    }
  }

  /** Half as large again; twice as many chains when there are more references than chains. */
  private grow(): void {
    const capacity = Math.min(this.limit, this.capacity + (this.capacity >> 1));
    this.capacity = Math.max(capacity, this.capacity + 1);
    this.words = enlarged(this.words, new Int32Array(this.capacity * STRIDE));
    this.packets = enlarged(this.packets, new Float64Array(this.capacity * 2));
    this.bytes = enlarged(this.bytes, new Float64Array(this.capacity * 2));
    if (this.capacity * 2 > this.heads.length) this.relink(this.heads.length * 2);
  }

  private relink(buckets: number): void {
    this.heads = new Int32Array(buckets).fill(NONE);
    for (let flow = 0; flow < this.used; flow++) {
      if (this.state(flow) === FlowState.Free) continue;
      const at = flow * STRIDE;
      this.link(flow, this.words[at + PROTOCOL]!, this.words[at + STATE]!, this.words[at + FLAGS]!);
    }
  }
}

function ticks(now: number): number {
  return Math.floor(now / TICK_NS) | 0;
}

function enlarged<T extends Int32Array | Float64Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
