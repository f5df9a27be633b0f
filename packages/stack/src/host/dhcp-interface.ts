import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import { MacAddress } from '../base/mac-address.ts';
import { Prefix } from '../base/prefix.ts';
import type { AddressClaim, ClaimOwner } from '../l3-network/address-claims.ts';
import type { IpInterface } from '../l3-network/ip-interface.ts';
import { type Neighbour, NeighbourState } from '../l3-network/neighbour.ts';
import { RouteOrigin } from '../l3-network/routes.ts';
import type { ClientLease } from '../l7-application/dhcp/client-lease.ts';
import type { DhcpInterface } from '../l7-application/dhcp/client-socket.ts';
import type { DhcpLink } from '../l7-application/dhcp/dhcp-link.ts';
import type { Machine } from './machine.ts';

interface AddedRoute {
  readonly to: Prefix;
  readonly via: IpAddress | null;
  readonly metric: number;
}

/**
 * An interface in the hands of DHCP: what a lease says becomes address, routes, MTU, name servers and names of the host,
 * and is taken back with it. Only what was put there by a lease is ever taken away.
 */
export class DhcpHostInterface implements DhcpInterface, DhcpLink, ClaimOwner {
  onConflict: ((by: MacAddress) => void) | null = null;
  private readonly host: Machine;
  private readonly on: IpInterface;
  private routes: AddedRoute[] = [];
  /** What the MTU was before a lease changed it; 0: none did. */
  private mtuBefore = 0;
  /** While an address is being checked. */
  private asked: Neighbour | null = null;
  /** Defends the address while it is leased (RFC 5227 2.4). */
  private claim: AddressClaim | null = null;

  constructor(host: Machine, on: IpInterface) {
    this.host = host;
    this.on = on;
  }

  get name(): string {
    return this.on.name;
  }

  get mac(): MacAddress {
    return this.on.link.mac;
  }

  get address(): number {
    return this.on.addresses.find(({ address }) => address.family === 4)?.address.v4 ?? 0;
  }

  introduce(address: number, mac: MacAddress): void {
    const { neighbours } = this.host.ip;
    const entry = neighbours.obtain(IpAddress.v4(address), this.on);
    if (entry !== null) neighbours.learn(entry, mac, false);
  }

  /** RFC 5227 2.1.1: a question without a sender, which changes nobody's table. */
  ask(address: number): void {
    const { ip } = this.host;
    if (this.asked === null || this.asked.address.v4 !== address) {
      this.forgetAsked();
      // What is known of the address from before is no answer.
      const known = ip.neighbours.find(0, 0, 0xffff, address, this.on);
      if (known !== null) ip.neighbours.remove(known);
      this.asked = ip.neighbours.obtain(IpAddress.v4(address), this.on);
    }
    if (this.asked !== null) ip.arp.solicit(this.asked, false);
  }

  owner(address: number): MacAddress | null {
    const { asked } = this;
    if (asked === null || asked.gone || asked.address.v4 !== address) return null;
    return asked.mac.equals(MacAddress.ZERO) || asked.state === NeighbourState.None ? null : asked.mac;
  }

  bind(lease: ClientLease, before: ClientLease | null): number {
    const { host, on } = this;
    this.forgetAsked();
    const same = before?.prefix.equals(lease.prefix) === true;
    if (before !== null) {
      if (same) this.removeRoutes();
      else this.unbind(before);
    }
    if (!same) {
      const added = host.ip.addAddress(on.link, lease.prefix);
      if (added < 0 && added !== -Errno.EEXIST) return added;
      host.names.add(lease.prefix.address, host.name);
      host.ip.arp.announce(on, lease.prefix.address);
      this.claim = host.ip.arp.claims.hold(on, lease.address, this);
    }
    this.setMtu(lease.mtu);
    for (const { network, length, router } of lease.routes) {
      this.addRoute(lease, new Prefix(IpAddress.v4(network), length), router);
    }
    host.nameServers.set(this.source, lease.nameServers.map(IpAddress.v4), lease.search);
    host.hostName = lease.hostName ?? host.name;
    return 0;
  }

  unbind(lease: ClientLease): void {
    const { host, on } = this;
    this.forgetAsked();
    this.claim?.cancel();
    this.claim = null;
    this.removeRoutes();
    host.ip.removeAddress(on.link, lease.prefix.address);
    host.names.remove(lease.prefix.address);
    host.nameServers.remove(this.source);
    host.hostName = host.name;
    this.setMtu(0);
  }

  claimed(): void {}

  /** Somebody uses the address and will not give it up. */
  refused(_claim: AddressClaim, by: MacAddress): void {
    this.claim = null;
    this.onConflict?.(by);
  }

  private get source(): string {
    return `dhcp ${this.name}`;
  }

  /** `router` 0: the network is on the link. A default route that is there already keeps its place before ours. */
  private addRoute(lease: ClientLease, to: Prefix, router: number): void {
    const via = router === 0 ? null : IpAddress.v4(router);
    // A router outside of our network is on the link all the same (RFC 3442, as clouds with /32 have it).
    if (via !== null && !lease.prefix.contains(via)) this.install(new Prefix(via, 32), null, 0);
    if (!this.install(to, via, 0)) this.install(to, via, this.on.index);
  }

  private install(to: Prefix, via: IpAddress | null, metric: number): boolean {
    const way = via === null ? {} : { via };
    const added = this.host.ip.addRoute(to, { ...way, interface: this.on, metric, origin: RouteOrigin.Dhcp });
    if (added === 0) this.routes.push({ to, via, metric });
    return added === 0;
  }

  private removeRoutes(): void {
    for (const { to, via, metric } of this.routes) {
      this.host.ip.removeRoute(to, { ...(via === null ? {} : { via }), interface: this.on, metric });
    }
    this.routes = [];
  }

  /** Never above what the interface had: a server that says more does not know this link. 0: as it was. */
  private setMtu(mtu: number): void {
    const { link } = this.on;
    if (this.mtuBefore !== 0) link.mtu = this.mtuBefore;
    this.mtuBefore = 0;
    if (mtu === 0 || mtu >= link.mtu) return;
    this.mtuBefore = link.mtu;
    link.mtu = mtu;
  }

  private forgetAsked(): void {
    if (this.asked !== null && !this.asked.gone) this.host.ip.neighbours.remove(this.asked);
    this.asked = null;
  }
}
