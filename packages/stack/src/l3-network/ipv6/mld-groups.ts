import { Errno } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { IpInterface } from '../ip-interface.ts';
import type { Ipv6Interface, Membership6 } from './ipv6-interface.ts';

/** That an interface is in a group, and how many asked for it. */
export class GroupMembership implements Membership6 {
  readonly group: IpAddress;
  next: Membership6 | null = null;
  count = 1;

  constructor(group: IpAddress) {
    this.group = group;
  }
}

/** Who tells routers of it: MLD. */
export interface GroupListener6 {
  joined(on: Ipv6Interface, group: IpAddress): void;
  left(on: Ipv6Interface, group: IpAddress): void;
}

/** The IPv6 multicast groups that the interfaces of this host are in. Every host is in ff02::1 without joining. */
export class Groups6 {
  /** Set once, by who composes the layer. */
  listener: GroupListener6 | null = null;
  private readonly node: NodeContext;
  private count = 0;

  constructor(node: NodeContext) {
    this.node = node;
  }

  /**
   * One more user of a group. 0, or -EINVAL (no IPv6 group), -ENODEV (no IPv6 there), -ENOBUFS (too many groups).
   * Each `join` needs its `leave`.
   */
  join(on: IpInterface, group: IpAddress): number {
    if (group.family !== 6 || !group.isMulticast) return -Errno.EINVAL;
    const { v6 } = on;
    if (v6 === null) return -Errno.ENODEV;
    const known = this.find(v6, group);
    if (known !== null) {
      known.count++;
      return 0;
    }
    if (this.count >= this.node.limits.multicastGroups) return -Errno.ENOBUFS;
    this.count++;
    const made = new GroupMembership(group);
    made.next = v6.memberships.get(group.w3) ?? null;
    v6.memberships.set(group.w3, made);
    this.listener?.joined(v6, group);
    return 0;
  }

  /** One user less; 0, or -EADDRNOTAVAIL: nobody had joined. */
  leave(on: IpInterface, group: IpAddress): number {
    const { v6 } = on;
    const known = v6 === null ? null : this.find(v6, group);
    if (v6 === null || known === null) return -Errno.EADDRNOTAVAIL;
    if (--known.count > 0) return 0;
    this.unlink(v6, known);
    this.listener?.left(v6, group);
    return 0;
  }

  isMember(on: IpInterface, group: IpAddress): boolean {
    return on.v6?.isMember(group) ?? false;
  }

  /** The groups of an interface, ff02::1 apart. */
  of(on: Ipv6Interface): IpAddress[] {
    const groups: IpAddress[] = [];
    for (const head of on.memberships.values()) {
      for (let each: Membership6 | null = head; each !== null; each = each.next) groups.push(each.group);
    }
    return groups;
  }

  /** The interface is no more: nobody there to tell. */
  removeAll(on: Ipv6Interface): void {
    this.count -= this.of(on).length;
    on.memberships.clear();
  }

  private find(on: Ipv6Interface, group: IpAddress): GroupMembership | null {
    let each = on.memberships.get(group.w3) ?? null;
    while (each !== null && !each.group.equals(group)) each = each.next;
    return each as GroupMembership | null;
  }

  private unlink(on: Ipv6Interface, membership: GroupMembership): void {
    this.count--;
    const { w3 } = membership.group;
    const head = on.memberships.get(w3)!;
    if (head === membership) {
      if (membership.next === null) on.memberships.delete(w3);
      else on.memberships.set(w3, membership.next);
      return;
    }
    let before = head;
    while (before.next !== membership) before = before.next!;
    before.next = membership.next;
  }
}
