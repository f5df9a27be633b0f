import { SECOND, type Task, Timer } from '../base/clock.ts';
import { NetError } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import type { Nic, NicListener } from '../l2-link/nic.ts';
import type { IpInterface } from '../l3-network/ip-interface.ts';
import { Rip } from '../l3-network/rip/rip.ts';
import type { RipLink } from '../l3-network/rip/rip-interface.ts';
import { maskOf, RIP_GROUP, RIP_PORT } from '../l3-network/rip/rip-message.ts';
import type { RipPort } from '../l3-network/rip/rip-port.ts';
import type { RipRoute } from '../l3-network/rip/rip-route.ts';
import type { RipOwnRoute } from '../l3-network/rip/rip-table.ts';
import { PROTOCOL_METRIC, Route, RouteOrigin, RouteType } from '../l3-network/routes.ts';
import type { DatagramOwner, UdpEndpoint } from '../l4-transport/udp/udp-endpoint.ts';
import { UDP_HEADER_LENGTH } from '../l4-transport/udp/udp-header.ts';
import type { Machine } from './machine.ts';
import type { RipPlan } from './rip-plan.ts';

/** RFC 1812 5.3.2.2: precedence "internetwork control". */
const TOS_INTERNETWORK_CONTROL = 0xc0;
/** How often it is looked whether addresses, or routes that others are told of, have changed. */
const LOOK_NS = SECOND;
const SOURCE_AT = 12;

const DAEMONS = new WeakMap<Machine, RipDaemon>();

/** RIP of this machine; null: it does not run here. */
export function ripOf(machine: Machine): RipDaemon | null {
  return DAEMONS.get(machine) ?? null;
}

/** RIP on a machine: the engine joined to UDP (port 520), to its interfaces, and to its routing table. */
export class RipDaemon implements RipPort, DatagramOwner, NicListener, Task {
  readonly engine: Rip;
  readonly plan: RipPlan;
  private readonly machine: Machine;
  private readonly endpoint: UdpEndpoint;
  private readonly watched = new Set<Nic>();
  private readonly timer: Timer;
  private readonly group = IpAddress.v4(RIP_GROUP);
  private seenGeneration = -1;
  private running = true;

  /** Starts it. Throws a NetError: EADDRINUSE, somebody has port 520. */
  static start(machine: Machine, plan: RipPlan): RipDaemon {
    ripOf(machine)?.stop();
    const daemon = new RipDaemon(machine, plan);
    DAEMONS.set(machine, daemon);
    return daemon;
  }

  private constructor(machine: Machine, plan: RipPlan) {
    this.machine = machine;
    this.plan = plan;
    const binding = machine.udp.ports.bind(null, RIP_PORT, { privileged: true, family: 4 });
    if (typeof binding === 'number') throw new NetError(binding, 'bind', `port ${RIP_PORT}`);
    this.endpoint = machine.udp.open(binding, this, 4);
    const { flows } = this.endpoint;
    flows.tos = TOS_INTERNETWORK_CONTROL;
    flows.multicastTtl = 1;
    flows.multicastLoop = false;
    this.engine = new Rip(machine.node, this, plan.settings);
    this.timer = new Timer(machine.node.clock, this, 0);
    this.run();
  }

  /** Leaves: takes back what it told others, and its routes. */
  stop(): void {
    if (!this.running) return;
    this.engine.stop();
    this.running = false;
    this.endpoint.close();
    this.timer.dispose();
    DAEMONS.delete(this.machine);
  }

  datagramReady(): void {
    this.endpoint.takeError();
    for (let packet = this.endpoint.take(); packet !== null; packet = this.endpoint.take()) {
      const { view, l3, l4 } = packet;
      const data = l4 + UDP_HEADER_LENGTH;
      const from = view.getUint32(l3 + SOURCE_AT);
      if (this.running) this.engine.input(packet.bytes, data, packet.end, from, view.getUint16(l4), packet.device);
      packet.release();
    }
  }

  send(bytes: Uint8Array, length: number, link: RipLink, source: number, destination: number, port: number): void {
    const { endpoint } = this;
    endpoint.flows.setMulticastDevice(link.index, IpAddress.v4(source));
    endpoint.send(bytes, 0, length, destination === RIP_GROUP ? this.group : IpAddress.v4(destination), port);
  }

  join(link: RipLink): void {
    const on = this.interfaceOf(link);
    if (on !== null) this.machine.ip.groups.join(on, this.group);
  }

  leave(link: RipLink): void {
    const on = this.interfaceOf(link);
    if (on !== null) this.machine.ip.groups.leave(on, this.group);
  }

  install(routes: readonly RipRoute[]): void {
    const { ip } = this.machine;
    const made: Route[] = [];
    for (const { network, length, ways } of routes) {
      const hops = ways.flatMap(({ gateway, on }) => {
        const out = this.interfaceOf(on.link);
        return out === null ? [] : [{ interface: out, gateway }];
      });
      if (hops.length > 0) made.push(Route.over(network, length, hops, PROTOCOL_METRIC.rip, 0, RouteOrigin.Rip));
    }
    ip.routes.replaceAll(RouteOrigin.Rip, made);
  }

  nicChanged(_nic: Nic): void {
    if (this.running) this.look();
  }

  /** The timer: has anything changed that nobody tells of? */
  run(): void {
    if (this.machine.ip.generation !== this.seenGeneration) this.look();
    this.timer.set(this.machine.node.clock.now + LOOK_NS);
  }

  /** Makes RIP's interfaces those of the machine, and what others are told of what is in its routing table. */
  private look(): void {
    const { ip, nics } = this.machine;
    for (const nic of nics.values()) {
      if (this.watched.has(nic)) continue;
      this.watched.add(nic);
      nic.onLinkChange(this);
    }
    for (const on of ip.interfaces()) if (!on.loopback) this.follow(on);
    for (const mine of [...this.engine.interfaces]) {
      if (this.interfaceOf(mine.link) === null) this.engine.removeInterface(mine);
    }
    this.engine.setOwn(this.ownRoutes());
    this.seenGeneration = ip.generation;
  }

  private follow(on: IpInterface): void {
    let mine = this.engine.interfaceAt(on.index);
    const link = linkOf(on);
    if (mine !== null && !sameLink(mine.link, link)) {
      this.engine.removeInterface(mine);
      mine = null;
    }
    if (link.addresses.length === 0) return;
    if (mine === null) {
      const settings = this.plan.settingsOf(on.name);
      if (settings === null) return;
      mine = this.engine.addInterface(link, settings);
    }
    this.engine.setUp(mine, on.running);
  }

  /** The networks of RIP's interfaces, and what is redistributed. */
  private ownRoutes(): RipOwnRoute[] {
    const { redistribute, defaultRoute } = this.plan;
    const found = new Map<number, RipOwnRoute>();
    let hasDefault = defaultRoute?.always === true;
    for (const route of this.machine.ip.routes.list()) {
      const { network, length, gateway, type } = route;
      const refuses = type === RouteType.Blackhole || type === RouteType.Unreachable || type === RouteType.Prohibit;
      if (route.origin === RouteOrigin.Rip || route.interface?.loopback === true) continue;
      if (type !== RouteType.Unicast && !refuses) continue;
      if (length === 0) {
        hasDefault = true;
        continue;
      }
      const device = route.interface?.index ?? 0;
      const connected = route.origin === RouteOrigin.Kernel && gateway === 0;
      // A network whose line is dead cannot be reached through here.
      if (connected && route.interface?.running !== true) continue;
      const key = network * 64 + length;
      if (found.has(key)) continue;
      const rule = redistribute.find((each) => each.from === route.origin);
      if (connected && this.engine.interfaceAt(device) !== null) {
        found.set(key, { network, length, metric: rule?.metric ?? 1, tag: rule?.tag ?? 0, gateway, device });
      } else if (rule !== undefined) {
        found.set(key, { network, length, metric: rule.metric, tag: rule.tag, gateway, device });
      }
    }
    if (defaultRoute !== null && hasDefault) {
      found.set(0, { network: 0, length: 0, metric: defaultRoute.metric, tag: 0, gateway: 0, device: 0 });
    }
    return [...found.values()];
  }

  private interfaceOf(link: RipLink): IpInterface | null {
    return this.machine.ip.interfaces().find((each) => each.index === link.index) ?? null;
  }
}

/** The interface with the first IPv4 address of each of its networks. */
function linkOf(on: IpInterface): RipLink {
  const addresses: { address: number; length: number }[] = [];
  for (const { address, length } of on.addresses) {
    if (address.family !== 4) continue;
    const known = addresses.some(
      (each) => each.length === length && ((each.address ^ address.v4) & maskOf(length)) === 0,
    );
    if (!known) addresses.push({ address: address.v4, length });
  }
  return { index: on.index, name: on.name, addresses };
}

function sameLink(a: RipLink, b: RipLink): boolean {
  if (a.addresses.length !== b.addresses.length) return false;
  return a.addresses.every(
    (each, i) => each.address === b.addresses[i]!.address && each.length === b.addresses[i]!.length,
  );
}
