import { expect, test } from 'vitest';
import { SECOND } from '../base/clock.ts';
import { dropsOf, expectNoLeaks } from '../testing/test-node.ts';
import { describeIcmp } from './icmp-header.ts';
import { FakeLink, ip, ipv4Packet, know, payload, prefix, type TestHost, testHost } from './testing/fake-link.ts';

const ROUTER = '02:00:00:00:00:01';
const OTHER = '02:00:00:00:00:02';

/** A redirect for `destination` to `gateway`, that quotes a packet of ours. */
function redirect(host: TestHost, from: string, destination: string, gateway: string, source = '10.0.1.10'): void {
  const quoted = ipv4Packet(host, { from: source, to: destination, payload: new Uint8Array(8) });
  const message = new Uint8Array(8 + quoted.length);
  message[0] = 5;
  message[1] = 1;
  new DataView(message.buffer).setUint32(4, ip(gateway).v4);
  message.set(quoted.slice(), 8);
  quoted.release();
  let sum = 0;
  for (let i = 0; i < message.length; i += 2) sum += message[i]! * 256 + message[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  new DataView(message.buffer).setUint16(2, ~sum);
  host.eth0.receive(ipv4Packet(host, { from, to: '10.0.1.10', protocol: 1, payload: message }));
}

/** A host whose default router is 10.0.1.1, with 10.0.1.2 beside it. */
function guided(): TestHost {
  const host = testHost();
  know(host, '10.0.1.1', ROUTER);
  know(host, '10.0.1.2', OTHER);
  host.ipv4.addRoute(prefix('0.0.0.0/0'), { via: ip('10.0.1.1') });
  return host;
}

function goesTo(host: TestHost, destination: string): string {
  host.ipv4.send(payload(host, 8), 17, null, ip(destination));
  return host.eth0.take()[0]!.slice(0, 17);
}

test('a host follows the router that it uses, for that destination, for a while', () => {
  const host = guided();
  const flow = host.ipv4.open(ip('10.9.9.9'), 17, null);
  if (typeof flow === 'number') throw new Error('no flow');
  redirect(host, '10.0.1.1', '10.9.9.9', '10.0.1.2');
  expect([goesTo(host, '10.9.9.9'), goesTo(host, '10.9.9.8')]).toEqual([OTHER, ROUTER]);
  flow.send(payload(host, 8));
  expect(host.eth0.take()[0]!.slice(0, 17)).toBe(OTHER);
  host.queue.runUntil(301 * SECOND);
  know(host, '10.0.1.1', ROUTER);
  flow.send(payload(host, 8));
  expect(host.eth0.take()[0]!.slice(0, 17)).toBe(ROUTER);
  host.ipv4.stop();
  expectNoLeaks(host.pool);
});

test.each([
  ['from who is not our router', '10.0.1.3', '10.9.9.9', '10.0.1.2'],
  ['to who is not on the link', '10.0.1.1', '10.9.9.9', '10.0.2.2'],
  ['to ourselves', '10.0.1.1', '10.9.9.9', '10.0.1.10'],
  ['to the same router', '10.0.1.1', '10.9.9.9', '10.0.1.1'],
  ['about a neighbour', '10.0.1.1', '10.0.1.7', '10.0.1.2'],
  ['about nobody whom we know', '10.0.1.1', '10.0.1.10', '10.0.1.2'],
])('not believed: %s', (_what, from, destination, gateway) => {
  const host = guided();
  redirect(host, from, destination, gateway);
  expect(dropsOf(host.node)['ICMP_IGNORED']).toBe(1);
  expect(goesTo(host, '10.9.9.9')).toBe(ROUTER);
  host.ipv4.stop();
  expectNoLeaks(host.pool);
});

test('what quotes a packet that is not ours is not believed, and routers believe nobody', () => {
  const host = guided();
  redirect(host, '10.0.1.1', '10.9.9.9', '10.0.1.2', '10.0.1.11');
  host.ipv4.forwarding = true;
  redirect(host, '10.0.1.1', '10.9.9.9', '10.0.1.2');
  expect(dropsOf(host.node)['ICMP_IGNORED']).toBe(2);
  expect(goesTo(host, '10.9.9.9')).toBe(ROUTER);
  host.ipv4.stop();
  expectNoLeaks(host.pool);
});

test('a router that does not answer is left again', () => {
  const host = guided();
  redirect(host, '10.0.1.1', '10.9.9.9', '10.0.1.5'); // nobody is there
  host.ipv4.send(payload(host, 8), 17, null, ip('10.9.9.9'));
  host.queue.runUntil(5 * SECOND);
  host.eth0.take();
  expect(goesTo(host, '10.9.9.9')).toBe(ROUTER);
  host.ipv4.stop();
  expectNoLeaks(host.pool);
});

test('a router tells of the better way, more and more rarely, and nine times at most', () => {
  const host = guided();
  host.ipv4.forwarding = true;
  know(host, '10.0.1.9', '02:00:00:00:00:09');
  host.ipv4.addRoute(prefix('10.9.0.0/16'), { via: ip('10.0.1.2') });
  const told: number[] = [];
  const forward = (from: string, to: string): string[] => {
    host.eth0.receive(ipv4Packet(host, { from, to }));
    return host.eth0.takePackets(({ packet }) => {
      const { view, start } = packet;
      const isIcmp = view.getUint8(start + 9) === 1;
      return isIcmp ? describeIcmp(view, start + 20) : 'forwarded';
    });
  };
  for (let time = 0; time < 15; time++) {
    host.queue.runUntil(time * SECOND);
    know(host, '10.0.1.2', OTHER);
    know(host, '10.0.1.9', '02:00:00:00:00:09');
    const sent = forward('10.0.1.9', '10.9.9.9');
    expect(sent).toContain('forwarded');
    if (sent.includes('redirect to 10.0.1.2')) told.push(time);
  }
  expect(told).toEqual([0, 1, 3, 7]);
  // Who is not on this network cannot send to that router himself.
  expect(forward('10.7.7.7', '10.9.9.9')).toEqual(['forwarded']);
  host.ipv4.ignoreRedirects();
  host.queue.runUntil(600 * SECOND);
  know(host, '10.0.1.2', OTHER);
  expect(forward('10.0.1.9', '10.9.9.9')).toEqual(['forwarded']);
  host.ipv4.stop();
  expectNoLeaks(host.pool);
});

test('a broadcast on another link is heard, and sent on there only where that is asked for (RFC 2644)', () => {
  const host = testHost();
  host.ipv4.forwarding = true;
  const eth1 = new FakeLink('eth1', '02:00:00:00:00:0b');
  host.ipv4.addAddress(eth1, prefix('10.0.2.1/24'));
  const send = (ttl = 64): string[] => {
    host.eth0.receive(ipv4Packet(host, { from: '10.0.1.9', to: '10.0.2.255', ttl }));
    return eth1.take();
  };
  expect(send()).toEqual([]);
  expect(host.udp.received).toEqual(['10.0.1.9 16 broadcast']);
  host.ipv4.interfaceOf(eth1)!.directedBroadcast = true;
  expect(send()).toEqual(['ff:ff:ff:ff:ff:ff 10.0.1.9 > 10.0.2.255 UDP, TTL 63, id 0x0001, 36 bytes']);
  expect(send(1)).toEqual([]);
  // From that link itself everybody there has heard it.
  eth1.receive(ipv4Packet(host, { from: '10.0.2.9', to: '10.0.2.255' }), 0x0800, 1);
  expect(eth1.take()).toEqual([]);
  expectNoLeaks(host.pool);
});
