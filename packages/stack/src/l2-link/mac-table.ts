import { SECOND } from '../base/clock.ts';

/** What `lookup` says of an address that the table does not know. */
export const UNKNOWN_PORT = 0;

export interface MacTableEntry {
  /** The address: bytes 0 and 1, and bytes 2 to 5. */
  readonly hi: number;
  readonly lo: number;
  readonly port: number;
  /** When it was last heard, ns. */
  readonly heardNs: number;
}

/**
 * A switch's filtering database (IEEE 802.1D 7.9): which port leads to which address.
 *
 * Open addressing with linear probing in typed arrays, at most half full. Ageing is lazy: an entry that has not been
 * heard for `ageingNs` counts as absent, and is overwritten when its place is needed; an idle network has no events.
 * The hash is keyed, so that a station cannot choose addresses that all fall on one place.
 */
export class MacTable {
  /** ns; change it with `setAgeing`. */
  ageingNs: number;
  /** Places in use; entries too old to count are among them until their place is needed. */
  private used = 0;
  private readonly maxEntries: number;
  private readonly key: number;
  /** Before this, looking for entries that have aged out finds none. */
  private nextSweep = 0;
  private mask = 63;
  private his = new Uint16Array(64);
  private los = new Uint32Array(64);
  /** 0: the place is free. */
  private ports = new Uint16Array(64);
  private heard = new Float64Array(64);

  constructor(maxEntries: number, ageingNs: number, key: number) {
    this.maxEntries = maxEntries;
    this.ageingNs = ageingNs;
    this.key = key | 0;
  }

  setAgeing(ageingNs: number): void {
    this.ageingNs = ageingNs;
    this.nextSweep = 0;
  }

  /** The port that leads to the address, or UNKNOWN_PORT. */
  lookup(hi: number, lo: number, now: number): number {
    const at = this.find(hi, lo);
    const port = this.ports[at];
    return port !== 0 && now - this.heard[at] < this.ageingNs ? port : UNKNOWN_PORT;
  }

  /** When the address was last heard, ns; -1 if never, or too long ago to be remembered. */
  heardAt(hi: number, lo: number): number {
    const at = this.find(hi, lo);
    return this.ports[at] === 0 ? -1 : this.heard[at];
  }

  /** The address was heard at a port. False when there is no room for it. */
  learn(hi: number, lo: number, port: number, now: number): boolean {
    let at = this.find(hi, lo);
    if (this.ports[at] === 0) {
      if (this.used >= this.maxEntries && !this.sweep(now)) return false;
      if (this.used * 2 > this.mask) this.rebuild(this.mask * 2 + 1, -Infinity, 0);
      at = this.find(hi, lo);
      this.used++;
      this.his[at] = hi;
      this.los[at] = lo;
    }
    this.ports[at] = port;
    this.heard[at] = now;
    return true;
  }

  /** Forgets all that was learnt from a port. */
  forgetPort(port: number): void {
    this.rebuild(this.mask, -Infinity, port);
  }

  /** What it knows, in the order of the addresses. */
  entries(now: number): MacTableEntry[] {
    const entries: MacTableEntry[] = [];
    for (let at = 0; at <= this.mask; at++) {
      if (this.ports[at] === 0 || now - this.heard[at] >= this.ageingNs) continue;
      entries.push({ hi: this.his[at], lo: this.los[at], port: this.ports[at], heardNs: this.heard[at] });
    }
    return entries.sort((one, other) => one.hi - other.hi || one.lo - other.lo);
  }

  /** Where the address is, or the free place where it belongs. There is always one: the table is never full. */
  private find(hi: number, lo: number): number {
    const { his, los, ports, mask } = this;
    let at = this.hash(hi, lo) & mask;
    while (ports[at] !== 0 && (los[at] !== lo || his[at] !== hi)) at = (at + 1) & mask;
    return at;
  }

  /** MurmurHash3's mixing over the two words, keyed. */
  private hash(hi: number, lo: number): number {
    let h = this.key ^ Math.imul(lo, 0xcc9e2d51);
    h = Math.imul((h << 15) | (h >>> 17), 0x1b873593) ^ hi;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return h ^ (h >>> 16);
  }

  /** Removes what has aged out; true if that made room. Looks through the table at most once a second. */
  private sweep(now: number): boolean {
    if (now < this.nextSweep) return false;
    const oldest = this.rebuild(this.mask, now - this.ageingNs, 0);
    this.nextSweep = Math.max(oldest + this.ageingNs, now + SECOND);
    return this.used < this.maxEntries;
  }

  /** Moves what was heard after `heardAfter`, and not from `exceptPort`, to new arrays; returns its oldest time. */
  private rebuild(mask: number, heardAfter: number, exceptPort: number): number {
    const { his, los, ports, heard } = this;
    this.mask = mask;
    this.his = new Uint16Array(mask + 1);
    this.los = new Uint32Array(mask + 1);
    this.ports = new Uint16Array(mask + 1);
    this.heard = new Float64Array(mask + 1);
    this.used = 0;
    let oldest = Infinity;
    for (let from = 0; from < ports.length; from++) {
      if (ports[from] === 0 || ports[from] === exceptPort || heard[from] <= heardAfter) continue;
      const to = this.find(his[from], los[from]);
      this.his[to] = his[from];
      this.los[to] = los[from];
      this.ports[to] = ports[from];
      this.heard[to] = heard[from];
      this.used++;
      if (heard[from] < oldest) oldest = heard[from];
    }
    return oldest;
  }
}
