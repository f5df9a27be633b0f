import { Errno } from '../base/errors.ts';
import { formatIpv4, IpAddress } from '../base/ip-address.ts';
import { Prefix } from '../base/prefix.ts';
import type { IpInterface } from './ip-interface.ts';
import { maskTo, PrefixTrie } from './prefix-trie.ts';

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

/** One route. Addresses are 32 bits, not negative; 0 stands for none. */
export class Route {
  readonly network: number;
  readonly length: number;
  readonly type: RouteType;
  /** The next hop; 0: the destination is a neighbour. */
  readonly gateway: number;
  /** Where it leads out; null for the types that lead nowhere. */
  readonly interface: IpInterface | null;
  /** Among routes to one prefix the lowest wins. */
  readonly metric: number;
  /** The source address that packets by this route have; 0: the interface's. */
  readonly source: number;
  readonly origin: RouteOrigin;
  /** The route to the same prefix that is next best. */
  next: Route | null = null;

  constructor(
    network: number,
    length: number,
    type: RouteType,
    to: IpInterface | null,
    gateway = 0,
    metric = 0,
    source = 0,
    origin: RouteOrigin = RouteOrigin.Static,
  ) {
    this.network = maskTo(network, length);
    this.length = length;
    this.type = type;
    this.gateway = gateway;
    this.interface = to;
    this.metric = metric;
    this.source = source;
    this.origin = origin;
  }

  get prefix(): Prefix {
    return new Prefix(IpAddress.v4(this.network), this.length);
  }

  /** As `ip route` shows it: `10.0.2.0/24 via 10.0.1.1 dev eth0 metric 100`. */
  toString(): string {
    const parts: string[] = [];
    if (this.type !== RouteType.Unicast) parts.push(TYPE_NAMES[this.type]);
    parts.push(this.length === 0 ? 'default' : `${formatIpv4(this.network)}/${this.length}`);
    if (this.gateway !== 0) parts.push(`via ${formatIpv4(this.gateway)}`);
    if (this.interface !== null) parts.push(`dev ${this.interface.name}`);
    if (this.metric !== 0) parts.push(`metric ${this.metric}`);
    return parts.join(' ');
  }
}

/**
 * The routes of one host: longest prefix first, then lowest metric.
 *
 * Its own addresses and broadcast addresses are routes too, so that one lookup says everything about a destination.
 * `generation` changes with every change here: what was found by a lookup is right as long as it stands.
 */
export class RoutingTable {
  generation = 1;
  private readonly trie = new PrefixTrie();
  /** By the trie's names: the best route to the prefix. */
  private readonly best: (Route | null)[] = [null];
  /** Routes by interfaces that are down: they come back with them. */
  private asleep: Route[] = [];
  private count = 0;
  private readonly limit: number;

  /** @param limit how many routes there may be */
  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.count;
  }

  /** The route for an address (32 bits, not negative); null when no prefix matches. */
  lookup(address: number): Route | null {
    return this.best[this.trie.lookup(address)];
  }

  /** The route for an address among those that lead out of one interface. Slow; for sockets bound to an interface. */
  lookupOn(address: number, through: IpInterface): Route | null {
    for (let length = 32; length >= 0; length--) {
      const name = this.trie.find(maskTo(address, length), length);
      if (name === 0) continue;
      for (let route = this.best[name]; route !== null; route = route.next) {
        if (route.interface === through) return route;
      }
    }
    return null;
  }

  /** 0, EEXIST when there is one to the same prefix with the same metric, ENOBUFS past the limit (negated). */
  add(route: Route): number {
    const name = this.trie.find(route.network, route.length);
    for (let other = this.best[name]; other !== null; other = other.next) {
      if (other.metric === route.metric) return -Errno.EEXIST;
    }
    for (const other of this.asleep) {
      if (other.network === route.network && other.length === route.length && other.metric === route.metric) {
        return -Errno.EEXIST;
      }
    }
    return this.append(route);
  }

  /** As `add`, but next to others that are equally good: of those the first one added counts. */
  append(route: Route): number {
    if (this.count >= this.limit) return -Errno.ENOBUFS;
    this.count++;
    if (sleepsWith(route) && !route.interface!.up) this.asleep.push(route);
    else this.wake(route);
    this.generation++;
    return 0;
  }

  /** Takes out this very route; false when it is not here. */
  remove(route: Route): boolean {
    const sleeping = this.asleep.indexOf(route);
    if (sleeping >= 0) this.asleep.splice(sleeping, 1);
    else if (!this.sleep(route)) return false;
    this.count--;
    this.generation++;
    return true;
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

  private all(): Route[] {
    const routes = [...this.asleep];
    for (const head of this.best) {
      for (let route: Route | null = head; route !== null; route = route.next) routes.push(route);
    }
    return routes;
  }

  private routesTo(network: number, length: number): Route[] {
    const routes: Route[] = [];
    const head = this.best[this.trie.find(network, length)];
    for (let route = head; route !== null; route = route.next) routes.push(route);
    for (const route of this.asleep) if (route.network === network && route.length === length) routes.push(route);
    return routes;
  }

  /** Puts a route where lookups find it, behind those that are better or as good. */
  private wake(route: Route): void {
    let name = this.trie.find(route.network, route.length);
    if (name === 0) {
      name = this.trie.insert(route.network, route.length);
      this.best[name] = null;
    }
    let before: Route | null = null;
    let after = this.best[name];
    while (after !== null && after.metric <= route.metric) {
      before = after;
      after = after.next;
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
    for (let at = this.best[name]; at !== null; at = at.next) {
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
function sleepsWith(route: Route): boolean {
  return route.interface !== null && route.type !== RouteType.Local;
}
