import { describe, expect, it } from 'vitest';
import { finish, sum } from '../base/checksum.ts';
import { crc32 } from '../base/crc32.ts';
import { Checksum, FCS_IMPLIED, type PacketBuffer } from '../base/packet-buffer.ts';
import { Random } from '../base/random.ts';
import { numberedFrame } from '../testing/recording-device.ts';
import { expectNoLeaks, testNode } from '../testing/test-node.ts';
import { BitErrors } from './bit-errors.ts';

function noise(probability: number, seed = 1): BitErrors {
  const errors = new BitErrors(Random.from(seed));
  errors.setProbability(probability);
  return errors;
}

/** How many bits of a struck frame, FCS included, differ from the frame that `numberedFrame` makes. */
function flippedBits(frame: PacketBuffer, good: Uint8Array): number {
  let difference = (frame.fcs === FCS_IMPLIED ? 0 : (frame.fcs ^ crc32(good)) >>> 0).toString(2);
  for (let i = 0; i < good.length; i++) difference += (frame.bytes[frame.start + i] ^ good[i]).toString(2);
  return difference.replaceAll('0', '').length;
}

describe('bit errors', () => {
  it('hit as many bits as they should, and as many frames', () => {
    const { pool } = testNode();
    const errors = noise(1e-4);
    const good = numberedFrame(pool, 1, 1000).slice().slice();
    let bits = 0;
    let frames = 0;
    for (let i = 0; i < 20_000; i++) {
      const frame = errors.strike(numberedFrame(pool, 1, 1000));
      const flipped = flippedBits(frame, good);
      bits += flipped;
      if (flipped > 0) frames++;
      frame.release();
    }
    // 20,000 frames of 1,004 bytes: 16,064 bits expected, deviation 127; frames 1 - (1 - p)^8032 = 55.2 %, deviation 70
    expect(Math.abs(bits - 16_064)).toBeLessThan(4 * 127);
    expect(Math.abs(frames - 20_000 * 0.5521)).toBeLessThan(4 * 70);
  });

  it('spread evenly over the frame and its FCS', () => {
    const { pool } = testNode();
    const errors = noise(1e-3);
    const hits = new Array(64).fill(0);
    const good = numberedFrame(pool, 1, 60).slice().slice();
    for (let i = 0; i < 100_000; i++) {
      const frame = errors.strike(numberedFrame(pool, 1, 60));
      for (let at = 0; at < 60; at++) if (frame.bytes[frame.start + at] !== good[at]) hits[at]++;
      if (frame.fcs !== FCS_IMPLIED) {
        for (let at = 0; at < 4; at++) if (((frame.fcs ^ crc32(good)) >>> (at * 8)) & 255) hits[60 + at]++;
      }
      frame.release();
    }
    // each byte: 100,000 * (1 - 0.999^8) = 797, deviation 28
    for (const count of hits) expect(Math.abs(count - 797)).toBeLessThan(5 * 28);
  });

  it('come at the distances of a geometric distribution', () => {
    const { pool } = testNode();
    const errors = noise(0.01);
    const distances = new Array(5).fill(0);
    let last = -1;
    let at = 0;
    let total = 0;
    for (let i = 0; i < 4000; i++) {
      const frame = pool.from(new Uint8Array(100));
      frame.fcs = 0;
      const struck = errors.strike(frame);
      for (let bit = 0; bit < 832; bit++, at++) {
        const value =
          bit < 800 ? (struck.bytes[struck.start + (bit >> 3)] >> (bit & 7)) & 1 : (struck.fcs >>> (bit - 800)) & 1;
        if (value === 0) continue;
        const distance = at - last - 1;
        last = at;
        total++;
        if (distance < 5) distances[distance]++;
      }
      struck.release();
    }
    expect(Math.abs(total - 33_280)).toBeLessThan(4 * 182);
    for (let k = 0; k < 5; k++) expect(Math.abs(distances[k] / total - 0.01 * 0.99 ** k)).toBeLessThan(0.0022);
  });

  it('leave the frame alone that they miss, without a copy and without a draw', () => {
    const { pool } = testNode();
    const random = Random.from(1);
    const errors = new BitErrors(random);
    errors.setProbability(1e-12);
    const twin = Random.from(1);
    twin.u32();
    twin.u32();
    const frame = numberedFrame(pool, 1).retain();
    for (let i = 0; i < 1000; i++) expect(errors.strike(frame)).toBe(frame);
    expect(frame.fcs).toBe(FCS_IMPLIED);
    expect(random.u32()).toBe(twin.u32());
    frame.release();
    frame.release();
  });

  it('strike a copy when somebody else holds the bytes too', () => {
    const { pool } = testNode();
    const frame = numberedFrame(pool, 1).retain();
    const before = frame.slice().slice();
    const struck = noise(0.1).strike(frame);
    expect(struck).not.toBe(frame);
    expect(frame.slice()).toEqual(before);
    expect(frame.refs).toBe(1);
    expect(flippedBits(struck, before)).toBeGreaterThan(0);
    frame.release();
    struck.release();
    expectNoLeaks(pool);
  });

  it('make an FCS from the good bytes, which the bad ones fail', () => {
    const { pool } = testNode();
    const errors = noise(0.002);
    let found = 0;
    for (let i = 0; i < 2000; i++) {
      const frame = errors.strike(numberedFrame(pool, i & 255));
      if (frame.fcs !== FCS_IMPLIED && frame.fcs !== crc32(frame.bytes, frame.start, frame.end)) found++;
      frame.release();
    }
    expect(found).toBeGreaterThan(500);
    expectNoLeaks(pool);
  });

  it('complete a partial checksum before they spoil anything, and make no promise afterwards', () => {
    const { pool } = testNode();
    const frame = pool.from(new Uint8Array(60).fill(3));
    frame.checksum = Checksum.Partial;
    frame.checksumStart = frame.start + 34;
    frame.checksumField = frame.start + 50;
    const struck = noise(1).strike(frame);
    // Every bit was flipped: flip them back and look. The field held the pseudo header's sum, 0x0303.
    for (let at = struck.start; at < struck.end; at++) struck.bytes[at] ^= 255;
    expect(finish(sum(struck.view, struck.start + 34, struck.end, 0x0303))).toBe(0);
    expect(~struck.fcs >>> 0).toBe(crc32(struck.bytes, struck.start, struck.end));
    expect(struck.checksum).toBe(Checksum.None);
    struck.release();
  });

  it.each([1, 0.5, 0.1])('of probability %d are no more than that', (probability) => {
    const { pool } = testNode();
    const good = numberedFrame(pool, 1, 996).slice().slice();
    const errors = noise(probability);
    let bits = 0;
    for (let i = 0; i < 20; i++) {
      const frame = errors.strike(numberedFrame(pool, 1, 996));
      bits += flippedBits(frame, good);
      frame.release();
    }
    const expected = 160_000 * probability;
    expect(Math.abs(bits - expected)).toBeLessThanOrEqual(4 * Math.sqrt(expected * (1 - probability)));
  });

  it('are off at 0, and below what a double can tell from 0', () => {
    for (const probability of [0, 1e-17]) expect(noise(probability).active).toBe(false);
    expect(noise(1e-15).active).toBe(true);
  });

  it('are the same for the same seed, to the bit', () => {
    const { pool } = testNode();
    const play = (seed: number) => {
      const errors = noise(1e-3, seed);
      return Array.from({ length: 200 }, () => {
        const frame = errors.strike(numberedFrame(pool, 9));
        const text = `${[...frame.slice()].join()} ${frame.fcs}`;
        frame.release();
        return text;
      });
    };
    expect(play(5)).toEqual(play(5));
    expect(play(5)).not.toEqual(play(6));
  });
});
