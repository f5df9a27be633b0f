import { gzipSync, crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 } from './crc32.ts';

/** IEEE 802.3 3.2.9, a bit at a time. */
function naive(bytes: Uint8Array, start: number, end: number): number {
  let register = 0xffffffff;
  for (let i = start; i < end; i++) {
    register ^= bytes[i];
    for (let bit = 0; bit < 8; bit++) register = register & 1 ? (register >>> 1) ^ 0xedb88320 : register >>> 1;
  }
  return ~register >>> 0;
}

const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe('crc32', () => {
  it.each([
    ['', 0],
    ['a', 0xe8b7be43],
    ['123456789', 0xcbf43926],
    ['The quick brown fox jumps over the lazy dog', 0x414fa339],
  ])('of %j', (text, crc) => {
    expect(crc32(ascii(text))).toBe(crc);
  });

  it('is what gzip writes at the end of its data', () => {
    const data = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 2654435761) >>> 24);
    const gzip = gzipSync(data);
    expect(crc32(data)).toBe(gzip.readUInt32LE(gzip.length - 8));
    if (zlibCrc32 !== undefined) expect(crc32(data)).toBe(zlibCrc32(data));
  });

  it('equals the bit-by-bit one for every start and length', () => {
    const data = Uint8Array.from({ length: 70 }, (_, i) => (i * i * 31 + i * 7) >> 1);
    for (let start = 0; start < 20; start++) {
      for (let end = start; end <= data.length; end++) expect(crc32(data, start, end)).toBe(naive(data, start, end));
    }
  });

  it('equals the bit-by-bit one over any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (data) => {
        expect(crc32(data)).toBe(naive(data, 0, data.length));
      }),
    );
  });

  it('leaves the fixed residue behind a frame with its FCS (0x2144df1c, complemented 0xdebb20e3)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 60, maxLength: 100 }), (frame) => {
        const crc = crc32(frame);
        const onTheWire = Uint8Array.of(...frame, crc & 255, (crc >>> 8) & 255, (crc >>> 16) & 255, crc >>> 24);
        expect(crc32(onTheWire)).toBe(0x2144df1c);
      }),
    );
  });

  it('notices any one, two or three flipped bits of a short frame', () => {
    const frame = Uint8Array.from({ length: 64 }, (_, i) => i * 3);
    const right = crc32(frame);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(64 * 8 - 1), { minLength: 1, maxLength: 3 }), (flips) => {
        const damaged = frame.slice();
        for (const bit of flips) damaged[bit >> 3] ^= 1 << (bit & 7);
        expect(crc32(damaged)).not.toBe(right);
      }),
    );
  });
});
