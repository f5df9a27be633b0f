import { SECOND } from '../base/clock.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { IpInterface } from './ip-interface.ts';
import { type Route, RouteType, type RoutingTable } from './routes.ts';

/** Linux's `gc_timeout`: how long a redirect is followed. RFC 1122 3.3.1.2 leaves it open. */
const LIFETIME_NS = 300 * SECOND;
interface Redirected {
  /** 32 bits. */
  readonly gateway: number;
  /** ns */
  readonly until: number;
}

/**
 * What routers said of better ways (RFC 792; RFC 1122 3.2.2.2): to this destination by another router of the same link.
 * It is forgotten when its time has come, because whoever looks no longer believes it.
 */
export class Redirects {
  /** A host follows redirects; a router has routes (RFC 1812 5.2.7.2). */
  accepted = true;
  private readonly node: NodeContext;
  private readonly routes: RoutingTable;
  private readonly entries = new Map<number, Redirected>();

  constructor(node: NodeContext, routes: RoutingTable) {
    this.node = node;
    this.routes = routes;
  }

  /** The router to send to instead of `gateway` (both 32 bits): the same again where nothing better is known. */
  gatewayFor(destination: number, gateway: number): number {
    if (this.entries.size === 0) return gateway;
    return this.find(destination)?.gateway ?? gateway;
  }

  /** Until when what `gatewayFor` said holds, ns. */
  until(destination: number): number {
    return this.entries.size === 0 ? Infinity : (this.find(destination)?.until ?? Infinity);
  }

  find(destination: number): Redirected | null {
    const entry = this.entries.get(destination);
    if (entry === undefined) return null;
    if (this.node.clock.now < entry.until) return entry;
    this.entries.delete(destination);
    return null;
  }

  /**
   * `from` says that packets to `destination` should go by `gateway`. Believed when `from` is the router that they go by
   * now, and the other is on the same link (RFC 1122 3.2.2.2). False: it is ignored.
   */
  learn(destination: number, gateway: number, from: number, on: IpInterface): boolean {
    if (!this.accepted) return false;
    const route = this.routes.lookup(destination);
    if (route === null || route.type !== RouteType.Unicast || route.gateway === 0) return false;
    if (this.gatewayFor(destination, route.gateway) !== from && !isAmong(route, from)) return false;
    const way = this.routes.lookup(gateway);
    const onLink = way !== null && way.type === RouteType.Unicast && way.gateway === 0 && way.interface === on;
    if (!onLink || gateway === from) return false;
    this.entries.delete(destination);
    if (this.entries.size >= this.node.limits.pathMtuEntries) {
      for (const oldest of this.entries.keys()) {
        this.entries.delete(oldest);
        break;
      }
    }
    this.entries.set(destination, { gateway, until: this.node.clock.now + LIFETIME_NS });
    this.routes.generation++; // flows look again
    return true;
  }

  /** Nobody answered on the way to `destination`: the router that was told of is believed no longer (RFC 1122 3.3.1.4). */
  unanswered(destination: number): void {
    if (this.entries.delete(destination)) this.routes.generation++;
  }
}

/** Is this router one of the ways of the route? */
function isAmong(route: Route, gateway: number): boolean {
  return route.gateway === gateway || (route.hops?.alive.some((hop) => hop.gateway === gateway) ?? false);
}
