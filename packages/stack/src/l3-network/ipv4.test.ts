import { expect, test } from 'vitest';
import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import { What } from '../base/trace.ts';
import { dropsOf, expectNoLeaks } from '../testing/test-node.ts';
import { checkIpv4Header, DONT_FRAGMENT, MORE_FRAGMENTS } from './ipv4-header.ts';
import { type Flow, Protocol } from './network-layer.ts';
import { RouteType } from './routes.ts';
import {
  bytes,
  FakeLink,
  FakeTransport,
  ip,
  ipv4Packet,
  know,
  payload,
  prefix,
  type TestHost,
  testHost,
} from './testing/fake-link.ts';

const PEER = '02:00:00:00:00:01';

function flowTo(host: TestHost, remote: string, protocol: number = Protocol.Udp, local: string | null = null): Flow {
  const flow = host.ipv4.open(ip(remote), protocol, local === null ? null : ip(local));
  if (typeof flow === 'number') throw new Error(`no flow: ${flow}`);
  return flow;
}

/** Sends by `NetworkLayer.send`. */
function send(host: TestHost, to: string, options = {}, local: string | null = null): number {
  return host.ipv4.send(payload(host, 8), Protocol.Udp, local === null ? null : ip(local), ip(to), options);
}

test('a flow knows its way and writes good headers', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  const flow = flowTo(host, '10.0.1.1', Protocol.Tcp);
  expect([`${flow.local}`, `${flow.remote}`, flow.mtu, flow.headerLength, flow.cast]).toEqual([
    '10.0.1.10',
    '10.0.1.1',
    1500,
    20,
    0,
  ]);
  expect(flow.pseudoSum).toBe(0x0a00 + 0x010a + 0x0a00 + 0x0101 + 6);
  flow.ttl = 7;
  flow.tos = 0x10;
  for (const length of [0, 1, 100, 1480]) expect(flow.send(payload(host, length))).toBe(0);
  const ids = new Set<number>();
  host.eth0.takePackets(({ packet, to, type }) => {
    expect([to, type, checkIpv4Header(packet)]).toEqual([PEER, 0x0800, 0]);
    expect([packet.bytes[packet.start + 8], packet.bytes[packet.start + 1]]).toEqual([7, 0x10]);
    expect(packet.view.getUint16(packet.start + 6)).toBe(DONT_FRAGMENT);
    expect(packet.l3).toBe(packet.start);
    ids.add(packet.view.getUint16(packet.start + 4));
  });
  expect(ids.size).toBe(4);
  expectNoLeaks(host.pool);
});

test('too long for the link: fragments, or EMSGSIZE with DF', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  const flow = flowTo(host, '10.0.1.1');
  expect(flow.send(payload(host, 4000))).toBe(0);
  expect(host.eth0.takePackets(({ packet }) => packet.length)).toEqual([1500, 1500, 1060]);
  flow.dontFragment = true;
  expect(flow.send(payload(host, 1481))).toBe(-Errno.EMSGSIZE);
  expect(flow.send(payload(host, 1480))).toBe(0);
  flow.dontFragment = false;
  expect(flow.send(payload(host, 65_516))).toBe(-Errno.EMSGSIZE);
  host.eth0.take();
  expect(flow.send(payload(host, 65_515))).toBe(0);
  expect(host.eth0.take()).toHaveLength(45);
  expect(dropsOf(host.node)).toEqual({ IP_FRAGMENTATION_NEEDED: 2 });
  expectNoLeaks(host.pool);
});

test('a super-segment passes whole where the link cuts, if its pieces fit, and is cut where it does not', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  const flow = flowTo(host, '10.0.1.1', Protocol.Tcp);
  const segment = (size: number): number => {
    const packet = payload(host, 20 + 10_000);
    packet.view.setUint8(packet.start + 12, 5 << 4);
    packet.segmentSize = size;
    return flow.send(packet);
  };
  const lengths = (): number[] => host.eth0.takePackets(({ packet }) => packet.length);
  host.eth0.segmentOffload = 65_536;
  expect(segment(1460)).toBe(0);
  expect(lengths()).toEqual([10_040]);
  expect(segment(1461)).toBe(-Errno.EMSGSIZE);
  host.eth0.segmentOffload = 0;
  expect(segment(1460)).toBe(0);
  expect(lengths()).toEqual([1500, 1500, 1500, 1500, 1500, 1500, 1280]);
  expectNoLeaks(host.pool);
});

test('a flow follows routes, addresses and interfaces', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  know(host, '10.0.1.2', '02:00:00:00:00:02');
  expect(host.ipv4.open(ip('192.0.2.1'), Protocol.Udp, null)).toBe(-Errno.ENETUNREACH);
  const all = prefix('0.0.0.0/0');
  expect(host.ipv4.addRoute(all, { via: ip('10.0.9.1') })).toBe(-Errno.ENETUNREACH);
  expect(host.ipv4.addRoute(all, { via: ip('10.0.1.1') })).toBe(0);
  const flow = flowTo(host, '192.0.2.1');
  const where = (): string[] => host.eth0.takePackets(({ to }) => to);
  flow.send(payload(host, 8));
  expect(where()).toEqual([PEER]);
  host.ipv4.removeRoute(all);
  expect(flow.send(payload(host, 8))).toBe(-Errno.ENETUNREACH);
  host.ipv4.addRoute(all, { via: ip('10.0.1.2') });
  flow.send(payload(host, 8));
  expect(where()).toEqual(['02:00:00:00:00:02']);
  // The gateway's MAC address changes: the flow reads it where it is kept.
  know(host, '10.0.1.2', '02:00:00:00:00:03');
  flow.send(payload(host, 8));
  expect(where()).toEqual(['02:00:00:00:00:03']);
  host.eth0.up = false;
  host.ipv4.linkChanged(host.eth0);
  expect(flow.send(payload(host, 8))).toBe(-Errno.ENETUNREACH);
  host.eth0.up = true;
  host.ipv4.linkChanged(host.eth0);
  know(host, '10.0.1.2', '02:00:00:00:00:03');
  expect(flow.send(payload(host, 8))).toBe(0);
  expect(where()).toHaveLength(1);
  host.ipv4.removeAddress(host.eth0, ip('10.0.1.10'));
  expect(flow.send(payload(host, 8))).toBe(-Errno.EADDRNOTAVAIL);
  expectNoLeaks(host.pool);
});

test('a connection keeps its source address, a datagram takes the best', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  const flow = flowTo(host, '10.0.1.1');
  send(host, '10.0.1.1');
  host.ipv4.addAddress(host.eth0, prefix('10.0.1.77/24'));
  host.ipv4.removeAddress(host.eth0, ip('10.0.1.10'));
  host.eth0.take();
  expect(flow.send(payload(host, 8))).toBe(-Errno.EADDRNOTAVAIL);
  expect(send(host, '10.0.1.1')).toBe(0);
  expect(host.eth0.take()[0]).toContain('10.0.1.77 > 10.0.1.1');
  expect(send(host, '10.0.1.1', {}, '10.0.1.10')).toBe(-Errno.EADDRNOTAVAIL);
  expect(`${host.ipv4.sourceFor(ip('10.0.1.1'))}`).toBe('10.0.1.77');
});

test('routes that refuse', () => {
  const host = testHost();
  for (const [to, type] of [
    ['10.1.0.0/16', RouteType.Unreachable],
    ['10.2.0.0/16', RouteType.Prohibit],
    ['10.3.0.0/16', RouteType.Blackhole],
  ] as const) {
    expect(host.ipv4.addRoute(prefix(to), { type })).toBe(0);
  }
  expect([send(host, '10.1.0.1'), send(host, '10.2.0.1'), send(host, '10.3.0.1'), send(host, '10.4.0.1')]).toEqual([
    -Errno.EHOSTUNREACH,
    -Errno.EACCES,
    -Errno.EINVAL,
    -Errno.ENETUNREACH,
  ]);
  expect(dropsOf(host.node)).toEqual({ IP_UNREACHABLE_ROUTE: 3, IP_NO_ROUTE: 1 });
  expectNoLeaks(host.pool);
});

test('to itself: by the loopback interface, after the call, many in one event', () => {
  const host = testHost();
  expect(host.ipv4.isLocal(ip('127.5.5.5'))).toBe(true);
  for (const to of ['127.0.0.1', '127.1.2.3', '10.0.1.10', '0.0.0.0']) expect(send(host, to)).toBe(0);
  expect(host.udp.received).toEqual([]);
  expect(host.queue.pending).toBe(1);
  host.queue.runNext();
  expect(host.udp.received).toEqual(['127.0.0.1 8', '127.0.0.1 8', '10.0.1.10 8', '127.0.0.1 8']);
  expect(host.queue.pending).toBe(0);
  const flow = flowTo(host, '127.0.0.1');
  expect([flow.mtu, flow.checksumOffload, `${flow.local}`]).toEqual([65_535, true, '127.0.0.1']);
  expect(flow.send(payload(host, 65_515))).toBe(0);
  host.queue.runNext();
  expect(Buffer.compare(host.udp.payloads[4], bytes(65_515))).toBe(0);
  expectNoLeaks(host.pool);
});

test('the loopback queue has an end', () => {
  const host = testHost({ loopbackQueuePackets: 2 });
  expect([send(host, '127.0.0.1'), send(host, '127.0.0.1'), send(host, '127.0.0.1')]).toEqual([0, 0, -Errno.ENOBUFS]);
  expect(dropsOf(host.node)).toEqual({ LINK_QUEUE_FULL: 1 });
  host.queue.runNext();
  expect(send(host, '127.0.0.1')).toBe(0);
  host.queue.runNext();
  expectNoLeaks(host.pool);
});

test('loopback addresses do not leave the host', () => {
  const host = testHost();
  expect(send(host, '10.0.1.1', {}, '127.0.0.1')).toBe(-Errno.EINVAL);
});

test('a broadcast needs permission, goes to everybody, and comes back', () => {
  const host = testHost();
  expect(send(host, '10.0.1.255')).toBe(-Errno.EACCES);
  expect(send(host, '255.255.255.255')).toBe(-Errno.EACCES);
  expect(flowTo(host, '10.0.1.255').cast).toBe(1);
  expect(send(host, '10.0.1.255', { broadcast: true })).toBe(0);
  expect(send(host, '255.255.255.255', { broadcast: true })).toBe(0);
  expect(host.eth0.takePackets(({ to }) => to)).toEqual(['ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff']);
  host.queue.runNext();
  expect(host.udp.received).toEqual(['10.0.1.10 8 broadcast', '10.0.1.10 8 broadcast']);
  expect(dropsOf(host.node)).toEqual({ IP_BROADCAST_REFUSED: 2 });
  expectNoLeaks(host.pool);
});

test('an interface without an address can ask for one', () => {
  const host = testHost();
  const eth1 = new FakeLink('eth1', '02:00:00:00:01:0a');
  const on = host.ipv4.addInterface(eth1);
  const options = { broadcast: true, interfaceIndex: on.index };
  expect(send(host, '255.255.255.255', options)).toBe(0);
  expect(eth1.take()[0]).toContain('ff:ff:ff:ff:ff:ff 0.0.0.0 > 255.255.255.255');
  eth1.receive(ipv4Packet(host, { from: '10.0.9.1', to: '255.255.255.255' }), undefined, 1);
  expect(host.udp.received).toEqual(['10.0.9.1 16 broadcast']);
  expect(send(host, '10.0.1.1', { interfaceIndex: on.index })).toBe(-Errno.ENETUNREACH);
  expect(send(host, '10.0.1.1', { interfaceIndex: 99 })).toBe(-Errno.ENODEV);
  host.queue.runNext();
  expectNoLeaks(host.pool);
});

test('to a group: its MAC address, and one hop', () => {
  const host = testHost();
  expect(send(host, '224.129.2.3')).toBe(0);
  expect(host.eth0.take()[0]).toMatch(/^01:00:5e:01:02:03 10.0.1.10 > 224.129.2.3 UDP, TTL 1,/);
});

test('several addresses, several interfaces', () => {
  const host = testHost();
  const eth1 = new FakeLink('eth1', '02:00:00:00:01:0a');
  expect(host.ipv4.addAddress(eth1, prefix('10.0.2.1/24'))).toBe(0);
  expect(host.ipv4.addAddress(eth1, prefix('10.0.2.2/24'))).toBe(0);
  expect(host.ipv4.addAddress(eth1, prefix('10.0.2.2/24'))).toBe(-Errno.EEXIST);
  expect(host.ipv4.addAddress(eth1, prefix('224.0.0.9/24'))).toBe(-Errno.EINVAL);
  expect(host.ipv4.interfaces().map((each) => `${each.index} ${each.name} ${each.addresses.join(' ')}`)).toEqual([
    '1 lo 127.0.0.1/8',
    '2 eth0 10.0.1.10/24',
    '3 eth1 10.0.2.1/24 10.0.2.2/24',
  ]);
  const shown = host.ipv4.routes.list().filter((route) => route.type === RouteType.Unicast);
  expect(shown.map(String)).toEqual(['10.0.1.0/24 dev eth0', '10.0.2.0/24 dev eth1']);
  // Any address of ours is answered on any interface (RFC 1122 3.3.4.2: the weak model).
  host.eth0.receive(ipv4Packet(host, { from: '10.0.1.1', to: '10.0.2.2' }));
  expect(host.udp.received).toHaveLength(1);
  host.ipv4.removeAddress(eth1, ip('10.0.2.1'));
  expect(`${host.ipv4.sourceFor(ip('10.0.2.9'))}`).toBe('10.0.2.2');
  host.ipv4.removeAddress(eth1, ip('10.0.2.2'));
  expect(host.ipv4.sourceFor(ip('10.0.2.9'))).toBe(-Errno.ENETUNREACH);
  expect(host.ipv4.isLocal(ip('10.0.2.2'))).toBe(false);
});

test('an interface that is taken away leaves nothing behind', () => {
  const host = testHost();
  const eth1 = new FakeLink('eth1', '02:00:00:00:01:0a');
  host.ipv4.addAddress(eth1, prefix('10.0.2.1/24'));
  host.ipv4.addRoute(prefix('192.0.2.0/24'), { via: ip('10.0.2.9') });
  know(host, '10.0.2.9', PEER, eth1);
  const flow = flowTo(host, '192.0.2.1');
  host.ipv4.removeInterface(eth1);
  expect(flow.send(payload(host, 8))).toBe(-Errno.EADDRNOTAVAIL);
  expect(send(host, '10.0.2.9')).toBe(-Errno.ENETUNREACH);
  expect(host.ipv4.neighbours.size).toBe(0);
  expect(host.ipv4.interfaces().map((each) => each.name)).toEqual(['lo', 'eth0']);
  eth1.receive(ipv4Packet(host, { from: '10.0.2.9', to: '10.0.1.10' }));
  expect(host.udp.received).toEqual([]);
  expectNoLeaks(host.pool);
});

test('only IPv4', () => {
  const host = testHost();
  expect(host.ipv4.open(ip('::1'), Protocol.Udp, null)).toBe(-Errno.EAFNOSUPPORT);
  expect(host.ipv4.send(payload(host, 8), Protocol.Udp, null, IpAddress.LOOPBACK6)).toBe(-Errno.EAFNOSUPPORT);
  expectNoLeaks(host.pool);
});

test('who watches sees each step', () => {
  const host = testHost();
  const seen: string[] = [];
  host.node.trace = {
    event: (_node, layer, what, _packet, _reason, detail) => seen.push(`${layer} ${what}: ${detail}`),
  };
  send(host, '10.0.1.1');
  expect(seen[0]).toMatch(
    /^3 send: 10\.0\.1\.10 > 10\.0\.1\.1 UDP, TTL 64, id 0x[0-9a-f]{4}, 28 bytes, dev eth0 by route 10\.0\.1\.0\/24 dev eth0$/,
  );
  expect(seen.slice(1)).toEqual([
    '3 wait: for ARP of 10.0.1.1',
    '3 state: 10.0.1.1 dev eth0: NONE -> INCOMPLETE: a packet is to be sent',
    '3 send: who has 10.0.1.1? tell 10.0.1.10',
  ]);
  seen.length = 0;
  host.eth0.receive(ipv4Packet(host, { from: '10.0.1.1', to: '10.0.1.10' }));
  expect(seen).toEqual(['3 receive: 10.0.1.1 > 10.0.1.10 UDP, TTL 64, id 0x0001, 36 bytes', '3 deliver: to UDP']);
  expect(What.Wait).toBe('wait');
  host.ipv4.stop();
  host.eth0.take();
  expectNoLeaks(host.pool);
});

test('switched off, nothing is held', () => {
  const host = testHost();
  host.ipv4.register(17, new FakeTransport());
  send(host, '10.0.1.1');
  host.eth0.receive(ipv4Packet(host, { from: '10.0.1.1', to: '10.0.1.10', flags: MORE_FRAGMENTS, payload: bytes(64) }));
  host.ipv4.stop();
  host.eth0.take();
  expectNoLeaks(host.pool);
});
