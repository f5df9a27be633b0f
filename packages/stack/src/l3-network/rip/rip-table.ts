import { formatIpv4 } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { What } from '../../base/trace.ts';
import type { RipInterface } from './rip-interface.ts';
import { RIP_INFINITY } from './rip-message.ts';
import { RipRoute, type RipWay, ripKey } from './rip-route.ts';
import type { RipSettings } from './rip-settings.ts';

/** A network that a router tells of without having learnt it by RIP. */
export interface RipOwnRoute {
  readonly network: number;
  readonly length: number;
  /** What others are told, 1 to 15; each of them adds its own hop. */
  readonly metric: number;
  readonly tag: number;
  /** The next hop, 0: none; and the number of the interface that leads there. */
  readonly gateway: number;
  readonly device: number;
}

/** All networks that RIP knows of, and what is heard about them (RFC 2453 3.9.2). */
export class RipTable {
  /** Something that packets go by has changed since the last `install`. */
  dirty = false;
  /** Something changed of which others were not told. */
  news = false;
  private readonly routes = new Map<number, RipRoute>();
  private readonly node: NodeContext;
  private readonly settings: RipSettings;

  constructor(node: NodeContext, settings: RipSettings) {
    this.node = node;
    this.settings = settings;
  }

  get size(): number {
    return this.routes.size;
  }

  all(): IterableIterator<RipRoute> {
    return this.routes.values();
  }

  find(network: number, length: number): RipRoute | null {
    return this.routes.get(ripKey(network, length)) ?? null;
  }

  /** The routes that were learnt and lead somewhere. */
  learnt(): RipRoute[] {
    return [...this.routes.values()].filter((route) => !route.own && route.alive);
  }

  /** This router's own networks from now on: they come before what others tell. */
  setOwn(routes: readonly RipOwnRoute[]): void {
    const wanted = new Set<number>();
    for (const { network, length, metric, tag, gateway, device } of routes) {
      wanted.add(ripKey(network, length));
      const route = this.obtain(network, length);
      if (route === null) continue;
      const same = route.own && route.metric === metric && route.tag === tag;
      if (same && route.gateway === gateway && route.device === device) continue;
      if (route.ways.length > 0) this.dirty = true;
      route.own = true;
      route.ways = [];
      route.metric = metric;
      route.tag = tag;
      route.gateway = gateway;
      route.device = device;
      route.forgetAt = Infinity;
      this.changed(route, 'is its own');
    }
    for (const [key, route] of this.routes) if (route.own && !wanted.has(key)) this.kill(route, 'is no longer its own');
  }

  /**
   * A neighbour tells of a network. `metric` includes the hop to it; `gateway` is where packets would go.
   */
  heard(
    network: number,
    length: number,
    metric: number,
    tag: number,
    from: number,
    gateway: number,
    on: RipInterface,
  ): void {
    const known = this.find(network, length);
    if (known === null && metric >= RIP_INFINITY) return;
    const route = known ?? this.obtain(network, length);
    if (route === null || route.own) return;
    const way = route.ways.find((each) => each.from === from && each.on === on);
    if (way !== undefined) this.renew(route, way, metric, tag, gateway);
    else if (metric < route.metric) this.adopt(route, metric, tag, from, gateway, on, `${metric} hops`);
    else if (metric < RIP_INFINITY && metric === route.metric) this.alternative(route, from, gateway, on);
  }

  /** Takes away the ways that lead out of an interface. */
  interfaceDown(on: RipInterface): void {
    for (const route of this.routes.values()) {
      if (!route.ways.some((way) => way.on === on)) continue;
      this.dropWays(route, (way) => way.on === on, `${on.link.name} is down`);
    }
  }

  /** What nobody told of for too long dies, what was dead for long enough is forgotten. When to look again, ns. */
  age(now: number): number {
    let next = Infinity;
    for (const [key, route] of this.routes) {
      if (route.ways.some((way) => way.expiresAt <= now)) {
        this.dropWays(route, (way) => way.expiresAt <= now, 'nobody tells of it any more');
      }
      if (route.forgetAt <= now) {
        this.routes.delete(key);
        continue;
      }
      for (const way of route.ways) if (way.expiresAt < next) next = way.expiresAt;
      if (route.forgetAt < next) next = route.forgetAt;
    }
    return next;
  }

  /** Others have been told of all that is new. */
  told(): void {
    this.news = false;
    for (const route of this.routes.values()) route.changed = false;
  }

  clear(): void {
    for (const route of this.routes.values()) if (route.alive) this.kill(route, 'RIP ends');
  }

  /** From the one who told of it before: whatever it says holds (RFC 2453 3.9.2). */
  private renew(route: RipRoute, way: RipWay, metric: number, tag: number, gateway: number): void {
    if (metric >= RIP_INFINITY || (metric > route.metric && route.ways.length > 1)) {
      this.dropWays(route, (each) => each === way, `${formatIpv4(way.from)} says ${metric} hops`);
      return;
    }
    way.expiresAt = this.node.clock.now + this.settings.timeoutNs;
    if (metric === route.metric && way.gateway === gateway && route.tag === tag) return;
    if (metric !== route.metric) this.adopt(route, metric, tag, way.from, gateway, way.on, `now ${metric} hops`);
    else {
      way.gateway = gateway;
      route.tag = tag;
      this.dirty = true;
      this.changed(route, `now via ${formatIpv4(gateway)}`);
    }
  }

  private adopt(
    route: RipRoute,
    metric: number,
    tag: number,
    from: number,
    gateway: number,
    on: RipInterface,
    why: string,
  ): void {
    const expiresAt = this.node.clock.now + this.settings.timeoutNs;
    route.ways = [{ from, gateway, on, expiresAt }];
    route.metric = metric;
    route.tag = tag;
    route.forgetAt = Infinity;
    this.dirty = true;
    this.changed(route, `via ${formatIpv4(gateway)} dev ${on.link.name}, ${why}`);
  }

  /**
   * As good as what there is: one way more, if several are used. If not, it takes the place of one that is half dead
   * already (RFC 2453 3.9.2's heuristic).
   */
  private alternative(route: RipRoute, from: number, gateway: number, on: RipInterface): void {
    const now = this.node.clock.now;
    const expiresAt = now + this.settings.timeoutNs;
    const old = route.ways.findIndex((way) => way.expiresAt - now < this.settings.timeoutNs / 2);
    const way = { from, gateway, on, expiresAt };
    if (old >= 0) route.ways[old] = way;
    else if (route.ways.length < this.settings.ways) route.ways.push(way);
    else return;
    this.dirty = true;
    // Others need not hear: it is as far as before. Only who is on that link is told something else from now on.
    this.tell(route, `also via ${formatIpv4(gateway)} dev ${on.link.name}`);
  }

  private dropWays(route: RipRoute, which: (way: RipWay) => boolean, why: string): void {
    const left = route.ways.filter((way) => !which(way));
    if (left.length === 0) {
      this.kill(route, why);
      return;
    }
    route.ways = left;
    this.dirty = true;
  }

  private kill(route: RipRoute, why: string): void {
    if (!route.alive) return;
    if (!route.own) this.dirty = true;
    route.die(this.node.clock.now + this.settings.garbageNs);
    this.changed(route, `is unreachable: ${why}`);
  }

  private changed(route: RipRoute, why: string): void {
    route.changed = true;
    this.news = true;
    this.tell(route, why);
  }

  private tell(route: RipRoute, why: string): void {
    const { node } = this;
    if (node.trace === null) return;
    const text = `RIP: ${formatIpv4(route.network)}/${route.length} ${why}`;
    node.trace.event(node.name, 3, What.Decide, null, 0, text, 'RFC 2453 3.9.2');
  }

  private obtain(network: number, length: number): RipRoute | null {
    const known = this.find(network, length);
    if (known !== null) return known;
    if (this.routes.size >= this.node.limits.ripRoutes) return null;
    const made = new RipRoute(network, length);
    this.routes.set(ripKey(network, length), made);
    return made;
  }
}
