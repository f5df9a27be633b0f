import { Errno } from '../base/errors.ts';
import type { IpAddress } from '../base/ip-address.ts';
import type { Prefix } from '../base/prefix.ts';
import type { IpInterface } from './ip-interface.ts';
import { maskTo, PrefixTrie } from './prefix-trie.ts';
import { Route, type RouteOrigin, RouteType } from './route.ts';

export { PROTOCOL_METRIC, Route, RouteOrigin, RouteType, routeTypeName, type Way } from './route.ts';

/**
 * The routes of one table: longest prefix first, then lowest metric.
 *
 * In a host's main table its own addresses and broadcast addresses are routes too, so that one lookup says everything
 * about a destination: what Linux keeps in the tables `local` and `main`. `generation` changes with every change here:
 * what was found by a lookup is right as long as it stands.
 *
 * Equally good ways to one prefix (ECMP) are one route made by `Route.over`. A routing protocol hands over all it knows
 * with `replaceAll`, whenever its picture of the network has changed.
 */
export class RoutingTable {
  generation = 1;
  private readonly trie = new PrefixTrie();
  /** By the trie's names: the best route to the prefix. */
  private readonly best: (Route | null)[] = [null];
  /** Routes by interfaces that are down, by `keyOf` their prefix: they come back with the interfaces. */
  private readonly asleep = new Map<number, Route[]>();
  private count = 0;
  private readonly limit: number;
  /** The table that flows watch: a change here is one there. Null: it is this one. */
  private readonly main: RoutingTable | null;

  /**
   * @param limit how many routes there may be
   * @param main the host's main table, for one of the others, which counts and changes with them
   */
  constructor(limit: number, main: RoutingTable | null = null) {
    this.limit = limit;
    this.main = main;
  }

  get size(): number {
    return this.count;
  }

  /** The route for an address (32 bits, not negative); null when no prefix matches. */
  lookup(address: number): Route | null {
    return this.best[this.trie.lookup(address)]!;
  }

  /** As `lookup`, but among the routes that say how to send: own addresses and broadcasts apart. */
  lookupBeyond(address: number): Route | null {
    const first = this.lookup(address);
    if (first === null || !isOwn(first)) return first;
    return this.lookupWhere(address, (route) => !isOwn(route));
  }

  /** The way for an address among those that lead out of one interface. Slow; for sockets bound to an interface. */
  lookupOn(address: number, through: IpInterface): Route | null {
    const route = this.lookupWhere(address, (each) => each.leadsOutOf(through) && !isDeadOn(each, through));
    return route?.hops?.alive.find((hop) => hop.interface === through) ?? route;
  }

  /** 0, EEXIST when there is one to the same prefix with the same metric, ENOBUFS past the limit (negated). */
  add(route: Route): number {
    const name = this.trie.find(route.network, route.length);
    for (let other = this.best[name]!; other !== null; other = other.next!) {
      if (other.metric === route.metric && isOwn(other) === isOwn(route)) return -Errno.EEXIST;
    }
    for (const other of this.asleep.get(keyOf(route)) ?? []) {
      if (other.metric === route.metric && isOwn(other) === isOwn(route)) return -Errno.EEXIST;
    }
    return this.append(route);
  }

  /** As `add`, but next to others that are equally good: of those the first one added counts. */
  append(route: Route): number {
    if (!this.hasRoom()) return -Errno.ENOBUFS;
    this.put(route);
    this.changed();
    return 0;
  }

  /** Takes out this very route; false when it is not here. */
  remove(route: Route): boolean {
    if (!this.take(route)) return false;
    this.changed();
    return true;
  }

  /**
   * All routes of one origin from now on: what is there already stays (the same objects), the rest goes, what is new
   * comes. One step of `generation`, and none when nothing changes. ENOBUFS (negated) when not all of them found room;
   * those that did are in.
   */
  replaceAll(origin: RouteOrigin, routes: readonly Route[]): number {
    const old = new Map<number, Route[]>();
    for (const route of this.all()) {
      if (route.origin !== origin) continue;
      const others = old.get(keyOf(route));
      if (others === undefined) old.set(keyOf(route), [route]);
      else others.push(route);
    }
    const fresh: Route[] = [];
    for (const route of routes) {
      const others = old.get(keyOf(route));
      const there = others?.findIndex((other) => other.equals(route)) ?? -1;
      if (there < 0) fresh.push(route);
      else others!.splice(there, 1);
    }
    let changes = 0;
    for (const gone of old.values()) for (const route of gone) if (this.take(route)) changes++;
    let result = 0;
    for (const route of fresh) {
      if (!this.hasRoom()) {
        result = -Errno.ENOBUFS;
        break;
      }
      this.put(route);
      changes++;
    }
    if (changes > 0) this.changed();
    return result;
  }

  /** The best route to exactly this prefix that fits what is given; null when there is none. */
  find(prefix: Prefix, gateway?: IpAddress, through?: IpInterface, metric?: number): Route | null {
    for (const route of this.routesTo(prefix.network.v4, prefix.length)) {
      if (gateway !== undefined && route.gateway !== gateway.v4) continue;
      if (through !== undefined && route.interface !== through) continue;
      if (metric !== undefined && route.metric !== metric) continue;
      return route;
    }
    return null;
  }

  /** All routes, by network, then length, then metric. */
  list(): Route[] {
    return this.all().sort((a, b) => a.network - b.network || a.length - b.length || a.metric - b.metric);
  }

  /** Takes out all routes for which `which` holds. */
  removeWhere(which: (route: Route) => boolean): void {
    for (const route of this.all()) if (which(route)) this.remove(route);
  }

  /** An interface is no more: its routes go, and of those with several ways the ways that led there. */
  removeInterface(gone: IpInterface): void {
    for (const route of this.all()) {
      if (!route.leadsOutOf(gone) || !this.take(route)) continue;
      const left = route.hops?.all.filter((hop) => hop.interface !== gone) ?? [];
      if (left.length === 0) continue;
      const ways = left.map(({ interface: to, gateway, weight }) => ({ interface: to!, gateway, weight }));
      this.put(Route.over(route.network, route.length, ways, route.metric, route.source, route.origin));
    }
    this.changed();
  }

  /** An interface went up or down: its routes count, or do not. */
  interfaceChanged(changed: IpInterface): void {
    for (const route of this.all()) {
      if (!route.leadsOutOf(changed)) continue;
      const wasDead = this.asleep.get(keyOf(route))?.includes(route) ?? false;
      route.renewHops();
      if (route.dead === wasDead || !this.take(route)) continue;
      this.put(route);
    }
    this.changed();
  }

  /** An interface's line died or lives again: routes with several ways pass over those that are dead. */
  carrierChanged(changed: IpInterface): void {
    let any = false;
    for (const route of this.all()) {
      if (route.hops === null || !route.leadsOutOf(changed)) continue;
      route.renewHops();
      any = true;
    }
    if (any) this.changed();
  }

  /** What was found here, or in a table that is asked together with this one, may no longer be right. */
  changed(): void {
    this.generation++;
    if (this.main !== null) this.main.generation++;
  }

  private hasRoom(): boolean {
    return (this.main ?? this).count < this.limit;
  }

  private put(route: Route): void {
    this.count++;
    if (this.main !== null) this.main.count++;
    route.renewHops();
    if (!route.dead) {
      this.wake(route);
      return;
    }
    const others = this.asleep.get(keyOf(route));
    if (others === undefined) this.asleep.set(keyOf(route), [route]);
    else others.push(route);
  }

  private take(route: Route): boolean {
    if (!this.forgetAsleep(route) && !this.sleep(route)) return false;
    this.count--;
    if (this.main !== null) this.main.count--;
    return true;
  }

  private forgetAsleep(route: Route): boolean {
    const others = this.asleep.get(keyOf(route));
    const place = others?.indexOf(route) ?? -1;
    if (others === undefined || place < 0) return false;
    others.splice(place, 1);
    if (others.length === 0) this.asleep.delete(keyOf(route));
    return true;
  }

  private lookupWhere(address: number, which: (route: Route) => boolean): Route | null {
    for (let length = 32; length >= 0; length--) {
      const name = this.trie.find(maskTo(address, length), length);
      if (name === 0) continue;
      for (let route = this.best[name]!; route !== null; route = route.next!) if (which(route)) return route;
    }
    return null;
  }

  private all(): Route[] {
    const routes: Route[] = [];
    for (const sleeping of this.asleep.values()) routes.push(...sleeping);
    for (const head of this.best) {
      for (let route: Route | null = head; route !== null; route = route.next) routes.push(route);
    }
    return routes;
  }

  private routesTo(network: number, length: number): Route[] {
    const routes: Route[] = [];
    const head = this.best[this.trie.find(network, length)]!;
    for (let route: Route | null = head; route !== null; route = route.next) routes.push(route);
    return routes.concat(this.asleep.get(prefixKey(network, length)) ?? []);
  }

  /** Puts a route where lookups find it, behind those that are better or as good. */
  private wake(route: Route): void {
    let name = this.trie.find(route.network, route.length);
    if (name === 0) {
      name = this.trie.insert(route.network, route.length);
      this.best[name] = null;
    }
    let before: Route | null = null;
    let after = this.best[name]!;
    while (after !== null && rankOf(after) <= rankOf(route)) {
      before = after;
      after = after.next!;
    }
    route.next = after;
    if (before === null) this.best[name] = route;
    else before.next = route;
  }

  /** Takes a route from where lookups find it; false when it is not there. */
  private sleep(route: Route): boolean {
    const name = this.trie.find(route.network, route.length);
    if (name === 0) return false;
    let before: Route | null = null;
    for (let at = this.best[name]!; at !== null; at = at.next!) {
      if (at === route) {
        if (before === null) this.best[name] = route.next;
        else before.next = route.next;
        route.next = null;
        if (this.best[name] === null) this.trie.remove(name);
        return true;
      }
      before = at;
    }
    return false;
  }
}

/** What stands in Linux's table `local`: addresses of the host, and the broadcasts that it hears. */
function isOwn(route: Route): boolean {
  return route.type === RouteType.Local || route.type === RouteType.Broadcast;
}

/** Own addresses before all else, then by metric. */
function rankOf(route: Route): number {
  return isOwn(route) ? -1 : route.metric;
}

function isDeadOn(route: Route, through: IpInterface): boolean {
  return route.hops !== null && !through.up;
}

function keyOf(route: Route): number {
  return prefixKey(route.network, route.length);
}

function prefixKey(network: number, length: number): number {
  return network * 64 + length;
}
