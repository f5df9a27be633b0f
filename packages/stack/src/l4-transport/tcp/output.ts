/**
 * What to send, and when: new data as the peer's window, the congestion window, Nagle's algorithm and the avoidance of
 * silly windows permit (RFC 9293 3.8.6, RFC 5681), and retransmissions before it (RFC 6675 5).
 */
import { type ControlBlock, Recovery } from './control-block.ts';
import { retransmitLost, retransmitRest } from './retransmission.ts';
import { pipe } from './scoreboard.ts';
import { Mark, type Segment } from './segment.ts';
import { MAY_TRANSMIT, stateIn, TcpState } from './states.ts';
import { setProbeTimer, tailMoved } from './timers.ts';
import { transmit, updateSegmentSize } from './transmit.ts';

/** Sends whatever may be sent now. Safe to call at any time. */
export function output(c: ControlBlock): void {
  if (!stateIn(c.state, MAY_TRANSMIT)) return;
  if (c.flow.mtu !== c.mtu) updateSegmentSize(c);
  if (c.lostPending > 0) retransmitLost(c);
  if (c.sendQueue.unsent !== null) {
    const before = c.sndNxt;
    sendNew(c);
    if (c.sndNxt !== before) {
      c.prr.out += (c.sndNxt - before) | 0;
      tailMoved(c);
    }
  }
  if (c.recovery === Recovery.Fast && c.sack && !c.rack.on && c.lostPending === 0) retransmitRest(c);
  const { sendQueue } = c;
  // Nothing in flight will be answered, yet something waits: for the window, or for more to fill the segment.
  if (sendQueue.unsent !== null && sendQueue.unsent === sendQueue.head) setProbeTimer(c);
}

function sendNew(c: ControlBlock): void {
  const { sendQueue, congestion } = c;
  const now = c.node.clock.now;
  if (c.sndNxt === c.sndUna && c.lastSentNs > 0 && now - c.lastSentNs > c.rtt.rtoNs) {
    // RFC 5681 4.1: "set cwnd to no more than RW [...] before transmission begins if the TCP has not sent data in an
    // interval exceeding the retransmission timeout".
    congestion.restart(c.sndMss);
  }
  const offload = c.flow.segmentOffload > 0;
  c.cwndLimited = false;
  let inFlight = pipe(c);
  let segment = sendQueue.unsent;
  while (segment !== null) {
    const mss = c.sndMss;
    if (segment.length > mss && !offload) sendQueue.split(segment, mss);
    const window = (c.sndUna + c.sndWnd - segment.seq) | 0;
    const quota = congestion.cwnd - inFlight;
    // RFC 6675 5 (C): "If cwnd - pipe >= 1 SMSS, the sender SHOULD transmit one or more segments".
    if (quota < (segment.length < mss ? segment.length : mss) && inFlight > 0) {
      c.cwndLimited = true;
      break;
    }
    if (segment.length > window && !fitWindow(c, segment, window)) break;
    if (segment.length === 0 && window <= 0) break;
    if (segment.length > mss && segment.length > quota) {
      sendQueue.split(segment, quota > mss ? quota - (quota % mss) : mss);
    }
    if (segment.length < mss && mustWait(c, segment)) break;
    transmit(c, segment, '');
    inFlight += segment.span;
    segment = segment.next;
    sendQueue.unsent = segment;
  }
}

/**
 * The window ends within the segment. Silly windows (RFC 9293 3.8.6.2.1): a part is sent if it is a full segment, or
 * if nothing is in flight and it is half of the largest window that the peer ever offered. False: nothing is sent; the
 * override timeout is the probe's.
 */
function fitWindow(c: ControlBlock, segment: Segment, window: number): boolean {
  if (window <= 0) return false;
  if (window >= c.sndMss) {
    c.sendQueue.split(segment, window - (window % c.sndMss));
    return true;
  }
  if (c.sndNxt !== c.sndUna || window * 2 < c.maxSndWnd) return false;
  c.sendQueue.split(segment, window);
  return true;
}

/**
 * Nagle's algorithm (RFC 9293 3.7.4), and TCP_CORK: a segment that is not full waits for company. As Minshall changed it
 * (RFC 9293 A.3) and Linux has it: not for full segments on their way, whose acknowledgement, if the last has no
 * partner, may be delayed; only for another one that was not full.
 */
function mustWait(c: ControlBlock, segment: Segment): boolean {
  if ((segment.marks & Mark.Fin) !== 0 || segment.next !== null) return false;
  if (c.options.cork) return true;
  return !c.options.noDelay && ((c.sndSml - c.sndUna) | 0) > 0;
}

/** Queues our FIN behind what was written and moves the state. */
export function queueFin(c: ControlBlock): void {
  switch (c.state) {
    case TcpState.SynReceived:
      // RFC 9293 3.10.4: "otherwise, queue for processing after entering ESTABLISHED state".
      c.finPending = true;
      return;
    case TcpState.Established:
      c.setState(TcpState.FinWait1, 'the program sends no more: FIN');
      break;
    case TcpState.CloseWait:
      c.setState(TcpState.LastAck, 'the program sends no more: FIN');
      break;
    default:
      return;
  }
  c.sendQueue.appendControl(Mark.Fin, c.writeSeq);
  c.writeSeq = (c.writeSeq + 1) | 0;
  output(c);
}
