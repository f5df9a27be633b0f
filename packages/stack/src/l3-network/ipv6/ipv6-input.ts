import { Drop, type DropReason } from '../../base/drop-reasons.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import type { IpInterface } from '../ip-interface.ts';
import type { IpLink, LinkHandler } from '../ip-link.ts';
import { Cast, Protocol, type ProtocolHandler } from '../network-layer.ts';
import type { PacketFilter } from '../packet-filter.ts';
import { RouteType } from '../routes.ts';
import {
  Chain,
  ExtensionHeaders,
  fragmentMore,
  fragmentOffset,
  NextHeader,
  ParameterProblem,
} from './extension-headers.ts';
import type { Forwarder6 } from './forwarding6.ts';
import type { Icmp6Errors } from './icmp6-errors.ts';
import { Icmp6Type, TimeExceeded6 } from './icmp6-header.ts';
import {
  checkIpv6Header,
  describeIpv6,
  IPV6_HEADER_LENGTH,
  IPV6_NEXT_HEADER_OFFSET,
  ipv6Destination,
  ipv6DestinationWord,
  ipv6IsOrdinary,
  ipv6NextHeader,
  ipv6Source,
  ipv6SourceWord,
  ipv6TotalLength,
  nextHeaderName,
} from './ipv6-header.ts';
import { type Ipv6Paths, isAllNodes, isInterfaceLocal } from './ipv6-paths.ts';
import { ndHeaderLength } from './nd-messages.ts';
import { Reassembly6, type Reassembly6Owner } from './reassembly6.ts';
import type { Route6, RoutingTable6 } from './routes6.ts';

/** The way in of IPv6: checks a packet (RFC 8200, RFC 4291) and says whose it is. */
export class Ipv6Input implements Reassembly6Owner {
  /** Send on what is for others: what makes a router of a host. */
  forwarding = false;
  readonly reassembly: Reassembly6;
  private readonly node: NodeContext;
  private readonly paths: Ipv6Paths;
  private readonly handlers: readonly (ProtocolHandler | null)[];
  private readonly errors: Icmp6Errors;
  private readonly forwarder: Forwarder6;
  private readonly chain = new ExtensionHeaders();

  /**
   * The addresses of the last packet that was ours alone, and the `routes.generation` of which that holds: most packets
   * are like the one before, and nothing else is asked of their addresses.
   */
  private readonly known = new Uint32Array(8);
  private knownFrom: IpInterface | null = null;
  private knownGeneration = 0;

  constructor(
    node: NodeContext,
    paths: Ipv6Paths,
    handlers: readonly (ProtocolHandler | null)[],
    errors: Icmp6Errors,
    forwarder: Forwarder6,
  ) {
    this.node = node;
    this.paths = paths;
    this.handlers = handlers;
    this.errors = errors;
    this.forwarder = forwarder;
    this.reassembly = new Reassembly6(node, this);
  }

  /** Takes a packet that came in on `from`; `linkCast` is how its frame was addressed. */
  input(packet: PacketBuffer, from: IpInterface, linkCast: Cast): void {
    const { node } = this;
    const fault = checkIpv6Header(packet);
    if (fault !== Drop.NONE) {
      node.drop(packet, fault);
      return;
    }
    const { view, start: at } = packet;
    packet.l3 = at;
    // A packet to a group that came back by `lo` keeps the interface that it was sent by.
    if (!from.loopback || packet.device === 0) packet.device = from.index;
    packet.trim(ipv6TotalLength(view, at)); // an Ethernet frame may be padded
    if (node.trace !== null) {
      node.trace.event(node.name, 3, What.Receive, packet, 0, describeIpv6(view, at), 'RFC 8200 3');
    }
    if (this.isKnown(view, at, from)) {
      if (linkCast !== Cast.Unicast) node.drop(packet, Drop.IP_UNICAST_IN_BROADCAST);
      else this.up(packet, Cast.Unicast);
    } else if (!from.loopback && ipv6IsOrdinary(view, at)) {
      this.sortOrdinary(packet, from, linkCast);
    } else {
      this.sort(packet, from, linkCast);
    }
  }

  /** As `sort`, for addresses of which nothing but the routes has to be asked. */
  private sortOrdinary(packet: PacketBuffer, from: IpInterface, linkCast: Cast): void {
    const { view, start: at } = packet;
    const { routes } = this.paths;
    const back = lookupSource(routes, view, at);
    if (back !== null && back.type === RouteType.Local) {
      this.node.drop(packet, Drop.IP_BAD_SOURCE, `${ipv6Source(view, at)} is our own`);
      return;
    }
    const route = lookupDestination(routes, view, at);
    if (route === null || route.type !== RouteType.Local) {
      this.notForUs(packet, route, from, linkCast);
    } else if (linkCast !== Cast.Unicast) {
      this.node.drop(packet, Drop.IP_UNICAST_IN_BROADCAST);
    } else {
      this.remember(view, at, from);
      this.up(packet, Cast.Unicast);
    }
  }

  /** Finds out whose a packet is whose addresses are not those of the one before. */
  private sort(packet: PacketBuffer, from: IpInterface, linkCast: Cast): void {
    const { view, start: at } = packet;
    const source = ipv6Source(view, at);
    const destination = ipv6Destination(view, at);
    const fault = this.addressFault(source, destination, from);
    if (fault !== Drop.NONE) {
      this.node.drop(packet, fault, `from ${source} to ${destination}`);
      return;
    }
    if (destination.isMulticast) {
      this.toGroup(packet, destination, from);
      return;
    }
    const route = this.paths.routes.lookup(destination);
    if (route === null || route.type !== RouteType.Local) {
      this.notForUs(packet, route, from, linkCast);
    } else if (destination.isLinkLocal && !from.loopback && from.v6?.has(destination) !== true) {
      this.node.drop(packet, Drop.IP_NOT_FOR_US, `${destination} is ours on another link`); // RFC 4007 9
    } else if (linkCast !== Cast.Unicast) {
      this.node.drop(packet, Drop.IP_UNICAST_IN_BROADCAST);
    } else {
      this.remember(view, at, from);
      this.up(packet, Cast.Unicast);
    }
  }

  private isKnown(view: DataView, at: number, from: IpInterface): boolean {
    const { known } = this;
    return (
      ipv6SourceWord(view, at, 3) === known[3] &&
      ipv6DestinationWord(view, at, 3) === known[7] &&
      ipv6SourceWord(view, at, 2) === known[2] &&
      ipv6SourceWord(view, at, 1) === known[1] &&
      ipv6SourceWord(view, at, 0) === known[0] &&
      ipv6DestinationWord(view, at, 2) === known[6] &&
      ipv6DestinationWord(view, at, 1) === known[5] &&
      ipv6DestinationWord(view, at, 0) === known[4] &&
      from === this.knownFrom &&
      this.paths.routes.generation === this.knownGeneration
    );
  }

  private remember(view: DataView, at: number, from: IpInterface): void {
    for (let word = 0; word < 4; word++) {
      this.known[word] = ipv6SourceWord(view, at, word);
      this.known[word + 4] = ipv6DestinationWord(view, at, word);
    }
    this.knownFrom = from;
    this.knownGeneration = this.paths.routes.generation;
  }

  /** Whether these addresses may stand in a packet that came in on `from`: 0, or what is wrong. */
  private addressFault(source: IpAddress, destination: IpAddress, from: IpInterface): DropReason {
    if (source.isMulticast) return Drop.IP_BAD_SOURCE;
    if (destination.isUnspecified || isReservedGroup(destination)) return Drop.IP_BAD_DESTINATION;
    if (from.loopback) return Drop.NONE;
    if (source.isLoopback || destination.isLoopback || isInterfaceLocal(destination)) return Drop.LOOPBACK_ON_WIRE;
    // RFC 4942 2.2: mapped addresses are for programs, not for wires.
    if (source.isMapped || destination.isMapped) return Drop.IP_BAD_SOURCE;
    if (source.isUnspecified) return destination.isMulticast ? Drop.NONE : Drop.IP_BAD_SOURCE;
    if (!this.paths.isLocal(source)) return Drop.NONE;
    // Who tells everybody on the link that he has our address is heard: neighbour discovery has to know (RFC 4862 5.4.4).
    return destination.w0 >>> 16 === 0xff02 ? Drop.NONE : Drop.IP_BAD_SOURCE;
  }

  private toGroup(packet: PacketBuffer, group: IpAddress, from: IpInterface): void {
    const on = from.loopback ? (this.paths.byIndex(packet.device) ?? from) : from;
    const member = on.v6?.isMember(group) === true || isAllNodes(group);
    if (member) {
      this.up(packet, Cast.Multicast);
    } else if (ipv6NextHeader(packet.view, packet.l3) === NextHeader.HopByHop && this.forwarding) {
      this.watchForAlert(packet);
    } else {
      const ofLink = group.w0 >>> 16 === 0xff02; // such as a solicited-node group: nobody misses it here
      this.node.drop(packet, ofLink ? Drop.ND_OTHER_GROUP : Drop.IP_MULTICAST_NOT_MEMBER, `${group}`);
    }
  }

  /** RFC 2711, RFC 3810 6.2: a router hears the reports to groups that it is no member of, for they carry an alert. */
  private watchForAlert(packet: PacketBuffer): void {
    const found = this.chain.walk(packet, true);
    const alert = this.chain.routerAlert && this.chain.protocol === Protocol.Icmpv6;
    if (found === Chain.Transport && alert) this.up(packet, Cast.Multicast);
    else this.node.drop(packet, Drop.ND_OTHER_GROUP);
  }

  private notForUs(packet: PacketBuffer, route: Route6 | null, from: IpInterface, linkCast: Cast): void {
    if (!this.forwarding || from.v6 === null) {
      this.node.drop(packet, Drop.IP_NOT_FOR_US);
      return;
    }
    if (linkCast !== Cast.Unicast) {
      this.node.drop(packet, Drop.IP_BROADCAST_NOT_FORWARDED);
      return;
    }
    if (ipv6NextHeader(packet.view, packet.l3) === NextHeader.HopByHop) {
      const found = this.chain.walk(packet, true);
      if (found !== Chain.Transport) {
        this.refuse(packet, found);
        return;
      }
    }
    this.forwarder.forward(packet, route, from);
  }

  /** A packet for this host: what its extension headers say, and then its protocol. */
  private up(packet: PacketBuffer, cast: Cast): void {
    const next = ipv6NextHeader(packet.view, packet.l3);
    if (next === Protocol.Tcp || next === Protocol.Udp || next === Protocol.Icmpv6) {
      this.deliver(packet, next, IPV6_HEADER_LENGTH, IPV6_NEXT_HEADER_OFFSET, cast);
      return;
    }
    this.follow(packet, this.chain.walk(packet, false), cast);
  }

  private follow(packet: PacketBuffer, found: Chain, cast: Cast): void {
    const { chain } = this;
    if (found === Chain.Transport) {
      this.deliver(packet, chain.protocol, chain.offset, chain.nextHeaderAt, cast);
    } else if (found === Chain.Fragment) {
      this.fragment(packet, cast);
    } else {
      this.refuse(packet, found);
    }
  }

  private refuse(packet: PacketBuffer, found: Chain): void {
    const { chain, node } = this;
    if (found === Chain.Nothing) {
      node.drop(packet, Drop.IP6_NO_NEXT_HEADER);
    } else if (found === Chain.Problem) {
      this.errors.send(packet, Icmp6Type.ParameterProblem, chain.code, chain.pointer, chain.evenToGroups);
      node.drop(packet, Drop.IP6_BAD_EXTENSION, `at byte ${chain.pointer}`);
    } else {
      node.drop(packet, Drop.IP6_BAD_EXTENSION, found === Chain.Cut ? 'the chain is cut off' : '');
    }
  }

  /** `chain` ended at a fragment header. */
  private fragment(packet: PacketBuffer, cast: Cast): void {
    const { chain } = this;
    const at = packet.l3 + chain.offset;
    if (fragmentOffset(packet.view, at) === 0 && !fragmentMore(packet.view, at)) {
      // RFC 6946: it is whole, and has nothing to do with others of the same identification.
      this.followFragmented(packet, chain.stepOverFragment(packet), cast);
      return;
    }
    const whole = this.reassembly.add(packet, chain);
    if (whole === null) return;
    const found = chain.walk(whole, false);
    if (found === Chain.Fragment) {
      this.node.drop(whole, Drop.FRAGMENT_BAD, 'a fragment in fragments');
      return;
    }
    this.followFragmented(whole, found, cast);
  }

  /** What came with a fragment header: neighbour discovery has none, for filters on the way could not see it (RFC 6980). */
  private followFragmented(packet: PacketBuffer, found: Chain, cast: Cast): void {
    const { protocol, offset } = this.chain;
    const at = packet.l3 + offset;
    const icmp6 = found === Chain.Transport && protocol === Protocol.Icmpv6 && at < packet.end;
    if (icmp6 && ndHeaderLength(packet.view.getUint8(at)) > 0) {
      this.node.drop(packet, Drop.ND_INVALID, 'it came in fragments (RFC 6980)');
      return;
    }
    this.follow(packet, found, cast);
  }

  /** Hands a whole packet to the protocol that it is for. */
  private deliver(packet: PacketBuffer, protocol: number, offset: number, nextHeaderAt: number, cast: Cast): void {
    const { node } = this;
    const handler = this.handlers[protocol]!;
    if (handler === null) {
      this.errors.send(packet, Icmp6Type.ParameterProblem, ParameterProblem.NextHeader, nextHeaderAt);
      node.drop(packet, Drop.IP_UNKNOWN_PROTOCOL, nextHeaderName(protocol));
      return;
    }
    if (this.paths.filter !== null) {
      const passed = this.filtered(packet, this.paths.filter);
      if (passed === null) return;
      packet = passed;
    }
    if (node.trace !== null) {
      node.trace.event(node.name, 3, What.Deliver, packet, 0, `to ${nextHeaderName(protocol)}`, 'RFC 8200 4');
    }
    packet.l4 = packet.pull(offset);
    handler.input(packet, cast);
  }

  private filtered(packet: PacketBuffer, filter: PacketFilter): PacketBuffer | null {
    const from = this.paths.byIndex(packet.device);
    if (from === null) return packet;
    const passed = filter.prerouting(packet, from);
    return passed === null ? null : filter.input(passed, from);
  }

  reassemblyExpired(packet: PacketBuffer): void {
    this.errors.send(packet, Icmp6Type.TimeExceeded, TimeExceeded6.Reassembly, 0);
  }

  fragmentProblem(packet: PacketBuffer, code: number, pointer: number): void {
    this.errors.send(packet, Icmp6Type.ParameterProblem, code, pointer);
  }
}

/** Words with a sign: what fits into an integer of the machine's needs no memory on its way through calls. */
function lookupSource(routes: RoutingTable6, view: DataView, at: number): Route6 | null {
  return routes.lookupWords(
    view.getInt32(at + 8),
    view.getInt32(at + 12),
    view.getInt32(at + 16),
    view.getInt32(at + 20),
  );
}

function lookupDestination(routes: RoutingTable6, view: DataView, at: number): Route6 | null {
  return routes.lookupWords(
    view.getInt32(at + 24),
    view.getInt32(at + 28),
    view.getInt32(at + 32),
    view.getInt32(at + 36),
  );
}

/** The way in from one interface. */
export class Ipv6Port implements LinkHandler {
  private readonly ipv6: Ipv6Input;
  private readonly from: IpInterface;

  constructor(ipv6: Ipv6Input, from: IpInterface) {
    this.ipv6 = ipv6;
    this.from = from;
  }

  etherInput(packet: PacketBuffer, _link: IpLink, cast: 0 | 1 | 2): void {
    this.ipv6.input(packet, this.from, cast);
  }
}

/** ff00::/16 (RFC 4291 2.7): "nodes must not originate a packet to [...] scop field of value 0". */
function isReservedGroup(address: IpAddress): boolean {
  return address.isMulticast && ((address.w0 >>> 16) & 15) === 0;
}
