/**
 * A segment arrives at a connection: RFC 9293 3.10.7.3 (SYN-SENT) and 3.10.7.4 (the other states), one function for
 * each of its steps, in its order. A step that ends the matter disposes of the packet and returns false.
 *
 * Nothing is sent from here except where the RFC says "send [...] and return"; what a segment makes possible is noted on
 * the connection and done when it is settled.
 */

import { SECOND } from '../../base/clock.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { Errno } from '../../base/errors.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { Ready } from '../readiness.ts';
import type { ControlBlock } from './control-block.ts';
import { queueFin } from './output.ts';
import { processAck } from './recovery.ts';
import { startData } from './retransmit-timeout.ts';
import { seqLess, seqLessEq } from './sequence.ts';
import { CAN_RECEIVE, FIN_QUEUED, stateIn, TcpState } from './states.ts';
import { Flag, type SegmentFields } from './tcp-header.ts';
import { acceptText, finReceived, sackBlocksOf } from './text.ts';
import { setSlowTimer } from './timers.ts';
import { sendAck, sendReset, transmit, updateSegmentSize } from './transmit.ts';

/** RFC 7323 5.5: a timestamp 24 days old says nothing any more. */
const PAWS_AGE_NS = 24 * 24 * 3600 * SECOND;

/** RFC 5961 7: at most this many challenge ACKs of one connection in this time. */
const CHALLENGES = 10;
const CHALLENGE_INTERVAL_NS = 5 * SECOND;

export function segmentArrives(c: ControlBlock, segment: SegmentFields, packet: PacketBuffer): void {
  c.lastReceivedNs = c.node.clock.now;
  if (c.state === TcpState.SynSent) {
    synSent(c, segment, packet);
    return;
  }
  if (!checkTimestamp(c, segment, packet)) return;
  if (!checkSequence(c, segment, packet)) return;
  if (!checkReset(c, segment, packet)) return;
  // Third, check security and compartment: nobody has used them since RFC 793 (RFC 9293 A.1).
  if (!checkSyn(c, segment, packet)) return;
  if (!checkAck(c, segment, packet)) return;
  // Sixth, check the URG bit: the pointer is not looked at. Urgent data is delivered in its place in the stream, as
  // SO_OOBINLINE and RFC 6093 3 have it.
  processText(c, segment, packet);
}

/** RFC 9293 3.10.7.3: SYN-SENT. */
function synSent(c: ControlBlock, segment: SegmentFields, packet: PacketBuffer): void {
  const { flags, ack } = segment;
  const hasAck = (flags & Flag.Ack) !== 0;
  // First, check the ACK bit: "If SEG.ACK =< ISS or SEG.ACK > SND.NXT, send a reset (unless the RST bit is set [...])".
  if (hasAck && (seqLessEq(ack, c.iss) || seqLess(c.sndNxt, ack))) {
    if ((flags & Flag.Rst) !== 0) c.drop(packet, Drop.TCP_BAD_ACK);
    else c.tcp.resetFor(packet, segment, Drop.TCP_BAD_ACK);
    return;
  }
  // Second, check the RST bit: "If the ACK was acceptable, then signal to the user 'error: connection reset'", otherwise
  // drop: without the ACK anybody could have guessed it (RFC 5961 3.2).
  if ((flags & Flag.Rst) !== 0) {
    if (hasAck) c.finish(Errno.ECONNREFUSED, 'RST came: nobody listens');
    c.drop(packet, hasAck ? Drop.TCP_DONE : Drop.TCP_BAD_FLAGS);
    return;
  }
  // Fourth, check the SYN bit; fifth, "if neither of the SYN or RST bits is set, then drop the segment".
  if ((flags & Flag.Syn) === 0) {
    c.drop(packet, Drop.TCP_BAD_FLAGS);
    return;
  }
  takeSyn(c, segment);
  if (!hasAck) {
    // "Otherwise, enter SYN-RECEIVED, form a SYN,ACK segment [...] and send it": simultaneous open.
    c.setState(TcpState.SynReceived, 'SYN came (simultaneous open)');
    if (c.sendQueue.head !== null) transmit(c, c.sendQueue.head, 'simultaneous open');
    c.drop(packet, Drop.TCP_DONE);
    return;
  }
  processAck(c, segment, false);
  c.sndWnd = segment.window;
  c.maxSndWnd = segment.window;
  c.sndWl1 = segment.seq;
  c.sndWl2 = ack;
  establish(c, 'SYN+ACK came');
  c.acknowledge(true);
  // The window of a SYN is there, so is what we may receive; data may come with it (RFC 9293 3.4).
  if (segment.length > 0 || (flags & Flag.Fin) !== 0) {
    segment.seq = (segment.seq + 1) | 0;
    processText(c, segment, packet);
    return;
  }
  c.drop(packet, Drop.TCP_DONE);
}

/** RCV.NXT is set to SEG.SEQ+1, IRS to SEG.SEQ; and what the SYN's options agree on. */
export function takeSyn(c: ControlBlock, segment: SegmentFields): void {
  c.irs = segment.seq;
  c.rcvNxt = (segment.seq + 1) | 0;
  c.rcvAcked = c.rcvNxt;
  c.rcvAdv = (c.rcvNxt + Math.min(c.receiveLimit, 65535)) | 0;
  // RFC 7323 2.2 and 3.2, RFC 2018 2: an option is used only if both SYNs carried it.
  c.scaling = c.scaling && segment.windowScale >= 0;
  c.sndScale = c.scaling ? segment.windowScale : 0;
  if (!c.scaling) c.rcvScale = 0;
  c.sack = c.sack && segment.sackPermitted;
  c.timestamps = c.timestamps && segment.hasTimestamps;
  if (c.timestamps) {
    c.tsRecent = segment.tsVal;
    c.tsRecentAtNs = c.node.clock.now;
  }
  // RFC 9293 3.7.1: "If an MSS Option is not received at connection setup, TCP implementations MUST assume a default
  // send MSS of 536 for IPv4 or 1220 for IPv6".
  const fallback = c.remote.family === 4 ? 536 : 1220;
  c.peerMss = segment.mss > 0 ? Math.max(segment.mss, 64) : fallback;
  updateSegmentSize(c);
}

function establish(c: ControlBlock, why: string): void {
  c.setState(TcpState.Established, why);
  startData(c);
  if (c.options.keepAlive.enabled) setSlowTimer(c);
  c.raise(Ready.Out);
  if (c.finPending) {
    c.finPending = false;
    queueFin(c);
  }
}

/** RFC 7323 5.3, R1: PAWS. "If SEG.TSval < TS.Recent [...] send an acknowledgment in reply [...] and drop the segment". */
function checkTimestamp(c: ControlBlock, segment: SegmentFields, packet: PacketBuffer): boolean {
  if (!c.timestamps || !segment.hasTimestamps || c.tsRecentAtNs < 0) return true;
  if (((segment.tsVal - c.tsRecent) | 0) >= 0 || (segment.flags & (Flag.Rst | Flag.Syn)) !== 0) return true;
  // 5.5: a connection that was idle for more than 24 days takes any timestamp.
  if (c.node.clock.now - c.tsRecentAtNs > PAWS_AGE_NS) return true;
  answerUnacceptable(c, segment);
  c.drop(packet, Drop.TCP_OLD_TIMESTAMP);
  return false;
}

/** RFC 7323 4.3 (2) and (3): the timestamp to echo is that of the segment at the left edge of what was acknowledged. */
export function updateTimestamp(c: ControlBlock, segment: SegmentFields): void {
  if (!c.timestamps || !segment.hasTimestamps) return;
  if (((segment.tsVal - c.tsRecent) | 0) < 0 && c.node.clock.now - c.tsRecentAtNs <= PAWS_AGE_NS) return;
  if (((segment.seq - c.rcvAcked) | 0) > 0) return;
  c.tsRecent = segment.tsVal;
  c.tsRecentAtNs = c.node.clock.now;
  c.tsEchoed = segment.tsEcr;
}

/**
 * First, check sequence number. RFC 9293 3.10.7.4's table of four cases, as Linux reads it: acceptable is what ends at
 * RCV.NXT or later and begins at the window's right edge or earlier. That lets pass, beyond the table, ACKs that stand
 * exactly at the right edge, as those of a peer that has used the whole window do; what exceeds the window is cut.
 */
function checkSequence(c: ControlBlock, segment: SegmentFields, packet: PacketBuffer): boolean {
  const { flags, seq } = segment;
  const span = segment.length + ((flags & Flag.Syn) !== 0 ? 1 : 0) + ((flags & Flag.Fin) !== 0 ? 1 : 0);
  const beforeWindow = seqLess((seq + span) | 0, c.rcvNxt);
  // A segment all of whose numbers were received: it ends at RCV.NXT, and brings nothing but its ACK.
  const old = span > 0 && !beforeWindow && seqLessEq((seq + span) | 0, c.rcvNxt);
  if (!beforeWindow && !old && seqLessEq(seq, c.rcvAdv)) {
    updateTimestamp(c, segment);
    return true;
  }
  if (c.state === TcpState.SynReceived && seq === c.irs && (flags & (Flag.Syn | Flag.Rst)) === Flag.Syn) {
    return synAgain(c, segment, packet);
  }
  // As Linux: the ACK of the last segment, sent again, shall tell when that was; RFC 7323 5.3 would reject it before.
  if (old) updateTimestamp(c, segment);
  // "If an incoming segment is not acceptable, an acknowledgment should be sent in reply (unless the RST bit is set, if
  // so drop the segment and return)".
  if ((flags & Flag.Rst) === 0) {
    const duplicate = segment.length > 0 && seqLessEq((seq + span) | 0, c.rcvNxt);
    if (duplicate && c.sack) sackBlocksOf(c).recordDuplicate(seq, (seq + segment.length) | 0);
    answerUnacceptable(c, segment);
    c.drop(packet, duplicate ? Drop.TCP_DUPLICATE : Drop.TCP_OUT_OF_WINDOW);
  } else {
    c.drop(packet, Drop.TCP_OUT_OF_WINDOW);
  }
  return false;
}

/** The SYN of a connection in SYN-RECEIVED once more. */
function synAgain(c: ControlBlock, segment: SegmentFields, packet: PacketBuffer): boolean {
  if ((segment.flags & Flag.Ack) !== 0 && segment.ack === c.sndNxt) {
    // Simultaneous open, the other side's SYN+ACK: its SYN is known, its ACK is what we wait for.
    segment.flags &= ~Flag.Syn;
    segment.seq = (segment.seq + 1) | 0;
    return true;
  }
  // Our SYN+ACK was lost, it seems: an ACK alone, as the RFC has it, would not help the peer.
  if (c.sendQueue.head !== null) transmit(c, c.sendQueue.head, 'the SYN came again');
  c.drop(packet, Drop.TCP_DUPLICATE);
  return false;
}

/** Second, check the RST bit (with RFC 5961 3.2, that RFC 9293 took over). */
function checkReset(c: ControlBlock, segment: SegmentFields, packet: PacketBuffer): boolean {
  if ((segment.flags & Flag.Rst) === 0) return true;
  // "2) If the RST bit is set and the sequence number exactly matches the next expected sequence number (RCV.NXT), then
  // TCP endpoints MUST reset the connection".
  if (segment.seq !== c.rcvNxt) {
    // "3) [...] does not exactly match [...] yet is within the current receive window: MUST send an acknowledgment".
    challenge(c);
    c.drop(packet, Drop.TCP_CHALLENGED_RST);
    return false;
  }
  resetReceived(c);
  c.drop(packet, Drop.TCP_DONE);
  return false;
}

function resetReceived(c: ControlBlock): void {
  const { counters } = c.tcp;
  switch (c.state) {
    case TcpState.SynReceived:
      // "If this connection was initiated with a passive OPEN [...] return this connection to LISTEN state [...]. The
      // user need not be informed." With an active OPEN it was refused.
      c.finish(Errno.ECONNREFUSED, 'RST came');
      return;
    case TcpState.CloseWait:
      // As Linux: whoever writes now learns that nobody reads.
      counters.estabResets++;
      c.finish(Errno.EPIPE, 'RST came');
      return;
    case TcpState.Closing:
    case TcpState.LastAck:
      c.finish(0, 'RST came');
      return;
    default:
      counters.estabResets++;
      c.finish(Errno.ECONNRESET, 'RST came');
  }
}

/** Fourth, check the SYN bit (RFC 5961 4.2): in a synchronized state it is challenged, whatever its sequence number. */
function checkSyn(c: ControlBlock, segment: SegmentFields, packet: PacketBuffer): boolean {
  if ((segment.flags & Flag.Syn) === 0) return true;
  if (c.state === TcpState.SynReceived && c.listener !== null) {
    // "If the connection was initiated with a passive OPEN, then return this connection to the LISTEN state".
    c.finish(Errno.ECONNRESET, 'another SYN came');
    c.drop(packet, Drop.TCP_BAD_FLAGS);
    return false;
  }
  challenge(c);
  c.drop(packet, Drop.TCP_CHALLENGED_SYN);
  return false;
}

/** Fifth, check the ACK field. */
function checkAck(c: ControlBlock, segment: SegmentFields, packet: PacketBuffer): boolean {
  // "if the ACK bit is off, drop the segment and return".
  if ((segment.flags & Flag.Ack) === 0) {
    c.drop(packet, Drop.TCP_BAD_FLAGS);
    return false;
  }
  const { ack } = segment;
  // RFC 5961 5.2: "acceptable only if it is in the range of ((SND.UNA - MAX.SND.WND) <= SEG.ACK <= SND.NXT)".
  if (c.state !== TcpState.SynReceived && seqLess(ack, (c.sndUna - c.maxSndWnd) | 0)) {
    challenge(c);
    c.drop(packet, Drop.TCP_BAD_ACK);
    return false;
  }
  if (c.state === TcpState.SynReceived && !ackOfSyn(c, segment, packet)) return false;
  if (seqLess(c.sndNxt, ack)) {
    // "If the ACK acks something not yet sent (SEG.ACK > SND.NXT), then send an ACK, drop the segment, and return".
    challenge(c);
    c.drop(packet, Drop.TCP_BAD_ACK);
    return false;
  }
  if (seqLessEq(c.sndUna, ack)) takeAck(c, segment);
  return afterAck(c, packet);
}

/** SYN-RECEIVED: "If SND.UNA < SEG.ACK =< SND.NXT, then enter ESTABLISHED state", otherwise a reset is sent. */
function ackOfSyn(c: ControlBlock, segment: SegmentFields, packet: PacketBuffer): boolean {
  if (!seqLess(c.sndUna, segment.ack) || seqLess(c.sndNxt, segment.ack)) {
    c.tcp.resetFor(packet, segment, Drop.TCP_BAD_ACK);
    return false;
  }
  const { listener } = c;
  if (listener !== null && !listener.established(c)) {
    // As Linux: the ACK is forgotten, and the SYN+ACK, sent again, gives the program time to accept.
    c.drop(packet, Drop.TCP_BACKLOG_FULL);
    return false;
  }
  c.sndWnd = segment.window << c.sndScale;
  c.maxSndWnd = c.sndWnd;
  c.sndWl1 = segment.seq;
  c.sndWl2 = segment.ack;
  establish(c, 'ACK of SYN came');
  return true;
}

/** ESTABLISHED: the acknowledgement, and the window. */
export function takeAck(c: ControlBlock, segment: SegmentFields): void {
  const { ack, seq } = segment;
  const window = segment.window << c.sndScale;
  // RFC 5681 2, a duplicate: "(a) the receiver of the ACK has outstanding data, (b) the incoming acknowledgment carries
  // no data, (c) the SYN and FIN bits are both off, (d) the acknowledgment number is equal to the greatest [...]
  // received and (e) the advertised window in the incoming acknowledgment equals the advertised window in the last".
  const duplicate =
    ack === c.sndUna &&
    segment.length === 0 &&
    c.sndNxt !== c.sndUna &&
    window === c.sndWnd &&
    (segment.flags & Flag.Fin) === 0;
  // "If (SND.WL1 < SEG.SEQ or (SND.WL1 = SEG.SEQ and SND.WL2 =< SEG.ACK)), set SND.WND <- SEG.WND".
  if (seqLess(c.sndWl1, seq) || (c.sndWl1 === seq && seqLessEq(c.sndWl2, ack))) {
    if (window > c.sndWnd) c.windowProbes = 0;
    c.sndWnd = window;
    c.sndWl1 = seq;
    c.sndWl2 = ack;
    if (window > c.maxSndWnd) c.maxSndWnd = window;
  }
  c.keepAliveProbes = 0;
  processAck(c, segment, duplicate);
  if (c.sendQueue.unsent !== null) {
    c.outputPending = true;
    if (!c.dirty) c.tcp.markDirty(c);
  }
}

/** What the acknowledgement of our FIN means in the states after CLOSE. */
function afterAck(c: ControlBlock, packet: PacketBuffer): boolean {
  if (!stateIn(c.state, FIN_QUEUED) || !c.finAcknowledged) return true;
  switch (c.state) {
    case TcpState.FinWait1:
      // "if the FIN segment is now acknowledged, then enter FIN-WAIT-2 and continue processing in that state".
      c.setState(TcpState.FinWait2, 'ACK of FIN came');
      if (c.orphaned) setSlowTimer(c);
      return true;
    case TcpState.Closing:
      c.tcp.timeWaits.enter(c, 'ACK of FIN came');
      c.drop(packet, Drop.TCP_DONE);
      return false;
    case TcpState.LastAck:
      c.finish(0, 'ACK of FIN came');
      c.drop(packet, Drop.TCP_DONE);
      return false;
    default:
      return true;
  }
}

/** Seventh, process the segment text; eighth, check the FIN bit. Takes the packet over. */
function processText(c: ControlBlock, segment: SegmentFields, packet: PacketBuffer): void {
  const fin = (segment.flags & Flag.Fin) !== 0;
  if (segment.length === 0 && !fin) {
    c.drop(packet, Drop.TCP_DONE);
    return;
  }
  // CLOSE-WAIT and later: "This should not occur since a FIN has been received from the remote side. Ignore".
  if (!stateIn(c.state, CAN_RECEIVE)) {
    c.acknowledge(true);
    c.drop(packet, Drop.TCP_DUPLICATE);
    return;
  }
  if (c.orphaned && segment.length > 0 && seqLess(c.rcvNxt, (segment.seq + segment.length) | 0)) {
    // RFC 1122 4.2.2.13: "If such a host issues a CLOSE call while received data is still pending in TCP, or if new
    // data is received after CLOSE is called, its TCP SHOULD send a RST to show that data was lost".
    sendReset(c);
    c.finish(0, 'data came for a program that has closed');
    c.drop(packet, Drop.TCP_AFTER_CLOSE);
    return;
  }
  if (acceptText(c, segment, packet, fin)) finReceived(c);
}

/** The answer to what is not acceptable; without data, at most as often as challenges: or two could answer for ever. */
function answerUnacceptable(c: ControlBlock, segment: SegmentFields): void {
  if (segment.length > 0 || (segment.flags & Flag.Fin) !== 0) sendAck(c);
  else challenge(c);
}

/** A challenge ACK (RFC 5961 3.2): a peer that really has no connection will answer it with an exact RST. */
export function challenge(c: ControlBlock): void {
  const { now } = c.node.clock;
  if (c.challengeSinceNs < 0 || now - c.challengeSinceNs >= CHALLENGE_INTERVAL_NS) {
    c.challengeSinceNs = now;
    c.challenges = 0;
  }
  if (c.challenges >= CHALLENGES) return;
  c.challenges++;
  c.tcp.counters.challengeAcks++;
  sendAck(c);
}
