import type { Clock } from '../../base/clock.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { Errno } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { MacAddress } from '../../base/mac-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import { EtherType } from '../../l2-link/ethernet.ts';
import { reasonFor } from '../flow.ts';
import type { IpInterface } from '../ip-interface.ts';
import type { Neighbour } from '../neighbour.ts';
import { Cast, type Flow, Protocol } from '../network-layer.ts';
import type { PacketFilter } from '../packet-filter.ts';
import { RouteType } from '../routes.ts';
import { cutSuperSegment, superSegmentHeader } from '../segmentation.ts';
import { fragmentIpv6 } from './fragmentation6.ts';
import { describeIpv6, IPV6_HEADER_LENGTH, IPV6_MAX_LENGTH, ipv6AddressSum, writeIpv6Words } from './ipv6-header.ts';
import { DEFAULT_HOP_LIMIT } from './ipv6-interface.ts';
import { type Ipv6Paths, isAllNodes, isInterfaceLocal } from './ipv6-paths.ts';
import type { RoutingTable6 } from './routes6.ts';

/** RFC 3493 5.2: a group is the link's own unless one asks for more. */
const MULTICAST_HOP_LIMIT = 1;

/**
 * The way to one remote address over IPv6: as `Ipv4Flow`, route, source and neighbour are found once and hold until
 * `RoutingTable6.generation` changes, or the route's or path MTU's time is over.
 */
export class Ipv6Flow implements Flow {
  local: IpAddress = IpAddress.ANY6;
  readonly remote: IpAddress;
  cast: Cast = Cast.Unicast;
  readonly headerLength = IPV6_HEADER_LENGTH;
  pseudoSum = 0;
  ttl = DEFAULT_HOP_LIMIT;
  tos = 0;
  dontFragment: boolean;
  multicastLoop = true;
  /** 20 bits that routers may hash to keep a flow's packets in order (RFC 6437). */
  flowLabel = 0;

  private readonly paths: Ipv6Paths;
  private readonly routes: RoutingTable6;
  private readonly node: NodeContext;
  private readonly clock: Clock;
  private readonly protocol: number;
  /** Index of the interface that it is bound to; 0: none. */
  private readonly device: number;
  /** The source is somebody else's address, and stays what it is. */
  private readonly transparent: boolean;
  /** The source that must be used; null: what the route says, anew each time. */
  private wanted: IpAddress | null;
  /** Both addresses, source first, as they are written. */
  private readonly words = new Int32Array(8);
  private interface: IpInterface;
  private neighbour: Neighbour | null = null;
  /** The `routes.generation` for which all this is right; 0: none yet. */
  private generation = 0;
  private pathMtu = IPV6_MAX_LENGTH;
  /** When the path MTU's or the route's time is over, ns. */
  private lookAgainAt = Infinity;

  /** Use `openFlow6`. */
  constructor(
    paths: Ipv6Paths,
    remote: IpAddress,
    protocol: number,
    local: IpAddress | null,
    device: number,
    transparent: boolean,
  ) {
    this.paths = paths;
    this.routes = paths.routes;
    this.node = paths.node;
    this.clock = paths.node.clock;
    this.remote = remote;
    this.words.set([remote.w0, remote.w1, remote.w2, remote.w3], 4);
    this.protocol = protocol;
    this.device = device;
    this.transparent = transparent && local !== null;
    this.wanted = local;
    this.interface = paths.loopback;
    this.dontFragment = protocol === Protocol.Tcp;
  }

  get mtu(): number {
    if (this.generation !== this.routes.generation || this.clock.now >= this.lookAgainAt) this.find();
    const mtu = this.linkMtu;
    return mtu < this.pathMtu ? mtu : this.pathMtu;
  }

  get interfaceIndex(): number {
    return this.interface.index;
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
    const source = this.transparent ? this.wanted! : paths.source;
    if (this.generation === 0) {
      this.ttl = paths.cast === Cast.Multicast ? MULTICAST_HOP_LIMIT : (paths.interface.v6?.hopLimit ?? this.ttl);
      this.setSource(source);
    } else if (!this.local.equals(source)) {
      this.setSource(source);
    }
    this.cast = paths.cast;
    this.interface = paths.interface;
    this.neighbour = null;
    this.generation = this.routes.generation;
    const known = paths.mtus.find(this.remote);
    this.pathMtu = Math.min(known?.mtu ?? IPV6_MAX_LENGTH, paths.interface.v6?.mtu ?? IPV6_MAX_LENGTH);
    this.lookAgainAt = Math.min(known?.until ?? Infinity, paths.route?.expiresAt ?? Infinity);
    return 0;
  }

  /** From now on the source is what it is: it has become part of a connection's name. */
  keepSource(): void {
    this.wanted = this.local;
  }

  send(packet: PacketBuffer): number {
    if (this.generation !== this.routes.generation || this.clock.now >= this.lookAgainAt) {
      const error = this.find();
      if (error < 0) return this.refuse(packet, error);
    }
    const link = this.interface.link;
    const length = packet.end - packet.start + IPV6_HEADER_LENGTH;
    if (length > link.mtu || length > this.pathMtu) return this.sendLarge(packet, length);
    this.writeHeader(packet, length);
    if (this.node.trace !== null) this.traceSend(packet);
    if (this.paths.filter !== null) return this.sendFiltered(packet, this.paths.filter);
    if (this.cast === Cast.Multicast && this.stays(packet)) return 0;
    const neighbour = this.neighbour;
    if (neighbour !== null && this.clock.now < neighbour.fastUntil) {
      return link.output(packet, neighbour.mac, EtherType.Ipv6);
    }
    return this.outputSlow(packet);
  }

  confirm(): void {
    if (this.neighbour !== null) this.neighbour.confirm();
  }

  private get linkMtu(): number {
    return this.interface.link.mtu;
  }

  /** Leaves the way in the fields of `paths`. */
  private findPath(): number {
    return this.paths.find(this.remote, this.transparent ? null : this.wanted, this.device);
  }

  private setSource(source: IpAddress): void {
    this.local = source;
    this.words.set([source.w0, source.w1, source.w2, source.w3]);
    this.pseudoSum = ipv6AddressSum(source, this.remote) + this.protocol;
    this.flowLabel =
      (this.paths.identifications.hash(source, this.remote) ^ Math.imul(this.protocol, 0x9e37)) & 0xfffff;
  }

  private writeHeader(packet: PacketBuffer, length: number): void {
    packet.l4 = packet.start;
    const at = packet.push(IPV6_HEADER_LENGTH);
    packet.l3 = at;
    writeIpv6Words(
      packet.view,
      at,
      this.tos,
      this.flowLabel,
      length - IPV6_HEADER_LENGTH,
      this.protocol,
      this.ttl,
      this.words,
    );
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
    if (length > IPV6_MAX_LENGTH) return this.tooLong(packet, length, mtu);
    if (packet.segmentSize > 0) return this.sendSuper(packet, length, mtu);
    if (this.dontFragment) return this.tooLong(packet, length, mtu);
    this.writeHeader(packet, length);
    const whole = this.paths.filter === null ? packet : this.filtered(packet, this.paths.filter);
    if (whole === null) return -Errno.EPERM;
    if (this.cast === Cast.Multicast && this.stays(whole)) return 0;
    const fragments = fragmentIpv6(whole, mtu, this.paths.identifications.next(this.local, this.remote));
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
    const pieces = length - IPV6_HEADER_LENGTH > offload ? cutSuperSegment(whole) : null;
    if (pieces !== null) return this.sendAll(pieces);
    if (this.node.trace !== null) this.traceSend(whole);
    return this.outputSlow(whole);
  }

  private sendFiltered(packet: PacketBuffer, filter: PacketFilter): number {
    const passed = this.filtered(packet, filter);
    if (passed === null) return -Errno.EPERM;
    if (this.cast === Cast.Multicast && this.stays(passed)) return 0;
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
    this.node.drop(packet, Drop.IP6_PACKET_TOO_BIG, `${length} bytes, the path carries ${mtu}`);
    return -Errno.EMSGSIZE;
  }

  /**
   * A host hears what it says to a group that it has joined (RFC 3493 5.2, IPV6_MULTICAST_LOOP). True: with a hop limit
   * of 0, or to a group of this interface alone (ff01::, RFC 4291 2.7), that was all, and the packet is gone.
   */
  private stays(packet: PacketBuffer): boolean {
    const on = this.interface;
    if (on.loopback) return false;
    if (this.multicastLoop && on.v6 !== null && (on.v6.isMember(this.remote) || isAllNodes(this.remote))) {
      const copy = packet.copy();
      copy.device = on.index;
      this.paths.loopback.link.output(copy, MacAddress.ZERO, EtherType.Ipv6);
    }
    if (this.ttl !== 0 && !isInterfaceLocal(this.remote)) return false;
    this.node.drop(packet, Drop.IP_TTL_EXPIRED, `what is for ${this.remote} stays on this host`);
    return true;
  }

  private refuse(packet: PacketBuffer, error: number): number {
    this.node.drop(packet, reasonFor(error), `to ${this.remote}`);
    return error;
  }

  private traceSend(packet: PacketBuffer): void {
    const { node } = this;
    const route = this.routes.lookup(this.remote);
    const via = route === null || route.type !== RouteType.Unicast ? '' : ` by route ${route}`;
    const detail = `${describeIpv6(packet.view, packet.start)}, dev ${this.interface.name}${via}`;
    node.trace!.event(node.name, 3, What.Send, packet, 0, detail, 'RFC 8200');
  }
}

/**
 * The way to `remote`, or a negated error number. `local` null: as the route says, and changing with it; `transparent`:
 * it need not be ours.
 */
export function openFlow6(
  paths: Ipv6Paths,
  remote: IpAddress,
  protocol: number,
  local: IpAddress | null,
  device: number,
  transparent = false,
): Ipv6Flow | number {
  const flow = new Ipv6Flow(paths, remote, protocol, local, device, transparent);
  const error = flow.find();
  return error < 0 ? error : flow;
}
