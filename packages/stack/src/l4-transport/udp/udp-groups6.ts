import { Errno } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { GroupService6 } from '../../l3-network/ipv6/socket-groups6.ts';

/** Linux has no limit but memory; a program that wants more has lost its count. */
const MOST_GROUPS = 64;

/** The IPv6 multicast groups that one endpoint joined (RFC 3493 5.2), each on an interface. Errors are Linux's. */
export class UdpGroups6 {
  private readonly service: GroupService6;
  private readonly memberships: { readonly group: IpAddress; readonly index: number }[] = [];

  constructor(service: GroupService6) {
    this.service = service;
  }

  /** IPV6_JOIN_GROUP; `index` 0: the system chooses. -EINVAL (no group), -ENODEV, -EADDRINUSE (joined already), -ENOBUFS. */
  join(group: IpAddress, index: number): number {
    if (group.family !== 6 || !group.isMulticast) return -Errno.EINVAL;
    const on = this.service.interfaceFor(group, index);
    if (on < 0) return on;
    if (this.find(group, on) >= 0) return -Errno.EADDRINUSE;
    if (this.memberships.length >= MOST_GROUPS) return -Errno.ENOBUFS;
    const result = this.service.join(on, group);
    if (result === 0) this.memberships.push({ group, index: on });
    return result;
  }

  /** IPV6_LEAVE_GROUP: -EADDRNOTAVAIL when it had not joined there. */
  leave(group: IpAddress, index: number): number {
    if (group.family !== 6 || !group.isMulticast) return -Errno.EINVAL;
    const at = this.find(group, index);
    if (at < 0) return -Errno.EADDRNOTAVAIL;
    const [left] = this.memberships.splice(at, 1);
    this.service.leave(left!.index, group);
    return 0;
  }

  /** Leaves all. */
  clear(): void {
    for (const { group, index } of this.memberships.splice(0)) this.service.leave(index, group);
  }

  /** Whether it wants what came for a group by an interface: who joined other groups only does as well, as on Linux. */
  hears(group: IpAddress, index: number): boolean {
    const elsewhere = this.memberships.some((each) => each.group.equals(group) && each.index !== index);
    return !elsewhere || this.find(group, index) >= 0;
  }

  /** `index` 0: the first of the group. */
  private find(group: IpAddress, index: number): number {
    return this.memberships.findIndex((each) => (index === 0 || each.index === index) && each.group.equals(group));
  }
}
