import { MILLISECOND, SECOND, type Task, Timer } from '../../base/clock.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { Prefix } from '../../base/prefix.ts';
import type { Random } from '../../base/random.ts';
import { What } from '../../base/trace.ts';
import { type Icmp6Handler, IPV6_MIN_MTU, type Ipv6Control, type Ipv6Interface } from './ipv6-interface.ts';
import { ALL_NODES, ND_HOP_LIMIT, ndProblem, RS_LENGTH } from './nd-messages.ts';
import {
  type AdvertisedPrefix,
  type AdvertisedRoute,
  linkAddressOption,
  NdOption,
  type Preference,
} from './nd-options.ts';
import { putRouterAdvertisement, type RouterAdvertisement } from './nd-router-message.ts';
import type { NeighbourDiscovery } from './neighbour-discovery.ts';

/** RFC 4861 10. */
const INITIAL_INTERVAL_NS = 16 * SECOND;
const INITIAL_ADVERTISEMENTS = 3;
const MIN_DELAY_NS = 3 * SECOND;
const MAX_ANSWER_DELAY_NS = 500 * MILLISECOND;
/** RFC 4861 6.2.1. */
export const DEFAULT_INTERVAL_SECONDS = 600;
export const MIN_INTERVAL_SECONDS = 3;
export const MAX_INTERVAL_SECONDS = 1800;
export const MAX_LIFETIME_SECONDS = 9000;
const VALID_SECONDS = 2_592_000;
const PREFERRED_SECONDS = 604_800;

/** What a router tells on one link; what is left out is as RFC 4861 6.2.1 has it. */
export interface AdvertiseOptions {
  /** Left out: the networks of the interface's addresses, for hosts to make addresses of. */
  prefixes?: readonly AdvertisedPrefix[];
  /** The longest time between two advertisements, seconds, 3 to 1,800; default 600. The shortest is a third of it. */
  intervalSeconds?: number;
  /** How long the router is a default router, seconds; 0: it is none. Default: three intervals. */
  lifetimeSeconds?: number;
  servers?: readonly IpAddress[];
  domains?: readonly string[];
  /** Bytes; left out: it says nothing about it. */
  mtu?: number;
  hopLimit?: number;
  managed?: boolean;
  other?: boolean;
  preference?: Preference;
  reachableMs?: number;
  retransmitMs?: number;
  routes?: readonly AdvertisedRoute[];
}

/** A link on which the router advertises. */
class AdvertisedLink implements Task {
  readonly on: Ipv6Interface;
  options: AdvertiseOptions;
  readonly timer: Timer;
  sent = 0;
  /** When the last one went to all, ns; -Infinity: none did. */
  lastAt = -Infinity;
  private readonly advertiser: RouterAdvertiser;

  constructor(advertiser: RouterAdvertiser, node: NodeContext, on: Ipv6Interface, options: AdvertiseOptions) {
    this.advertiser = advertiser;
    this.on = on;
    this.options = options;
    this.timer = new Timer(node.clock, this, 0);
  }

  get maxIntervalNs(): number {
    return (this.options.intervalSeconds ?? DEFAULT_INTERVAL_SECONDS) * SECOND;
  }

  /** RFC 4861 6.2.1: a third of the longest, 3 s at least. */
  get minIntervalNs(): number {
    return Math.min(this.maxIntervalNs, Math.max(MIN_DELAY_NS, Math.floor(this.maxIntervalNs / 3)));
  }

  run(): void {
    this.advertiser.due(this);
  }
}

/**
 * A router's advertisements (RFC 4861 6.2): to all nodes from time to time, and when a host asks, but not more often
 * than every 3 s; a last one says goodbye.
 */
export class RouterAdvertiser implements Icmp6Handler {
  private readonly node: NodeContext;
  private readonly control: Ipv6Control;
  private readonly discovery: NeighbourDiscovery;
  private readonly random: Random;
  private readonly links = new Map<Ipv6Interface, AdvertisedLink>();

  constructor(node: NodeContext, control: Ipv6Control, discovery: NeighbourDiscovery) {
    this.node = node;
    this.control = control;
    this.discovery = discovery;
    this.random = node.random.fork('router advertisements');
  }

  /** Advertises on this link from now on, or something else than before. */
  start(on: Ipv6Interface, options: AdvertiseOptions): void {
    const known = this.links.get(on);
    const link = known ?? new AdvertisedLink(this, this.node, on, options);
    link.options = options;
    link.sent = 0;
    this.links.set(on, link);
    this.changed(on);
  }

  advertises(on: Ipv6Interface): boolean {
    return this.links.has(on);
  }

  /** What is advertised on the link has changed, or the link came up: it is told soon. */
  changed(on: Ipv6Interface): void {
    const link = this.links.get(on);
    if (link === undefined || on.linkLocal === null || !on.running) return;
    this.soon(link, this.random.below(MAX_ANSWER_DELAY_NS));
  }

  /** Advertises no more; with `farewell`, a last one tells hosts to go elsewhere (RFC 4861 6.2.5): true if it did. */
  stop(on: Ipv6Interface, farewell: boolean): boolean {
    const link = this.links.get(on);
    if (link === undefined) return false;
    link.timer.dispose();
    this.links.delete(on);
    if (!farewell || link.sent === 0) return false;
    this.send(link, ALL_NODES, 0);
    return true;
  }

  /** Its time came. */
  due(link: AdvertisedLink): void {
    if (!link.on.running) return;
    const { now } = this.node.clock;
    this.send(link, ALL_NODES, this.lifetime(link));
    link.sent++;
    link.lastAt = now;
    const { minIntervalNs, maxIntervalNs } = link;
    let interval = minIntervalNs + this.between(maxIntervalNs - minIntervalNs);
    if (link.sent < INITIAL_ADVERTISEMENTS) interval = Math.min(interval, INITIAL_INTERVAL_NS);
    link.timer.set(now + interval);
  }

  /** Takes a host's question for routers. */
  icmp6Input(packet: PacketBuffer, on: Ipv6Interface): void {
    const { node } = this;
    const problem = ndProblem(packet);
    if (problem !== null) {
      node.drop(packet, Drop.ND_INVALID, problem);
      return;
    }
    const link = this.links.get(on);
    if (link === undefined) {
      node.drop(packet, Drop.ND_DONE, 'nobody advertises here');
      return;
    }
    const { view, start, end, l3 } = packet;
    const asker = IpAddress.read6(view, l3 + 8);
    this.tell(on, packet, `router solicitation from ${asker}`, What.Receive);
    if (!asker.isUnspecified) {
      const mac = linkAddressOption(view, start + RS_LENGTH, end, NdOption.SourceLinkAddress);
      const entry = mac === null ? null : this.discovery.learn(asker, on, mac);
      if (entry !== null) entry.router = false; // RFC 4861 6.2.6
    }
    node.drop(packet, Drop.ND_DONE);
    if (on.linkLocal !== null) this.soon(link, this.random.below(MAX_ANSWER_DELAY_NS));
  }

  /** One to all within `delay` ns, or as soon as the rate allows (RFC 4861 6.2.6); an earlier one does as well. */
  private soon(link: AdvertisedLink, delay: number): void {
    const { now } = this.node.clock;
    const at = Math.max(now + delay, link.lastAt + MIN_DELAY_NS + delay);
    if (!link.timer.armed || at < link.timer.deadline) link.timer.set(at);
  }

  private send(link: AdvertisedLink, to: IpAddress, lifetimeSeconds: number): void {
    const { on } = link;
    const source = on.linkLocal;
    if (source === null) return;
    const packet = this.node.pool.acquire(256);
    putRouterAdvertisement(packet, this.message(link, lifetimeSeconds));
    if (packet.length > IPV6_MIN_MTU - 40) {
      // RFC 6980: it must not be sent in fragments; a scenario's words cannot make it so long.
      this.node.drop(packet, Drop.FRAME_TOO_LONG, 'an advertisement of more than 1,280 bytes');
      return;
    }
    this.tell(on, packet, `router advertisement, lifetime ${lifetimeSeconds} s`, What.Send);
    this.control.sendControl(packet, source, to, on, ND_HOP_LIMIT, false);
  }

  private message(link: AdvertisedLink, lifetimeSeconds: number): RouterAdvertisement {
    const { on, options } = link;
    const { servers = [], domains = [] } = options;
    // RFC 8106 5.1: as long as a host is sure to hear of them again.
    const namesSeconds = Math.ceil((3 * link.maxIntervalNs) / SECOND);
    return {
      hopLimit: options.hopLimit ?? on.hopLimit,
      managed: options.managed ?? false,
      other: options.other ?? false,
      preference: lifetimeSeconds === 0 ? 'medium' : (options.preference ?? 'medium'), // RFC 4191 2.2
      lifetimeSeconds,
      reachableMs: options.reachableMs ?? 0,
      retransmitMs: options.retransmitMs ?? 0,
      linkAddress: on.link.mac,
      mtu: options.mtu ?? 0,
      prefixes: options.prefixes ?? networksOf(on),
      routes: options.routes ?? [],
      servers: servers.length === 0 ? [] : [{ lifetimeSeconds: namesSeconds, servers }],
      domains: domains.length === 0 ? [] : [{ lifetimeSeconds: namesSeconds, domains }],
    };
  }

  private lifetime(link: AdvertisedLink): number {
    const seconds = link.options.lifetimeSeconds ?? (3 * link.maxIntervalNs) / SECOND;
    return Math.min(Math.ceil(seconds), MAX_LIFETIME_SECONDS);
  }

  /** A time from 0 to `span` ns. */
  private between(span: number): number {
    return Math.floor(this.random.fraction() * span);
  }

  private tell(on: Ipv6Interface, packet: PacketBuffer, detail: string, what: What): void {
    this.node.trace?.event(this.node.name, 3, what, packet, 0, `${detail} dev ${on.name}`, 'RFC 4861 6.2');
  }
}

/** The networks of an interface's addresses, each once. */
export function networksOf(on: Ipv6Interface): AdvertisedPrefix[] {
  const networks: AdvertisedPrefix[] = [];
  for (const { address, prefix, state } of on.addresses) {
    if (state === 'duplicate' || address.isLinkLocal || prefix.length === 128) continue;
    const network = new Prefix(prefix.network, prefix.length);
    if (!networks.some((each) => each.prefix.equals(network))) networks.push(advertisedPrefix(network));
  }
  return networks;
}

/** A prefix for hosts to make addresses of, with the lifetimes of RFC 4861 6.2.1: 30 and 7 days. */
export function advertisedPrefix(prefix: Prefix): AdvertisedPrefix {
  return {
    prefix,
    onLink: true,
    autonomous: true,
    validSeconds: VALID_SECONDS,
    preferredSeconds: PREFERRED_SECONDS,
  };
}
