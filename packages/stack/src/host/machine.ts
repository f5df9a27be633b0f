import { NetError } from '../base/errors.ts';
import type { IpAddress } from '../base/ip-address.ts';
import type { MacAddress } from '../base/mac-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { Prefix } from '../base/prefix.ts';
import { Nic, type NicListener } from '../l2-link/nic.ts';
import { Firewall } from '../l3-network/firewall/firewall.ts';
import type { Icmp } from '../l3-network/icmp.ts';
import { Internet } from '../l3-network/internet.ts';
import { Ipv4 } from '../l3-network/ipv4.ts';
import type { Icmp6 } from '../l3-network/ipv6/icmp6.ts';
import { Ipv6 } from '../l3-network/ipv6/ipv6.ts';
import type { Ipv6Interface } from '../l3-network/ipv6/ipv6-interface.ts';
import type { DnsAdvice } from '../l3-network/ipv6/router-discovery.ts';
import { SocketGroups6 } from '../l3-network/ipv6/socket-groups6.ts';
import { Tcp } from '../l4-transport/tcp/tcp.ts';
import { Udp } from '../l4-transport/udp/udp.ts';
import { EAI_NONAME } from '../l5-session/constants.ts';
import type { NameResolver } from '../l5-session/names.ts';
import type { SessionHost } from '../l5-session/session-host.ts';
import { SocketApi } from '../l5-session/sockets.ts';
import type { Wakeups } from '../l5-session/wakeups.ts';
import { firewallNames } from './firewall-names.ts';
import type { HostsFile } from './hosts-file.ts';
import { Mounts } from './mounts.ts';
import { NameServers } from './name-servers.ts';
import { type RouteWords, type RuleWords, readRoute, readRule } from './route-words.ts';

/** Who runs time, as a host needs it: the network's scheduler. */
export interface HostTime extends Wakeups {
  /** Waits for work outside of the network while time stands still; several come back in the order of asking. */
  waitFor<T>(work: Promise<T>): Promise<T>;
}

export interface MachineOptions {
  /** Passes on packets that are for others: a router. */
  forwarding?: boolean;
}

/** What runs on a machine, as its tools list it. */
export interface Running {
  readonly name: string;
  readonly sockets: SocketApi;
}

/**
 * A machine: the one place that knows all layers and joins them.
 *
 *     sockets  ->  TCP, UDP, ICMP echo  ->  IPv4 (ARP, routes)  ->  NICs  ->  cables
 *                                           IPv6 (ND, routes)
 *
 * What runs on it is `Host`'s.
 */
export class Machine implements SessionHost, NameResolver, NicListener, DnsAdvice {
  readonly node: NodeContext;
  readonly nics = new Map<string, Nic>();
  /** IPv4. */
  readonly ip: Ipv4;
  /** IPv6: spoken on `lo`, and on interfaces that have an IPv6 address or were told to. */
  readonly ip6: Ipv6;
  /** Both. */
  readonly network: Internet;
  readonly icmp: Icmp;
  readonly icmp6: Icmp6;
  readonly tcp: Tcp;
  readonly udp: Udp;
  readonly wakeups: HostTime;
  /** What `/etc/hosts` says here. */
  readonly names: HostsFile;
  /** Whom to ask for names that are not there. */
  readonly nameServers = new NameServers();
  /** What `hostname` tells: its name in the network, unless it was given another (a DHCP lease may have one). */
  hostName: string;
  readonly resolver: NameResolver = this;
  readonly files: Mounts;
  /** Sockets for code that is no process of this host: examples, tests, services in code. Privileged. */
  readonly sockets: SocketApi;
  /** The programs that run on it, by their number: `Host`'s. */
  readonly processes: ReadonlyMap<number, Running> = new Map();
  private guard: Firewall | null = null;

  constructor(node: NodeContext, names: HostsFile, time: HostTime, options: MachineOptions = {}) {
    this.node = node;
    this.names = names;
    this.hostName = node.name;
    this.wakeups = time;
    this.files = new Mounts((work) => time.waitFor(work));
    this.ip = new Ipv4(node);
    this.ip.forwarding = options.forwarding === true;
    this.ip6 = new Ipv6(node, this.ip);
    this.ip6.forwarding = options.forwarding === true;
    this.ip6.links.routers.dns = this;
    this.network = new Internet(this.ip, this.ip6);
    this.icmp = this.ip.icmp;
    this.icmp6 = this.ip6.icmp;
    this.udp = new Udp(node, this.network);
    this.udp.groups = this.ip.socketGroups;
    this.udp.groups6 = new SocketGroups6(this.ip6);
    this.tcp = new Tcp(node, this.network);
    this.ip.loopback.link.batches = this.tcp;
    this.sockets = this.newSockets();
    MACHINES.set(node, this);
  }

  /** The machine that a part of it belongs to; null when the node is a switch or hub. */
  static of(node: NodeContext): Machine | null {
    return MACHINES.get(node) ?? null;
  }

  get name(): string {
    return this.node.name;
  }

  get forwarding(): boolean {
    return this.ip.forwarding;
  }

  /** Its packet filter and address translator: it looks at every packet from the first time on that this is asked for. */
  get firewall(): Firewall {
    if (this.guard !== null) return this.guard;
    const names = firewallNames(this.names, () => this.ip.interfaces().map(({ name }) => name));
    this.guard = new Firewall(this.node, this.ip, names);
    this.guard.ipv6 = this.ip6;
    this.ip.filter = this.guard;
    this.ip.arp.proxy = this.guard;
    this.ip6.filter = this.guard;
    return this.guard;
  }

  /** Whether there is one: asking for `firewall` makes it. */
  get filtered(): boolean {
    return this.guard !== null;
  }

  /** A new interface, up, with these addresses. Its link is plugged in later. */
  addInterface(name: string, mac: MacAddress, mtu: number, addresses: readonly Prefix[]): Nic {
    const nic = new Nic(this.node, name, mac, mtu);
    this.nics.set(name, nic);
    this.ip.addInterface(nic);
    nic.onLinkChange(this);
    nic.batches = this.tcp;
    for (const address of addresses) {
      const result = address.address.family === 6 ? this.addAddress6(nic, address) : this.ip.addAddress(nic, address);
      if (result < 0) throw new NetError(result, 'address add', `${address} dev ${name}`);
    }
    return nic;
  }

  /** From now on speaks IPv6 on an interface, too: it gets a link-local address, and asks for routers. */
  enableIpv6(nic: Nic): Ipv6Interface {
    const known = this.ip.interfaceOf(nic)?.v6 ?? null;
    if (known !== null) return known;
    const made = this.ip6.addInterface(nic);
    made.running = nic.running;
    return made;
  }

  /**
   * An address that the description of the network gives. It is used at once, for who wrote the description saw to it
   * that nobody else has it; others are asked meanwhile, for the network may lead to the real one (RFC 4429).
   */
  private addAddress6(nic: Nic, address: Prefix): number {
    this.enableIpv6(nic);
    return this.ip6.addAddress(nic, address, true);
  }

  /** Routers of a link tell of name servers, or of none any more (RFC 8106). */
  advised(on: Ipv6Interface, servers: readonly IpAddress[], domains: readonly string[]): void {
    this.nameServers.set(`ra ${on.name}`, servers, domains);
  }

  /** An interface was switched on or off, or its link changed: layer 3 looks whether its routes come or go. */
  nicChanged(nic: Nic): void {
    const on = this.ip.interfaceOf(nic);
    const wasUp = on?.up;
    this.ip.linkChanged(nic);
    if (nic.running) this.ip.carrierFound(nic);
    else this.ip.carrierLost(nic);
    if (on === null) return;
    if (on.up !== wasUp) this.ip6.linkChanged(on);
    this.ip6.carrierChanged(on, nic.running);
  }

  /** All addresses of its interfaces, loopback apart, in order; of IPv6 those that mean something beyond their link. */
  addresses(): Prefix[] {
    const own = this.ip.interfaces().filter((each) => !each.loopback);
    const global = (on: Ipv6Interface): Prefix[] =>
      on.addresses.filter((each) => each.usable && !each.address.isLinkLocal).map((each) => each.prefix);
    return own.flatMap((each) => [...each.addresses, ...(each.v6 === null ? [] : global(each.v6))]);
  }

  /** Adds a static route in the scenario's words. Throws a NetError: EINVAL, ENETUNREACH when `via` is no neighbour. */
  addRoute(words: RouteWords): void {
    const { to, options } = readRoute(words, (name) => this.ip.interfaceNamed(name));
    const result = to.address.family === 6 ? this.ip6.addRoute(to, options) : this.ip.addRoute(to, options);
    if (result < 0) throw new NetError(result, 'route add', `${words.to} via ${words.via ?? words.interface ?? ''}`);
  }

  /** Adds a rule of which routing table to ask, in the scenario's words. Throws a NetError: EINVAL, EEXIST, ENOBUFS. */
  addRule(words: RuleWords): void {
    const result = this.ip.policy.addRule(readRule(words));
    if (result < 0) throw new NetError(result, 'rule add', `priority ${words.priority ?? 'by itself'}`);
  }

  /** Berkeley sockets with descriptors of their own. */
  newSockets(): SocketApi {
    return new SocketApi(this, { privileged: true });
  }

  lookup(name: string): IpAddress[] | number {
    const found = this.names.lookup(name);
    return found.length > 0 ? found : EAI_NONAME;
  }

  reverse(address: IpAddress): string | null {
    return this.names.reverse(address);
  }
}

const MACHINES = new WeakMap<NodeContext, Machine>();
