import { expect, test } from 'vitest';
import { SECOND } from '../base/clock.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { dropsOf, expectNoLeaks } from '../testing/test-node.ts';
import { IPV4_HEADER_LENGTH, ipv4HeaderLength, setIpv4HeaderLength, updateIpv4Checksum } from './ipv4-header.ts';
import { describeOptions, recordRouteOption, TimestampFlag, timestampOption } from './ipv4-options.ts';
import { FakeLink, ip, ipv4Packet, know, prefix, type TestHost, testHost } from './testing/fake-link.ts';

const ECHO = Uint8Array.of(8, 0, 0xf7, 0xfe, 0, 1, 0, 0);

/** A packet as it comes off a wire, with these options. */
function withOptions(host: TestHost, to: string, options: Uint8Array, payload = ECHO): PacketBuffer {
  const plain = ipv4Packet(host, { from: '10.0.1.9', to, protocol: 1, payload: new Uint8Array(0) });
  plain.append(options);
  plain.append(payload);
  plain.view.setUint16(plain.start + 2, plain.length);
  setIpv4HeaderLength(plain.view, plain.start, IPV4_HEADER_LENGTH + options.length);
  updateIpv4Checksum(plain.view, plain.start);
  return plain;
}

/** The options of what was sent. */
function optionsSent(link: FakeLink): string[] {
  return link.takePackets(({ packet }) => {
    const end = packet.start + ipv4HeaderLength(packet.view, packet.start);
    return describeOptions(packet.view, packet.start + IPV4_HEADER_LENGTH, end);
  });
}

test('an echo is answered with the way that it took, and ours in it twice: as receiver and as sender', () => {
  const host = testHost();
  know(host, '10.0.1.9', '02:00:00:00:00:09');
  host.eth0.receive(withOptions(host, '10.0.1.10', recordRouteOption()));
  expect(optionsSent(host.eth0)).toEqual(['record route 10.0.1.10 10.0.1.10']);
  expectNoLeaks(host.pool);
});

test('timestamps: only times, addresses with them, and those that were asked for', () => {
  const host = testHost();
  host.queue.runUntil(3 * SECOND);
  know(host, '10.0.1.9', '02:00:00:00:00:09');
  for (const option of [
    timestampOption(TimestampFlag.Only),
    timestampOption(TimestampFlag.WithAddress),
    timestampOption(TimestampFlag.Prespecified, [ip('10.0.9.9').v4, ip('10.0.1.10').v4]),
    timestampOption(TimestampFlag.Prespecified, [ip('10.0.1.10').v4, ip('10.0.9.9').v4]),
  ]) {
    host.eth0.receive(withOptions(host, '10.0.1.10', option));
  }
  expect(optionsSent(host.eth0)).toEqual([
    'timestamp 3000 ms 3000 ms',
    'timestamp 10.0.1.10 3000 ms 10.0.1.10 3000 ms',
    'timestamp',
    'timestamp 10.0.1.10 3000 ms',
  ]);
  expectNoLeaks(host.pool);
});

test('a router records the address that it sends from, and who finds no room is counted', () => {
  const host = testHost();
  host.ipv4.forwarding = true;
  const eth1 = new FakeLink('eth1', '02:00:00:00:00:0b');
  host.ipv4.addAddress(eth1, prefix('10.0.2.1/24'));
  know(host, '10.0.2.9', '02:00:00:00:00:29', eth1);
  host.eth0.receive(withOptions(host, '10.0.2.9', recordRouteOption()));
  const full = timestampOption(TimestampFlag.Only);
  full[2] = 41;
  host.eth0.receive(withOptions(host, '10.0.2.9', full));
  const sent = optionsSent(eth1);
  expect(sent[0]).toBe('nop, record route 10.0.2.1');
  expect(sent[1]).toMatch(/and 1 without room$/);
  expectNoLeaks(host.pool);
});

test('options that are malformed are complained about', () => {
  const host = testHost();
  know(host, '10.0.1.9', '02:00:00:00:00:09');
  const shortPointer = recordRouteOption();
  shortPointer[3] = 3;
  const noRoom = Uint8Array.of(7, 7, 6, 0, 0, 0, 0, 0);
  const badFlag = Uint8Array.of(68, 8, 5, 2, 0, 0, 0, 0);
  const overflowed = Uint8Array.of(68, 4, 5, 0xf0);
  for (const option of [shortPointer, noRoom, badFlag, overflowed]) {
    host.eth0.receive(withOptions(host, '10.0.1.10', option));
  }
  // The pointer of "parameter problem", which is the byte behind type, code and checksum.
  const pointers = host.eth0.takePackets(({ packet }) => packet.view.getUint8(packet.start + 20 + 4));
  expect(pointers).toEqual([23, 22, 23, 23]);
  expect(dropsOf(host.node)['IP_BAD_OPTION']).toBe(4);
  expectNoLeaks(host.pool);
});

test('a host that sends with options records itself first', () => {
  const host = testHost();
  know(host, '10.0.1.9', '02:00:00:00:00:09');
  const packet = host.pool.acquire(8);
  packet.append(ECHO);
  expect(host.ipv4.send(packet, 1, null, ip('10.0.1.9'), { ipOptions: recordRouteOption() })).toBe(0);
  expect(optionsSent(host.eth0)).toEqual(['nop, record route 10.0.1.10']);
  expectNoLeaks(host.pool);
});

test('a question for the time is answered', () => {
  const host = testHost();
  host.queue.runUntil(90_000 * SECOND); // the day after
  know(host, '10.0.1.9', '02:00:00:00:00:09');
  const question = new Uint8Array(20);
  question.set([13, 0, 0, 0, 0, 7, 0, 1, 0, 0, 0, 99]);
  const view = new DataView(question.buffer);
  view.setUint16(2, 0xffff & ~(0x0d00 + 7 + 1 + 99));
  host.eth0.receive(ipv4Packet(host, { from: '10.0.1.9', to: '10.0.1.10', protocol: 1, payload: question }));
  const answers = host.eth0.takePackets(({ packet }) => {
    const at = packet.start + 20;
    return [0, 8, 12, 16].map((offset) => packet.view.getUint32(at + offset) >>> (offset === 0 ? 24 : 0));
  });
  expect(answers).toEqual([[14, 99, 3_600_000, 3_600_000]]);
  question[1] = 0;
  host.eth0.receive(
    ipv4Packet(host, {
      from: '10.0.1.9',
      to: '10.0.1.10',
      protocol: 1,
      payload: Uint8Array.of(13, 0, 0xf2, 0xff, 0, 0, 0, 0),
    }),
  );
  expect(dropsOf(host.node)['ICMP_MALFORMED']).toBe(1);
  expectNoLeaks(host.pool);
});
