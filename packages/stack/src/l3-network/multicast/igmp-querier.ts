import { SECOND, type Task, Timer } from '../../base/clock.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import type { IpInterface } from '../ip-interface.ts';
import { ipv4Source } from '../ipv4-header.ts';
import { ALL_SYSTEMS, type SourceFilter } from './groups.ts';
import {
  firstRecord,
  IgmpType,
  igmpGroup,
  igmpType,
  nextRecord,
  querySource,
  querySourceCount,
  querySuppresses,
  queryVersion,
  RecordType,
  recordCount,
  recordGroup,
  recordSource,
  recordSourceCount,
  recordType,
  writeQuery3,
} from './igmp-header.ts';
import type { IgmpOutput } from './igmp-output.ts';
import { RouterGroup } from './router-group.ts';

/** RFC 3376 8. */
const ROBUSTNESS = 2;
export const QUERY_INTERVAL_NS = 125 * SECOND;
const RESPONSE_NS = 10 * SECOND;
const LAST_MEMBER_NS = SECOND;
const OLDER_HOST_NS = ROBUSTNESS * QUERY_INTERVAL_NS + RESPONSE_NS;

const GENERAL = 0;
const AGAIN = 1;
const EXPIRY = 2;

/** Who wants to know which groups a link wants. */
export interface QuerierOwner {
  /** What the link wants of this group may have changed. */
  groupWanted(on: IpInterface, group: number): void;
}

/** A question about a group that is to be asked again: about these sources, or (null) about the group. */
interface Repetition {
  readonly group: number;
  readonly sources: number[] | null;
  left: number;
}

/**
 * The router's side of IGMP on one link (RFC 3376 6): asks which groups are wanted, if no other router with a lower
 * address does, and keeps in mind what it hears.
 */
export class IgmpQuerier implements Task {
  readonly on: IpInterface;
  private readonly node: NodeContext;
  private readonly output: IgmpOutput;
  private readonly owner: QuerierOwner;
  private readonly intervalNs: number;
  private readonly groups = new Map<number, RouterGroup>();
  private startupQueries = ROBUSTNESS;
  /** Until when another router asks in our place, ns. */
  private otherQuerierUntil = -1;
  private otherQuerier = 0;
  private repetitions: Repetition[] = [];
  private readonly generalTimer: Timer;
  private readonly againTimer: Timer;
  private readonly expiryTimer: Timer;

  constructor(node: NodeContext, on: IpInterface, output: IgmpOutput, owner: QuerierOwner, intervalNs: number) {
    this.node = node;
    this.on = on;
    this.output = output;
    this.owner = owner;
    this.intervalNs = intervalNs;
    this.generalTimer = new Timer(node.clock, this, GENERAL);
    this.againTimer = new Timer(node.clock, this, AGAIN);
    this.expiryTimer = new Timer(node.clock, this, EXPIRY);
  }

  /** For how long a report counts: the group membership interval (RFC 3376 8.4). */
  private get lastsNs(): number {
    return ROBUSTNESS * this.intervalNs + RESPONSE_NS;
  }

  /** Does this router ask here? */
  get isQuerier(): boolean {
    return this.node.clock.now >= this.otherQuerierUntil;
  }

  /** The address (32 bits) of the router that asks here: ours or another's. */
  get querier(): number {
    return this.isQuerier ? this.on.sourceFor4(0) : this.otherQuerier;
  }

  start(): void {
    this.generalTimer.set(this.node.clock.now);
  }

  stop(): void {
    this.generalTimer.dispose();
    this.againTimer.dispose();
    this.expiryTimer.dispose();
  }

  /** The groups that somebody on the link wants now. */
  wanted(): readonly RouterGroup[] {
    const { now } = this.node.clock;
    return [...this.groups.values()].filter((group) => group.expire(now));
  }

  wants(group: number, source: number): boolean {
    return this.groups.get(group)?.wants(source, this.node.clock.now) === true;
  }

  /** What the link wants of a group; null: nothing. */
  filter(group: number): SourceFilter | null {
    const state = this.groups.get(group);
    const { now } = this.node.clock;
    return state?.expire(now) === true ? state.filter(now) : null;
  }

  /** A checked message that came from the link. */
  input(packet: PacketBuffer): void {
    const { view, start, end } = packet;
    switch (igmpType(view, start)) {
      case IgmpType.Query:
        this.heardQuery(view, start, end, ipv4Source(view, packet.l3));
        break;
      case IgmpType.Report1:
        this.record(igmpGroup(view, start), RecordType.IsExclude, [], 1);
        break;
      case IgmpType.Report2:
        this.record(igmpGroup(view, start), RecordType.IsExclude, [], 2);
        break;
      case IgmpType.Leave:
        this.record(igmpGroup(view, start), RecordType.ToInclude, [], 3);
        break;
      case IgmpType.Report3:
        this.heardReport(view, start);
        break;
      default:
    }
  }

  private heardReport(view: DataView, at: number): void {
    let record = firstRecord(at);
    const most = this.node.limits.multicastSources;
    for (let left = recordCount(view, at); left > 0; left--) {
      const count = recordSourceCount(view, record);
      const sources: number[] = [];
      for (let i = 0; i < Math.min(count, most); i++) sources.push(recordSource(view, record, i));
      this.record(recordGroup(view, record), recordType(view, record), sources, 3);
      record = nextRecord(view, record);
    }
  }

  /** RFC 3376 6.4, and 7.3.2 for hosts that speak an older version. */
  private record(group: number, type: number, named: number[], version: 1 | 2 | 3): void {
    if (group >>> 28 !== 0xe || group === ALL_SYSTEMS || type < RecordType.IsInclude || type > RecordType.Block) return;
    const { now } = this.node.clock;
    let state = this.groups.get(group);
    const asksForSomething =
      version < 3 || named.length > 0 || type === RecordType.IsExclude || type === RecordType.ToExclude;
    if (state === undefined) {
      if (!asksForSomething || this.groups.size >= this.node.limits.multicastGroups) return;
      state = new RouterGroup(group);
      this.groups.set(group, state);
    }
    if (version === 1) state.version1Until = now + OLDER_HOST_NS;
    if (version === 2) state.version2Until = now + OLDER_HOST_NS;
    const effective = this.asOldest(state, type, now);
    if (effective === 0) return;
    const tooMany = state.sources.size + named.length > this.node.limits.multicastSources;
    // More sources than may be remembered: all are wanted.
    const sources = effective !== type || tooMany ? [] : named;
    const kind =
      tooMany && (type === RecordType.IsInclude || type === RecordType.Allow) ? RecordType.IsExclude : effective;
    const { sources: asked, wholeGroup } = state.record(kind, sources, now, this.lastsNs);
    this.report(group, state);
    if (!this.isQuerier) return;
    if (wholeGroup) this.ask(state, null);
    if (asked.length > 0) this.ask(state, asked);
  }

  /** What a record means while older hosts are there: they can exclude nobody, and version 1 cannot even leave. */
  private asOldest(state: RouterGroup, type: number, now: number): number {
    const older = now < state.version1Until || now < state.version2Until;
    if (!older) return type;
    if (type === RecordType.Block) return 0;
    if (type === RecordType.ToExclude) return RecordType.IsExclude;
    return type === RecordType.ToInclude && now < state.version1Until ? 0 : type;
  }

  /** RFC 3376 6.6.2: of several routers the one with the lowest address asks; 6.6.1: what it asks lowers our timers. */
  private heardQuery(view: DataView, at: number, end: number, from: number): void {
    const { now } = this.node.clock;
    const own = this.on.sourceFor4(from);
    if (from !== 0 && from < own) {
      if (this.isQuerier && this.node.trace !== null) this.tell(`${formatIpv4(from)} is the querier`, 'RFC 3376 6.6.2');
      this.otherQuerier = from;
      this.otherQuerierUntil = now + ROBUSTNESS * this.intervalNs + RESPONSE_NS / 2;
      this.generalTimer.set(this.otherQuerierUntil);
      this.againTimer.clear();
      this.repetitions = [];
    }
    const group = igmpGroup(view, at);
    const state = this.groups.get(group);
    const isNew = queryVersion(view, at, end) === 3;
    if (state === undefined || (isNew && querySuppresses(view, at))) return;
    const count = isNew ? querySourceCount(view, at) : 0;
    const sources = Array.from({ length: count }, (_, i) => querySource(view, at, i));
    state.lower(count === 0 ? null : sources, now + ROBUSTNESS * LAST_MEMBER_NS);
    this.watch(state);
  }

  /** Does anybody want this still? Asked now and once more a second later; who does not answer by then is gone. */
  private ask(state: RouterGroup, sources: number[] | null): void {
    state.lower(sources, this.node.clock.now + ROBUSTNESS * LAST_MEMBER_NS);
    this.watch(state);
    this.repetitions.push({ group: state.group, sources, left: ROBUSTNESS });
    if (this.repetitions.length > this.node.limits.multicastGroups) this.repetitions.shift();
    this.askAgain();
  }

  private askAgain(): void {
    for (const repetition of this.repetitions) {
      repetition.left--;
      this.query(repetition.group, repetition.sources ?? [], LAST_MEMBER_NS);
    }
    this.repetitions = this.repetitions.filter(({ left }) => left > 0);
    if (this.repetitions.length > 0) this.againTimer.set(this.node.clock.now + LAST_MEMBER_NS);
  }

  private query(group: number, sources: readonly number[], responseNs: number): void {
    const packet = this.node.pool.acquire(12 + 4 * sources.length);
    writeQuery3(packet, {
      group,
      responseNs,
      suppress: false,
      robustness: ROBUSTNESS,
      intervalNs: this.intervalNs,
      sources,
    });
    this.output.send(packet, this.on, group === 0 ? ALL_SYSTEMS : group, 'RFC 3376 4.1');
  }

  run(tag: number): void {
    if (tag === GENERAL) this.askAll();
    else if (tag === AGAIN) this.askAgain();
    else this.expire();
  }

  private askAll(): void {
    this.query(0, [], RESPONSE_NS);
    if (this.startupQueries > 0) this.startupQueries--;
    const interval = this.startupQueries > 0 ? this.intervalNs / 4 : this.intervalNs;
    this.generalTimer.set(this.node.clock.now + interval);
  }

  private expire(): void {
    const { now } = this.node.clock;
    let next = Infinity;
    for (const state of [...this.groups.values()]) {
      const before = state.filter(now - 1);
      const left = state.expire(now);
      if (!left) this.groups.delete(state.group);
      else next = Math.min(next, state.nextChange(now));
      if (!left || !before.equals(state.filter(now))) this.owner.groupWanted(this.on, state.group);
    }
    if (next !== Infinity) this.expiryTimer.set(next);
  }

  private report(group: number, state: RouterGroup): void {
    this.watch(state);
    this.owner.groupWanted(this.on, group);
  }

  private watch(state: RouterGroup): void {
    const next = state.nextChange(this.node.clock.now);
    if (next !== Infinity && (!this.expiryTimer.armed || next < this.expiryTimer.deadline)) this.expiryTimer.set(next);
  }

  private tell(detail: string, source: string): void {
    this.node.trace?.event(this.node.name, 3, What.Decide, null, 0, `${detail}, dev ${this.on.name}`, source);
  }
}
