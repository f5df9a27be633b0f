import { Errno } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { Ipv6 } from './ipv6.ts';

/** What sockets need of IPv6 to be in groups. Interfaces go by their numbers. */
export interface GroupService6 {
  /** The number of the interface that is meant: `index` when it is not 0, else the system's choice. -ENODEV */
  interfaceFor(group: IpAddress, index: number): number;
  join(index: number, group: IpAddress): number;
  leave(index: number, group: IpAddress): number;
}

/** The groups of IPv6, for sockets. */
export class SocketGroups6 implements GroupService6 {
  private readonly ipv6: Ipv6;

  constructor(ipv6: Ipv6) {
    this.ipv6 = ipv6;
  }

  interfaceFor(_group: IpAddress, index: number): number {
    const all = this.ipv6.interfaces();
    if (index !== 0) return all.some((on) => on.index === index) ? index : -Errno.ENODEV;
    const first = all.find((on) => !on.ip.loopback && on.ip.up) ?? all.find((on) => on.ip.loopback);
    return first === undefined ? -Errno.ENODEV : first.index;
  }

  join(index: number, group: IpAddress): number {
    const on = this.byIndex(index);
    return on === undefined ? -Errno.ENODEV : this.ipv6.groups.join(on.ip, group);
  }

  leave(index: number, group: IpAddress): number {
    const on = this.byIndex(index);
    return on === undefined ? -Errno.ENODEV : this.ipv6.groups.leave(on.ip, group);
  }

  private byIndex(index: number) {
    return this.ipv6.interfaces().find((on) => on.index === index);
  }
}
