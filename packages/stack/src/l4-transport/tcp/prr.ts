/**
 * Proportional rate reduction (RFC 9937, as RFC 6937 and Linux before it): during recovery, what leaves the network decides how
 * much may enter it, so that the flight shrinks evenly to ssthresh, instead of a silence of half a round trip and a burst.
 */
import type { ControlBlock } from './control-block.ts';
import { pipe } from './scoreboard.ts';

/** Recovery begins; `delivered`: bytes that the ACK at hand delivered. */
export function beginReduction(c: ControlBlock, delivered: number): void {
  const { prr } = c;
  // RFC 9937's RecoverFS: what was in flight before this ACK, SACKed data not counted.
  prr.flight = Math.max(c.flight - c.sackedBytes + delivered, c.sndMss);
  prr.delivered = 0;
  prr.out = 0;
}

/**
 * RFC 9937: sets the window for what may go now. `delivered`: bytes newly acknowledged or SACKed; `safe`: the ACK
 * advanced SND.UNA and told of no further loss.
 */
export function reduce(c: ControlBlock, delivered: number, safe: boolean): void {
  const { prr, congestion } = c;
  const { ssthresh } = congestion;
  const inFlight = pipe(c);
  prr.delivered += delivered;
  let quota: number;
  if (inFlight > ssthresh) {
    // SndCnt = CEIL(prr_delivered * ssthresh / RecoverFS) - prr_out: for each two that left, one goes.
    quota = Math.ceil((prr.delivered * ssthresh) / prr.flight) - prr.out;
  } else {
    // By default the conservative bound (PRR-CRB); a segment more (PRR-SSRB) while recovery makes good progress.
    quota = Math.max(prr.delivered - prr.out, delivered);
    if (safe) quota += c.sndMss;
    quota = Math.min(ssthresh - inFlight, quota);
  }
  // A fast retransmit is forced as recovery begins.
  if (prr.out === 0 && quota < c.sndMss) quota = c.sndMss;
  congestion.cwnd = inFlight + Math.max(quota, 0);
}

/** Recovery is over: the window is what the algorithm has chosen. */
export function endReduction(c: ControlBlock): void {
  c.congestion.cwnd = c.congestion.ssthresh;
}
