import { SECOND } from '../base/clock.ts';
import type { IpAddress } from '../base/ip-address.ts';
import type { Prefix } from '../base/prefix.ts';
import type { IpLink } from './ip-link.ts';
import type { InterfaceAddress } from './ipv6/interface-address.ts';

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

/** What a router's advertisement may change, and what holds as long as none has (RFC 4861 6.3.2, 10). */
export const DEFAULT_HOP_LIMIT = 64;
export const REACHABLE_NS = 30 * SECOND;
export const RETRANSMIT_NS = 1 * SECOND;
/** RFC 8200 5: every link carries packets of so many bytes. */
export const IPV6_MIN_MTU = 1280;

/** What IPv6 knows of an interface: it exists where IPv6 is spoken (`IpInterface.v6`). */
export class Ipv6Interface {
  readonly ip: IpInterface;
  readonly link: IpLink;
  /** In the order in which they were added; another array after each change. */
  addresses: readonly InterfaceAddress[] = [];
  /** Hop limit of packets that leave here, when nobody asks for another. */
  hopLimit = DEFAULT_HOP_LIMIT;
  /** What routers on the link said (bytes); Infinity while none did. */
  advertisedMtu = Infinity;
  /** RFC 4861 6.3.2: how long a neighbour counts as reachable (about), and how long to wait between questions; ns. */
  reachableNs = REACHABLE_NS;
  retransmitNs = RETRANSMIT_NS;
  /** Whether routers on the link are asked for, and believed; a router's interface has it off (RFC 4861 6.2.2). */
  acceptsAdvertisements = true;
  /** Neighbour solicitations that ask whether an address is free (RFC 4862 5.1); 0: addresses are used at once. */
  dadTransmits = 1;
  /** Group memberships, by the group's last 32 bits: `Groups6` keeps them. */
  readonly memberships = new Map<number, Membership6>();
  /** Frames pass: there is a cable, and the interface is up. Nothing is asked for while it is not so. */
  running = true;

  constructor(ip: IpInterface) {
    this.ip = ip;
    this.link = ip.link;
  }

  get name(): string {
    return this.link.name;
  }

  get index(): number {
    return this.ip.index;
  }

  /** Largest packet, bytes: the link's, or less when a router said so (RFC 4861 6.3.4). */
  get mtu(): number {
    return Math.min(this.link.mtu, this.advertisedMtu);
  }

  /** The link-local address, once it is known that nobody else has it; null until then. */
  get linkLocal(): IpAddress | null {
    for (const each of this.addresses) if (each.address.isLinkLocal && each.usable) return each.address;
    return null;
  }

  /** The entry of an address of this interface in whatever state; null when it has no such. */
  find(address: IpAddress): InterfaceAddress | null {
    for (const each of this.addresses) if (each.address.equals(address)) return each;
    return null;
  }

  /** Whether packets for `address` are for us: it is here and neither tentative nor a duplicate (RFC 4862 5.4). */
  has(address: IpAddress): boolean {
    return this.find(address)?.usable === true;
  }

  /** Whether packets to this group are taken here. Every host is in ff02::1 and ff01::1 (RFC 4291 2.8). */
  isMember(group: IpAddress): boolean {
    if (group.w3 === 1 && group.w2 === 0 && group.w1 === 0 && (group.w0 === 0xff020000 || group.w0 === 0xff010000)) {
      return true;
    }
    let each = this.memberships.get(group.w3) ?? null;
    while (each !== null && !each.group.equals(group)) each = each.next;
    return each !== null;
  }
}

/** A group that an interface belongs to. */
export interface Membership6 {
  readonly group: IpAddress;
  /** Another one with the same last 32 bits. */
  next: Membership6 | null;
}
