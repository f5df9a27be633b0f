/** Sending again: the segments that are held to be lost, in their order, as far as the window permits (RFC 6675 5, RFC 8985). */
import { type ControlBlock, Recovery } from './control-block.ts';
import { TimerMode } from './loss-state.ts';
import { markLost, markResent, pipe } from './scoreboard.ts';
import { Mark, type Segment } from './segment.ts';
import { armRetransmitTimer } from './timers.ts';
import { transmit } from './transmit.ts';
import { countRetransmission } from './undo.ts';

/** RFC 6675 4, NextSeg() rule 1: sends the lost segments again, in their order, as the pipe permits. */
export function retransmitLost(c: ControlBlock): void {
  const { sendQueue, congestion } = c;
  let s = c.retransmitNext ?? sendQueue.head;
  const why = reason(c);
  while (s !== null && s !== sendQueue.unsent && c.lostPending > 0) {
    if ((s.marks & (Mark.Lost | Mark.Resent)) === Mark.Lost) {
      const inFlight = pipe(c);
      const need = s.span < c.sndMss ? s.span : c.sndMss;
      if (congestion.cwnd - inFlight < need && inFlight > 0) {
        c.cwndLimited = true;
        break;
      }
      resend(c, s, why);
    }
    s = s.next;
  }
  c.retransmitNext = s;
}

/**
 * NextSeg() rule 3: when there is nothing lost and nothing new to send, what lies below the highest SACKed segment is
 * sent again on suspicion.
 */
export function retransmitRest(c: ControlBlock): void {
  const { sendQueue, congestion, highSacked } = c;
  if (highSacked === null || congestion.cwnd - pipe(c) < c.sndMss) return;
  if (sendQueue.unsent !== null && ((c.sndUna + c.sndWnd - sendQueue.unsent.seq) | 0) > 0) return;
  for (let s = sendQueue.head; s !== null && s !== highSacked; s = s.next) {
    if ((s.marks & (Mark.Sacked | Mark.Resent)) !== 0) continue;
    if (congestion.cwnd - pipe(c) < c.sndMss) return;
    markLost(c, s);
    resend(c, s, 'below what is SACKed, and nothing new to send');
  }
}

function reason(c: ControlBlock): string {
  if (c.recovery === Recovery.Timeout) return 'RTO expired: slow start';
  return c.rack.on ? 'RACK: one that was sent later has arrived' : '3 duplicate ACKs: held to be lost';
}

/** Sends a lost segment again; a larger one (a super-segment, or the MSS shrank) loses its tail to a new one first. */
export function resend(c: ControlBlock, s: Segment, why: string): void {
  if (s.length > c.sndMss) c.sendQueue.split(s, c.sndMss);
  markResent(c, s);
  c.prr.out += s.span;
  countRetransmission(c);
  transmit(c, s, why);
  // RFC 6675 6: "a more careful variant that re-arms the RTO timer on each retransmission that is sent during
  // recovery MAY be used"; as on Linux on that of the first segment, for which the timer stands.
  if (s === c.sendQueue.head && c.timerMode !== TimerMode.Reordering) armRetransmitTimer(c);
}

/** The path carries less than thought (RFC 1191 6.5): what is in flight and too large is sent again, in parts. */
export function resendTooLarge(c: ControlBlock): void {
  for (let s = c.sendQueue.head; s !== null && s !== c.sendQueue.unsent; s = s.next) {
    if (s.length > c.sndMss && (s.marks & (Mark.Sacked | Mark.Lost)) === 0) markLost(c, s);
  }
  // RFC 1191 6.5: "the resulting retransmission is not due to congestion": the window stays.
  c.retransmitNext = null;
  c.outputPending = true;
  if (!c.dirty) c.tcp.markDirty(c);
}
