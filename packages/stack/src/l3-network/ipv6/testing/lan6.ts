import { EventQueue } from '../../../base/event-queue.ts';
import type { IpAddress } from '../../../base/ip-address.ts';
import { LIMITS, type Limits } from '../../../base/limits.ts';
import { MacAddress } from '../../../base/mac-address.ts';
import { NodeContext } from '../../../base/node-context.ts';
import { type PacketBuffer, PacketPool } from '../../../base/packet-buffer.ts';
import { Random } from '../../../base/random.ts';
import type { TraceSink } from '../../../base/trace.ts';
import type { IpLink, LinkHandler } from '../../ip-link.ts';
import { Ipv4 } from '../../ipv4.ts';
import { ip, prefix } from '../../testing/fake-link.ts';
import { Ipv6 } from '../ipv6.ts';
import type { Ipv6Interface } from '../ipv6-interface.ts';
import { describeMld } from '../mld-messages.ts';
import { describeNd, ndHeaderLength } from '../nd-messages.ts';

const DELAY_NS = 10_000;

/** A link that several hosts are on: what one sends reaches the others after 10 us. */
export class Lan6 {
  readonly stations: LanLink[] = [];
  /** What went over it: `time ms, source > destination, message`. */
  readonly log: string[] = [];
  /** Whole packets that went over it, from the IPv6 header on. */
  readonly packets: Uint8Array[] = [];
  /** Nothing is written down: for packets that nobody can read. */
  silent = false;
  readonly queue: EventQueue;

  constructor(queue: EventQueue) {
    this.queue = queue;
  }

  /** Puts a packet on the link that nobody here sends, `from` being a MAC address that nobody has. */
  inject(packet: PacketBuffer, to: MacAddress): void {
    this.carry(packet, to, null);
  }

  carry(packet: PacketBuffer, to: MacAddress, from: LanLink | null): void {
    if (!this.silent) {
      this.packets.push(packet.slice().slice());
      this.log.push(`${Math.floor(this.queue.now / 1e6)} ms ${describe(packet)}`);
    }
    for (const station of this.stations) {
      if (station === from || !station.up) continue;
      if (to.isMulticast || station.mac.equals(to)) new Arrival(station, packet.copy(), to.isMulticast ? 2 : 0);
    }
    packet.release();
  }
}

class Arrival {
  private readonly station: LanLink;
  private readonly packet: PacketBuffer;
  private readonly cast: 0 | 1 | 2;

  constructor(station: LanLink, packet: PacketBuffer, cast: 0 | 2) {
    this.station = station;
    this.packet = packet;
    this.cast = cast;
    station.lan.queue.at(station.lan.queue.now + DELAY_NS, this, 0);
  }

  run(): void {
    this.station.arrive(this.packet, this.cast);
  }
}

/** A host's end of it. */
export class LanLink implements IpLink {
  readonly name: string;
  readonly mac: MacAddress;
  readonly lan: Lan6;
  mtu = 1500;
  up = true;
  checksumOffload = false;
  segmentOffload = 0;
  private readonly handlers = new Map<number, LinkHandler>();

  constructor(lan: Lan6, name: string, mac: string) {
    this.lan = lan;
    this.name = name;
    this.mac = MacAddress.parse(mac)!;
    lan.stations.push(this);
  }

  output(packet: PacketBuffer, to: MacAddress, type: number): number {
    if (type === 0x86dd) this.lan.carry(packet, to, this);
    else packet.release();
    return 0;
  }

  register(type: number, handler: LinkHandler | null): void {
    if (handler === null) this.handlers.delete(type);
    else this.handlers.set(type, handler);
  }

  arrive(packet: PacketBuffer, cast: 0 | 1 | 2): void {
    const handler = this.handlers.get(0x86dd);
    if (handler === undefined) packet.release();
    else handler.etherInput(packet, this, cast);
  }
}

/** A host with one interface, `eth0`. */
export class Host6 {
  readonly node: NodeContext;
  readonly ipv6: Ipv6;
  readonly link: LanLink;
  readonly eth0: Ipv6Interface;
  /** What its trace said. */
  readonly said: string[] = [];

  constructor(world: World6, lan: Lan6, name: string, mac: string, options: { router?: boolean } = {}) {
    this.node = new NodeContext(name, world.queue, Random.from(1).fork(name), world.pool, world.limits);
    const sink: TraceSink = {
      event: (_node, _layer, what, _packet, _reason, detail) => this.said.push(`${what}: ${detail}`),
    };
    this.node.trace = sink;
    const ipv4 = new Ipv4(this.node);
    this.ipv6 = new Ipv6(this.node, ipv4);
    this.ipv6.forwarding = options.router === true;
    this.link = new LanLink(lan, 'eth0', mac);
    this.eth0 = this.ipv6.addInterface(this.link);
  }

  add(text: string): this {
    const result = this.ipv6.addAddress(this.link, prefix(text));
    if (result < 0) throw new Error(`address ${text}: ${result}`);
    return this;
  }

  get linkLocal(): IpAddress {
    return this.eth0.linkLocal!;
  }

  /** `prefix state origin`, one a line. */
  get addresses(): string[] {
    return this.eth0.addresses.map(String);
  }

  /** Its routes, kernel's apart. */
  get routes(): string[] {
    const told = this.ipv6.routes.list().filter(({ origin }) => origin !== 'kernel');
    return told.map(String);
  }

  /** Whether a part of the trace says this. */
  heard(text: string): boolean {
    return this.said.some((line) => line.includes(text));
  }
}

/** A queue, a pool, and links. */
export class World6 {
  readonly queue = new EventQueue();
  readonly limits: Limits;
  readonly pool: PacketPool;

  constructor(limits: Partial<Limits> = {}) {
    this.limits = { ...LIMITS, ...limits };
    this.pool = new PacketPool(this.limits);
    this.pool.track();
  }

  lan(): Lan6 {
    return new Lan6(this.queue);
  }

  /** Lets so many seconds pass. */
  pass(seconds: number): void {
    const until = this.queue.now + seconds * 1e9;
    this.queue.runUntil(until);
    this.queue.advanceTo(until);
  }
}

/** `source > destination what`, for what is ICMPv6 (a router alert in front or not). */
function describe(packet: PacketBuffer): string {
  const { view, start } = packet;
  const at = start + (view.getUint8(start + 6) === 0 ? 48 : 40);
  const addresses = `${read(view, start + 8)} > ${read(view, start + 24)}`;
  const type = packet.end > at ? view.getUint8(at) : 0;
  if (ndHeaderLength(type) > 0) return `${addresses} ${describeNd(view, at)}`;
  if ((type >= 130 && type <= 132) || type === 143) return `${addresses} ${describeMld(view, at)}`;
  return `${addresses} type ${type}`;
}

function read(view: DataView, at: number): string {
  const words = [0, 2, 4, 6, 8, 10, 12, 14].map((i) => view.getUint16(at + i).toString(16));
  return ip(words.join(':')).toString();
}
