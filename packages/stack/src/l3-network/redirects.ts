import { SECOND } from '../base/clock.ts';
import { formatIpv4 } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { What } from '../base/trace.ts';
import type { IcmpErrors } from './icmp-errors.ts';
import { IcmpType } from './icmp-header.ts';
import type { IpInterface } from './ip-interface.ts';
import { ipv4Destination, ipv4Source } from './ipv4-header.ts';
import { type Route, RouteType, type RoutingTable } from './routes.ts';

/** Linux's `gc_timeout`: how long a redirect is followed. RFC 1122 3.3.1.2 leaves it open. */
const LIFETIME_NS = 300 * SECOND;
/** Code 1, "for the host": RFC 1812 5.2.7.2 wants no other. */
export const REDIRECT_HOST = 1;
/** Linux's `redirect_number`: to who does not listen nothing more is said, until he has been silent for 20 s. */
const MOST_TOLD = 9;
const SILENCE_NS = 20 * SECOND;
const MOST_SOURCES = 256;

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

/** Who was told, and how often. */
interface Told {
  count: number;
  lastNs: number;
}

/** Tells hosts of a better way: what a router does beside forwarding (RFC 1812 5.2.7.2). */
export class RedirectSender {
  enabled = true;
  private readonly node: NodeContext;
  private readonly errors: IcmpErrors;
  private readonly told = new Map<number, Told>();

  constructor(node: NodeContext, errors: IcmpErrors) {
    this.node = node;
    this.errors = errors;
  }

  /**
   * A packet leaves by the interface that it came in on, to `gateway` (0: to its destination itself): its sender could
   * have sent it there, if he is on the same network. Does not take the packet, which is as it came.
   */
  consider(packet: PacketBuffer, on: IpInterface, gateway: number): void {
    if (!this.enabled) return;
    const source = ipv4Source(packet.view, packet.start);
    const better = gateway !== 0 ? gateway : ipv4Destination(packet.view, packet.start);
    if (!sameNetwork(on, source, better) || !this.mayTell(source)) return;
    if (this.node.trace !== null) {
      const detail = `${formatIpv4(source)} could send to ${formatIpv4(better)} itself: redirect`;
      this.node.trace.event(this.node.name, 3, What.Decide, packet, 0, detail, 'RFC 1812 5.2.7.2');
    }
    this.errors.send(packet, IcmpType.Redirect, REDIRECT_HOST, better);
  }

  /** At once, then after 1, 2, 4 ... s; nine times at most to who does not listen. */
  private mayTell(source: number): boolean {
    const { now } = this.node.clock;
    const told = this.told.get(source);
    if (told === undefined || now - told.lastNs > SILENCE_NS + SECOND * 2 ** told.count) {
      if (this.told.size >= MOST_SOURCES) this.told.clear();
      this.told.set(source, { count: 1, lastNs: now });
      return true;
    }
    if (told.count >= MOST_TOLD) {
      told.lastNs = now;
      return false;
    }
    if (now - told.lastNs < SECOND * 2 ** (told.count - 1)) return false;
    told.count++;
    told.lastNs = now;
    return true;
  }
}

function sameNetwork(on: IpInterface, source: number, gateway: number): boolean {
  for (const prefix of on.addresses) {
    if (prefix.address.family !== 4) continue;
    const { mask4, address } = prefix;
    if (((address.v4 ^ source) & mask4) === 0 && ((address.v4 ^ gateway) & mask4) === 0) return true;
  }
  return false;
}
