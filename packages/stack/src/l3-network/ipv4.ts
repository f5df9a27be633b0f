import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { Prefix } from '../base/prefix.ts';
import { EtherType } from '../l2-link/ethernet.ts';
import type { AddressClaim } from './address-claims.ts';
import { Arp } from './arp.ts';
import { type AddressWaiter, ClaimedAddress } from './claimed-address.ts';
import { ConfiguredRoutes, type RouteOptions } from './configured-routes.ts';
import type { Ipv4Flow } from './flow.ts';
import { Forwarder } from './forwarding.ts';
import { Icmp } from './icmp.ts';
import { IcmpErrors } from './icmp-errors.ts';
import { IpInterface } from './ip-interface.ts';
import type { IpLink } from './ip-link.ts';
import { Ipv4Input, Ipv4Port } from './ipv4-input.ts';
import { Ipv4Output } from './ipv4-output.ts';
import { Ipv4Paths } from './ipv4-paths.ts';
import { LinkLocal } from './link-local.ts';
import { Loopback } from './loopback.ts';
import { Groups } from './multicast/groups.ts';
import { Igmp } from './multicast/igmp.ts';
import { IgmpOutput } from './multicast/igmp-output.ts';
import { MulticastRouter, type MulticastRouterOptions } from './multicast/multicast-router.ts';
import { SocketGroups } from './multicast/socket-groups.ts';
import type { NeighbourTable } from './neighbours.ts';
import { type NetworkLayer, Protocol, type ProtocolHandler, type SendOptions } from './network-layer.ts';
import type { PacketFilter } from './packet-filter.ts';
import { PathMtus } from './path-mtu.ts';
import type { Redirects } from './redirects.ts';
import { Route, RouteOrigin, RouteType, type RoutingTable } from './routes.ts';
import { RoutingPolicy } from './routing-policy.ts';

export type { RouteOptions, WayOptions } from './configured-routes.ts';

/**
 * IPv4 of one host (RFC 791, RFC 1122 3; RFC 1812 where `forwarding` is on): joins the parts of this folder, which do
 * the work, and keeps interfaces, their addresses, and the routes that follow from these.
 */
export class Ipv4 implements NetworkLayer {
  /** The main table. */
  readonly routes: RoutingTable;
  /** Rules and the other tables. */
  readonly policy: RoutingPolicy;
  private readonly configured: ConfiguredRoutes;
  readonly arp: Arp;
  readonly mtus: PathMtus;
  readonly icmp: Icmp;
  /** The multicast groups that the interfaces are in. */
  readonly groups: Groups;
  /** The same for sockets. */
  readonly socketGroups: SocketGroups;
  readonly igmp: Igmp;
  /** `lo` */
  readonly loopback: IpInterface;
  private readonly links: IpInterface[] = [];
  private nextIndex = 1;
  private readonly handlers = new Array<ProtocolHandler | null>(256).fill(null);
  private readonly paths: Ipv4Paths;
  private readonly node: NodeContext;
  private readonly igmpOutput: IgmpOutput;
  private readonly output: Ipv4Output;
  private readonly errors: IcmpErrors;
  private readonly inbound: Ipv4Input;
  private readonly forwarder: Forwarder;

  constructor(node: NodeContext) {
    this.node = node;
    this.policy = new RoutingPolicy(node, this.links);
    this.routes = this.policy.main;
    this.configured = new ConfiguredRoutes(this.policy);
    this.arp = new Arp(node);
    this.mtus = new PathMtus(node, this.routes);
    this.groups = new Groups(node);
    const lo = new Loopback(node);
    this.loopback = new IpInterface(this.nextIndex++, lo, true);
    this.links.push(this.loopback);
    this.paths = new Ipv4Paths(
      node,
      this.policy,
      this.mtus,
      this.arp.neighbours,
      this.links,
      this.loopback,
      this.groups,
    );
    this.socketGroups = new SocketGroups(this.groups, this.routes, this.links);
    this.output = new Ipv4Output(node, this.paths);
    this.errors = new IcmpErrors(node, this.paths, this.output, this.handlers);
    this.arp.errors = this.errors;
    this.icmp = new Icmp(node, this.paths, this.output, this.errors, this.mtus);
    this.handlers[Protocol.Icmp] = this.icmp;
    this.igmpOutput = new IgmpOutput(node, this.output);
    this.igmp = new Igmp(node, this.groups, this.igmpOutput, this.links);
    this.handlers[Protocol.Igmp] = this.igmp;
    this.forwarder = new Forwarder(node, this.arp.neighbours, this.errors, this.paths.recorder, this.policy);
    this.inbound = new Ipv4Input(node, this.paths, this.handlers, this.errors, this.forwarder, this.groups);
    lo.register(EtherType.Ipv4, new Ipv4Port(this.inbound, this.loopback));
    this.addAddress(lo, new Prefix(IpAddress.LOOPBACK4, 8));
  }

  get generation(): number {
    return this.routes.generation;
  }

  /** Sends on what is for others: a router does, a host does not (RFC 1122 3.3.1.1). */
  get forwarding(): boolean {
    return this.inbound.forwarding;
  }
  set forwarding(on: boolean) {
    this.inbound.forwarding = on;
    this.paths.redirects.accepted = !on;
  }

  /** Who looks at every packet of this host: a firewall. */
  get filter(): PacketFilter | null {
    return this.paths.filter;
  }
  set filter(filter: PacketFilter | null) {
    this.paths.filter = filter;
    this.forwarder.filter = filter;
  }

  /** Better ways that routers told of. */
  get redirects(): Redirects {
    return this.paths.redirects;
  }

  /** Neither tells others of better ways nor listens to who does. */
  ignoreRedirects(): void {
    this.paths.redirects.accepted = false;
    this.forwarder.redirects.enabled = false;
  }

  get neighbours(): NeighbourTable {
    return this.arp.neighbours;
  }

  /** `lo` first, then as they were added. */
  interfaces(): readonly IpInterface[] {
    return this.links;
  }

  interfaceOf(link: IpLink): IpInterface | null {
    return this.links.find((candidate) => candidate.link === link) ?? null;
  }

  interfaceNamed(name: string): IpInterface | null {
    return this.links.find((candidate) => candidate.name === name) ?? null;
  }

  interfaceIndex(name: string): number {
    return this.interfaceNamed(name)?.index ?? 0;
  }

  /** From now on speaks IPv4 and ARP on this link; the same interface again if it does already. */
  addInterface(link: IpLink): IpInterface {
    const known = this.interfaceOf(link);
    if (known !== null) return known;
    const made = new IpInterface(this.nextIndex++, link, false);
    this.links.push(made);
    this.policy.renew();
    link.register(EtherType.Ipv4, new Ipv4Port(this.inbound, made));
    this.arp.attach(made);
    return made;
  }

  /** Speaks there no more: its addresses, routes and neighbours go with it. `lo` stays. */
  removeInterface(link: IpLink): void {
    const gone = this.interfaceOf(link);
    if (gone === null || gone.loopback) return;
    link.register(EtherType.Ipv4, null);
    this.arp.detach(gone);
    this.groups.removeAll(gone);
    this.igmp.stop(gone);
    gone.addresses = [];
    this.links.splice(this.links.indexOf(gone), 1);
    this.policy.removeInterface(gone);
  }

  /** Gives the host an address on a link; 0, or EEXIST or EINVAL (negated). */
  addAddress(link: IpLink, prefix: Prefix): number {
    const { address } = prefix;
    if (address.family !== 4 || address.isMulticast || address.isUnspecified || address.v4 >= 0xf0000000) {
      return -Errno.EINVAL;
    }
    const on = this.addInterface(link);
    if (on.has(address)) return -Errno.EEXIST;
    on.addresses = [...on.addresses, prefix];
    this.renewKernelRoutes(on);
    return 0;
  }

  /**
   * Gives the host an address on a link when nobody else there has it (RFC 5227): some 7 s from now on `waiter` is told,
   * or never. What is known of conflicts stands in `arp.claims`.
   */
  claimAddress(link: IpLink, prefix: Prefix, waiter: AddressWaiter | null = null): AddressClaim {
    return new ClaimedAddress(this.addInterface(link), prefix, this, waiter).start(this.arp.claims);
  }

  /** From now on the link has an address out of 169.254.0.0/16, of its own choice (RFC 3927). */
  useLinkLocal(link: IpLink): LinkLocal {
    const made = new LinkLocal(this.node, this.addInterface(link), this.arp.claims, this);
    made.start();
    return made;
  }

  /** Takes an address away, and the static routes whose source it is; 0 or EADDRNOTAVAIL (negated). */
  removeAddress(link: IpLink, address: IpAddress): number {
    const on = this.interfaceOf(link);
    if (on === null || !on.has(address)) return -Errno.EADDRNOTAVAIL;
    on.addresses = on.addresses.filter((prefix) => !prefix.address.equals(address));
    this.renewKernelRoutes(on);
    if (!this.isLocal(address)) this.policy.removeWhere((route) => route.source === address.v4);
    return 0;
  }

  /** The link went up or down: routes that lead there follow, and so do flows. */
  linkChanged(link: IpLink): void {
    const changed = this.interfaceOf(link);
    if (changed === null || changed.up === link.up) return;
    changed.up = link.up;
    this.policy.interfaceChanged(changed);
    if (!changed.up) this.neighbours.removeAll(changed);
  }

  /** The line of an interface lives: routers there, perhaps new ones, hear which groups this host is in. */
  carrierFound(link: IpLink): void {
    const on = this.interfaceOf(link);
    if (on === null) return;
    this.policy.carrierChanged(on);
    this.igmp.linkUp(on);
  }

  /**
   * The line of an interface is dead, and its routes stay. Who is at the other end when it lives again may be another
   * station with the same address: neighbours are asked anew, as Linux does.
   */
  carrierLost(link: IpLink): void {
    const on = this.interfaceOf(link);
    if (on === null) return;
    this.policy.carrierChanged(on);
    this.neighbours.forgetLearnt(on);
  }

  /**
   * Adds a route to `to`; 0 or a negated error number: EEXIST (one with this metric is there), ENETUNREACH (the next
   * hop is not on a link of ours), ENODEV (neither next hop nor interface), EINVAL, ENOBUFS (too many).
   */
  addRoute(to: Prefix, options: RouteOptions): number {
    return this.configured.add(to, options);
  }

  /** Removes the best route to exactly `to` that fits what is given; 0 or ENOENT (negated; Linux says ESRCH). */
  removeRoute(to: Prefix, options: RouteOptions = {}): number {
    return this.configured.remove(to, options);
  }

  register(protocol: number, handler: ProtocolHandler): void {
    this.handlers[protocol] = handler;
  }

  open(remote: IpAddress, protocol: number, local: IpAddress | null, options?: SendOptions): Ipv4Flow | number {
    return this.output.open(remote, protocol, local, options);
  }

  send(
    packet: PacketBuffer,
    protocol: number,
    local: IpAddress | null,
    remote: IpAddress,
    options?: SendOptions,
  ): number {
    return this.output.send(packet, protocol, local, remote, options);
  }

  sourceFor(remote: IpAddress): IpAddress | number {
    return this.output.sourceFor(remote);
  }

  isLocal(address: IpAddress): boolean {
    return address.family === 4 && this.paths.isLocal(address.v4);
  }

  sendIcmpError(packet: PacketBuffer, type: number, code: number, info = 0): void {
    this.errors.send(packet, type, code, info);
  }

  /** Makes a multicast router of this host (or, with null, none any more). */
  routeMulticast(options: MulticastRouterOptions | null): void {
    this.inbound.multicastRouter?.stop();
    this.inbound.multicastRouter =
      options === null ? null : new MulticastRouter(this.node, this.paths, this.igmp, this.igmpOutput, options);
    this.inbound.multicastRouter?.start();
  }

  get multicastRouter(): MulticastRouter | null {
    return this.inbound.multicastRouter;
  }

  /** Packets sent on for others so far. */
  get forwarded(): number {
    return this.forwarder.forwarded;
  }

  /** Lets go of everything that waits here: for a host that is switched off. */
  stop(): void {
    this.inbound.multicastRouter?.stop();
    this.inbound.reassembly.clear();
    for (const each of this.links) {
      this.neighbours.removeAll(each);
      this.igmp.stop(each);
      this.arp.claims.stop(each);
    }
  }

  /** What follows from an interface's addresses: the address is ours, its network is on the link, and broadcasts. */
  private renewKernelRoutes(on: IpInterface): void {
    this.routes.removeWhere((route) => route.interface === on && route.origin === RouteOrigin.Kernel);
    const networks: Prefix[] = [];
    for (const prefix of on.addresses) {
      const own = prefix.address.v4;
      this.kernelRoute(own, 32, RouteType.Local, on, own);
      // A second address in a network that is here already adds no second way there.
      if (prefix.length === 32 || networks.some((other) => other.network.equals(prefix.network))) continue;
      networks.push(prefix);
      this.kernelRoute(prefix.network.v4, prefix.length, on.loopback ? RouteType.Local : RouteType.Unicast, on, own);
      if (prefix.length >= 31 || on.loopback) continue;
      this.kernelRoute(prefix.broadcast4, 32, RouteType.Broadcast, on, own);
      this.kernelRoute(prefix.network.v4, 32, RouteType.Broadcast, on, own); // as 4.2BSD had it (RFC 1122 3.3.6)
    }
  }

  private kernelRoute(network: number, length: number, type: RouteType, on: IpInterface, source: number): void {
    this.routes.append(new Route(network, length, type, on, 0, 0, source, RouteOrigin.Kernel));
  }
}
