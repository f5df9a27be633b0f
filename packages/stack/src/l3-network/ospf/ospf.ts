import { type Task, Timer } from '../../base/clock.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import { Adjacencies } from './adjacencies.ts';
import { Ageing } from './ageing.ts';
import { checkAuthentication, checksumGood } from './authentication.ts';
import { ALL_D_ROUTERS, ALL_SPF_ROUTERS, LsaType, PacketType } from './constants.ts';
import { Exchange } from './exchange.ts';
import { Flooding } from './flooding.ts';
import { Hellos } from './hellos.ts';
import { LinkStateTable } from './link-state-table.ts';
import type { Lsa } from './lsa.ts';
import { Origination } from './origination.ts';
import {
  checkOspfHeader,
  describeOspf,
  ospfAreaId,
  ospfAuthType,
  ospfCryptoSequence,
  ospfRouterId,
  ospfType,
} from './ospf-header.ts';
import type { OspfRoute } from './ospf-route.ts';
import { PacketSender } from './packet-sender.ts';
import type { OspfLink, OspfPort } from './port.ts';
import type { RouterParts } from './router-parts.ts';
import { Area, type InterfaceOwner, InterfaceTimer, OspfInterface, type OspfNeighbour } from './router-state.ts';
import {
  AREA_DEFAULTS,
  type AreaSettings,
  type ExternalRoute,
  type InterfaceSettings,
  type OspfSettings,
} from './settings.ts';
import { SpfSchedule } from './spf-schedule.ts';
import { InterfaceState, NeighbourState } from './states.ts';

/**
 * One OSPF router (RFC 2328): joins the parts of this folder, and takes packets in.
 *
 *     hellos -> adjacencies -> exchange, flooding -> databases -> shortest paths -> routes
 *                                  ^                     |
 *                                  +---- origination <---+
 */
export class Ospf implements RouterParts, InterfaceOwner, Task {
  readonly node: NodeContext;
  readonly settings: OspfSettings;
  readonly areas = new Map<number, Area>();
  readonly interfaces: OspfInterface[] = [];
  readonly externals = new LinkStateTable<Lsa>();
  readonly sender: PacketSender;
  readonly hellos: Hellos;
  readonly adjacencies: Adjacencies;
  readonly flooding: Flooding;
  readonly origination: Origination;
  readonly spf: SpfSchedule;
  /** Packets taken, by type. */
  readonly received = new Float64Array(6);
  private readonly exchange: Exchange;
  private readonly ageing: Ageing;
  private readonly port: OspfPort;
  private wasBorder = false;
  private readonly borderTimer: Timer;

  constructor(node: NodeContext, port: OspfPort, settings: OspfSettings) {
    this.node = node;
    this.port = port;
    this.settings = settings;
    this.sender = new PacketSender(node, port, settings.routerId);
    this.hellos = new Hellos(this, (on) => this.joinGroups(on));
    this.adjacencies = new Adjacencies(this);
    this.flooding = new Flooding(this);
    this.origination = new Origination(this);
    this.exchange = new Exchange(this);
    this.ageing = new Ageing(this);
    this.spf = new SpfSchedule(this, port);
    this.borderTimer = new Timer(node.clock, this, 0);
  }

  get routerId(): number {
    return this.settings.routerId;
  }

  /** The routes that were calculated last. */
  get routes(): readonly OspfRoute[] {
    return this.spf.routes;
  }

  /** From now on speaks OSPF on this interface; it is down until `interfaceUp`. */
  addInterface(link: OspfLink, settings: InterfaceSettings): OspfInterface {
    const on = new OspfInterface(this.node, this, link, settings, this.areaOf(settings.area));
    on.area.interfaces.push(on);
    this.interfaces.push(on);
    return on;
  }

  removeInterface(on: OspfInterface): void {
    this.hellos.down(on, 'removed');
    on.dispose();
    this.interfaces.splice(this.interfaces.indexOf(on), 1);
    on.area.interfaces.splice(on.area.interfaces.indexOf(on), 1);
    this.topologyChanged(on.area, `${on.name} is removed`);
  }

  interfaceUp(on: OspfInterface): void {
    this.hellos.up(on);
  }

  interfaceDown(on: OspfInterface, why: string): void {
    this.hellos.down(on, why);
  }

  interfaceAt(index: number): OspfInterface | null {
    return this.interfaces.find((on) => on.link.index === index) ?? null;
  }

  /** The routes from elsewhere that others are told of, from now on. */
  setExternals(routes: readonly ExternalRoute[]): void {
    this.origination.setExternals(routes);
  }

  /**
   * Leaves: takes back what it has said, and says goodbye by hellos that name nobody. Sends at once; its timers are gone
   * and its routes taken out when this returns.
   */
  stop(): void {
    this.origination.stop();
    for (const on of this.interfaces) {
      this.flooding.updatesDue(on);
      if (on.active) this.hellos.sendHello(on, true);
    }
    this.ageing.stop();
    this.spf.stop();
    this.borderTimer.dispose();
    for (const on of this.interfaces) {
      this.hellos.down(on, 'stopped');
      on.dispose();
    }
    this.spf.stop();
    this.port.install([]);
  }

  /**
   * A packet of protocol 89; `packet.start` stands at the OSPF header. `index` is the interface that it came in by; the
   * addresses are the IP header's (RFC 2328 8.2). Takes the packet.
   */
  input(packet: PacketBuffer, index: number, source: number, destination: number): void {
    const { node } = this;
    const on = this.interfaceAt(index);
    if (on === null || !on.active) {
      node.drop(packet, Drop.OSPF_NOT_HERE);
      return;
    }
    const fault = checkOspfHeader(packet);
    if (fault !== Drop.NONE) {
      node.drop(packet, fault);
      return;
    }
    if (!this.addressesGood(on, source, destination)) {
      node.drop(packet, Drop.OSPF_BAD_ADDRESS, `${formatIpv4(source)} to ${formatIpv4(destination)} on ${on.name}`);
      return;
    }
    const { view, start } = packet;
    if (node.trace !== null) {
      node.trace.event(node.name, 3, What.Receive, packet, 0, `OSPF ${describeOspf(view, start)}`, 'RFC 2328 8.2');
    }
    if (!checksumGood(packet)) {
      node.drop(packet, Drop.OSPF_BAD_CHECKSUM);
      return;
    }
    const area = ospfAreaId(view, start);
    if (area !== on.area.id) {
      const detail = `area ${formatIpv4(on.area.id)} here, ${formatIpv4(area)} there, on ${on.name}`;
      node.drop(packet, Drop.OSPF_AREA_MISMATCH, detail);
      return;
    }
    const routerId = ospfRouterId(view, start);
    const neighbour = on.neighbours.get(on.isBroadcast ? source : routerId);
    const wrong = checkAuthentication(packet, on.settings.authentication, neighbour?.cryptoSequence ?? 0);
    if (wrong !== '') {
      node.drop(packet, Drop.OSPF_BAD_AUTHENTICATION, `${wrong}, from ${formatIpv4(source)} on ${on.name}`);
      return;
    }
    if (routerId === this.routerId || routerId === 0) {
      node.drop(packet, Drop.OSPF_DUPLICATE_ROUTER_ID, `${formatIpv4(source)} on ${on.name}`);
      return;
    }
    const sequence = ospfAuthType(view, start) === 2 ? ospfCryptoSequence(view, start) : 0;
    this.take(packet, on, source, neighbour, sequence);
  }

  private take(
    packet: PacketBuffer,
    on: OspfInterface,
    source: number,
    neighbour: OspfNeighbour | undefined,
    sequence: number,
  ): void {
    const type = ospfType(packet.view, packet.start);
    const routerId = ospfRouterId(packet.view, packet.start);
    this.received[type]++;
    if (type === PacketType.Hello) {
      this.hellos.receive(packet, on, source);
      const known = on.neighbours.get(on.isBroadcast ? source : routerId);
      if (known !== undefined) known.cryptoSequence = sequence;
      return;
    }
    if (neighbour === undefined || neighbour.routerId !== routerId) {
      this.node.drop(packet, Drop.OSPF_NO_NEIGHBOUR, `${formatIpv4(source)} on ${on.name}`);
      return;
    }
    neighbour.cryptoSequence = sequence;
    if (type === PacketType.DatabaseDescription) this.exchange.describe(packet, neighbour);
    else if (type === PacketType.Request) this.exchange.request(packet, neighbour);
    else if (type === PacketType.Update) this.flooding.receiveUpdate(packet, neighbour);
    else this.flooding.receiveAcknowledgement(packet, neighbour);
  }

  /** RFC 2328 8.2: to us or a group of ours, from somebody else on this link. */
  private addressesGood(on: OspfInterface, source: number, destination: number): boolean {
    const own = on.link.address;
    if (source === own) return false;
    if (on.isBroadcast && ((source ^ own) & on.mask) !== 0) return false;
    if (destination === ALL_D_ROUTERS) {
      return on.state === InterfaceState.Designated || on.state === InterfaceState.Backup;
    }
    return destination === ALL_SPF_ROUTERS || destination === own;
  }

  interfaceTimer(on: OspfInterface, tag: number): void {
    switch (tag) {
      case InterfaceTimer.Hello:
        this.hellos.helloDue(on);
        break;
      case InterfaceTimer.Wait:
        this.hellos.waitOver(on);
        break;
      case InterfaceTimer.Acknowledge:
        this.flooding.acknowledgementsDue(on);
        break;
      default:
        this.flooding.updatesDue(on);
    }
  }

  databaseOf(area: Area, type: number): LinkStateTable<Lsa> {
    return type === LsaType.External ? this.externals : area.database;
  }

  databaseChanged(area: Area | null, lsa: Lsa, changed: boolean): void {
    const gone = !this.databaseHas(area, lsa);
    if (gone) {
      if (lsa.router === this.routerId) this.origination.touch(area, lsa.type);
      return;
    }
    this.ageing.watch(lsa);
    if (!changed) return;
    if (area !== null && (lsa.type === LsaType.Router || lsa.type === LsaType.Network)) this.spf.linksChanged(area);
    this.spf.ask(`${lsa} changed`);
  }

  private databaseHas(area: Area | null, lsa: Lsa): boolean {
    return (area?.database ?? this.externals).get(lsa.type, lsa.id, lsa.router) === lsa;
  }

  topologyChanged(area: Area, why: string): void {
    // Next hops may have changed though no advertisement did.
    this.spf.linksChanged(area);
    this.origination.linksChanged(area);
    this.spf.ask(why);
    if (!this.borderTimer.armed) this.borderTimer.set(this.node.clock.now);
  }

  /** The moment's end: did this router come to a border of areas, or from it? */
  run(): void {
    const border = this.origination.isAreaBorder;
    if (border === this.wasBorder) return;
    this.wasBorder = border;
    this.origination.everythingChanged();
  }

  neighbourChanged(neighbour: OspfNeighbour, before: number, why: string): void {
    const on = neighbour.interface;
    if ((before === NeighbourState.Full) !== (neighbour.state === NeighbourState.Full)) {
      this.topologyChanged(on.area, `neighbour ${formatIpv4(neighbour.routerId)}: ${why}`);
    }
    const exchanged = before === NeighbourState.Exchange || before === NeighbourState.Loading;
    if (exchanged) this.flooding.sweep();
  }

  private areaOf(id: number): Area {
    let area = this.areas.get(id);
    if (area === undefined) {
      const settings: AreaSettings = this.settings.areas.find((each) => each.id === id) ?? { ...AREA_DEFAULTS, id };
      area = new Area(settings);
      this.areas.set(id, area);
    }
    return area;
  }

  /** RFC 2328 9.3: 224.0.0.5 on each active interface, 224.0.0.6 where it is the designated router or the backup. */
  private joinGroups(on: OspfInterface): void {
    const spf = on.active;
    const designated = spf && on.state >= InterfaceState.Backup;
    if (spf !== on.joinedSpf) {
      on.joinedSpf = spf;
      if (spf) this.port.join(on.link, ALL_SPF_ROUTERS);
      else this.port.leave(on.link, ALL_SPF_ROUTERS);
    }
    if (designated !== on.joinedDesignated) {
      on.joinedDesignated = designated;
      if (designated) this.port.join(on.link, ALL_D_ROUTERS);
      else this.port.leave(on.link, ALL_D_ROUTERS);
    }
  }
}
