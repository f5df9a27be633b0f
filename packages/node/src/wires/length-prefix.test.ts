import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader, withLength } from './length-prefix.ts';

function reader(maxFrame = 2000): { frames: number[][]; read: (chunk: Uint8Array) => boolean } {
  const frames: number[][] = [];
  const it = new FrameReader(maxFrame, (bytes, start, end) => frames.push([...bytes.subarray(start, end)]));
  return { frames, read: (chunk) => it.read(chunk) };
}

const message = (frame: readonly number[]) => withLength(Uint8Array.from(frame), 0, frame.length);

describe('frames behind their lengths', () => {
  it('are a length of four bytes, big-endian, and the frame', () => {
    expect([...withLength(Uint8Array.of(9, 1, 2, 3, 9), 1, 4)]).toEqual([0, 0, 0, 3, 1, 2, 3]);
  });

  it('come out as they went in, wherever the stream is cut', () => {
    const frame = fc.array(fc.nat(255), { maxLength: 40 });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 30 })), (frames, cuts) => {
        const stream = Buffer.concat(frames.map(message));
        const { frames: out, read } = reader(40);
        let at = 0;
        for (const cut of cuts) {
          expect(read(stream.subarray(at, at + cut))).toBe(true);
          at = Math.min(at + cut, stream.length);
        }
        expect(read(stream.subarray(at))).toBe(true);
        expect(out).toEqual(frames);
      }),
    );
  });

  it('may be as long as the limit, and not one longer, however the length arrives', () => {
    for (const cut of [1, 3, 4, 5, 2000]) {
      const longest = message(new Array(1500).fill(7));
      const { frames, read } = reader(1500);
      for (let at = 0; at < longest.length; at += cut) expect(read(longest.subarray(at, at + cut))).toBe(true);
      expect(frames.length).toBe(1);
      const longer = Buffer.from([0, 0, 5, 221, 1, 2, 3]);
      let alive = true;
      for (let at = 0; at < longer.length && alive; at += cut) alive = read(longer.subarray(at, at + cut));
      expect(alive).toBe(false);
      expect(frames.length).toBe(1);
    }
  });

  it('with a length of 4 GB are refused at once', () => {
    expect(reader().read(Uint8Array.of(255, 255, 255, 255))).toBe(false);
  });

  it('may be empty', () => {
    const { frames, read } = reader();
    expect(read(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 5))).toBe(true);
    expect(frames).toEqual([[], [5]]);
  });
});
