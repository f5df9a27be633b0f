import { describe, expect, it } from 'vitest';
import { latin1Decode } from '../../base/utf8.ts';
import { chargenLines, daytimeText, readTime, timeBytes } from './answers.ts';

describe('what small services say', () => {
  it('writes the pattern of RFC 864, which begins again after 95 lines', () => {
    const lines = latin1Decode(chargenLines(0, 96)).split('\r\n');
    expect(lines).toHaveLength(97);
    expect(lines[0]).toBe(` !"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_\`abcdefg`);
    expect(lines[1]).toBe(`!"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_\`abcdefgh`);
    expect(lines[94]!.startsWith('~ !"')).toBe(true);
    expect(lines[95]).toBe(lines[0]);
    expect(chargenLines(95 * 1000, 1)).toEqual(chargenLines(0, 1));
  });

  it('writes dates', () => {
    expect(latin1Decode(daytimeText(0))).toBe('Thu Jan  1 00:00:00 1970\r\n');
    expect(latin1Decode(daytimeText(1_795_262_400))).toBe('Sat Nov 21 12:00:00 2026\r\n');
  });

  it('counts seconds since 1900, with the examples of RFC 868, and around 2036', () => {
    expect([...timeBytes(0)]).toEqual([0x83, 0xaa, 0x7e, 0x80]); // 2,208,988,800 is 00:00 1 Jan 1970
    expect(readTime(timeBytes(378_691_200))).toBe(378_691_200); // 2,587,680,000 is 00:00 1 Jan 1982
    const end = 2 ** 32 - 2_208_988_800;
    expect([...timeBytes(end - 1)]).toEqual([255, 255, 255, 255]);
    expect([...timeBytes(end)]).toEqual([0, 0, 0, 0]);
    expect(readTime(timeBytes(end))).toBe(end);
    for (let length = 0; length < 9; length++) if (length !== 4) expect(readTime(new Uint8Array(length))).toBeNull();
  });
});
