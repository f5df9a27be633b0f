import { Errno } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { Limits } from '../../base/limits.ts';
import { MacAddress } from '../../base/mac-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { Prefix } from '../../base/prefix.ts';
import { EtherType } from '../../l2-link/ethernet.ts';
import { type TestNode, testNode } from '../../testing/test-node.ts';
import { ArpOperation, describeArp, writeArp } from '../arp-header.ts';
import type { IpLink, LinkHandler } from '../ip-link.ts';
import { Ipv4 } from '../ipv4.ts';
import { describeIpv4, ipv4AddressSum, writeIpv4Header } from '../ipv4-header.ts';
import type { Cast, ProtocolHandler } from '../network-layer.ts';

/** One thing that went out. */
export interface Sent {
  packet: PacketBuffer;
  to: string;
  type: number;
}

/** An interface that keeps what is sent, and into which a test puts what comes in. */
export class FakeLink implements IpLink {
  readonly name: string;
  readonly mac: MacAddress;
  mtu = 1500;
  up = true;
  checksumOffload = false;
  segmentOffload = 0;
  sent: Sent[] = [];
  private readonly handlers = new Map<number, LinkHandler>();

  constructor(name: string, mac: string) {
    this.name = name;
    this.mac = MacAddress.parse(mac)!;
  }

  output(packet: PacketBuffer, destination: MacAddress, etherType: number): number {
    if (!this.up) {
      packet.release();
      return -Errno.ENETDOWN;
    }
    this.sent.push({ packet, to: destination.toString(), type: etherType });
    return 0;
  }

  register(etherType: number, handler: LinkHandler | null): void {
    if (handler === null) this.handlers.delete(etherType);
    else this.handlers.set(etherType, handler);
  }

  receive(packet: PacketBuffer, type: number = EtherType.Ipv4, cast: 0 | 1 | 2 = 0): void {
    const handler = this.handlers.get(type);
    if (handler === undefined) packet.release();
    else handler.etherInput(packet, this, cast);
  }

  /** What was sent since the last call, as people read it; the packets are released. */
  take(): string[] {
    return this.takePackets((sent) => {
      const { view, start } = sent.packet;
      const text = sent.type === EtherType.Arp ? `ARP ${describeArp(view, start)}` : describeIpv4(view, start);
      return `${sent.to} ${text}`;
    });
  }

  /** What was sent since the last call, each looked at and released. */
  takePackets<T>(look: (sent: Sent) => T): T[] {
    const all = this.sent;
    this.sent = [];
    return all.map((sent) => {
      const result = look(sent);
      sent.packet.release();
      return result;
    });
  }

  /** The bytes of what was sent since the last call, from the IP header on. */
  takeBytes(): Uint8Array[] {
    return this.takePackets((sent) => sent.packet.slice().slice());
  }
}

/** A transport that keeps what it gets. */
export class FakeTransport implements ProtocolHandler {
  received: string[] = [];
  payloads: Uint8Array[] = [];
  errors: string[] = [];

  input(packet: PacketBuffer, cast: Cast): void {
    const from = IpAddress.read4(packet.view, packet.l3 + 12);
    this.received.push(`${from} ${packet.length}${cast === 0 ? '' : cast === 1 ? ' broadcast' : ' multicast'}`);
    this.payloads.push(packet.slice().slice());
    packet.release();
  }

  icmpError(packet: PacketBuffer, type: number, code: number, mtu: number, from: IpAddress): void {
    const to = IpAddress.read4(packet.view, packet.l3 + 16);
    const first = packet.view.getUint8(packet.start);
    this.errors.push(`${type}/${code} mtu ${mtu} about ${to} byte ${first} from ${from}`);
  }
}

export interface TestHost extends TestNode {
  ipv4: Ipv4;
  eth0: FakeLink;
  udp: FakeTransport;
}

/** A host with eth0 at 10.0.1.10/24, 02:00:00:00:00:0a, and a fake transport for protocol 17. */
export function testHost(limits: Partial<Limits> = {}): TestHost {
  const world = testNode('host', limits);
  const ipv4 = new Ipv4(world.node);
  const eth0 = new FakeLink('eth0', '02:00:00:00:00:0a');
  ipv4.addAddress(eth0, prefix('10.0.1.10/24'));
  const udp = new FakeTransport();
  ipv4.register(17, udp);
  return { ...world, ipv4, eth0, udp };
}

export function ip(text: string): IpAddress {
  const address = IpAddress.parse(text);
  if (address === null) throw new Error(`no address: ${text}`);
  return address;
}

export function prefix(text: string): Prefix {
  const parsed = Prefix.parse(text);
  if (parsed === null) throw new Error(`no prefix: ${text}`);
  return parsed;
}

/** A payload of so many bytes, all different from their neighbours. */
export function payload(host: TestNode, length: number, first = 0): PacketBuffer {
  const packet = host.pool.acquire(length);
  packet.append(bytes(length, first));
  return packet;
}

export function bytes(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (first + i * 7 + (i >> 8)) & 255);
}

export interface Ipv4Fields {
  from: string;
  to: string;
  protocol?: number;
  ttl?: number;
  tos?: number;
  id?: number;
  flags?: number;
  payload?: Uint8Array;
}

/** An IPv4 packet as it comes off a wire. */
export function ipv4Packet(host: TestNode, fields: Ipv4Fields): PacketBuffer {
  const data = fields.payload ?? bytes(16);
  const packet = host.pool.acquire(20 + data.length);
  const at = packet.put(20);
  packet.append(data);
  const from = ip(fields.from).v4;
  const to = ip(fields.to).v4;
  writeIpv4Header(
    packet.view,
    at,
    fields.tos ?? 0,
    packet.length,
    fields.id ?? 1,
    fields.flags ?? 0,
    fields.ttl ?? 64,
    fields.protocol ?? 17,
    from,
    to,
    ipv4AddressSum(from, to),
  );
  return packet;
}

/** An ARP packet as it comes off a wire. */
export function arpPacket(
  host: TestNode,
  fields: { op: 'request' | 'reply'; mac: string; from: string; to: string },
): PacketBuffer {
  const packet = host.pool.acquire(28);
  const at = packet.put(28);
  const operation = fields.op === 'request' ? ArpOperation.Request : ArpOperation.Reply;
  writeArp(
    packet.view,
    at,
    operation,
    MacAddress.parse(fields.mac)!,
    ip(fields.from).v4,
    MacAddress.ZERO,
    ip(fields.to).v4,
  );
  return packet;
}

/** Lets `host` know that `address` is at `mac`, as an answer to a question would. */
export function know(host: TestHost, address: string, mac: string, link: FakeLink = host.eth0): void {
  const on = host.ipv4.addInterface(link);
  const entry = host.ipv4.neighbours.obtain(ip(address), on)!;
  host.ipv4.neighbours.learn(entry, MacAddress.parse(mac)!, true);
}
