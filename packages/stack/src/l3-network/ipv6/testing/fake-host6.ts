import { finish, sum } from '../../../base/checksum.ts';
import { IpAddress } from '../../../base/ip-address.ts';
import type { Limits } from '../../../base/limits.ts';
import { MacAddress } from '../../../base/mac-address.ts';
import type { PacketBuffer } from '../../../base/packet-buffer.ts';
import { EtherType } from '../../../l2-link/ethernet.ts';
import { type TestNode, testNode } from '../../../testing/test-node.ts';
import { Ipv4 } from '../../ipv4.ts';
import type { Cast, ProtocolHandler } from '../../network-layer.ts';
import { bytes, FakeLink, ip, prefix, type Sent } from '../../testing/fake-link.ts';
import { describeIcmp6, Icmp6Type } from '../icmp6-header.ts';
import { Ipv6 } from '../ipv6.ts';
import { describeIpv6, ipv6AddressSum, ipv6NextHeader, writeIpv6Header } from '../ipv6-header.ts';

/** A transport that keeps what it gets. */
export class FakeTransport6 implements ProtocolHandler {
  received: string[] = [];
  payloads: Uint8Array[] = [];
  errors: string[] = [];

  input(packet: PacketBuffer, cast: Cast): void {
    const from = IpAddress.read6(packet.view, packet.l3 + 8);
    this.received.push(`${from} ${packet.length}${cast === 0 ? '' : ' multicast'}`);
    this.payloads.push(packet.slice().slice());
    packet.release();
  }

  icmpError(packet: PacketBuffer, type: number, code: number, mtu: number, from: IpAddress): void {
    const to = IpAddress.read6(packet.view, packet.l3 + 24);
    this.errors.push(`${type}/${code} mtu ${mtu} about ${to} byte ${packet.view.getUint8(packet.start)} from ${from}`);
  }
}

export interface TestHost6 extends TestNode {
  ipv6: Ipv6;
  eth0: FakeLink;
  udp: FakeTransport6;
}

/** Speaks IPv6 on a link, with these addresses at once. */
export function speak(host: { ipv6: Ipv6; queue: TestNode['queue'] }, link: FakeLink, ...addresses: string[]): void {
  const on = host.ipv6.addInterface(link);
  on.dadTransmits = 0;
  for (const address of addresses) host.ipv6.addAddress(link, prefix(address));
}

/** A host with eth0 at 2001:db8:1::10/64 and fe80::10, 02:00:00:00:00:0a, and a fake transport for protocol 17. */
export function testHost6(limits: Partial<Limits> = {}): TestHost6 {
  const world = testNode('host', limits);
  const ipv6 = new Ipv6(world.node, new Ipv4(world.node));
  const eth0 = new FakeLink('eth0', '02:00:00:00:00:0a');
  const udp = new FakeTransport6();
  ipv6.register(17, udp);
  speak({ ipv6, queue: world.queue }, eth0, 'fe80::10/64', '2001:db8:1::10/64');
  world.queue.runUntil(20e9); // solicitations, reports
  eth0.takePackets(() => {});
  return { ...world, ipv6, eth0, udp };
}

/** The same as a router, with eth1 at 2001:db8:2::1/64 and fe80::1. */
export function testRouter6(limits: Partial<Limits> = {}): TestHost6 & { eth1: FakeLink } {
  const host = testHost6(limits);
  host.ipv6.forwarding = true;
  const eth1 = new FakeLink('eth1', '02:00:00:00:01:0a');
  speak(host, eth1, 'fe80::1/64', '2001:db8:2::1/64');
  host.queue.runUntil(40e9);
  eth1.takePackets(() => {});
  host.eth0.takePackets(() => {});
  return { ...host, eth1 };
}

/** Lets `host` know that `address` is at `mac`. */
export function know6(host: TestHost6, address: string, mac: string, link: FakeLink = host.eth0): void {
  const on = host.ipv6.addInterface(link);
  const entry = host.ipv6.neighbours.obtain(ip(address), on.ip)!;
  host.ipv6.neighbours.learn(entry, MacAddress.parse(mac)!, true);
}

export interface Ipv6Fields {
  from: string;
  to: string;
  next?: number;
  hopLimit?: number;
  trafficClass?: number;
  payload?: Uint8Array;
}

/** An IPv6 packet as it comes off a wire. */
export function ipv6Packet(host: TestNode, fields: Ipv6Fields): PacketBuffer {
  const data = fields.payload ?? bytes(16);
  const packet = host.pool.acquire(40 + data.length);
  const at = packet.put(40);
  packet.append(data);
  writeIpv6Header(
    packet.view,
    at,
    fields.trafficClass ?? 0,
    0,
    data.length,
    fields.next ?? 17,
    fields.hopLimit ?? 64,
    ip(fields.from),
    ip(fields.to),
  );
  return packet;
}

/** An ICMPv6 message with its checksum. */
export function icmp6Message(
  from: string,
  to: string,
  type: number,
  code: number,
  rest: number,
  data: Uint8Array,
): Uint8Array {
  const message = new Uint8Array(8 + data.length);
  message.set(data, 8);
  const view = new DataView(message.buffer);
  view.setUint32(0, (type << 24) | (code << 16));
  view.setUint32(4, rest);
  const pseudo = ipv6AddressSum(ip(from), ip(to)) + 58 + message.length;
  view.setUint16(2, finish(sum(view, 0, message.length, pseudo)));
  return message;
}

export function receive6(host: TestHost6, fields: Ipv6Fields, link: FakeLink = host.eth0, cast: 0 | 1 | 2 = 0): void {
  link.receive(ipv6Packet(host, fields), EtherType.Ipv6, cast);
}

/** What was sent since the last call, in words, but for neighbour discovery and MLD. */
export function said(link: FakeLink): string[] {
  return link.takePackets(wordsOf).filter((line) => line !== '');
}

function wordsOf({ packet, to }: Sent): string {
  const { view, start } = packet;
  const next = ipv6NextHeader(view, start);
  if (next === 0) return '';
  const icmp = next === 58;
  if (icmp && view.getUint8(start + 40) >= Icmp6Type.MulticastListenerQuery) return '';
  return `${to} ${describeIpv6(view, start)}${icmp ? `: ${describeIcmp6(view, start + 40)}` : ''}`;
}
