import { SECOND } from '../../base/clock.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import type { IpInterface } from '../ip-interface.ts';
import type { IpLink } from '../ip-link.ts';
import type { InterfaceAddress } from './interface-address.ts';
import type { RoutingTable6 } from './routes6.ts';

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

/** Takes ICMPv6 messages of one type: the checksum was right, `packet.start` stands at the ICMPv6 header, `l3` at IPv6's. */
export interface Icmp6Handler {
  /** Owns the packet. */
  icmp6Input(packet: PacketBuffer, from: Ipv6Interface, cast: 0 | 1 | 2): void;
}

/** What the parts of this folder that find neighbours and configure the host need of its IPv6. */
export interface Ipv6Control {
  /** The host is a router: it advertises rather than listens to advertisements. */
  readonly forwarding: boolean;
  readonly routes: RoutingTable6;
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
}
