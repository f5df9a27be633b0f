import { formatIpv4, IpAddress } from '../base/ip-address.ts';
import { Prefix } from '../base/prefix.ts';
import type { IpInterface } from './ip-interface.ts';
import { NextHops } from './next-hops.ts';
import { maskTo } from './prefix-trie.ts';

/** What happens to a packet that a route matches. */
export const RouteType = {
  /** Sent on: to the gateway, or, without one, to the destination itself, which is on the interface's link. */
  Unicast: 0,
  /** For this host. */
  Local: 1,
  /** For everybody on the interface's link. */
  Broadcast: 2,
  /** Refused: "host unreachable" (EHOSTUNREACH). */
  Unreachable: 3,
  /** Refused: "communication prohibited" (EACCES). */
  Prohibit: 4,
  /** Dropped without a word (EINVAL to a local program, as on Linux). */
  Blackhole: 5,
} as const;
export type RouteType = (typeof RouteType)[keyof typeof RouteType];

const TYPE_NAMES = ['unicast', 'local', 'broadcast', 'unreachable', 'prohibit', 'blackhole'];

export function routeTypeName(type: RouteType): string {
  return TYPE_NAMES[type]!;
}

/** Who put a route in. */
export const RouteOrigin = {
  /** It follows from an interface's address. */
  Kernel: 'kernel',
  Static: 'static',
  Dhcp: 'dhcp',
  Rip: 'rip',
  Ospf: 'ospf',
} as const;
export type RouteOrigin = (typeof RouteOrigin)[keyof typeof RouteOrigin];

/**
 * The metric with which a routing protocol's routes stand in the table: whom to believe of two that know a way to the
 * same network (the administrative distance of other routers). What is configured has a lower one, and wins.
 */
export const PROTOCOL_METRIC = { ospf: 110, rip: 120 } as const;

/** One of several equally good ways, as it is given to `Route.over`. */
export interface Way {
  readonly interface: IpInterface;
  /** The next hop, 32 bits; absent or 0: the destination is a neighbour. */
  readonly gateway?: number;
  /** Its share of the flows, against the others'; default 1. */
  readonly weight?: number;
}

/**
 * One route. Addresses are 32 bits, not negative; 0 stands for none.
 *
 * A route with several ways (ECMP) has `hops`, and `pick(hash)` says which of them a flow takes. Its own `gateway` and
 * `interface` are those of the first way that is alive: who knows nothing of several ways does well enough with them.
 */
export class Route {
  readonly length: number;
  readonly type: RouteType;
  /** Where it leads out; null for the types that lead nowhere. */
  interface: IpInterface | null;
  /** Among routes to one prefix the lowest wins. */
  readonly metric: number;
  readonly origin: RouteOrigin;
  /** All ways, when there is more than one; each is a route of its own to the same prefix. */
  readonly hops: NextHops<Route> | null;
  /** As one of several ways: its share of the flows. */
  readonly weight: number;
  /** The route to the same prefix that is next best. */
  next: Route | null = null;
  // As signed words: such integers need no memory of their own, and a router may have a million routes.
  private readonly networkWord: number;
  private gatewayWord: number;
  private readonly sourceWord: number;

  constructor(
    network: number,
    length: number,
    type: RouteType,
    to: IpInterface | null,
    gateway = 0,
    metric = 0,
    source = 0,
    origin: RouteOrigin = RouteOrigin.Static,
    hops: NextHops<Route> | null = null,
    weight = 1,
  ) {
    this.networkWord = maskTo(network, length) | 0;
    this.length = length;
    this.type = type;
    this.gatewayWord = gateway | 0;
    this.interface = to;
    this.metric = metric;
    this.sourceWord = source | 0;
    this.origin = origin;
    this.hops = hops;
    this.weight = weight;
  }

  /** A unicast route that has one way or several equally good ones, in the order in which they are to be shown. */
  static over(
    network: number,
    length: number,
    ways: readonly Way[],
    metric = 0,
    source = 0,
    origin: RouteOrigin = RouteOrigin.Static,
  ): Route {
    const hops = ways.map(
      ({ interface: to, gateway = 0, weight = 1 }) =>
        new Route(network, length, RouteType.Unicast, to, gateway, metric, source, origin, null, weight),
    );
    if (hops.length === 1) return hops[0]!;
    const several = new NextHops(hops);
    const first = several.alive[0] ?? hops[0]!;
    const { Unicast } = RouteType;
    return new Route(network, length, Unicast, first.interface, first.gateway, metric, source, origin, several);
  }

  get network(): number {
    return this.networkWord >>> 0;
  }

  /** The next hop; 0: the destination is a neighbour. */
  get gateway(): number {
    return this.gatewayWord >>> 0;
  }

  /** The source address that packets by this route have; 0: the interface's. */
  get source(): number {
    return this.sourceWord >>> 0;
  }

  get prefix(): Prefix {
    return new Prefix(IpAddress.v4(this.network), this.length);
  }

  /** The way that a flow takes whose hash (32 bits) this is: a route without `hops`. */
  pick(hash: number): Route {
    const hops = this.hops;
    if (hops === null || hops.alive.length === 0) return this;
    return hops.alive[hops.placeOf(hash)]!;
  }

  /** Whether it is of no use now, its interfaces being down. Addresses are the host's, whatever becomes of the link. */
  get dead(): boolean {
    if (this.interface === null || this.type === RouteType.Local) return false;
    return this.hops === null ? !this.interface.up : this.hops.alive.length === 0;
  }

  /** An interface of one of its ways went up or down. */
  renewHops(): void {
    if (this.hops === null) return;
    this.hops.renew();
    const first = this.hops.alive[0] ?? this.hops.all[0]!;
    this.interface = first.interface;
    this.gatewayWord = first.gatewayWord;
  }

  /** Whether it leads out of this interface, by one of its ways at least. */
  leadsOutOf(on: IpInterface): boolean {
    return this.hops === null ? this.interface === on : this.hops.all.some((hop) => hop.interface === on);
  }

  /** Whether the other says the same in every respect. */
  equals(other: Route): boolean {
    const same =
      this.networkWord === other.networkWord &&
      this.length === other.length &&
      this.type === other.type &&
      this.metric === other.metric &&
      this.sourceWord === other.sourceWord &&
      this.origin === other.origin;
    if (!same) return false;
    if (this.hops !== null) return other.hops !== null && this.hops.equals(other.hops);
    return other.hops === null && this.gatewayWord === other.gatewayWord && this.interface === other.interface;
  }

  /**
   * As `ip route` shows it: `10.0.2.0/24 via 10.0.1.1 dev eth0 metric 100`; several ways in one line, each behind
   * `nexthop`.
   */
  toString(): string {
    const parts: string[] = [];
    if (this.type !== RouteType.Unicast) parts.push(TYPE_NAMES[this.type]!);
    parts.push(this.length === 0 ? 'default' : `${formatIpv4(this.network)}/${this.length}`);
    if (this.hops === null) parts.push(...this.wayText());
    if (this.metric !== 0) parts.push(`metric ${this.metric}`);
    for (const hop of this.hops?.all ?? []) parts.push('nexthop', ...hop.wayText(), `weight ${hop.weight}`);
    return parts.join(' ');
  }

  private wayText(): string[] {
    const parts: string[] = [];
    if (this.gateway !== 0) parts.push(`via ${formatIpv4(this.gateway)}`);
    if (this.interface !== null) parts.push(`dev ${this.interface.name}`);
    return parts;
  }
}
