import { Errno } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { Prefix } from '../../base/prefix.ts';
import type { IpInterface } from '../ip-interface.ts';
import { type AddressOwner, DuplicateAddressDetection } from './duplicate-address-detection.ts';
import { InterfaceAddress } from './interface-address.ts';
import { type Icmp6Handler, type Ipv6Control, Ipv6Interface } from './ipv6-interface.ts';
import { Mld } from './mld.ts';
import type { Groups6 } from './mld-groups.ts';
import { MLD_ROUTERS, MldType } from './mld-messages.ts';
import { ALL_NODES, ALL_ROUTERS, ALL_SITE_ROUTERS, NaFlag, NdType, solicitedNode } from './nd-messages.ts';
import { Redirects } from './nd-redirect.ts';
import { NeighbourDiscovery, type RouterWatcher } from './neighbour-discovery.ts';
import { type AdvertiseOptions, RouterAdvertiser } from './router-advertiser.ts';
import { RouterDiscovery } from './router-discovery.ts';
import { type AddressKeeper, Slaac } from './slaac.ts';

/**
 * The interfaces where a host speaks IPv6, and their addresses: joins the parts that find neighbours and routers and
 * configure the host.
 *
 *     attach -> link-local address -> is it free? -> ours -> routers, please -> prefixes -> addresses -> are they free?
 */
export class Ipv6Interfaces implements AddressOwner, AddressKeeper, RouterWatcher {
  readonly discovery: NeighbourDiscovery;
  readonly mld: Mld;
  readonly groups: Groups6;
  readonly routers: RouterDiscovery;
  readonly advertiser: RouterAdvertiser;
  readonly redirects: Redirects;
  private readonly node: NodeContext;
  private readonly control: Ipv6Control;
  private readonly detection: DuplicateAddressDetection;
  private readonly slaac: Slaac;
  private readonly list: Ipv6Interface[] = [];

  constructor(node: NodeContext, control: Ipv6Control) {
    this.node = node;
    this.control = control;
    this.mld = new Mld(node, control);
    this.groups = this.mld.groups;
    this.discovery = new NeighbourDiscovery(node, control);
    this.detection = new DuplicateAddressDetection(node, this.discovery, this);
    this.slaac = new Slaac(node, this, this.detection);
    this.routers = new RouterDiscovery(node, control, this.discovery, this.slaac);
    this.advertiser = new RouterAdvertiser(node, control, this.discovery);
    this.redirects = new Redirects(node, control, this.discovery);
    this.discovery.addresses = this.detection;
    this.discovery.routers = this;
  }

  /** Has the messages that are its own brought to it. */
  registerWith(icmp6: { register(type: number, handler: Icmp6Handler): void }): void {
    icmp6.register(NdType.NeighbourSolicitation, this.discovery);
    icmp6.register(NdType.NeighbourAdvertisement, this.discovery);
    icmp6.register(NdType.RouterSolicitation, this.advertiser);
    icmp6.register(NdType.RouterAdvertisement, this.routers);
    icmp6.register(NdType.Redirect, this.redirects);
    for (const type of Object.values(MldType)) icmp6.register(type, this.mld);
  }

  get interfaces(): readonly Ipv6Interface[] {
    return this.list;
  }

  /** From now on IPv6 is spoken there; what it is already, if it is. The interface gets a link-local address. */
  attach(ip: IpInterface): Ipv6Interface {
    if (ip.v6 !== null) return ip.v6;
    const made = new Ipv6Interface(ip);
    ip.v6 = made;
    this.list.push(made);
    if (ip.loopback) return made;
    if (this.control.forwarding) {
      this.groups.join(ip, ALL_ROUTERS);
      this.groups.join(ip, ALL_SITE_ROUTERS); // RFC 4291 2.8
    }
    this.slaac.linkLocal(made);
    return made;
  }

  /** It is spoken there no more: addresses, groups, neighbours and what routers said go. */
  detach(on: Ipv6Interface): void {
    const at = this.list.indexOf(on);
    if (at < 0) return;
    this.list.splice(at, 1);
    for (const each of on.addresses) this.detection.cancel(each);
    on.addresses = [];
    this.slaac.detach(on);
    this.routers.detach(on);
    this.redirects.detach(on);
    this.advertiser.stop(on, false);
    this.mld.detach(on);
    this.discovery.neighbours.removeAll(on.ip);
    on.ip.v6 = null;
    this.control.addressesChanged(on);
  }

  /**
   * Gives an interface an address by hand; 0, or EEXIST, EINVAL, ENOBUFS (negated). It is tentative at first; with
   * `optimistic` it is used while others are still asked whether they have it (RFC 4429).
   */
  addAddress(on: Ipv6Interface, prefix: Prefix, optimistic = false): number {
    const { address } = prefix;
    if (address.family !== 6 || address.isMulticast || address.isUnspecified) return -Errno.EINVAL;
    if (on.find(address) !== null) return -Errno.EEXIST;
    const made = new InterfaceAddress(prefix, on.ip.loopback ? 'loopback' : 'static', 'tentative');
    if (!this.keep(on, made)) return -Errno.ENOBUFS;
    // Who chooses a link-local address needs no other.
    const chosen = address.isLinkLocal ? on.addresses.find((each) => each.origin === 'link-local') : undefined;
    if (chosen !== undefined) this.forget(on, chosen);
    if (on.ip.loopback) this.addressFree(on, made);
    else this.detection.start(on, made, true, 0, optimistic);
    if (optimistic) this.control.addressesChanged(on);
    return 0;
  }

  /** Takes an address away; 0 or EADDRNOTAVAIL (negated). */
  removeAddress(on: Ipv6Interface, address: IpAddress): number {
    const known = on.find(address);
    if (known === null) return -Errno.EADDRNOTAVAIL;
    this.forget(on, known);
    return 0;
  }

  /** The cable is there, or not. What was left open begins anew with it: whose link this is may have changed. */
  linkChanged(on: Ipv6Interface, running: boolean): void {
    if (on.running === running) return;
    on.running = running;
    if (!running || on.ip.loopback) return;
    this.mld.listener.announce(on);
    for (const each of on.addresses) {
      const open = each.state === 'tentative' || each.state === 'duplicate';
      this.detection.start(on, each, true, 0, !open);
    }
    this.routers.start(on);
    this.advertiser.changed(on);
  }

  /** Tells the hosts of a link of this router and its prefixes (RFC 4861 6.2), and asks which groups they are in. */
  advertise(on: Ipv6Interface, options: AdvertiseOptions): void {
    on.acceptsAdvertisements = false;
    if (!this.advertiser.advertises(on)) this.groups.join(on.ip, MLD_ROUTERS);
    this.advertiser.start(on, options);
    if (on.linkLocal !== null) this.mld.querier.start(on);
  }

  /** Somewhere an address is tentative yet; or, with `routers`, routers are being asked for. */
  configuring(routers: boolean): boolean {
    return this.list.some(
      (on) =>
        on.running &&
        (on.addresses.some(({ state }) => state === 'tentative') || (routers && this.routers.isAsking(on))),
    );
  }

  /** Whether this router advertises anywhere. */
  get advertises(): boolean {
    return this.list.some((on) => this.advertiser.advertises(on));
  }

  /** A router's end: tells hosts to go elsewhere. True if there was anything to tell. */
  farewell(): boolean {
    let said = false;
    for (const on of this.list) said = this.advertiser.stop(on, true) || said;
    return said;
  }

  /** Lets go of everything that waits: for a host that is switched off. */
  stop(): void {
    for (const on of [...this.list]) {
      for (const each of on.addresses) this.detection.cancel(each);
      this.advertiser.stop(on, true);
      this.slaac.detach(on);
      this.routers.detach(on);
      this.redirects.detach(on);
      this.mld.detach(on);
      this.discovery.neighbours.removeAll(on.ip);
    }
  }

  keep(on: Ipv6Interface, address: InterfaceAddress): boolean {
    if (on.addresses.length >= this.node.limits.interfaceAddresses) return false;
    on.addresses = [...on.addresses, address];
    if (!on.ip.loopback) this.groups.join(on.ip, solicitedNode(address.address));
    this.control.addressesChanged(on);
    return true;
  }

  forget(on: Ipv6Interface, address: InterfaceAddress): void {
    this.detection.cancel(address);
    on.addresses = on.addresses.filter((each) => each !== address);
    if (!on.ip.loopback) this.groups.leave(on.ip, solicitedNode(address.address));
    this.control.addressesChanged(on);
  }

  changed(on: Ipv6Interface): void {
    this.control.addressesChanged(on);
  }

  addressFree(on: Ipv6Interface, address: InterfaceAddress): void {
    address.state = address.preferredUntil > this.node.clock.now ? 'preferred' : 'deprecated';
    this.slaac.watch(on, address);
    this.control.addressesChanged(on);
    if (on.ip.loopback || !on.running) return;
    this.discovery.advertise(on, address.address, ALL_NODES, NaFlag.Override);
    if (address.address.isLinkLocal) this.routers.start(on);
    this.advertiser.changed(on);
    if (address.address.isLinkLocal && this.advertiser.advertises(on)) this.mld.querier.start(on);
  }

  addressTaken(on: Ipv6Interface, address: InterfaceAddress): void {
    this.control.addressesChanged(on);
    this.slaac.taken(on, address);
  }

  routerLost(on: Ipv6Interface, address: IpAddress): void {
    this.routers.routerLost(on, address);
    this.redirects.lost(on, address);
  }

  routerReachable(on: Ipv6Interface, address: IpAddress, reachable: boolean): void {
    this.routers.routerReachable(on, address, reachable);
    if (!reachable) this.redirects.lost(on, address);
  }
}
