import { Errno } from '../base/errors.ts';
import type { IpAddress } from '../base/ip-address.ts';
import type { Prefix } from '../base/prefix.ts';
import type { IpInterface } from './ip-interface.ts';
import { Route, RouteOrigin, RouteType, type RoutingTable, type Way } from './routes.ts';
import type { RoutingPolicy } from './routing-policy.ts';
import { Table } from './rules.ts';

/** One of several ways, as a person gives it. */
export interface WayOptions {
  /** The next hop. */
  via?: IpAddress;
  /** Needed without `via`; with it, found by itself. */
  interface?: IpInterface;
  /** Its share of the flows, 1 to 256; default 1. */
  weight?: number;
}

/** A route as a person gives it. */
export interface RouteOptions {
  /** The next hop. */
  via?: IpAddress;
  /** Needed without `via`; with it, found by itself. */
  interface?: IpInterface;
  /** Several equally good ways, instead of `via` and `interface`. */
  ways?: readonly WayOptions[];
  metric?: number;
  type?: RouteType;
  /** The source address of what goes by this route. */
  source?: IpAddress;
  origin?: RouteOrigin;
  /** The number of the table; default main. */
  table?: number;
  /** In the place of the one to the same prefix with the same metric, if there is one. */
  replace?: boolean;
}

/** The routes that people and programs set: looks whether a next hop can be one, and which interface leads there. */
export class ConfiguredRoutes {
  private readonly policy: RoutingPolicy;

  constructor(policy: RoutingPolicy) {
    this.policy = policy;
  }

  /** See `Ipv4.addRoute`. */
  add(to: Prefix, options: RouteOptions): number {
    const route = this.make(to, options);
    if (typeof route === 'number') return route;
    const table = this.policy.obtainTable(options.table ?? Table.Main);
    if (typeof table === 'number') return table;
    if (options.replace === true) {
      const old = table.find(to, undefined, undefined, route.metric);
      if (old !== null) table.remove(old);
    }
    return table.add(route);
  }

  /** See `Ipv4.removeRoute`. */
  remove(to: Prefix, options: RouteOptions): number {
    const table = this.policy.table(options.table ?? Table.Main);
    if (table === null) return -Errno.ENOENT;
    const route = table.find(to, options.via, options.interface, options.metric);
    if (route === null || (options.type !== undefined && route.type !== options.type)) return -Errno.ENOENT;
    return table.remove(route) ? 0 : -Errno.ENOENT;
  }

  private make(to: Prefix, options: RouteOptions): Route | number {
    const { network, length } = to;
    if (network.family !== 4) return -Errno.EAFNOSUPPORT;
    const type = options.type ?? RouteType.Unicast;
    const metric = options.metric ?? 0;
    const source = options.source?.v4 ?? 0;
    const origin = options.origin ?? RouteOrigin.Static;
    if (type !== RouteType.Unicast) return new Route(network.v4, length, type, null, 0, metric, source, origin);
    const ways: Way[] = [];
    for (const each of options.ways ?? [options]) {
      const way = this.way(each);
      if (typeof way === 'number') return way;
      ways.push(way);
    }
    return ways.length === 0 ? -Errno.EINVAL : Route.over(network.v4, length, ways, metric, source, origin);
  }

  /** ENETUNREACH when the next hop is no neighbour's address, ENODEV when nothing says where to (negated). */
  private way({ via, interface: given, weight = 1 }: WayOptions): Way | number {
    if (!Number.isInteger(weight) || weight < 1 || weight > 256) return -Errno.EINVAL;
    let out = given ?? null;
    if (via !== undefined && via.family !== 4) return -Errno.EAFNOSUPPORT;
    if (via !== undefined && out === null) {
      out = this.interfaceTo(this.policy.main, via.v4);
      if (out === null) return -Errno.ENETUNREACH;
    }
    return out === null ? -Errno.ENODEV : { interface: out, gateway: via?.v4 ?? 0, weight };
  }

  private interfaceTo(table: RoutingTable, gateway: number): IpInterface | null {
    const way = table.lookup(gateway);
    return way === null || way.type !== RouteType.Unicast || way.gateway !== 0 ? null : way.interface;
  }
}
