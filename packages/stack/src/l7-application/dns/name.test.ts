import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IpAddress } from '../../base/ip-address.ts';
import { latin1Encode } from '../../base/utf8.ts';
import { addressOfReverse, DomainName, nameBytes, parseName, readName } from './name.ts';
import { anyName } from './testing/arbitrary.ts';
import { name } from './testing/zones.ts';

const read = (bytes: string, at = 0, end = bytes.length) => {
  const found = readName(latin1Encode(bytes), at, end);
  return found === null ? null : `${found.name} ${found.end}`;
};

describe('a name as text', () => {
  it.each([
    ['.', '.'],
    ['www.example.com.', 'www.example.com.'],
    ['www', 'www.origin.'],
    ['a.b', 'a.b.origin.'],
    ['*.lab.', '*.lab.'],
    ['a\\.b.lab.', 'a\\.b.lab.'],
    ['a\\046b.lab.', 'a\\.b.lab.'],
    ['\\000\\255\\032.', '\\000\\255\\032.'],
    ['\\@\\(\\;\\".', '\\@\\(\\;\\".'],
    ["it's.a_b.", "it's.a_b."],
  ])('%s is %s', (text, expected) => expect(String(DomainName.parse(text, name('origin.')))).toBe(expected));

  it.each([
    ['', /empty name/],
    ['..', /label is empty/],
    ['a..b.', /label is empty/],
    ['.a', /label is empty/],
    ['a\\', /after \\/],
    ['a\\25.', /after \\/],
    ['a\\256.', /after \\/],
    ['käse.', /Punycode/],
    [`${'x'.repeat(64)}.`, /64 bytes, of 63 at most/],
    [`${'x'.repeat(63)}.${'x'.repeat(63)}.${'x'.repeat(63)}.${'x'.repeat(62)}.`, /255 bytes at most/],
  ])('%s is none', (text, why) => expect(parseName(text, DomainName.ROOT)).toMatch(why));

  it('has 255 bytes at most', () => {
    const longest = `${'x'.repeat(63)}.${'x'.repeat(63)}.${'x'.repeat(63)}.${'x'.repeat(61)}.`;
    expect(name(longest).wire.length).toBe(255);
    expect(name(longest).child('a')).toBe(null);
  });

  it('is read back as it was written, whatever its bytes', () => {
    fc.assert(
      fc.property(anyName, (any) => {
        expect(DomainName.parse(any.toString())!.wire).toBe(any.wire);
      }),
    );
  });
});

describe('a name among others', () => {
  it('is the same in any case, of ASCII letters only', () => {
    expect(name('WWW.Example.').equals(name('www.eXAMPLE.'))).toBe(true);
    expect(name('\\192.').equals(name('\\224.'))).toBe(false);
    expect(name('A\\192.').equals(name('a\\192.'))).toBe(true);
  });

  it('lies within the names above it, and within none that only ends in the same bytes', () => {
    expect(name('a.b.c.').isWithin(name('B.C.'))).toBe(true);
    expect(name('b.c.').isWithin(name('b.c.'))).toBe(true);
    expect(name('b.c.').isWithin(DomainName.ROOT)).toBe(true);
    expect(name('xb.c.').isWithin(name('b.c.'))).toBe(false);
    expect(name('c.').isWithin(name('b.c.'))).toBe(false);
    // The label `x\001c` ends in the bytes of the name `c.`
    expect(DomainName.fromLabels(['x\x01c'])!.isWithin(name('c.'))).toBe(false);
    expect(name('a.b.c.').parent!.toString()).toBe('b.c.');
    expect([name('a.b.c.').labelCount, DomainName.ROOT.labelCount, DomainName.ROOT.parent]).toEqual([3, 0, null]);
  });

  it('stands for an address in the reverse zones', () => {
    const v4 = IpAddress.parse('10.0.1.254')!;
    const v6 = IpAddress.parse('2001:db8::a')!;
    expect(String(DomainName.reverseOf(v4))).toBe('254.1.0.10.in-addr.arpa.');
    expect(String(DomainName.reverseOf(v6))).toBe(
      'a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.',
    );
    for (const address of [v4, v6]) expect(addressOfReverse(DomainName.reverseOf(address))!.equals(address)).toBe(true);
    for (const other of ['0.10.in-addr.arpa.', '256.0.0.10.in-addr.arpa.', 'a.ip6.arpa.', '.', 'x.']) {
      expect(addressOfReverse(name(other))).toBe(null);
    }
  });
});

describe('a name in a message', () => {
  it('goes on where a pointer leads', () => {
    expect(read('\x03www\x07example\0')).toBe('www.example. 13');
    expect(read('\x03com\0\x01a\xc0\x00rest', 5)).toBe('a.com. 9');
    expect(read('\x03com\0\xc0\x00\x01a\xc0\x05', 7)).toBe('a.com. 11');
    expect(read('\0')).toBe('. 1');
  });

  it.each([
    ['nothing', '', 0],
    ['a label that is cut off', '\x03ww', 0],
    ['no end', '\x03www', 0],
    ['a pointer that is cut off', '\x03www\xc0', 0],
    ['a pointer to itself', '\xc0\x00', 0],
    ['a pointer forwards', '\xc0\x02\0', 0],
    ['pointers round and round', '\x01a\xc0\x02\xc0\x00', 4],
    ['a pointer into its own labels', '\x01a\x01b\xc0\x02', 0],
    ['the two kinds of label that there are not', '\x41a\0', 0],
  ])('is none: %s', (_what, bytes, at) => expect(read(bytes, at)).toBe(null));

  it('has 255 bytes at most, pointers followed', () => {
    const labels = (count: number) => `\x3f${'x'.repeat(63)}`.repeat(count);
    const tail = `${labels(3)}\0`;
    const ends = (length: number) =>
      read(`${tail}${String.fromCharCode(length)}${'y'.repeat(length)}\xc0\x00`, tail.length);
    expect(ends(61)).not.toBe(null);
    expect(ends(62)).toBe(null);
    expect(read(`${labels(3)}\x3d${'x'.repeat(61)}\0`)).not.toBe(null);
    expect(read(`${labels(3)}\x3e${'x'.repeat(62)}\0`)).toBe(null);
  });

  it('of many pointers takes no more time than it has bytes', () => {
    // Each points to the one before it: 16,000 steps for a name without a label, if they were all taken.
    let chain = '\0';
    for (let at = 1; at < 0x3fff; at += 2) chain += String.fromCharCode(0xc0 | ((at - 1) >> 8), (at - 1) & 0xff);
    const bytes = latin1Encode(chain);
    const found = readName(bytes, bytes.length - 2, bytes.length);
    expect(found === null || found.name.isRoot).toBe(true);
  });

  it('is the bytes that it was', () => {
    fc.assert(
      fc.property(anyName, (any) => {
        const bytes = nameBytes(any);
        const found = readName(bytes, 0, bytes.length)!;
        expect([found.name.wire, found.end]).toEqual([any.wire, bytes.length]);
        for (let end = 0; end < bytes.length; end++) expect(readName(bytes, 0, end)).toBe(null);
      }),
    );
  });
});
