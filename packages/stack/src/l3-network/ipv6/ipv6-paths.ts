import { Errno } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { MacAddress } from '../../base/mac-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { sipHash24 } from '../../base/siphash.ts';
import type { IpInterface } from '../ip-interface.ts';
import type { Neighbour } from '../neighbour.ts';
import type { NeighbourTable } from '../neighbours.ts';
import { Cast } from '../network-layer.ts';
import type { PacketFilter } from '../packet-filter.ts';
import { RouteType } from '../routes.ts';
import { type SourceCandidate, selectSource } from './address-selection.ts';
import type { PathMtus6 } from './path-mtu6.ts';
import type { Route6, RoutingTable6 } from './routes6.ts';

/**
 * Where a packet of this host's own goes: route, interface, source address, next hop. `find` leaves its answer in the
 * fields; who asks takes what it needs before the next one does.
 */
export class Ipv6Paths {
  readonly node: NodeContext;
  /** Who looks at every packet; null: nobody. */
  filter: PacketFilter | null = null;
  readonly routes: RoutingTable6;
  readonly mtus: PathMtus6;
  readonly neighbours: NeighbourTable;
  readonly identifications: Identifications6;
  readonly interfaces: () => readonly IpInterface[];
  readonly loopback: IpInterface;

  /** The answer: the way out, the address to send from, whose MAC address to send to, and how that is addressed. */
  interface: IpInterface;
  source: IpAddress = IpAddress.ANY6;
  nextHop: IpAddress = IpAddress.ANY6;
  cast: Cast = Cast.Unicast;
  route: Route6 | null = null;

  constructor(
    node: NodeContext,
    routes: RoutingTable6,
    mtus: PathMtus6,
    neighbours: NeighbourTable,
    interfaces: () => readonly IpInterface[],
    loopback: IpInterface,
  ) {
    this.node = node;
    this.routes = routes;
    this.mtus = mtus;
    this.neighbours = neighbours;
    this.identifications = new Identifications6(node);
    this.interfaces = interfaces;
    this.interface = loopback;
    this.loopback = loopback;
  }

  /**
   * Finds the way to `remote`. `local` is the source address, null when it may be chosen; `device` the index of the
   * only interface to use, or 0: for link-local addresses and groups it is the scope. 0 or a negated error number.
   */
  find(remote: IpAddress, local: IpAddress | null, device: number): number {
    if (local !== null && !this.isLocal(local)) return -Errno.EADDRNOTAVAIL;
    this.route = null;
    const only = device === 0 ? null : this.byIndex(device);
    if (device !== 0 && only === null) return -Errno.ENODEV;
    if (remote.isMulticast) return this.findOnLink(remote, local, only, Cast.Multicast);
    let route = this.routes.lookup(remote);
    if (remote.isLinkLocal && route?.type !== RouteType.Local) {
      return this.findOnLink(remote, local, only, Cast.Unicast);
    }
    if (only !== null && route !== null && route.type !== RouteType.Local) route = this.routes.lookupOn(remote, only);
    if (route === null) return -Errno.ENETUNREACH;
    this.route = route;
    switch (route.type) {
      case RouteType.Unreachable:
        return -Errno.EHOSTUNREACH;
      case RouteType.Prohibit:
        return -Errno.EACCES;
      case RouteType.Blackhole:
        return -Errno.EINVAL;
      case RouteType.Local:
        this.interface = this.loopback;
        this.cast = Cast.Unicast;
        this.nextHop = remote;
        this.source = local ?? remote;
        return 0;
      default:
    }
    if (local?.isLoopback) return -Errno.EINVAL; // RFC 4291 2.5.3: it must not leave the host
    this.interface = route.interface!;
    this.cast = Cast.Unicast;
    this.nextHop = route.gateway ?? remote;
    return this.takeSource(local ?? route.source ?? this.chooseSource(remote, this.interface));
  }

  /** To a neighbour by its link-local address, or to a group: the link is the one asked for, or the source's. */
  private findOnLink(remote: IpAddress, local: IpAddress | null, only: IpInterface | null, cast: Cast): number {
    let to = only;
    if (to === null && local !== null) to = this.owner(local);
    if (to === null && cast === Cast.Multicast && !isLinkScope(remote)) {
      const route = this.routes.lookup(IpAddress.ANY6);
      to = route !== null && route.type === RouteType.Unicast ? route.interface : null;
    }
    to ??= this.firstUp();
    if (to === null) return -Errno.ENETUNREACH;
    if (to.v6 === null && to !== this.loopback) return -Errno.ENETUNREACH;
    if (!to.up) return -Errno.ENETDOWN;
    this.interface = to;
    this.cast = cast;
    this.nextHop = remote;
    return this.takeSource(local ?? this.chooseSource(remote, to));
  }

  private takeSource(source: IpAddress | null): number {
    if (source === null) return -Errno.EADDRNOTAVAIL;
    this.source = source;
    return 0;
  }

  /** Whom to hand the packets for what `find` found; null when the table of neighbours is full. */
  neighbour(): Neighbour | null {
    const on = this.interface;
    if (on.loopback) return this.neighbours.fixed(this.nextHop, on, MacAddress.ZERO);
    if (this.cast === Cast.Multicast) return this.neighbours.fixed(this.nextHop, on, multicastMac6(this.nextHop));
    return this.neighbours.obtain(this.nextHop, on);
  }

  isLocal(address: IpAddress): boolean {
    return this.routes.lookup(address)?.type === RouteType.Local;
  }

  /**
   * The address to speak with to `remote` out of an interface (RFC 6724 5), one of whichever interface; to what is on
   * the link, one of that interface (RFC 6724 4). Null when there is none.
   */
  chooseSource(remote: IpAddress, out: IpInterface): IpAddress | null {
    const local = remote.isLinkLocal || remote.isMulticast;
    const candidates: SourceCandidate[] = [];
    for (const on of this.interfaces()) {
      if (on.v6 === null || (on !== out && (local || on.loopback))) continue;
      for (const each of on.v6.addresses) {
        if (!each.usable || (on !== out && each.address.isLinkLocal)) continue;
        const { address, length } = each;
        candidates.push({
          address,
          length,
          deprecated: each.state === 'deprecated',
          onOutgoing: on === out,
          fromNextHop: each.cameFrom(this.nextHop),
        });
      }
    }
    return selectSource(candidates, remote)?.address ?? null;
  }

  byIndex(index: number): IpInterface | null {
    return this.interfaces().find((candidate) => candidate.index === index) ?? null;
  }

  /** The interface that has an address; for one that is on several links the first. */
  private owner(local: IpAddress): IpInterface | null {
    return this.interfaces().find((candidate) => !candidate.loopback && candidate.v6?.has(local) === true) ?? null;
  }

  private firstUp(): IpInterface | null {
    const speaks = (candidate: IpInterface): boolean => !candidate.loopback && candidate.up && candidate.v6 !== null;
    return this.interfaces().find(speaks) ?? null;
  }
}

/** ff01:: and ff02:: groups: they do not leave their link (RFC 4291 2.7). */
export function isLinkScope(group: IpAddress): boolean {
  return group.isMulticast && ((group.w0 >>> 16) & 15) <= 2;
}

/** ff01::/16: does not leave its interface (RFC 4291 2.7). */
export function isInterfaceLocal(group: IpAddress): boolean {
  return group.isMulticast && ((group.w0 >>> 16) & 15) === 1;
}

/** ff02::1 and ff01::1: everybody (RFC 4291 2.7.1). */
export function isAllNodes(group: IpAddress): boolean {
  return (group.w0 === 0xff020000 || group.w0 === 0xff010000) && group.w1 === 0 && group.w2 === 0 && group.w3 === 1;
}

/** RFC 2464 7: 33:33 and the last 32 bits of the group's address. */
export function multicastMac6(group: IpAddress): MacAddress {
  return new MacAddress(0x3333, group.w3);
}

/** Counters that flows share, by hash of their addresses. */
const COUNTERS = 256;

/**
 * The identification of fragments: different for each datagram between two addresses while one may still be on its
 * way, and not to be foretold by others (RFC 7739 5.3): a counter that starts where a keyed hash says.
 */
export class Identifications6 {
  private readonly key = new Uint32Array(4);
  private readonly words = new Uint32Array(8);
  private readonly counters = new Uint32Array(COUNTERS);

  constructor(node: NodeContext) {
    const random = node.random.fork('ipv6 identification');
    for (let i = 0; i < 4; i++) this.key[i] = random.u32();
  }

  /** A number for a pair of addresses that nobody else can compute: 32 bits. */
  hash(source: IpAddress, destination: IpAddress): number {
    this.words.set([source.w0, source.w1, source.w2, source.w3]);
    this.words.set([destination.w0, destination.w1, destination.w2, destination.w3], 4);
    return sipHash24(this.key, this.words);
  }

  /** The next of a pair's, 32 bits. */
  next(source: IpAddress, destination: IpAddress): number {
    const hash = this.hash(source, destination);
    return (this.counters[hash & (COUNTERS - 1)]++ + hash) >>> 0;
  }
}
