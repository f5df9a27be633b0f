import { Drop } from '../../base/drop-reasons.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import type { IpInterface } from '../ip-interface.ts';
import type { Neighbour } from '../neighbour.ts';
import type { NeighbourTable } from '../neighbours.ts';
import type { PacketFilter } from '../packet-filter.ts';
import { RouteType } from '../routes.ts';
import { cutSuperSegment, superSegmentHeader } from '../segmentation.ts';
import type { Icmp6Errors } from './icmp6-errors.ts';
import { Icmp6Type, TimeExceeded6, Unreachable6 } from './icmp6-header.ts';
import {
  IPV6_HEADER_LENGTH,
  ipv6Destination,
  ipv6DestinationWord,
  ipv6HopLimit,
  ipv6IsOrdinary,
  ipv6Source,
  setIpv6HopLimit,
} from './ipv6-header.ts';
import type { Route6 } from './routes6.ts';

/** Who tells a host of a better first hop: neighbour discovery (RFC 4861 8.2). */
export interface Redirector {
  /**
   * The packet (its `l3` at the IPv6 header) goes out where it came in, to `target`: the better first hop, or the
   * destination itself. Does not take the packet.
   */
  redirect(packet: PacketBuffer, target: IpAddress, on: IpInterface): void;
}

function filtered(
  packet: PacketBuffer,
  from: IpInterface,
  out: IpInterface,
  filter: PacketFilter,
): PacketBuffer | null {
  let passed = filter.prerouting(packet, from);
  if (passed !== null) passed = filter.forward(passed, out);
  return passed === null ? null : filter.postrouting(passed, out, true);
}

/** What a router does with a packet for somebody else (RFC 8200 3, 4 and 5; RFC 4007 9). */
export class Forwarder6 {
  /** Packets sent on. */
  forwarded = 0;
  /** Set once, by who composes the layer. */
  redirector: Redirector | null = null;
  /** Who looks at every packet; null: nobody. */
  filter: PacketFilter | null = null;
  private readonly node: NodeContext;
  private readonly neighbours: NeighbourTable;
  private readonly errors: Icmp6Errors;

  constructor(node: NodeContext, neighbours: NeighbourTable, errors: Icmp6Errors) {
    this.node = node;
    this.neighbours = neighbours;
    this.errors = errors;
  }

  /**
   * Sends on a packet that came in for another host; takes it over. `start` and `l3` stand at its checked header;
   * `route` is what the table says of its destination.
   */
  forward(packet: PacketBuffer, route: Route6 | null, from: IpInterface): void {
    const { view, start: at } = packet;
    if (!ipv6IsOrdinary(view, at) && this.staysHere(packet, route, from)) return;
    if (route === null || route.type !== RouteType.Unicast) {
      this.refuse(packet, route, ipv6Destination(view, at));
      return;
    }
    const out = route.interface!;
    const hopLimit = ipv6HopLimit(view, at);
    if (hopLimit <= 1) {
      this.errors.send(packet, Icmp6Type.TimeExceeded, TimeExceeded6.Transit, 0);
      this.node.drop(packet, Drop.IP_TTL_EXPIRED);
      return;
    }
    const mtu = out.v6 === null ? out.link.mtu : out.v6.mtu;
    if (packet.end - at > mtu && !fitsCut(packet, mtu)) {
      this.errors.send(packet, Icmp6Type.PacketTooBig, 0, mtu, true);
      this.node.drop(packet, Drop.IP6_PACKET_TOO_BIG, `${packet.length} bytes, ${out.name} carries ${mtu}`);
      return;
    }
    const neighbour = this.neighbourFor(packet, route, out);
    if (neighbour === null) return;
    if (out === from && this.redirector !== null) {
      this.redirector.redirect(packet, route.gateway ?? ipv6Destination(view, at), from);
    }
    let own = packet.writable();
    setIpv6HopLimit(own.view, own.start, hopLimit - 1);
    if (this.filter !== null) {
      const passed = filtered(own, from, out, this.filter);
      if (passed === null) return;
      own = passed;
    }
    this.forwarded++;
    if (this.node.trace !== null) this.trace(own, route, hopLimit - 1);
    if (own.end - own.start <= mtu) neighbour.output(own);
    else this.sendPieces(own, neighbour, out);
  }

  /** Ends a packet whose addresses mean nothing beyond this host, or its link (RFC 4007 9); true if it did. */
  private staysHere(packet: PacketBuffer, route: Route6 | null, from: IpInterface): boolean {
    const source = ipv6Source(packet.view, packet.start);
    const destination = ipv6Destination(packet.view, packet.start);
    if (!isForwardable(source) || !isForwardable(destination) || destination.isLinkLocal) {
      this.node.drop(packet, Drop.IP_BROADCAST_NOT_FORWARDED, `from ${source} to ${destination}`);
      return true;
    }
    if (!source.isLinkLocal || route === null || route.interface === null || route.interface === from) return false;
    this.errors.send(packet, Icmp6Type.DestinationUnreachable, Unreachable6.BeyondScope, 0);
    this.node.drop(packet, Drop.IP6_BEYOND_SCOPE, `${source} to ${destination}`);
    return true;
  }

  private refuse(packet: PacketBuffer, route: Route6 | null, destination: IpAddress): void {
    if (route === null) {
      this.errors.send(packet, Icmp6Type.DestinationUnreachable, Unreachable6.NoRoute, 0);
      this.node.drop(packet, Drop.IP_NO_ROUTE, `to ${destination}`);
      return;
    }
    if (route.type === RouteType.Unreachable) {
      this.errors.send(packet, Icmp6Type.DestinationUnreachable, Unreachable6.NoRoute, 0);
    } else if (route.type === RouteType.Prohibit) {
      this.errors.send(packet, Icmp6Type.DestinationUnreachable, Unreachable6.Prohibited, 0);
    }
    this.node.drop(packet, Drop.IP_UNREACHABLE_ROUTE, `${route}`);
  }

  private neighbourFor(packet: PacketBuffer, route: Route6, on: IpInterface): Neighbour | null {
    const { view, start } = packet;
    const hop = route.gateway;
    const known =
      hop !== null
        ? this.neighbours.find(hop.w0, hop.w1, hop.w2, hop.w3, on)
        : this.neighbours.find(
            ipv6DestinationWord(view, start, 0),
            ipv6DestinationWord(view, start, 1),
            ipv6DestinationWord(view, start, 2),
            ipv6DestinationWord(view, start, 3),
            on,
          );
    if (known !== null) return known;
    const address = hop ?? ipv6Destination(view, start);
    const made = this.neighbours.obtain(address, on);
    if (made === null) this.node.drop(packet, Drop.NEIGHBOUR_TABLE_FULL, `${address}`);
    return made;
  }

  /** A super-segment: the interface cuts it, or it goes on in the segments that it stands for. */
  private sendPieces(packet: PacketBuffer, neighbour: Neighbour, out: IpInterface): void {
    if (packet.length - IPV6_HEADER_LENGTH <= out.link.segmentOffload) {
      neighbour.output(packet);
      return;
    }
    let piece = cutSuperSegment(packet);
    if (piece === null) this.node.drop(packet, Drop.IP6_PACKET_TOO_BIG, `${out.name} carries ${out.link.mtu}`);
    while (piece !== null) {
      const next: PacketBuffer | null = piece.next;
      piece.next = null;
      neighbour.output(piece);
      piece = next;
    }
  }

  private trace(packet: PacketBuffer, route: Route6, hopLimit: number): void {
    const { node } = this;
    const to = ipv6Destination(packet.view, packet.start);
    const detail = `to ${to} by route ${route}, hop limit ${hopLimit}`;
    node.trace!.event(node.name, 3, What.Forward, packet, 0, detail, 'RFC 8200 3');
  }
}

/** RFC 4291 2.5.2, 2.5.3, 2.7: the unspecified and the loopback address, and (without multicast routing) groups. */
function isForwardable(address: IpAddress): boolean {
  return !address.isMulticast && !address.isUnspecified && !address.isLoopback && !address.isMapped;
}

/** A super-segment whose pieces fit. */
function fitsCut(packet: PacketBuffer, mtu: number): boolean {
  if (packet.segmentSize === 0) return false;
  const header = superSegmentHeader(packet);
  return header > 0 && header + packet.segmentSize <= mtu;
}
