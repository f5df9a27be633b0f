import { Drop } from '../base/drop-reasons.ts';
import { formatIpv4, IpAddress } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { What } from '../base/trace.ts';
import { fragmentIpv4 } from './fragmentation.ts';
import type { IcmpErrors } from './icmp-errors.ts';
import { IcmpType, TimeExceeded, Unreachable } from './icmp-header.ts';
import type { IpInterface } from './ip-interface.ts';
import type { IpLink } from './ip-link.ts';
import {
  decrementIpv4Ttl,
  IPV4_HEADER_LENGTH,
  ipv4Destination,
  ipv4DontFragment,
  ipv4Source,
  ipv4Ttl,
} from './ipv4-header.ts';
import type { Neighbour } from './neighbour.ts';
import type { NeighbourTable } from './neighbours.ts';
import type { OptionRecorder } from './option-recorder.ts';
import type { PacketFilter } from './packet-filter.ts';
import { RedirectSender } from './redirect-sender.ts';
import { type Route, RouteType } from './routes.ts';
import type { RoutingPolicy } from './routing-policy.ts';
import { cutSuperSegment, superSegmentHeader } from './segmentation.ts';

const MAPPED = 0xffff;

/** What a router does with a packet for somebody else (RFC 1812 5.2 and 5.3). */
export class Forwarder {
  /** Packets sent on. */
  forwarded = 0;
  /** Who looks at every packet; null: nobody. */
  filter: PacketFilter | null = null;
  readonly redirects: RedirectSender;
  private readonly node: NodeContext;
  private readonly neighbours: NeighbourTable;
  private readonly errors: IcmpErrors;
  private readonly recorder: OptionRecorder;
  private readonly policy: RoutingPolicy;

  constructor(
    node: NodeContext,
    neighbours: NeighbourTable,
    errors: IcmpErrors,
    recorder: OptionRecorder,
    policy: RoutingPolicy,
  ) {
    this.node = node;
    this.neighbours = neighbours;
    this.errors = errors;
    this.recorder = recorder;
    this.policy = policy;
    this.redirects = new RedirectSender(node, errors);
  }

  /**
   * Sends on a packet that came in for another host; takes it over. `start` and `l3` stand at its checked header;
   * `found` is what the main table says of its destination: rules and equally good ways are looked at here.
   */
  forward(packet: PacketBuffer, found: Route | null): void {
    const view = packet.view;
    const at = packet.start;
    if (!mayBeForwarded(ipv4Source(view, at), ipv4Destination(view, at))) {
      this.node.drop(packet, Drop.IP_BROADCAST_NOT_FORWARDED);
      return;
    }
    let route = found;
    if (!this.policy.plain || (found !== null && found.hops !== null)) route = this.choose(packet, found);
    if (route === null || route.type !== RouteType.Unicast) {
      this.refuse(packet, route);
      return;
    }
    const ttl = ipv4Ttl(view, at);
    if (ttl <= 1) {
      this.errors.send(packet, IcmpType.TimeExceeded, TimeExceeded.Transit, 0);
      this.node.drop(packet, Drop.IP_TTL_EXPIRED);
      return;
    }
    const link = route.interface!.link;
    const tooLong = packet.end - at > link.mtu && !fitsCut(packet, link.mtu);
    if (tooLong && (ipv4DontFragment(view, at) || packet.segmentSize > 0)) {
      this.errors.send(packet, IcmpType.DestinationUnreachable, Unreachable.FragmentationNeeded, link.mtu);
      this.node.drop(packet, Drop.IP_FRAGMENTATION_NEEDED, `${packet.length} bytes, ${link.name} carries ${link.mtu}`);
      return;
    }
    const neighbour = this.neighbourFor(packet, route);
    if (neighbour === null) return;
    if (route.interface!.index === packet.device) this.redirects.consider(packet, route.interface!, route.gateway);
    let own = packet.writable();
    decrementIpv4Ttl(own.view, own.start);
    this.recorder.forwarded(own, route.interface!);
    if (this.filter !== null) {
      const passed = this.filtered(own, route.interface!, this.filter);
      if (passed === null) return;
      own = passed;
    }
    this.forwarded++;
    if (this.node.trace !== null) this.trace(own, route, ttl - 1);
    if (own.end - own.start <= link.mtu) neighbour.output(own);
    else this.sendPieces(own, neighbour, link);
  }

  private filtered(packet: PacketBuffer, out: IpInterface, filter: PacketFilter): PacketBuffer | null {
    const passed = filter.forward(packet, out);
    return passed === null ? null : filter.postrouting(passed, out, true);
  }

  private refuse(packet: PacketBuffer, route: Route | null): void {
    if (route === null) {
      this.errors.send(packet, IcmpType.DestinationUnreachable, Unreachable.Net, 0);
      this.node.drop(packet, Drop.IP_NO_ROUTE, `to ${formatIpv4(ipv4Destination(packet.view, packet.start))}`);
      return;
    }
    // Before an answer is sent, whose way is looked for, too.
    const rule = this.policy.plain ? null : this.policy.decided;
    const by = rule?.answer === route ? `rule ${rule.priority}: ${rule}` : `${route}`;
    if (route.type === RouteType.Unreachable) {
      const code = rule?.answer === route ? Unreachable.Net : Unreachable.Host;
      this.errors.send(packet, IcmpType.DestinationUnreachable, code, 0);
    } else if (route.type === RouteType.Prohibit) {
      this.errors.send(packet, IcmpType.DestinationUnreachable, Unreachable.Prohibited, 0);
    }
    this.node.drop(packet, Drop.IP_UNREACHABLE_ROUTE, by);
  }

  /** By rules, and by its flow's hash; a next hop of several that does not answer is passed over. */
  private choose(packet: PacketBuffer, found: Route | null): Route | null {
    const route = this.policy.forForwarding(packet, found);
    if (route === null || route.hops === null) return route;
    return this.policy.pickAnswering(route, this.neighbours);
  }

  private neighbourFor(packet: PacketBuffer, route: Route): Neighbour | null {
    const on = route.interface!;
    const hop = route.gateway !== 0 ? route.gateway : ipv4Destination(packet.view, packet.start);
    const known = this.neighbours.find(0, 0, MAPPED, hop, on);
    if (known !== null) return known;
    const made = this.neighbours.obtain(IpAddress.v4(hop), on);
    if (made === null) this.node.drop(packet, Drop.NEIGHBOUR_TABLE_FULL, formatIpv4(hop));
    return made;
  }

  /** In fragments, or, if it is a super-segment, in the segments that it stands for. */
  private sendPieces(packet: PacketBuffer, neighbour: Neighbour, link: IpLink): void {
    if (packet.segmentSize > 0 && packet.length - IPV4_HEADER_LENGTH <= link.segmentOffload) {
      neighbour.output(packet);
      return;
    }
    let piece = packet.segmentSize > 0 ? cutSuperSegment(packet) : fragmentIpv4(packet, link.mtu);
    if (piece === null) {
      this.node.drop(packet, Drop.IP_FRAGMENTATION_NEEDED, `${link.name} carries ${link.mtu}`);
      return;
    }
    while (piece !== null) {
      const next: PacketBuffer | null = piece.next;
      piece.next = null;
      neighbour.output(piece);
      piece = next;
    }
  }

  private trace(packet: PacketBuffer, route: Route, ttl: number): void {
    const to = formatIpv4(ipv4Destination(packet.view, packet.start));
    const { node } = this;
    node.trace!.event(
      node.name,
      3,
      What.Forward,
      packet,
      0,
      `to ${to} by route ${route}, TTL ${ttl}`,
      'RFC 1812 5.2.1',
    );
  }
}

/**
 * RFC 1812 5.3.7 and 4.2.2.11: not from or to 0.0.0.0/8, 127.0.0.0/8, or anything from 240.0.0.0 on; groups belong to
 * a multicast router. RFC 3927 7: link-local addresses stay on their link.
 */
function mayBeForwarded(source: number, destination: number): boolean {
  return isForwardable(source) && isForwardable(destination);
}

function isForwardable(address: number): boolean {
  const net = address >>> 24;
  return net !== 0 && net !== 127 && address < 0xe0000000 && address >>> 16 !== 0xa9fe;
}

/** A super-segment whose pieces fit. */
function fitsCut(packet: PacketBuffer, mtu: number): boolean {
  if (packet.segmentSize === 0) return false;
  const header = superSegmentHeader(packet);
  return header > 0 && header + packet.segmentSize <= mtu;
}
