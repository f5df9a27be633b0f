import { expect, test } from 'vitest';
import { Errno } from '../../base/errors.ts';
import { expectNoLeaks } from '../../testing/test-node.ts';
import { FakeLink, ip, ipv4Packet, prefix, testHost } from '../testing/fake-link.ts';
import { SourceFilter } from './groups.ts';

const GROUP = ip('239.1.2.3');
const A = ip('10.0.1.1').v4;
const B = ip('10.0.1.2').v4;
const C = ip('10.0.1.3').v4;

test('what is joined is received, on the interface where it was joined', () => {
  const host = testHost();
  const eth1 = new FakeLink('eth1', '02:00:00:00:00:0b');
  host.ipv4.addAddress(eth1, prefix('10.0.2.1/24'));
  const eth0 = host.ipv4.interfaceOf(host.eth0)!;
  const receive = (link: FakeLink): void =>
    link.receive(ipv4Packet(host, { from: '10.0.1.9', to: '239.1.2.3', ttl: 1 }), 0x0800, 2);
  receive(host.eth0);
  expect(host.udp.received).toEqual([]);
  expect(host.ipv4.groups.join(eth0, GROUP)).toBe(0);
  expect(host.ipv4.groups.join(eth0, GROUP)).toBe(0);
  receive(host.eth0);
  receive(eth1);
  expect(host.udp.received).toEqual(['10.0.1.9 16 multicast']);
  expect(host.ipv4.groups.leave(eth0, GROUP)).toBe(0);
  receive(host.eth0);
  expect(host.ipv4.groups.leave(eth0, GROUP)).toBe(0);
  receive(host.eth0);
  expect(host.udp.received.length).toBe(2);
  expect(host.ipv4.groups.leave(eth0, GROUP)).toBe(-Errno.EADDRNOTAVAIL);
  host.queue.runUntil(60e9);
  host.eth0.take();
  expectNoLeaks(host.pool);
});

test('what is no group cannot be joined, and there are as many as the limit says', () => {
  const host = testHost({ multicastGroups: 2 });
  const eth0 = host.ipv4.interfaceOf(host.eth0)!;
  const { groups } = host.ipv4;
  expect(groups.join(eth0, ip('10.0.0.1'))).toBe(-Errno.EINVAL);
  expect(groups.join(eth0, ip('ff02::1'))).toBe(-Errno.EINVAL);
  expect(['239.0.0.1', '239.0.0.2', '239.0.0.3'].map((group) => groups.join(eth0, ip(group)))).toEqual([
    0,
    0,
    -Errno.ENOBUFS,
  ]);
  groups.leave(eth0, ip('239.0.0.1'));
  expect(groups.join(eth0, ip('239.0.0.3'))).toBe(0);
  host.ipv4.stop();
  host.eth0.take();
  expectNoLeaks(host.pool);
});

test('the filter of an interface lets through what any of its users wants, and no more', () => {
  const host = testHost();
  const eth0 = host.ipv4.interfaceOf(host.eth0)!;
  const { groups } = host.ipv4;
  const told = (): string => {
    const { filter } = groups.find(eth0, GROUP.v4)!;
    return `${filter.exclude ? 'all but' : 'only'} ${[...filter.sources].map((source) => source & 255).join(' ')}`;
  };
  const one = new SourceFilter(false, [A, B]);
  const other = new SourceFilter(true, [B, C]);
  const third = new SourceFilter(true, [C]);
  groups.add(eth0, GROUP, one);
  expect(told()).toBe('only 1 2');
  expect([A, C].map((source) => groups.accepts(eth0, GROUP.v4, source))).toEqual([true, false]);
  groups.add(eth0, GROUP, other);
  expect(told()).toBe('all but 3'); // RFC 3376 3.2: what one excludes another may include
  groups.remove(eth0, GROUP, one);
  expect(told()).toBe('all but 2 3');
  groups.add(eth0, GROUP, third);
  expect(told()).toBe('all but 3');
  groups.join(eth0, GROUP);
  expect(told()).toBe('all but ');
  host.ipv4.stop();
  host.eth0.take();
  expectNoLeaks(host.pool);
});
