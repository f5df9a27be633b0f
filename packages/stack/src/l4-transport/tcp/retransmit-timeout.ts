/** The retransmission timer expires (RFC 6298 5.4 to 5.7), and when there is no use in going on. */
import { SECOND } from '../../base/clock.ts';
import { Errno } from '../../base/errors.ts';
import { type ControlBlock, Recovery } from './control-block.ts';
import { Probe } from './loss-state.ts';
import { SYN_LINEAR_TIMEOUTS, THIN_LINEAR_TIMEOUTS } from './options.ts';
import { markLostOnTimeout } from './rack.ts';
import { resend } from './retransmission.ts';
import { AFTER_SYN_LOSS_RTO_NS, retriesNs } from './rto.ts';
import { forgetSacks, markAllLost, pipe } from './scoreboard.ts';
import { Mark } from './segment.ts';
import { TcpState } from './states.ts';
import { restartRetransmitTimer } from './timers.ts';
import { traceCongestion } from './trace.ts';
import { transmit } from './transmit.ts';
import { rememberWindow } from './undo.ts';

/**
 * The retransmission timer expired (RFC 6298 5.4 to 5.6): everything that is not SACKed is held to be lost, the
 * window is one segment, and the first segment is sent again.
 */
export function retransmitTimeout(c: ControlBlock): void {
  const { head } = c.sendQueue;
  if (head === null || head.sentAtNs < 0) return;
  const now = c.node.clock.now;
  if (givenUp(c, now)) {
    c.finish(
      c.softError !== 0 ? c.softError : Errno.ETIMEDOUT,
      `no acknowledgement after ${c.retransmits} retransmissions`,
    );
    return;
  }
  const first = c.retransmits === 0;
  const waitedNs = c.rtt.backedOffNs(c.backoff);
  c.retransmits++;
  c.tcp.counters.timeouts++;
  if (backsOff(c)) c.backoff++;
  const why = `RTO ${Math.round(waitedNs / 1e6)} ms expired`;
  if ((head.marks & Mark.Syn) !== 0) {
    c.synLosses++;
    // RFC 6298 5.7: a timer "less than 3 seconds [...] MUST be re-initialized to 3 seconds when data transmission begins".
    if (c.rtt.srttNs < 0) c.rtt.rtoNs = Math.max(c.rtt.rtoNs, 1 * SECOND);
    transmit(c, head, why);
    restartRetransmitTimer(c);
    return;
  }
  // A recovery that was under way has remembered the window as it was before.
  if (c.recovery === Recovery.None || (c.recovery === Recovery.Timeout && first)) rememberWindow(c);
  if ((head.marks & Mark.Sacked) !== 0) forgetSacks(c);
  if (c.rack.on) markLostOnTimeout(c, now);
  else markAllLost(c);
  c.tailProbe = Probe.None;
  c.congestion.timeout(c.flight, c.sndMss, first);
  // As Linux: what is not held to be lost (RFC 8985 6.3) keeps its place in the window.
  if (c.rack.on) c.congestion.cwnd += pipe(c);
  c.recovery = Recovery.Timeout;
  c.recoveryPoint = c.sndNxt;
  c.recoverySet = true;
  traceCongestion(c, why, 'RFC 5681 3.1');
  resend(c, head, why);
  restartRetransmitTimer(c);
}

/** RFC 6298 5.5: "back off the timer", but for the first SYNs, and for thin streams where that was asked for. */
function backsOff(c: ControlBlock): boolean {
  if (c.state === TcpState.SynSent) return c.retransmits > SYN_LINEAR_TIMEOUTS;
  const thin = c.tcp.options.thinLinearTimeouts && c.rtt.srttNs >= 0 && c.flight < 4 * c.sndMss;
  return !thin || c.retransmits > THIN_LINEAR_TIMEOUTS;
}

/** Has it been tried for long enough? (RFC 9293 3.8.3's R2; RFC 5482's user timeout.) */
function givenUp(c: ControlBlock, now: number): boolean {
  const { options } = c.tcp;
  const elapsed = now - c.progressAtNs;
  const { userTimeoutNs } = c.options;
  if (c.state === TcpState.SynSent) {
    return (
      c.retransmits >= c.options.synRetries + SYN_LINEAR_TIMEOUTS || (userTimeoutNs > 0 && elapsed >= userTimeoutNs)
    );
  }
  if (c.state === TcpState.SynReceived) return c.retransmits >= options.synAckRetries;
  if (userTimeoutNs > 0) return elapsed >= userTimeoutNs;
  // RFC 9293 3.8.6.1: as long as the peer answers probes of its closed window, "the connection [...] stays open".
  if (c.sndWnd === 0 && c.lastReceivedNs > c.progressAtNs && now - c.lastReceivedNs < 240 * SECOND) return false;
  return elapsed >= retriesNs(c.orphaned ? options.orphanRetries : options.retries);
}

/** The connection is established: the timer's start value for data (RFC 6298 5.7), and the initial window. */
export function startData(c: ControlBlock): void {
  if (c.synLosses > 0 && c.rtt.srttNs < 0) c.rtt.rtoNs = AFTER_SYN_LOSS_RTO_NS;
  c.congestion.start(c.sndMss, c.synLosses);
  c.retransmits = 0;
  c.backoff = 0;
  c.rack.on = c.sack && c.tcp.options.rack;
  c.lostMark = c.sndUna;
}
