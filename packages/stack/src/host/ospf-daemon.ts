import { SECOND, type Task, Timer } from '../base/clock.ts';
import { IpAddress } from '../base/ip-address.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import type { Prefix } from '../base/prefix.ts';
import type { Nic, NicListener } from '../l2-link/nic.ts';
import type { IpInterface } from '../l3-network/ip-interface.ts';
import { ipv4Destination, ipv4Source } from '../l3-network/ipv4-header.ts';
import type { Cast, Flow, ProtocolHandler, SendOptions } from '../l3-network/network-layer.ts';
import { OSPF_PROTOCOL } from '../l3-network/ospf/constants.ts';
import { Ospf } from '../l3-network/ospf/ospf.ts';
import type { OspfRoute } from '../l3-network/ospf/ospf-route.ts';
import type { OspfLink, OspfPort } from '../l3-network/ospf/port.ts';
import type { OspfInterface } from '../l3-network/ospf/router-state.ts';
import { costOfRate, type ExternalRoute, NetworkKind, OSPF_DEFAULTS } from '../l3-network/ospf/settings.ts';
import { PROTOCOL_METRIC, Route, RouteOrigin, RouteType, type Way } from '../l3-network/routes.ts';
import type { Machine } from './machine.ts';
import type { OspfPlan } from './ospf-plan.ts';

/** RFC 2328 A.1: precedence "internetwork control". */
const TOS_INTERNETWORK_CONTROL = 0xc0;
/** How often it is looked whether addresses, or routes that others are told of, have changed. */
const LOOK_NS = SECOND;

const DAEMONS = new WeakMap<Machine, OspfDaemon>();

/** OSPF of this machine; null: it does not run here. */
export function ospfOf(machine: Machine): OspfDaemon | null {
  return DAEMONS.get(machine) ?? null;
}

/**
 * OSPF on a machine: the engine joined to IPv4 (protocol 89), to its interfaces, and to its routing table.
 */
export class OspfDaemon implements OspfPort, ProtocolHandler, NicListener, Task {
  readonly engine: Ospf;
  readonly plan: OspfPlan;
  private readonly machine: Machine;
  private readonly watched = new Set<Nic>();
  private readonly flows = new Map<OspfLink, Map<number, Flow>>();
  private readonly sendOptions = new Map<OspfLink, SendOptions>();
  private readonly timer: Timer;
  private seenGeneration = -1;
  private running = true;

  /** Starts it; null: there is no IPv4 address to be the router ID, and the plan names none. */
  static start(machine: Machine, plan: OspfPlan): OspfDaemon | null {
    const routerId = plan.routerId !== 0 ? plan.routerId : highestAddress(machine);
    if (routerId === 0) return null;
    ospfOf(machine)?.stop();
    const daemon = new OspfDaemon(machine, plan, routerId);
    DAEMONS.set(machine, daemon);
    return daemon;
  }

  private constructor(machine: Machine, plan: OspfPlan, routerId: number) {
    this.machine = machine;
    this.plan = plan;
    const { areas } = plan;
    // A host that does not forward may listen, and must not be gone through.
    const maxMetric = plan.maxMetric || !machine.forwarding;
    this.engine = new Ospf(machine.node, this, { ...OSPF_DEFAULTS, routerId, areas, maxMetric });
    this.timer = new Timer(machine.node.clock, this, 0);
    machine.ip.register(OSPF_PROTOCOL, this);
    this.run();
  }

  /** Leaves: takes back what it told others, and its routes. */
  stop(): void {
    if (!this.running) return;
    this.engine.stop();
    this.running = false;
    this.timer.dispose();
    DAEMONS.delete(this.machine);
  }

  input(packet: PacketBuffer, _cast: Cast): void {
    const { view, l3 } = packet;
    this.engine.input(packet, packet.device, ipv4Source(view, l3), ipv4Destination(view, l3));
  }

  /** Nobody waits for an answer: who cannot be reached is missed by its hellos. */
  icmpError(): void {}

  send(packet: PacketBuffer, link: OspfLink, destination: number): void {
    const { ip } = this.machine;
    const options = this.optionsOf(link);
    const source = IpAddress.v4(link.address);
    const remote = IpAddress.v4(destination);
    if (destination >>> 28 !== 0xe) {
      ip.send(packet, OSPF_PROTOCOL, source, remote, options);
      return;
    }
    let flows = this.flows.get(link);
    if (flows === undefined) {
      flows = new Map();
      this.flows.set(link, flows);
    }
    let flow = flows.get(destination);
    if (flow === undefined) {
      const opened = ip.open(remote, OSPF_PROTOCOL, source, options);
      if (typeof opened === 'number') {
        packet.release(); // the link went down this moment
        return;
      }
      flow = opened;
      flows.set(destination, flow);
    }
    flow.send(packet);
  }

  join(link: OspfLink, group: number): void {
    const on = this.interfaceOf(link);
    if (on !== null) this.machine.ip.groups.join(on, IpAddress.v4(group));
  }

  leave(link: OspfLink, group: number): void {
    const on = this.interfaceOf(link);
    if (on !== null) this.machine.ip.groups.leave(on, IpAddress.v4(group));
  }

  install(routes: readonly OspfRoute[]): void {
    const { ip } = this.machine;
    const made: Route[] = [];
    for (const { network, length, nextHops } of routes) {
      const ways: Way[] = [];
      for (const { index, gateway } of nextHops) {
        const on = ip.interfaces().find((each) => each.index === index);
        if (on !== undefined) ways.push({ interface: on, gateway });
      }
      if (ways.length > 0) made.push(Route.over(network, length, ways, PROTOCOL_METRIC.ospf, 0, RouteOrigin.Ospf));
    }
    ip.routes.replaceAll(RouteOrigin.Ospf, made);
  }

  nicChanged(_nic: Nic): void {
    if (this.running) this.look();
  }

  /** The timer: has anything changed that nobody tells of? */
  run(): void {
    const { generation } = this.machine.ip;
    if (generation !== this.seenGeneration) this.look();
    this.timer.set(this.machine.node.clock.now + LOOK_NS);
  }

  /** Makes OSPF's interfaces those of the machine, and what others are told of what is in its routing table. */
  private look(): void {
    const { ip, nics } = this.machine;
    for (const nic of nics.values()) {
      if (this.watched.has(nic)) continue;
      this.watched.add(nic);
      nic.onLinkChange(this);
    }
    for (const on of ip.interfaces()) this.follow(on, nics.get(on.name) ?? null);
    for (const mine of [...this.engine.interfaces]) {
      if (this.interfaceOf(mine.link) === null) this.remove(mine);
    }
    const externals = this.externals();
    if (!sameRoutes(externals, this.engine.origination.externalRoutes)) this.engine.setExternals(externals);
    this.seenGeneration = ip.generation;
  }

  private follow(on: IpInterface, nic: Nic | null): void {
    let mine = this.engine.interfaceAt(on.index);
    const link = linkOf(on);
    if (mine !== null && (link === null || !sameLink(mine.link, link))) {
      this.remove(mine);
      mine = null;
    }
    if (link === null) return;
    if (mine === null) {
      const found = this.plan.settingsOf(on.name, IpAddress.v4(link.address));
      if (found === null) return;
      const network = on.loopback ? NetworkKind.Loopback : found.settings.network;
      mine = this.engine.addInterface(link, { ...found.settings, network });
    }
    const up = nic === null ? on.up : nic.running;
    if (!up) {
      this.engine.interfaceDown(mine, 'the link is down');
      return;
    }
    const given = this.plan.settingsOf(on.name, IpAddress.v4(link.address))?.costGiven === true;
    if (!given) mine.settings.cost = costOfRate(nic?.link?.rateBps ?? 0, this.plan.referenceBps);
    this.engine.interfaceUp(mine);
  }

  private remove(mine: OspfInterface): void {
    this.engine.removeInterface(mine);
    this.flows.delete(mine.link);
    this.sendOptions.delete(mine.link);
  }

  /** Routes of the origins that are redistributed (RFC 2328 12.4.4), less those that OSPF knows as networks of its own. */
  private externals(): ExternalRoute[] {
    const { redistribute, defaultRoute } = this.plan;
    if (redistribute.length === 0 && defaultRoute === null) return [];
    const found = new Map<number, ExternalRoute>();
    let hasDefault = defaultRoute?.always === true;
    for (const route of this.machine.ip.routes.list()) {
      const { network, length, gateway } = route;
      if (route.type !== RouteType.Unicast || route.interface === null || route.interface.loopback) continue;
      if (route.origin === RouteOrigin.Ospf) continue;
      if (length === 0) {
        hasDefault = true;
        continue;
      }
      const rule = redistribute.find((each) => each.from === route.origin);
      const key = network * 64 + length;
      if (rule === undefined || found.has(key)) continue;
      const mine = this.engine.interfaceAt(route.interface.index);
      if (gateway === 0 && mine !== null) continue;
      // Others of the link go straight to the next hop, if OSPF leads to it (RFC 2328 12.4.4.1).
      const shared = gateway !== 0 && mine !== null && !mine.settings.passive && mine.isBroadcast;
      const { metric, type2, tag } = rule;
      found.set(key, { network, length, metric, type2, tag, forwarding: shared ? gateway : 0 });
    }
    if (defaultRoute !== null && hasDefault) {
      const { metric, type2 } = defaultRoute;
      found.set(0, { network: 0, length: 0, metric, type2, tag: 0, forwarding: 0 });
    }
    return [...found.values()];
  }

  private interfaceOf(link: OspfLink): IpInterface | null {
    return this.machine.ip.interfaces().find((each) => each.index === link.index) ?? null;
  }

  private optionsOf(link: OspfLink): SendOptions {
    let options = this.sendOptions.get(link);
    if (options === undefined) {
      options = { ttl: 1, tos: TOS_INTERNETWORK_CONTROL, interfaceIndex: link.index, multicastLoop: false };
      this.sendOptions.set(link, options);
    }
    return options;
  }
}

function highestAddress(machine: Machine): number {
  let highest = 0;
  for (const on of machine.ip.interfaces()) {
    for (const { address } of ownAddresses(on)) if (address.v4 > highest) highest = address.v4;
  }
  return highest;
}

/** The IPv4 addresses of an interface that mean something to others: a router may have one on `lo` that no cable takes away. */
function ownAddresses(on: IpInterface): Prefix[] {
  return on.addresses.filter(({ address }) => address.family === 4 && !address.isLoopback);
}

/** The interface with its first IPv4 address; null when it has none. */
function linkOf(on: IpInterface): OspfLink | null {
  const [first, ...others] = ownAddresses(on);
  if (first === undefined) return null;
  const network = first.network.v4;
  const secondary = others
    .map((each) => ({ network: each.network.v4, length: each.length }))
    .filter((each) => each.network !== network || each.length !== first.length);
  const { mtu } = on.link;
  return { index: on.index, name: on.name, address: first.address.v4, length: first.length, secondary, mtu };
}

function sameLink(a: OspfLink, b: OspfLink): boolean {
  if (a.address !== b.address || a.length !== b.length || a.mtu !== b.mtu) return false;
  if (a.secondary.length !== b.secondary.length) return false;
  return a.secondary.every(
    (each, i) => each.network === b.secondary[i].network && each.length === b.secondary[i].length,
  );
}

function sameRoutes(a: readonly ExternalRoute[], b: readonly ExternalRoute[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((one, i) => {
    const { network, length, metric, type2, forwarding, tag } = b[i];
    const sameWords = one.metric === metric && one.type2 === type2 && one.tag === tag;
    return one.network === network && one.length === length && one.forwarding === forwarding && sameWords;
  });
}
