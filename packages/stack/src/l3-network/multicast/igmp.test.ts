import fc from 'fast-check';
import { expect, test } from 'vitest';
import { finish, sum } from '../../base/checksum.ts';
import { SECOND } from '../../base/clock.ts';
import { Drop } from '../../base/drop-reasons.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { dropsOf, expectNoLeaks } from '../../testing/test-node.ts';
import { ip, ipv4Packet, type TestHost, testHost } from '../testing/fake-link.ts';
import { SourceFilter } from './groups.ts';
import {
  checkIgmp,
  checkIgmpMessage,
  decodeTime,
  describeIgmp,
  encodeTime,
  IgmpType,
  RecordType,
  writeIgmp,
  writeQuery3,
  writeReport3,
} from './igmp-header.ts';

const GROUP = ip('239.1.2.3');

function message(host: TestHost, write: (packet: PacketBuffer) => void): Uint8Array {
  const packet = host.pool.acquire(1500);
  write(packet);
  const bytes = packet.slice().slice();
  packet.release();
  return bytes;
}

/** What the host said since the last call, each with the address it was sent to. */
function said(host: TestHost): string[] {
  return host.eth0.takePackets(({ packet, to }) => {
    const { view, start, end } = packet;
    expect([view.getUint8(start), view.getUint8(start + 8)]).toEqual([0x46, 1]); // a router alert, TTL 1
    return `${to.slice(9)} ${describeIgmp(view, start + 24, end)}`;
  });
}

function hear(host: TestHost, write: (packet: PacketBuffer) => void, to = '224.0.0.1', from = '10.0.1.1'): void {
  const payload = message(host, write);
  host.eth0.receive(ipv4Packet(host, { from, to, protocol: 2, ttl: 1, payload }), 0x0800, 2);
}

const query3 =
  (group: number, sources: number[] = []) =>
  (packet: PacketBuffer): void =>
    writeQuery3(packet, {
      group,
      responseNs: SECOND,
      suppress: false,
      robustness: 2,
      intervalNs: 125 * SECOND,
      sources,
    });
const query2 =
  (group: number) =>
  (packet: PacketBuffer): void =>
    writeIgmp(packet, IgmpType.Query, group, SECOND);
const query1 = (packet: PacketBuffer): void => writeIgmp(packet, IgmpType.Query, 0);

test('joining and leaving is told at once, and once more', () => {
  const host = testHost();
  const eth0 = host.ipv4.interfaceOf(host.eth0)!;
  host.ipv4.groups.join(eth0, GROUP);
  expect(said(host)).toEqual(['00:00:16 IGMPv3 report, 239.1.2.3 to ex {}']);
  host.queue.runUntil(SECOND);
  expect(said(host)).toEqual(['00:00:16 IGMPv3 report, 239.1.2.3 to ex {}']);
  host.queue.runUntil(100 * SECOND);
  expect(said(host)).toEqual([]);
  expect(host.queue.pending).toBe(0);
  host.ipv4.groups.leave(eth0, GROUP);
  host.queue.runUntil(200 * SECOND);
  expect(said(host)).toEqual(Array(2).fill('00:00:16 IGMPv3 report, 239.1.2.3 to in {}'));
  expectNoLeaks(host.pool);
});

test('sources that come and go are told by themselves, and a new mode with all of them', () => {
  const host = testHost();
  const eth0 = host.ipv4.interfaceOf(host.eth0)!;
  const filter = new SourceFilter(false, [ip('10.0.1.1').v4]);
  const settle = (): string[] => {
    host.queue.runUntil(host.node.clock.now + 10 * SECOND);
    return [...new Set(said(host))].map((text) => text.slice('00:00:16 IGMPv3 report, 239.1.2.3 '.length));
  };
  host.ipv4.groups.add(eth0, GROUP, filter);
  expect(settle()).toEqual(['allow {10.0.1.1}']);
  filter.sources.delete(ip('10.0.1.1').v4);
  filter.sources.add(ip('10.0.1.2').v4);
  host.ipv4.groups.changed(eth0, GROUP);
  expect(settle()).toEqual(['allow {10.0.1.2}, 239.1.2.3 block {10.0.1.1}']);
  filter.exclude = true;
  host.ipv4.groups.changed(eth0, GROUP);
  expect(settle()).toEqual(['to ex {10.0.1.2}']);
  host.ipv4.groups.remove(eth0, GROUP, filter);
  expect(settle()).toEqual(['to in {}']);
  expectNoLeaks(host.pool);
});

test('queries are answered within their time: all groups, one, some sources of one', () => {
  const host = testHost();
  const eth0 = host.ipv4.interfaceOf(host.eth0)!;
  hear(host, query3(0));
  host.queue.runUntil(5 * SECOND);
  expect(said(host)).toEqual([]); // nothing to tell
  host.ipv4.groups.add(eth0, GROUP, new SourceFilter(true, [ip('10.0.1.2').v4]));
  host.ipv4.groups.join(eth0, ip('239.9.9.9'));
  host.queue.runUntil(10 * SECOND);
  said(host);
  const ask = (write: (packet: PacketBuffer) => void, to?: string): string[] => {
    hear(host, write, to);
    host.queue.runUntil(host.node.clock.now + SECOND);
    return said(host).map((text) => text.slice('00:00:16 IGMPv3 report, '.length));
  };
  expect(ask(query3(0))).toEqual(['239.1.2.3 is ex {10.0.1.2}, 239.9.9.9 is ex {}']);
  expect(ask(query3(GROUP.v4), '239.1.2.3')).toEqual(['239.1.2.3 is ex {10.0.1.2}']);
  expect(ask(query3(GROUP.v4, [ip('10.0.1.1').v4, ip('10.0.1.2').v4]), '239.1.2.3')).toEqual([
    '239.1.2.3 is in {10.0.1.1}',
  ]);
  expect(ask(query3(ip('239.5.5.5').v4), '239.9.9.9')).toEqual([]);
  host.ipv4.stop();
  expectNoLeaks(host.pool);
});

test('with an older querier its language is spoken, until it has not been heard for long', () => {
  const host = testHost();
  const eth0 = host.ipv4.interfaceOf(host.eth0)!;
  host.ipv4.groups.join(eth0, GROUP);
  host.queue.runUntil(5 * SECOND);
  said(host);
  hear(host, query2(0));
  host.queue.runUntil(7 * SECOND);
  expect(said(host)).toEqual(['01:02:03 IGMPv2 report, 239.1.2.3']);
  host.ipv4.groups.leave(eth0, GROUP);
  expect(said(host)).toEqual(['00:00:02 IGMPv2 leave, 239.1.2.3']);
  host.ipv4.groups.join(eth0, GROUP);
  host.queue.runUntil(20 * SECOND);
  expect(said(host)).toEqual(Array(2).fill('01:02:03 IGMPv2 report, 239.1.2.3'));
  // Another host reports after us: its leave is the one that counts.
  hear(host, (packet) => writeIgmp(packet, IgmpType.Report2, GROUP.v4), '239.1.2.3', '10.0.1.77');
  host.ipv4.groups.leave(eth0, GROUP);
  expect(said(host)).toEqual([]);
  hear(host, query1);
  host.ipv4.groups.join(eth0, GROUP);
  expect(said(host)).toEqual(['01:02:03 IGMPv1 report, 239.1.2.3']);
  expect(host.ipv4.igmp.versionOn(eth0)).toBe(1);
  host.queue.runUntil(400 * SECOND);
  said(host);
  expect(host.ipv4.igmp.versionOn(eth0)).toBe(3);
  host.ipv4.groups.leave(eth0, GROUP);
  host.queue.runUntil(500 * SECOND);
  expect(said(host)).toEqual(Array(2).fill('00:00:16 IGMPv3 report, 239.1.2.3 to in {}'));
  expect(host.queue.pending).toBe(0);
  expectNoLeaks(host.pool);
});

test('many groups are told in several reports', () => {
  const host = testHost();
  const eth0 = host.ipv4.interfaceOf(host.eth0)!;
  for (let i = 0; i < 300; i++) host.ipv4.groups.join(eth0, ip(`239.2.${i >> 8}.${i & 255}`));
  host.queue.runUntil(10 * SECOND);
  said(host);
  hear(host, query3(0));
  host.queue.runUntil(12 * SECOND);
  const reports = said(host);
  expect(reports.length).toBe(2);
  expect(reports.join().match(/is ex/g)?.length).toBe(300);
  host.ipv4.stop();
  expectNoLeaks(host.pool);
});

test('times with an exponent (RFC 3376 4.1.1)', () => {
  expect([0, 127, 128, 0x8f, 0xff].map(decodeTime)).toEqual([0, 127, 128, 248, 31744]);
  for (let code = 0; code < 256; code++) expect(encodeTime(decodeTime(code))).toBe(code);
  fc.assert(fc.property(fc.integer({ min: 0, max: 100_000 }), (value) => decodeTime(encodeTime(value)) <= value));
});

/** One of each kind of message. */
function samples(host: TestHost): Uint8Array[] {
  return [
    message(host, query1),
    message(host, query2(GROUP.v4)),
    message(host, query3(GROUP.v4, [1, 2, 3])),
    message(host, (packet) =>
      writeReport3(packet, [
        { type: RecordType.ToExclude, group: GROUP.v4, sources: [] },
        { type: RecordType.Allow, group: GROUP.v4, sources: [7, 8] },
      ]),
    ),
    message(host, (packet) => writeIgmp(packet, IgmpType.Leave, GROUP.v4)),
  ];
}

test('every prefix of a message, summed anew, ends in a verdict', () => {
  const host = testHost();
  for (const sample of samples(host)) {
    for (let length = 0; length <= sample.length; length++) {
      const bytes = sample.slice(0, length);
      const view = new DataView(bytes.buffer);
      if (length >= 4) {
        view.setUint16(2, 0);
        view.setUint16(2, finish(sum(view, 0, length)));
      }
      const verdict = checkIgmpMessage(view, 0, length);
      if (verdict === Drop.NONE) describeIgmp(view, 0, length);
      else expect(verdict).toBe(Drop.IGMP_MALFORMED);
    }
  }
  expectNoLeaks(host.pool);
});

test('100,000 mutations reach a host without harm', () => {
  const host = testHost();
  const eth0 = host.ipv4.interfaceOf(host.eth0)!;
  host.ipv4.groups.join(eth0, GROUP);
  const all = samples(host);
  const random = host.node.random.fork('mutations');
  for (let round = 0; round < 100_000; round++) {
    const sample = all[round % all.length]!;
    const packet = ipv4Packet(host, { from: '10.0.1.1', to: '239.1.2.3', protocol: 2, ttl: 1, payload: sample });
    const { view, start, end } = packet;
    for (let flips = random.below(4); flips >= 0; flips--) {
      view.setUint8(start + 20 + random.below(sample.length), random.below(256));
    }
    if ((round & 3) !== 0) {
      view.setUint16(start + 22, 0);
      view.setUint16(start + 22, finish(sum(view, start + 20, end)));
    }
    packet.start += 20;
    checkIgmp(packet);
    packet.start -= 20;
    host.eth0.receive(packet, 0x0800, 2);
    if ((round & 1023) === 0) {
      host.queue.runUntil(host.node.clock.now + SECOND);
      for (const { packet: sent } of host.eth0.sent.splice(0)) sent.release();
    }
  }
  expect(dropsOf(host.node)['IGMP_BAD_CHECKSUM']).toBeGreaterThan(10_000);
  host.ipv4.stop();
  for (const { packet: sent } of host.eth0.sent.splice(0)) sent.release();
  expectNoLeaks(host.pool);
});
