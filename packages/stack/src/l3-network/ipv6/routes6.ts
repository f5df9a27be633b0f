import type { Clock } from '../../base/clock.ts';
import { Errno } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import { Prefix } from '../../base/prefix.ts';
import type { IpInterface } from '../ip-interface.ts';
import { RouteOrigin, RouteType } from '../routes.ts';
import { PrefixTrie6 } from './prefix-trie6.ts';

/** Who put a route in: as for IPv4, or a router's advertisement (RFC 4861, RFC 4191). */
export type Route6Origin = RouteOrigin | 'ra';
export const ADVERTISED = 'ra';

const TYPE_NAMES = ['unicast', 'local', 'broadcast', 'unreachable', 'prohibit', 'blackhole'];

export interface Route6Options {
  type?: RouteType;
  /** The next hop; null: the destination is a neighbour. */
  gateway?: IpAddress | null;
  /** Where it leads out; null for the types that lead nowhere. */
  interface?: IpInterface | null;
  /** Among routes to one prefix the lowest wins. */
  metric?: number;
  /** The source address that packets by this route have; null: chosen for each destination (RFC 6724). */
  source?: IpAddress | null;
  origin?: Route6Origin;
  /** When it stops to count, ns; Infinity: never. */
  expiresAt?: number;
}

/** One route of IPv6. */
export class Route6 {
  readonly prefix: Prefix;
  readonly type: RouteType;
  readonly gateway: IpAddress | null;
  readonly interface: IpInterface | null;
  readonly metric: number;
  readonly source: IpAddress | null;
  readonly origin: Route6Origin;
  /** An advertisement that comes again moves it on. */
  expiresAt: number;
  /** The route to the same prefix that is next best. */
  next: Route6 | null = null;

  constructor(prefix: Prefix, options: Route6Options) {
    this.prefix = prefix.address.equals(prefix.network) ? prefix : new Prefix(prefix.network, prefix.length);
    this.type = options.type ?? RouteType.Unicast;
    this.gateway = options.gateway ?? null;
    this.interface = options.interface ?? null;
    this.metric = options.metric ?? 0;
    this.source = options.source ?? null;
    this.origin = options.origin ?? RouteOrigin.Static;
    this.expiresAt = options.expiresAt ?? Infinity;
  }

  get network(): IpAddress {
    return this.prefix.network;
  }

  get length(): number {
    return this.prefix.length;
  }

  /** As `ip -6 route` shows it: `2001:db8:2::/64 via fe80::1 dev eth0 proto ra metric 100`. */
  toString(): string {
    const parts: string[] = [];
    if (this.type !== RouteType.Unicast) parts.push(TYPE_NAMES[this.type] ?? `type ${this.type}`);
    const host = this.length === 128;
    parts.push(this.length === 0 ? 'default' : host ? `${this.network}` : `${this.prefix}`);
    if (this.gateway !== null) parts.push(`via ${this.gateway}`);
    if (this.interface !== null) parts.push(`dev ${this.interface.name}`);
    if (this.origin === ADVERTISED) parts.push('proto ra');
    if (this.metric !== 0) parts.push(`metric ${this.metric}`);
    return parts.join(' ');
  }
}

/**
 * The IPv6 routes of one host: longest prefix first, then lowest metric. Own addresses are routes too. A route whose
 * time is over is taken out by the lookup that meets it: no timer runs for routes.
 */
export class RoutingTable6 {
  /** Changes with every change here: what was found by a lookup is right as long as it stands. */
  generation = 1;
  private readonly trie = new PrefixTrie6();
  /** By the trie's names: the best route to the prefix. */
  private readonly best: (Route6 | null)[] = [null];
  /** Routes by interfaces that are down: they come back with them. */
  private asleep: Route6[] = [];
  private count = 0;
  private readonly limit: number;
  private readonly clock: Clock;

  /** @param limit how many routes there may be */
  constructor(clock: Clock, limit: number) {
    this.clock = clock;
    this.limit = limit;
  }

  get size(): number {
    return this.count;
  }

  /** The route for an address; null when no prefix matches. */
  lookup(address: IpAddress): Route6 | null {
    return this.lookupWords(address.w0, address.w1, address.w2, address.w3);
  }

  /** The same for an address given as its four words, with or without a sign. */
  lookupWords(w0: number, w1: number, w2: number, w3: number): Route6 | null {
    for (;;) {
      const route = this.best[this.trie.lookup(w0, w1, w2, w3)]!;
      if (route === null || route.expiresAt === Infinity || route.expiresAt > this.clock.now) return route;
      this.remove(route);
    }
  }

  /** The route for an address among those that lead out of one interface. Slow; for who is bound to an interface. */
  lookupOn(address: IpAddress, through: IpInterface): Route6 | null {
    let found: Route6 | null = null;
    for (const head of this.best) {
      for (let route = head; route !== null; route = route.next) {
        if (route.interface !== through || route.expiresAt <= this.clock.now) continue;
        if (!route.prefix.contains(address)) continue;
        if (found === null || route.length > found.length) found = route;
      }
    }
    return found;
  }

  /** 0, EEXIST when there is one to the same prefix with the same metric, ENOBUFS past the limit (negated). */
  add(route: Route6): number {
    for (const other of this.routesTo(route.prefix)) if (other.metric === route.metric) return -Errno.EEXIST;
    return this.append(route);
  }

  /** As `add`, but next to others that are equally good: of those the first one added counts. */
  append(route: Route6): number {
    if (this.count >= this.limit) return -Errno.ENOBUFS;
    this.count++;
    if (sleepsWith(route) && !route.interface!.up) this.asleep.push(route);
    else this.wake(route);
    this.generation++;
    return 0;
  }

  /** Takes out this very route; false when it is not here. */
  remove(route: Route6): boolean {
    const sleeping = this.asleep.indexOf(route);
    if (sleeping >= 0) this.asleep.splice(sleeping, 1);
    else if (!this.sleep(route)) return false;
    this.count--;
    this.generation++;
    return true;
  }

  /** The best route to exactly this prefix that fits what is given; null when there is none. */
  find(prefix: Prefix, gateway?: IpAddress | null, through?: IpInterface, metric?: number): Route6 | null {
    for (const route of this.routesTo(prefix)) {
      if (gateway !== undefined && !sameGateway(route.gateway, gateway)) continue;
      if (through !== undefined && route.interface !== through) continue;
      if (metric !== undefined && route.metric !== metric) continue;
      return route;
    }
    return null;
  }

  /** All routes that still count, by network, then length, then metric. */
  list(): Route6[] {
    const now = this.clock.now;
    const live = this.all().filter((route) => route.expiresAt > now);
    return live.sort((a, b) => order(a.network, b.network) || a.length - b.length || a.metric - b.metric);
  }

  /** Takes out all routes for which `which` holds. */
  removeWhere(which: (route: Route6) => boolean): void {
    for (const route of this.all()) if (which(route)) this.remove(route);
  }

  /** An interface went up or down: its routes count, or do not. */
  interfaceChanged(changed: IpInterface): void {
    if (changed.up) {
      const woken = this.asleep.filter((route) => route.interface === changed);
      this.asleep = this.asleep.filter((route) => route.interface !== changed);
      for (const route of woken) this.wake(route);
    } else {
      for (const route of this.all()) {
        if (route.interface === changed && sleepsWith(route) && this.sleep(route)) this.asleep.push(route);
      }
    }
    this.generation++;
  }

  private all(): Route6[] {
    const routes = [...this.asleep];
    for (const head of this.best) for (let route = head; route !== null; route = route.next) routes.push(route);
    return routes;
  }

  private routesTo(prefix: Prefix): Route6[] {
    const routes: Route6[] = [];
    for (let route = this.best[this.nameOf(prefix)]!; route !== null; route = route.next!) routes.push(route);
    for (const route of this.asleep) {
      if (route.length === prefix.length && route.network.equals(prefix.network)) routes.push(route);
    }
    return routes.filter((route) => route.expiresAt > this.clock.now);
  }

  private nameOf(prefix: Prefix): number {
    const { w0, w1, w2, w3 } = prefix.network;
    return this.trie.find(w0, w1, w2, w3, prefix.length);
  }

  /** Puts a route where lookups find it, behind those that are better or as good. */
  private wake(route: Route6): void {
    let name = this.nameOf(route.prefix);
    if (name === 0) {
      const { w0, w1, w2, w3 } = route.network;
      name = this.trie.insert(w0, w1, w2, w3, route.length);
      this.best[name] = null;
    }
    let before: Route6 | null = null;
    let after = this.best[name]!;
    while (after !== null && after.metric <= route.metric) {
      before = after;
      after = after.next!;
    }
    route.next = after;
    if (before === null) this.best[name] = route;
    else before.next = route;
  }

  /** Takes a route from where lookups find it; false when it is not there. */
  private sleep(route: Route6): boolean {
    const name = this.nameOf(route.prefix);
    if (name === 0) return false;
    let before: Route6 | null = null;
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

/** Whether a route is of no use while its interface is down. Addresses are the host's, whatever becomes of the link. */
function sleepsWith(route: Route6): boolean {
  return route.interface !== null && route.type !== RouteType.Local;
}

function sameGateway(a: IpAddress | null, b: IpAddress | null): boolean {
  return a === b || (a !== null && b !== null && a.equals(b));
}

function order(a: IpAddress, b: IpAddress): number {
  return a.w0 - b.w0 || a.w1 - b.w1 || a.w2 - b.w2 || a.w3 - b.w3;
}
