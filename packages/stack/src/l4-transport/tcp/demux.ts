import type { IpAddress } from '../../base/ip-address.ts';

/** What is found by the four numbers of a segment: a connection, or what is left of one in TIME-WAIT. */
export interface Endpoint<T> {
  readonly local: IpAddress;
  readonly remote: IpAddress;
  /** `portsKey` of the remote and the local port. */
  readonly ports: number;
  hash: number;
  /** The next in the same bucket. Belongs to the table. */
  chain: T | null;
}

/** The two ports of a segment as it comes in, source first: the first word of its header. */
export function portsKey(remotePort: number, localPort: number): number {
  return (remotePort << 16) | localPort;
}

const FIRST_BUCKETS = 64;

/**
 * Endpoints by (local address, local port, remote address, remote port): a hash table with chains through the
 * endpoints themselves. A lookup allocates nothing, and the seed of the hash is secret, so that nobody fills one bucket
 * on purpose.
 */
export class EndpointTable<T extends Endpoint<T>> {
  size = 0;
  private buckets: (T | null)[] = new Array<T | null>(FIRST_BUCKETS).fill(null);
  private mask = FIRST_BUCKETS - 1;
  private readonly seed: number;

  constructor(seed: number) {
    this.seed = seed | 0;
  }

  hash(ports: number, remote: IpAddress, local: IpAddress): number {
    return mix(this.seed, ports, remote.w0, remote.w1, remote.w2, remote.w3, local.w3);
  }

  find(ports: number, remote: IpAddress, local: IpAddress): T | null {
    let at: T | null = this.buckets[this.hash(ports, remote, local) & this.mask]!;
    while (at !== null) {
      if (at.ports === ports && at.remote.equals(remote) && at.local.equals(local)) return at;
      at = at.chain;
    }
    return null;
  }

  /** As `find`, with the addresses where they stand in a packet's IP header (checked) at `l3`. */
  findIn(ports: number, view: DataView, l3: number): T | null {
    if (view.getUint8(l3) >> 4 === 4) {
      const remote = view.getUint32(l3 + 12);
      const local = view.getUint32(l3 + 16);
      let at: T | null = this.buckets[mix(this.seed, ports, 0, 0, 0xffff, remote, local) & this.mask]!;
      while (at !== null) {
        if (at.ports === ports && at.remote.w3 === remote && at.local.w3 === local && at.remote.family === 4) return at;
        at = at.chain;
      }
      return null;
    }
    const r0 = view.getUint32(l3 + 8);
    const r1 = view.getUint32(l3 + 12);
    const r2 = view.getUint32(l3 + 16);
    const r3 = view.getUint32(l3 + 20);
    let at: T | null = this.buckets[mix(this.seed, ports, r0, r1, r2, r3, view.getUint32(l3 + 36)) & this.mask]!;
    while (at !== null) {
      const { remote } = at;
      if (at.ports === ports && remote.w3 === r3 && remote.w2 === r2 && remote.w1 === r1 && remote.w0 === r0) {
        if (remote.family === 6 && same6(at.local, view, l3 + 24)) return at;
      }
      at = at.chain;
    }
    return null;
  }

  add(endpoint: T): void {
    if (this.size > this.mask) this.grow();
    endpoint.hash = this.hash(endpoint.ports, endpoint.remote, endpoint.local);
    const bucket = endpoint.hash & this.mask;
    endpoint.chain = this.buckets[bucket]!;
    this.buckets[bucket] = endpoint;
    this.size++;
  }

  /** Takes it out; harmless if it is not in. */
  remove(endpoint: T): void {
    const bucket = endpoint.hash & this.mask;
    let before: T | null = null;
    let at: T | null = this.buckets[bucket]!;
    while (at !== null && at !== endpoint) {
      before = at;
      at = at.chain;
    }
    if (at === null) return;
    if (before === null) this.buckets[bucket] = endpoint.chain;
    else before.chain = endpoint.chain;
    endpoint.chain = null;
    this.size--;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (const first of this.buckets) for (let at = first; at !== null; at = at.chain) yield at;
  }

  private grow(): void {
    const all = [...this];
    this.mask = this.mask * 2 + 1;
    this.buckets = new Array<T | null>(this.mask + 1).fill(null);
    for (const endpoint of all) {
      const bucket = endpoint.hash & this.mask;
      endpoint.chain = this.buckets[bucket]!;
      this.buckets[bucket] = endpoint;
    }
  }
}

function mix(seed: number, ports: number, r0: number, r1: number, r2: number, r3: number, l3: number): number {
  let h = seed ^ Math.imul(ports, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15) ^ r3, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13) ^ l3, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16) ^ r0 ^ Math.imul(r1, 0x27d4eb2f) ^ Math.imul(r2, 0x165667b1), 0x85ebca6b);
  return h ^ (h >>> 13);
}

function same6(address: IpAddress, view: DataView, at: number): boolean {
  return (
    address.w3 === view.getUint32(at + 12) &&
    address.w2 === view.getUint32(at + 8) &&
    address.w1 === view.getUint32(at + 4) &&
    address.w0 === view.getUint32(at)
  );
}
