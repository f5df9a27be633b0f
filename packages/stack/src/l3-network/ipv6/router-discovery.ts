import { MILLISECOND, SECOND, type Task, Timer } from '../../base/clock.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { Prefix } from '../../base/prefix.ts';
import type { Random } from '../../base/random.ts';
import { What } from '../../base/trace.ts';
import { type Icmp6Handler, IPV6_MIN_MTU, type Ipv6Control, type Ipv6Interface } from './ipv6-interface.ts';
import type { AdvertisedDomains, AdvertisedServers } from './nd-dns-options.ts';
import { ALL_ROUTERS, describeNd, ND_HOP_LIMIT, ndProblem, RS_LENGTH, writeRouterSolicitation } from './nd-messages.ts';
import {
  type AdvertisedPrefix,
  type AdvertisedRoute,
  NdOption,
  type Preference,
  putLinkAddressOption,
} from './nd-options.ts';
import { type RouterAdvertisement, readRouterAdvertisement } from './nd-router-message.ts';
import type { NeighbourDiscovery, RouterWatcher } from './neighbour-discovery.ts';
import { AdvertisedRoutes } from './router-discovery-routes.ts';
import { lifetimeNs, type Slaac } from './slaac.ts';

/** RFC 4861 10. */
const SOLICITATIONS = 3;
const SOLICITATION_INTERVAL_NS = 4 * SECOND;
const MAX_SOLICITATION_DELAY_NS = 1 * SECOND;
const MAX_REACHABLE_MS = 3_600_000;
const MAX_RETRANSMIT_MS = 60_000;
const DEFAULT = new Prefix(IpAddress.ANY6, 0);

/** What routers say about names (RFC 8106): to be told whenever it changes, with all that holds on the interface. */
export interface DnsAdvice {
  advised(on: Ipv6Interface, servers: readonly IpAddress[], domains: readonly string[]): void;
}

/** Something with a lifetime that a router told of. */
interface Advised<T> {
  readonly what: T;
  until: number;
}

/** What is known of the routers of one link. */
class LinkKnowledge implements Task {
  readonly on: Ipv6Interface;
  readonly servers: Advised<IpAddress>[] = [];
  readonly domains: Advised<string>[] = [];
  readonly timer: Timer;
  asked = 0;
  private readonly discovery: RouterDiscovery;

  constructor(discovery: RouterDiscovery, node: NodeContext, on: Ipv6Interface) {
    this.discovery = discovery;
    this.on = on;
    this.timer = new Timer(node.clock, this, 0);
  }

  run(): void {
    this.discovery.due(this);
  }
}

/**
 * Finds the routers of a link, and does what they say (RFC 4861 6.3): default routes, prefixes on the link, the MTU,
 * the hop limit, times, routes (RFC 4191), DNS servers (RFC 8106); addresses are `Slaac`'s.
 */
export class RouterDiscovery implements Icmp6Handler, RouterWatcher, Task {
  /** Who asks for names; set by the host. */
  dns: DnsAdvice | null = null;
  private readonly node: NodeContext;
  private readonly control: Ipv6Control;
  private readonly discovery: NeighbourDiscovery;
  private readonly slaac: Slaac;
  private readonly routes: AdvertisedRoutes;
  private readonly random: Random;
  private readonly links = new Map<Ipv6Interface, LinkKnowledge>();
  /** Stands for the soonest end of what was said about names. */
  private readonly expiry: Timer;

  constructor(node: NodeContext, control: Ipv6Control, discovery: NeighbourDiscovery, slaac: Slaac) {
    this.node = node;
    this.control = control;
    this.discovery = discovery;
    this.slaac = slaac;
    this.routes = new AdvertisedRoutes(node, control.routes);
    this.random = node.random.fork('router solicitations');
    this.expiry = new Timer(node.clock, this, 0);
  }

  /** Asks for routers on this link: after a moment, and three times (RFC 4861 6.3.7). A router asks nobody. */
  start(on: Ipv6Interface): void {
    if (this.control.forwarding || !on.acceptsAdvertisements) return;
    const link = this.linkOf(on);
    link.asked = 0;
    link.timer.set(this.node.clock.now + this.random.below(MAX_SOLICITATION_DELAY_NS));
  }

  /** Routers of this link are being asked for, and none has answered yet. */
  isAsking(on: Ipv6Interface): boolean {
    return this.links.get(on)?.timer.armed === true;
  }

  /** Forgets what was said on this link. */
  detach(on: Ipv6Interface): void {
    const link = this.links.get(on);
    if (link === undefined) return;
    link.timer.dispose();
    this.links.delete(on);
    this.routes.forget(on);
    this.dns?.advised(on, [], []);
    if (this.links.size === 0) this.expiry.dispose();
  }

  /** Time to ask (again). */
  due(link: LinkKnowledge): void {
    const { on } = link;
    if (!on.running || link.asked >= SOLICITATIONS) return;
    link.asked++;
    link.timer.set(this.node.clock.now + SOLICITATION_INTERVAL_NS);
    const packet = this.node.pool.acquire(RS_LENGTH + 8);
    writeRouterSolicitation(packet.view, packet.put(RS_LENGTH));
    const source = on.linkLocal;
    if (source !== null) putLinkAddressOption(packet, NdOption.SourceLinkAddress, on.link.mac);
    this.event(
      What.Send,
      packet,
      `router solicitation ${link.asked} of ${SOLICITATIONS} dev ${on.name}`,
      'RFC 4861 6.3.7',
    );
    this.control.sendControl(packet, source ?? IpAddress.ANY6, ALL_ROUTERS, on, ND_HOP_LIMIT, false);
  }

  /** Takes a router's advertisement. */
  icmp6Input(packet: PacketBuffer, on: Ipv6Interface, cast: 0 | 1 | 2): void {
    const { node } = this;
    const { view, start, end, l3 } = packet;
    const problem = ndProblem(packet);
    if (problem !== null) {
      node.drop(packet, Drop.ND_INVALID, problem);
      return;
    }
    this.event(What.Receive, packet, describeNd(view, start), 'RFC 4861 6.3.4');
    if (this.control.forwarding || !on.acceptsAdvertisements) {
      node.drop(packet, Drop.ND_DONE, 'a router does not ask its like for the way');
      return;
    }
    const router = IpAddress.read6(view, l3 + 8);
    const message = readRouterAdvertisement(view, start, end);
    node.drop(packet, Drop.ND_DONE);
    this.obey(on, router, message, cast !== 0);
  }

  private obey(on: Ipv6Interface, router: IpAddress, message: RouterAdvertisement, toAll: boolean): void {
    const link = this.linkOf(on);
    if (message.lifetimeSeconds > 0) {
      link.asked = SOLICITATIONS; // RFC 4861 6.3.7: one was found
      link.timer.clear();
    }
    if (message.hopLimit !== 0) on.hopLimit = message.hopLimit;
    if (message.reachableMs !== 0 && message.reachableMs <= MAX_REACHABLE_MS) {
      on.reachableNs = message.reachableMs * MILLISECOND;
    }
    // RFC 4861 6.2.1 bounds the first only; who waits for hours between questions has been fooled.
    if (message.retransmitMs !== 0 && message.retransmitMs <= MAX_RETRANSMIT_MS) {
      on.retransmitNs = message.retransmitMs * MILLISECOND;
    }
    if (message.mtu >= IPV6_MIN_MTU && message.mtu <= on.link.mtu && on.advertisedMtu !== message.mtu) {
      on.advertisedMtu = message.mtu;
      this.control.addressesChanged(on);
    }
    const entry = this.discovery.heardOf(router, on, message.linkAddress);
    if (entry !== null) entry.router = true;
    this.defaultRouter(on, router, message.preference, message.lifetimeSeconds);
    for (const prefix of message.prefixes) this.prefix(on, router, prefix, toAll);
    for (const route of message.routes) this.route(on, router, route);
    this.names(link, message.servers, message.domains);
  }

  private defaultRouter(on: Ipv6Interface, router: IpAddress, preference: Preference, seconds: number): void {
    this.routes.set(DEFAULT, router, on, preference, this.node.clock.now + seconds * SECOND);
  }

  private prefix(on: Ipv6Interface, router: IpAddress, option: AdvertisedPrefix, toAll: boolean): void {
    if (option.onLink && !option.prefix.network.isLinkLocal) {
      const until = this.node.clock.now + lifetimeNs(option.validSeconds);
      this.routes.set(option.prefix, null, on, 'medium', until);
    }
    this.slaac.advertised(on, option, router, toAll);
  }

  private route(on: Ipv6Interface, router: IpAddress, option: AdvertisedRoute): void {
    const until = this.node.clock.now + lifetimeNs(option.lifetimeSeconds);
    this.routes.set(option.prefix, router, on, option.preference, until);
  }

  routerLost(on: Ipv6Interface, address: IpAddress): void {
    this.routes.routerLost(on, address);
  }

  routerReachable(on: Ipv6Interface, address: IpAddress, reachable: boolean): void {
    this.routes.routerReachable(on, address, reachable);
  }

  private names(
    link: LinkKnowledge,
    servers: readonly AdvertisedServers[],
    domains: readonly AdvertisedDomains[],
  ): void {
    const limit = this.node.limits.advertisedNames;
    let changed = false;
    for (const { servers: list, lifetimeSeconds } of servers) {
      const until = this.node.clock.now + lifetimeNs(lifetimeSeconds);
      for (const server of list) changed = advise(link.servers, server, until, limit, sameAddress) || changed;
    }
    for (const { domains: list, lifetimeSeconds } of domains) {
      const until = this.node.clock.now + lifetimeNs(lifetimeSeconds);
      for (const domain of list) changed = advise(link.domains, domain, until, limit, Object.is) || changed;
    }
    this.namesExpired();
    if (changed) this.tellNames(link);
  }

  /** The clock's call: what was said about names holds no longer. */
  run(): void {
    this.namesExpired();
  }

  private namesExpired(): void {
    const { now } = this.node.clock;
    let soonest = Infinity;
    for (const link of this.links.values()) {
      const gone = [...expire(link.servers, now), ...expire(link.domains, now)];
      for (const { until } of [...link.servers, ...link.domains]) soonest = Math.min(soonest, until);
      if (gone.length > 0) this.tellNames(link);
    }
    if (soonest === Infinity) this.expiry.clear();
    else this.expiry.set(soonest);
  }

  private tellNames(link: LinkKnowledge): void {
    const servers = link.servers.map(({ what }) => what);
    const domains = link.domains.map(({ what }) => what);
    this.event(What.Decide, null, `DNS servers by ${link.on.name}: ${servers.join(', ') || 'none'}`, 'RFC 8106 6.2');
    this.dns?.advised(link.on, servers, domains);
  }

  private linkOf(on: Ipv6Interface): LinkKnowledge {
    let link = this.links.get(on);
    if (link === undefined) {
      link = new LinkKnowledge(this, this.node, on);
      this.links.set(on, link);
    }
    return link;
  }

  private event(what: What, packet: PacketBuffer | null, detail: string, source: string): void {
    this.node.trace?.event(this.node.name, 3, what, packet, 0, detail, source);
  }
}

/** Takes `what` into the list until then, or renews it; true when the list has another content. */
function advise<T>(list: Advised<T>[], what: T, until: number, limit: number, same: (a: T, b: T) => boolean): boolean {
  const known = list.find((each) => same(each.what, what));
  if (known !== undefined) {
    known.until = until;
    return false;
  }
  if (list.length >= limit) return false;
  list.push({ what, until });
  return true;
}

/** Takes out what is over, and returns it. */
function expire<T>(list: Advised<T>[], now: number): Advised<T>[] {
  const gone = list.filter(({ until }) => until <= now);
  for (const each of gone) list.splice(list.indexOf(each), 1);
  return gone;
}

function sameAddress(a: IpAddress, b: IpAddress): boolean {
  return a.equals(b);
}
