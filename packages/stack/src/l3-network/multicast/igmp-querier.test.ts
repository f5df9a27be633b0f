import { expect, test } from 'vitest';
import { finish, sum } from '../../base/checksum.ts';
import { SECOND } from '../../base/clock.ts';
import { expectNoLeaks } from '../../testing/test-node.ts';
import { FakeLink, ip, ipv4Packet, prefix, type TestHost, testHost } from '../testing/fake-link.ts';
import { describeIgmp, IgmpType, RecordType, writeIgmp, writeQuery3, writeReport3 } from './igmp-header.ts';
import type { MulticastRouter } from './multicast-router.ts';

const GROUP = ip('239.1.2.3').v4;

interface Router extends TestHost {
  eth1: FakeLink;
  router: MulticastRouter;
}

/** eth0 leads upstream, eth1 (10.0.2.10) has hosts. */
function testRouter(limits = {}): Router {
  const host = testHost(limits);
  const eth1 = new FakeLink('eth1', '02:00:00:00:00:0b');
  host.ipv4.addAddress(eth1, prefix('10.0.2.10/24'));
  host.ipv4.forwarding = true;
  const [, upstream, downstream] = host.ipv4.interfaces();
  host.ipv4.routeMulticast({ upstream: upstream!, downstream: [downstream!] });
  return Object.assign(host, { eth1, router: host.ipv4.multicastRouter! });
}

function said(host: Router, link = host.eth1): string[] {
  return link.takePackets(({ packet }) => {
    const { view, start, end } = packet;
    return view.getUint8(start + 9) === 2 ? describeIgmp(view, start + 24, end) : 'data';
  });
}

function message(host: Router, write: (packet: ReturnType<Router['pool']['acquire']>) => void): Uint8Array {
  const packet = host.pool.acquire(1500);
  write(packet);
  const bytes = packet.slice().slice();
  packet.release();
  return bytes;
}

function hear(host: Router, payload: Uint8Array, from = '10.0.2.20', to = '224.0.0.22'): void {
  host.eth1.receive(ipv4Packet(host, { from, to, protocol: 2, ttl: 1, payload }), 0x0800, 2);
}

const report = (host: Router, type: number, sources: number[] = [], group = GROUP): Uint8Array =>
  message(host, (packet) => writeReport3(packet, [{ type, group, sources }]));
const old = (host: Router, type: number): Uint8Array => message(host, (packet) => writeIgmp(packet, type, GROUP));

function run(host: Router, seconds: number): void {
  host.queue.runUntil(host.node.clock.now + seconds * SECOND);
}

function end(host: Router): void {
  host.ipv4.stop();
  said(host);
  said(host, host.eth0);
  expectNoLeaks(host.pool);
}

test('it asks twice soon, then every 125 s; what hosts want is joined upstream, and left with them', () => {
  const host = testRouter();
  run(host, 300);
  expect(said(host)).toEqual(Array(4).fill('IGMPv3 query about all groups')); // at 0, 31, 156 and 281 s
  hear(host, report(host, RecordType.ToExclude));
  expect(host.router.queriers[0]!.wants(GROUP, 1)).toBe(true);
  expect(said(host, host.eth0)).toEqual(['IGMPv3 report, 239.1.2.3 to ex {}']);
  hear(host, report(host, RecordType.ToInclude));
  run(host, 5);
  expect(said(host).filter((text) => text.includes('239'))).toEqual(Array(2).fill('IGMPv3 query about 239.1.2.3'));
  expect(host.router.queriers[0]!.wants(GROUP, 1)).toBe(false);
  expect(said(host, host.eth0).at(-1)).toBe('IGMPv3 report, 239.1.2.3 to in {}');
  end(host);
});

test('a group that nobody speaks of any more is left after 260 s', () => {
  const host = testRouter();
  hear(host, report(host, RecordType.IsInclude, [7, 8]));
  expect(host.router.queriers[0]!.filter(GROUP)?.sources).toEqual(new Set([7, 8]));
  run(host, 259);
  expect(host.router.queriers[0]!.wants(GROUP, 7)).toBe(true);
  run(host, 2);
  expect(host.router.queriers[0]!.wanted()).toEqual([]);
  expect(host.ipv4.groups.of(host.ipv4.interfaceOf(host.eth0)!)).toEqual([]);
  end(host);
});

test('the router with the lower address asks, as long as it is there', () => {
  const host = testRouter();
  run(host, 1);
  said(host);
  const query = message(host, (packet) =>
    writeQuery3(packet, {
      group: 0,
      responseNs: SECOND,
      suppress: false,
      robustness: 2,
      intervalNs: 125e9,
      sources: [],
    }),
  );
  hear(host, query, '10.0.2.77', '224.0.0.1');
  expect(host.router.queriers[0]!.isQuerier).toBe(true);
  hear(host, query, '10.0.2.1', '224.0.0.1');
  expect(host.router.queriers[0]!.isQuerier).toBe(false);
  run(host, 254);
  expect(said(host)).toEqual([]);
  run(host, 2);
  expect(said(host)).toEqual(['IGMPv3 query about all groups']);
  end(host);
});

test('hosts of older versions: version 2 leaves, version 1 cannot, and neither excludes', () => {
  const host = testRouter();
  hear(host, old(host, IgmpType.Report2), '10.0.2.20', '239.1.2.3');
  hear(host, report(host, RecordType.Block, [5]));
  hear(host, report(host, RecordType.ToExclude, [5]));
  expect(host.router.queriers[0]!.wants(GROUP, 5)).toBe(true);
  hear(host, old(host, IgmpType.Leave), '10.0.2.20', '224.0.0.2');
  run(host, 3);
  expect(host.router.queriers[0]!.wants(GROUP, 5)).toBe(false);
  hear(host, old(host, IgmpType.Report1), '10.0.2.20', '239.1.2.3');
  hear(host, old(host, IgmpType.Leave), '10.0.2.20', '224.0.0.2');
  run(host, 3);
  expect(host.router.queriers[0]!.wants(GROUP, 5)).toBe(true);
  end(host);
});

test('limits: so many groups, so many sources; more sources are all', () => {
  const host = testRouter({ multicastGroups: 2, multicastSources: 3 });
  for (let i = 0; i < 5; i++) hear(host, report(host, RecordType.IsExclude, [], GROUP + i));
  expect(host.router.queriers[0]!.wanted().length).toBe(2);
  const other = testRouter({ multicastSources: 3 });
  hear(other, report(other, RecordType.Allow, [1, 2, 3]));
  expect(other.router.queriers[0]!.wants(GROUP, 9)).toBe(false);
  hear(other, report(other, RecordType.Allow, [4]));
  expect(other.router.queriers[0]!.wants(GROUP, 9)).toBe(true);
  end(host);
  end(other);
});

test('100,000 mutated messages, and packets of groups between them', () => {
  const host = testRouter({ multicastGroups: 64, multicastSources: 16 });
  const samples = [
    report(host, RecordType.ToExclude),
    report(host, RecordType.Allow, [1, 2, 3]),
    report(host, RecordType.Block, [1, 2]),
    report(host, RecordType.ToInclude, [3]),
    old(host, IgmpType.Report2),
    old(host, IgmpType.Leave),
  ];
  const random = host.node.random.fork('mutations');
  for (let round = 0; round < 100_000; round++) {
    const sample = samples[random.below(samples.length)]!;
    const packet = ipv4Packet(host, { from: '10.0.2.20', to: '224.0.0.22', protocol: 2, ttl: 1, payload: sample });
    const { view, start, end: last } = packet;
    for (let flips = random.below(3); flips > 0; flips--) {
      view.setUint8(start + 20 + random.below(sample.length), random.below(256));
    }
    view.setUint16(start + 22, 0);
    view.setUint16(start + 22, finish(sum(view, start + 20, last)));
    host.eth1.receive(packet, 0x0800, 2);
    if ((round & 255) !== 0) continue;
    host.eth0.receive(ipv4Packet(host, { from: '10.0.1.5', to: '239.1.2.3' }), 0x0800, 2);
    run(host, random.below(40));
    for (const link of [host.eth0, host.eth1]) for (const { packet: sent } of link.sent.splice(0)) sent.release();
  }
  expect(host.router.queriers[0]!.wanted().length).toBeLessThanOrEqual(64);
  for (const link of [host.eth0, host.eth1]) for (const { packet: sent } of link.sent.splice(0)) sent.release();
  host.ipv4.stop();
  expectNoLeaks(host.pool);
});
