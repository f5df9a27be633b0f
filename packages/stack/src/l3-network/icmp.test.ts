import { expect, test } from 'vitest';
import { finish, sum } from '../base/checksum.ts';
import { SECOND } from '../base/clock.ts';
import type { IpAddress } from '../base/ip-address.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { dropsOf, expectNoLeaks } from '../testing/test-node.ts';
import type { EchoOwner } from './icmp.ts';
import { IcmpType } from './icmp-header.ts';
import { DONT_FRAGMENT } from './ipv4-header.ts';
import { Protocol } from './network-layer.ts';
import {
  bytes,
  FakeLink,
  ip,
  ipv4Packet,
  know,
  payload,
  prefix,
  type TestHost,
  testHost,
} from './testing/fake-link.ts';
import { TokenBucket } from './token-bucket.ts';

const PEER = '02:00:00:00:00:01';

/** An ICMP message with its checksum. */
function icmp(type: number, code: number, rest: number, data: Uint8Array): Uint8Array {
  const message = new Uint8Array(8 + data.length);
  message.set(data, 8);
  const view = new DataView(message.buffer);
  view.setUint8(0, type);
  view.setUint8(1, code);
  view.setUint32(4, rest);
  view.setUint16(2, finish(sum(view, 0, message.length)));
  return message;
}

function quoteOf(host: TestHost, from: string, to: string, flags = 0, length = 8, protocol = 17): Uint8Array {
  const packet = ipv4Packet(host, { from, to, flags, protocol, payload: bytes(length, 99) });
  const quote = packet.slice().slice();
  packet.release();
  return quote;
}

function receive(host: TestHost, message: Uint8Array, from = '10.0.1.1', to = '10.0.1.10', cast: 0 | 1 | 2 = 0): void {
  host.eth0.receive(ipv4Packet(host, { from, to, protocol: 1, payload: message }), undefined, cast);
}

class Pinger implements EchoOwner {
  said: string[] = [];
  echoReply(packet: PacketBuffer, from: IpAddress, sequence: number, ttl: number): void {
    this.said.push(`${packet.length} bytes from ${from}: seq=${sequence} ttl=${ttl}`);
    packet.release();
  }
  echoError(sequence: number, type: number, code: number, from: IpAddress, mtu: number): void {
    this.said.push(`${type}/${code} from ${from}: seq=${sequence}${mtu === 0 ? '' : ` mtu=${mtu}`}`);
  }
}

function pinger(host: TestHost): { owner: Pinger; echo: ReturnType<typeof open> } {
  const owner = new Pinger();
  return { owner, echo: open(host, owner) };
}

function open(host: TestHost, owner: EchoOwner) {
  const echo = host.ipv4.icmp.openEcho(owner);
  if (typeof echo === 'number') throw new Error('no echo');
  return echo;
}

test('an echo is answered with its data, from the address that was asked', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  host.ipv4.addAddress(host.eth0, prefix('10.0.1.11/24'));
  receive(host, icmp(8, 0, 0x12340007, bytes(56)), '10.0.1.1', '10.0.1.11');
  const [reply] = host.eth0.takeBytes();
  expect(Array.from(reply.subarray(12, 20))).toEqual([10, 0, 1, 11, 10, 0, 1, 1]);
  expect(reply.subarray(20)).toEqual(icmp(0, 0, 0x12340007, bytes(56)));
  expect(dropsOf(host.node)).toEqual({ ICMP_DONE: 1 });
  expectNoLeaks(host.pool);
});

test('a long echo comes in fragments and goes back in fragments', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  const message = icmp(8, 0, 1, bytes(2992));
  for (const [from, flags] of [
    [0, 0x2000],
    [1480, 0x2000 | 185],
    [2960, 370],
  ]) {
    const part = message.subarray(from, from + 1480);
    host.eth0.receive(ipv4Packet(host, { from: '10.0.1.1', to: '10.0.1.10', protocol: 1, flags, payload: part }));
  }
  expect(host.eth0.takePackets(({ packet }) => packet.length)).toEqual([1500, 1500, 60]);
  expectNoLeaks(host.pool);
});

test('echoes to broadcasts, short and damaged messages, and unknown types are not answered', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  receive(host, icmp(8, 0, 1, bytes(8)), '10.0.1.1', '10.0.1.255', 1);
  receive(host, icmp(8, 0, 1, bytes(8)).subarray(0, 7));
  const damaged = icmp(8, 0, 1, bytes(8));
  damaged[9] ^= 1;
  receive(host, damaged);
  receive(host, icmp(15, 0, 1, bytes(12)));
  expect(dropsOf(host.node)).toEqual({
    ICMP_BROADCAST: 1,
    ICMP_MALFORMED: 1,
    ICMP_BAD_CHECKSUM: 1,
    ICMP_UNKNOWN_TYPE: 1,
  });
  expect(host.eth0.take()).toEqual([]);
  expectNoLeaks(host.pool);
});

test('ping: requests out, replies to their owner', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  const { owner, echo } = pinger(host);
  const other = pinger(host);
  expect(other.echo.identifier).not.toBe(echo.identifier);
  expect(echo.send(ip('10.0.1.1'), 3, bytes(56), { ttl: 9 })).toBe(0);
  const [request] = host.eth0.takeBytes();
  expect([request.length, request[8], request[20]]).toEqual([84, 9, 8]);
  expect(request.subarray(20)).toEqual(icmp(8, 0, echo.identifier * 65_536 + 3, bytes(56)));
  receive(host, icmp(0, 0, echo.identifier * 65_536 + 3, bytes(56)));
  expect(owner.said).toEqual(['56 bytes from 10.0.1.1: seq=3 ttl=64']);
  expect(other.owner.said).toEqual([]);
  echo.close();
  receive(host, icmp(0, 0, echo.identifier * 65_536 + 3, bytes(56)));
  expect(dropsOf(host.node)).toEqual({ ICMP_IGNORED: 1 });
  expectNoLeaks(host.pool);
});

test('there are 65,536 identifiers, and one that is given back is given again', () => {
  const host = testHost();
  const owner = new Pinger();
  const seen = new Set<number>();
  for (let i = 0; i < 65_536; i++) seen.add(open(host, owner).identifier);
  expect(seen.size).toBe(65_536);
  expect(host.ipv4.icmp.openEcho(owner)).toBe(-11); // EAGAIN
  const other = testHost();
  const first = open(other, owner);
  for (let i = 1; i < 65_536; i++) open(other, owner);
  first.close();
  expect(open(other, owner).identifier).toBe(first.identifier);
});

test('ping to oneself', () => {
  const host = testHost();
  const { owner, echo } = pinger(host);
  echo.send(ip('127.0.0.1'), 1, bytes(8));
  host.queue.runUntil(1 * SECOND);
  expect(owner.said).toEqual(['8 bytes from 127.0.0.1: seq=1 ttl=64']);
  expectNoLeaks(host.pool);
});

test('ping is told what became of its requests', () => {
  const host = testHost();
  const { owner, echo } = pinger(host);
  echo.send(ip('10.0.1.1'), 5, bytes(8));
  host.queue.runUntil(4 * SECOND);
  expect(owner.said).toEqual(['3/1 from 10.0.1.10: seq=5']);
  know(host, '10.0.1.1', PEER);
  host.eth0.take();
  host.ipv4.addRoute(prefix('0.0.0.0/0'), { via: ip('10.0.1.1') });
  echo.send(ip('192.0.2.1'), 6, bytes(8), { ttl: 1 });
  const [request] = host.eth0.takeBytes();
  receive(host, icmp(11, 0, 0, request), '10.0.1.1');
  expect(owner.said.at(-1)).toBe('11/0 from 10.0.1.1: seq=6');
  expectNoLeaks(host.pool);
});

test('errors about our packets reach their protocol', () => {
  const host = testHost();
  receive(host, icmp(3, 3, 0, quoteOf(host, '10.0.1.10', '192.0.2.1')), '192.0.2.1');
  expect(host.udp.errors).toEqual(['3/3 mtu 0 about 192.0.2.1 byte 99 from 192.0.2.1']);
  expect(dropsOf(host.node)).toEqual({ ICMP_DONE: 1 });
  expectNoLeaks(host.pool);
});

test('errors that quote nothing of ours are ignored', () => {
  const host = testHost();
  const good = quoteOf(host, '10.0.1.10', '192.0.2.1');
  receive(host, icmp(3, 3, 0, quoteOf(host, '10.0.1.1', '192.0.2.1'))); // not our address
  receive(host, icmp(3, 3, 0, good.subarray(0, 27))); // too short
  receive(host, icmp(3, 3, 0, quoteOf(host, '10.0.1.10', '192.0.2.1', 5))); // a later fragment: no transport header
  receive(host, icmp(3, 3, 0, quoteOf(host, '10.0.1.10', '192.0.2.1', 0, 8, 200))); // nobody speaks 200
  receive(host, icmp(3, 3, 0, good), '10.0.1.1', '10.0.1.255', 1); // to everybody
  receive(host, icmp(4, 0, 0, good)); // source quench
  receive(host, icmp(5, 1, 0x0a000101, good)); // redirect
  const wrong = good.slice();
  wrong[0] = 0x4f; // options that are not there
  receive(host, icmp(3, 3, 0, wrong));
  expect(host.udp.errors).toEqual([]);
  expectNoLeaks(host.pool);
});

/** What `host` says when `complain` is called about a packet. */
function complaints(
  host: TestHost,
  fields: Parameters<typeof ipv4Packet>[1],
  type: number = IcmpType.DestinationUnreachable,
  code = 3,
): Uint8Array[] {
  const packet = ipv4Packet(host, fields);
  packet.l3 = packet.start;
  host.ipv4.sendIcmpError(packet, type, code);
  packet.release();
  return host.eth0.takeBytes();
}

test('an error quotes as much as fits into 576 bytes, with the right precedence', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  const [short] = complaints(host, { from: '10.0.1.1', to: '10.0.1.10', payload: bytes(100), tos: 0x28 });
  expect(short.length).toBe(28 + 120);
  expect(short[1]).toBe(0xc8);
  expect(Array.from(short.subarray(12, 16))).toEqual([10, 0, 1, 10]);
  const [long] = complaints(host, { from: '10.0.1.1', to: '10.0.1.10', payload: bytes(1400) });
  expect(long.length).toBe(576);
  const view = new DataView(long.buffer, long.byteOffset, long.length);
  expect(finish(sum(view, 20, 576))).toBe(0);
  expectNoLeaks(host.pool);
});

test('no error about errors, fragments, broadcasts, groups, or to what is no host', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  const to = '10.0.1.10';
  const from = '10.0.1.1';
  const silent: Parameters<typeof ipv4Packet>[1][] = [
    { from, to, protocol: 1, payload: icmp(3, 3, 0, bytes(28)) },
    { from, to, protocol: 1, payload: icmp(11, 0, 0, bytes(28)) },
    { from, to, protocol: 1, payload: icmp(77, 0, 0, bytes(28)) },
    { from, to, protocol: 1, payload: new Uint8Array(0) },
    { from, to, flags: 1 },
    { from, to: '10.0.1.255' },
    { from, to: '255.255.255.255' },
    { from, to: '224.0.0.1' },
    { from: '0.0.0.0', to },
    { from: '10.0.1.255', to },
    { from: '224.0.0.1', to },
    { from: '240.0.0.1', to },
    { from: '255.255.255.255', to },
  ];
  for (const fields of silent) expect(complaints(host, fields)).toEqual([]);
  // About an echo, though, and about a first fragment.
  expect(complaints(host, { from, to, protocol: 1, payload: icmp(8, 0, 0, bytes(8)) })).toHaveLength(1);
  expect(complaints(host, { from, to, flags: 0x2000 })).toHaveLength(1);
  expectNoLeaks(host.pool);
});

test('no more errors than the limit, whoever asks', () => {
  const host = testHost({ icmpErrorsPerSecond: 10, icmpErrorBurst: 3 });
  know(host, '10.0.1.1', PEER);
  const storm = (): number => {
    let said = 0;
    for (let i = 0; i < 20; i++) said += complaints(host, { from: '10.0.1.1', to: '10.0.1.10' }).length;
    return said;
  };
  expect(storm()).toBe(3);
  host.queue.runUntil(0.1 * SECOND);
  expect(storm()).toBe(1);
  host.queue.runUntil(10 * SECOND);
  expect(storm()).toBe(3);
});

test('a token bucket is exact to the nanosecond', () => {
  const bucket = new TokenBucket(1000, 1);
  expect([
    bucket.take(0),
    bucket.take(0),
    bucket.take(999_999),
    bucket.take(1_000_000),
    bucket.take(1_000_000),
  ]).toEqual([true, false, false, true, false]);
});

test('path MTU: learnt, used, and forgotten after ten minutes', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  host.ipv4.addRoute(prefix('0.0.0.0/0'), { via: ip('10.0.1.1') });
  const flow = host.ipv4.open(ip('192.0.2.1'), Protocol.Udp, null);
  if (typeof flow === 'number') throw new Error('no flow');
  const tooBig = (mtu: number): void =>
    receive(host, icmp(3, 4, mtu, quoteOf(host, '10.0.1.10', '192.0.2.1', DONT_FRAGMENT, 1480)));
  expect(flow.mtu).toBe(1500);
  tooBig(1400);
  expect(flow.mtu).toBe(1400);
  expect(host.udp.errors).toEqual(['3/4 mtu 1400 about 192.0.2.1 byte 99 from 10.0.1.1']);
  // Larger is not believed; others are not concerned.
  tooBig(1450);
  expect(flow.mtu).toBe(1400);
  const other = host.ipv4.open(ip('192.0.2.2'), Protocol.Udp, null);
  expect(typeof other === 'number' ? 0 : other.mtu).toBe(1500);
  flow.dontFragment = true;
  expect(flow.send(payload(host, 1381))).toBe(-90);
  flow.dontFragment = false;
  expect(flow.send(payload(host, 1381))).toBe(0);
  expect(host.eth0.takePackets(({ packet }) => packet.length)).toEqual([1396, 25]);
  host.queue.runUntil(601 * SECOND);
  expect(flow.mtu).toBe(1500);
  host.ipv4.stop();
  expectNoLeaks(host.pool);
});

test('path MTU: routers that do not tell, and such that tell too little', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  host.ipv4.addRoute(prefix('0.0.0.0/0'), { via: ip('10.0.1.1') });
  const flow = host.ipv4.open(ip('192.0.2.1'), Protocol.Tcp, null);
  if (typeof flow === 'number') throw new Error('no flow');
  receive(host, icmp(3, 4, 0, quoteOf(host, '10.0.1.10', '192.0.2.1', DONT_FRAGMENT, 1480)));
  expect(flow.mtu).toBe(1492); // RFC 1191's next plateau below 1500
  receive(host, icmp(3, 4, 0, quoteOf(host, '10.0.1.10', '192.0.2.1', DONT_FRAGMENT, 1472)));
  expect(flow.mtu).toBe(1006);
  flow.send(payload(host, 20));
  receive(host, icmp(3, 4, 100, quoteOf(host, '10.0.1.10', '192.0.2.1', DONT_FRAGMENT, 1006)));
  expect(flow.mtu).toBe(552);
  flow.send(payload(host, 20));
  // Less than we believe: routers may fragment from now on.
  expect(host.eth0.takePackets(({ packet }) => packet.view.getUint16(packet.start + 6))).toEqual([DONT_FRAGMENT, 0]);
  expectNoLeaks(host.pool);
});

test('path MTU: as many destinations as the limit says, the oldest goes', () => {
  const host = testHost({ pathMtuEntries: 2 });
  for (const to of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
    receive(host, icmp(3, 4, 1400, quoteOf(host, '10.0.1.10', to, DONT_FRAGMENT)));
  }
  expect(host.ipv4.mtus.size).toBe(2);
  expect(host.ipv4.mtus.find(ip('192.0.2.1').v4)).toBe(null);
  expect(host.ipv4.mtus.find(ip('192.0.2.3').v4)?.mtu).toBe(1400);
});

test('the error comes from the interface that leads back', () => {
  const host = testHost();
  const eth1 = new FakeLink('eth1', '02:00:00:00:01:0a');
  host.ipv4.addAddress(eth1, prefix('10.0.2.1/24'));
  host.ipv4.forwarding = true;
  know(host, '10.0.1.1', PEER);
  host.eth0.receive(ipv4Packet(host, { from: '10.0.1.1', to: '10.0.2.20', ttl: 1 }));
  const [error] = host.eth0.takeBytes();
  expect([error[20], error[21]]).toEqual([11, 0]);
  expect(Array.from(error.subarray(12, 16))).toEqual([10, 0, 1, 10]);
});
