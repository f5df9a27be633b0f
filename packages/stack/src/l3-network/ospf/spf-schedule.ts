import { type Task, Timer } from '../../base/clock.ts';
import { What } from '../../base/trace.ts';
import { type OspfRoute, prefixKey } from './ospf-route.ts';
import type { OspfPort } from './port.ts';
import { calculateRoutes, type RoutingResult, type TableEntry } from './route-calculation.ts';
import type { RouterParts } from './router-parts.ts';
import type { Area } from './router-state.ts';
import type { ShortestPaths } from './shortest-paths.ts';
import { InterfaceState } from './states.ts';

/** The router, and what it says itself, which follows from the routes. */
export interface SpfParts extends RouterParts {
  readonly origination: RouterParts['origination'] & {
    readonly isAreaBorder: boolean;
    routesChanged(result: RoutingResult): void;
  };
}

/** Reasons that are told of one calculation. */
const MOST_REASONS = 3;

/**
 * When the routes are calculated: soon after a change, so that others can come with it, and ever more seldom while
 * changes do not end. The pause between two calculations doubles up to its largest, and is the least again after a time
 * without changes that is twice as long.
 */
export class SpfSchedule implements Task {
  routes: readonly OspfRoute[] = [];
  result: RoutingResult | null = null;
  /** How often routes were calculated, when last (ns), and why. */
  runs = 0;
  lastRunAt = -Infinity;
  lastReasons = '';
  /** The pause that now holds, ns. */
  pauseNs: number;
  /** What Dijkstra's algorithm found in each area, as long as its links stand. */
  private readonly paths = new Map<Area, ShortestPaths>();
  private reasons: string[] = [];
  private more = 0;
  private readonly parts: SpfParts;
  private readonly port: OspfPort;
  private readonly timer: Timer;
  private stopped = false;

  constructor(parts: SpfParts, port: OspfPort) {
    this.parts = parts;
    this.port = port;
    this.pauseNs = parts.settings.spfHoldNs;
    this.timer = new Timer(parts.node.clock, this, 0);
  }

  /** Something changed. */
  ask(why: string): void {
    if (this.stopped) return;
    if (this.reasons.length >= MOST_REASONS || this.reasons.includes(why)) this.more++;
    else this.reasons.push(why);
    if (this.timer.armed) return;
    const { now } = this.parts.node.clock;
    const { spfDelayNs, spfHoldNs, spfMaxHoldNs } = this.parts.settings;
    if (now >= this.lastRunAt + 2 * this.pauseNs) this.pauseNs = spfHoldNs;
    else this.pauseNs = Math.min(spfMaxHoldNs, this.pauseNs * 2);
    this.timer.set(Math.max(now + spfDelayNs, this.lastRunAt + this.pauseNs));
  }

  /** Something changed in the links of an area. */
  linksChanged(area: Area): void {
    this.paths.delete(area);
  }

  stop(): void {
    this.stopped = true;
    this.timer.dispose();
    this.routes = [];
  }

  run(): void {
    const { node, routerId, areas, externals, origination } = this.parts;
    const { now } = node.clock;
    this.runs++;
    this.lastRunAt = now;
    this.lastReasons = this.more > 0 ? `${this.reasons.join('; ')}; ${this.more} more` : this.reasons.join('; ');
    this.reasons = [];
    this.more = 0;
    const isBorder = origination.isAreaBorder;
    const most = node.limits.ospfNextHops;
    const result = calculateRoutes({ routerId, areas, externals, paths: this.paths, isBorder, now, most });
    this.result = result;
    const routes: OspfRoute[] = [];
    const own = this.ownNetworks();
    for (const [key, entry] of result.networks) {
      const route = own.has(key) ? null : this.routeOf(entry);
      if (route !== null) routes.push(route);
    }
    this.routes = routes;
    if (node.trace !== null) {
      const detail = `OSPF: routes calculated, ${routes.length} of them (${this.lastReasons})`;
      node.trace.event(node.name, 3, What.Decide, null, 0, detail, 'RFC 2328 16');
    }
    this.port.install(routes);
    origination.routesChanged(result);
  }

  /** Networks that are on links of this machine, where it has a route already, by `prefixKey`. */
  private ownNetworks(): Set<number> {
    const keys = new Set<number>();
    for (const { state, link, mask } of this.parts.interfaces) {
      if (state === InterfaceState.Down) continue;
      keys.add(prefixKey((link.address & mask) >>> 0, link.length));
      for (const { network, length } of link.secondary) keys.add(prefixKey(network, length));
    }
    return keys;
  }

  /** As the machine takes it; null for what leads nowhere. */
  private routeOf(entry: TableEntry): OspfRoute | null {
    if (entry.hops.length === 0 || entry.hops.some((hop) => hop.gateway === 0)) return null;
    const { network, length, type, area, cost, type2Cost, tag } = entry;
    const nextHops = entry.hops
      .map(({ on, gateway }) => ({ index: on.link.index, name: on.name, gateway }))
      .sort((a, b) => a.index - b.index || a.gateway - b.gateway);
    return { network, length, type, area, cost, type2Cost, tag, nextHops };
  }
}
