import type { IpAddress } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import type { Ipv6Interface } from '../ip-interface.ts';
import type { RoutingTable6 } from './routes6.ts';

// What IPv6 knows of an interface stands beside what IPv4 does: each of the two leads to the other.
export {
  DEFAULT_HOP_LIMIT,
  IPV6_MIN_MTU,
  Ipv6Interface,
  type Membership6,
  REACHABLE_NS,
  RETRANSMIT_NS,
} from '../ip-interface.ts';

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
