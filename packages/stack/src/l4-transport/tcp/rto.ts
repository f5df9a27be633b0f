/**
 * The retransmission timeout (RFC 6298), with the constants of Linux: where the RFC rounds an RTO up to 1 s, Linux
 * keeps the term for the variance at 200 ms or more, so that the RTO is never below SRTT + 200 ms.
 */
import { SECOND } from '../../base/clock.ts';

/** RFC 6298 2.1: "Until a round-trip time (RTT) measurement has been made [...] RTO <- 1 second". */
export const INITIAL_RTO_NS = 1 * SECOND;
/** Linux's TCP_RTO_MIN: the least that is added to SRTT. */
export const MIN_RTO_NS = 200e6;
/**
 * RFC 6298 2.5: "a maximum value MAY be placed on RTO provided it is at least 60 seconds". Linux has 120 s; half of it
 * tries twice as often before a connection over a line that loses every second round trip is given up.
 */
export const MAX_RTO_NS = 60 * SECOND;
/** Linux's TCP_RTO_MAX, by which it counts how long to go on. */
const LINUX_MAX_RTO_NS = 120 * SECOND;
/** RFC 6298 5.7: what the RTO begins with for data when the SYN had to be sent again. */
export const AFTER_SYN_LOSS_RTO_NS = 3 * SECOND;

export class RttEstimator {
  /** Smoothed RTT, ns; -1 before the first measurement. */
  srttNs = -1;
  rttvarNs = 0;
  /** Least RTT measured, ns; -1 before the first. */
  minRttNs = -1;
  /** Without the backoff. */
  rtoNs = INITIAL_RTO_NS;
  /** Measured since this was last set to false: what RFC 8985 7.3 asks for between two probes. */
  fresh = true;

  /** One measurement, ns, of a segment that was sent only once (Karn's algorithm) or by a timestamp (RFC 7323 4). */
  sample(rttNs: number): void {
    this.fresh = true;
    if (this.minRttNs < 0 || rttNs < this.minRttNs) this.minRttNs = rttNs;
    if (this.srttNs < 0) {
      // RFC 6298 2.2: SRTT <- R, RTTVAR <- R/2
      this.srttNs = rttNs;
      this.rttvarNs = rttNs / 2;
    } else {
      // RFC 6298 2.3: RTTVAR <- (1 - beta) * RTTVAR + beta * |SRTT - R'|, then SRTT <- (1 - alpha) * SRTT + alpha * R'
      const error = this.srttNs - rttNs;
      this.rttvarNs += ((error < 0 ? -error : error) - this.rttvarNs) / 4;
      this.srttNs -= error / 8;
    }
    const variance = 4 * this.rttvarNs;
    const rtoNs = this.srttNs + (variance > MIN_RTO_NS ? variance : MIN_RTO_NS);
    this.rtoNs = rtoNs > MAX_RTO_NS ? MAX_RTO_NS : Math.floor(rtoNs);
  }

  /** RFC 6298 5.5: "back off the timer": doubled `backoff` times, 60 s at most. */
  backedOffNs(backoff: number): number {
    const rtoNs = this.rtoNs * (1 << Math.min(backoff, 20));
    return rtoNs > MAX_RTO_NS ? MAX_RTO_NS : rtoNs;
  }
}

/**
 * How long Linux goes on: its `tcp_retries` are a number of retransmissions of a connection with the least RTO, and
 * what counts is the time that they take: 15 are 924.6 s (RFC 9293 3.8.3's R2: at least 100 s), 8 are 102.2 s.
 */
export function retriesNs(retries: number): number {
  let total = 0;
  for (let i = 0; i <= retries; i++) total += Math.min(MIN_RTO_NS * (1 << Math.min(i, 20)), LINUX_MAX_RTO_NS);
  return total;
}
