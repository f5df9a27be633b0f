import type { IpAddress } from '../base/ip-address.ts';
import type { Prefix } from '../base/prefix.ts';
import type { IpLink } from './ip-link.ts';
import type { Ipv6Interface } from './ipv6/ipv6-interface.ts';

/** An interface as layer 3 knows it: a link below, and the addresses that this host has there. */
export class IpInterface {
  /** From 1 on, `lo` first, as `if_nametoindex` numbers them; never given twice. */
  readonly index: number;
  readonly link: IpLink;
  readonly loopback: boolean;
  /** In the order in which they were added. The first of a network is the one that packets leave with. */
  addresses: readonly Prefix[] = [];
  /** A router sends on what others send to everybody on this link (RFC 2644). */
  directedBroadcast = false;
  /** What the routes go by: they leave out interfaces that are down. Follows `link.up` by `Ipv4.linkChanged`. */
  up: boolean;
  /** What IPv6 knows of it; null where IPv6 is not spoken. */
  v6: Ipv6Interface | null = null;

  constructor(index: number, link: IpLink, loopback: boolean) {
    this.index = index;
    this.link = link;
    this.loopback = loopback;
    this.up = link.up;
  }

  /** Up, and its line alive: what is sent there has a chance. */
  get running(): boolean {
    return this.up && (this.link.running ?? true);
  }

  get name(): string {
    return this.link.name;
  }

  /** The address (32 bits) to speak with to a neighbour here: one of the same network, else the first; 0: none. */
  sourceFor4(neighbour: number): number {
    let first = 0;
    for (const prefix of this.addresses) {
      if (prefix.address.family !== 4) continue;
      if (((prefix.address.v4 ^ neighbour) & prefix.mask4) === 0) return prefix.address.v4;
      if (first === 0) first = prefix.address.v4;
    }
    return first;
  }

  has(address: IpAddress): boolean {
    return this.addresses.some((prefix) => prefix.address.equals(address));
  }
}
