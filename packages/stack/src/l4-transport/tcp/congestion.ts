/**
 * Congestion control, behind a small interface: the connection finds losses and counts what is in flight; the
 * algorithm says how much may be. One object per connection.
 */
export interface CongestionControl {
  readonly name: string;
  /** How many bytes may be in flight (RFC 5681 2). */
  cwnd: number;
  /** Above it, congestion avoidance takes the place of slow start. */
  ssthresh: number;
  /** The connection is established: `mss` is what a segment carries, `synLosses` how often the SYN was sent again. */
  start(mss: number, synLosses: number): void;
  /** `bytes` were newly acknowledged outside of fast recovery, while the window was what limited the sender. */
  acked(bytes: number, mss: number, nowNs: number, rttNs: number): void;
  /** Fast retransmit begins, with `flight` bytes outstanding. */
  enterRecovery(flight: number, mss: number, nowNs: number): void;
  /** Fast recovery is over, with `flight` bytes outstanding. */
  exitRecovery(flight: number, mss: number): void;
  /** The retransmission timer expired; `first` unless the same segment had been sent again already. */
  timeout(flight: number, mss: number, first: boolean): void;
  /** Nothing was sent for longer than an RTO (RFC 5681 4.1). */
  restart(mss: number): void;
}

/** RFC 6928 2: min (10*MSS, max (2*MSS, 14600)). */
export function initialWindow(mss: number): number {
  return Math.min(10 * mss, Math.max(2 * mss, 14600));
}

/**
 * Slow start, congestion avoidance, fast retransmit and fast recovery of RFC 5681 as modified by RFC 6582 (NewReno).
 *
 * The inflation of cwnd by duplicate ACKs in RFC 6582 is counted on the other side: each duplicate ACK takes a segment
 * out of what is in flight (RFC 6675's pipe), which lets the same segments go at the same times.
 */
export class NewReno implements CongestionControl {
  readonly name = 'reno';
  cwnd = 0;
  ssthresh = 0x7fffffff;
  private avoided = 0;

  start(mss: number, synLosses: number): void {
    // RFC 5681 3.1: one segment if the SYN was lost; as Linux does, a first loss is pardoned, for it may have been
    // a round trip longer than the initial RTO (RFC 6928 2).
    this.cwnd = synLosses > 1 ? mss : initialWindow(mss);
  }

  acked(bytes: number, mss: number, _nowNs: number, _rttNs: number): void {
    if (this.cwnd < this.ssthresh) {
      // RFC 5681 3.1 (2) grows by the bytes acknowledged, at most one segment an ACK; like Linux, and as RFC 3465
      // 2.3 would with L unlimited, all of them: ACKs here cover whole batches.
      const grown = this.cwnd + bytes;
      if (grown <= this.ssthresh) {
        this.cwnd = grown;
        return;
      }
      bytes = grown - this.ssthresh;
      this.cwnd = this.ssthresh;
    }
    // RFC 5681 3.1, RFC 3465 2.1: one segment for each window of bytes acknowledged.
    this.avoided += bytes;
    while (this.avoided >= this.cwnd) {
      this.avoided -= this.cwnd;
      this.cwnd += mss;
    }
  }

  enterRecovery(flight: number, mss: number, _nowNs: number): void {
    this.halve(flight, mss);
    this.cwnd = this.ssthresh;
  }

  exitRecovery(flight: number, mss: number): void {
    // RFC 6582 3.2 (3), full acknowledgment, option (1): min (ssthresh, max(FlightSize, SMSS) + SMSS)
    this.cwnd = Math.min(this.ssthresh, Math.max(flight, mss) + mss);
    this.avoided = 0;
  }

  timeout(flight: number, mss: number, first: boolean): void {
    // RFC 5681 3.1: ssthresh is held constant when the same segment times out again; cwnd is set to the loss window.
    if (first) this.halve(flight, mss);
    this.cwnd = mss;
    this.avoided = 0;
  }

  restart(mss: number): void {
    // RFC 5681 4.1: RW = min(IW, cwnd)
    this.cwnd = Math.min(this.cwnd, initialWindow(mss));
  }

  private halve(flight: number, mss: number): void {
    // RFC 5681 (4): ssthresh = max (FlightSize / 2, 2*SMSS)
    this.ssthresh = Math.max(Math.floor(flight / 2), 2 * mss);
    this.avoided = 0;
  }
}
