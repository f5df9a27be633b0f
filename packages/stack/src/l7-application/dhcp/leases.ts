import { formatIpv4 } from '../../base/ip-address.ts';
import type { Subnet } from './server-config.ts';

/**
 * What an address of a server's is in the middle of:
 *
 *     (never given) --offer--> Offered --request--> Bound --release--> Ended
 *                                 |                   |
 *                                 +--- time is up ----+---> Ended: may be given to another, the same client first
 *                        any --declined, or answers a ping--> Abandoned, for a while
 */
export const LeaseState = { Offered: 'offered', Bound: 'bound', Ended: 'ended', Abandoned: 'abandoned' } as const;
export type LeaseState = (typeof LeaseState)[keyof typeof LeaseState];

export class Lease {
  readonly address: number;
  /** Whose it is or was (`identityOf`); empty for an abandoned one. */
  client: string;
  state: LeaseState = LeaseState.Offered;
  /** Until when the state holds, ns; Infinity: for ever. Nothing runs at that time: it is looked at when somebody asks. */
  endsNs = 0;
  /** For people: hardware address and the name that the client gives itself. */
  hardware = '';
  hostName: string | null = null;

  constructor(address: number, client: string) {
    this.address = address;
    this.client = client;
  }

  stateAt(now: number): LeaseState {
    return this.endsNs > now ? this.state : LeaseState.Ended;
  }
}

/** The leases of one subnet, by address and by client. A client has one at most. */
export class LeaseTable {
  private readonly subnet: Subnet;
  private readonly limit: number;
  private readonly byAddress = new Map<number, Lease>();
  private readonly byClient = new Map<string, Lease>();
  /** The next address that was never given: a place in `subnet.ranges`. */
  private range = 0;
  private offset = 0;

  constructor(subnet: Subnet, limit: number) {
    this.subnet = subnet;
    this.limit = limit;
  }

  get size(): number {
    return this.byAddress.size;
  }

  of(client: string): Lease | null {
    return this.byClient.get(client) ?? null;
  }

  at(address: number): Lease | null {
    return this.byAddress.get(address) ?? null;
  }

  /** A lease from before this server was started; one that the limit leaves no room for, or is there already, is not taken. */
  restore(lease: Lease): boolean {
    if (this.size >= this.limit || this.byAddress.has(lease.address)) return false;
    this.byAddress.set(lease.address, lease);
    if (lease.client !== '' && !this.byClient.has(lease.client)) this.byClient.set(lease.client, lease);
    return true;
  }

  /** Addresses that may be given to anybody: for people who ask why there is none left. */
  get poolText(): string {
    return this.subnet.ranges.map(({ first, last }) => `${formatIpv4(first)}-${formatIpv4(last)}`).join(', ');
  }

  /** All, by address. */
  list(): Lease[] {
    return [...this.byAddress.values()].sort((a, b) => a.address - b.address);
  }

  /**
   * An address for a client, in RFC 2131 4.3.1's order: the one that it has, the one that it had, the one that it asks
   * for, one that nobody ever had, the one that ran out first. What is reserved for it goes before all. null: none left.
   */
  choose(client: string, wanted: number, now: number): Lease | null {
    const reservation = this.subnet.reservationOf(client);
    if (reservation !== null) {
      const known = this.at(reservation.address);
      if (known === null || known.client === client || known.stateAt(now) === LeaseState.Ended) {
        return this.give(reservation.address, client, now);
      }
    }
    const own = this.of(client);
    if (own !== null && this.subnet.isFree(own.address)) return own;
    if (wanted !== 0 && this.subnet.isFree(wanted) && this.isEnded(wanted, now)) return this.give(wanted, client, now);
    const fresh = this.size < this.limit ? this.nextFresh() : 0;
    if (fresh !== 0) return this.give(fresh, client, now);
    const oldest = this.oldestEnded(now);
    return oldest === null ? null : this.give(oldest.address, client, now);
  }

  /** Nobody may have this address until then: it is in use by somebody whom we do not know. */
  abandon(lease: Lease, untilNs: number): void {
    this.forgetClient(lease);
    lease.client = '';
    lease.hostName = null;
    lease.state = LeaseState.Abandoned;
    lease.endsNs = untilNs;
  }

  /** Takes the address from whoever had it (its time is up) and keeps it for `client`; what it had before is let go. */
  private give(address: number, client: string, now: number): Lease | null {
    let lease = this.at(address);
    if (lease?.client === client) return lease;
    if (lease === null) {
      if (this.size >= this.limit && !this.forgetOldest(now)) return null;
      lease = new Lease(address, client);
      this.byAddress.set(address, lease);
    } else {
      this.forgetClient(lease);
      lease.client = client;
    }
    const before = this.of(client);
    if (before !== null) {
      before.client = '';
      before.endsNs = Math.min(before.endsNs, now);
    }
    lease.state = LeaseState.Offered;
    lease.endsNs = 0;
    this.byClient.set(client, lease);
    return lease;
  }

  private isEnded(address: number, now: number): boolean {
    const lease = this.at(address);
    return lease === null || lease.stateAt(now) === LeaseState.Ended;
  }

  /** 0 when all have been given once. Each address is looked at once, unless some were forgotten. */
  private nextFresh(): number {
    for (; this.range < this.subnet.ranges.length; this.range++, this.offset = 0) {
      const { first, last } = this.subnet.ranges[this.range]!;
      while (first + this.offset <= last) {
        const address = first + this.offset++;
        if (this.subnet.isFree(address) && !this.byAddress.has(address)) return address;
      }
    }
    return 0;
  }

  private oldestEnded(now: number): Lease | null {
    let oldest: Lease | null = null;
    for (const lease of this.byAddress.values()) {
      if (lease.stateAt(now) !== LeaseState.Ended || !this.subnet.isFree(lease.address)) continue;
      if (oldest === null || lease.endsNs < oldest.endsNs) oldest = lease;
    }
    return oldest;
  }

  private forgetOldest(now: number): boolean {
    const oldest = this.oldestEnded(now);
    if (oldest === null) return false;
    this.forgetClient(oldest);
    this.byAddress.delete(oldest.address);
    // It is as if it had never been given: to be found again.
    this.range = 0;
    this.offset = 0;
    return true;
  }

  private forgetClient(lease: Lease): void {
    if (this.byClient.get(lease.client) === lease) this.byClient.delete(lease.client);
  }
}
