/**
 * Setting the timers of a connection: one for retransmission, the probes of the tail and of the window, and reordering
 * (they exclude each other: RFC 8985 8), one for the delayed acknowledgement, and a slow one for keep-alive and for
 * FIN-WAIT-2 without a program.
 */
import { SECOND } from '../../base/clock.ts';
import { type ControlBlock, Recovery } from './control-block.ts';
import { Probe, TimerMode } from './loss-state.ts';
import { MIN_RTO_NS } from './rto.ts';
import { TcpState } from './states.ts';

/** Linux's TCP_TIMEOUT_MIN: where round trips take no time, two of them are over before any answer can come. */
const MIN_PROBE_NS = 2e6;

export const TimerTag = { Retransmit: 0, DelayedAck: 1, Slow: 2 } as const;

/** RFC 6298 5.1: "Every time a packet containing data is sent (including a retransmission), if the timer is not running, start it". */
export function startRetransmitTimer(c: ControlBlock): void {
  const timer = c.retransmitTimer ?? newRetransmitTimer(c);
  if (timer.deadline >= 0 && c.timerMode !== TimerMode.WindowProbe) return;
  armForFlight(c, expiry(c, c.node.clock.now));
}

/** RFC 6298 5.2 and 5.3: off when all is acknowledged, otherwise anew. */
export function restartRetransmitTimer(c: ControlBlock): void {
  const timer = c.retransmitTimer ?? newRetransmitTimer(c);
  if (c.sndNxt !== c.sndUna) {
    armForFlight(c, expiry(c, c.node.clock.now));
    return;
  }
  timer.clear();
  c.timerMode = TimerMode.Retransmit;
}

/** Nothing but an RTO from now on will do. */
export function armRetransmitTimer(c: ControlBlock): void {
  const timer = c.retransmitTimer ?? newRetransmitTimer(c);
  c.timerMode = TimerMode.Retransmit;
  timer.set(expiry(c, c.node.clock.now));
}

/** More was sent: the tail is another, and its time begins (RFC 8985 7.2: "after transmitting new data"). */
export function tailMoved(c: ControlBlock): void {
  if (c.timerMode === TimerMode.TailLoss) armForFlight(c, expiry(c, c.node.clock.now));
}

/** RFC 8985 6.2, step 5: segments in doubt are looked at again `at` ns. 0: none are in doubt any more. */
export function setReorderingTimer(c: ControlBlock, at: number): void {
  const timer = c.retransmitTimer ?? newRetransmitTimer(c);
  if (at > 0) {
    c.timerMode = TimerMode.Reordering;
    timer.set(at);
    return;
  }
  const { head } = c.sendQueue;
  const tail = c.timerMode === TimerMode.TailLoss && (c.recovery !== Recovery.None || c.sackedBytes > 0);
  if ((c.timerMode !== TimerMode.Reordering && !tail) || c.flight <= 0 || head === null) return;
  // The RTO goes on where it stood: it counts from when the first segment was sent last.
  c.timerMode = TimerMode.Retransmit;
  timer.set(Math.max(expiry(c, head.sentAtNs), c.node.clock.now));
}

/** The timer for what is in flight: the probe of its tail, if that is sooner than the RTO at `rtoAt`. */
function armForFlight(c: ControlBlock, rtoAt: number): void {
  if (!mayProbeTail(c)) {
    c.timerMode = TimerMode.Retransmit;
    c.retransmitTimer!.set(rtoAt);
    return;
  }
  // RFC 8985 7.2: "If Now() + PTO > TCP_RTO_expiration(): PTO = TCP_RTO_expiration() - Now()".
  c.timerMode = TimerMode.TailLoss;
  c.retransmitTimer!.set(Math.min(c.node.clock.now + probeTimeoutNs(c), rtoAt));
}

/** RFC 8985 7.2's conditions, and 7.3's, for a timer that would come to nothing. */
function mayProbeTail(c: ControlBlock): boolean {
  return (
    c.rack.on &&
    c.recovery === Recovery.None &&
    c.tailProbe === Probe.None &&
    c.sackedBytes === 0 &&
    c.lostBytes === 0 &&
    c.rtt.fresh
  );
}

/** RFC 8985 7.2, TLP_calc_PTO(), ns from now. */
export function probeTimeoutNs(c: ControlBlock): number {
  const { srttNs } = c.rtt;
  if (srttNs < 0) return SECOND;
  // "If FlightSize is one segment: PTO += TLP.max_ack_delay", 200 ms as on Linux: its ACK may be delayed. So may that
  // of several small ones.
  return Math.max(Math.ceil(2 * srttNs), MIN_PROBE_NS) + (c.flight <= c.sndMss ? MIN_RTO_NS : 0);
}

/** When the RTO expires that begins at `from`, ns: no later than the user timeout (RFC 5482) is over. */
function expiry(c: ControlBlock, from: number): number {
  const at = from + c.rtt.backedOffNs(c.backoff);
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
  const at = c.node.clock.now + (c.options.cork ? MIN_RTO_NS : c.rtt.backedOffNs(c.windowProbes));
  // A window that has opened a little begins a new count: what fits goes out soon, not when the old probe was due.
  if (timer.deadline >= 0 && (c.timerMode !== TimerMode.WindowProbe || timer.deadline <= at)) return;
  c.timerMode = TimerMode.WindowProbe;
  if (c.windowProbes === 0) c.progressAtNs = c.node.clock.now;
  timer.set(at);
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
