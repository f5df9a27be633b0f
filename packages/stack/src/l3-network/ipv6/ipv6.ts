import { Errno } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { Prefix } from '../../base/prefix.ts';
import { EtherType } from '../../l2-link/ethernet.ts';
import type { IpInterface } from '../ip-interface.ts';
import type { IpLink } from '../ip-link.ts';
import type { Ipv4 } from '../ipv4.ts';
import type { NeighbourTable } from '../neighbours.ts';
import { type NetworkLayer, Protocol, type ProtocolHandler, type SendOptions } from '../network-layer.ts';
import type { PacketFilter } from '../packet-filter.ts';
import { RouteOrigin, RouteType } from '../routes.ts';
import type { Ipv6Flow } from './flow6.ts';
import { Forwarder6 } from './forwarding6.ts';
import { Icmp6 } from './icmp6.ts';
import { Icmp6Errors } from './icmp6-errors.ts';
import type { InterfaceAddress } from './interface-address.ts';
import { Ipv6Input, Ipv6Port } from './ipv6-input.ts';
import type { Ipv6Control, Ipv6Interface } from './ipv6-interface.ts';
import { Ipv6Interfaces } from './ipv6-interfaces.ts';
import { Ipv6Output } from './ipv6-output.ts';
import { Ipv6Paths } from './ipv6-paths.ts';
import type { Groups6 } from './mld-groups.ts';
import { PathMtus6 } from './path-mtu6.ts';
import { Route6, type Route6Origin, RoutingTable6 } from './routes6.ts';

const LINK_LOCAL = new Prefix(IpAddress.v6(0xfe800000, 0, 0, 0), 64);

/** A route as a person gives it. */
export interface RouteOptions6 {
  /** The next hop; a link-local one needs `interface`. */
  via?: IpAddress;
  /** Needed without `via`; with it, found by itself. */
  interface?: IpInterface;
  metric?: number;
  type?: RouteType;
  /** The source address of what goes by this route. */
  source?: IpAddress;
  origin?: Route6Origin;
}

/**
 * IPv6 of one host (RFC 8200; RFC 8504's node requirements): joins the parts of this folder. It uses the interfaces of
 * `Ipv4`, and is spoken on those where it was switched on; `lo` always has ::1.
 */
export class Ipv6 implements NetworkLayer, Ipv6Control {
  readonly routes: RoutingTable6;
  readonly mtus: PathMtus6;
  readonly icmp: Icmp6;
  /** Where IPv6 is spoken, the addresses there, and the parts that configure them. */
  readonly links: Ipv6Interfaces;
  private readonly ipv4: Ipv4;
  private readonly handlers = new Array<ProtocolHandler | null>(256).fill(null);
  private readonly paths: Ipv6Paths;
  private readonly output: Ipv6Output;
  private readonly errors: Icmp6Errors;
  private readonly inbound: Ipv6Input;
  private readonly forwarder: Forwarder6;

  constructor(node: NodeContext, ipv4: Ipv4) {
    this.ipv4 = ipv4;
    this.routes = new RoutingTable6(node.clock, node.limits.routes);
    this.mtus = new PathMtus6(node, this.routes);
    this.links = new Ipv6Interfaces(node, this);
    const { neighbours } = this.links.discovery;
    const interfaces = (): readonly IpInterface[] => ipv4.interfaces();
    this.paths = new Ipv6Paths(node, this.routes, this.mtus, neighbours, interfaces, ipv4.loopback);
    this.output = new Ipv6Output(node, this.paths);
    this.errors = new Icmp6Errors(node, this.paths, this.output, this.handlers);
    this.links.discovery.errors = this.errors;
    this.icmp = new Icmp6(node, this.paths, this.output, this.errors, this.mtus);
    this.links.registerWith(this.icmp);
    this.handlers[Protocol.Icmpv6] = this.icmp;
    this.forwarder = new Forwarder6(node, neighbours, this.errors);
    this.forwarder.redirector = this.links.redirects;
    this.inbound = new Ipv6Input(node, this.paths, this.handlers, this.errors, this.forwarder);
    this.addAddress(ipv4.loopback.link, new Prefix(IpAddress.LOOPBACK6, 128));
  }

  get generation(): number {
    return this.routes.generation;
  }

  /** Sends on what is for others: a router does, a host does not. */
  get forwarding(): boolean {
    return this.inbound.forwarding;
  }
  set forwarding(on: boolean) {
    this.inbound.forwarding = on;
  }

  /** Who looks at every packet of this host: a firewall. */
  set filter(filter: PacketFilter | null) {
    this.paths.filter = filter;
    this.forwarder.filter = filter;
  }

  get neighbours(): NeighbourTable {
    return this.links.discovery.neighbours;
  }

  /** The groups that interfaces are in. */
  get groups(): Groups6 {
    return this.links.groups;
  }

  /** Packets sent on for others so far. */
  get forwarded(): number {
    return this.forwarder.forwarded;
  }

  /** Incomplete packets that wait for fragments. */
  get reassembling(): number {
    return this.inbound.reassembly.pending;
  }

  /** Where IPv6 is spoken, `lo` first. */
  interfaces(): readonly Ipv6Interface[] {
    return this.links.interfaces;
  }

  interfaceIndex(name: string): number {
    return this.ipv4.interfaceIndex(name);
  }

  /** From now on speaks IPv6 on this link, with a link-local address; the same interface again if it does already. */
  addInterface(link: IpLink): Ipv6Interface {
    const on = this.ipv4.addInterface(link);
    if (on.v6 !== null) return on.v6;
    link.register(EtherType.Ipv6, new Ipv6Port(this.inbound, on));
    return this.links.attach(on);
  }

  /** Speaks IPv6 there no more: addresses, routes and neighbours go. Before IPv4 lets go of the interface. `lo` stays. */
  removeInterface(link: IpLink): void {
    const on = this.ipv4.interfaceOf(link);
    if (on === null || on.v6 === null || on.loopback) return;
    link.register(EtherType.Ipv6, null);
    this.links.detach(on.v6);
    this.routes.removeWhere((route) => route.interface === on);
  }

  /**
   * Gives the host an address on a link; 0, or EEXIST, EINVAL, ENOBUFS (negated). It is used when nobody else has it; with
   * `optimistic` at once, until somebody is found to have it.
   */
  addAddress(link: IpLink, prefix: Prefix, optimistic = false): number {
    const { address } = prefix;
    const isGood = address.family === 6 && !address.isMulticast && !address.isUnspecified && !address.isMapped;
    if (!isGood || (address.isLoopback && link !== this.ipv4.loopback.link)) return -Errno.EINVAL;
    return this.links.addAddress(this.addInterface(link), prefix, optimistic);
  }

  /** Takes an address away, and the static routes whose source it is; 0 or EADDRNOTAVAIL (negated). */
  removeAddress(link: IpLink, address: IpAddress): number {
    const on = this.ipv4.interfaceOf(link)?.v6 ?? null;
    if (on === null) return -Errno.EADDRNOTAVAIL;
    const result = this.links.removeAddress(on, address);
    if (result === 0) this.routes.removeWhere((route) => route.source?.equals(address) === true);
    return result;
  }

  /** The link went up or down: routes that lead there follow, and so do flows. */
  linkChanged(on: IpInterface): void {
    this.routes.interfaceChanged(on);
    if (!on.up) this.neighbours.removeAll(on);
  }

  /** The line of an interface is there, or is dead. Who is at the other end when it lives again may be another. */
  carrierChanged(on: IpInterface, running: boolean): void {
    if (on.v6 === null) return;
    if (!running) this.neighbours.forgetLearnt(on);
    this.links.linkChanged(on.v6, running);
  }

  /**
   * Adds a route to `to`; 0 or a negated error number: EEXIST (one with this metric is there), ENETUNREACH (the next
   * hop is not on a link of ours), ENODEV (neither next hop nor interface), EINVAL (a link-local next hop without an
   * interface, or one where IPv6 is not spoken), ENOBUFS (too many).
   */
  addRoute(to: Prefix, options: RouteOptions6): number {
    const type = options.type ?? RouteType.Unicast;
    const leads = type === RouteType.Unicast;
    const { via } = options;
    let out = options.interface ?? null;
    if (to.address.family !== 6 || (via !== undefined && via.family !== 6)) return -Errno.EINVAL;
    if (leads && via !== undefined && out === null) {
      if (via.isLinkLocal) return -Errno.EINVAL;
      const way = this.routes.lookup(via);
      if (way === null || way.type !== RouteType.Unicast || way.gateway !== null) return -Errno.ENETUNREACH;
      out = way.interface;
    }
    if (leads && out === null) return -Errno.ENODEV;
    if (leads && out!.v6 === null) return -Errno.EINVAL;
    const route = new Route6(to, {
      type,
      interface: leads ? out : null,
      gateway: via ?? null,
      metric: options.metric ?? 0,
      source: options.source ?? null,
      origin: options.origin ?? RouteOrigin.Static,
    });
    return this.routes.add(route);
  }

  /** Removes the best route to exactly `to` that fits what is given; 0 or ENOENT (negated; Linux says ESRCH). */
  removeRoute(to: Prefix, options: RouteOptions6 = {}): number {
    const route = this.routes.find(to, options.via, options.interface, options.metric);
    return route !== null && this.routes.remove(route) ? 0 : -Errno.ENOENT;
  }

  register(protocol: number, handler: ProtocolHandler): void {
    this.handlers[protocol] = handler;
  }

  open(remote: IpAddress, protocol: number, local: IpAddress | null, options?: SendOptions): Ipv6Flow | number {
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

  sendControl(
    packet: PacketBuffer,
    source: IpAddress,
    destination: IpAddress,
    out: Ipv6Interface,
    hopLimit: number,
    routerAlert: boolean,
  ): number {
    return this.output.sendControl(packet, source, destination, out, hopLimit, routerAlert);
  }

  sourceFor(remote: IpAddress): IpAddress | number {
    return this.output.sourceFor(remote);
  }

  isLocal(address: IpAddress, interfaceIndex = 0): boolean {
    if (address.family !== 6 || !this.paths.isLocal(address)) return false;
    // RFC 4007 6: the same address may be another's on another link.
    return (
      interfaceIndex === 0 || !address.isLinkLocal || this.paths.byIndex(interfaceIndex)?.v6?.has(address) === true
    );
  }

  /** What is known of an address of this host; null when it is none. */
  addressOf(address: IpAddress): InterfaceAddress | null {
    for (const on of this.interfaces()) {
      const found = on.find(address);
      if (found !== null) return found;
    }
    return null;
  }

  sendIcmpError(packet: PacketBuffer, type: number, code: number, info = 0): void {
    this.errors.send(packet, type, code, info);
  }

  /** Lets go of everything that waits here: for a host that is switched off. */
  stop(): void {
    this.inbound.reassembly.clear();
    this.links.stop();
  }

  /** What follows from an interface's addresses: each is ours, and its network is on the link. */
  addressesChanged(on: Ipv6Interface): void {
    this.routes.removeWhere((route) => route.interface === on.ip && route.origin === RouteOrigin.Kernel);
    const networks: Prefix[] = [];
    if (on.ip.v6 === on && !on.ip.loopback) {
      networks.push(LINK_LOCAL);
      this.kernelRoute(LINK_LOCAL, RouteType.Unicast, on.ip);
    }
    for (const each of on.addresses) {
      if (each.usable) this.kernelRoute(new Prefix(each.address, 128), RouteType.Local, on.ip);
      // That the prefix of an address of its own making is on the link is for routers to say (RFC 5942 4).
      const { prefix } = each;
      const tells = each.origin === 'static' && each.state !== 'duplicate' && prefix.length < 128;
      if (!tells || networks.some((other) => other.network.equals(prefix.network))) continue;
      networks.push(prefix);
      this.kernelRoute(prefix, RouteType.Unicast, on.ip);
    }
  }

  private kernelRoute(prefix: Prefix, type: RouteType, on: IpInterface): void {
    this.routes.append(new Route6(prefix, { type, interface: on, origin: RouteOrigin.Kernel }));
  }
}
