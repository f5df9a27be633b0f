import { EventQueue } from '../../../base/event-queue.ts';
import { parseIpv4 } from '../../../base/ip-address.ts';
import { LIMITS, type Limits } from '../../../base/limits.ts';
import { NodeContext } from '../../../base/node-context.ts';
import { type PacketBuffer, PacketPool } from '../../../base/packet-buffer.ts';
import { Random } from '../../../base/random.ts';
import { Ospf } from '../ospf.ts';
import type { OspfRoute } from '../ospf-route.ts';
import type { OspfLink, OspfPort } from '../port.ts';
import type { OspfInterface } from '../router-state.ts';
import {
  AREA_DEFAULTS,
  type AreaSettings,
  INTERFACE_DEFAULTS,
  type InterfaceSettings,
  OSPF_DEFAULTS,
  type OspfSettings,
} from '../settings.ts';

const DELAY_NS = 1e6;

/** A wire between routers: what one sends all others get, if they are in the group that it is for. */
export class Segment {
  readonly ends: { router: LabRouter; link: OspfLink }[] = [];
  up = true;
  /** It carries nothing, and its ends do not notice. */
  broken = false;
  /** Probability that a packet is lost on its way to one of the others. */
  loss = 0;
  readonly network: number;
  readonly length: number;

  constructor(network: number, length: number) {
    this.network = network;
    this.length = length;
  }
}

/** A router of a lab: the engine, and a machine that only knows wires. */
export class LabRouter implements OspfPort {
  readonly lab: OspfLab;
  readonly node: NodeContext;
  readonly ospf: Ospf;
  readonly wires = new Map<number, Segment>();
  readonly groups = new Map<number, Set<number>>();
  installed: readonly OspfRoute[] = [];
  sent = 0;

  constructor(lab: OspfLab, name: string, settings: OspfSettings) {
    this.lab = lab;
    this.node = new NodeContext(name, lab.queue, lab.random.fork(name), lab.pool, lab.limits);
    this.ospf = new Ospf(this.node, this, settings);
  }

  send(packet: PacketBuffer, link: OspfLink, destination: number): void {
    this.sent++;
    const wire = this.wires.get(link.index)!;
    this.lab.carry(packet, wire, this, link.address, destination);
  }

  join(link: OspfLink, group: number): void {
    if (!this.groups.has(link.index)) this.groups.set(link.index, new Set());
    this.groups.get(link.index)!.add(group);
  }

  leave(link: OspfLink, group: number): void {
    this.groups.get(link.index)?.delete(group);
  }

  install(routes: readonly OspfRoute[]): void {
    this.installed = routes;
  }

  /** The interface on a wire. */
  on(wire: Segment): OspfInterface {
    const { link } = wire.ends.find((end) => end.router === this)!;
    return this.ospf.interfaceAt(link.index)!;
  }
}

/** OSPF routers on wires, without the rest of a network: for conversations and topologies in tests. */
export class OspfLab {
  readonly queue = new EventQueue();
  readonly pool = new PacketPool(LIMITS);
  readonly random: Random;
  readonly routers: LabRouter[] = [];
  readonly wires: Segment[] = [];
  /** Sees each packet that is sent. */
  watch: ((packet: PacketBuffer, from: LabRouter, destination: number) => void) | null = null;

  readonly limits: Limits;

  constructor(seed = 1, limits: Partial<Limits> = {}) {
    this.limits = { ...LIMITS, ...limits };
    this.random = Random.from(seed);
  }

  /** A router; `id` is 1 for 0.0.0.1 or a dotted quad. */
  router(id: number | string, settings: Partial<OspfSettings> = {}, areas: Partial<AreaSettings>[] = []): LabRouter {
    const routerId = typeof id === 'number' ? id : parseIpv4(id);
    const all = {
      ...OSPF_DEFAULTS,
      routerId,
      areas: areas.map((area) => ({ ...AREA_DEFAULTS, ...area })),
      ...settings,
    };
    const made = new LabRouter(this, `r${id}`, all);
    this.routers.push(made);
    return made;
  }

  /** A wire between these, `10.0.n.0/24` with addresses in their order; all interfaces come up now. */
  wire(
    routers: readonly LabRouter[],
    settings: Partial<InterfaceSettings> = {},
    each: readonly Partial<InterfaceSettings>[] = [],
    network = (0x0a000000 + (this.wires.length << 8)) >>> 0,
    length = 24,
  ): Segment {
    const segment = new Segment(network, length);
    this.wires.push(segment);
    routers.forEach((router, i) => {
      const index = router.wires.size + 2;
      const link: OspfLink = {
        index,
        name: `eth${index - 2}`,
        address: network + i + 1,
        length,
        secondary: [],
        mtu: 1500,
      };
      router.wires.set(index, segment);
      segment.ends.push({ router, link });
      const on = router.ospf.addInterface(link, { ...INTERFACE_DEFAULTS, ...settings, ...each[i] });
      router.ospf.interfaceUp(on);
    });
    return segment;
  }

  /** Cuts a wire: its ends notice at once. */
  cut(wire: Segment): void {
    wire.up = false;
    for (const { router } of wire.ends) router.ospf.interfaceDown(router.on(wire), 'link down');
  }

  heal(wire: Segment): void {
    wire.up = true;
    for (const { router } of wire.ends) router.ospf.interfaceUp(router.on(wire));
  }

  /** Lets so many seconds pass. */
  pass(seconds: number): void {
    this.queue.runUntil(this.queue.now + seconds * 1e9);
  }

  carry(packet: PacketBuffer, wire: Segment, from: LabRouter, source: number, destination: number): void {
    this.watch?.(packet, from, destination);
    for (const { router, link } of wire.ends) {
      if (router === from || !wire.up || wire.broken) continue;
      const group = destination >>> 28 === 0xe;
      if (group ? router.groups.get(link.index)?.has(destination) !== true : destination !== link.address) continue;
      if (this.random.chance(wire.loss)) continue;
      const copy = packet.copy();
      this.queue.at(
        this.queue.now + DELAY_NS,
        {
          run: () => {
            if (wire.up && !wire.broken) router.ospf.input(copy, link.index, source, destination);
            else copy.release();
          },
        },
        0,
      );
    }
    packet.release();
  }
}
