import { Errno } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { IpInterface } from '../ip-interface.ts';
import { RouteType, type RoutingTable } from '../routes.ts';
import type { Groups, SourceFilter } from './groups.ts';

/** What sockets need of the network layer to be in groups. Interfaces go by their numbers. */
export interface GroupService {
  /**
   * The number of the interface that a program means: `index` when it is not 0, else the one with the address `local`
   * (null, or unspecified: any), else where the routes to the group lead. -ENODEV when there is none.
   */
  interfaceFor(group: IpAddress, index: number, local: IpAddress | null): number;
  /** One more user of a group; results as of `Groups.add`, or -ENODEV. */
  add(index: number, group: IpAddress, filter: SourceFilter): number;
  remove(index: number, group: IpAddress, filter: SourceFilter): number;
  /** What a user's filter says has changed. */
  changed(index: number, group: IpAddress): void;
  /** The address that stands for an interface: its first; null when it has none, or there is no such interface. */
  addressOf(index: number): IpAddress | null;
}

/** The groups of IPv4, for sockets. */
export class SocketGroups implements GroupService {
  private readonly groups: Groups;
  private readonly routes: RoutingTable;
  private readonly interfaces: readonly IpInterface[];

  constructor(groups: Groups, routes: RoutingTable, interfaces: readonly IpInterface[]) {
    this.groups = groups;
    this.routes = routes;
    this.interfaces = interfaces;
  }

  interfaceFor(group: IpAddress, index: number, local: IpAddress | null): number {
    if (index !== 0) return this.byIndex(index) === null ? -Errno.ENODEV : index;
    if (local !== null && !local.isUnspecified) {
      const owner = this.interfaces.find((candidate) => candidate.has(local));
      return owner === undefined ? -Errno.ENODEV : owner.index;
    }
    const route = this.routes.lookup(group.v4);
    if (route !== null && route.type === RouteType.Unicast && route.interface !== null) return route.interface.index;
    // Linux finds none without a route; a host with one network has no doubt which is meant.
    const first = this.interfaces.find((candidate) => !candidate.loopback && candidate.up);
    return first === undefined ? -Errno.ENODEV : first.index;
  }

  add(index: number, group: IpAddress, filter: SourceFilter): number {
    const on = this.byIndex(index);
    return on === null ? -Errno.ENODEV : this.groups.add(on, group, filter);
  }

  remove(index: number, group: IpAddress, filter: SourceFilter): number {
    const on = this.byIndex(index);
    return on === null ? -Errno.ENODEV : this.groups.remove(on, group, filter);
  }

  changed(index: number, group: IpAddress): void {
    const on = this.byIndex(index);
    if (on !== null) this.groups.changed(on, group);
  }

  addressOf(index: number): IpAddress | null {
    const prefix = this.byIndex(index)?.addresses.find(({ address }) => address.family === 4);
    return prefix === undefined ? null : prefix.address;
  }

  private byIndex(index: number): IpInterface | null {
    return this.interfaces.find((candidate) => candidate.index === index) ?? null;
  }
}
