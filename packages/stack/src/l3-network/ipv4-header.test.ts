import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Drop, dropReasons } from '../base/drop-reasons.ts';
import { expectNoLeaks, testNode } from '../testing/test-node.ts';
import {
  checkIpv4Header,
  DONT_FRAGMENT,
  decrementIpv4Ttl,
  describeIpv4,
  ipv4AddressSum,
  ipv4Destination,
  ipv4DontFragment,
  ipv4FragmentOffset,
  ipv4HeaderLength,
  ipv4Identification,
  ipv4IsFragment,
  ipv4MoreFragments,
  ipv4Protocol,
  ipv4Source,
  ipv4Tos,
  ipv4TotalLength,
  ipv4Ttl,
  MORE_FRAGMENTS,
  resizeIpv4,
  updateIpv4Checksum,
  writeIpv4Header,
} from './ipv4-header.ts';
import { ipv4Packet } from './testing/fake-link.ts';

/** 172.16.10.99 > 172.16.10.12, TCP: captured elsewhere, so that its checksum, 0xb1e6, is not our own work. */
const KNOWN = '4500003c1c4640004006b1e6ac100a63ac100a0c';

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

test('a known header is read, and written the same', () => {
  const bytes = fromHex(KNOWN);
  const view = new DataView(bytes.buffer);
  expect(ipv4HeaderLength(view, 0)).toBe(20);
  expect(ipv4TotalLength(view, 0)).toBe(60);
  expect(ipv4Tos(view, 0)).toBe(0);
  expect(ipv4Identification(view, 0)).toBe(0x1c46);
  expect(ipv4DontFragment(view, 0)).toBe(true);
  expect(ipv4MoreFragments(view, 0)).toBe(false);
  expect(ipv4FragmentOffset(view, 0)).toBe(0);
  expect(ipv4IsFragment(view, 0)).toBe(false);
  expect(ipv4Ttl(view, 0)).toBe(64);
  expect(ipv4Protocol(view, 0)).toBe(6);
  expect(ipv4Source(view, 0)).toBe(0xac100a63);
  expect(ipv4Destination(view, 0)).toBe(0xac100a0c);
  expect(describeIpv4(view, 0)).toBe('172.16.10.99 > 172.16.10.12 TCP, TTL 64, id 0x1c46, DF, 60 bytes');

  const written = new Uint8Array(20);
  const sum = ipv4AddressSum(0xac100a63, 0xac100a0c);
  const to = new DataView(written.buffer);
  writeIpv4Header(to, 0, 0, 60, 0x1c46, DONT_FRAGMENT, 64, 6, 0xac100a63, 0xac100a0c, sum);
  expect(toHex(written)).toBe(KNOWN);
});

test('what is written is good, and the TTL counts down with a checksum that stays right', () => {
  const { node, pool } = testNode();
  const u8 = fc.integer({ min: 0, max: 255 });
  const u16 = fc.integer({ min: 0, max: 65535 });
  const u32 = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(u8, u16, u16, u8, u8, u32, u32, (tos, id, flags, ttl, protocol, from, to) => {
      const packet = pool.acquire(20);
      const at = packet.put(20);
      writeIpv4Header(packet.view, at, tos, 20, id, flags, ttl, protocol, from, to, ipv4AddressSum(from, to));
      expect(checkIpv4Header(packet)).toBe(0);
      const { view } = packet;
      expect([ipv4Tos(view, at), ipv4Identification(view, at), ipv4Ttl(view, at), ipv4Protocol(view, at)]).toEqual([
        tos,
        id,
        ttl,
        protocol,
      ]);
      expect([ipv4Source(view, at), ipv4Destination(view, at)]).toEqual([from, to]);
      for (let left = ttl; left > 0; left--) {
        const lower = decrementIpv4Ttl(view, at);
        const incremental = view.getUint16(at + 10);
        const fault = checkIpv4Header(packet);
        updateIpv4Checksum(view, at);
        if (lower !== left - 1 || fault !== 0 || incremental !== view.getUint16(at + 10)) {
          expect([lower, fault, incremental]).toEqual([left - 1, 0, view.getUint16(at + 10)]);
        }
      }
      packet.release();
    }),
    { numRuns: 200 },
  );
  expect(node.pool.outstanding).toBe(0);
});

test('each fault has its reason', () => {
  const host = testNode();
  const faults: [string, (packet: ReturnType<typeof ipv4Packet>) => void][] = [
    ['IP_TOO_SHORT', (packet) => packet.trim(19)],
    ['IP_BAD_VERSION', (packet) => packet.view.setUint8(packet.start, 0x65)],
    ['IP_BAD_HEADER_LENGTH', (packet) => packet.view.setUint8(packet.start, 0x44)],
    ['IP_BAD_HEADER_LENGTH', (packet) => packet.view.setUint8(packet.start, 0x4f)],
    ['IP_BAD_CHECKSUM', (packet) => packet.view.setUint8(packet.start + 8, 63)],
    ['IP_BAD_TOTAL_LENGTH', (packet) => resizeIpv4(packet.view, packet.start, 37, 0)],
    ['IP_BAD_TOTAL_LENGTH', (packet) => resizeIpv4(packet.view, packet.start, 19, 0)],
    ['NONE', (packet) => resizeIpv4(packet.view, packet.start, 20, 0)],
    ['NONE', (packet) => resizeIpv4(packet.view, packet.start, 36, MORE_FRAGMENTS)],
  ];
  for (const [reason, wound] of faults) {
    const packet = ipv4Packet(host, { from: '10.0.0.1', to: '10.0.0.2' });
    wound(packet);
    expect(dropReasons[checkIpv4Header(packet)].name).toBe(reason);
    packet.release();
  }
  expect(Drop.NONE).toBe(0);
  expectNoLeaks(host.pool);
});
