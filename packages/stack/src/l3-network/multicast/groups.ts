import { Errno } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { IpInterface } from '../ip-interface.ts';

/** Every host of a link is in this group, and tells nobody (RFC 1112 6.1, RFC 3376 5). */
export const ALL_SYSTEMS = 0xe0000001;

/**
 * Whose packets are wanted: those of these sources only, or those of all but these (RFC 3376 2). No sources and
 * "exclude" is everybody: what `IP_ADD_MEMBERSHIP` asks for.
 */
export class SourceFilter {
  exclude: boolean;
  /** Addresses, 32 bits each. */
  readonly sources: Set<number>;

  /** False: it is wanted for other links (a multicast router), and no program of this host hears it. */
  readonly heard: boolean;

  constructor(exclude: boolean, sources: Iterable<number> = [], heard = true) {
    this.exclude = exclude;
    this.sources = new Set(sources);
    this.heard = heard;
  }

  /** RFC 3376 3.2: who excludes nobody outweighs all; what all exclude, less what somebody includes, is excluded. */
  static merge(filters: readonly SourceFilter[]): SourceFilter {
    const including = new Set<number>();
    let excluded: Set<number> | null = null;
    for (const filter of filters) {
      if (!filter.exclude) {
        for (const source of filter.sources) including.add(source);
      } else if (excluded === null) {
        excluded = new Set(filter.sources);
      } else {
        for (const source of excluded) if (!filter.sources.has(source)) excluded.delete(source);
      }
    }
    if (excluded === null) return new SourceFilter(false, including);
    for (const source of including) excluded.delete(source);
    return new SourceFilter(true, excluded);
  }

  /** Says from now on what `other` says. */
  become(other: SourceFilter): void {
    this.exclude = other.exclude;
    this.sources.clear();
    for (const source of other.sources) this.sources.add(source);
  }

  allows(source: number): boolean {
    return this.sources.has(source) !== this.exclude;
  }

  equals(other: SourceFilter): boolean {
    if (this.exclude !== other.exclude || this.sources.size !== other.sources.size) return false;
    for (const source of this.sources) if (!other.sources.has(source)) return false;
    return true;
  }
}

/** That an interface of this host is in a group: who asked for it, and what follows from that. */
export class Membership {
  readonly on: IpInterface;
  /** 32 bits. */
  readonly group: number;
  /** What each of those who joined wants. */
  readonly wanted: SourceFilter[] = [];
  /** What the interface wants, so that each of them gets what it wants. */
  filter = new SourceFilter(false);
  /** The same for the programs of this host alone. */
  heard = new SourceFilter(false);

  constructor(on: IpInterface, group: number) {
    this.on = on;
    this.group = group;
  }

  merge(): void {
    this.filter = SourceFilter.merge(this.wanted);
    const heard = this.wanted.filter((filter) => filter.heard);
    this.heard = heard.length === this.wanted.length ? this.filter : SourceFilter.merge(heard);
  }
}

/** Who tells routers of it: IGMP. */
export interface GroupListener {
  /** What the interface wants of a group is now `now` (include nobody: it left) and was `before`. */
  groupChanged(on: IpInterface, group: number, before: SourceFilter, now: SourceFilter): void;
}

/** The multicast groups that the interfaces of this host are in (RFC 1112 7.1), with their sources (RFC 3376 3). */
export class Groups {
  /** Set once, by who composes the layer. */
  listener: GroupListener | null = null;
  private readonly node: NodeContext;
  private readonly byInterface = new Map<IpInterface, Map<number, Membership>>();
  private count = 0;

  constructor(node: NodeContext) {
    this.node = node;
  }

  /**
   * One more user of a group, who wants everybody's packets. 0, or -EINVAL (no IPv4 group) or -ENOBUFS (too many groups).
   * Each `join` needs its `leave`.
   */
  join(on: IpInterface, group: IpAddress): number {
    return this.add(on, group, new SourceFilter(true));
  }

  /** One user less; 0, or -EADDRNOTAVAIL: nobody had joined so. */
  leave(on: IpInterface, group: IpAddress): number {
    const membership = this.find(on, group.v4);
    const filter = membership?.wanted.find((wanted) => wanted.exclude && wanted.sources.size === 0);
    return filter === undefined ? -Errno.EADDRNOTAVAIL : this.remove(on, group, filter);
  }

  /** One more user, who wants what `filter` says, and calls `changed` when it says something else. Results as `join`. */
  add(on: IpInterface, group: IpAddress, filter: SourceFilter): number {
    if (group.family !== 4 || !group.isMulticast) return -Errno.EINVAL;
    let groups = this.byInterface.get(on);
    if (groups === undefined) this.byInterface.set(on, (groups = new Map()));
    let membership = groups.get(group.v4);
    if (membership === undefined) {
      if (this.count >= this.node.limits.multicastGroups) return -Errno.ENOBUFS;
      membership = new Membership(on, group.v4);
      groups.set(group.v4, membership);
      this.count++;
    }
    membership.wanted.push(filter);
    this.renew(membership);
    return 0;
  }

  /** The user with this filter is one no longer; 0 or -EADDRNOTAVAIL. */
  remove(on: IpInterface, group: IpAddress, filter: SourceFilter): number {
    const membership = this.find(on, group.v4);
    const at = membership?.wanted.indexOf(filter) ?? -1;
    if (membership === null || at < 0) return -Errno.EADDRNOTAVAIL;
    membership.wanted.splice(at, 1);
    this.renew(membership);
    if (membership.wanted.length > 0) return 0;
    this.byInterface.get(on)!.delete(group.v4);
    this.count--;
    return 0;
  }

  /** A user's filter says something else from now on. */
  changed(on: IpInterface, group: IpAddress): void {
    const membership = this.find(on, group.v4);
    if (membership !== null) this.renew(membership);
  }

  /** The interface is no more: nobody there to tell. */
  removeAll(on: IpInterface): void {
    this.count -= this.byInterface.get(on)?.size ?? 0;
    this.byInterface.delete(on);
  }

  /** Does this host take packets to this group (32 bits) there? */
  isMember(on: IpInterface, group: number): boolean {
    if (group === ALL_SYSTEMS) return true;
    const heard = this.find(on, group)?.heard;
    return heard !== undefined && (heard.exclude || heard.sources.size > 0);
  }

  /** The same for packets of one source. */
  accepts(on: IpInterface, group: number, source: number): boolean {
    if (group === ALL_SYSTEMS) return true;
    return this.find(on, group)?.heard.allows(source) === true;
  }

  find(on: IpInterface, group: number): Membership | null {
    return this.byInterface.get(on)?.get(group) ?? null;
  }

  /** The groups of an interface, 224.0.0.1 apart, in the order in which they were joined. */
  of(on: IpInterface): Membership[] {
    return [...(this.byInterface.get(on)?.values() ?? [])];
  }

  private renew(membership: Membership): void {
    const before = membership.filter;
    membership.merge();
    if (this.listener === null || before.equals(membership.filter)) return;
    this.listener.groupChanged(membership.on, membership.group, before, membership.filter);
  }
}
