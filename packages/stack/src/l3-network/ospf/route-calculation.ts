import { maskTo } from '../prefix-trie.ts';
import { LS_INFINITY, LsaType } from './constants.ts';
import type { LinkStateTable } from './link-state-table.ts';
import type { Lsa } from './lsa.ts';
import { type ExternalBody, FLAG_AREA_BORDER, FLAG_AS_BORDER, type SummaryBody } from './lsa-bodies.ts';
import { PathType, prefixKey } from './ospf-route.ts';
import type { Area } from './router-state.ts';
import {
  type Hop,
  maskLength,
  mergeHops,
  type RouterPath,
  type ShortestPaths,
  shortestPaths,
} from './shortest-paths.ts';

/** An entry of OSPF's own routing table (RFC 2328 11): a network. */
export interface TableEntry {
  readonly network: number;
  readonly length: number;
  readonly type: PathType;
  /** The area of the path; of externals, of the path to the border. */
  readonly area: number;
  readonly cost: number;
  readonly type2Cost: number;
  readonly tag: number;
  hops: readonly Hop[];
  /** Of externals: the way to the border stays in one area that is not the backbone (RFC 2328 16.4.1). */
  readonly preferred: boolean;
}

/** The way to a router at the border of the autonomous system. */
export interface BorderPath {
  readonly routerId: number;
  readonly type: PathType;
  readonly area: number;
  readonly cost: number;
  hops: readonly Hop[];
}

/** A router at a border, of areas or of the autonomous system, in an area that we are in. */
export interface BorderRouter extends RouterPath {
  readonly area: number;
}

export interface RoutingResult {
  readonly networks: ReadonlyMap<number, TableEntry>;
  /** The best way to each router at the border of the autonomous system. */
  readonly borders: ReadonlyMap<number, BorderPath>;
  readonly borderRouters: readonly BorderRouter[];
}

/** What the calculation needs of the router. */
export interface CalculationInput {
  readonly routerId: number;
  readonly areas: ReadonlyMap<number, Area>;
  readonly externals: LinkStateTable<Lsa>;
  /** What Dijkstra's algorithm found and still holds; what is missing is found and put in. */
  readonly paths: Map<Area, ShortestPaths>;
  /** This router joins areas to the backbone. */
  readonly isBorder: boolean;
  readonly now: number;
  /** Equally good next hops that are kept. */
  readonly most: number;
}

/** The routing table from the databases (RFC 2328 16): through the areas, between them, and out. */
export function calculateRoutes(input: CalculationInput): RoutingResult {
  return new Calculation(input).run();
}

class Calculation {
  private readonly input: CalculationInput;
  private readonly networks = new Map<number, TableEntry>();
  private readonly borders = new Map<number, BorderPath>();
  private readonly borderRouters: BorderRouter[] = [];

  constructor(input: CalculationInput) {
    this.input = input;
  }

  run(): RoutingResult {
    const { areas, isBorder } = this.input;
    for (const area of areas.values()) if (area.active) this.intraArea(area);
    for (const area of areas.values()) {
      if (area.active && (!isBorder || area.isBackbone)) this.interArea(area);
    }
    this.external();
    return { networks: this.networks, borders: this.borders, borderRouters: this.borderRouters };
  }

  /** RFC 2328 16.1: what Dijkstra's algorithm finds; only where links changed is it asked again. */
  private intraArea(area: Area): void {
    const { routerId, now, most, paths } = this.input;
    let found = paths.get(area);
    if (found === undefined) {
      found = shortestPaths(area, routerId, now, most);
      paths.set(area, found);
    }
    for (const { network, length, cost, hops } of found.networks.values()) {
      this.offer(network, length, PathType.IntraArea, area.id, cost, hops);
    }
    for (const path of found.routers.values()) {
      const { routerId: id, cost, hops, flags } = path;
      if ((flags & (FLAG_AREA_BORDER | FLAG_AS_BORDER)) !== 0) this.borderRouters.push({ ...path, area: area.id });
      if ((flags & FLAG_AS_BORDER) === 0) continue;
      this.offerBorder({ routerId: id, type: PathType.IntraArea, area: area.id, cost, hops });
    }
  }

  /** RFC 2328 16.2: what border routers tell of other areas. */
  private interArea(area: Area): void {
    const { routerId, now } = this.input;
    for (const type of [LsaType.Summary, LsaType.AsbrSummary]) {
      for (const lsa of area.database.list(type)) {
        const { mask, metric } = lsa.body as SummaryBody;
        if (metric >= LS_INFINITY || lsa.router === routerId || lsa.isMaxAge(now)) continue;
        const border = this.input.paths.get(area)?.routers.get(lsa.router);
        if (border === undefined || (border.flags & FLAG_AREA_BORDER) === 0) continue;
        const cost = border.cost + metric;
        if (type === LsaType.AsbrSummary) {
          const path = { routerId: lsa.id, type: PathType.InterArea, area: area.id, cost, hops: border.hops };
          if (lsa.id !== routerId) this.offerBorder(path);
          continue;
        }
        const length = maskLength(mask);
        if (length < 0) continue;
        const network = maskTo(lsa.id, length);
        if (this.inOwnRange(network, length)) continue;
        this.offer(network, length, PathType.InterArea, area.id, cost, border.hops);
      }
    }
  }

  /** RFC 2328 16.2 (3): a border router's own ranges are known better here. */
  private inOwnRange(network: number, length: number): boolean {
    if (!this.input.isBorder) return false;
    for (const area of this.input.areas.values()) {
      for (const range of area.settings.ranges) {
        if (range.length !== length || range.network !== network) continue;
        for (const entry of this.networks.values()) {
          const inside = entry.type === PathType.IntraArea && entry.area === area.id && entry.length >= length;
          if (inside && maskTo(entry.network, length) === network) return true;
        }
      }
    }
    return false;
  }

  /** RFC 2328 16.4: what leads out of the autonomous system. */
  private external(): void {
    const { routerId, now, most } = this.input;
    for (const lsa of this.input.externals.list(LsaType.External)) {
      const { mask, metric, type2, forwarding, tag } = lsa.body as ExternalBody;
      if (metric >= LS_INFINITY || lsa.router === routerId || lsa.isMaxAge(now)) continue;
      const length = maskLength(mask);
      const border = this.borders.get(lsa.router);
      if (length < 0 || border === undefined) continue;
      let way: BorderPath | TableEntry = border;
      let { hops } = border;
      if (forwarding !== 0) {
        const to = this.lookup(forwarding);
        if (to === null) continue;
        way = to;
        hops = to.hops.map((hop) => (hop.gateway === 0 ? { on: hop.on, gateway: forwarding } : hop));
      }
      const entry: TableEntry = {
        network: maskTo(lsa.id, length),
        length,
        type: type2 ? PathType.External2 : PathType.External1,
        area: way.area,
        cost: type2 ? way.cost : way.cost + metric,
        type2Cost: type2 ? metric : 0,
        tag,
        hops,
        preferred: way.type === PathType.IntraArea && way.area !== 0,
      };
      const key = prefixKey(entry.network, length);
      const known = this.networks.get(key);
      const order = known === undefined ? -1 : compareEntries(entry, known);
      if (order < 0) this.networks.set(key, entry);
      else if (order === 0) known!.hops = mergeHops(known!.hops, hops, most);
    }
  }

  /** The way inside the autonomous system to an address (RFC 2328 16.4 (3)). */
  private lookup(address: number): TableEntry | null {
    for (let length = 32; length >= 0; length--) {
      const entry = this.networks.get(prefixKey(maskTo(address, length), length));
      if (entry !== undefined && entry.type <= PathType.InterArea) return entry;
    }
    return null;
  }

  private offer(
    network: number,
    length: number,
    type: PathType,
    area: number,
    cost: number,
    hops: readonly Hop[],
  ): void {
    const key = prefixKey(network, length);
    const known = this.networks.get(key);
    if (known !== undefined && (known.type < type || (known.type === type && known.cost < cost))) return;
    if (known !== undefined && known.type === type && known.cost === cost) {
      known.hops = mergeHops(known.hops, hops, this.input.most);
      return;
    }
    this.networks.set(key, { network, length, type, area, cost, type2Cost: 0, tag: 0, hops, preferred: false });
  }

  /** RFC 2328 16.4.1: inside an area that is not the backbone first, then by cost, then by the larger area. */
  private offerBorder(path: BorderPath): void {
    const known = this.borders.get(path.routerId);
    if (known === undefined) {
      this.borders.set(path.routerId, path);
      return;
    }
    const rank = (each: BorderPath): number => (each.type === PathType.IntraArea && each.area !== 0 ? 0 : 1);
    const order =
      rank(path) - rank(known) || path.cost - known.cost || path.type - known.type || known.area - path.area;
    if (order < 0) this.borders.set(path.routerId, path);
    else if (order === 0) known.hops = mergeHops(known.hops, path.hops, this.input.most);
  }
}

/** Below 0: `a` is better (RFC 2328 16.4 (6)); 0: as good. */
function compareEntries(a: TableEntry, b: TableEntry): number {
  if (a.type !== b.type) return a.type - b.type;
  if (a.type2Cost !== b.type2Cost) return a.type2Cost - b.type2Cost;
  if (a.preferred !== b.preferred) return a.preferred ? -1 : 1;
  return a.cost - b.cost;
}
