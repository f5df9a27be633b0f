/**
 * Setting the timers of a connection: retransmission and window probe (one timer, for they exclude each other), delayed
 * acknowledgement, and a slow one for keep-alive and for FIN-WAIT-2 without a program.
 */
import type { ControlBlock } from './control-block.ts';
import { MIN_RTO_NS } from './rto.ts';
import { TcpState } from './states.ts';

export const TimerTag = { Retransmit: 0, DelayedAck: 1, Slow: 2 } as const;

/** RFC 6298 5.1: "Every time a packet containing data is sent (including a retransmission), if the timer is not running, start it". */
export function startRetransmitTimer(c: ControlBlock): void {
  const timer = c.retransmitTimer ?? newRetransmitTimer(c);
  if (timer.deadline >= 0 && !c.probing) return;
  c.probing = false;
  timer.set(expiry(c));
}

/** RFC 6298 5.2 and 5.3: off when all is acknowledged, otherwise anew. */
export function restartRetransmitTimer(c: ControlBlock): void {
  const timer = c.retransmitTimer ?? newRetransmitTimer(c);
  if (c.sndNxt === c.sndUna) timer.clear();
  else timer.set(expiry(c));
  c.probing = false;
}

/** When the timer is to expire, ns: after the RTO, and no later than the user timeout (RFC 5482) is over. */
function expiry(c: ControlBlock): number {
  const at = c.node.clock.now + c.rtt.backedOffNs(c.backoff);
  const { userTimeoutNs } = c.options;
  if (userTimeoutNs === 0) return at;
  return Math.min(at, Math.max(c.progressAtNs + userTimeoutNs, c.node.clock.now));
}

function newRetransmitTimer(c: ControlBlock) {
  c.retransmitTimer = c.timer(TimerTag.Retransmit);
  return c.retransmitTimer;
}

/**
 * Something waits and nothing is in flight: the window is closed or too small, or TCP_CORK holds it. RFC 9293 3.8.6.1:
 * "SHOULD send the first zero-window probe when a zero window has existed for the retransmission timeout period and
 * SHOULD increase exponentially the interval".
 */
export function setProbeTimer(c: ControlBlock): void {
  const timer = c.retransmitTimer ?? newRetransmitTimer(c);
  if (timer.deadline >= 0) return;
  c.probing = true;
  if (c.windowProbes === 0) c.progressAtNs = c.node.clock.now;
  timer.set(c.node.clock.now + (c.options.cork ? MIN_RTO_NS : c.rtt.backedOffNs(c.windowProbes)));
}

/** (Re)starts the slow timer for what the state asks: keep-alive, or the end of FIN-WAIT-2. */
export function setSlowTimer(c: ControlBlock): void {
  const now = c.node.clock.now;
  if (c.orphaned && c.state === TcpState.FinWait2) {
    c.slowTimer ??= c.timer(TimerTag.Slow);
    c.slowTimer.set(now + c.tcp.options.finWait2Ns);
    return;
  }
  if (c.options.keepAlive.enabled && c.state !== TcpState.SynSent && c.state !== TcpState.SynReceived) {
    c.slowTimer ??= c.timer(TimerTag.Slow);
    c.slowTimer.set(Math.max(now, c.lastReceivedNs) + c.options.keepAlive.idleNs);
    return;
  }
  c.slowTimer?.clear();
}
