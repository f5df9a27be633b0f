import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latin1Decode, latin1Encode, utf8Decode, utf8Encode, utf8Length } from './utf8.ts';

// Node's own, which follow the WHATWG Encoding Standard, are the judges.
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Bytes in which nearly right sequences are frequent. */
const nearly = fc
  .array(
    fc.oneof(
      fc.constantFrom(0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xee),
      fc.constantFrom(0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xf8, 0xff, 0xbb),
      fc.nat(255),
    ),
    { maxLength: 40 },
  )
  .map((list) => Uint8Array.from(list));

describe('UTF-8', () => {
  it('writes any text as TextEncoder does, lone surrogates too', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('a', 'é', '€', '🎉', '\ud83c', '\udf89', '\ud800', '\udfff', '\uffff') }),
    );
    fc.assert(
      fc.property(anyText, (text) => {
        expect(utf8Encode(text)).toEqual(encoder.encode(text));
        expect(utf8Length(text)).toBe(encoder.encode(text).length);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads any bytes as TextDecoder does', () => {
    fc.assert(
      fc.property(nearly, (bytes) => utf8Decode(bytes) === decoder.decode(bytes)),
      { numRuns: 20_000 },
    );
  });

  it('reads every one and two bytes, and every three after E0, ED and F4, as TextDecoder does', () => {
    for (let a = 0x80; a < 256; a++) {
      for (let b = 0; b < 256; b++) {
        const bytes = Uint8Array.of(a, b, 0x80, 0x41);
        if (utf8Decode(bytes) !== decoder.decode(bytes)) expect.fail(`${a} ${b}`);
      }
    }
  });

  it('reads long texts piece by piece, wherever the pieces part', () => {
    for (const lead of ['', 'a', 'é', 'aé']) {
      for (const unit of ['x', 'é', '€', '🎉', 'a🎉']) {
        const text = lead + unit.repeat(9000);
        expect(utf8Decode(encoder.encode(text)) === text).toBe(true);
      }
    }
    const wrong = new Uint8Array(20_000).fill(0xf0);
    expect(utf8Decode(wrong) === '\ufffd'.repeat(20_000)).toBe(true);
  });

  it('reads a part, and nothing beside it', () => {
    const bytes = encoder.encode('a€b');
    expect(utf8Decode(bytes, 1, 4)).toBe('€');
    expect(utf8Decode(bytes, 1, 3)).toBe('\ufffd');
    expect(utf8Decode(bytes, 2)).toBe('\ufffd\ufffdb');
    expect(utf8Decode(bytes, 4)).toBe('b');
    expect(utf8Decode(bytes, 5)).toBe('');
  });

  it('keeps a byte order mark', () => {
    expect(utf8Decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41))).toBe('\ufeffA');
  });
});

describe('one-byte encodings', () => {
  const all = Uint8Array.from({ length: 10_000 }, (_, i) => i & 255);

  it('ISO 8859-1 brings any bytes there and back', () => {
    expect(latin1Decode(all) === Buffer.from(all).toString('latin1')).toBe(true);
    expect(latin1Encode(latin1Decode(all))).toEqual(all);
    expect(latin1Decode(all, 65, 68)).toBe('ABC');
    expect(latin1Decode(all, 3, 3)).toBe('');
  });

  it('ISO 8859-1 has no other characters', () => {
    expect([...latin1Encode('ÿ€Ā')]).toEqual([255, 63, 63]);
  });
});
