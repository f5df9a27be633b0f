import { expect, test } from 'vitest';
import { Random } from '../../base/random.ts';
import { EtherType } from '../../l2-link/ethernet.ts';
import { expectNoLeaks, testNode } from '../../testing/test-node.ts';
import { bytes, type FakeLink } from '../testing/fake-link.ts';
import { icmp6Message, ipv6Packet, know6, type TestHost6, testRouter6 } from './testing/fake-host6.ts';

const HERE = { from: '2001:db8:1::1', to: '2001:db8:1::10' };

/** A router with two links, so that every way through the layer is open. */
function router(): TestHost6 & { eth1: FakeLink } {
  const host = testRouter6({ icmpErrorsPerSecond: 1_000_000, reassemblies: 16 });
  host.ipv6.icmp.openEcho({ echoReply: (packet) => packet.release(), echoError: () => {} });
  know6(host, HERE.from, '02:00:00:00:00:01');
  know6(host, '2001:db8:2::20', '02:00:00:00:00:02', host.eth1);
  return host;
}

/** Valid packets of every kind that the layer reads, as bytes. */
function samples(): Uint8Array[] {
  const world = testNode();
  const take = (fields: Parameters<typeof ipv6Packet>[1]): Uint8Array => {
    const packet = ipv6Packet(world, fields);
    const copy = packet.slice().slice();
    packet.release();
    return copy;
  };
  const icmp = (type: number, code: number, data: Uint8Array) => ({
    ...HERE,
    next: 58,
    payload: icmp6Message(HERE.from, HERE.to, type, code, 1400, data),
  });
  const quote = take({ from: HERE.to, to: HERE.from });
  const options = (next: number) => [next, 1, 5, 2, 0, 0, 0x1e, 4, 1, 2, 3, 4, 1, 2, 0, 0];
  const piece = (offset: number) => Uint8Array.of(17, 0, 0, offset, 0, 0, 0, 7, ...bytes(64));
  return [
    take(HERE),
    take({ from: HERE.from, to: '2001:db8:2::20', payload: bytes(100) }),
    take({
      ...HERE,
      next: 0,
      payload: Uint8Array.of(...options(60), ...options(43), 17, 0, 4, 0, 0, 0, 0, 0, ...bytes(16)),
    }),
    take({ ...HERE, next: 44, payload: piece(1) }),
    take({ ...HERE, next: 44, payload: piece(64) }),
    take({ ...HERE, to: 'ff02::1', next: 0, payload: Uint8Array.of(58, 0, 5, 2, 0, 0, 1, 0, ...bytes(24)) }),
    take(icmp(128, 0, bytes(32))),
    take(icmp(2, 0, quote)),
    take(icmp(1, 4, quote)),
    take(icmp(135, 0, bytes(24))),
    take(icmp(134, 0, bytes(40))),
  ];
}

test('every prefix of every kind of packet ends in a result or a reason', () => {
  const host = router();
  for (const sample of samples()) {
    for (let length = 0; length <= sample.length; length++) {
      host.eth0.receive(host.pool.from(sample.subarray(0, length)), EtherType.Ipv6);
      if (length < 40) continue;
      // And with a length field that agrees, so that the layers behind the header see it.
      const fitting = sample.slice(0, length);
      new DataView(fitting.buffer).setUint16(4, length - 40);
      host.eth0.receive(host.pool.from(fitting), EtherType.Ipv6);
    }
  }
  finish(host);
});

test('100,000 mutations of whole packets: nothing throws, nothing leaks', () => {
  const host = router();
  const random = Random.from(11);
  const all = samples();
  for (let i = 0; i < 100_000; i++) {
    const sample = all[i % all.length]!;
    const packet = host.pool.from(sample);
    for (let n = 1 + random.below(3); n > 0; n--) {
      const at = packet.start + (random.below(3) === 0 ? random.below(8) : random.below(sample.length));
      packet.view.setUint8(at, random.below(256));
    }
    if (random.below(4) === 0) packet.view.setUint8(packet.start, 0x60);
    host.eth0.receive(packet, EtherType.Ipv6, random.below(8) === 0 ? 2 : 0);
    if (i % 500 === 0) {
      host.queue.runUntil(host.queue.now + 1e9);
      host.eth0.takePackets(() => {});
      host.eth1.takePackets(() => {});
    }
  }
  expect(host.ipv6.reassembling).toBeLessThanOrEqual(16);
  finish(host);
});

function finish(host: TestHost6 & { eth1: FakeLink }): void {
  host.ipv6.stop();
  host.queue.runUntil(host.queue.now + 200e9);
  host.eth0.takePackets(() => {});
  host.eth1.takePackets(() => {});
  expectNoLeaks(host.pool);
}
