import { SECOND } from '../../base/clock.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import type { IpInterface } from '../ip-interface.ts';
import type { IpLink } from '../ip-link.ts';
import type { InterfaceAddress } from './interface-address.ts';

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
  /** Neighbour solicitations that ask whether an address is free (RFC 4862 5.1); 0: addresses are used at once. */
  dadTransmits = 1;
  /** Group memberships, by the group's last 32 bits: `MulticastGroups` keeps them. */
  readonly memberships = new Map<number, Membership>();

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

  /** Whether packets to this group are taken here. */
  isMember(group: IpAddress): boolean {
    let each = this.memberships.get(group.w3) ?? null;
    while (each !== null && !each.group.equals(group)) each = each.next;
    return each !== null;
  }
}

/** A group that an interface belongs to. */
export interface Membership {
  readonly group: IpAddress;
  /** How often it was joined: it is left when it was left as often. */
  count: number;
  /** Another one with the same last 32 bits. */
  next: Membership | null;
}

/** Takes ICMPv6 messages of one type: the checksum was right, `packet.start` stands at the ICMPv6 header, `l3` at IPv6's. */
export interface Icmp6Handler {
  /** Owns the packet. */
  icmp6Input(packet: PacketBuffer, from: Ipv6Interface, cast: 0 | 1 | 2): void;
}

/** What the parts of this folder that find neighbours and configure the host need of its IPv6. */
export interface Ipv6Control {
  /** The host is a router: it advertises rather than listens to advertisements. */
  readonly forwarding: boolean;
  /** Where IPv6 is spoken, `lo` apart. */
  controlled(): readonly Ipv6Interface[];
  /**
   * Sends an ICMPv6 message whose header `packet.start` stands at, the checksum field 0: puts the headers in front (a
   * hop-by-hop router alert of MLD when asked for) and sums. Takes the packet; 0 or a negated error number.
   */
  sendControl(
    packet: PacketBuffer,
    source: IpAddress,
    destination: IpAddress,
    out: Ipv6Interface,
    hopLimit: number,
    routerAlert: boolean,
  ): number;
  /** Addresses of an interface came, went or changed their state: what follows from them (routes, flows) is made anew. */
  addressesChanged(on: Ipv6Interface): void;
  /** A router's advertisement leads here: adds the route, or renews it. No gateway: the prefix is on the link. */
  advertisedRoute(
    to: { network: IpAddress; length: number },
    gateway: IpAddress | null,
    on: Ipv6Interface,
    metric: number,
    until: number,
  ): void;
  /** It does no longer. */
  withdrawnRoute(to: { network: IpAddress; length: number }, gateway: IpAddress | null, on: Ipv6Interface): void;
}
