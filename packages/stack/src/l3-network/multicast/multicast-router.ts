import { Drop } from '../../base/drop-reasons.ts';
import { formatIpv4, IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import type { Prefix } from '../../base/prefix.ts';
import { What } from '../../base/trace.ts';
import { fragmentIpv4 } from '../fragmentation.ts';
import type { IpInterface } from '../ip-interface.ts';
import { decrementIpv4Ttl, ipv4Destination, ipv4DontFragment, ipv4Source, ipv4Ttl } from '../ipv4-header.ts';
import { type Ipv4Paths, multicastMac } from '../ipv4-paths.ts';
import type { Neighbour } from '../neighbour.ts';
import { RouteType } from '../routes.ts';
import { type Groups, SourceFilter } from './groups.ts';
import type { Igmp, IgmpListener } from './igmp.ts';
import type { IgmpOutput } from './igmp-output.ts';
import { IgmpQuerier, QUERY_INTERVAL_NS, type QuerierOwner } from './igmp-querier.ts';

/** Packets of these sources to these groups, when they come in there, go out there. */
export interface MulticastRoute {
  readonly group: Prefix;
  /** null: every source. */
  readonly source: Prefix | null;
  readonly from: IpInterface;
  readonly to: readonly IpInterface[];
}

export interface MulticastRouterOptions {
  /** Where the sources, or the routers that know them, are; null: none. Groups that are wanted below are joined there. */
  readonly upstream: IpInterface | null;
  /** Links whose hosts are asked what they want. */
  readonly downstream: readonly IpInterface[];
  readonly routes?: readonly MulticastRoute[];
  /** The least time to live that leaves by an interface; 1 where nothing is said. */
  readonly thresholds?: ReadonlyMap<IpInterface, number>;
  /** How often hosts are asked, ns. */
  readonly queryIntervalNs?: number;
}

/**
 * A multicast router without a routing protocol: by a table that a person made, and as an IGMP proxy (RFC 4605), which
 * is a host upstream, and a router for the hosts downstream.
 *
 *                 upstream: joins what is wanted below      packets from above: to the links that want them
 *                    |
 *                 [ router ]
 *                  |      |
 *       downstream: asks hosts what they want               packets from a link: up, and to other links that want them
 */
export class MulticastRouter implements QuerierOwner, IgmpListener {
  /** Copies sent on so far. */
  forwarded = 0;
  readonly queriers: readonly IgmpQuerier[];
  private readonly node: NodeContext;
  private readonly paths: Ipv4Paths;
  private readonly groups: Groups;
  private readonly options: MulticastRouterOptions;
  private readonly routes: readonly MulticastRoute[];
  /** What was joined upstream, by group. */
  private readonly joined = new Map<number, SourceFilter>();
  /** By group and source, as of `routes.generation`. */
  private readonly known = new Map<number, Map<number, { from: IpInterface; ways: readonly Way[] | null }>>();
  private generation = -1;

  constructor(node: NodeContext, paths: Ipv4Paths, igmp: Igmp, output: IgmpOutput, options: MulticastRouterOptions) {
    this.node = node;
    this.paths = paths;
    this.groups = igmp.groups;
    this.options = options;
    this.routes = options.routes ?? [];
    const interval = options.queryIntervalNs ?? QUERY_INTERVAL_NS;
    this.queriers = options.downstream.map((on) => new IgmpQuerier(node, on, output, this, interval));
    igmp.router = this;
  }

  /** Begins to ask hosts, and joins the groups of the table where their packets come from. */
  start(): void {
    for (const querier of this.queriers) querier.start();
    for (const { group, from } of this.routes) {
      if (group.length === 32) this.groups.add(from, group.address, new SourceFilter(true, [], false));
    }
  }

  stop(): void {
    for (const querier of this.queriers) querier.stop();
  }

  igmpInput(packet: PacketBuffer, on: IpInterface): void {
    for (const querier of this.queriers) if (querier.on === on) querier.input(packet);
  }

  /** RFC 4605 4.1: what any link downstream wants is asked for upstream. */
  groupWanted(_on: IpInterface, group: number): void {
    this.known.delete(group);
    const { upstream } = this.options;
    if (upstream === null || isLinkScope(group)) return;
    const all: SourceFilter[] = [];
    for (const querier of this.queriers) {
      const filter = querier.filter(group);
      if (filter !== null) all.push(filter);
    }
    const merged = SourceFilter.merge(all);
    const address = IpAddress.v4(group);
    const known = this.joined.get(group);
    const wanted = merged.exclude || merged.sources.size > 0;
    if (known === undefined) {
      if (!wanted) return;
      const filter = new SourceFilter(merged.exclude, merged.sources, false);
      if (this.groups.add(upstream, address, filter) === 0) this.joined.set(group, filter);
    } else if (!wanted) {
      this.joined.delete(group);
      this.groups.remove(upstream, address, known);
    } else if (!known.equals(merged)) {
      known.become(merged);
      this.groups.changed(upstream, address);
    }
  }

  /**
   * Sends on a packet to a group that came in on `from`; takes it over. Its header at `packet.start` is checked. Nobody
   * is told when it goes no further (RFC 1812 4.3.2.7).
   */
  forward(packet: PacketBuffer, from: IpInterface): void {
    const { node } = this;
    const { view, start } = packet;
    const group = ipv4Destination(view, start);
    const source = ipv4Source(view, start);
    const ttl = ipv4Ttl(view, start);
    if (isLinkScope(group) || !mayTravel(source)) {
      node.drop(packet, Drop.IP_MULTICAST_NOT_MEMBER, `${formatIpv4(group)} stays on its link`);
      return;
    }
    const ways = this.ways(group, source, from);
    if (ways === null) {
      node.drop(packet, Drop.MULTICAST_WRONG_INTERFACE, `${formatIpv4(source)} is not behind ${from.name}`);
      return;
    }
    if (ways.length === 0) {
      node.drop(packet, Drop.MULTICAST_NO_RECEIVER, formatIpv4(group));
      return;
    }
    let sent = 0;
    for (const way of ways) {
      if (ttl <= way.threshold) continue;
      this.sendOn(packet.copy(), way.neighbour, ttl - 1);
      sent++;
    }
    if (sent === 0) node.drop(packet, Drop.IP_TTL_EXPIRED, `TTL ${ttl}`);
    else packet.release();
  }

  /** The streams that are known, for people: `to` null when their packets come by the wrong interface. */
  streams(): { source: number; group: number; from: string; to: string[] | null }[] {
    const all: { source: number; group: number; from: string; to: string[] | null }[] = [];
    for (const [group, sources] of this.known) {
      for (const [source, { from, ways }] of sources) {
        const to = ways === null ? null : ways.map((way) => way.neighbour.interface.name);
        all.push({ source, group, from: from.name, to });
      }
    }
    return all;
  }

  /** What `waysOut` says, kept for as long as nothing changes: the second packet of a stream asks nobody. */
  private ways(group: number, source: number, from: IpInterface): readonly Way[] | null {
    const { generation } = this.paths.routes;
    if (generation !== this.generation) {
      this.generation = generation;
      this.known.clear();
    }
    let sources = this.known.get(group);
    const known = sources?.get(source);
    if (known !== undefined && known.from === from) return known.ways;
    const out = this.waysOut(group, source, from);
    const ways =
      out === null ? null : out.map((to) => new Way(this.paths, to, group, this.options.thresholds?.get(to) ?? 1));
    if (sources === undefined) {
      if (this.known.size >= this.node.limits.multicastGroups) this.known.clear();
      sources = new Map();
      this.known.set(group, sources);
    } else if (sources.size >= this.node.limits.multicastSources) {
      sources.clear();
    }
    sources.set(source, { from, ways });
    return ways;
  }

  /** The interfaces where it is wanted; null: it came by the wrong one. The table goes before what hosts said. */
  private waysOut(group: number, source: number, from: IpInterface): readonly IpInterface[] | null {
    let elsewhere = false;
    for (const route of this.routes) {
      if (!covers(route.group, group) || (route.source !== null && !covers(route.source, source))) continue;
      if (route.from === from) return route.to;
      elsewhere = true;
    }
    const { upstream } = this.options;
    const isDown = this.options.downstream.includes(from);
    if (from !== upstream && !isDown) return elsewhere ? null : [];
    if (!this.leadsBack(source, from)) return null;
    const out: IpInterface[] = [];
    if (isDown && upstream !== null && upstream !== from) out.push(upstream);
    for (const querier of this.queriers) {
      if (querier.on !== from && querier.on !== upstream && querier.wants(group, source)) out.push(querier.on);
    }
    return out;
  }

  /** Reverse path check: the unicast route to the source leads out where its packet came in. */
  private leadsBack(source: number, from: IpInterface): boolean {
    const route = this.paths.routes.lookup(source);
    return route !== null && route.type === RouteType.Unicast && route.interface === from;
  }

  /** A firewall looks at each copy as at any packet that is sent on; null: it ended it. */
  private filtered(packet: PacketBuffer, to: IpInterface): PacketBuffer | null {
    const { filter } = this.paths;
    if (filter === null) return packet;
    const passed = filter.forward(packet, to);
    return passed === null ? null : filter.postrouting(passed, to, true);
  }

  private sendOn(packet: PacketBuffer, neighbour: Neighbour, ttl: number): void {
    const { node } = this;
    const { link, interface: to } = neighbour;
    if (packet.length > link.mtu && ipv4DontFragment(packet.view, packet.start)) {
      node.drop(packet, Drop.IP_FRAGMENTATION_NEEDED, `${packet.length} bytes, ${link.name} carries ${link.mtu}`);
      return;
    }
    decrementIpv4Ttl(packet.view, packet.start);
    this.paths.recorder.forwarded(packet, to);
    const passed = this.filtered(packet, to);
    if (passed === null) return;
    this.forwarded++;
    if (node.trace !== null) {
      const detail = `to ${neighbour.address} by ${to.name}, TTL ${ttl}`;
      node.trace.event(node.name, 3, What.Forward, passed, 0, detail, 'RFC 4605 4.2');
    }
    let piece: PacketBuffer | null = passed.length > link.mtu ? fragmentIpv4(passed, link.mtu) : passed;
    while (piece !== null) {
      const next: PacketBuffer | null = piece.next;
      piece.next = null;
      neighbour.output(piece);
      piece = next;
    }
  }
}

/** One way out for a group. */
class Way {
  readonly neighbour: Neighbour;
  readonly threshold: number;

  constructor(paths: Ipv4Paths, to: IpInterface, group: number, threshold: number) {
    this.neighbour = paths.neighbours.fixed(IpAddress.v4(group), to, multicastMac(group));
    this.threshold = threshold;
  }
}

/** 224.0.0.0/24 stays on its link, whatever its time to live (RFC 5771 4). */
export function isLinkScope(group: number): boolean {
  return group >>> 8 === 0xe00000;
}

function covers(prefix: Prefix, address: number): boolean {
  return ((prefix.address.v4 ^ address) & prefix.mask4) === 0;
}

/** A source whom other links could answer. */
function mayTravel(source: number): boolean {
  return source >>> 24 !== 0 && source >>> 24 !== 127 && source >>> 16 !== 0xa9fe && source < 0xe0000000;
}
