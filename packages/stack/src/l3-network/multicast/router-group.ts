import { SourceFilter } from './groups.ts';
import { RecordType } from './igmp-header.ts';

/** A source that is not to be forwarded: its timer is zero (RFC 3376 6.2.3). */
const UNWANTED = 0;

/** What a report makes a querier ask: about these sources, and about the group as a whole. */
export interface Questions {
  readonly sources: number[];
  readonly wholeGroup: boolean;
}

const NO_QUESTIONS: Questions = { sources: [], wholeGroup: false };

/**
 * What a multicast router knows of one group on one link (RFC 3376 6.2): whether somebody wants all sources but some,
 * until when, and of which sources that is known, until when. Times are looked at, not waited for.
 *
 *     INCLUDE   sources with a time to come are forwarded
 *     EXCLUDE   all are, but for sources whose time is over (the "exclude list"; with a time to come: "requested list")
 */
export class RouterGroup {
  /** 32 bits. */
  readonly group: number;
  exclude = false;
  /** When EXCLUDE ends, ns. */
  groupUntil = -1;
  /** Sources by address, with the time until which somebody is known to want them, ns. */
  readonly sources = new Map<number, number>();
  /** Until when a host that speaks an older version counts as present, ns (RFC 3376 7.3.2). */
  version1Until = -1;
  version2Until = -1;

  constructor(group: number) {
    this.group = group;
  }

  /** Are packets of this source to be forwarded to the link? */
  wants(source: number, now: number): boolean {
    const until = this.sources.get(source);
    if (this.exclude && now < this.groupUntil) return until === undefined || now < until;
    return until !== undefined && now < until;
  }

  /** What a neighbouring router has to be asked for, so that this link gets what it wants. */
  filter(now: number): SourceFilter {
    const wanted = (source: number): boolean => now < this.sources.get(source)!;
    const all = [...this.sources.keys()];
    return this.exclude
      ? new SourceFilter(
          true,
          all.filter((source) => !wanted(source)),
        )
      : new SourceFilter(false, all.filter(wanted));
  }

  /**
   * A host's record: the tables of RFC 3376 6.4. `lasts` is for how long it counts (the group membership interval), ns.
   * Returns what the querier has to ask now.
   */
  record(type: number, named: readonly number[], now: number, lasts: number): Questions {
    this.expire(now);
    return this.exclude
      ? this.recordExcluding(type, named, now, now + lasts)
      : this.recordIncluding(type, named, now + lasts);
  }

  /** In the table: INCLUDE (A), the record's sources B. */
  private recordIncluding(type: number, named: readonly number[], until: number): Questions {
    const { sources } = this;
    const both = named.filter((source) => sources.has(source));
    switch (type) {
      case RecordType.Block:
        return { sources: both, wholeGroup: false };
      case RecordType.IsExclude:
      case RecordType.ToExclude: {
        const kept = new Map(both.map((source) => [source, sources.get(source)!]));
        sources.clear();
        for (const source of named) sources.set(source, kept.get(source) ?? UNWANTED);
        this.exclude = true;
        this.groupUntil = until;
        return type === RecordType.ToExclude ? { sources: both, wholeGroup: false } : NO_QUESTIONS;
      }
      default: {
        const others = type === RecordType.ToInclude ? [...sources.keys()].filter((one) => !named.includes(one)) : [];
        for (const source of named) sources.set(source, until);
        return { sources: others, wholeGroup: false };
      }
    }
  }

  /** In the table: EXCLUDE (X, Y), X being those with time left, the record's sources A. */
  private recordExcluding(type: number, named: readonly number[], now: number, until: number): Questions {
    const { sources } = this;
    const notExcluded = named.filter((source) => !((sources.get(source) ?? Infinity) <= now));
    switch (type) {
      case RecordType.Block:
        for (const source of named) if (!sources.has(source)) sources.set(source, this.groupUntil);
        return { sources: notExcluded, wholeGroup: false };
      case RecordType.IsExclude:
      case RecordType.ToExclude: {
        const before = new Map(sources);
        const fresh = type === RecordType.IsExclude ? until : this.groupUntil;
        sources.clear();
        for (const source of named) sources.set(source, before.get(source) ?? fresh);
        this.groupUntil = until;
        return type === RecordType.ToExclude ? { sources: notExcluded, wholeGroup: false } : NO_QUESTIONS;
      }
      default: {
        const isChange = type === RecordType.ToInclude;
        const requested = isChange ? [...sources].filter(([one, time]) => time > now && !named.includes(one)) : [];
        for (const source of named) sources.set(source, until);
        return { sources: requested.map(([source]) => source), wholeGroup: isChange };
      }
    }
  }

  /** The querier asked whether anybody wants these still (null: the group at all): without an answer, only until then. */
  lower(asked: readonly number[] | null, until: number): void {
    if (asked === null) {
      this.groupUntil = Math.min(this.groupUntil, until);
      return;
    }
    for (const source of asked) {
      const time = this.sources.get(source);
      if (time !== undefined && time > until) this.sources.set(source, until);
    }
  }

  /** Forgets whose time is over (RFC 3376 6.3, 6.5). False when nothing is left: nobody wants the group. */
  expire(now: number): boolean {
    if (this.exclude && now < this.groupUntil) return true;
    this.exclude = false;
    for (const [source, until] of this.sources) if (until <= now) this.sources.delete(source);
    return this.sources.size > 0;
  }

  /** When something of it next changes by itself, ns. */
  nextChange(now: number): number {
    let next = this.exclude ? this.groupUntil : Infinity;
    for (const until of this.sources.values()) if (until > now && until < next) next = until;
    return next;
  }
}
