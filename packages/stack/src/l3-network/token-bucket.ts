import { SECOND } from '../base/clock.ts';

/**
 * So many a second, and a burst at once: what keeps a host from being made to send ICMP errors without end
 * (RFC 1812 4.3.2.8). Nothing happens between calls: what came in meanwhile is reckoned when the next is asked for.
 */
export class TokenBucket {
  private readonly perSecond: number;
  private readonly burst: number;
  /** In tokens times SECOND, so that whole nanoseconds give whole numbers. */
  private level: number;
  private filledAt = 0;

  constructor(perSecond: number, burst: number) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.level = burst * SECOND;
  }

  /** Takes one token at the time `now` (ns); false when there is none. */
  take(now: number): boolean {
    this.level = Math.min(this.burst * SECOND, this.level + (now - this.filledAt) * this.perSecond);
    this.filledAt = now;
    if (this.level < SECOND) return false;
    this.level -= SECOND;
    return true;
  }
}
