/** What happens when a timer of a connection fires. */
import { Errno } from '../../base/errors.ts';
import { What } from '../../base/trace.ts';
import type { ControlBlock } from './control-block.ts';
import { TimerMode } from './loss-state.ts';
import { reorderingTimeout } from './recovery.ts';
import { retransmitTimeout } from './retransmit-timeout.ts';
import { retriesNs } from './rto.ts';
import { TcpState } from './states.ts';
import { sendTailProbe } from './tail-loss-probe.ts';
import { TimerTag } from './timers.ts';
import { sendAck, sendBare, sendReset, transmit } from './transmit.ts';

export function onTimer(c: ControlBlock, tag: number): void {
  if (c.state === TcpState.Closed || c.state === TcpState.TimeWait) return;
  if (tag === TimerTag.Retransmit) {
    const mode = c.timerMode;
    if (mode === TimerMode.Retransmit) retransmitTimeout(c);
    else if (mode === TimerMode.TailLoss) sendTailProbe(c);
    else if (mode === TimerMode.Reordering) reorderingTimeout(c);
    else probeWindow(c);
  } else if (tag === TimerTag.DelayedAck) {
    if (c.ackPending) sendAck(c);
  } else {
    onSlowTimer(c);
  }
}

function probeWindow(c: ControlBlock): void {
  const { unsent, head } = c.sendQueue;
  c.timerMode = TimerMode.Retransmit;
  if (unsent === null || unsent !== head) return;
  const now = c.node.clock.now;
  const window = (c.sndUna + c.sndWnd - unsent.seq) | 0;
  if (window > 0) {
    // RFC 9293 3.8.6.2.1 (4), the override timeout: what fits is sent, however little.
    if (unsent.length > window) c.sendQueue.split(unsent, window);
    if (unsent.length > c.sndMss) c.sendQueue.split(unsent, c.sndMss);
    transmit(c, unsent, '');
    c.sendQueue.unsent = unsent.next;
    return;
  }
  // "allow the connection to stay open" as long as probes are answered (3.8.6.1): what counts is silence.
  const silentNs = now - Math.max(c.progressAtNs, c.lastReceivedNs);
  const limitNs =
    c.options.userTimeoutNs > 0
      ? c.options.userTimeoutNs
      : retriesNs(c.orphaned ? c.tcp.options.orphanRetries : c.tcp.options.retries);
  if (silentNs >= limitNs || (c.options.userTimeoutNs > 0 && now - c.progressAtNs >= limitNs)) {
    c.finish(c.softError !== 0 ? c.softError : Errno.ETIMEDOUT, 'no answer to window probes');
    return;
  }
  c.windowProbes++;
  c.tcp.counters.windowProbes++;
  const { trace } = c.node;
  if (trace !== null) {
    trace.event(c.node.name, 4, What.Wait, null, 0, `window probe ${c.windowProbes}`, 'RFC 9293 3.8.6.1');
  }
  // As Linux does: an old sequence number and no data. It cannot be acceptable, and so it must be answered.
  sendBare(c, (c.sndUna - 1) | 0);
  c.timerMode = TimerMode.WindowProbe;
  c.retransmitTimer!.set(now + c.rtt.backedOffNs(c.windowProbes));
}

function onSlowTimer(c: ControlBlock): void {
  if (c.orphaned && c.state === TcpState.FinWait2) {
    // Linux's tcp_fin_timeout: the peer's FIN never came, and nobody waits for it.
    c.finish(0, 'FIN-WAIT-2 lasted too long without a program');
    return;
  }
  const { keepAlive, userTimeoutNs } = c.options;
  if (!keepAlive.enabled) return;
  const now = c.node.clock.now;
  const idleNs = now - c.lastReceivedNs;
  // RFC 9293 3.8.4: "Keep-alive packets MUST only be sent when no sent data is outstanding, and no data or
  // acknowledgment packets have been received for the connection within an interval".
  if (idleNs < keepAlive.idleNs || c.flight > 0 || c.sendQueue.head !== null) {
    c.keepAliveProbes = 0;
    c.slowTimer!.set(idleNs < keepAlive.idleNs ? c.lastReceivedNs + keepAlive.idleNs : now + keepAlive.idleNs);
    return;
  }
  const tooLong =
    userTimeoutNs > 0 ? idleNs >= userTimeoutNs && c.keepAliveProbes > 0 : c.keepAliveProbes >= keepAlive.count;
  if (tooLong) {
    sendReset(c);
    c.finish(c.softError !== 0 ? c.softError : Errno.ETIMEDOUT, `no answer to ${c.keepAliveProbes} keep-alive probes`);
    return;
  }
  c.keepAliveProbes++;
  c.tcp.counters.keepAlives++;
  sendBare(c, (c.sndNxt - 1) | 0);
  c.slowTimer!.set(now + keepAlive.intervalNs);
}
