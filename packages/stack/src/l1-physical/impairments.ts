import { assert } from '../base/errors.ts';
import { completeChecksum } from '../base/offload.ts';
import { Checksum, type PacketBuffer } from '../base/packet-buffer.ts';
import type { Random } from '../base/random.ts';
import { BitErrors, fraction53 } from './bit-errors.ts';

/** The Gilbert-Elliott model: a line that is good or bad, and changes from one to the other by chance. */
export interface BurstOptions {
  /** Probability, each frame, that a good line turns bad; 0 to 1. */
  enter: number;
  /** Probability, each frame, that a bad line turns good: bursts are 1 / leave frames long on average. */
  leave: number;
  /** Probability that a bad line loses a frame. */
  loss: number;
}

/** What a line does to frames on their way. Probabilities are from 0 to 1, times in nanoseconds. */
export interface ImpairmentOptions {
  /** Uniform loss of frames. */
  loss: number;
  /** Loss in bursts; null: none. */
  burst: BurstOptions | null;
  /** Probability of each bit, those of the FCS included, to be flipped on the wire. The FCS finds it. */
  bitErrors: number;
  /** Probability that one bit of the frame is flipped in a device's memory, before the FCS is made: it fits. */
  corruption: number;
  /** Probability that a frame arrives twice. */
  duplication: number;
  /** Probability that a frame is held back by `reorderingDelayNs`, so that later ones overtake it. */
  reordering: number;
  /** null: three times the line's delay, at least 1 ms. */
  reorderingDelayNs: number | null;
  /** Uniform extra delay from 0 to this; frames keep their order. */
  jitterNs: number;
}

export const NO_IMPAIRMENTS: ImpairmentOptions = {
  loss: 0,
  burst: null,
  bitErrors: 0,
  corruption: 0,
  duplication: 0,
  reordering: 0,
  reorderingDelayNs: null,
  jitterNs: 0,
};

/**
 * The chances of one line. The line asks, in this order, for each frame: is it lost (burst, then uniform); is it
 * damaged (memory, then wire); does it arrive twice; is it held back; how late is it. A chance that is off draws
 * nothing, so switching one on changes no other frame's fate before the first draw.
 */
export class Impairments {
  /** False while every impairment is off: then the line asks nothing. */
  active = false;
  /** The state of the Gilbert-Elliott model. */
  inBurst = false;
  private options: ImpairmentOptions = NO_IMPAIRMENTS;
  private readonly bitErrors: BitErrors;
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
    this.bitErrors = new BitErrors(random);
  }

  configure(options: ImpairmentOptions): void {
    const { loss, burst, bitErrors, corruption, duplication, reordering, jitterNs } = options;
    for (const chance of [loss, bitErrors, corruption, duplication, reordering]) assertChance(chance);
    if (burst !== null) for (const chance of [burst.enter, burst.leave, burst.loss]) assertChance(chance);
    assert(jitterNs >= 0 && jitterNs < 2 ** 53, `jitterNs is ${jitterNs}`);
    if (bitErrors !== this.options.bitErrors) this.bitErrors.setProbability(bitErrors);
    if (burst === null) this.inBurst = false;
    this.options = options;
    this.active =
      loss > 0 ||
      (burst !== null && burst.enter > 0) ||
      this.bitErrors.active ||
      corruption > 0 ||
      duplication > 0 ||
      reordering > 0 ||
      jitterNs > 0;
  }

  /** Whether the next frame is lost. */
  loses(): boolean {
    const { burst, loss } = this.options;
    if (burst !== null) {
      if (this.random.chance(this.inBurst ? burst.leave : burst.enter)) this.inBurst = !this.inBurst;
      if (this.inBurst && this.random.chance(burst.loss)) return true;
    }
    return this.random.chance(loss);
  }

  /** Takes over the frame and returns it, or a damaged one in its place. */
  damage(frame: PacketBuffer): PacketBuffer {
    if (frame.end > frame.start && this.random.chance(this.options.corruption)) {
      frame = frame.writable();
      completeChecksum(frame);
      frame.checksum = Checksum.None;
      const at = this.random.below((frame.end - frame.start) * 8);
      frame.bytes[frame.start + (at >>> 3)] ^= 1 << (at & 7);
    }
    return this.bitErrors.active ? this.bitErrors.strike(frame) : frame;
  }

  duplicates(): boolean {
    return this.random.chance(this.options.duplication);
  }

  holdsBack(): boolean {
    return this.random.chance(this.options.reordering);
  }

  /** How much later than its time the next frame arrives, whole ns. */
  lateness(): number {
    const { jitterNs } = this.options;
    return jitterNs > 0 ? Math.floor(fraction53(this.random) * (jitterNs + 1)) : 0;
  }
}

function assertChance(probability: number): void {
  assert(probability >= 0 && probability <= 1, `a probability is ${probability}`);
}
