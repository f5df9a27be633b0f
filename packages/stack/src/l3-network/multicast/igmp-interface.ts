import { SECOND, type Task, Timer } from '../../base/clock.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { Random } from '../../base/random.ts';
import type { IpInterface } from '../ip-interface.ts';
import type { Groups, SourceFilter } from './groups.ts';
import {
  type GroupRecord,
  IgmpType,
  igmpGroup,
  queryIntervalNs,
  queryResponseNs,
  queryRobustness,
  querySource,
  querySourceCount,
  queryVersion,
  RecordType,
  recordBytes,
  writeIgmp,
  writeReport3,
} from './igmp-header.ts';
import type { IgmpOutput } from './igmp-output.ts';

/** RFC 3376 8: how often a change is told (against losses), and within which time the first repetition follows. */
const ROBUSTNESS = 2;
const UNSOLICITED_NS = SECOND;
/** RFC 2236 8.10 */
const UNSOLICITED2_NS = 10 * SECOND;
const QUERY_INTERVAL_NS = 125 * SECOND;

const ALL_IGMP3_ROUTERS = 0xe0000016;
const ALL_ROUTERS = 0xe0000002;
/** Bytes of an IP header with a router alert, and of a report's. */
const HEADERS = 24 + 8;

const GENERAL = 0;
const CHANGES = 1;

/** What is yet to be told of one group, and what was asked about it. */
class GroupState implements Task {
  readonly group: number;
  /** How often the group's new filter mode is to be told yet. */
  modeReports = 0;
  /** How often each source's coming or going is to be told yet, and which it was. */
  readonly sources = new Map<number, { allow: boolean; reports: number }>();
  /** Version 1 and 2: reports to send yet without being asked, and whether ours was the last that was heard. */
  oldReports = 0;
  lastReporter = false;
  readonly timer: Timer;
  /** The sources that a query asks for; null: about all. */
  asked: Set<number> | null = null;
  private readonly owner: IgmpInterface;

  constructor(owner: IgmpInterface, node: NodeContext, group: number) {
    this.owner = owner;
    this.group = group;
    this.timer = new Timer(node.clock, this, 0);
  }

  get isPending(): boolean {
    return this.modeReports > 0 || this.sources.size > 0;
  }

  run(): void {
    this.owner.groupTimer(this);
  }
}

/** IGMP of one interface of a host. */
export class IgmpInterface implements Task {
  private readonly node: NodeContext;
  private readonly random: Random;
  private readonly on: IpInterface;
  private readonly groups: Groups;
  private readonly output: IgmpOutput;
  private readonly states = new Map<number, GroupState>();
  /** Until when a querier of version 1 or 2 counts as present, ns (RFC 3376 7.2.1). */
  private version1Until = -1;
  private version2Until = -1;
  private robustness = ROBUSTNESS;
  private queryIntervalNs = QUERY_INTERVAL_NS;
  private readonly generalTimer: Timer;
  private readonly changesTimer: Timer;

  constructor(node: NodeContext, on: IpInterface, groups: Groups, output: IgmpOutput) {
    this.node = node;
    this.random = node.random.fork(`igmp ${on.name}`);
    this.on = on;
    this.groups = groups;
    this.output = output;
    this.generalTimer = new Timer(node.clock, this, GENERAL);
    this.changesTimer = new Timer(node.clock, this, CHANGES);
  }

  get version(): 1 | 2 | 3 {
    const { now } = this.node.clock;
    return now < this.version1Until ? 1 : now < this.version2Until ? 2 : 3;
  }

  /** The interface wants something else of a group. RFC 3376 5.1: that is told at once, and again. */
  changed(group: number, before: SourceFilter, now: SourceFilter): void {
    const state = this.stateOf(group);
    if (this.version < 3) {
      this.changedOld(state, now);
      return;
    }
    if (before.exclude !== now.exclude) {
      state.modeReports = this.robustness;
      state.sources.clear();
    } else {
      const { robustness } = this;
      const tell = (source: number, allow: boolean): void => {
        state.sources.set(source, { allow, reports: robustness });
      };
      for (const source of now.sources) if (!before.sources.has(source)) tell(source, !now.exclude);
      for (const source of before.sources) if (!now.sources.has(source)) tell(source, now.exclude);
    }
    this.tellChanges();
  }

  /** RFC 2236 3: a report when it joins, and a leave when ours was the last report. */
  private changedOld(state: GroupState, now: SourceFilter): void {
    const wanted = now.exclude || now.sources.size > 0;
    if (wanted) {
      state.oldReports = this.robustness;
      this.reportOld(state);
      return;
    }
    if (state.lastReporter && this.version === 2) {
      const packet = this.node.pool.acquire(8);
      writeIgmp(packet, IgmpType.Leave, state.group);
      this.output.send(packet, this.on, ALL_ROUTERS, 'RFC 2236 3');
    }
    this.forget(state);
  }

  private reportOld(state: GroupState): void {
    const packet = this.node.pool.acquire(8);
    writeIgmp(packet, this.version === 1 ? IgmpType.Report1 : IgmpType.Report2, state.group);
    state.lastReporter = true;
    this.output.send(packet, this.on, state.group, this.version === 1 ? 'RFC 1112 I' : 'RFC 2236 3');
    if (--state.oldReports > 0) state.timer.set(this.at(UNSOLICITED2_NS));
  }

  /** A router asks. The message was checked. */
  query(view: DataView, at: number, end: number): void {
    const version = queryVersion(view, at, end);
    const responseNs = queryResponseNs(view, at, version);
    if (version !== 3) this.olderQuerier(version);
    else this.learn(view, at);
    const group = igmpGroup(view, at);
    if (this.version < 3) {
      for (const { group: known } of this.groups.of(this.on)) {
        if (group === 0 || group === known) this.askOld(this.stateOf(known), responseNs);
      }
      return;
    }
    if (group === 0) {
      if (this.groups.of(this.on).length > 0) this.sooner(this.generalTimer, responseNs);
      return;
    }
    if (this.groups.find(this.on, group) === null) return;
    this.askAbout(this.stateOf(group), view, at, responseNs);
  }

  /** RFC 3376 7.2.1: whoever hears an older querier speaks its language, and forgets what it was about to say. */
  private olderQuerier(version: 1 | 2): void {
    const before = this.version;
    const until = this.node.clock.now + this.robustness * this.queryIntervalNs + 10 * SECOND;
    if (version === 1) this.version1Until = until;
    else this.version2Until = until;
    if (this.version === before) return;
    this.stop();
  }

  private learn(view: DataView, at: number): void {
    const robustness = queryRobustness(view, at);
    const intervalNs = queryIntervalNs(view, at);
    if (robustness !== 0) this.robustness = robustness;
    if (intervalNs !== 0) this.queryIntervalNs = intervalNs;
  }

  private askOld(state: GroupState, responseNs: number): void {
    state.oldReports = 1;
    this.sooner(state.timer, responseNs);
  }

  /** RFC 3376 5.2: about a group, and perhaps some of its sources; what is asked while an answer waits is added. */
  private askAbout(state: GroupState, view: DataView, at: number, responseNs: number): void {
    const count = querySourceCount(view, at);
    if (count === 0) state.asked = null;
    else if (!state.timer.armed) state.asked = new Set();
    if (state.asked !== null && state.asked.size + count <= this.node.limits.multicastSources) {
      for (let i = 0; i < count; i++) state.asked.add(querySource(view, at, i));
    } else {
      state.asked = null; // too many to remember: about all
    }
    this.sooner(state.timer, responseNs);
  }

  /** Another host of the link has reported a group, in an old language: once is enough there. */
  othersReport(group: number): void {
    const state = this.states.get(group);
    if (state === undefined || this.version === 3) return;
    state.timer.clear();
    state.oldReports = 0;
    state.lastReporter = false;
  }

  /** Tells everything anew, as if it had just been joined. */
  tellAll(): void {
    for (const membership of this.groups.of(this.on)) {
      const state = this.stateOf(membership.group);
      if (this.version < 3) this.changedOld(state, membership.filter);
      else state.modeReports = this.robustness;
    }
    if (this.version === 3) this.tellChanges();
  }

  stop(): void {
    this.generalTimer.dispose();
    this.changesTimer.dispose();
    for (const state of this.states.values()) state.timer.dispose();
    this.states.clear();
  }

  run(tag: number): void {
    if (tag === GENERAL) {
      this.report(this.groups.of(this.on).map(({ group, filter }) => currentState(group, filter, null)));
    } else {
      this.tellChanges();
    }
  }

  /** For `GroupState`: a query about it is to be answered, or an old report to be sent again. */
  groupTimer(state: GroupState): void {
    const membership = this.groups.find(this.on, state.group);
    if (membership === null) return;
    if (this.version < 3) {
      this.reportOld(state);
      return;
    }
    this.report([currentState(state.group, membership.filter, state.asked)]);
    state.asked = null;
  }

  /** Sends what changed, once; as long as it is to be told again, at a random time. */
  private tellChanges(): void {
    const records: GroupRecord[] = [];
    let again = false;
    for (const state of this.states.values()) {
      if (!state.isPending) continue;
      this.collect(state, records);
      if (state.isPending) again = true;
      else if (this.groups.find(this.on, state.group) === null) this.forget(state);
    }
    this.report(records);
    if (again) this.changesTimer.set(this.at(UNSOLICITED_NS));
    else this.changesTimer.clear();
  }

  /** RFC 3376 5.1: the new mode with all its sources, or the sources that came and went. */
  private collect(state: GroupState, records: GroupRecord[]): void {
    const { group } = state;
    if (state.modeReports > 0) {
      state.modeReports--;
      const filter = this.groups.find(this.on, group)?.filter ?? null;
      const type = filter?.exclude === true ? RecordType.ToExclude : RecordType.ToInclude;
      records.push({ type, group, sources: filter === null ? [] : [...filter.sources] });
      return;
    }
    for (const allow of [true, false]) {
      const sources = [...state.sources].filter(([, change]) => change.allow === allow).map(([source]) => source);
      if (sources.length > 0) records.push({ type: allow ? RecordType.Allow : RecordType.Block, group, sources });
    }
    for (const [source, change] of state.sources) if (--change.reports === 0) state.sources.delete(source);
  }

  /** Sends records in as many reports as the link's MTU needs (RFC 3376 4.2.16). */
  private report(records: readonly GroupRecord[]): void {
    const room = this.on.link.mtu - HEADERS;
    let some: GroupRecord[] = [];
    let size = 0;
    for (const record of records) {
      if (some.length > 0 && size + recordBytes(record) > room) {
        this.sendReport(some);
        some = [];
        size = 0;
      }
      some.push(record);
      size += recordBytes(record);
    }
    if (some.length > 0) this.sendReport(some);
  }

  private sendReport(records: readonly GroupRecord[]): void {
    const packet = this.node.pool.acquire(this.on.link.mtu);
    writeReport3(packet, records);
    this.output.send(packet, this.on, ALL_IGMP3_ROUTERS, 'RFC 3376 4.2');
  }

  private forget(state: GroupState): void {
    state.timer.dispose();
    this.states.delete(state.group);
  }

  private stateOf(group: number): GroupState {
    let state = this.states.get(group);
    if (state === undefined) {
      state = new GroupState(this, this.node, group);
      this.states.set(group, state);
    }
    return state;
  }

  /** A random time from now on, within `mostNs`. */
  private at(mostNs: number): number {
    return this.node.clock.now + 1 + this.random.below(Math.max(1, Math.floor(mostNs / 1000))) * 1000;
  }

  /** Sets a timer to a random time, unless it stands at an earlier one. */
  private sooner(timer: Timer, mostNs: number): void {
    const time = this.at(mostNs);
    if (!timer.armed || time < timer.deadline) timer.set(time);
  }
}

/** RFC 3376 5.2: what the interface wants of a group; of those sources only that were asked for. */
function currentState(group: number, filter: SourceFilter, asked: Set<number> | null): GroupRecord {
  if (asked === null) {
    return { type: filter.exclude ? RecordType.IsExclude : RecordType.IsInclude, group, sources: [...filter.sources] };
  }
  return { type: RecordType.IsInclude, group, sources: [...asked].filter((source) => filter.allows(source)) };
}
