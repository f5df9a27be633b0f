import type { Clock } from '../base/clock.ts';
import { SECOND, Timer } from '../base/clock.ts';
import { Drop, type DropReason } from '../base/drop-reasons.ts';
import { Errno } from '../base/errors.ts';
import type { IpAddress } from '../base/ip-address.ts';
import type { MacAddress } from '../base/mac-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import type { Random } from '../base/random.ts';
import { What } from '../base/trace.ts';
import type { IpInterface } from './ip-interface.ts';
import { Neighbour, type NeighbourKeeper, NeighbourState, neighbourStateName } from './neighbour.ts';

/** RFC 4861 10, and Linux's values for ARP. */
const SOLICITATIONS = 3;
export const RETRANSMIT_NS = 1 * SECOND;
export const REACHABLE_NS = 30 * SECOND;
const DELAY_FIRST_PROBE_NS = 5 * SECOND;
/** An entry that was in use this short a while ago makes no room for another (Linux's `neigh_forced_gc`). */
const EVICTABLE_AFTER_NS = 5 * SECOND;

/** How neighbours are asked for: what differs between ARP and neighbour discovery. */
export interface Solicitor {
  /** `ARP`, for traces. */
  readonly name: string;
  /** The EtherType of the packets that the neighbours are sent. */
  readonly etherType: number;
  /** Why a packet goes no further whose neighbour never answered, or for which there was no room to wait. */
  readonly unresolvedReason: DropReason;
  readonly queueFullReason: DropReason;
  /** How long a neighbour counts as reachable, about, and how long to wait for an answer; ns. Routers may say so. */
  reachableNs(on: IpInterface): number;
  retransmitNs(on: IpInterface): number;
  /** Asks for the neighbour's MAC address: everybody, or, with `unicast`, the one who had it last. */
  solicit(neighbour: Neighbour, unicast: boolean): void;
  /** Nobody answered. The packet waited for that, its `start` at the IP header; it is dropped after the call. */
  unresolved(packet: PacketBuffer): void;
  /** The neighbour can be reached again, or no more: who chooses among routers wants to know. */
  reachabilityChanged?(neighbour: Neighbour, reachable: boolean): void;
}

/** The neighbours of one host for one address family, on all of its interfaces. */
export class NeighbourTable implements NeighbourKeeper {
  readonly clock: Clock;
  readonly etherType: number;
  private readonly node: NodeContext;
  private readonly solicitor: Solicitor;
  private readonly random: Random;
  private readonly hashKey: number;
  private readonly buckets: (Neighbour | null)[];
  private count = 0;

  constructor(node: NodeContext, solicitor: Solicitor) {
    this.node = node;
    this.clock = node.clock;
    this.solicitor = solicitor;
    this.etherType = solicitor.etherType;
    this.random = node.random.fork(`neighbours ${solicitor.name}`);
    this.hashKey = this.random.u32();
    let size = 16;
    while (size < node.limits.neighbourEntries) size *= 2;
    this.buckets = new Array<Neighbour | null>(Math.min(size, 1024)).fill(null);
  }

  get size(): number {
    return this.count;
  }

  /** The entry for an address given as its four words (`IpAddress`), or null. */
  find(w0: number, w1: number, w2: number, w3: number, on: IpInterface): Neighbour | null {
    let entry = this.buckets[this.bucketOf(w0, w1, w2, w3, on)];
    while (entry !== null) {
      const { address } = entry;
      if (address.w3 === w3 && entry.interface === on && address.w2 === w2 && address.w1 === w1 && address.w0 === w0) {
        return entry;
      }
      entry = entry.next;
    }
    return null;
  }

  /** The entry for an address, made if there is none; null when the table is full of entries in use. */
  obtain(address: IpAddress, on: IpInterface): Neighbour | null {
    const known = this.find(address.w0, address.w1, address.w2, address.w3, on);
    if (known !== null) return known;
    if (this.count >= this.node.limits.neighbourEntries && !this.evict()) return null;
    const entry = new Neighbour(this, address, on);
    entry.usedAt = this.clock.now;
    entry.reachableNs = Math.floor(this.solicitor.reachableNs(on) * (0.5 + this.random.fraction()));
    const bucket = this.bucketOf(address.w0, address.w1, address.w2, address.w3, on);
    entry.next = this.buckets[bucket];
    this.buckets[bucket] = entry;
    this.count++;
    return entry;
  }

  /** An entry that is not in the table and never changes: everybody on a link, a multicast group, the host itself. */
  fixed(address: IpAddress, on: IpInterface, mac: MacAddress): Neighbour {
    const entry = new Neighbour(this, address, on);
    entry.mac = mac;
    entry.state = NeighbourState.Permanent;
    entry.fastUntil = Infinity;
    return entry;
  }

  /** Sets an entry by hand (`ip neigh add ... nud permanent`); null when the table is full. */
  addPermanent(address: IpAddress, on: IpInterface, mac: MacAddress): Neighbour | null {
    const entry = this.obtain(address, on);
    if (entry === null) return null;
    entry.mac = mac;
    this.enter(entry, NeighbourState.Permanent, 'set by hand');
    this.flush(entry);
    return entry;
  }

  /** All entries, by interface and address. */
  list(): Neighbour[] {
    const entries: Neighbour[] = [];
    for (const head of this.buckets) for (let entry = head; entry !== null; entry = entry.next) entries.push(entry);
    return entries.sort((a, b) => {
      const [p, q] = [a.address, b.address];
      return a.interface.index - b.interface.index || p.w0 - q.w0 || p.w1 - q.w1 || p.w2 - q.w2 || p.w3 - q.w3;
    });
  }

  /** Takes an entry out. What waits for it is dropped. */
  remove(entry: Neighbour): void {
    const { w0, w1, w2, w3 } = entry.address;
    const bucket = this.bucketOf(w0, w1, w2, w3, entry.interface);
    let before: Neighbour | null = null;
    let at = this.buckets[bucket];
    while (at !== null && at !== entry) {
      before = at;
      at = at.next;
    }
    if (at === null) return;
    if (before === null) this.buckets[bucket] = entry.next;
    else before.next = entry.next;
    entry.next = null;
    entry.gone = true;
    entry.state = NeighbourState.None; // so that who still holds it cannot confirm it
    entry.fastUntil = -1;
    entry.timer?.dispose();
    this.count--;
    this.dropWaiting(entry, false);
  }

  /** Takes out all entries of an interface, those set by hand included. */
  removeAll(on: IpInterface): void {
    for (const entry of this.list()) if (entry.interface === on) this.remove(entry);
  }

  /** Takes out what was learnt on an interface, and not what was set by hand. */
  forgetLearnt(on: IpInterface): void {
    for (const entry of this.list()) {
      if (entry.interface === on && entry.state !== NeighbourState.Permanent) this.remove(entry);
    }
  }

  /**
   * `mac` was heard of as the neighbour's. `confirmed`: in an answer to our question, so it hears us as well;
   * otherwise (a question of its own, an announcement) that is yet to be seen.
   */
  learn(entry: Neighbour, mac: MacAddress, confirmed: boolean): void {
    const now = this.clock.now;
    const state = entry.stateAt(now);
    if (state === NeighbourState.Permanent) return;
    entry.usedAt = now;
    const same = entry.mac.equals(mac);
    if (!same) entry.mac = mac;
    if (confirmed) {
      this.enter(entry, NeighbourState.Reachable, `${this.solicitor.name} reply from ${mac}`);
      this.solicitor.reachabilityChanged?.(entry, true);
    } else if (!same || state < NeighbourState.Reachable || state === NeighbourState.Failed) {
      this.enter(entry, NeighbourState.Stale, `heard of ${mac}`);
    }
    this.flush(entry);
  }

  /** Somebody else says that he is this neighbour, and does not insist: what was known is doubted (RFC 4861 7.2.5 I). */
  doubt(entry: Neighbour, other: MacAddress): void {
    if (entry.state === NeighbourState.Reachable) this.enter(entry, NeighbourState.Stale, `${other} says it has it`);
  }

  /** `Neighbour.output` when there is something to think about. */
  outputSlow(entry: Neighbour, packet: PacketBuffer): number {
    if (entry.gone) {
      const again = this.obtain(entry.address, entry.interface);
      if (again !== null) return again.output(packet);
      this.node.drop(packet, Drop.NEIGHBOUR_TABLE_FULL, `${entry.address}`);
      return -Errno.ENOBUFS;
    }
    entry.usedAt = this.clock.now;
    switch (entry.stateAt(this.clock.now)) {
      case NeighbourState.None:
      case NeighbourState.Failed:
        this.enqueue(entry, packet);
        this.enter(entry, NeighbourState.Incomplete, 'a packet is to be sent');
        return 0;
      case NeighbourState.Incomplete:
        this.enqueue(entry, packet);
        return 0;
      case NeighbourState.Stale:
        this.enter(entry, NeighbourState.Delay, 'a packet is sent');
        break;
      default:
    }
    return entry.link.output(packet, entry.mac, this.etherType);
  }

  confirmSlow(entry: Neighbour): void {
    const { state } = entry;
    if (state === NeighbourState.Stale || state === NeighbourState.Delay || state === NeighbourState.Probe) {
      entry.usedAt = this.clock.now;
      this.enter(entry, NeighbourState.Reachable, 'the peer makes progress');
    }
  }

  timedOut(entry: Neighbour): void {
    if (entry.state === NeighbourState.Delay) {
      this.enter(entry, NeighbourState.Probe, 'no sign of the peer');
    } else if (entry.asked < SOLICITATIONS) {
      this.ask(entry);
    } else {
      this.enter(entry, NeighbourState.Failed, `no answer to ${SOLICITATIONS} questions`);
      this.solicitor.reachabilityChanged?.(entry, false);
      this.dropWaiting(entry, true);
    }
  }

  private enter(entry: Neighbour, state: NeighbourState, why: string): void {
    const now = this.clock.now;
    if (this.node.trace !== null) {
      const from = entry.stateAt(now);
      const detail = `${entry.address} dev ${entry.interface.name}: ${neighbourStateName(from)} -> ${neighbourStateName(state)}: ${why}`;
      if (from !== state) this.node.trace.event(this.node.name, 3, What.State, null, 0, detail, 'RFC 4861 7.3.2');
    }
    entry.state = state;
    entry.asked = 0;
    switch (state) {
      case NeighbourState.Reachable:
        entry.fastUntil = now + entry.reachableNs;
        entry.timer?.clear();
        break;
      case NeighbourState.Permanent:
        entry.fastUntil = Infinity;
        entry.timer?.clear();
        break;
      case NeighbourState.Delay:
        entry.fastUntil = Infinity;
        this.timerOf(entry).set(now + DELAY_FIRST_PROBE_NS);
        break;
      case NeighbourState.Incomplete:
        entry.fastUntil = -1;
        this.ask(entry);
        break;
      case NeighbourState.Probe:
        entry.fastUntil = Infinity;
        this.ask(entry);
        break;
      default:
        entry.fastUntil = -1;
        entry.timer?.clear();
    }
  }

  private ask(entry: Neighbour): void {
    entry.asked++;
    entry.usedAt = this.clock.now;
    this.timerOf(entry).set(this.clock.now + this.solicitor.retransmitNs(entry.interface));
    this.solicitor.solicit(entry, entry.state === NeighbourState.Probe);
  }

  private timerOf(entry: Neighbour): Timer {
    entry.timer ??= new Timer(this.clock, entry, 0);
    return entry.timer;
  }

  /** The newest packets wait, the oldest has to go: it is the one most likely sent again (RFC 1122 2.3.2.2). */
  private enqueue(entry: Neighbour, packet: PacketBuffer): void {
    if (entry.waiting.length >= this.node.limits.neighbourQueuePackets) {
      const oldest = entry.waiting.shift();
      if (oldest !== null) this.node.drop(oldest, this.solicitor.queueFullReason);
    }
    if (this.node.trace !== null) {
      const detail = `for ${this.solicitor.name} of ${entry.address}`;
      this.node.trace.event(this.node.name, 3, What.Wait, packet, 0, detail, 'RFC 1122 2.3.2.2');
    }
    entry.waiting.push(packet);
  }

  private flush(entry: Neighbour): void {
    // What waits when this begins: a link that fails must not make it endless.
    for (let left = entry.waiting.length; left > 0; left--) {
      const packet = entry.waiting.shift();
      if (packet !== null) entry.output(packet);
    }
  }

  private dropWaiting(entry: Neighbour, tell: boolean): void {
    for (let left = entry.waiting.length; left > 0; left--) {
      const packet = entry.waiting.shift();
      if (packet === null) return;
      if (tell) this.solicitor.unresolved(packet);
      this.node.drop(
        packet,
        this.solicitor.unresolvedReason,
        tell ? `waiting for ${this.solicitor.name} of ${entry.address}, ${SOLICITATIONS} tries` : `${entry.address}`,
      );
    }
  }

  /** Makes room: the entry goes that was of no use for the longest time. False when all are in use. */
  private evict(): boolean {
    const now = this.clock.now;
    let victim: Neighbour | null = null;
    for (const head of this.buckets) {
      for (let entry = head; entry !== null; entry = entry.next) {
        const state = entry.stateAt(now);
        const idle = state === NeighbourState.Stale || state === NeighbourState.Failed || state === NeighbourState.None;
        const used = entry.lastUse;
        const quiet = state === NeighbourState.Reachable && now - used > EVICTABLE_AFTER_NS;
        if ((idle || quiet) && (victim === null || used < victim.lastUse)) victim = entry;
      }
    }
    if (victim === null) return false;
    this.remove(victim);
    return true;
  }

  private bucketOf(w0: number, w1: number, w2: number, w3: number, on: IpInterface): number {
    let h = Math.imul(w3 ^ this.hashKey, 0x9e3779b1) ^ Math.imul(w2 ^ on.index, 0x85ebca6b);
    h ^= Math.imul(w1, 0xc2b2ae35) ^ Math.imul(w0, 0x27d4eb2f);
    h ^= h >>> 15;
    return (Math.imul(h, 0x2c1b3c6d) >>> 16) & (this.buckets.length - 1);
  }
}
