import { type Task, Timer } from '../base/clock.ts';
import { Drop } from '../base/drop-reasons.ts';
import { formatIpv4 } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import { HEADROOM, type PacketBuffer } from '../base/packet-buffer.ts';
import { What } from '../base/trace.ts';
import {
  IPV4_MAX_HEADER_LENGTH,
  IPV4_MAX_LENGTH,
  ipv4Destination,
  ipv4FragmentOffset,
  ipv4HeaderLength,
  ipv4Identification,
  ipv4MoreFragments,
  ipv4Protocol,
  ipv4Source,
  resizeIpv4,
} from './ipv4-header.ts';

/** Where a datagram's payload begins in its buffer: behind room for any headers. */
const PAYLOAD = HEADROOM + IPV4_MAX_HEADER_LENGTH;
const BUCKETS = 64;

/** Who is told of a datagram that stayed incomplete. */
export interface ReassemblyOwner {
  /** Its time is over. `packet` holds the first fragment at `l3`; valid during the call. */
  reassemblyExpired(packet: PacketBuffer): void;
}

/** A datagram that is being put together, in one buffer, where each fragment's bytes are copied to their place. */
class Datagram {
  source = 0;
  destination = 0;
  protocol = 0;
  identification = 0;
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
 * Puts fragments together again (RFC 791 3.2, RFC 1122 3.3.2), in any order.
 *
 * Fragments that overlap are a sign of an attack or of a mix-up: the whole datagram is refused (RFC 5722; RFC 8900 2.4
 * wants it for IPv4 too). What brings again the bytes that are there already is a duplicate and is ignored.
 */
export class Reassembly implements Task {
  private readonly node: NodeContext;
  private readonly owner: ReassemblyOwner;
  private readonly hashKey: number;
  private readonly buckets: (Datagram | null)[] = new Array<Datagram | null>(BUCKETS).fill(null);
  private oldest: Datagram | null = null;
  private youngest: Datagram | null = null;
  private count = 0;
  private heldBytes = 0;
  private readonly timer: Timer;

  constructor(node: NodeContext, owner: ReassemblyOwner) {
    this.node = node;
    this.owner = owner;
    this.hashKey = node.random.fork('reassembly').u32();
    this.timer = new Timer(node.clock, this, 0);
  }

  /** Datagrams that are incomplete. */
  get pending(): number {
    return this.count;
  }

  /** Bytes of storage that they hold. */
  get bytes(): number {
    return this.heldBytes;
  }

  /**
   * Takes a fragment, `start` at its checked header and `end` at its end. Returns the whole datagram, its `start` and
   * `l3` at a header that says so, when this was the last one missing; otherwise null.
   */
  add(fragment: PacketBuffer): PacketBuffer | null {
    const view = fragment.view;
    const at = fragment.start;
    const headerLength = ipv4HeaderLength(view, at);
    const from = ipv4FragmentOffset(view, at);
    const to = from + fragment.length - headerLength;
    const more = ipv4MoreFragments(view, at);
    if (to === from || to + headerLength > IPV4_MAX_LENGTH || (more && (to & 7) !== 0)) {
      this.node.drop(fragment, Drop.FRAGMENT_BAD);
      return null;
    }
    const datagram = this.find(fragment) ?? this.begin(fragment, to);
    if (datagram === null) {
      this.node.drop(fragment, Drop.FRAGMENT_TABLE_FULL);
      return null;
    }
    if (this.overlaps(datagram, fragment, headerLength, from, to, more)) return null;
    if (datagram.fragments >= this.node.limits.fragmentsPerDatagram || !this.reserve(datagram, to)) {
      this.node.drop(fragment, Drop.FRAGMENT_TABLE_FULL);
      return null;
    }
    this.store(datagram, fragment, headerLength, from, to, more);
    if (datagram.received === datagram.total) return this.finish(datagram, fragment.id);
    return null;
  }

  /** The time of the oldest is over. */
  run(): void {
    const now = this.node.clock.now;
    while (this.oldest !== null && this.oldest.deadline <= now) {
      const datagram = this.oldest;
      this.unlink(datagram);
      if (datagram.hasFirst) this.owner.reassemblyExpired(datagram.packet);
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
    headerLength: number,
    from: number,
    to: number,
    more: boolean,
  ): boolean {
    const { have, total, reach, packet } = datagram;
    const known = total >= 0;
    const endFits = more ? !known || to < total : known ? to === total : to >= reach;
    const there = countUnits(have, from, to);
    if (endFits && there === 0) return false;
    const payload = fragment.start + headerLength;
    const allThere = there === (to - from + 7) >> 3 && (more || known);
    if (endFits && allThere && sameBytes(packet.bytes, PAYLOAD + from, fragment.bytes, payload, to - from)) {
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
    from: number,
    to: number,
    more: boolean,
  ): void {
    const { packet } = datagram;
    const payload = fragment.start + headerLength;
    packet.bytes.set(fragment.bytes.subarray(payload, payload + to - from), PAYLOAD + from);
    markUnits(datagram.have, from, to);
    datagram.received += to - from;
    datagram.fragments++;
    datagram.reach = Math.max(datagram.reach, to);
    if (!more) datagram.total = to;
    if (from === 0) {
      const header = PAYLOAD - headerLength;
      packet.bytes.set(fragment.bytes.subarray(fragment.start, payload), header);
      packet.start = header;
      packet.end = PAYLOAD + to;
      packet.l3 = header;
      packet.id = fragment.id;
      datagram.hasFirst = true;
    }
    if (this.node.trace !== null) {
      const whole = datagram.total < 0 ? '?' : datagram.total;
      const detail = `for the other fragments: ${datagram.received} of ${whole} bytes are here`;
      this.node.trace.event(this.node.name, 3, What.Wait, fragment, 0, detail, 'RFC 791 3.2');
    }
    fragment.release();
  }

  private finish(datagram: Datagram, id: number): PacketBuffer | null {
    this.unlink(datagram);
    const { packet } = datagram;
    packet.end = PAYLOAD + datagram.total;
    packet.id = id;
    if (packet.length > IPV4_MAX_LENGTH) {
      // The first fragment has more options than the one that reached furthest.
      this.node.drop(packet, Drop.FRAGMENT_BAD);
      return null;
    }
    resizeIpv4(packet.view, packet.l3, packet.length, 0);
    return packet;
  }

  private find(fragment: PacketBuffer): Datagram | null {
    const { view, start } = fragment;
    const source = ipv4Source(view, start);
    const destination = ipv4Destination(view, start);
    const protocol = ipv4Protocol(view, start);
    const identification = ipv4Identification(view, start);
    let at = this.buckets[this.bucketOf(source, destination, protocol, identification)];
    while (at !== null) {
      if (
        at.identification === identification &&
        at.source === source &&
        at.destination === destination &&
        at.protocol === protocol
      ) {
        return at;
      }
      at = at.next;
    }
    return null;
  }

  /** A place for a new datagram; null when there is none. `reach` is how far its first fragment goes, bytes. */
  private begin(fragment: PacketBuffer, reach: number): Datagram | null {
    const { limits, clock } = this.node;
    if (this.count >= limits.reassemblies) return null;
    const packet = fragment.pool.acquire(reach + IPV4_MAX_HEADER_LENGTH, HEADROOM);
    if (this.heldBytes + packet.bytes.length > limits.reassemblyBytes) {
      packet.release();
      return null;
    }
    const { view, start } = fragment;
    const datagram = new Datagram(packet);
    datagram.source = ipv4Source(view, start);
    datagram.destination = ipv4Destination(view, start);
    datagram.protocol = ipv4Protocol(view, start);
    datagram.identification = ipv4Identification(view, start);
    datagram.deadline = clock.now + limits.reassemblyTimeNs;
    const bucket = this.bucketOfDatagram(datagram);
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
    if (PAYLOAD + reach <= old.bytes.length) return true;
    const larger = old.pool.acquire(reach + IPV4_MAX_HEADER_LENGTH, HEADROOM);
    const grown = larger.bytes.length - old.bytes.length;
    if (this.heldBytes + grown > this.node.limits.reassemblyBytes) {
      larger.release();
      return false;
    }
    this.heldBytes += grown;
    larger.bytes.set(old.bytes.subarray(HEADROOM, PAYLOAD + datagram.reach), HEADROOM);
    larger.start = old.start;
    larger.end = old.end;
    larger.l3 = old.l3;
    larger.id = old.id;
    old.release();
    datagram.packet = larger;
    return true;
  }

  private giveUp(datagram: Datagram, reason: number): void {
    this.unlink(datagram);
    this.node.drop(datagram.packet, reason, `from ${formatIpv4(datagram.source)}`);
  }

  private unlink(datagram: Datagram): void {
    const bucket = this.bucketOfDatagram(datagram);
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

  private bucketOfDatagram(datagram: Datagram): number {
    return this.bucketOf(datagram.source, datagram.destination, datagram.protocol, datagram.identification);
  }

  private bucketOf(source: number, destination: number, protocol: number, identification: number): number {
    let h = Math.imul(source ^ this.hashKey, 0x9e3779b1) ^ Math.imul(destination, 0x85ebca6b);
    h ^= Math.imul((identification << 8) | protocol, 0xc2b2ae35);
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    return (h ^ (h >>> 13)) & (BUCKETS - 1);
  }
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
