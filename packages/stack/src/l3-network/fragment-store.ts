import { type Task, Timer } from '../base/clock.ts';
import { Drop, type DropReason } from '../base/drop-reasons.ts';
import type { NodeContext } from '../base/node-context.ts';
import { HEADROOM, type PacketBuffer } from '../base/packet-buffer.ts';
import { What } from '../base/trace.ts';

const BUCKETS = 64;

/** A datagram that is being put together, in one buffer, where each fragment's bytes are copied to their place. */
class Datagram {
  /** What names it: source, destination, protocol and identification; of IPv4 addresses one word each. */
  readonly key = new Uint32Array(10);
  packet: PacketBuffer;
  /** One bit for each 8 bytes of payload that are there. */
  readonly have = new Uint32Array(256);
  /** Bytes of payload that are there. */
  received = 0;
  fragments = 0;
  /** Bytes of payload of the whole; -1 until the last fragment came. */
  total = -1;
  /** Bytes of payload from the front that have been reached so far. */
  reach = 0;
  hasFirst = false;
  deadline = 0;
  /** The next in the same bucket. */
  next: Datagram | null = null;
  /** Older and younger, in the order of deadlines. */
  older: Datagram | null = null;
  younger: Datagram | null = null;

  constructor(packet: PacketBuffer) {
    this.packet = packet;
  }
}

/**
 * Fragments of both families on their way to be datagrams again, in any order: what came is copied to its place in one
 * buffer, and no byte is held twice. What a header looks like is known to `Reassembly` and `Reassembly6`, which fill in
 * the fields that say what a fragment is before they hand it in.
 *
 * Fragments that overlap are a sign of an attack or of a mix-up: the whole datagram is refused (RFC 5722; RFC 8900 2.4
 * wants it for IPv4 too). What brings again the bytes that are there already is a duplicate and is ignored.
 */
export abstract class FragmentStore implements Task {
  protected readonly node: NodeContext;
  /** The key of the fragment that is handed in. */
  protected readonly key = new Uint32Array(10);
  private readonly source: string;
  /** Where a datagram's payload begins in its buffer: behind room for any headers. */
  private readonly payloadAt: number;
  private readonly timeNs: number;
  private readonly hashKey: number;
  private readonly buckets: (Datagram | null)[] = new Array<Datagram | null>(BUCKETS).fill(null);
  private oldest: Datagram | null = null;
  private youngest: Datagram | null = null;
  private count = 0;
  private heldBytes = 0;
  private readonly timer: Timer;

  /**
   * @param headerRoom the longest header that a datagram has, bytes
   * @param timeNs how long one may stay incomplete
   * @param source where it is written, for traces
   */
  constructor(node: NodeContext, random: string, headerRoom: number, timeNs: number, source: string) {
    this.node = node;
    this.source = source;
    this.payloadAt = HEADROOM + headerRoom;
    this.timeNs = timeNs;
    this.hashKey = node.random.fork(random).u32();
    this.timer = new Timer(node.clock, this, 0);
  }

  /** The first fragment's header stands at `packet.l3`: what is to be changed in it at once. */
  protected abstract beginsWith(packet: PacketBuffer): void;
  /** All is there: makes the header say so; 0, or why the datagram cannot be. */
  protected abstract complete(packet: PacketBuffer): DropReason;
  /** Its time is over, and its first fragment stands at `packet.l3`; valid during the call. */
  protected abstract expired(packet: PacketBuffer): void;
  /** Whom the fragments came from: for people. */
  protected abstract senderOf(key: Uint32Array): string;

  /** Datagrams that are incomplete. */
  get pending(): number {
    return this.count;
  }

  /** Bytes of storage that they hold. */
  get bytes(): number {
    return this.heldBytes;
  }

  /**
   * Takes a fragment, named by `key`: its header is `[start, start + headerLength)` and counts when it is the first, its
   * payload stands at `payload` and is the datagram's from `from` up to `to`, with `more` to come. Returns the whole
   * datagram, its `start` and `l3` at a header that says so, when this was the last one missing; otherwise null.
   */
  protected place(
    fragment: PacketBuffer,
    headerLength: number,
    payload: number,
    from: number,
    to: number,
    more: boolean,
  ): PacketBuffer | null {
    const datagram = this.find() ?? this.begin(fragment, to);
    if (datagram === null) {
      this.node.drop(fragment, Drop.FRAGMENT_TABLE_FULL);
      return null;
    }
    if (this.overlaps(datagram, fragment, payload, from, to, more)) return null;
    if (datagram.fragments >= this.node.limits.fragmentsPerDatagram || !this.reserve(datagram, to)) {
      this.node.drop(fragment, Drop.FRAGMENT_TABLE_FULL);
      return null;
    }
    const { id } = fragment;
    this.store(datagram, fragment, headerLength, payload, from, to, more);
    if (datagram.received === datagram.total) return this.finish(datagram, id);
    return null;
  }

  /** The time of the oldest is over. */
  run(): void {
    const now = this.node.clock.now;
    while (this.oldest !== null && this.oldest.deadline <= now) {
      const datagram = this.oldest;
      this.unlink(datagram);
      if (datagram.hasFirst) this.expired(datagram.packet);
      this.node.drop(datagram.packet, Drop.FRAGMENT_TIMEOUT);
    }
    if (this.oldest !== null) this.timer.set(this.oldest.deadline);
  }

  /** Gives up all that is pending. */
  clear(): void {
    while (this.oldest !== null) this.giveUp(this.oldest, Drop.FRAGMENT_TIMEOUT);
  }

  /** Ends a fragment, or the whole datagram, that collides with what is there; true if it did. */
  private overlaps(
    datagram: Datagram,
    fragment: PacketBuffer,
    payload: number,
    from: number,
    to: number,
    more: boolean,
  ): boolean {
    const { have, total, reach, packet } = datagram;
    const known = total >= 0;
    const endFits = more ? !known || to < total : known ? to === total : to >= reach;
    const there = countUnits(have, from, to);
    if (endFits && there === 0) return false;
    const allThere = there === (to - from + 7) >> 3 && (more || known);
    if (endFits && allThere && sameBytes(packet.bytes, this.payloadAt + from, fragment.bytes, payload, to - from)) {
      this.node.drop(fragment, Drop.FRAGMENT_DUPLICATE);
      return true;
    }
    this.node.drop(fragment, Drop.FRAGMENT_OVERLAP);
    this.giveUp(datagram, Drop.FRAGMENT_OVERLAP);
    return true;
  }

  private store(
    datagram: Datagram,
    fragment: PacketBuffer,
    headerLength: number,
    payload: number,
    from: number,
    to: number,
    more: boolean,
  ): void {
    const { packet } = datagram;
    packet.bytes.set(fragment.bytes.subarray(payload, payload + to - from), this.payloadAt + from);
    markUnits(datagram.have, from, to);
    datagram.received += to - from;
    datagram.fragments++;
    datagram.reach = Math.max(datagram.reach, to);
    if (!more) datagram.total = to;
    if (from === 0) {
      const header = this.payloadAt - headerLength;
      packet.bytes.set(fragment.bytes.subarray(fragment.start, fragment.start + headerLength), header);
      packet.start = header;
      packet.end = this.payloadAt + to;
      packet.l3 = header;
      packet.id = fragment.id;
      packet.device = fragment.device;
      datagram.hasFirst = true;
      this.beginsWith(packet);
    }
    if (this.node.trace !== null) {
      const whole = datagram.total < 0 ? '?' : datagram.total;
      const detail = `for the other fragments: ${datagram.received} of ${whole} bytes are here`;
      this.node.trace.event(this.node.name, 3, What.Wait, fragment, 0, detail, this.source);
    }
    fragment.release();
  }

  private finish(datagram: Datagram, id: number): PacketBuffer | null {
    this.unlink(datagram);
    const { packet } = datagram;
    packet.end = this.payloadAt + datagram.total;
    packet.id = id;
    const fault = this.complete(packet);
    if (fault === Drop.NONE) return packet;
    this.node.drop(packet, fault);
    return null;
  }

  private find(): Datagram | null {
    let at: Datagram | null = this.buckets[this.bucketOf(this.key)]!;
    while (at !== null && !sameKey(at.key, this.key)) at = at.next;
    return at;
  }

  /** A place for a new datagram; null when there is none. `reach` is how far its first fragment goes, bytes. */
  private begin(fragment: PacketBuffer, reach: number): Datagram | null {
    const { limits, clock } = this.node;
    if (this.count >= limits.reassemblies) return null;
    const packet = fragment.pool.acquire(reach + this.payloadAt - HEADROOM, HEADROOM);
    if (this.heldBytes + packet.bytes.length > limits.reassemblyBytes) {
      packet.release();
      return null;
    }
    const datagram = new Datagram(packet);
    datagram.key.set(this.key);
    datagram.deadline = clock.now + this.timeNs;
    const bucket = this.bucketOf(datagram.key);
    datagram.next = this.buckets[bucket];
    this.buckets[bucket] = datagram;
    datagram.older = this.youngest;
    if (this.youngest === null) this.oldest = datagram;
    else this.youngest.younger = datagram;
    this.youngest = datagram;
    this.count++;
    this.heldBytes += packet.bytes.length;
    if (!this.timer.armed) this.timer.set(datagram.deadline);
    return datagram;
  }

  /** Makes the buffer large enough for payload up to `reach`; false when that would be more than may be held. */
  private reserve(datagram: Datagram, reach: number): boolean {
    const old = datagram.packet;
    if (this.payloadAt + reach <= old.bytes.length) return true;
    const larger = old.pool.acquire(reach + this.payloadAt - HEADROOM, HEADROOM);
    const grown = larger.bytes.length - old.bytes.length;
    if (this.heldBytes + grown > this.node.limits.reassemblyBytes) {
      larger.release();
      return false;
    }
    this.heldBytes += grown;
    larger.bytes.set(old.bytes.subarray(HEADROOM, this.payloadAt + datagram.reach), HEADROOM);
    larger.start = old.start;
    larger.end = old.end;
    larger.l3 = old.l3;
    larger.id = old.id;
    larger.device = old.device;
    old.release();
    datagram.packet = larger;
    return true;
  }

  private giveUp(datagram: Datagram, reason: number): void {
    this.unlink(datagram);
    this.node.drop(datagram.packet, reason, `from ${this.senderOf(datagram.key)}`);
  }

  private unlink(datagram: Datagram): void {
    const bucket = this.bucketOf(datagram.key);
    let before: Datagram | null = null;
    let at = this.buckets[bucket];
    while (at !== null && at !== datagram) {
      before = at;
      at = at.next;
    }
    if (before === null) this.buckets[bucket] = datagram.next;
    else before.next = datagram.next;
    if (datagram.older === null) this.oldest = datagram.younger;
    else datagram.older.younger = datagram.younger;
    if (datagram.younger === null) this.youngest = datagram.older;
    else datagram.younger.older = datagram.older;
    this.count--;
    this.heldBytes -= datagram.packet.bytes.length;
    if (this.count === 0) this.timer.clear();
  }

  private bucketOf(key: Uint32Array): number {
    let h = this.hashKey;
    for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key[i]! ^ (h >>> 15), 0x9e3779b1);
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    return (h ^ (h >>> 13)) & (BUCKETS - 1);
  }
}

function sameKey(a: Uint32Array, b: Uint32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** How many of the 8-byte units that touch payload bytes `from` to `to` are marked. */
function countUnits(have: Uint32Array, from: number, to: number): number {
  let count = 0;
  for (let unit = from >> 3, end = (to + 7) >> 3; unit < end; unit++) count += (have[unit >> 5] >>> (unit & 31)) & 1;
  return count;
}

function markUnits(have: Uint32Array, from: number, to: number): void {
  for (let unit = from >> 3, end = (to + 7) >> 3; unit < end; unit++) have[unit >> 5] |= 1 << (unit & 31);
}

function sameBytes(a: Uint8Array, atA: number, b: Uint8Array, atB: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}
