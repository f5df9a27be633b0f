import type { Clock } from '../base/clock.ts';
import { Drop, type DropReason } from '../base/drop-reasons.ts';
import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import { MacAddress } from '../base/mac-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { What } from '../base/trace.ts';
import { EtherType } from '../l2-link/ethernet.ts';
import { portsAt } from './flow-key.ts';
import { fragmentIpv4 } from './fragmentation.ts';
import type { IpInterface } from './ip-interface.ts';

import {
  DONT_FRAGMENT,
  describeIpv4,
  IPV4_HEADER_LENGTH,
  IPV4_MAX_LENGTH,
  ipv4AddressSum,
  setIpv4HeaderLength,
  updateIpv4Checksum,
  writeIpv4Header,
} from './ipv4-header.ts';
import type { Ipv4Paths } from './ipv4-paths.ts';
import { type Neighbour, NeighbourState } from './neighbour.ts';
import { Cast, type Flow, Protocol } from './network-layer.ts';
import type { PacketFilter } from './packet-filter.ts';
import { type Route, RouteType, type RoutingTable } from './routes.ts';
import { cutSuperSegment, superSegmentHeader } from './segmentation.ts';

export const DEFAULT_TTL = 64;
/** RFC 1112 6.1: a group is the link's own unless one asks for more. */
const MULTICAST_TTL = 1;

/**
 * The way to one remote address over IPv4.
 *
 * Route, source and neighbour are found once and hold until `RoutingTable.generation` changes; from then on `send` is
 * five stores and a call. The neighbour's MAC address is read from its entry, so it may change at any time.
 */
export class Ipv4Flow implements Flow {
  local = IpAddress.ANY4;
  readonly remote: IpAddress;
  cast: Cast = Cast.Unicast;
  headerLength = IPV4_HEADER_LENGTH;
  pseudoSum = 0;
  ttl = DEFAULT_TTL;
  tos = 0;
  dontFragment: boolean;
  multicastLoop = true;
  private ipOptions: Uint8Array | null = null;

  private readonly paths: Ipv4Paths;
  private readonly routes: RoutingTable;
  private readonly node: NodeContext;
  private readonly clock: Clock;
  private readonly protocol: number;
  /** Index of the interface that it is bound to; 0: none. */
  private readonly device: number;
  /** The source is somebody else's address, and stays what it is. */
  private readonly transparent: boolean;
  /** Source and destination port of the last packet, where the way may hang on them (as in `FlowKey`). */
  private ports = 0;
  /** The way may be another for other ports: there are several equally good ones, or a rule asks for ports. */
  private byPorts = false;
  /** What led here, for who tells about it. */
  private route: Route | null = null;
  /** The source that must be used; 0: what the route says, anew each time. */
  private wanted: number;
  private source = 0;
  private readonly destination: number;
  private addressSum = 0;
  private identification = 0;
  /** The last one of packets that nobody may fragment: they need none of their own (RFC 6864 4.1). */
  private atomicIdentification = 0;
  private interface: IpInterface;
  private neighbour: Neighbour | null = null;
  /** The `routes.generation` for which all this is right; 0: none yet. */
  private generation = 0;
  private pathMtu = IPV4_MAX_LENGTH;
  /** The path carries less than anyone should believe: routers are left to fragment. */
  private mtuLocked = false;
  /** When the path MTU's time is over, ns. */
  private lookAgainAt = Infinity;

  /** Use `openFlow`. */
  constructor(
    paths: Ipv4Paths,
    remote: IpAddress,
    protocol: number,
    local: number,
    device: number,
    transparent: boolean,
  ) {
    this.paths = paths;
    this.routes = paths.routes;
    this.node = paths.node;
    this.clock = paths.node.clock;
    this.remote = remote;
    this.destination = remote.v4;
    this.protocol = protocol;
    this.device = device;
    this.transparent = transparent && local !== 0;
    this.wanted = local;
    this.interface = paths.loopback;
    this.dontFragment = protocol === Protocol.Tcp;
  }

  get mtu(): number {
    if (this.generation !== this.routes.generation || this.clock.now >= this.lookAgainAt) this.find();
    const mtu = this.interface.link.mtu;
    return mtu < this.pathMtu ? mtu : this.pathMtu;
  }

  get checksumOffload(): boolean {
    return this.interface.link.checksumOffload;
  }

  get segmentOffload(): number {
    return this.interface.link.segmentOffload;
  }

  /** Finds the way, or finds it again; 0 or a negated error number. */
  find(): number {
    const { paths } = this;
    const error = this.findPath();
    if (error < 0) return error;
    const source = this.transparent ? this.wanted : paths.source;
    if (this.generation === 0) {
      if (paths.cast === Cast.Multicast) this.ttl = MULTICAST_TTL;
      this.setSource(source);
    } else if (this.source !== source) {
      this.setSource(source);
    }
    this.cast = paths.cast;
    this.interface = paths.interface;
    this.route = paths.route;
    this.byPorts = paths.policy.wantsPorts || (paths.route !== null && paths.route.hops !== null);
    this.neighbour = null;
    this.generation = this.routes.generation;
    const known = paths.mtus.find(this.destination);
    this.pathMtu = known?.mtu ?? IPV4_MAX_LENGTH;
    this.mtuLocked = known?.locked ?? false;
    this.lookAgainAt = Math.min(known?.until ?? Infinity, paths.redirects.until(this.destination));
    return 0;
  }

  /** What stands behind the fixed header from now on; null: nothing. */
  setOptions(options: Uint8Array | null): void {
    this.ipOptions = options;
    this.headerLength = IPV4_HEADER_LENGTH + (options === null ? 0 : options.length);
  }

  /** From now on the source is what it is: it has become part of a connection's name. */
  keepSource(): void {
    this.wanted = this.source;
    // What rules say of a packet from this very address may be something else.
    if (!this.paths.policy.plain) this.find();
  }

  send(packet: PacketBuffer): number {
    if (this.generation !== this.routes.generation || this.clock.now >= this.lookAgainAt) {
      const error = this.find();
      if (error < 0) return this.refuse(packet, error);
    }
    if (this.byPorts) {
      const error = this.findByPorts(packet);
      if (error < 0) return this.refuse(packet, error);
    }
    const link = this.interface.link;
    const length = packet.end - packet.start + this.headerLength;
    if (length > link.mtu || length > this.pathMtu) return this.sendLarge(packet, length);
    this.writeHeader(packet, length);
    if (this.node.trace !== null) this.traceSend(packet);
    if (this.paths.filter !== null) return this.sendFiltered(packet, this.paths.filter);
    if (this.cast !== Cast.Unicast && this.stays(packet)) return 0;
    const neighbour = this.neighbour;
    if (neighbour !== null && this.clock.now < neighbour.fastUntil) {
      return link.output(packet, neighbour.mac, EtherType.Ipv4);
    }
    return this.outputSlow(packet);
  }

  confirm(): void {
    if (this.neighbour !== null) this.neighbour.confirm();
  }

  /** Leaves the way in the fields of `paths`. */
  private findPath(): number {
    const local = this.transparent ? 0 : this.wanted;
    return this.paths.find(this.destination, local, this.device, this.protocol, this.ports, this.tos);
  }

  /** The way hangs on the ports, which the packet says: its `start` stands at the transport header. */
  private findByPorts(packet: PacketBuffer): number {
    const ports = portsAt(packet, packet.start, this.protocol);
    const neighbour = this.neighbour;
    if (ports === this.ports && (neighbour === null || neighbour.state !== NeighbourState.Failed)) return 0;
    this.ports = ports;
    return this.find();
  }

  private setSource(source: number): void {
    const { destination, protocol } = this;
    this.source = source;
    this.local = IpAddress.v4(source);
    this.addressSum = ipv4AddressSum(source, destination);
    this.pseudoSum = this.addressSum + protocol;
    this.identification = this.paths.identifications.sequence(source, destination, protocol);
    this.atomicIdentification = this.paths.identifications.any();
  }

  private writeHeader(packet: PacketBuffer, length: number): void {
    packet.l4 = packet.start;
    const at = packet.push(this.headerLength);
    packet.l3 = at;
    const flags = this.dontFragment && !this.mtuLocked ? DONT_FRAGMENT : 0;
    let identification: number;
    if (flags !== 0) {
      identification = (this.atomicIdentification + 1) & 0xffff;
      this.atomicIdentification = identification;
    } else {
      identification = this.paths.identifications.next(this.identification);
    }
    writeIpv4Header(
      packet.view,
      at,
      this.tos,
      length,
      identification,
      flags,
      this.ttl,
      this.protocol,
      this.source,
      this.destination,
      this.addressSum,
    );
    if (this.ipOptions !== null) this.writeOptions(packet, at, this.ipOptions);
  }

  /** Options go behind the fixed header; the sender is the first that they record (as on Linux). */
  private writeOptions(packet: PacketBuffer, at: number, options: Uint8Array): void {
    packet.bytes.set(options, at + IPV4_HEADER_LENGTH);
    setIpv4HeaderLength(packet.view, at, this.headerLength);
    updateIpv4Checksum(packet.view, at);
    this.paths.recorder.record(packet, at, this.headerLength, this.source);
  }

  private outputSlow(packet: PacketBuffer): number {
    if (this.neighbour === null || this.neighbour.gone) {
      // `paths` may have looked for others since.
      const error = this.findPath();
      if (error < 0) return this.refuse(packet, error);
      this.neighbour = this.paths.neighbour();
      if (this.neighbour === null) {
        this.node.drop(packet, Drop.NEIGHBOUR_TABLE_FULL, `${this.remote}`);
        return -Errno.ENOBUFS;
      }
    }
    return this.neighbour.output(packet);
  }

  /** Too long for the path in one piece. */
  private sendLarge(packet: PacketBuffer, length: number): number {
    const mtu = this.mtu;
    if (length > IPV4_MAX_LENGTH) return this.tooLong(packet, length, mtu);
    if (packet.segmentSize > 0) return this.sendSuper(packet, length, mtu);
    if (this.dontFragment && !this.mtuLocked) return this.tooLong(packet, length, mtu);
    this.writeHeader(packet, length);
    const whole = this.paths.filter === null ? packet : this.filtered(packet, this.paths.filter);
    if (whole === null) return -Errno.EPERM;
    if (this.cast !== Cast.Unicast && this.stays(whole)) return 0;
    const fragments = fragmentIpv4(whole, mtu);
    return fragments === null ? this.refuse(packet, -Errno.EMSGSIZE) : this.sendAll(fragments);
  }

  /** A super-segment: the interface cuts it, or we do. */
  private sendSuper(packet: PacketBuffer, length: number, mtu: number): number {
    this.writeHeader(packet, length);
    const header = superSegmentHeader(packet);
    if (header < 0 || header + packet.segmentSize > mtu) return this.tooLong(packet, length, mtu);
    const whole = this.paths.filter === null ? packet : this.filtered(packet, this.paths.filter);
    if (whole === null) return -Errno.EPERM;
    const offload = this.interface.link.segmentOffload;
    const pieces = length - this.headerLength > offload ? cutSuperSegment(whole) : null;
    if (pieces !== null) return this.sendAll(pieces);
    if (this.node.trace !== null) this.traceSend(whole);
    return this.outputSlow(whole);
  }

  private sendFiltered(packet: PacketBuffer, filter: PacketFilter): number {
    const passed = this.filtered(packet, filter);
    if (passed === null) return -Errno.EPERM;
    if (this.cast !== Cast.Unicast && this.stays(passed)) return 0;
    return this.outputSlow(passed);
  }

  /** Null: it went no further. */
  private filtered(packet: PacketBuffer, filter: PacketFilter): PacketBuffer | null {
    const passed = filter.output(packet, this.interface);
    return passed === null ? null : filter.postrouting(passed, this.interface, false);
  }

  private sendAll(packets: PacketBuffer): number {
    let result = 0;
    for (let packet: PacketBuffer | null = packets; packet !== null; ) {
      const next: PacketBuffer | null = packet.next;
      packet.next = null;
      if (this.node.trace !== null) this.traceSend(packet);
      const error = this.outputSlow(packet);
      if (result === 0) result = error;
      packet = next;
    }
    return result;
  }

  private tooLong(packet: PacketBuffer, length: number, mtu: number): number {
    this.node.drop(packet, Drop.IP_FRAGMENTATION_NEEDED, `${length} bytes, the path carries ${mtu}`);
    return -Errno.EMSGSIZE;
  }

  /**
   * A host hears its own broadcasts, and what it sends to groups that it is in on the same interface (RFC 1112 6.1), as
   * if it had come in there. True: with a time to live of 0 that was all, and the packet is gone.
   */
  private stays(packet: PacketBuffer): boolean {
    const isGroup = this.cast === Cast.Multicast;
    if (!isGroup || (this.multicastLoop && this.paths.groups.isMember(this.interface, this.destination))) {
      const heard = packet.copy();
      heard.device = this.interface.index;
      this.paths.loopback.link.output(heard, MacAddress.ZERO, EtherType.Ipv4);
    }
    if (this.ttl !== 0) return false;
    this.node.drop(packet, Drop.IP_TTL_EXPIRED, 'a time to live of 0 stays on this host');
    return true;
  }

  private refuse(packet: PacketBuffer, error: number): number {
    this.node.drop(packet, reasonFor(error), `to ${this.remote}`);
    return error;
  }

  private traceSend(packet: PacketBuffer): void {
    const { node } = this;
    const { route } = this;
    const via = route === null || route.type !== RouteType.Unicast ? '' : ` by route ${route}`;
    const detail = `${describeIpv4(packet.view, packet.start)}, dev ${this.interface.name}${via}`;
    node.trace!.event(node.name, 3, What.Send, packet, 0, detail, 'RFC 791');
  }
}

/**
 * The way to `remote`, or a negated error number. `local` 0: as the route says, and changing with it; `transparent`: it
 * need not be ours.
 */
export function openFlow(
  paths: Ipv4Paths,
  remote: IpAddress,
  protocol: number,
  local: number,
  device: number,
  transparent = false,
  tos = 0,
): Ipv4Flow | number {
  const flow = new Ipv4Flow(paths, remote, protocol, local, device, transparent);
  flow.tos = tos; // rules may ask for it
  const error = flow.find();
  return error < 0 ? error : flow;
}

/** The drop's reason that goes with an error number (negated). */
export function reasonFor(error: number): DropReason {
  switch (-error) {
    case Errno.ENETUNREACH:
      return Drop.IP_NO_ROUTE;
    case Errno.EMSGSIZE:
      return Drop.IP_FRAGMENTATION_NEEDED;
    case Errno.EADDRNOTAVAIL:
      return Drop.IP_BAD_SOURCE;
    case Errno.ENETDOWN:
      return Drop.NIC_DOWN;
    default:
      return Drop.IP_UNREACHABLE_ROUTE;
  }
}
