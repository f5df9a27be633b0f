import { sum } from '../../../base/checksum.ts';
import type { Task } from '../../../base/clock.ts';
import { Errno } from '../../../base/errors.ts';
import type { IpAddress } from '../../../base/ip-address.ts';
import type { NodeContext } from '../../../base/node-context.ts';
import type { PacketBuffer } from '../../../base/packet-buffer.ts';
import type { Random } from '../../../base/random.ts';
import {
  Cast,
  type Flow,
  type NetworkLayer,
  type ProtocolHandler,
  type SendOptions,
} from '../../../l3-network/network-layer.ts';

const TCP = 6;

/** A network layer that puts a bare IP header on and hands the packet to `wire`. */
export class FakeNetwork implements NetworkLayer {
  readonly address: IpAddress;
  readonly generation = 0;
  mtu = 1500;
  checksumOffload = false;
  segmentOffload = 0;
  /** What `Flow.send` returns instead of sending, while not 0. */
  failing = 0;
  unreachable = false;
  /** Takes what is sent over; `start` stands at the IP header. */
  wire: (packet: PacketBuffer) => void = (packet) => packet.release();
  handler: ProtocolHandler | null = null;
  confirmed = 0;
  icmpErrors = 0;

  constructor(address: IpAddress) {
    this.address = address;
  }

  register(_protocol: number, handler: ProtocolHandler): void {
    this.handler = handler;
  }

  open(remote: IpAddress, _protocol: number, local: IpAddress | null): Flow | number {
    if (this.unreachable) return -Errno.ENETUNREACH;
    if (local !== null && !local.equals(this.address)) return -Errno.EADDRNOTAVAIL;
    return new FakeFlow(this, this.address, remote);
  }

  send(
    packet: PacketBuffer,
    _protocol: number,
    local: IpAddress | null,
    remote: IpAddress,
    _options?: SendOptions,
  ): number {
    return new FakeFlow(this, local ?? this.address, remote).send(packet);
  }

  sourceFor(): IpAddress {
    return this.address;
  }

  interfaceIndex(): number {
    return 0;
  }

  isLocal(address: IpAddress): boolean {
    return address.equals(this.address);
  }

  sendIcmpError(): void {
    this.icmpErrors++;
  }

  /** A packet comes in, `start` at its IP header; it is taken over. */
  deliver(packet: PacketBuffer): void {
    const v4 = packet.view.getUint8(packet.start) >> 4 === 4;
    packet.l3 = packet.start;
    packet.pull(v4 ? 20 : 40);
    packet.l4 = packet.start;
    this.handler!.input(packet, 0);
  }
}

class FakeFlow implements Flow {
  readonly local: IpAddress;
  readonly remote: IpAddress;
  readonly cast = Cast.Unicast;
  readonly headerLength: number;
  readonly pseudoSum: number;
  ttl = 64;
  tos = 0;
  dontFragment = true;
  private readonly network: FakeNetwork;

  constructor(network: FakeNetwork, local: IpAddress, remote: IpAddress) {
    this.network = network;
    this.local = local;
    this.remote = remote;
    this.headerLength = remote.family === 4 ? 20 : 40;
    const view = new DataView(new ArrayBuffer(32));
    local.write(view, 0);
    remote.write(view, 16);
    this.pseudoSum = sum(view, 0, 32, TCP);
  }

  get mtu(): number {
    return this.network.mtu;
  }
  get checksumOffload(): boolean {
    return this.network.checksumOffload;
  }
  get segmentOffload(): number {
    return this.network.segmentOffload;
  }

  send(packet: PacketBuffer): number {
    const { network } = this;
    if (network.failing !== 0) {
      packet.release();
      return network.failing;
    }
    const length = packet.length;
    const at = packet.push(this.headerLength);
    const { view } = packet;
    if (this.headerLength === 20) {
      view.setUint32(at, 0x45000000 | (length + 20));
      view.setUint32(at + 4, 0x4000);
      view.setUint32(at + 8, (this.ttl << 24) | (TCP << 16));
      this.local.write(view, at + 12);
      this.remote.write(view, at + 16);
    } else {
      view.setUint32(at, 0x60000000);
      view.setUint32(at + 4, (length << 16) | (TCP << 8) | this.ttl);
      this.local.write(view, at + 8);
      this.remote.write(view, at + 24);
    }
    packet.l3 = at;
    network.wire(packet);
    return 0;
  }

  confirm(): void {
    this.network.confirmed++;
  }
}

export interface Impairments {
  loss: number;
  duplicate: number;
  corrupt: number;
  /** Up to this much more delay, drawn for each packet: it reorders. */
  jitterNs: number;
  /** A byte of the segment is changed, and the checksum vouched for. */
  spoil?: number;
}

/** A wire between two fake networks: everything arrives by the event queue, later, in any order, or not at all. */
export class FakeWire implements Task {
  delayNs: number;
  impairments: Impairments = { loss: 0, duplicate: 0, corrupt: 0, jitterNs: 0 };
  /** Drops what it answers true to, for a test that wants one certain loss; `n` counts from 1. */
  lose: ((packet: PacketBuffer, n: number) => boolean) | null = null;
  /** Sees everything that is put on the wire. */
  watch: ((packet: PacketBuffer) => void) | null = null;
  /** Bits a second; packets wait for those before them, however many they are. */
  rateBps = Infinity;
  sent = 0;
  private readonly node: NodeContext;
  private readonly random: Random;
  private readonly to: FakeNetwork;
  private readonly under = new Map<number, PacketBuffer>();
  private next = 1;
  private busyUntil = 0;

  constructor(node: NodeContext, random: Random, from: FakeNetwork, to: FakeNetwork, delayNs: number) {
    this.node = node;
    this.random = random;
    this.to = to;
    this.delayNs = delayNs;
    from.wire = (packet) => this.put(packet);
  }

  run(tag: number): void {
    const packet = this.under.get(tag)!;
    this.under.delete(tag);
    this.to.deliver(packet);
  }

  private put(packet: PacketBuffer): void {
    this.sent++;
    if (this.watch !== null) this.watch(packet);
    const { impairments, random } = this;
    if (this.lose?.(packet, this.sent) === true || random.chance(impairments.loss)) {
      packet.release();
      return;
    }
    if (random.chance(impairments.duplicate)) this.send(packet.copy());
    if (random.chance(impairments.corrupt)) {
      const changed = packet.writable();
      const headers = changed.view.getUint8(changed.start) >> 4 === 4 ? 20 : 40;
      const at = changed.start + headers + random.below(changed.length - headers);
      changed.bytes[at]! ^= 1 << random.below(8);
      this.send(changed);
      return;
    }
    if (impairments.spoil !== undefined && random.chance(impairments.spoil)) {
      const changed = packet.copy();
      packet.release();
      const at = changed.start + 20 + random.below(Math.min(changed.length - 20, 60));
      changed.bytes[at] = random.u32() >>> 24;
      changed.checksum = 2;
      this.send(changed);
      return;
    }
    this.send(packet);
  }

  private send(packet: PacketBuffer): void {
    const tag = this.next++;
    this.under.set(tag, packet);
    const jitterNs = this.impairments.jitterNs > 0 ? this.random.below(this.impairments.jitterNs) : 0;
    const { now } = this.node.clock;
    this.busyUntil = Math.max(now, this.busyUntil) + Math.round((packet.length * 8e9) / this.rateBps);
    this.node.clock.at(this.busyUntil + this.delayNs + jitterNs, this, tag);
  }
}
