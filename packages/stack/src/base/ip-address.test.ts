import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv4, IpAddress, parseIpv4 } from './ip-address.ts';

const word = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 1, 0xffff, 0x10000, 0xffff0000, 0xffffffff));
const v4 = word.map((n) => IpAddress.v4(n));
const v6 = fc.tuple(word, word, word, word).map(([a, b, c, d]) => IpAddress.v6(a, b, c, d));

/** Texts that look like addresses, right or nearly so. */
const nearly = fc.oneof(
  fc.string({ unit: fc.constantFrom('0', '1', '25', '255', '256', '.'), maxLength: 9 }),
  fc.string({
    unit: fc.constantFrom(':', '::', '0', '1', 'f', 'ffff', '1.2.3.4', 'G', '%', '01.2.3.4'),
    maxLength: 12,
  }),
  fc
    .array(fc.constantFrom('', '0', 'db8', 'FFFF', '00001', '1.2.3.4'), { maxLength: 10 })
    .map((parts) => parts.join(':')),
  v6.map((address) => address.toString()),
  v6.chain((address) => fc.nat(40).map((at) => address.toString().slice(0, at) + address.toString().slice(at + 1))),
);

describe('IPv4 text', () => {
  it.each([
    ['0.0.0.0', 0],
    ['127.0.0.1', 0x7f000001],
    ['10.0.0.255', 0x0a0000ff],
    ['255.255.255.255', 0xffffffff],
  ])('%s', (text, address) => {
    expect(parseIpv4(text)).toBe(address);
    expect(formatIpv4(address)).toBe(text);
    expect(IpAddress.parse(text)?.v4).toBe(address);
    expect(IpAddress.parse(text)?.family).toBe(4);
  });

  it.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.4.',
    '.1.2.3.4',
    '1..2.3',
    '256.1.1.1',
    '1.1.1.1000',
    '01.2.3.4',
    '1.2.3.00',
    '0x1.2.3.4',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '+1.2.3.4',
    '1.2.3.-4',
    '1.2.3.4e0',
    '1,2,3,4',
    '１.2.3.4',
  ])('refuses %j', (text) => {
    expect(parseIpv4(text)).toBe(-1);
    expect(IpAddress.parse(text)).toBeNull();
  });
});

describe('IPv6 text', () => {
  // RFC 4291 2.2 and RFC 5952 1 to 5: what is written, what it is called.
  it.each([
    ['ABCD:EF01:2345:6789:ABCD:EF01:2345:6789', 'abcd:ef01:2345:6789:abcd:ef01:2345:6789'],
    ['2001:DB8:0:0:8:800:200C:417A', '2001:db8::8:800:200c:417a'],
    ['FF01:0:0:0:0:0:0:101', 'ff01::101'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::', '::'],
    ['1::', '1::'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // 4.2.2: not for one group
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'], // 4.2.3: the longest run
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // 4.2.3: the first of equals
    ['1:0:0:2:3:4:0:0', '1::2:3:4:0:0'],
    ['0:0:1:2:3:4:5:6', '::1:2:3:4:5:6'],
    ['::1:2:3:4:5:6:7', '0:1:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::ffff:129.144.52.38', '::ffff:129.144.52.38'],
    ['::FFFF:8190:3426', '::ffff:129.144.52.38'], // 5
    ['0:0:0:0:0:ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['::13.1.68.3', '::d01:4403'], // the deprecated IPv4-compatible form is written as any other
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ])('%s is %s', (text, canonical) => {
    const address = IpAddress.parse(text);
    expect(address?.family).toBe(6);
    expect(address?.toString()).toBe(canonical);
    expect(IpAddress.parse(canonical)?.equals(address!)).toBe(true);
  });

  it.each([
    ':',
    ':::',
    '1:',
    ':1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:',
    ':2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '1:2:3:4::5:6:7:8', // nothing is left for ::
    '1::2::3',
    '1:::2',
    '12345::',
    '00001::',
    'g::',
    'fe80::1%eth0',
    '[::1]',
    '::1/64',
    ' ::1',
    '::1 ',
    '::1.2.3',
    '::1.2.3.4.5',
    '::01.2.3.4',
    '::1.2.3.4:1',
    '1.2.3.4::',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1::2:3:4:5:6:7:1.2.3.4',
    '1::2:3:4:5:6:7:8:9',
    '1::3:4:5:6:7:1.2.3.4',
    '::ffff:1.2.3.256',
    '::ffff:f.2.3.4',
    `::${'0'.repeat(60)}`,
  ])('refuses %j', (text) => {
    expect(IpAddress.parse(text)).toBeNull();
  });

  it("says of every text what Node's own parser says, zones apart", () => {
    fc.assert(
      fc.property(nearly, (text) => {
        const address = IpAddress.parse(text);
        const node = isIPv4(text) ? 4 : isIPv6(text) && !text.includes('%') ? 6 : 0;
        expect(address?.family ?? 0).toBe(node);
      }),
      { numRuns: 5000 },
    );
  });

  it('names addresses as the URL standard does', () => {
    fc.assert(
      fc.property(
        v6.filter((address) => !address.isMapped),
        (address) => {
          expect(`[${address}]`).toBe(new URL(`http://[${address}]/`).hostname);
        },
      ),
    );
  });

  it('is total on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const address = IpAddress.parse(text);
        expect(address === null || address instanceof IpAddress).toBe(true);
      }),
    );
  });
});

describe('IpAddress', () => {
  it('comes back from its text and from its bytes, at any alignment', () => {
    const bytes = new Uint8Array(32);
    const view = new DataView(bytes.buffer);
    fc.assert(
      fc.property(fc.oneof(v4, v6), fc.nat(15), (address, offset) => {
        expect(IpAddress.parse(address.toString())?.equals(address)).toBe(true);
        bytes.fill(0xa5);
        address.write(view, offset);
        const read = address.family === 4 ? IpAddress.read4(view, offset) : IpAddress.read6(view, offset);
        expect(read.equals(address)).toBe(true);
        const length = address.family === 4 ? 4 : 16;
        expect(bytes[offset + length]).toBe(0xa5);
        if (offset > 0) expect(bytes[offset - 1]).toBe(0xa5);
      }),
    );
  });

  it('keeps an IPv4 address mapped, in words that are not negative', () => {
    const address = IpAddress.v4(-1);
    expect([address.w0, address.w1, address.w2, address.w3]).toEqual([0, 0, 0xffff, 0xffffffff]);
    expect(address.equals(IpAddress.BROADCAST4)).toBe(true);
  });

  it('differs when one word differs, or the family', () => {
    const words = [1, 2, 3, 4];
    const address = IpAddress.v6(1, 2, 3, 4);
    for (let i = 0; i < 4; i++) {
      const [a, b, c, d] = words.map((value, j) => (i === j ? 9 : value));
      expect(address.equals(IpAddress.v6(a, b, c, d))).toBe(false);
    }
    const mapped = IpAddress.parse('::ffff:10.0.0.1')!;
    expect(mapped.equals(IpAddress.parse('10.0.0.1')!)).toBe(false);
    expect(mapped.isMapped).toBe(true);
    expect(mapped.v4).toBe(0x0a000001);
    expect(IpAddress.parse('10.0.0.1')!.isMapped).toBe(false);
  });

  it.each([
    // unspecified, loopback, multicast, limited broadcast, link-local
    ['0.0.0.0', true, false, false, false, false],
    ['0.0.0.1', false, false, false, false, false],
    ['127.0.0.0', false, true, false, false, false],
    ['127.255.255.255', false, true, false, false, false],
    ['128.0.0.0', false, false, false, false, false],
    ['223.255.255.255', false, false, false, false, false],
    ['224.0.0.0', false, false, true, false, false],
    ['239.255.255.255', false, false, true, false, false],
    ['240.0.0.0', false, false, false, false, false],
    ['255.255.255.255', false, false, false, true, false],
    ['255.255.255.254', false, false, false, false, false],
    ['169.254.0.1', false, false, false, false, true],
    ['169.255.0.1', false, false, false, false, false],
    ['::', true, false, false, false, false],
    ['::1', false, true, false, false, false],
    ['::2', false, false, false, false, false],
    ['1::1', false, false, false, false, false],
    ['ff02::1', false, false, true, false, false],
    ['feff::1', false, false, false, false, false],
    ['fe80::1', false, false, false, false, true],
    ['febf::1', false, false, false, false, true],
    ['fec0::1', false, false, false, false, false],
    ['::ffff:127.0.0.1', false, false, false, false, false],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', false, false, true, false, false],
  ])('%s', (text, unspecified, loopback, multicast, broadcast, linkLocal) => {
    const address = IpAddress.parse(text)!;
    expect(address.isUnspecified).toBe(unspecified);
    expect(address.isLoopback).toBe(loopback);
    expect(address.isMulticast).toBe(multicast);
    expect(address.isLimitedBroadcast).toBe(broadcast);
    expect(address.isLinkLocal).toBe(linkLocal);
  });

  it('has the well-known ones', () => {
    const { ANY4, ANY6, LOOPBACK4, LOOPBACK6, BROADCAST4 } = IpAddress;
    expect([ANY4, ANY6, LOOPBACK4, LOOPBACK6, BROADCAST4].map(String)).toEqual([
      '0.0.0.0',
      '::',
      '127.0.0.1',
      '::1',
      '255.255.255.255',
    ]);
  });
});
