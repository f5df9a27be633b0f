import { maskTo } from '../prefix-trie.ts';
import { LsaType, MAX_LINK_METRIC } from './constants.ts';
import {
  FLAG_AREA_BORDER,
  FLAG_AS_BORDER,
  LinkType,
  type LsaBody,
  MAX_ROUTER_LINKS,
  type RouterLink,
} from './lsa-bodies.ts';
import { PathType, prefixKey } from './ospf-route.ts';
import type { RoutingResult, TableEntry } from './route-calculation.ts';
import type { Area, OspfInterface } from './router-state.ts';
import type { AreaRange, ExternalRoute } from './settings.ts';
import { InterfaceState } from './states.ts';

/** An advertisement that this router should be making. */
export interface Wish {
  readonly type: number;
  readonly id: number;
  readonly body: LsaBody;
}

/** What a router says of itself in an area: its links, and the networks that it is the designated router of (RFC 2328 12.4.1, 12.4.2). */
export function ownLinks(
  area: Area,
  routerId: number,
  isAreaBorder: boolean,
  isAsBorder: boolean,
  maxMetric: boolean,
): Wish[] {
  if (!area.active) return [];
  const links: RouterLink[] = [];
  const wishes: Wish[] = [];
  for (const on of area.interfaces) {
    if (on.state === InterfaceState.Down) continue;
    addLinks(links, on, maxMetric);
    const full = on.fullNeighbours;
    if (on.state !== InterfaceState.Designated || full.length === 0) continue;
    const routers = [routerId, ...full.map((each) => each.routerId)].sort((a, b) => a - b);
    wishes.push({ type: LsaType.Network, id: on.link.address, body: { mask: on.mask, routers } });
  }
  let flags = isAreaBorder ? FLAG_AREA_BORDER : 0;
  if (isAsBorder && !area.settings.stub) flags |= FLAG_AS_BORDER;
  wishes.push({ type: LsaType.Router, id: routerId, body: { flags, links: links.slice(0, MAX_ROUTER_LINKS) } });
  return wishes;
}

function addLinks(links: RouterLink[], on: OspfInterface, maxMetric: boolean): void {
  const { address } = on.link;
  const { cost } = on.settings;
  const transit = maxMetric ? MAX_LINK_METRIC : cost;
  const stub = { type: LinkType.Stub, id: (address & on.mask) >>> 0, data: on.mask, metric: cost };
  if (on.state === InterfaceState.Loopback) {
    links.push({ type: LinkType.Stub, id: address, data: 0xffffffff, metric: 0 });
  } else if (on.state === InterfaceState.PointToPoint) {
    for (const each of on.fullNeighbours) {
      links.push({ type: LinkType.PointToPoint, id: each.routerId, data: address, metric: transit });
    }
    links.push(stub);
  } else if (reachesDesignated(on)) {
    links.push({ type: LinkType.Transit, id: on.designated, data: address, metric: transit });
  } else {
    links.push(stub);
  }
  for (const { network, length } of on.link.secondary) {
    links.push({ type: LinkType.Stub, id: network, data: maskTo(0xffffffff, length), metric: cost });
  }
}

/** RFC 2328 12.4.1.2: others are reached through the network, for we are adjacent to whom it is made of. */
function reachesDesignated(on: OspfInterface): boolean {
  if (on.settings.passive || on.state < InterfaceState.DrOther) return false;
  const full = on.fullNeighbours;
  if (on.state === InterfaceState.Designated) return full.length > 0;
  return full.some((each) => each.address === on.designated);
}

/** What a border router tells one area of the others (RFC 2328 12.4.3). */
export function ownSummaries(area: Area, areas: ReadonlyMap<number, Area>, result: RoutingResult): Wish[] {
  if (!area.active) return [];
  const { settings } = area;
  const told: { network: number; length: number; metric: number }[] = [];
  const wishes: Wish[] = [];
  if (settings.stub) told.push({ network: 0, length: 0, metric: settings.defaultCost });
  if (settings.noSummary) return withIds(told);
  const ranges = new Map<AreaRange, number>();
  for (const entry of result.networks.values()) {
    if (!isTold(area, entry) || entry.type > PathType.InterArea) continue;
    if (settings.stub && entry.length === 0) continue;
    const range = entry.type === PathType.IntraArea ? rangeOf(areas.get(entry.area), entry) : null;
    // A range is told of with the cost of the farthest of its networks (RFC 2328 12.4.3).
    if (range !== null) ranges.set(range, Math.max(ranges.get(range) ?? 0, entry.cost));
    else told.push({ network: entry.network, length: entry.length, metric: entry.cost });
  }
  for (const [{ network, length, advertise }, metric] of ranges) if (advertise) told.push({ network, length, metric });
  if (!settings.stub) {
    for (const path of result.borders.values()) {
      if (!isTold(area, path)) continue;
      wishes.push({ type: LsaType.AsbrSummary, id: path.routerId, body: { mask: 0, metric: path.cost } });
    }
  }
  return [...withIds(told), ...wishes];
}

/** Not into the area that it is in or goes through; what comes from the backbone does not go back there. */
function isTold(area: Area, path: Pick<TableEntry, 'type' | 'area' | 'hops'>): boolean {
  if (path.area === area.id || (path.type === PathType.InterArea && area.isBackbone)) return false;
  return !path.hops.some((hop) => hop.on.area === area);
}

function rangeOf(area: Area | undefined, entry: TableEntry): AreaRange | null {
  let best: AreaRange | null = null;
  for (const range of area?.settings.ranges ?? []) {
    if (entry.length < range.length || maskTo(entry.network, range.length) !== range.network) continue;
    if (best === null || range.length > best.length) best = range;
  }
  return best;
}

function withIds(told: readonly { network: number; length: number; metric: number }[]): Wish[] {
  const ids = linkStateIds(told);
  return told.map(({ network, length, metric }) => ({
    type: LsaType.Summary,
    id: ids.get(prefixKey(network, length))!,
    body: { mask: maskTo(0xffffffff, length), metric },
  }));
}

/** What a router tells of other worlds (RFC 2328 12.4.4). */
export function ownExternals(routes: readonly ExternalRoute[]): Wish[] {
  const ids = linkStateIds(routes);
  return routes.map(({ network, length, metric, type2, forwarding, tag }) => ({
    type: LsaType.External,
    id: ids.get(prefixKey(network, length))!,
    body: { mask: maskTo(0xffffffff, length), type2, metric, forwarding, tag },
  }));
}

/**
 * Link state IDs for networks, by `prefixKey`: the network's address; when several networks have the same one, the
 * longer ones take their broadcast address instead (RFC 2328 E). A host has no other than its own, so it comes first.
 */
export function linkStateIds(networks: readonly { network: number; length: number }[]): Map<number, number> {
  const ids = new Map<number, number>();
  const taken = new Set<number>();
  const rank = (length: number): number => (length === 32 ? -1 : length);
  const sorted = [...networks].sort((a, b) => rank(a.length) - rank(b.length) || a.network - b.network);
  for (const { network, length } of sorted) {
    let id = network;
    if (taken.has(id)) id = (network | ~maskTo(0xffffffff, length)) >>> 0;
    while (taken.has(id) && id > network) id--;
    taken.add(id);
    ids.set(prefixKey(network, length), id);
  }
  return ids;
}
