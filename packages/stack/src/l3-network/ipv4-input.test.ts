import { expect, test } from 'vitest';
import { SECOND } from '../base/clock.ts';
import { dropsOf, expectNoLeaks } from '../testing/test-node.ts';
import { MORE_FRAGMENTS, updateIpv4Checksum } from './ipv4-header.ts';
import { type Flow, Protocol } from './network-layer.ts';
import { bytes, ip, ipv4Packet, know, payload, type TestHost, testHost } from './testing/fake-link.ts';

const PEER = '02:00:00:00:00:01';

function _flowTo(host: TestHost, remote: string, protocol: number = Protocol.Udp, local: string | null = null): Flow {
  const flow = host.ipv4.open(ip(remote), protocol, local === null ? null : ip(local));
  if (typeof flow === 'number') throw new Error(`no flow: ${flow}`);
  return flow;
}

/** Sends by `NetworkLayer.send`. */
function _send(host: TestHost, to: string, options = {}, local: string | null = null): number {
  return host.ipv4.send(payload(host, 8), Protocol.Udp, local === null ? null : ip(local), ip(to), options);
}

test('what comes in goes up by protocol, without the padding of its frame', () => {
  const host = testHost();
  const packet = ipv4Packet(host, { from: '10.0.1.1', to: '10.0.1.10', payload: bytes(3) });
  packet.append(new Uint8Array(23));
  host.eth0.receive(packet);
  expect(host.udp.received).toEqual(['10.0.1.1 3']);
  expectNoLeaks(host.pool);
});

test('each packet that is refused has its reason', () => {
  const refused = (fields: Parameters<typeof ipv4Packet>[1], reason: string, cast: 0 | 1 | 2 = 0): void => {
    const host = testHost();
    host.eth0.receive(ipv4Packet(host, fields), undefined, cast);
    expect(dropsOf(host.node)).toEqual({ [reason]: 1 });
    expect([host.udp.received, host.eth0.take()]).toEqual([[], []]);
    expectNoLeaks(host.pool);
  };
  const to = '10.0.1.10';
  refused({ from: '127.0.0.1', to }, 'LOOPBACK_ON_WIRE');
  refused({ from: '10.0.1.1', to: '127.0.0.1' }, 'LOOPBACK_ON_WIRE');
  refused({ from: '224.0.0.1', to }, 'IP_BAD_SOURCE');
  refused({ from: '255.255.255.255', to }, 'IP_BAD_SOURCE');
  refused({ from: '0.0.0.0', to }, 'IP_BAD_SOURCE');
  refused({ from: '0.0.0.7', to }, 'IP_BAD_SOURCE');
  refused({ from: '10.0.1.255', to }, 'IP_BAD_SOURCE');
  refused({ from: to, to }, 'IP_BAD_SOURCE'); // our own address, from outside
  refused({ from: '10.0.1.1', to: '0.0.0.0' }, 'IP_BAD_DESTINATION');
  refused({ from: '10.0.1.1', to: '10.0.1.11' }, 'IP_NOT_FOR_US');
  refused({ from: '10.0.1.1', to: '224.0.0.251' }, 'MULTICAST_OF_OTHERS', 2);
  refused({ from: '10.0.1.1', to }, 'IP_UNICAST_IN_BROADCAST', 1);
});

test('broadcasts and the group of all hosts', () => {
  const host = testHost();
  for (const to of ['255.255.255.255', '10.0.1.255', '10.0.1.0']) {
    host.eth0.receive(ipv4Packet(host, { from: '10.0.1.1', to }), undefined, 1);
  }
  host.eth0.receive(ipv4Packet(host, { from: '0.0.0.0', to: '255.255.255.255' }), undefined, 1);
  host.eth0.receive(ipv4Packet(host, { from: '10.0.1.1', to: '224.0.0.1' }), undefined, 2);
  expect(host.udp.received).toEqual([
    '10.0.1.1 16 broadcast',
    '10.0.1.1 16 broadcast',
    '10.0.1.1 16 broadcast',
    '0.0.0.0 16 broadcast',
    '10.0.1.1 16 multicast',
  ]);
});

test('an unknown protocol is answered', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  host.eth0.receive(ipv4Packet(host, { from: '10.0.1.1', to: '10.0.1.10', protocol: 200 }));
  const [error] = host.eth0.takeBytes();
  expect([error[9], error[20], error[21]]).toEqual([1, 3, 2]);
  expect(dropsOf(host.node)).toEqual({ IP_UNKNOWN_PROTOCOL: 1 });
  expectNoLeaks(host.pool);
});

test('options: malformed ones and source routes are answered, others pass', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  const withOptions = (...options: number[]): void => {
    const packet = ipv4Packet(host, {
      from: '10.0.1.1',
      to: '10.0.1.10',
      payload: Uint8Array.from([...options, ...bytes(8)]),
    });
    packet.view.setUint8(packet.start, 0x45 + options.length / 4);
    updateIpv4Checksum(packet.view, packet.start);
    host.eth0.receive(packet);
  };
  withOptions(1, 7, 7, 4, 0, 0, 0, 0);
  expect(host.udp.received).toEqual(['10.0.1.1 8']);
  withOptions(1, 7, 99, 4);
  const [problem] = host.eth0.takeBytes();
  expect([problem[20], problem[21], problem[24]]).toEqual([12, 0, 22]);
  withOptions(131, 7, 4, 10, 0, 0, 9, 0);
  const [failed] = host.eth0.takeBytes();
  expect([failed[20], failed[21]]).toEqual([3, 5]);
  expect(dropsOf(host.node)).toEqual({ IP_BAD_OPTION: 1, IP_SOURCE_ROUTE: 1 });
  expectNoLeaks(host.pool);
});

test('fragments come up as one datagram', () => {
  const host = testHost();
  const data = bytes(3000);
  host.eth0.receive(ipv4Packet(host, { from: '10.0.1.1', to: '10.0.1.10', flags: 185, payload: data.subarray(1480) }));
  host.eth0.receive(
    ipv4Packet(host, { from: '10.0.1.1', to: '10.0.1.10', flags: MORE_FRAGMENTS, payload: data.subarray(0, 1480) }),
  );
  expect(host.udp.payloads).toEqual([data]);
  expectNoLeaks(host.pool);
});

test('an incomplete datagram is told of after 30 s', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  host.eth0.receive(ipv4Packet(host, { from: '10.0.1.1', to: '10.0.1.10', flags: MORE_FRAGMENTS, payload: bytes(64) }));
  host.queue.runUntil(30 * SECOND);
  const [error] = host.eth0.takeBytes();
  expect([error[20], error[21]]).toEqual([11, 1]);
  expect(error.length).toBe(28 + 84);
  host.queue.runUntil(100 * SECOND);
  host.eth0.take();
  expectNoLeaks(host.pool);
});
