import { Errno } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import { SourceFilter } from '../../l3-network/multicast/groups.ts';
import type { GroupService } from '../../l3-network/multicast/socket-groups.ts';

/** Linux's `igmp_max_memberships` and `igmp_max_msf`: groups of one socket, and sources of one group. */
const MOST_GROUPS = 20;
const MOST_SOURCES = 10;

interface UdpMembership {
  readonly group: IpAddress;
  /** The interface's number. */
  readonly index: number;
  readonly filter: SourceFilter;
}

/**
 * The multicast groups that one endpoint joined (RFC 1112 7.1, RFC 3376 2, RFC 3678): each on an interface, with the
 * sources that it wants to hear there. Errors are Linux's.
 */
export class UdpGroups {
  private readonly service: GroupService;
  private readonly memberships: UdpMembership[] = [];

  constructor(service: GroupService) {
    this.service = service;
  }

  /** IP_ADD_MEMBERSHIP: -EINVAL (no group), -ENODEV (no such interface), -EADDRINUSE (joined already), -ENOBUFS. */
  join(group: IpAddress, index: number, local: IpAddress | null): number {
    return this.enter(group, index, local, new SourceFilter(true));
  }

  /** IP_DROP_MEMBERSHIP: -EADDRNOTAVAIL when it had not joined there. */
  leave(group: IpAddress, index: number, local: IpAddress | null): number {
    const found = this.chosen(group, index, local);
    return found === null ? -Errno.EADDRNOTAVAIL : this.end(found);
  }

  /**
   * IP_ADD_SOURCE_MEMBERSHIP: wants one source more; who wanted all but none now wants this one only. -EINVAL when it
   * blocks some, -EADDRNOTAVAIL when it wants that one already.
   */
  addSource(group: IpAddress, index: number, local: IpAddress | null, source: IpAddress): number {
    const found = this.chosen(group, index, local);
    if (found === null) return this.enter(group, index, local, new SourceFilter(false, [source.v4]));
    if (found.filter.exclude && found.filter.sources.size > 0) return -Errno.EINVAL;
    found.filter.exclude = false;
    return this.change(found, source, true);
  }

  /** IP_DROP_SOURCE_MEMBERSHIP: one source less; without the last it leaves the group. */
  dropSource(group: IpAddress, index: number, local: IpAddress | null, source: IpAddress): number {
    const found = this.chosen(group, index, local);
    if (found === null) return -Errno.EINVAL;
    if (found.filter.exclude) return found.filter.sources.size > 0 ? -Errno.EINVAL : -Errno.EADDRNOTAVAIL;
    const result = this.change(found, source, false);
    return result === 0 && found.filter.sources.size === 0 ? this.end(found) : result;
  }

  /** IP_BLOCK_SOURCE and IP_UNBLOCK_SOURCE: hears all but these, of a group that it joined for all. */
  block(group: IpAddress, index: number, local: IpAddress | null, source: IpAddress, blocked: boolean): number {
    const found = this.chosen(group, index, local);
    if (found === null || !found.filter.exclude) return -Errno.EINVAL;
    return this.change(found, source, blocked);
  }

  /** Leaves all. */
  clear(): void {
    while (this.memberships.length > 0) this.end(this.memberships[0]!);
  }

  /**
   * Whether it wants a packet to a group (both 32 bits) that came by an interface. Who joined nothing there hears what
   * others of the same host joined, as on Linux (IP_MULTICAST_ALL).
   */
  hears(group: number, source: number, index: number): boolean {
    for (const membership of this.memberships) {
      if (membership.index === index && membership.group.v4 === group) return membership.filter.allows(source);
    }
    return true;
  }

  private enter(group: IpAddress, index: number, local: IpAddress | null, filter: SourceFilter): number {
    if (group.family !== 4 || !group.isMulticast) return -Errno.EINVAL;
    const on = this.service.interfaceFor(group, index, local);
    if (on < 0) return on;
    if (this.find(group, on) !== null) return -Errno.EADDRINUSE;
    if (this.memberships.length >= MOST_GROUPS) return -Errno.ENOBUFS;
    const result = this.service.add(on, group, filter);
    if (result === 0) this.memberships.push({ group, index: on, filter });
    return result;
  }

  private end(membership: UdpMembership): number {
    this.memberships.splice(this.memberships.indexOf(membership), 1);
    this.service.remove(membership.index, membership.group, membership.filter);
    return 0;
  }

  /** Puts a source into a filter, or takes it out. */
  private change(membership: UdpMembership, source: IpAddress, listed: boolean): number {
    const { sources } = membership.filter;
    if (sources.has(source.v4) === listed) return -Errno.EADDRNOTAVAIL;
    if (listed && sources.size >= MOST_SOURCES) return -Errno.ENOBUFS;
    if (listed) sources.add(source.v4);
    else sources.delete(source.v4);
    this.service.changed(membership.index, membership.group);
    return 0;
  }

  /** The membership that a program means; without an interface, the first of the group. */
  private chosen(group: IpAddress, index: number, local: IpAddress | null): UdpMembership | null {
    if (index === 0 && (local === null || local.isUnspecified)) {
      return this.memberships.find((membership) => membership.group.equals(group)) ?? null;
    }
    return this.find(group, this.service.interfaceFor(group, index, local));
  }

  private find(group: IpAddress, index: number): UdpMembership | null {
    return this.memberships.find((known) => known.index === index && known.group.equals(group)) ?? null;
  }
}
