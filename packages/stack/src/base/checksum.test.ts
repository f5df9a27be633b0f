import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finish, fold, sum, update16, update32 } from './checksum.ts';

/** RFC 1071 word for word: byte pairs, carries added at once. */
function naive(bytes: Uint8Array, start: number, end: number): number {
  let total = 0;
  for (let i = start; i < end; i += 2) {
    total += (bytes[i] << 8) | (i + 1 < end ? bytes[i + 1] : 0);
    if (total > 0xffff) total -= 0xffff;
  }
  return total;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** Random bytes, with long runs of 00 and ff where the carries are. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.array(fc.constantFrom(0, 255), { maxLength: 200 }).map((list) => Uint8Array.from(list)),
);

describe('sum', () => {
  it('is the example of RFC 1071 3', () => {
    const view = viewOf(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7));
    expect(fold(sum(view, 0, 8))).toBe(0xddf2);
    expect(finish(sum(view, 0, 8))).toBe(0x220d);
  });

  it('is the checksum of a real IPv4 header, and 0 over a header that holds it', () => {
    const header = Uint8Array.from(
      '450000730000400040110000c0a80001c0a800c7'.match(/../g)!.map((hex) => Number.parseInt(hex, 16)),
    );
    const view = viewOf(header);
    expect(finish(sum(view, 0, 20))).toBe(0xb861);
    view.setUint16(10, 0xb861);
    expect(finish(sum(view, 0, 20))).toBe(0);
  });

  it('equals the naive sum for every start and length in a buffer', () => {
    const data = Uint8Array.from({ length: 150 }, (_, i) => (i * i * 31 + i * 7) >> 3);
    const view = viewOf(data);
    for (let start = 0; start < 40; start++) {
      for (let end = start; end <= data.length; end++) {
        expect(fold(sum(view, start, end))).toBe(naive(data, start, end));
      }
    }
  });

  it('equals the naive sum over any bytes', () => {
    fc.assert(
      fc.property(bytes, fc.nat(70), fc.nat(70), (data, skip, cut) => {
        const start = Math.min(skip, data.length);
        const end = Math.max(start, data.length - cut);
        expect(fold(sum(viewOf(data), start, end))).toBe(naive(data, start, end));
      }),
      { numRuns: 2000 },
    );
  });

  it('goes on from an even part', () => {
    fc.assert(
      fc.property(bytes, fc.nat(100), (data, half) => {
        const view = viewOf(data);
        const middle = Math.min(half * 2, data.length & ~1);
        const parts = sum(view, middle, data.length, sum(view, 0, middle));
        expect(fold(parts)).toBe(naive(data, 0, data.length));
      }),
    );
  });

  it('does not lose a bit on the largest datagram after a large beginning', () => {
    const data = new Uint8Array(65_535).fill(0xff);
    expect(fold(sum(viewOf(data), 0, data.length, 2 ** 52))).toBe(fold(naive(data, 0, data.length) + fold(2 ** 52)));
  });

  it('reads nothing outside of its range', () => {
    expect(sum(new DataView(new ArrayBuffer(0)), 0, 0)).toBe(0);
    const data = new Uint8Array(100).fill(0xff, 37, 64);
    expect(sum(viewOf(data), 0, 37)).toBe(0);
    expect(sum(viewOf(data), 64, 100)).toBe(0);
  });
});

describe('fold', () => {
  it.each([
    [0, 0],
    [1, 1],
    [0xffff, 0xffff],
    [0x10000, 1],
    [0x1ffff, 1],
    [0x1fffe, 0xffff],
    [0xffffffff, 0xffff],
    [0x1_0000_0000, 1],
    [2 ** 33 - 1, 1], // carries twice
    [2 ** 53 - 1, 0x1f],
    [2 ** 52, 0x10],
  ])('%d is %d', (total, folded) => {
    expect(fold(total)).toBe(folded);
  });

  it('keeps the residue modulo 65,535, and gives 0 only for 0', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (total) => {
        const folded = fold(total);
        expect(folded % 65_535).toBe(total % 65_535);
        expect(folded >= 0 && folded <= 0xffff).toBe(true);
        expect(folded === 0).toBe(total === 0);
      }),
      { examples: [[65_535], [65_536], [2 ** 32 - 1], [2 ** 32]] },
    );
  });
});

describe('update', () => {
  it('is the example of RFC 1624 4, where RFC 1141 goes wrong', () => {
    expect(update16(0xdd2f, 0x5555, 0x3285)).toBe(0x0000);
  });

  // The rest of the header is never all zero, or there would be no header.
  const rest = fc.array(fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 0xffff)), { minLength: 1, maxLength: 9 });
  const word = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 1, 0xfffe, 0xffff));

  it('agrees with a new sum after a 16-bit change', () => {
    fc.assert(
      fc.property(rest, word, word, (others, before, after) => {
        const words = [0x4500, ...others];
        const total = words.reduce((a, b) => a + b);
        expect(update16(finish(total + before), before, after)).toBe(finish(total + after));
      }),
      {
        numRuns: 5000,
        examples: [
          [[0], 0, 0xffff],
          [[0], 0xffff, 0],
          [[0xbaff], 0, 0xffff], // the rest sums to 0xffff
          [[0xbaff], 0xffff, 0],
          [[0xbaff], 0, 1], // carries twice
          [[0xbaff], 0, 0],
          [[0xbaff], 0xffff, 0xffff],
        ],
      },
    );
  });

  it('agrees with a new sum after a 32-bit change', () => {
    const long = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 0xffff, 0xffff0000, 0xffffffff));
    fc.assert(
      fc.property(rest, long, long, (others, before, after) => {
        const total = [0x4500, ...others].reduce((a, b) => a + b);
        expect(update32(finish(total + before), before, after)).toBe(finish(total + after));
      }),
    );
  });
});
