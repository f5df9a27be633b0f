import { expect, test } from 'vitest';
import { md5 } from './md5.ts';

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

test.each([
  ['', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['a', '0cc175b9c0f1b6a831c399e269772661'],
  ['abc', '900150983cd24fb0d6963f7d28e17f72'],
  ['message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
  ['abcdefghijklmnopqrstuvwxyz', 'c3fcd3d76192e4007dfb496cca67e13b'],
  ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 'd174ab98d277d9f5a5611c2c9f419d9f'],
  [
    '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
    '57edf4a22be3c955ac49da2e2107b67a',
  ],
])('RFC 1321 A.5: %j', (text, digest) => {
  expect(hex(md5(ascii(text)))).toBe(digest);
});

test('padding: the lengths around a block end each have a digest of their own, and one block more when it must be', () => {
  // Digests of that many letters "x", from md5sum.
  expect(hex(md5(ascii('x'.repeat(55))))).toBe('04364420e25c512fd958a70738aa8f72');
  expect(hex(md5(ascii('x'.repeat(56))))).toBe('668a72d5ba17f08e62dabcafad6db14b');
  expect(hex(md5(ascii('x'.repeat(63))))).toBe('7dc2ca208106a2f703567bdff99d8981');
  expect(hex(md5(ascii('x'.repeat(64))))).toBe('c1bb4f81d892b2d57947682aeb252456');
});
