import { SECOND, type Task, Timer } from '@netarium/stack/base/clock';
import { IpAddress } from '@netarium/stack/base/ip-address';
import { MacAddress } from '@netarium/stack/base/mac-address';
import { Prefix } from '@netarium/stack/base/prefix';
import type { Host } from '@netarium/stack/host/host';
import type { IpLink } from '@netarium/stack/l3-network/ip-link';
import { BuildError } from '@netarium/stack/network/build-error';
import type { Network } from '@netarium/stack/network/network';
import { Chunks } from './chunks.ts';
import { Destinations } from './destinations.ts';
import { Doorbell } from './doorbell.ts';
import { type FlowInfo, FlowTable, type GatewayCounters } from './flow-table.ts';
import type { GatewayParts } from './gateway-parts.ts';
import { IcmpRelay } from './icmp-relay.ts';
import { GATEWAY_LIMITS, type GatewayLimits } from './limits.ts';
import { OutsideLink } from './outside-link.ts';
import { OutsideNetwork } from './outside-network.ts';
import { type Ping, systemPing } from './ping.ts';
import {
  checkPortForward,
  insideAddress,
  type PortForward,
  type PortForwardOptions,
  parsePortForward,
} from './port-forward.ts';
import { readResolvers } from './resolver.ts';
import { LOOPBACK_ONLY, type RuleDescription, Rules } from './rules.ts';
import { TcpForward } from './tcp-forward.ts';
import { TcpRelay } from './tcp-relay.ts';
import { UdpForward } from './udp-forward.ts';
import { UdpRelay } from './udp-relay.ts';

export interface GatewayOptions {
  /** The router that becomes the gateway, or its name. */
  host: string | Host;
  /** Which real addresses may be reached; the first that matches decides, and what none matches is denied. */
  rules?: readonly RuleDescription[];
  /**
   * The inside address that stands for the real machine's 127.0.0.1. Default: each of the gateway's own, for ports that
   * nobody on the gateway itself listens on. An address of its own (`10.0.2.2`) is added to the interface in whose network
   * it lies. null: there is none.
   */
  loopbackAddress?: string | null;
  /**
   * Where questions to port 53 of the gateway's own addresses go, if the rules permit: `system` (the default) is the real
   * machine's resolvers, else an address or several, with or without port. null: nowhere.
   */
  dns?: string | readonly string[] | null;
  /** How echo requests go outside: by default by the system's `ping`. null: they do not. */
  ping?: Ping | null;
  limits?: Partial<GatewayLimits>;
}

/** The interface to the real network. */
const OUTSIDE = 'out0';
/** The next hop of the way outside: there is no such station, and nobody is asked for it (RFC 7600 3's dummy address). */
const NEXT_HOP = IpAddress.v4(0xc0000008);
const EVERYWHERE = new Prefix(IpAddress.ANY4, 0);
/** How often to look for what has taken too long: a second, or a part of the shortest time that is watched. */
const SWEEP_NS = SECOND;
const SWEEPS = 8;

/**
 * A router that lets a virtual network out to the real one, without privilege: the hosts outside are played by the
 * gateway, and behind each of their connections is an ordinary socket of Node.
 *
 *     inside host -> router -> out0 -> TCP, UDP, ICMP of the outside -> rules -> node:net, node:dgram -> real host
 *
 * It lives in real time: `network.setPace(1)` comes first.
 */
export class Gateway implements Task {
  readonly host: Host;
  readonly counters: GatewayCounters;
  private readonly parts: GatewayParts;
  private readonly tcp: TcpRelay;
  private readonly udp: UdpRelay;
  private readonly icmp: IcmpRelay;
  private readonly link: OutsideLink;
  private readonly forwards = new Set<TcpForward | UdpForward>();
  private readonly timer: Timer;
  private readonly sweepNs: number;
  /** The alias that was given to an interface; null: none. */
  private alias: { link: IpLink; address: IpAddress } | null = null;
  private closed = false;
  private readonly endings: Set<() => void>;
  private readonly end = (): void => this.close();

  /** Throws a BuildError that says what cannot be. */
  constructor(network: Network, options: GatewayOptions) {
    const host = typeof options.host === 'string' ? network.hostNamed(options.host) : options.host;
    checkHost(network, host);
    this.host = host;
    const { node } = host;
    const limits = { ...GATEWAY_LIMITS, ...options.limits };
    const rules = new Rules(options.rules ?? LOOPBACK_ONLY);
    const resolvers = readResolvers(options.dns === undefined ? 'system' : options.dns);
    const loopback = this.readLoopback(options.loopbackAddress);
    const outside = new OutsideNetwork(host);
    const { scheduler } = network;
    const flows = new FlowTable(limits);
    this.counters = flows.counters;
    this.timer = new Timer(node.clock, this, 0);
    const shortest = Math.min(limits.handshakeNs, limits.udpIdleNs, limits.dnsIdleNs);
    this.sweepNs = Math.min(SWEEP_NS, Math.ceil(shortest / SWEEPS));
    this.parts = {
      node,
      host,
      outside,
      rules,
      destinations: new Destinations(host, rules, loopback, resolvers),
      flows,
      limits,
      doorbell: new Doorbell(scheduler),
      chunks: new Chunks(),
      outsideName: OUTSIDE,
      external: (deliver) => scheduler.external(deliver),
      watchTime: () => {
        if (!this.timer.armed) this.timer.set(node.clock.now + this.sweepNs);
      },
    };
    this.tcp = new TcpRelay(this.parts);
    this.udp = new UdpRelay(this.parts);
    this.icmp = new IcmpRelay(this.parts, options.ping === undefined ? systemPing : options.ping);
    this.link = new OutsideLink(OUTSIDE, host, outside);
    this.plug();
    this.endings = network.endings;
    this.endings.add(this.end);
  }

  /**
   * Opens a port of the real machine that leads inside: `{ port: 8080, to: 'web', toPort: 80 }` or `8080:web:80`. At
   * 127.0.0.1 unless it says otherwise. Rejects with a BuildError, or with Node's error (EADDRINUSE, EACCES).
   */
  async forwardPort(options: PortForwardOptions | string): Promise<PortForward> {
    const wanted = checkPortForward(typeof options === 'string' ? parsePortForward(options) : options);
    if (insideAddress(this.parts, wanted.to) === null) {
      throw new BuildError(`port forward ${wanted.port}:${wanted.to}:${wanted.toPort}: nobody is called ${wanted.to}`);
    }
    if (this.closed) throw new BuildError('the gateway is closed');
    const forward =
      wanted.protocol === 'tcp'
        ? await TcpForward.listen(this.parts, this.tcp.options, wanted)
        : await UdpForward.listen(this.parts, wanted);
    if (this.closed) {
      forward.close();
      throw new BuildError('the gateway is closed');
    }
    this.forwards.add(forward);
    forward.onClose = () => this.forwards.delete(forward);
    return forward;
  }

  /** All conversations through the gateway, for display. */
  flows(): FlowInfo[] {
    return this.parts.flows.list();
  }

  /**
   * Takes everything down: flows end with resets on both sides, real ports are given back, the router leads nowhere
   * outside any more. What is said inside is said when the network's time goes on.
   */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.endings.delete(this.end);
    const { host } = this;
    this.parts.external(() => {
      for (const forward of this.forwards) forward.close();
      this.parts.flows.abortAll();
      this.tcp.close();
      this.icmp.close();
      this.link.close();
      host.tcp.unclaimed = null;
      host.udp.unclaimed = null;
      host.ip.removeInterface(this.link);
      if (this.alias !== null) host.ip.removeAddress(this.alias.link, this.alias.address);
      this.timer.dispose();
    });
  }

  /** Its timer: gives up what has taken too long. */
  run(): void {
    const { now } = this.parts.node.clock;
    let more = this.tcp.sweep(now);
    if (this.udp.sweep(now)) more = true;
    for (const forward of this.forwards) if (forward instanceof UdpForward && forward.sweep(now)) more = true;
    if (more) this.timer.set(now + this.sweepNs);
  }

  private plug(): void {
    const { ip, tcp, udp } = this.host;
    const out = ip.addInterface(this.link);
    ip.neighbours.addPermanent(NEXT_HOP, out, MacAddress.ZERO);
    ip.addRoute(EVERYWHERE, { via: NEXT_HOP, interface: out });
    tcp.unclaimed = this.tcp.forOwnAddresses;
    udp.unclaimed = this.udp;
  }

  private readLoopback(written: string | null | undefined): IpAddress | 'own' | null {
    if (written === undefined) return 'own';
    if (written === null) return null;
    const address = IpAddress.parse(written);
    if (address === null || address.family !== 4) {
      throw new BuildError(`loopbackAddress: "${written}" is no IPv4 address like 10.0.2.2`);
    }
    const { ip } = this.host;
    if (ip.isLocal(address)) return address;
    for (const on of ip.interfaces()) {
      const near = on.loopback ? undefined : on.addresses.find((prefix) => prefix.contains(address));
      if (near === undefined) continue;
      ip.addAddress(on.link, new Prefix(address, near.length));
      this.alias = { link: on.link, address };
      return address;
    }
    throw new BuildError(`loopbackAddress: ${address} is in no network of ${this.host.name}`);
  }
}

function checkHost(network: Network, host: Host): void {
  const { name } = host;
  if (network.scheduler.pace === 'virtual') {
    throw new BuildError(
      'a gateway lives in real time, and this network in virtual time: call network.setPace(1) before',
    );
  }
  if (!host.forwarding) throw new BuildError(`${name} is a host that does not forward; a gateway is a router`);
  if (host.tcp.unclaimed !== null) throw new BuildError(`${name} is a gateway already`);
  const route = host.ip.routes.find(EVERYWHERE);
  if (route !== null)
    throw new BuildError(`${name} has a default route already (${route}); a gateway leads outside itself`);
}
