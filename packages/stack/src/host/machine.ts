import { Errno, NetError } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import type { MacAddress } from '../base/mac-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import { Prefix } from '../base/prefix.ts';
import { Nic, type NicListener } from '../l2-link/nic.ts';
import type { Icmp } from '../l3-network/icmp.ts';
import { Ipv4 } from '../l3-network/ipv4.ts';
import type { NetworkLayer } from '../l3-network/network-layer.ts';
import { Tcp } from '../l4-transport/tcp/tcp.ts';
import { Udp } from '../l4-transport/udp/udp.ts';
import { EAI_NONAME } from '../l5-session/constants.ts';
import type { NameResolver } from '../l5-session/names.ts';
import type { SessionHost } from '../l5-session/session-host.ts';
import { SocketApi } from '../l5-session/sockets.ts';
import type { Wakeups } from '../l5-session/wakeups.ts';
import type { HostsFile } from './hosts-file.ts';
import { Mounts } from './mounts.ts';
import { NameServers } from './name-servers.ts';

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

/** What `addRoute` takes: the scenario's words. */
export interface RouteWords {
  to: string;
  via?: string;
  interface?: string;
  metric?: number;
}

/**
 * A machine: the one place that knows all layers and joins them.
 *
 *     sockets  ->  TCP, UDP, ICMP echo  ->  IPv4 (ARP, routes)  ->  NICs  ->  cables
 *
 * What runs on it is `Host`'s.
 */
export class Machine implements SessionHost, NameResolver, NicListener {
  readonly node: NodeContext;
  readonly nics = new Map<string, Nic>();
  readonly ip: Ipv4;
  readonly network: NetworkLayer;
  readonly icmp: Icmp;
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

  constructor(node: NodeContext, names: HostsFile, time: HostTime, options: MachineOptions = {}) {
    this.node = node;
    this.names = names;
    this.hostName = node.name;
    this.wakeups = time;
    this.files = new Mounts((work) => time.waitFor(work));
    this.ip = new Ipv4(node);
    this.ip.forwarding = options.forwarding === true;
    this.network = this.ip;
    this.icmp = this.ip.icmp;
    this.udp = new Udp(node, this.network);
    this.udp.groups = this.ip.socketGroups;
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

  /** A new interface, up, with these addresses. Its link is plugged in later. */
  addInterface(name: string, mac: MacAddress, mtu: number, addresses: readonly Prefix[]): Nic {
    const nic = new Nic(this.node, name, mac, mtu);
    this.nics.set(name, nic);
    this.ip.addInterface(nic);
    nic.onLinkChange(this);
    nic.batches = this.tcp;
    for (const address of addresses) {
      const result = this.ip.addAddress(nic, address);
      if (result < 0) throw new NetError(result, 'address add', `${address} dev ${name}`);
    }
    return nic;
  }

  /** An interface was switched on or off, or its link changed: layer 3 looks whether its routes come or go. */
  nicChanged(nic: Nic): void {
    this.ip.linkChanged(nic);
    if (nic.running) this.ip.carrierFound(nic);
    else this.ip.carrierLost(nic);
  }

  /** All addresses of its interfaces, loopback apart, in order. */
  addresses(): Prefix[] {
    return this.ip.interfaces().flatMap((each) => (each.loopback ? [] : [...each.addresses]));
  }

  /** Adds a static route in the scenario's words. Throws a NetError: EINVAL, ENETUNREACH when `via` is no neighbour. */
  addRoute(words: RouteWords): void {
    const to = words.to === 'default' ? Prefix.parse('0.0.0.0/0') : Prefix.parse(words.to);
    const via = words.via === undefined ? null : IpAddress.parse(words.via);
    if (to === null || (via === null && words.via !== undefined)) {
      throw new NetError(Errno.EINVAL, 'route add', `${words.to} via ${words.via ?? ''}`);
    }
    const out = words.interface === undefined ? null : this.ip.interfaceNamed(words.interface);
    if (out === null && words.interface !== undefined) throw new NetError(Errno.ENODEV, 'route add', words.interface);
    const result = this.ip.addRoute(to, {
      ...(via === null ? {} : { via }),
      ...(out === null ? {} : { interface: out }),
      ...(words.metric === undefined ? {} : { metric: words.metric }),
    });
    if (result < 0) throw new NetError(result, 'route add', `${words.to} via ${words.via ?? words.interface ?? ''}`);
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
