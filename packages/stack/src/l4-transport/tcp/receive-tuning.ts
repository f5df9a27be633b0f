/** What `buffer-tuning.ts` knows of a receiver's window. */
export class ReceiveTuning {
  /** Bytes read since `sinceNs`. */
  read = 0;
  sinceNs: number;
  /** The most that was read in a round trip. */
  most: number;
  /** Of the timestamps that came since `periodNs`: the shortest round trip, in ticks. */
  leastTicks = 0x7fffffff;
  periodNs: number;
  /** What that was in the period before, ns; 0: not more than a tick, which says nothing. */
  tickedNs = 0;
  /** The most that was read in a nanosecond, over a round trip: ever, and since `periodNs`. */
  bestRate = 0;
  periodRate = 0;

  constructor(now: number, most: number) {
    this.sinceNs = now;
    this.periodNs = now;
    this.most = most;
  }
}
