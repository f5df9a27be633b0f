/**
 * The tail loss probe (RFC 8985 7). When the last segments of a flight are lost, nothing comes back that could tell of
 * it; so after two round trips of silence one segment more is sent, whose SACK shows RACK what is missing.
 */
import { type ControlBlock, Recovery } from './control-block.ts';
import { Probe } from './loss-state.ts';
import { markResent, splitSent } from './scoreboard.ts';
import { seqLess } from './sequence.ts';
import type { SegmentFields } from './tcp-header.ts';
import { armRetransmitTimer } from './timers.ts';
import { traceCongestion } from './trace.ts';
import { transmit } from './transmit.ts';

/** RFC 8985 7.2: the timer fired. */
export function sendTailProbe(c: ControlBlock): void {
  const { sendQueue } = c;
  let { unsent } = sendQueue;
  // 7.3: "there is no other previous loss probe still in flight", and "the sender has obtained an RTT measurement
  // since the last loss probe transmission".
  if (c.tailProbe === Probe.None && c.rtt.fresh && c.flight > 0) {
    c.rtt.fresh = false;
    c.tcp.counters.lossProbes++;
    const room = unsent === null ? 0 : (c.sndUna + c.sndWnd - unsent.seq) | 0;
    if (unsent !== null && (room >= unsent.span || room >= c.sndMss)) {
      // "Transmit the lowest-sequence unsent Segment", whatever the congestion window says.
      if (unsent.length > c.sndMss) sendQueue.split(unsent, c.sndMss);
      transmit(c, unsent, '');
      unsent = unsent.next;
      sendQueue.unsent = unsent;
      c.tailProbe = Probe.NewData;
    } else {
      // "Retransmit the highest-sequence Segment sent", of a large one the end.
      let last = unsent === null ? sendQueue.tail! : unsent.prev!;
      if (last.length > c.sndMss) {
        splitSent(c, last, last.length - c.sndMss);
        last = last.next!;
      }
      markResent(c, last);
      transmit(c, last, 'TLP: two round trips without an answer');
      c.tailProbe = Probe.Retransmission;
    }
    c.tailProbeEnd = c.sndNxt;
  }
  // "After attempting to send a loss probe, regardless of whether a loss probe was sent, the sender MUST re-arm the RTO
  // timer, not the PTO timer, if FlightSize is not zero."
  if (c.flight > 0) armRetransmitTimer(c);
}

/**
 * RFC 8985 7.4.2, TLP_process_ack(): what became of the probe. `pure`: the ACK is one that brings nothing new at all.
 */
export function probeAnswered(c: ControlBlock, fields: SegmentFields, flightBefore: number, pure: boolean): void {
  if (seqLess(fields.ack, c.tailProbeEnd)) return;
  const { rack } = c;
  if (c.tailProbe === Probe.NewData) {
    c.tailProbe = Probe.None;
  } else if (rack.dsack && rack.dsackRight === c.tailProbeEnd) {
    // Case 1: the original had arrived, and the probe was a copy.
    c.tailProbe = Probe.None;
  } else if (seqLess(c.tailProbeEnd, fields.ack)) {
    // The probe "repaired a single loss" that nobody would have noticed: the window pays for it (7.4.1).
    c.tailProbe = Probe.None;
    c.tcp.counters.lossProbeRecovery++;
    if (c.recovery !== Recovery.None) return;
    c.congestion.enterRecovery(flightBefore, c.sndMss, c.node.clock.now);
    traceCongestion(c, 'a tail loss probe repaired a loss', 'RFC 8985 7.4.2');
  } else if (pure) {
    // Case 2: "ACK is a DUPACK without any SACK option": probe and original arrived.
    c.tailProbe = Probe.None;
  }
}
