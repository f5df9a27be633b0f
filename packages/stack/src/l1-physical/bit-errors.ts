import { crc32 } from '../base/crc32.ts';
import { completeChecksum } from '../base/offload.ts';
import { Checksum, FCS_IMPLIED, type PacketBuffer } from '../base/packet-buffer.ts';
import type { Random } from '../base/random.ts';

/** The frame check sequence is hit like any other bit. */
const FCS_BYTES = 4;

/** A run of good bits is drawn up to this power of two; longer ones are cut there: at 1 Gbit/s, after 26 days. */
const MAX_POWER = 50;

/**
 * A line on which each bit is flipped with probability p, independently of all others.
 *
 * Nothing is drawn for each bit, nor for each frame, but once for each error: the number of good bits before the next
 * one. P(at least n good bits) = q^n with q = 1 - p; for u uniform in [0, 1) the n wanted is the largest with q^n > u.
 * It is found by descent over the powers q^(2^k), which repeated squaring gave: n is built from its highest bit down,
 * keeping each power that leaves the product above u. Only IEEE multiplication and comparison take part, which every
 * engine rounds alike; a logarithm would be shorter, and its last digit differs from engine to engine.
 */
export class BitErrors {
  /** Good bits that still pass before the next bad one. */
  private goodBits = Infinity;
  /** q^(2^k), by k, as far as it matters. */
  private readonly powers = new Float64Array(MAX_POWER + 1);
  private highestPower = -1;
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  get active(): boolean {
    return this.highestPower >= 0;
  }

  /** Sets the probability of each bit; 0, or one too small to tell 1 - p from 1, is off. */
  setProbability(probability: number): void {
    let power = 1 - probability;
    this.highestPower = -1;
    this.goodBits = Infinity;
    if (power >= 1) return;
    for (let k = 0; k <= MAX_POWER; k++) {
      this.powers[k] = power;
      this.highestPower = k;
      if (power < 2 ** -53) break; // below every u but 0: no run of good bits is ever this long
      power *= power;
    }
    this.goodBits = this.drawGoodBits();
  }

  /**
   * Sends a frame and its FCS over the line; takes the frame over. What is returned is the frame itself if it was not
   * hit; otherwise a frame that may be written, with its transport checksum completed, its FCS computed from the good
   * bytes, and then some bits of bytes and FCS flipped.
   */
  strike(frame: PacketBuffer): PacketBuffer {
    const dataBits = (frame.end - frame.start) * 8;
    const bits = dataBits + FCS_BYTES * 8;
    let at = this.goodBits;
    if (at >= bits) {
      this.goodBits = at - bits;
      return frame;
    }
    frame = frame.writable();
    completeChecksum(frame);
    frame.checksum = Checksum.None;
    if (frame.fcs === FCS_IMPLIED) frame.fcs = crc32(frame.bytes, frame.start, frame.end);
    for (; at < bits; at += 1 + this.drawGoodBits()) {
      // Ethernet sends the lowest bit of a byte first (IEEE 802.3 3.3), and so stands the CRC in its number.
      if (at < dataBits) frame.bytes[frame.start + (at >>> 3)] ^= 1 << (at & 7);
      else frame.fcs = (frame.fcs ^ (1 << (at - dataBits))) >>> 0;
    }
    this.goodBits = at - bits;
    return frame;
  }

  private drawGoodBits(): number {
    const u = fraction53(this.random);
    let product = 1;
    let bits = 0;
    for (let k = this.highestPower; k >= 0; k--) {
      const next = product * this.powers[k];
      if (next > u) {
        product = next;
        bits += 2 ** k;
      }
    }
    return bits;
  }
}

/** A number from 0 (included) to 1 (excluded) with all 53 bits that a double holds: two draws. */
export function fraction53(random: Random): number {
  return ((random.u32() >>> 5) * 67_108_864 + (random.u32() >>> 6)) / 9_007_199_254_740_992;
}
