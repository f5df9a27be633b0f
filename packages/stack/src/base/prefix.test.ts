import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IpAddress } from './ip-address.ts';
import { Prefix } from './prefix.ts';

const word = fc.nat(0xffffffff);
const v4 = word.map((n) => IpAddress.v4(n));
const v6 = fc.tuple(word, word, word, word).map(([a, b, c, d]) => IpAddress.v6(a, b, c, d));
const prefix = fc.oneof(
  fc.tuple(v4, fc.nat(32)).map(([address, length]) => new Prefix(address, length)),
  fc.tuple(v6, fc.nat(128)).map(([address, length]) => new Prefix(address, length)),
);

/** The address as a string of 32 or 128 binary digits: what a prefix is about, without masks. */
function bits(address: IpAddress): string {
  const words = address.family === 4 ? [address.w3] : [address.w0, address.w1, address.w2, address.w3];
  return words.map((value) => value.toString(2).padStart(32, '0')).join('');
}

describe('Prefix', () => {
  it('keeps the address as written beside the network', () => {
    const prefix = Prefix.parse('10.1.2.3/22')!;
    expect(String(prefix.address)).toBe('10.1.2.3');
    expect(String(prefix.network)).toBe('10.1.0.0');
    expect(prefix.length).toBe(22);
    expect(prefix.mask4).toBe(0xfffffc00);
    expect(prefix.broadcast4).toBe(0x0a0103ff);
    expect(String(prefix)).toBe('10.1.2.3/22');
    expect(String(Prefix.parse('2001:DB8:1::/33')!.network)).toBe('2001:db8::');
    expect(String(Prefix.parse('2001:db8:ffff::1/33')!.network)).toBe('2001:db8:8000::');
  });

  it.each([
    ['0.0.0.0/0', 0, 0xffffffff],
    ['10.9.8.7/8', 0xff000000, 0x0affffff],
    ['128.0.0.0/1', 0x80000000, 0xffffffff],
    ['10.0.0.4/30', 0xfffffffc, 0x0a000007],
    ['10.0.0.4/31', 0xfffffffe, 0xffffffff], // RFC 3021: both are hosts
    ['10.0.0.5/32', 0xffffffff, 0xffffffff],
  ])('%s has mask and broadcast', (text, mask, broadcast) => {
    expect(Prefix.parse(text)?.mask4).toBe(mask);
    expect(Prefix.parse(text)?.broadcast4).toBe(broadcast);
  });

  it.each([
    '',
    '/',
    '10.0.0.1',
    '10.0.0.1/',
    '/24',
    '10.0.0.1/33',
    '10.0.0.1/-1',
    '10.0.0.1/+8',
    '10.0.0.1/08',
    '10.0.0.1/8 ',
    '10.0.0.1/8.0',
    '10.0.0.1/1e1',
    '10.0.0.1/255.0.0.0',
    '10.0.0/8',
    '10.0.0.1/8/8',
    '::1/129',
    '::1/1280',
    'fe80::1%eth0/64',
  ])('refuses %j', (text) => {
    expect(Prefix.parse(text)).toBeNull();
  });

  it('contains what begins with the same bits, and only in its family', () => {
    fc.assert(
      fc.property(prefix, fc.nat(127), fc.boolean(), (prefix, flip, same) => {
        expect(prefix.contains(prefix.address)).toBe(true);
        expect(prefix.contains(prefix.network)).toBe(true);
        const digits = bits(prefix.address);
        const at = flip % digits.length;
        const flipped = digits.slice(0, at) + (digits[at] === '0' ? '1' : '0') + digits.slice(at + 1);
        const words = (same ? digits : flipped).match(/.{32}/g)!.map((part) => Number.parseInt(part, 2));
        const other =
          words.length === 1 ? IpAddress.v4(words[0]) : IpAddress.v6(words[0], words[1], words[2], words[3]);
        expect(prefix.contains(other)).toBe(same || at >= prefix.length);
        expect(bits(prefix.network)).toBe(digits.slice(0, prefix.length).padEnd(digits.length, '0'));
      }),
    );
    expect(Prefix.parse('0.0.0.0/0')!.contains(IpAddress.parse('::ffff:1.2.3.4')!)).toBe(false);
    expect(Prefix.parse('::/0')!.contains(IpAddress.parse('1.2.3.4')!)).toBe(false);
    expect(Prefix.parse('::ffff:0:0/96')!.contains(IpAddress.parse('::ffff:1.2.3.4')!)).toBe(true);
  });

  it('comes back from its text', () => {
    fc.assert(fc.property(prefix, (prefix) => Prefix.parse(String(prefix))?.equals(prefix) === true));
    expect(Prefix.parse('10.0.0.1/24')!.equals(Prefix.parse('10.0.0.1/25')!)).toBe(false);
    expect(Prefix.parse('10.0.0.1/24')!.equals(Prefix.parse('10.0.0.2/24')!)).toBe(false);
  });

  it('is total on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0129./:f%e-') }), (text) => {
        const prefix = Prefix.parse(text);
        if (prefix !== null) expect(Prefix.parse(String(prefix))?.equals(prefix)).toBe(true);
      }),
    );
  });

  it('is a bug with a length that no address has', () => {
    expect(() => new Prefix(IpAddress.ANY4, 33)).toThrow(RangeError);
    expect(() => new Prefix(IpAddress.ANY6, -1)).toThrow(RangeError);
    expect(() => new Prefix(IpAddress.ANY6, 1.5)).toThrow(RangeError);
  });
});
