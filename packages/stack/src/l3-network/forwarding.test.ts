import { expect, test } from 'vitest';
import { finish, sum } from '../base/checksum.ts';
import { Checksum } from '../base/packet-buffer.ts';
import { dropsOf, expectNoLeaks } from '../testing/test-node.ts';
import { checkIpv4Header, DONT_FRAGMENT } from './ipv4-header.ts';
import { Reassembly } from './reassembly.ts';
import { RouteType } from './routes.ts';
import { bytes, FakeLink, ip, ipv4Packet, know, prefix, type TestHost, testHost } from './testing/fake-link.ts';

const ALICE = '02:00:00:00:00:01';
const BOB = '02:00:00:00:00:02';

/** A router between 10.0.1.0/24 (eth0) and 10.0.2.0/24 (eth1), which knows both neighbours. */
function router(): TestHost & { eth1: FakeLink } {
  const host = testHost();
  const eth1 = new FakeLink('eth1', '02:00:00:00:01:0a');
  host.ipv4.addAddress(eth1, prefix('10.0.2.1/24'));
  host.ipv4.forwarding = true;
  know(host, '10.0.1.1', ALICE);
  know(host, '10.0.2.20', BOB, eth1);
  return { ...host, eth1 };
}

const WAY = { from: '10.0.1.1', to: '10.0.2.20' };

test('on to the next link, one TTL less, nothing else changed', () => {
  const host = router();
  const seen: string[] = [];
  host.node.trace = { event: (_node, _layer, what, _packet, _reason, detail) => seen.push(`${what}: ${detail}`) };
  host.eth0.receive(ipv4Packet(host, { ...WAY, payload: bytes(100) }));
  expect(seen.at(-1)).toBe('forward: to 10.0.2.20 by route 10.0.2.0/24 dev eth1, TTL 63');
  host.eth1.takePackets(({ packet, to }) => {
    expect([to, checkIpv4Header(packet), packet.bytes[packet.start + 8]]).toEqual([BOB, 0, 63]);
    expect(packet.slice().subarray(20)).toEqual(bytes(100));
  });
  expect(host.ipv4.forwarded).toBe(1);
  expect(host.eth0.take()).toEqual([]);
  expectNoLeaks(host.pool);
});

test('a packet that others still hold is not written', () => {
  const host = router();
  const packet = ipv4Packet(host, WAY);
  packet.retain();
  const before = packet.slice().slice();
  host.eth0.receive(packet);
  host.eth1.takePackets((sent) => expect(sent.packet).not.toBe(packet));
  expect(packet.slice()).toEqual(before);
  packet.release();
  expectNoLeaks(host.pool);
});

test('by a gateway', () => {
  const host = router();
  host.ipv4.addRoute(prefix('192.0.2.0/24'), { via: ip('10.0.2.20') });
  host.eth0.receive(ipv4Packet(host, { from: '10.0.1.1', to: '192.0.2.7' }));
  expect(host.eth1.takePackets(({ to }) => to)).toEqual([BOB]);
});

/** What comes back to the sender: type, code and the rest of the header. */
function answers(host: TestHost): number[][] {
  return host.eth0.takeBytes().map((error) => [error[20], error[21], error[26] * 256 + error[27]]);
}

test('refused, with what the sender is told', () => {
  const host = router();
  host.ipv4.addRoute(prefix('10.3.0.0/16'), { type: RouteType.Unreachable });
  host.ipv4.addRoute(prefix('10.4.0.0/16'), { type: RouteType.Prohibit });
  host.ipv4.addRoute(prefix('10.5.0.0/16'), { type: RouteType.Blackhole });
  const refused = (fields: Parameters<typeof ipv4Packet>[1], reason: string, told: number[][]): void => {
    host.node.drops.fill(0);
    host.eth0.receive(ipv4Packet(host, fields));
    expect(dropsOf(host.node)).toEqual({ [reason]: 1 });
    expect(answers(host)).toEqual(told);
  };
  const from = '10.0.1.1';
  refused({ ...WAY, ttl: 1 }, 'IP_TTL_EXPIRED', [[11, 0, 0]]);
  refused({ ...WAY, ttl: 0 }, 'IP_TTL_EXPIRED', [[11, 0, 0]]);
  refused({ from, to: '192.0.2.1' }, 'IP_NO_ROUTE', [[3, 0, 0]]);
  refused({ from, to: '10.3.0.1' }, 'IP_UNREACHABLE_ROUTE', [[3, 1, 0]]);
  refused({ from, to: '10.4.0.1' }, 'IP_UNREACHABLE_ROUTE', [[3, 13, 0]]);
  refused({ from, to: '10.5.0.1' }, 'IP_UNREACHABLE_ROUTE', []);
  refused({ from, to: '169.254.1.1' }, 'IP_BROADCAST_NOT_FORWARDED', []);
  refused({ from: '169.254.1.1', to: '10.0.2.20' }, 'IP_BROADCAST_NOT_FORWARDED', []);
  refused({ from, to: '240.0.0.1' }, 'IP_BROADCAST_NOT_FORWARDED', []);
  refused({ from, to: '0.1.2.3' }, 'IP_BROADCAST_NOT_FORWARDED', []);
  refused({ from, to: '239.1.2.3' }, 'IP_MULTICAST_NOT_MEMBER', []);
  refused({ from, to: '10.0.2.20', flags: 8190, payload: bytes(100) }, 'FRAGMENT_BAD', []);
  expect(host.eth1.take()).toEqual([]);
  expectNoLeaks(host.pool);
});

test('link-layer broadcasts and directed broadcasts go no further', () => {
  const host = router();
  host.eth0.receive(ipv4Packet(host, WAY), undefined, 1);
  expect(dropsOf(host.node)).toEqual({ IP_BROADCAST_NOT_FORWARDED: 1 });
  // To everybody on a link of ours: for us, but not sent on (RFC 2644).
  host.eth0.receive(ipv4Packet(host, { from: '10.0.1.1', to: '10.0.2.255' }));
  expect(host.udp.received).toEqual(['10.0.1.1 16 broadcast']);
  expect([host.eth0.take(), host.eth1.take()]).toEqual([[], []]);
  expectNoLeaks(host.pool);
});

test('too long for the next link: fragments, or with DF its MTU is told', () => {
  const host = router();
  host.eth1.mtu = 600;
  host.eth0.receive(ipv4Packet(host, { ...WAY, payload: bytes(1400), flags: DONT_FRAGMENT }));
  expect(answers(host)).toEqual([[3, 4, 600]]);
  expect(dropsOf(host.node)).toEqual({ IP_FRAGMENTATION_NEEDED: 1 });
  host.eth0.receive(ipv4Packet(host, { ...WAY, payload: bytes(1400) }));
  const receiver = testHost();
  const reassembly = new Reassembly(receiver.node, { reassemblyExpired: () => {} });
  const whole = host.eth1.takePackets(({ packet }) => {
    expect([checkIpv4Header(packet), packet.bytes[packet.start + 8]]).toEqual([0, 63]);
    expect(packet.length).toBeLessThanOrEqual(600);
    return reassembly.add(receiver.pool.from(packet.slice()));
  });
  expect(whole.map((each) => each?.length ?? 0)).toEqual([0, 0, 1420]);
  for (const each of whole) each?.release();
  expectNoLeaks(host.pool);
  expectNoLeaks(receiver.pool);
});

/** 5,000 bytes of TCP payload in one packet, to be cut every 1,000 bytes; the checksum is left to the interface. */
function superSegment(host: TestHost): void {
  const data = bytes(20 + 5000);
  data.set([0x12, 0x34, 0, 80, 0xff, 0xff, 0xfc, 0x00, 0, 0, 0, 0, 5 << 4, 0x99], 0); // CWR, ACK, PSH, FIN
  const packet = ipv4Packet(host, { ...WAY, protocol: 6, flags: DONT_FRAGMENT, id: 0xfffe, payload: data });
  packet.segmentSize = 1000;
  packet.checksum = Checksum.Partial;
  packet.checksumStart = packet.start + 20;
  packet.checksumField = packet.start + 36;
  host.eth0.receive(packet);
}

test('a super-segment is sent on whole to a link that cuts, if its pieces fit', () => {
  const host = router();
  host.eth1.segmentOffload = 65_536;
  superSegment(host);
  expect(host.eth1.takePackets(({ packet }) => packet.length)).toEqual([5040]);
  host.eth1.mtu = 1039;
  superSegment(host);
  expect(answers(host)).toEqual([[3, 4, 1039]]);
  expectNoLeaks(host.pool);
});

test('a super-segment is cut for a link that does not', () => {
  const host = router();
  superSegment(host);
  const pieces = host.eth1.takePackets(({ packet }) => {
    const { view, start, end } = packet;
    expect([checkIpv4Header(packet), packet.segmentSize]).toEqual([0, 0]);
    expect(finish(sum(view, start + 20, end, sum(view, start + 12, start + 20, 6 + end - start - 20)))).toBe(0);
    return [view.getUint16(start + 4), view.getUint32(start + 24), view.getUint8(start + 33), end - start];
  });
  expect(pieces).toEqual([
    [0xfffe, 0xfffffc00, 0x90, 1040],
    [0xffff, 0xffffffe8, 0x10, 1040],
    [0x0000, 0x000003d0, 0x10, 1040],
    [0x0001, 0x000007b8, 0x10, 1040],
    [0x0002, 0x00000ba0, 0x19, 1040],
  ]);
  expectNoLeaks(host.pool);
});

test('a host does not forward', () => {
  const host = router();
  host.ipv4.forwarding = false;
  host.eth0.receive(ipv4Packet(host, WAY));
  expect(dropsOf(host.node)).toEqual({ IP_NOT_FOR_US: 1 });
  expect([host.eth0.take(), host.eth1.take()]).toEqual([[], []]);
});
