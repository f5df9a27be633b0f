import { expect, test } from 'vitest';
import { SECOND } from '../base/clock.ts';
import { MacAddress } from '../base/mac-address.ts';
import { EtherType } from '../l2-link/ethernet.ts';
import { dropsOf, expectNoLeaks } from '../testing/test-node.ts';
import { Protocol } from './network-layer.ts';
import {
  arpPacket,
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

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const PEER = '02:00:00:00:00:01';

function send(host: TestHost, to: string, length = 20): number {
  return host.ipv4.send(payload(host, length), Protocol.Udp, null, ip(to));
}

function answer(host: TestHost, from = '10.0.1.1', mac = PEER): void {
  host.eth0.receive(arpPacket(host, { op: 'reply', mac, from, to: '10.0.1.10' }), EtherType.Arp);
}

function stateOf(host: TestHost): string[] {
  return host.ipv4.neighbours.list().map((entry) => entry.describe(host.queue.now));
}

test('a question to everybody, an answer, and the packets that waited go out in order', () => {
  const host = testHost();
  expect(send(host, '10.0.1.1', 20)).toBe(0);
  expect(send(host, '10.0.1.1', 21)).toBe(0);
  expect(host.eth0.take()).toEqual([`${BROADCAST} ARP who has 10.0.1.1? tell 10.0.1.10`]);
  expect(stateOf(host)).toEqual(['10.0.1.1 dev eth0 INCOMPLETE']);
  answer(host);
  expect(host.eth0.takePackets((sent) => `${sent.to} ${sent.packet.length}`)).toEqual([`${PEER} 40`, `${PEER} 41`]);
  expect(stateOf(host)).toEqual([`10.0.1.1 dev eth0 lladdr ${PEER} REACHABLE`]);
  send(host, '10.0.1.1');
  expect(host.eth0.takePackets((sent) => sent.to)).toEqual([PEER]);
  expectNoLeaks(host.pool);
});

test('three questions, a second apart; then the packets are dropped and the program is told', () => {
  const host = testHost();
  send(host, '10.0.1.1');
  send(host, '10.0.1.1');
  for (const [until, questions] of [
    [0.9, 1],
    [1.9, 1],
    [2.9, 1],
  ]) {
    host.queue.runUntil(until * SECOND);
    expect(host.eth0.take()).toHaveLength(questions);
  }
  expect(host.udp.errors).toEqual([]);
  host.queue.runUntil(3 * SECOND);
  expect(host.udp.errors).toEqual([
    '3/1 mtu 0 about 10.0.1.1 byte 0 from 10.0.1.10',
    '3/1 mtu 0 about 10.0.1.1 byte 0 from 10.0.1.10',
  ]);
  expect(dropsOf(host.node)).toEqual({ ARP_UNRESOLVED: 2 });
  expect(stateOf(host)).toEqual(['10.0.1.1 dev eth0 FAILED']);
  expect(host.eth0.take()).toEqual([]);
  host.queue.runUntil(100 * SECOND);
  expect(host.queue.pending).toBe(0);
  // The next packet asks again.
  send(host, '10.0.1.1');
  expect(host.eth0.take()).toHaveLength(1);
  answer(host);
  expect(host.eth0.take()).toHaveLength(1);
  expectNoLeaks(host.pool);
});

test('the wait queue keeps the newest packets', () => {
  const host = testHost({ neighbourQueuePackets: 3 });
  for (let i = 0; i < 4; i++) send(host, '10.0.1.1', 20 + i);
  expect(dropsOf(host.node)).toEqual({ ARP_QUEUE_FULL: 1 });
  host.eth0.take();
  answer(host);
  expect(host.eth0.takePackets((sent) => sent.packet.length)).toEqual([41, 42, 43]);
  expectNoLeaks(host.pool);
});

test('reachable for 15 to 45 s, then stale; used when stale: 5 s of grace, then three questions to it alone', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  host.queue.runUntil(14.9 * SECOND);
  expect(stateOf(host)[0]).toMatch(/REACHABLE$/);
  host.queue.runUntil(45 * SECOND);
  expect(stateOf(host)[0]).toMatch(/STALE$/);
  expect(host.queue.pending).toBe(0);
  send(host, '10.0.1.1');
  expect(stateOf(host)[0]).toMatch(/DELAY$/);
  expect(host.eth0.takePackets((sent) => sent.to)).toEqual([PEER]);
  host.queue.runUntil(49.9 * SECOND);
  expect(host.eth0.take()).toEqual([]);
  host.queue.runUntil(50 * SECOND);
  expect(host.eth0.take()).toEqual([`${PEER} ARP who has 10.0.1.1? tell 10.0.1.10`]);
  expect(stateOf(host)[0]).toMatch(/PROBE$/);
  // Packets still go out meanwhile.
  send(host, '10.0.1.1');
  expect(host.eth0.takePackets((sent) => sent.type)).toEqual([EtherType.Ipv4]);
  host.queue.runUntil(51 * SECOND);
  answer(host);
  expect(stateOf(host)[0]).toMatch(/REACHABLE$/);
  host.eth0.take();
  expectNoLeaks(host.pool);
});

test('a neighbour that left is found out, and asked for again with the next packet', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  host.queue.runUntil(50 * SECOND);
  send(host, '10.0.1.1');
  host.queue.runUntil(58 * SECOND);
  expect(stateOf(host)[0]).toMatch(/FAILED$/);
  expect(host.eth0.takePackets((sent) => `${sent.type === EtherType.Arp ? 'ARP' : 'IP'} ${sent.to}`)).toEqual([
    `IP ${PEER}`,
    `ARP ${PEER}`,
    `ARP ${PEER}`,
    `ARP ${PEER}`,
  ]);
  send(host, '10.0.1.1');
  expect(host.eth0.take()).toEqual([`${BROADCAST} ARP who has 10.0.1.1? tell 10.0.1.10`]);
  host.queue.runUntil(70 * SECOND);
  host.eth0.take();
  expectNoLeaks(host.pool);
});

test('who makes progress is reachable: flows confirm', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  const flow = host.ipv4.open(ip('10.0.1.1'), Protocol.Tcp, null);
  if (typeof flow === 'number') throw new Error('no flow');
  flow.send(payload(host, 20));
  for (let s = 10; s < 100; s += 10) {
    host.queue.runUntil(s * SECOND);
    flow.confirm();
    expect(stateOf(host)[0]).toMatch(/REACHABLE$/);
  }
  host.queue.runUntil(200 * SECOND);
  flow.send(payload(host, 20));
  expect(stateOf(host)[0]).toMatch(/DELAY$/);
  flow.confirm();
  expect(stateOf(host)[0]).toMatch(/REACHABLE$/);
  host.queue.runUntil(210 * SECOND);
  expect(host.eth0.takePackets((sent) => sent.type)).toEqual([EtherType.Ipv4, EtherType.Ipv4]);
  expectNoLeaks(host.pool);
});

test('questions for our address are answered to who asks, who is learnt', () => {
  const host = testHost();
  host.eth0.receive(arpPacket(host, { op: 'request', mac: PEER, from: '10.0.1.1', to: '10.0.1.10' }), EtherType.Arp, 1);
  expect(host.eth0.take()).toEqual([`${PEER} ARP 10.0.1.10 is at 02:00:00:00:00:0a`]);
  expect(stateOf(host)).toEqual([`10.0.1.1 dev eth0 lladdr ${PEER} STALE`]);
  expect(dropsOf(host.node)).toEqual({ ARP_DONE: 1 });
  expectNoLeaks(host.pool);
});

test('a probe is answered, but nobody is learnt from it', () => {
  const host = testHost();
  host.eth0.receive(arpPacket(host, { op: 'request', mac: PEER, from: '0.0.0.0', to: '10.0.1.10' }), EtherType.Arp, 1);
  expect(host.eth0.take()).toEqual([`${PEER} ARP 10.0.1.10 is at 02:00:00:00:00:0a`]);
  expect(stateOf(host)).toEqual([]);
});

test('what others say renews what is known, and teaches nothing new', () => {
  const host = testHost();
  const announce = (): void =>
    host.eth0.receive(
      arpPacket(host, { op: 'request', mac: '02:00:00:00:00:99', from: '10.0.1.1', to: '10.0.1.1' }),
      EtherType.Arp,
      1,
    );
  announce();
  expect(stateOf(host)).toEqual([]);
  know(host, '10.0.1.1', PEER);
  announce();
  expect(stateOf(host)).toEqual(['10.0.1.1 dev eth0 lladdr 02:00:00:00:00:99 STALE']);
  // An unsolicited reply from someone unknown.
  answer(host, '10.0.1.77');
  expect(stateOf(host)).toHaveLength(1);
  // A question for somebody else is not answered.
  host.eth0.receive(arpPacket(host, { op: 'request', mac: PEER, from: '10.0.1.1', to: '10.0.1.2' }), EtherType.Arp, 1);
  expect(host.eth0.take()).toEqual([]);
  expect(dropsOf(host.node)).toEqual({ ARP_NOT_FOR_US: 3, ARP_DONE: 1 });
  expectNoLeaks(host.pool);
});

test('somebody else with our address is not believed', () => {
  const host = testHost();
  host.eth0.receive(
    arpPacket(host, { op: 'request', mac: PEER, from: '10.0.1.10', to: '10.0.1.10' }),
    EtherType.Arp,
    1,
  );
  expect(host.eth0.take()).toEqual(['ff:ff:ff:ff:ff:ff ARP 10.0.1.10 announces itself at 02:00:00:00:00:0a']);
  expect(stateOf(host)).toEqual([]);
});

test('what no host can have is refused', () => {
  const host = testHost();
  for (const [from, mac] of [
    ['224.0.0.1', PEER],
    ['127.0.0.1', PEER],
    ['255.255.255.255', PEER],
    ['10.0.1.1', '01:00:5e:00:00:01'],
  ]) {
    host.eth0.receive(arpPacket(host, { op: 'request', mac, from, to: '10.0.1.10' }), EtherType.Arp, 1);
  }
  expect(dropsOf(host.node)).toEqual({ ARP_MALFORMED: 4 });
  expect(host.eth0.take()).toEqual([]);
  expectNoLeaks(host.pool);
});

test('a full table makes room by what is stale, and refuses while all entries are in use', () => {
  const host = testHost({ neighbourEntries: 2 });
  know(host, '10.0.1.1', PEER);
  host.queue.runUntil(60 * SECOND);
  know(host, '10.0.1.2', '02:00:00:00:00:02');
  send(host, '10.0.1.3');
  expect(host.ipv4.neighbours.list().map((entry) => `${entry.address}`)).toEqual(['10.0.1.2', '10.0.1.3']);
  expect(send(host, '10.0.1.4')).toBe(-105); // ENOBUFS: one is being asked for, the other was heard of just now
  expect(dropsOf(host.node)).toEqual({ NEIGHBOUR_TABLE_FULL: 1 });
  host.queue.runUntil(60 * SECOND + 6 * SECOND);
  expect(send(host, '10.0.1.4')).toBe(0);
  expect(host.ipv4.neighbours.size).toBe(2);
  host.queue.runUntil(200 * SECOND);
  host.eth0.take();
  expectNoLeaks(host.pool);
});

test('a flow outlives its neighbour entry', () => {
  const host = testHost({ neighbourEntries: 1 });
  know(host, '10.0.1.1', PEER);
  const flow = host.ipv4.open(ip('10.0.1.1'), Protocol.Udp, null);
  if (typeof flow === 'number') throw new Error('no flow');
  expect(flow.send(payload(host, 20))).toBe(0);
  host.queue.runUntil(60 * SECOND);
  know(host, '10.0.1.2', '02:00:00:00:00:02');
  host.queue.runUntil(120 * SECOND);
  host.eth0.take();
  expect(flow.send(payload(host, 20))).toBe(0);
  expect(host.eth0.take()).toEqual([`${BROADCAST} ARP who has 10.0.1.1? tell 10.0.1.10`]);
  answer(host);
  expect(host.eth0.take()).toHaveLength(1);
  expectNoLeaks(host.pool);
});

test('static entries are used at once, never asked for and never overwritten', () => {
  const host = testHost();
  const on = host.ipv4.interfaceOf(host.eth0)!;
  host.ipv4.neighbours.addPermanent(ip('10.0.1.1'), on, MacAddress.parse(PEER)!);
  answer(host, '10.0.1.1', '02:00:00:00:00:99');
  host.queue.runUntil(1000 * SECOND);
  send(host, '10.0.1.1');
  expect(host.eth0.takePackets((sent) => sent.to)).toEqual([PEER]);
  expect(stateOf(host)).toEqual([`10.0.1.1 dev eth0 lladdr ${PEER} PERMANENT`]);
  expectNoLeaks(host.pool);
});

test('an announcement goes out on demand only', () => {
  const host = testHost();
  expect(host.eth0.take()).toEqual([]);
  host.ipv4.arp.announce(host.ipv4.interfaceOf(host.eth0)!, ip('10.0.1.10'));
  expect(host.eth0.take()).toEqual([`${BROADCAST} ARP 10.0.1.10 announces itself at 02:00:00:00:00:0a`]);
});

test('a router that finds nobody tells the sender', () => {
  const host = testHost();
  host.ipv4.forwarding = true;
  const eth1 = new FakeLink('eth1', '02:00:00:00:01:0a');
  host.ipv4.addAddress(eth1, prefix('10.0.2.1/24'));
  know(host, '10.0.1.7', PEER);
  host.eth0.receive(ipv4Packet(host, { from: '10.0.1.7', to: '10.0.2.20', payload: bytes(100) }));
  host.queue.runUntil(3 * SECOND);
  expect(eth1.take()).toHaveLength(3);
  const [error] = host.eth0.takeBytes();
  expect([error[20], error[21]]).toEqual([3, 1]);
  expect(error.length).toBe(20 + 8 + 120);
  expectNoLeaks(host.pool);
});
