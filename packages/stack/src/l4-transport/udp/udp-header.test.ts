import { expect, test } from 'vitest';
import { Drop } from '../../base/drop-reasons.ts';
import {
  checkUdp,
  describeUdp,
  setUdpChecksum,
  UDP_HEADER_LENGTH,
  udpChecksum,
  udpDestinationPort,
  udpLength,
  udpSourcePort,
  writeUdpHeader,
} from './udp-header.ts';

/** A DNS question from port 52,000, RFC 768's header in front: 0x1234 stands where the checksum does. */
const DATAGRAM = Uint8Array.of(0xcb, 0x20, 0x00, 0x35, 0x00, 0x0c, 0x12, 0x34, 1, 2, 3, 4);
const view = new DataView(DATAGRAM.buffer);

test('reads the fields', () => {
  expect(checkUdp(view, 0, DATAGRAM.length)).toBe(0);
  expect(udpSourcePort(view, 0)).toBe(52_000);
  expect(udpDestinationPort(view, 0)).toBe(53);
  expect(udpLength(view, 0)).toBe(12);
  expect(udpChecksum(view, 0)).toBe(0x1234);
  expect(describeUdp(view, 0)).toBe('52000 > 53, 4 bytes of data');
});

test('writes what it reads', () => {
  const bytes = new Uint8Array(12).fill(0xff);
  const into = new DataView(bytes.buffer);
  writeUdpHeader(into, 0, 52_000, 53, 12);
  expect(udpChecksum(into, 0)).toBe(0);
  setUdpChecksum(into, 0, 0x1234);
  expect([...bytes.subarray(0, UDP_HEADER_LENGTH)]).toEqual([...DATAGRAM.subarray(0, UDP_HEADER_LENGTH)]);
});

test('every prefix of a datagram is refused, with its reason', () => {
  for (let end = 0; end < DATAGRAM.length; end++) {
    const reason = end < UDP_HEADER_LENGTH ? Drop.UDP_TOO_SHORT : Drop.UDP_BAD_LENGTH;
    expect(checkUdp(view, 0, end)).toBe(reason);
  }
});

test.each([
  [0, Drop.UDP_BAD_LENGTH],
  [7, Drop.UDP_BAD_LENGTH],
  [8, 0],
  [12, 0],
  [13, Drop.UDP_BAD_LENGTH],
  [65_535, Drop.UDP_BAD_LENGTH],
])('a length field of %d', (length, reason) => {
  const bytes = DATAGRAM.slice();
  const changed = new DataView(bytes.buffer);
  changed.setUint16(4, length);
  expect(checkUdp(changed, 0, bytes.length)).toBe(reason);
});

test('bytes behind the datagram are padding', () => {
  const padded = new Uint8Array(30);
  padded.set(DATAGRAM);
  expect(checkUdp(new DataView(padded.buffer), 0, 30)).toBe(0);
});
