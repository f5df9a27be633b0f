import { Drop, type DropReason } from '../base/drop-reasons.ts';
import { formatIpv4 } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { What } from '../base/trace.ts';
import { forwardBroadcast } from './directed-broadcast.ts';
import type { Forwarder } from './forwarding.ts';
import type { IcmpErrors } from './icmp-errors.ts';
import { IcmpType, TimeExceeded, Unreachable } from './icmp-header.ts';
import type { IpInterface } from './ip-interface.ts';
import type { IpLink, LinkHandler } from './ip-link.ts';
import {
  checkIpv4Header,
  describeIpv4,
  IPV4_HEADER_LENGTH,
  IPV4_MAX_LENGTH,
  ipv4Destination,
  ipv4FragmentOffset,
  ipv4HeaderLength,
  ipv4IsFragment,
  ipv4Protocol,
  ipv4Source,
  ipv4TotalLength,
  protocolName,
} from './ipv4-header.ts';
import { checkOptions, OPTIONS_GOOD, OPTIONS_SOURCE_ROUTE } from './ipv4-options.ts';
import { type Ipv4Paths, LIMITED_BROADCAST } from './ipv4-paths.ts';
import type { Groups } from './multicast/groups.ts';
import { isLinkScope, type MulticastRouter } from './multicast/multicast-router.ts';
import { Cast, Protocol, type ProtocolHandler } from './network-layer.ts';
import type { PacketFilter } from './packet-filter.ts';
import { Reassembly, type ReassemblyOwner } from './reassembly.ts';
import { type Route, RouteType } from './routes.ts';

/** The way in of IPv4: checks a packet (RFC 1812 5.2.2, RFC 1122 3.2.1) and says whose it is. */
export class Ipv4Input implements ReassemblyOwner {
  /** Send on what is for others: what makes a router of a host. */
  forwarding = false;
  /** Sends on what comes in for groups; null: nobody does. */
  multicastRouter: MulticastRouter | null = null;
  readonly reassembly: Reassembly;
  private readonly node: NodeContext;
  private readonly paths: Ipv4Paths;
  private readonly handlers: readonly (ProtocolHandler | null)[];
  private readonly errors: IcmpErrors;
  private readonly forwarder: Forwarder;
  private readonly groups: Groups;

  /**
   * The addresses of the last packet that was ours alone, and the `routes.generation` of which that holds: most packets
   * are like the one before, and nothing else is asked of their addresses.
   */
  private knownSource = 0;
  private knownDestination = 0;
  private knownFrom: IpInterface | null = null;
  private knownGeneration = 0;

  constructor(
    node: NodeContext,
    paths: Ipv4Paths,
    handlers: readonly (ProtocolHandler | null)[],
    errors: IcmpErrors,
    forwarder: Forwarder,
    groups: Groups,
  ) {
    this.node = node;
    this.paths = paths;
    this.handlers = handlers;
    this.errors = errors;
    this.forwarder = forwarder;
    this.groups = groups;
    this.reassembly = new Reassembly(node, this);
  }

  /** Takes a packet that came in on `from`; `linkCast` is how its frame was addressed. */
  input(packet: PacketBuffer, from: IpInterface, linkCast: Cast): void {
    const { node } = this;
    const fault = checkIpv4Header(packet);
    if (fault !== Drop.NONE) {
      node.drop(packet, fault);
      return;
    }
    const view = packet.view;
    const at = packet.start;
    packet.l3 = at;
    // What this host sent to a group itself comes back by `lo`, and counts as heard on the interface that it left by.
    if (!from.loopback || packet.device === 0) packet.device = from.index;
    packet.trim(ipv4TotalLength(view, at)); // an Ethernet frame may be padded
    if (node.trace !== null) {
      node.trace.event(node.name, 3, What.Receive, packet, 0, describeIpv4(view, at), 'RFC 1812 5.2.1');
    }
    const source = ipv4Source(view, at);
    const destination = ipv4Destination(view, at);
    const known =
      source === this.knownSource &&
      destination === this.knownDestination &&
      from === this.knownFrom &&
      this.paths.routes.generation === this.knownGeneration;
    if (!known && !this.addressesGood(packet, source, destination, from)) return;
    const headerLength = ipv4HeaderLength(view, at);
    if (headerLength > IPV4_HEADER_LENGTH && !this.optionsGood(packet, headerLength)) return;
    if (this.paths.filter !== null) {
      this.filtered(packet, from, linkCast, this.paths.filter);
      return;
    }
    const cast = known ? Cast.Unicast : this.castOf(packet, source, destination, from, linkCast);
    if (cast === -1) return;
    // RFC 1122 3.3.6: else one frame could make every host of a link answer.
    if (cast === Cast.Unicast && linkCast !== Cast.Unicast) node.drop(packet, Drop.IP_UNICAST_IN_BROADCAST);
    else if (ipv4IsFragment(view, at)) this.fragment(packet, cast);
    else this.deliver(packet, headerLength, cast);
  }

  /** A filter looks at whole datagrams only, and may change where they go. */
  private filtered(packet: PacketBuffer, from: IpInterface, linkCast: Cast, filter: PacketFilter): void {
    let whole: PacketBuffer | null = packet;
    if (ipv4IsFragment(packet.view, packet.start)) {
      const { device } = packet;
      whole = this.reassembly.add(packet);
      if (whole === null) return;
      whole.device = device;
    }
    whole = filter.prerouting(whole, from);
    if (whole === null) return;
    const { view, start } = whole;
    const cast = this.castOf(whole, ipv4Source(view, start), ipv4Destination(view, start), from, linkCast);
    if (cast === -1) return;
    if (cast === Cast.Unicast && linkCast !== Cast.Unicast) {
      this.node.drop(whole, Drop.IP_UNICAST_IN_BROADCAST);
      return;
    }
    whole = filter.input(whole, from);
    if (whole !== null) this.deliver(whole, ipv4HeaderLength(whole.view, whole.start), cast);
  }

  /** Ends the packet unless its addresses may stand in one that came in on `from`. */
  private addressesGood(packet: PacketBuffer, source: number, destination: number, from: IpInterface): boolean {
    let fault: DropReason = Drop.NONE;
    if (!from.loopback && (source >>> 24 === 127 || destination >>> 24 === 127)) fault = Drop.LOOPBACK_ON_WIRE;
    else if (!this.canBeSource(source, destination, from)) fault = Drop.IP_BAD_SOURCE;
    else if (destination === 0) fault = Drop.IP_BAD_DESTINATION;
    if (fault === Drop.NONE) return true;
    this.node.drop(packet, fault);
    return false;
  }

  /** How we are addressed; -1: not at all, and the packet has gone the way of those. */
  private castOf(
    packet: PacketBuffer,
    source: number,
    destination: number,
    from: IpInterface,
    linkCast: Cast,
  ): Cast | -1 {
    if (destination >>> 28 === 0xe) return this.groupCast(packet, source, destination, from);
    const { routes } = this.paths;
    const route = routes.lookup(destination);
    const cast = this.paths.castOf(destination, route);
    if (cast === Cast.Broadcast && this.forwarding) this.sendOnBroadcast(packet, route, from, linkCast);
    if (cast === -1) {
      this.notForUs(packet, destination, route, linkCast);
    } else if (cast === Cast.Unicast) {
      this.knownSource = source;
      this.knownDestination = destination;
      this.knownFrom = from;
      this.knownGeneration = routes.generation;
    }
    return cast;
  }

  /** RFC 2644: a broadcast on a link of ours that comes from elsewhere goes there only where that is asked for. */
  private sendOnBroadcast(packet: PacketBuffer, route: Route | null, from: IpInterface, linkCast: Cast): void {
    const out = route?.interface ?? null;
    if (out === null || out === from || from.loopback || linkCast !== Cast.Unicast || !out.directedBroadcast) return;
    forwardBroadcast(this.node, packet.copy(), out);
  }

  /** A group is ours when an interface joined it, and wants what this source sends (RFC 1112 7.2, RFC 3376 3). */
  private groupCast(packet: PacketBuffer, source: number, group: number, from: IpInterface): Cast | -1 {
    const heardOn = from.loopback ? (this.paths.byIndex(packet.device) ?? from) : from;
    const router = from.loopback ? null : this.multicastRouter;
    const isOurs =
      this.groups.accepts(heardOn, group, source) ||
      (router !== null && ipv4Protocol(packet.view, packet.start) === Protocol.Igmp);
    if (router !== null && !isLinkScope(group)) {
      router.forward(isOurs ? packet.copy() : packet, from);
      return isOurs ? Cast.Multicast : -1;
    }
    if (isOurs) return Cast.Multicast;
    // What routers say to each other on every link would hide what somebody misses.
    const reason = isLinkScope(group) ? Drop.MULTICAST_OF_OTHERS : Drop.IP_MULTICAST_NOT_MEMBER;
    this.node.drop(packet, reason, formatIpv4(group));
    return -1;
  }

  /**
   * RFC 1122 3.2.1.3 and RFC 1812 5.3.7: a source is one host's address, and from outside not ours. 0.0.0.0 is who has
   * no address yet, and speaks to everybody.
   */
  private canBeSource(source: number, destination: number, from: IpInterface): boolean {
    if (source === 0) return destination === LIMITED_BROADCAST || destination >>> 28 === 0xe;
    if (source >>> 24 === 0 || source >>> 28 === 0xe || source === LIMITED_BROADCAST) return false;
    if (from.loopback) return true;
    const route = this.paths.routes.lookup(source);
    return route === null || (route.type !== RouteType.Local && route.type !== RouteType.Broadcast);
  }

  /** Ends the packet unless its options are in order. */
  private optionsGood(packet: PacketBuffer, headerLength: number): boolean {
    const start = packet.start + IPV4_HEADER_LENGTH;
    const found = checkOptions(packet.view, start, packet.start + headerLength);
    if (found === OPTIONS_GOOD) return true;
    if (found === OPTIONS_SOURCE_ROUTE) {
      this.errors.send(packet, IcmpType.DestinationUnreachable, Unreachable.SourceRouteFailed, 0);
      this.node.drop(packet, Drop.IP_SOURCE_ROUTE);
    } else {
      this.errors.send(packet, IcmpType.ParameterProblem, 0, found);
      this.node.drop(packet, Drop.IP_BAD_OPTION, `at byte ${found}`);
    }
    return false;
  }

  private notForUs(packet: PacketBuffer, destination: number, route: Route | null, linkCast: Cast): void {
    const isFragment = ipv4IsFragment(packet.view, packet.l3);
    if (!this.forwarding) {
      this.node.drop(packet, Drop.IP_NOT_FOR_US);
    } else if (linkCast !== Cast.Unicast) {
      this.node.drop(packet, Drop.IP_BROADCAST_NOT_FORWARDED);
    } else if (isFragment && ipv4FragmentOffset(packet.view, packet.l3) + packet.length > IPV4_MAX_LENGTH) {
      this.node.drop(packet, Drop.FRAGMENT_BAD);
    } else {
      this.forwarder.forward(packet, route);
    }
  }

  private fragment(packet: PacketBuffer, cast: Cast): void {
    const whole = this.reassembly.add(packet);
    if (whole !== null) this.deliver(whole, ipv4HeaderLength(whole.view, whole.l3), cast);
  }

  /** Hands a whole packet to the protocol that it is for. */
  private deliver(packet: PacketBuffer, headerLength: number, cast: Cast): void {
    const { node } = this;
    const protocol = ipv4Protocol(packet.view, packet.l3);
    const handler = this.handlers[protocol];
    if (handler === null) {
      this.errors.send(packet, IcmpType.DestinationUnreachable, Unreachable.Protocol, 0);
      node.drop(packet, Drop.IP_UNKNOWN_PROTOCOL, protocolName(protocol));
      return;
    }
    if (node.trace !== null) {
      node.trace.event(node.name, 3, What.Deliver, packet, 0, `to ${protocolName(protocol)}`, 'RFC 791 2.2');
    }
    const own = headerLength > IPV4_HEADER_LENGTH ? this.recordHere(packet, headerLength, cast) : packet;
    own.l4 = own.pull(headerLength);
    handler.input(own, cast);
  }

  /** The one whom a packet is for stands in its record route and timestamp options, too (RFC 791 3.1). */
  private recordHere(packet: PacketBuffer, headerLength: number, cast: Cast): PacketBuffer {
    const own = packet.writable();
    const destination = ipv4Destination(own.view, own.l3);
    const heardOn = cast === Cast.Unicast ? null : this.paths.byIndex(own.device);
    const address = heardOn === null ? destination : heardOn.sourceFor4(ipv4Source(own.view, own.l3));
    this.paths.recorder.record(own, own.l3, headerLength, address);
    return own;
  }

  reassemblyExpired(packet: PacketBuffer): void {
    this.errors.send(packet, IcmpType.TimeExceeded, TimeExceeded.Reassembly, 0);
  }
}

/** The way in from one interface. */
export class Ipv4Port implements LinkHandler {
  private readonly ipv4: Ipv4Input;
  private readonly from: IpInterface;

  constructor(ipv4: Ipv4Input, from: IpInterface) {
    this.ipv4 = ipv4;
    this.from = from;
  }

  etherInput(packet: PacketBuffer, _link: IpLink, cast: 0 | 1 | 2): void {
    this.ipv4.input(packet, this.from, cast);
  }
}
