import type { Clock } from '../base/clock.ts';
import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import { MacAddress } from '../base/mac-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { Random } from '../base/random.ts';
import { sipHash24 } from '../base/siphash.ts';
import type { IpInterface } from './ip-interface.ts';
import type { Groups } from './multicast/groups.ts';
import type { Neighbour } from './neighbour.ts';
import type { NeighbourTable } from './neighbours.ts';
import { Cast } from './network-layer.ts';
import { OptionRecorder } from './option-recorder.ts';
import type { PacketFilter } from './packet-filter.ts';
import type { PathMtus } from './path-mtu.ts';
import { Redirects } from './redirects.ts';
import { type Route, RouteType, type RoutingTable } from './routes.ts';
import type { RoutingPolicy } from './routing-policy.ts';

export const LIMITED_BROADCAST = 0xffffffff;
const LOOPBACK_ADDRESS = 0x7f000001;

/**
 * Where a packet of this host's own goes: route, interface, source address, next hop. `find` leaves its answer in the
 * fields, so that a lookup allocates nothing; who asks takes what it needs before the next one does.
 */
export class Ipv4Paths {
  readonly node: NodeContext;
  /** The main table, which says what is this host's own. */
  readonly routes: RoutingTable;
  readonly policy: RoutingPolicy;
  readonly mtus: PathMtus;
  readonly neighbours: NeighbourTable;
  readonly identifications: Identifications;
  readonly groups: Groups;
  /** Fills in record route and timestamp options. */
  readonly recorder: OptionRecorder;
  /** Better ways that routers told of. */
  readonly redirects: Redirects;
  readonly interfaces: readonly IpInterface[];
  /** Who looks at every packet; null: nobody. */
  filter: PacketFilter | null = null;

  /** The answer: the way out, the address to send from, whose MAC address to send to, and how that is addressed. */
  interface: IpInterface;
  source = 0;
  nextHop = 0;
  cast: Cast = Cast.Unicast;
  route: Route | null = null;

  constructor(
    node: NodeContext,
    policy: RoutingPolicy,
    mtus: PathMtus,
    neighbours: NeighbourTable,
    interfaces: readonly IpInterface[],
    loopback: IpInterface,
    groups: Groups,
  ) {
    this.node = node;
    this.routes = policy.main;
    this.policy = policy;
    this.mtus = mtus;
    this.neighbours = neighbours;
    this.identifications = new Identifications(node);
    this.interfaces = interfaces;
    this.interface = loopback;
    this.loopback = loopback;
    this.groups = groups;
    this.redirects = new Redirects(node, policy.main);
    this.recorder = new OptionRecorder(node.clock, policy.main);
  }

  readonly loopback: IpInterface;

  /**
   * Finds the way to `remote`. `local` is the source address, 0 when it may be chosen; `device` the index of the only
   * interface to use, or 0. The rest is for rules and for equally good ways: `ports` as in `FlowKey`, 0 if unknown.
   * Returns 0 or a negated error number.
   */
  find(remote: number, local: number, device: number, protocol = 0, ports = 0, tos = 0): number {
    if (local !== 0 && !this.isLocal(local)) return -Errno.EADDRNOTAVAIL;
    this.route = null;
    if (remote === LIMITED_BROADCAST || remote >>> 28 === 0xe) return this.findGroup(remote, local, device);
    const only = device === 0 ? null : this.byIndex(device);
    if (device !== 0 && only === null) return -Errno.ENODEV;
    let route = this.routes.lookup(remote);
    if (!this.policy.plain) route = this.policy.forOutput(local, remote, protocol, tos, ports, device);
    else if (only !== null && route !== null && route.type !== RouteType.Local)
      route = this.routes.lookupOn(remote, only);
    if (route === null) return -Errno.ENETUNREACH;
    this.route = route;
    switch (route.type) {
      case RouteType.Unreachable:
        return this.policy.refusedByRule(route) ? -Errno.ENETUNREACH : -Errno.EHOSTUNREACH;
      case RouteType.Prohibit:
        return -Errno.EACCES;
      case RouteType.Blackhole:
        return -Errno.EINVAL;
      case RouteType.Local:
        this.interface = this.loopback;
        this.cast = Cast.Unicast;
        this.nextHop = remote;
        this.source = local !== 0 ? local : route.source;
        return 0;
      default:
    }
    // What has a loopback address as its source must not leave the host (RFC 1122 3.2.1.3).
    if (local >>> 24 === 127) return -Errno.EINVAL;
    if (route.hops !== null) route = this.pickWay(route, remote, local, protocol, ports);
    this.interface = route.interface!;
    this.cast = route.type === RouteType.Broadcast ? Cast.Broadcast : Cast.Unicast;
    this.nextHop = route.gateway !== 0 ? this.redirects.gatewayFor(remote, route.gateway) : remote;
    this.source = local !== 0 ? local : this.chooseSource(route);
    return 0;
  }

  /**
   * The way of several that a flow of this host takes. Ways out of an interface that has the source address come first:
   * a provider takes no packets with the addresses of another.
   */
  private pickWay(route: Route, remote: number, local: number, protocol: number, ports: number): Route {
    const hash = this.policy.hash.of(local, remote, protocol, ports);
    const picked = this.policy.pick(route, hash, this.neighbours);
    if (local === 0 || hasAddress(picked.interface!, local)) return picked;
    const own = route.hops!.alive.filter((hop) => hasAddress(hop.interface!, local));
    return own.length === 0 ? picked : own[hash % own.length]!;
  }

  /** To everybody on a link, or to a group: the way out is the interface asked for, or the default route's. */
  private findGroup(remote: number, local: number, device: number): number {
    let to = device !== 0 ? this.byIndex(device) : null;
    if (device !== 0 && to === null) return -Errno.ENODEV;
    if (to === null && local !== 0) to = this.owner(local);
    if (to === null) {
      const route = this.routes.lookup(remote);
      to = route !== null && route.type === RouteType.Unicast ? route.interface : this.firstUp();
    }
    if (to === null) return -Errno.ENETUNREACH;
    if (!to.up) return -Errno.ENETDOWN;
    this.interface = to;
    this.cast = remote === LIMITED_BROADCAST ? Cast.Broadcast : Cast.Multicast;
    this.nextHop = remote;
    this.source = local !== 0 ? local : to.sourceFor4(remote); // 0: a host that asks for its address (RFC 2131 4.1)
    return 0;
  }

  /** Whom to hand the packets for what `find` found; null when the table of neighbours is full. */
  neighbour(): Neighbour | null {
    const on = this.interface;
    if (on.loopback) return this.neighbours.fixed(IpAddress.v4(this.nextHop), on, MacAddress.ZERO);
    if (this.cast === Cast.Broadcast) {
      return this.neighbours.fixed(IpAddress.v4(this.nextHop), on, MacAddress.BROADCAST);
    }
    if (this.cast === Cast.Multicast) {
      return this.neighbours.fixed(IpAddress.v4(this.nextHop), on, multicastMac(this.nextHop));
    }
    return this.neighbours.obtain(IpAddress.v4(this.nextHop), on);
  }

  isLocal(address: number): boolean {
    const route = this.routes.lookup(address);
    return route !== null && route.type === RouteType.Local;
  }

  /** How a packet to this address that came in is addressed to this host; -1: it is not for this host. */
  castOf(address: number, route: Route | null): Cast | -1 {
    if (address === LIMITED_BROADCAST) return Cast.Broadcast;
    if (route === null) return -1;
    if (route.type === RouteType.Local) return Cast.Unicast;
    return route.type === RouteType.Broadcast ? Cast.Broadcast : -1;
  }

  private chooseSource(route: Route): number {
    if (route.source !== 0) return route.source;
    const source = this.interface.sourceFor4(this.nextHop);
    if (source !== 0) return source;
    // An interface without an address of its own lends another's (RFC 1812 2.2.7).
    for (const other of this.interfaces) {
      if (other.loopback) continue;
      const lent = other.sourceFor4(this.nextHop);
      if (lent !== 0) return lent;
    }
    return 0;
  }

  byIndex(index: number): IpInterface | null {
    return this.interfaces.find((candidate) => candidate.index === index) ?? null;
  }

  private owner(local: number): IpInterface | null {
    const address = IpAddress.v4(local);
    return this.interfaces.find((candidate) => !candidate.loopback && candidate.has(address)) ?? null;
  }

  private firstUp(): IpInterface | null {
    return this.interfaces.find((candidate) => !candidate.loopback && candidate.up) ?? null;
  }
}

function hasAddress(on: IpInterface, address: number): boolean {
  return on.addresses.some((prefix) => prefix.address.family === 4 && prefix.address.v4 === address);
}

/** 0.0.0.0 as a destination means this host, as on Linux. */
export function effectiveRemote(remote: number): number {
  return remote === 0 ? LOOPBACK_ADDRESS : remote;
}

/** RFC 1112 6.4: 01:00:5e and the lower 23 bits of the group's address. */
export function multicastMac(group: number): MacAddress {
  return new MacAddress(0x0100, 0x5e000000 | (group & 0x7fffff));
}

/** The most that an identification goes on by. */
const MOST_SKIPPED = 4096;
/** Counters that flows share, by hash of their addresses. */
const COUNTERS = 1024;

/**
 * The identification field: different for each datagram between two addresses while one may still be on its way
 * (RFC 6864), and not to be foretold by others (RFC 7739): a counter that starts where a keyed hash says, and goes on by
 * a random number, at most that of the milliseconds since it was used last (so does Linux), so that nobody can count
 * what was sent in between.
 */
export class Identifications {
  private readonly key = new Uint32Array(4);
  private readonly words = new Uint32Array(3);
  private readonly counters = new Uint16Array(COUNTERS);
  /** When each counter was used last, ns. */
  private readonly usedAt = new Float64Array(COUNTERS);
  private readonly clock: Clock;
  private readonly random: Random;

  constructor(node: NodeContext) {
    this.clock = node.clock;
    this.random = node.random.fork('ipv4 identification');
    for (let i = 0; i < 4; i++) this.key[i] = this.random.u32();
  }

  /** Names the sequence for these addresses and protocol. */
  sequence(source: number, destination: number, protocol: number): number {
    this.words[0] = source;
    this.words[1] = destination;
    this.words[2] = protocol;
    return sipHash24(this.key, this.words);
  }

  /** The next of a sequence, 16 bits. */
  next(sequence: number): number {
    const counter = sequence & (COUNTERS - 1);
    const { now } = this.clock;
    const sinceMs = (now - this.usedAt[counter]!) / 1e6;
    this.usedAt[counter] = now;
    if (sinceMs < 2) this.counters[counter]!++;
    else this.counters[counter]! += 1 + this.random.below(sinceMs < MOST_SKIPPED ? Math.floor(sinceMs) : MOST_SKIPPED);
    return (this.counters[counter]! + (sequence >>> 16)) & 0xffff;
  }

  /** Where the packets of one flow begin that cannot be fragmented: they only need not be foretold. */
  any(): number {
    return this.random.u32() & 0xffff;
  }
}
