import { type Task, Timer } from '../../base/clock.ts';
import { What } from '../../base/trace.ts';
import {
  INITIAL_SEQUENCE,
  LS_REFRESH_SECONDS,
  LsaType,
  MAX_SEQUENCE,
  MIN_LS_INTERVAL_NS,
  OPTION_EXTERNAL,
} from './constants.ts';
import { Lsa } from './lsa.ts';
import { ownExternals, ownLinks, ownSummaries, type Wish } from './own-advertisements.ts';
import type { RoutingResult } from './route-calculation.ts';
import type { OriginationPart, RouterParts } from './router-parts.ts';
import type { Area } from './router-state.ts';
import type { ExternalRoute } from './settings.ts';

const LINK_TYPES = [LsaType.Router, LsaType.Network] as const;
const SUMMARY_TYPES = [LsaType.Summary, LsaType.AsbrSummary] as const;
const EXTERNAL_TYPES = [LsaType.External] as const;

/**
 * What this router says itself (RFC 2328 12.4). It knows what it should be saying, compares that with what the database
 * says in its name, and makes what differs anew: when something changed, when it grows old (12.4 (1)), and when
 * somebody remembers what it said in an earlier life (13.4). Never the same one twice within MinLSInterval.
 */
export class Origination implements Task, OriginationPart {
  private readonly parts: RouterParts;
  private readonly links = new Set<Area>();
  private summaries = false;
  private externals = false;
  private stopped = false;
  /** What is told of at the border of the autonomous system. */
  private routes: readonly ExternalRoute[] = [];
  private readonly timer: Timer;
  private result: RoutingResult | null = null;

  constructor(parts: RouterParts) {
    this.parts = parts;
    this.timer = new Timer(parts.node.clock, this, 0);
  }

  /** This router has routes from elsewhere. */
  get isAsBorder(): boolean {
    return this.routes.length > 0;
  }

  /** It joins areas, the backbone being one of them (RFC 3509 2.1 says so more strictly than RFC 2328 3.3). */
  get isAreaBorder(): boolean {
    const { areas } = this.parts;
    let active = 0;
    for (const area of areas.values()) if (area.active) active++;
    return active > 1 && areas.get(0)?.active === true;
  }

  /** The links of an area changed. */
  linksChanged(area: Area): void {
    if (!this.links.has(area)) {
      this.links.add(area);
      this.soon(0);
    }
  }

  /** Whether it is at a border may have changed, and with it what it says everywhere. */
  everythingChanged(): void {
    for (const area of this.parts.areas.values()) this.linksChanged(area);
    this.summaries = true;
    this.externals = true;
    this.soon(0);
  }

  /** The routing table was calculated: what is told between areas follows from it. */
  routesChanged(result: RoutingResult): void {
    this.result = result;
    if (this.parts.areas.size < 2) return;
    this.summaries = true;
    this.soon(0);
  }

  /** What is told of at the border of the autonomous system from now on. */
  setExternals(routes: readonly ExternalRoute[]): void {
    const wasBorder = this.isAsBorder;
    this.routes = routes;
    if (wasBorder !== this.isAsBorder) this.everythingChanged();
    this.externals = true;
    this.soon(0);
  }

  get externalRoutes(): readonly ExternalRoute[] {
    return this.routes;
  }

  /** Somebody sent what this router is said to have said (RFC 2328 13.4): it says it better, or takes it back. */
  receivedOwn(area: Area, lsa: Lsa): void {
    const { node } = this.parts;
    if (node.trace !== null) {
      const detail = `OSPF: ${lsa} came in our name, newer than ours: said before a restart, or by another router with our ID`;
      node.trace.event(node.name, 3, What.Decide, null, 0, detail, 'RFC 2328 13.4');
    }
    if (lsa.router !== this.parts.routerId) {
      // A network of which we were told under another router ID.
      if (!lsa.isMaxAge(this.parts.node.clock.now)) this.parts.flooding.flush(area, lsa);
      return;
    }
    this.touch(area, lsa.type);
  }

  /** Something of ours is to be made anew, for it grew old, or it is gone from the database. */
  touch(area: Area | null, type: number): void {
    if (type === LsaType.External) this.externals = true;
    else if (type === LsaType.Summary || type === LsaType.AsbrSummary) this.summaries = true;
    else if (area !== null) this.links.add(area);
    this.soon(0);
  }

  /** Takes back all that this router has said: it leaves. */
  stop(): void {
    this.stopped = true;
    this.timer.dispose();
    const { routerId, areas, externals, flooding, node } = this.parts;
    for (const area of [...areas.values(), null]) {
      for (const lsa of (area?.database ?? externals).list()) {
        if (lsa.router === routerId && !lsa.isMaxAge(node.clock.now)) flooding.flush(area, lsa);
      }
    }
  }

  run(): void {
    const { areas, routerId, settings } = this.parts;
    for (const area of [...this.links]) {
      this.links.delete(area);
      const wishes = ownLinks(area, routerId, this.isAreaBorder, this.isAsBorder, settings.maxMetric);
      if (!this.reconcile(area, LINK_TYPES, wishes)) this.links.add(area);
    }
    if (this.summaries) {
      this.summaries = false;
      const { result } = this;
      for (const area of areas.values()) {
        const wishes = this.isAreaBorder && result !== null ? ownSummaries(area, areas, result) : [];
        if (!this.reconcile(area, SUMMARY_TYPES, wishes)) this.summaries = true;
      }
    }
    if (this.externals) this.externals = !this.reconcile(null, EXTERNAL_TYPES, ownExternals(this.routes));
  }

  /** Makes the database say what is wished; false when something of it has to wait. */
  private reconcile(area: Area | null, types: readonly number[], wishes: readonly Wish[]): boolean {
    const { routerId, externals, flooding, node } = this.parts;
    const { now } = node.clock;
    const database = area === null ? externals : area.database;
    let done = true;
    const wished = new Set<Lsa>();
    for (const wish of wishes) {
      const known = database.get(wish.type, wish.id, routerId);
      if (known !== undefined) wished.add(known);
      if (!this.make(area, wish, known)) done = false;
    }
    for (const type of types) {
      for (const lsa of [...database.ofRouter(type, routerId)]) {
        if (wished.has(lsa) || lsa.isMaxAge(now)) continue;
        if (lsa.originatedAt === now) continue; // made just now
        flooding.flush(area, lsa);
      }
    }
    return done;
  }

  /** Makes one anew if it has to be; false when that has to wait. */
  private make(area: Area | null, { type, id, body }: Wish, known: Lsa | undefined): boolean {
    const { routerId, flooding, node } = this.parts;
    const { now } = node.clock;
    const options = area === null ? OPTION_EXTERNAL : area.options;
    let sequence = INITIAL_SEQUENCE;
    if (known !== undefined) {
      sequence = known.sequence + 1;
      if (known.sequence === MAX_SEQUENCE) {
        // RFC 2328 12.1.6: the last one has to be gone from everywhere before the first one comes again.
        const trial = Lsa.make(type, id, routerId, options, MAX_SEQUENCE, body, now);
        if (known.saysTheSame(trial) && !known.foreign && known.age(now) < LS_REFRESH_SECONDS) return true;
        if (!known.isMaxAge(now)) flooding.flush(area, known);
        return true;
      }
    }
    const lsa = Lsa.make(type, id, routerId, options, sequence, body, now);
    if (known !== undefined) {
      const fresh = !known.foreign && known.age(now) < LS_REFRESH_SECONDS;
      if (fresh && known.saysTheSame(lsa)) return true;
      const earliest = known.originatedAt + MIN_LS_INTERVAL_NS;
      if (now < earliest) {
        this.soon(earliest - now);
        return false;
      }
    }
    lsa.originatedAt = now;
    flooding.flood(area, lsa, null);
    flooding.install(area, lsa);
    return true;
  }

  private soon(inNs: number): void {
    if (this.stopped) return;
    const at = this.parts.node.clock.now + inNs;
    if (!this.timer.armed || this.timer.deadline > at) this.timer.set(at);
  }
}
