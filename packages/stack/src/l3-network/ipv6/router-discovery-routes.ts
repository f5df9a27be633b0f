import { type Task, Timer } from '../../base/clock.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { Prefix } from '../../base/prefix.ts';
import { What } from '../../base/trace.ts';
import type { Ipv6Interface } from './ipv6-interface.ts';
import type { Preference } from './nd-options.ts';
import { ADVERTISED, Route6, type RoutingTable6 } from './routes6.ts';

/** Linux's metrics: a prefix on the link comes before a router's word. */
const ON_LINK_METRIC = 256;
const ROUTER_METRIC = 1024;
/** Added for a router that does not answer: any other is better (RFC 4861 6.3.6, RFC 4191 3.2). */
const UNREACHABLE_METRIC = 1000;

/** What a router said of a route with this metric, as `ip -6 route` shows it. */
export function preferenceOfMetric(metric: number): Preference {
  const off = (metric >= ROUTER_METRIC + UNREACHABLE_METRIC - 1 ? metric - UNREACHABLE_METRIC : metric) - ROUTER_METRIC;
  return off === -1 ? 'high' : off === 1 ? 'low' : 'medium';
}

/** A way that a router told of. */
class Told {
  readonly prefix: Prefix;
  readonly gateway: IpAddress | null;
  readonly on: Ipv6Interface;
  preference: Preference;
  until: number;
  reachable = true;
  /** What stands in the routing table for it. */
  route: Route6 | null = null;

  constructor(prefix: Prefix, gateway: IpAddress | null, on: Ipv6Interface, preference: Preference, until: number) {
    this.prefix = prefix;
    this.gateway = gateway;
    this.on = on;
    this.preference = preference;
    this.until = until;
  }

  get metric(): number {
    if (this.gateway === null) return ON_LINK_METRIC;
    const preferred = this.preference === 'high' ? -1 : this.preference === 'low' ? 1 : 0;
    return ROUTER_METRIC + preferred + (this.reachable ? 0 : UNREACHABLE_METRIC);
  }

  toString(): string {
    const to = this.prefix.length === 0 ? 'default' : `${this.prefix}`;
    const via = this.gateway === null ? ' on the link' : ` via ${this.gateway}`;
    return `${to}${via} dev ${this.on.name}`;
  }
}

/**
 * Routes that routers advertise: default routers (RFC 4861 6.3.4), prefixes on the link, more-specific routes
 * (RFC 4191). A preference becomes a metric, and so does a router's silence. The one timer stands for the soonest end.
 */
export class AdvertisedRoutes implements Task {
  private readonly node: NodeContext;
  private readonly table: RoutingTable6;
  private readonly told: Told[] = [];
  private readonly timer: Timer;

  constructor(node: NodeContext, table: RoutingTable6) {
    this.node = node;
    this.table = table;
    this.timer = new Timer(node.clock, this, 0);
  }

  /** A way to `prefix`: new, renewed, or, when `until` (ns) is not in the future, no more. */
  set(prefix: Prefix, gateway: IpAddress | null, on: Ipv6Interface, preference: Preference, until: number): void {
    const known = this.find(prefix, gateway, on);
    if (until <= this.node.clock.now) {
      if (known !== null) this.withdraw(known, 'the router takes it back');
      this.arm();
      return;
    }
    if (known === null) {
      if (this.told.length >= this.node.limits.advertisedRoutes) return;
      const made = new Told(prefix, gateway, on, preference, until);
      this.told.push(made);
      this.install(made);
      this.tell(made, 'a router says so');
    } else {
      known.until = until;
      if (known.preference !== preference || !known.reachable) {
        known.preference = preference;
        known.reachable = true; // it has just been heard of
        this.install(known);
      } else if (known.route !== null) {
        known.route.expiresAt = until;
      }
    }
    this.arm();
  }

  /** The neighbour is no router any more: whatever led there is gone (RFC 4861 7.2.5). */
  routerLost(on: Ipv6Interface, gateway: IpAddress): void {
    for (const each of this.through(on, gateway)) this.withdraw(each, 'it is no router any more');
    this.arm();
  }

  routerReachable(on: Ipv6Interface, gateway: IpAddress, reachable: boolean): void {
    for (const each of this.through(on, gateway)) {
      if (each.reachable === reachable) continue;
      each.reachable = reachable;
      this.install(each);
      this.tell(each, reachable ? 'the router answers again' : 'the router does not answer: any other is better');
    }
  }

  forget(on: Ipv6Interface): void {
    for (const each of this.told.filter((told) => told.on === on)) this.withdraw(each, 'the interface is gone');
    this.arm();
  }

  /** Lifetimes came to their end. */
  run(): void {
    const { now } = this.node.clock;
    for (const each of this.told.filter(({ until }) => until <= now)) this.withdraw(each, 'its lifetime is over');
    this.arm();
  }

  private through(on: Ipv6Interface, gateway: IpAddress): Told[] {
    return this.told.filter((each) => each.on === on && each.gateway?.equals(gateway) === true);
  }

  private find(prefix: Prefix, gateway: IpAddress | null, on: Ipv6Interface): Told | null {
    for (const each of this.told) {
      if (each.on !== on || !each.prefix.equals(prefix)) continue;
      if (gateway === null ? each.gateway === null : each.gateway?.equals(gateway) === true) return each;
    }
    return null;
  }

  private install(told: Told): void {
    if (told.route !== null) this.table.remove(told.route);
    told.route = new Route6(told.prefix, {
      gateway: told.gateway,
      interface: told.on.ip,
      metric: told.metric,
      origin: ADVERTISED,
      expiresAt: told.until,
    });
    this.table.append(told.route);
  }

  private withdraw(told: Told, why: string): void {
    if (told.route !== null) this.table.remove(told.route);
    told.route = null;
    this.told.splice(this.told.indexOf(told), 1);
    this.tell(told, `gone: ${why}`);
  }

  private arm(): void {
    let soonest = Infinity;
    for (const { until } of this.told) soonest = Math.min(soonest, until);
    if (soonest === Infinity) this.timer.clear();
    else this.timer.set(soonest);
  }

  private tell(told: Told, what: string): void {
    const { node } = this;
    if (node.trace === null) return;
    node.trace.event(node.name, 3, What.Decide, null, 0, `route ${told}: ${what}`, 'RFC 4861 6.3.4');
  }
}
