import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Drop } from '../../base/drop-reasons.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { expectNoLeaks, testNode } from '../../testing/test-node.ts';
import {
  checkIpv6Header,
  describeIpv6,
  ipv6AddressSum,
  ipv6AddressSumAt,
  ipv6Destination,
  ipv6FlowLabel,
  ipv6HopLimit,
  ipv6NextHeader,
  ipv6PayloadLength,
  ipv6Source,
  ipv6TotalLength,
  ipv6TrafficClass,
  writeIpv6Header,
} from './ipv6-header.ts';
import { ipv6Packet } from './testing/fake-host6.ts';

const word = fc.integer({ min: 0, max: 0xffffffff });
const address = fc.tuple(word, word, word, word).map(([a, b, c, d]) => IpAddress.v6(a, b, c, d));

test('what is written is read', () => {
  const view = new DataView(new ArrayBuffer(48));
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(
      byte,
      fc.integer({ min: 0, max: 0xfffff }),
      fc.integer({ min: 0, max: 0xffff }),
      byte,
      byte,
      address,
      address,
      (trafficClass, label, length, next, hopLimit, source, destination) => {
        writeIpv6Header(view, 8, trafficClass, label, length, next, hopLimit, source, destination);
        expect(view.getUint8(8) >> 4).toBe(6);
        expect([ipv6TrafficClass(view, 8), ipv6FlowLabel(view, 8), ipv6PayloadLength(view, 8)]).toEqual([
          trafficClass,
          label,
          length,
        ]);
        expect([ipv6NextHeader(view, 8), ipv6HopLimit(view, 8), ipv6TotalLength(view, 8)]).toEqual([
          next,
          hopLimit,
          length + 40,
        ]);
        expect([ipv6Source(view, 8), ipv6Destination(view, 8)]).toEqual([source, destination]);
        expect(ipv6AddressSumAt(view, 8)).toBe(ipv6AddressSum(source, destination));
      },
    ),
  );
});

test('every prefix of a packet, and lengths that lie', () => {
  const world = testNode();
  const whole = ipv6Packet(world, { from: '2001:db8::1', to: '2001:db8::2' });
  const { length } = whole;
  for (; whole.length > 0; whole.end--) {
    const expected =
      whole.length < 40 ? Drop.IP_TOO_SHORT : whole.length < length ? Drop.IP_BAD_TOTAL_LENGTH : Drop.NONE;
    expect(checkIpv6Header(whole)).toBe(expected);
  }
  expect(checkIpv6Header(whole)).toBe(Drop.IP_TOO_SHORT);
  whole.end = whole.start + length;
  whole.view.setUint8(whole.start, 0x45);
  expect(checkIpv6Header(whole)).toBe(Drop.IP_BAD_VERSION);
  whole.release();
  expectNoLeaks(world.pool);
});

test('for people', () => {
  const world = testNode();
  const packet = ipv6Packet(world, { from: 'fe80::1', to: 'ff02::1', next: 58, hopLimit: 255, trafficClass: 0xc0 });
  expect(describeIpv6(packet.view, packet.start)).toBe('fe80::1 > ff02::1 ICMPv6, hop limit 255, class 0xc0, 56 bytes');
  packet.release();
});
