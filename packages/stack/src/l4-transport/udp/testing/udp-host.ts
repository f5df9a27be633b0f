import { finish, sum } from '../../../base/checksum.ts';
import type { EventQueue } from '../../../base/event-queue.ts';
import { IpAddress } from '../../../base/ip-address.ts';
import type { Limits } from '../../../base/limits.ts';
import { MacAddress } from '../../../base/mac-address.ts';
import type { NodeContext } from '../../../base/node-context.ts';
import type { PacketBuffer, PacketPool } from '../../../base/packet-buffer.ts';
import { Prefix } from '../../../base/prefix.ts';
import type { IpLink, LinkHandler } from '../../../l3-network/ip-link.ts';
import { Ipv4 } from '../../../l3-network/ipv4.ts';
import { testNode } from '../../../testing/test-node.ts';
import type { PortBinding } from '../../ports.ts';
import { Udp } from '../udp.ts';
import type { DatagramOwner, UdpEndpoint } from '../udp-endpoint.ts';
import { setUdpChecksum, writeUdpHeader } from '../udp-header.ts';

/** A point-to-point line that keeps what goes out, as IP packets. */
export class OutgoingLine implements IpLink {
  readonly name = 'eth0';
  readonly mac: MacAddress = MacAddress.parse('02:00:00:00:00:01')!;
  mtu = 1500;
  up = true;
  checksumOffload = false;
  segmentOffload = 0;
  readonly sent: Uint8Array[] = [];

  output(packet: PacketBuffer): number {
    this.sent.push(packet.slice().slice());
    packet.release();
    return 0;
  }

  register(_etherType: number, _handler: LinkHandler): void {}
}

/** Remembers what it was told. */
export class Listener implements DatagramOwner {
  readonly events: number[] = [];
  datagramReady(events: number): void {
    this.events.push(events);
  }
}

export interface DatagramFields {
  from?: string;
  fromPort?: number;
  to?: string;
  toPort?: number;
  data?: Uint8Array;
  /** Instead of the right one. */
  checksum?: number;
  /** Instead of the right one. */
  length?: number;
}

/** UDP over IPv4 on a host with the addresses 10.0.0.1/24 and 10.0.1.1/24, whose datagrams are made by hand. */
export class UdpHost {
  readonly node: NodeContext;
  readonly queue: EventQueue;
  readonly pool: PacketPool;
  readonly ipv4: Ipv4;
  readonly udp: Udp;
  readonly line: OutgoingLine = new OutgoingLine();

  constructor(limits: Partial<Limits> = {}) {
    const { node, queue, pool } = testNode('alice', limits);
    this.node = node;
    this.queue = queue;
    this.pool = pool;
    this.ipv4 = new Ipv4(node);
    this.ipv4.addAddress(this.line, Prefix.parse('10.0.0.1/24')!);
    this.ipv4.addAddress(this.line, Prefix.parse('10.0.1.1/24')!);
    this.ipv4.addRoute(Prefix.parse('0.0.0.0/0')!, { via: address('10.0.0.2') });
    for (const known of ['10.0.0.2', '10.0.1.2']) {
      const on = this.ipv4.interfaceNamed('eth0')!;
      this.ipv4.neighbours.addPermanent(address(known), on, MacAddress.parse('02:00:00:00:00:02')!);
    }
    this.udp = new Udp(node, this.ipv4);
  }

  /** An endpoint on a port; `at` null: on all addresses. */
  endpoint(at: string | null, port: number, options: { reuse?: boolean; share?: boolean } = {}): UdpEndpoint {
    const binding = this.udp.ports.bind(at === null ? null : address(at), port, {
      reuseAddress: options.reuse === true,
      reusePort: options.share === true,
      privileged: true,
    });
    if (typeof binding === 'number') throw new Error(`bind: ${binding}`);
    return this.udp.open(binding as PortBinding, new Listener());
  }

  /** A datagram as IP hands it up, in a packet whose `l3` and `start` stand where they should. */
  datagram(fields: DatagramFields = {}): PacketBuffer {
    const { from = '10.0.0.2', fromPort = 5000, to = '10.0.0.1', toPort = 7, data = new Uint8Array(0) } = fields;
    const packet = this.pool.from(data);
    const length = fields.length ?? data.length + 8;
    const at = packet.push(8);
    writeUdpHeader(packet.view, at, fromPort, toPort, length);
    const ip = packet.push(20);
    packet.view.setUint32(ip, 0x45000000 + data.length + 28);
    packet.view.setUint32(ip + 4, 0);
    packet.view.setUint32(ip + 8, 0x40110000);
    address(from).write(packet.view, ip + 12);
    address(to).write(packet.view, ip + 16);
    const pseudo = sum(packet.view, ip + 12, ip + 20) + 17 + length;
    const checksum = finish(sum(packet.view, at, packet.end, pseudo)) || 0xffff;
    setUdpChecksum(packet.view, at, fields.checksum ?? checksum);
    packet.l3 = ip;
    packet.start = at;
    packet.l4 = at;
    return packet;
  }
}

export function address(text: string): IpAddress {
  const parsed = IpAddress.parse(text);
  if (parsed === null) throw new Error(`not an address: ${text}`);
  return parsed;
}

/** Reads one datagram as bytes; a negated error number when there is none. */
export function readFrom(endpoint: UdpEndpoint): number[] | number {
  const buffer = new Uint8Array(70_000);
  const n = endpoint.receive(buffer, 0, buffer.length);
  return n < 0 ? n : [...buffer.subarray(0, n)];
}
