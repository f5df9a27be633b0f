import { expect, test } from 'vitest';
import { finish, sum } from '../base/checksum.ts';
import { MacAddress } from '../base/mac-address.ts';
import { Random } from '../base/random.ts';
import { EtherType } from '../l2-link/ethernet.ts';
import { expectNoLeaks, testNode } from '../testing/test-node.ts';
import { writeArp } from './arp-header.ts';
import { checkIpv4Header, describeIpv4, ipv4HeaderLength, updateIpv4Checksum } from './ipv4-header.ts';
import {
  bytes,
  FakeLink,
  FakeTransport,
  ipv4Packet,
  know,
  prefix,
  type TestHost,
  testHost,
} from './testing/fake-link.ts';

const MUTATIONS = 100_000;

/** A router with two links, so that every way through the layer is open. */
function router(): TestHost & { eth1: FakeLink } {
  const host = testHost({ icmpErrorsPerSecond: 1_000_000, reassemblies: 16 });
  const eth1 = new FakeLink('eth1', '02:00:00:00:01:0a');
  host.ipv4.addAddress(eth1, prefix('10.0.2.1/24'));
  host.ipv4.forwarding = true;
  host.ipv4.icmp.openEcho({ echoReply: (packet) => packet.release(), echoError: () => {} });
  know(host, '10.0.1.1', '02:00:00:00:00:01');
  know(host, '10.0.2.20', '02:00:00:00:00:02', eth1);
  return { ...host, eth1 };
}

function icmpMessage(type: number, code: number, data: Uint8Array): Uint8Array {
  const message = new Uint8Array(8 + data.length);
  message.set(data, 8);
  message[0] = type;
  message[1] = code;
  const view = new DataView(message.buffer);
  view.setUint16(2, finish(sum(view, 0, message.length)));
  return message;
}

/** Valid packets of every kind that the layer reads, as bytes. */
function samples(): Uint8Array[] {
  const world = testNode();
  const take = (fields: Parameters<typeof ipv4Packet>[1]): Uint8Array => {
    const packet = ipv4Packet(world, fields);
    const copy = packet.slice().slice();
    packet.release();
    return copy;
  };
  const here = { from: '10.0.1.1', to: '10.0.1.10' };
  const quote = take({ from: '10.0.1.10', to: '10.0.1.1', flags: 0x4000 });
  const withOptions = take({ ...here, payload: Uint8Array.from([1, 7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0, ...bytes(20)]) });
  withOptions[0] = 0x48;
  updateIpv4Checksum(new DataView(withOptions.buffer), 0);
  return [
    take(here),
    take({ ...here, to: '10.0.1.255' }),
    take({ ...here, flags: 0x2000, payload: bytes(64) }),
    take({ ...here, flags: 8, payload: bytes(64) }),
    take({ from: '10.0.1.1', to: '10.0.2.20', payload: bytes(100) }),
    take({ ...here, protocol: 1, payload: icmpMessage(8, 0, bytes(32)) }),
    take({ ...here, protocol: 1, payload: icmpMessage(3, 4, quote) }),
    take({ ...here, protocol: 1, payload: icmpMessage(11, 0, quote) }),
    withOptions,
  ];
}

test('every prefix of every kind of packet ends in a result or a reason', () => {
  const host = router();
  for (const sample of samples()) {
    for (let length = 0; length <= sample.length; length++) {
      host.eth0.receive(host.pool.from(sample.subarray(0, length)));
      // And with a length field that agrees, so that the layers behind the header see it.
      if (length < 20) continue;
      const fitting = sample.slice(0, length);
      const view = new DataView(fitting.buffer);
      if (ipv4HeaderLength(view, 0) > length) continue;
      view.setUint16(2, length);
      updateIpv4Checksum(view, 0);
      host.eth0.receive(host.pool.from(fitting));
    }
  }
  host.eth0.take();
  host.eth1.take();
  host.ipv4.stop();
  host.queue.runUntil(100e9);
  host.eth0.take();
  host.eth1.take();
  expectNoLeaks(host.pool);
});

test('100,000 mutations of whole packets: nothing throws, nothing leaks', () => {
  const host = router();
  host.ipv4.register(6, new FakeTransport());
  const random = Random.from('ipv4 mutations');
  const kinds = samples();
  let passed = 0;
  for (let i = 0; i < MUTATIONS; i++) {
    const sample = kinds[i % kinds.length];
    const packet = host.pool.acquire(sample.length);
    packet.append(sample);
    for (let wounds = random.below(4); wounds >= 0; wounds--) {
      packet.bytes[packet.start + random.below(sample.length)] = random.u32();
    }
    if (random.below(8) === 0) packet.trim(random.below(sample.length + 1));
    // Mostly the checksums are made right again, or nothing would get past them.
    const headerLength = packet.length >= 20 ? ipv4HeaderLength(packet.view, packet.start) : 0;
    if (random.below(10) !== 0 && headerLength >= 20 && headerLength <= packet.length) {
      if (packet.bytes[packet.start + 9] === 1 && packet.length >= headerLength + 8) {
        const message = packet.start + headerLength;
        packet.view.setUint16(message + 2, 0);
        packet.view.setUint16(message + 2, finish(sum(packet.view, message, packet.end)));
      }
      updateIpv4Checksum(packet.view, packet.start);
    }
    if (checkIpv4Header(packet) === 0) {
      passed++;
      describeIpv4(packet.view, packet.start);
    }
    host.eth0.receive(packet, EtherType.Ipv4, random.below(3) as 0 | 1 | 2);
    if ((i & 1023) === 0) {
      host.udp.payloads.length = 0;
      host.queue.runUntil(host.queue.now + 1e9);
      discard(host.eth0);
      discard(host.eth1);
    }
  }
  expect(passed).toBeGreaterThan(MUTATIONS / 4);
  host.ipv4.stop();
  host.queue.runUntil(host.queue.now + 100e9);
  discard(host.eth0);
  discard(host.eth1);
  expectNoLeaks(host.pool);
});

test('100,000 mutations of ARP packets: nothing throws, nothing leaks, the table stays within its limit', () => {
  const host = testHost({ neighbourEntries: 64 });
  const random = Random.from('arp mutations');
  const sample = new Uint8Array(28);
  const mac = MacAddress.parse('02:00:00:00:00:01')!;
  writeArp(new DataView(sample.buffer), 0, 1, mac, 0x0a000101, MacAddress.ZERO, 0x0a00010a);
  for (let i = 0; i < MUTATIONS; i++) {
    const packet = host.pool.acquire(64);
    packet.append(sample);
    for (let wounds = random.below(3); wounds > 0; wounds--) {
      packet.bytes[packet.start + random.below(28)] = random.u32();
    }
    if (random.below(16) === 0) packet.trim(random.below(29));
    host.eth0.receive(packet, EtherType.Arp, random.below(3) as 0 | 1 | 2);
    if ((i & 1023) === 0) discard(host.eth0);
  }
  expect(host.ipv4.neighbours.size).toBe(64);
  discard(host.eth0);
  expectNoLeaks(host.pool);
});

function discard(link: FakeLink): void {
  for (const { packet } of link.sent) packet.release();
  link.sent.length = 0;
}
