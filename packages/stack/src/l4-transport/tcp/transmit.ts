/**
 * A segment on its way out: the header in front of the payload, options, checksum, and down to layer 3. Data, SYN and FIN
 * from the send queue, bare acknowledgements, resets; the window that they offer and the size that they may have.
 */
import { finish, fold, sum } from '../../base/checksum.ts';
import { MILLISECOND } from '../../base/clock.ts';
import { Errno } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import { Checksum, HEADROOM, type PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import type { Flow } from '../../l3-network/network-layer.ts';
import type { ControlBlock } from './control-block.ts';
import type { TcpSocketOptions } from './options.ts';
import { Mark, type Segment } from './segment.ts';
import { stateIn, TcpState } from './states.ts';
import {
  CHECKSUM,
  Flag,
  MAX_WINDOW_SCALE,
  MIN_HEADER,
  synOptionsLength,
  writeHeader,
  writeSack,
  writeSynOptions,
  writeTimestamps,
} from './tcp-header.ts';
import { startRetransmitTimer } from './timers.ts';
import { traceRetransmit } from './trace.ts';

/** Bytes of NOP, NOP, timestamps. */
const TIMESTAMPS_LENGTH = 12;

/**
 * Puts the header in front of a segment's payload and sends it; `why` is for a retransmission, and empty the first
 * time. A retransmission goes in a packet of its own: the first may still be on its way, or be held by its receiver.
 */
export function transmit(c: ControlBlock, segment: Segment, why: string): void {
  const { node } = c;
  const now = node.clock.now;
  let packet = segment.packet;
  if (packet === null) {
    packet = node.pool.acquire(0, HEADROOM);
  } else if (segment.sentAtNs >= 0) {
    const fresh = node.pool.acquire(segment.length, HEADROOM);
    fresh.appendFrom(packet.storage, segment.payloadOffset, segment.length);
    packet.release();
    packet = fresh;
    segment.packet = fresh;
    segment.payloadOffset = HEADROOM;
    fresh.retain();
  } else {
    packet.retain();
  }
  const first = segment.sentAtNs < 0;
  segment.sentAtNs = now;
  segment.order = ++c.transmissions;
  c.lastSentNs = now;
  if (first) {
    if (c.sndNxt === c.sndUna) c.progressAtNs = now;
    c.sndNxt = (segment.seq + segment.span) | 0;
    if (segment.length % c.sndMss !== 0) c.sndSml = c.sndNxt;
  } else {
    segment.marks |= Mark.SentAgain;
    c.totalRetransmits++;
    c.tcp.counters.retransSegs++;
    if (node.trace !== null) traceRetransmit(c, segment, why);
  }
  startRetransmitTimer(c);
  if ((segment.marks & Mark.Syn) !== 0) {
    sendSyn(c, packet, segment.seq);
    return;
  }
  if (segment.length > c.sndMss) packet.segmentSize = c.sndMss;
  let flags: number = Flag.Ack;
  if (segment.next === null && segment.length > 0) flags |= Flag.Psh;
  if ((segment.marks & Mark.Fin) !== 0) flags |= Flag.Fin;
  send(c, packet, segment.seq, flags, 0);
}

/** A SYN, or a SYN+ACK: the only segments whose window is not scaled (RFC 7323 2.2). */
function sendSyn(c: ControlBlock, packet: PacketBuffer, seq: number): void {
  const answer = c.state === TcpState.SynReceived;
  const scale = c.scaling ? c.rcvScale : -1;
  const length = MIN_HEADER + synOptionsLength(scale, c.sack, c.timestamps);
  const at = packet.push(length);
  const window = Math.min(c.receiveLimit, 65535);
  if (answer) {
    c.rcvAdv = (c.rcvNxt + window) | 0;
    acknowledged(c);
  }
  const flags = answer ? Flag.Syn | Flag.Ack : Flag.Syn;
  writeHeader(packet.view, at, c.localPort, c.remotePort, seq, answer ? c.rcvNxt : 0, flags, window, length);
  const tsVal = c.timestamps ? timestampNow(c) : 0;
  const mss = advertisedMss(c.flow, c.options);
  writeSynOptions(packet.view, at + MIN_HEADER, mss, scale, c.sack, c.timestamps, tsVal, answer ? c.tsRecent : 0);
  deliver(c, packet, at);
}

/** Sends a bare acknowledgement: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>. */
export function sendAck(c: ControlBlock): void {
  sendBare(c, c.sndNxt);
}

/** As `sendAck`, with another sequence number: a probe, which the peer will find old and answer. */
export function sendBare(c: ControlBlock, seq: number): void {
  const blocks = c.sackBlocks === null ? 0 : c.sackBlocks.pending(c.timestamps ? 3 : 4);
  send(c, c.node.pool.acquire(0, HEADROOM), seq, Flag.Ack, blocks);
}

/** RFC 9293 3.10.5: <SEQ=SND.NXT><CTL=RST>, with an ACK, as is usual. */
export function sendReset(c: ControlBlock): void {
  c.tcp.counters.outRsts++;
  send(c, c.node.pool.acquire(0, HEADROOM), c.sndNxt, Flag.Rst | Flag.Ack, 0);
}

function send(c: ControlBlock, packet: PacketBuffer, seq: number, flags: number, sackBlocks: number): void {
  let length = MIN_HEADER;
  if (c.timestamps) length += TIMESTAMPS_LENGTH;
  if (sackBlocks > 0) length += 4 + sackBlocks * 8;
  const at = packet.push(length);
  const { view } = packet;
  writeHeader(view, at, c.localPort, c.remotePort, seq, c.rcvNxt, flags, selectWindow(c) >> c.rcvScale, length);
  let option = at + MIN_HEADER;
  if (c.timestamps) {
    writeTimestamps(view, option, timestampNow(c), c.tsRecent);
    option += TIMESTAMPS_LENGTH;
  }
  if (sackBlocks > 0) writeSack(view, option, c.sackBlocks!.take(sackBlocks), sackBlocks);
  acknowledged(c);
  deliver(c, packet, at);
}

/** The checksum, the trace, and down. */
function deliver(c: ControlBlock, packet: PacketBuffer, at: number): void {
  const { flow, node } = c;
  const { view } = packet;
  packet.l4 = at;
  if (flow.checksumOffload) {
    packet.checksum = Checksum.Partial;
    packet.checksumStart = at;
    packet.checksumField = at + CHECKSUM;
    view.setUint16(at + CHECKSUM, fold(flow.pseudoSum + packet.end - at));
  } else {
    view.setUint16(at + CHECKSUM, finish(sum(view, at, packet.end, flow.pseudoSum + packet.end - at)));
  }
  c.tcp.counters.outSegs++;
  if (node.trace !== null) node.trace.event(node.name, 4, What.Send, packet, 0, '', 'RFC 9293 3.10.2');
  const result = flow.send(packet);
  // RFC 1122 4.2.3.9: what the network says now may be over soon; the timer tries again.
  if (result < 0 && result !== -Errno.EMSGSIZE) c.softError = -result;
}

/** What is sent now carries the acknowledgement that waited. */
function acknowledged(c: ControlBlock): void {
  c.rcvAcked = c.rcvNxt;
  if (!c.ackPending) return;
  c.ackPending = false;
  c.ackNow = false;
  if (c.quickAcks > 0) c.quickAcks--;
  if (c.delayedAckTimer !== null) c.delayedAckTimer.clear();
}

/**
 * The window to offer, bytes. Its right edge never moves left (RFC 9293 3.8.6: "a TCP receiver SHOULD NOT shrink the
 * window"), and moves right only by min (half of the buffer, a full segment) or more (3.8.6.2.2). What a scaled window
 * cannot say is rounded down; what was offered before is accepted all the same (RFC 7323 2.4).
 */
export function selectWindow(c: ControlBlock): number {
  const offered = (c.rcvAdv - c.rcvNxt) | 0;
  const free = c.receiveLimit - c.receiveQueue.bytes;
  const scale = c.rcvScale;
  const most = 65535 << scale;
  const half = c.receiveLimit >> 1;
  let window = offered;
  if (free - offered >= (half < c.rcvMss ? half : c.rcvMss)) {
    window = free < most ? free : most;
    if (window < offered) window = offered;
    c.rcvAdv = (c.rcvNxt + window) | 0;
  }
  return ((window < most ? window : most) >> scale) << scale;
}

/** The program has read: tell the peer, if the window grew by enough to be worth a segment (as Linux: it doubled). */
export function windowOpened(c: ControlBlock): void {
  if (!stateIn(c.state, (1 << TcpState.Established) | (1 << TcpState.FinWait1) | (1 << TcpState.FinWait2))) return;
  const offered = (c.rcvAdv - c.rcvNxt) | 0;
  const free = c.receiveLimit - c.receiveQueue.bytes;
  const half = c.receiveLimit >> 1;
  const most = 65535 << c.rcvScale;
  if (free - offered < (half < c.rcvMss ? half : c.rcvMss) || offered >= most) return;
  if ((free < most ? free : most) >= 2 * offered) sendAck(c);
}

/** RFC 7323 5.4: the clock of timestamps ticks in milliseconds, as Linux's does. */
export function timestampNow(c: ControlBlock): number {
  return timestampAt(c, c.node.clock.now);
}

/** What was or will be the timestamp at `ns`. */
export function timestampAt(c: ControlBlock, ns: number): number {
  return (Math.floor(ns / MILLISECOND) + c.tsOffset) | 0;
}

/** The receive buffer that a connection begins with, bytes. */
export function receiveLimitFor(options: TcpSocketOptions, limits: Limits): number {
  return Math.min(options.receiveBuffer || limits.receiveBufferBytes, limits.maxBufferBytes);
}

/** Our shift count (RFC 7323 2.3): as Linux, for the largest buffer that it may get by itself. */
export function windowScaleFor(receiveLimit: number, limits: Limits): number {
  const most = Math.max(receiveLimit, limits.receiveBufferGrownBytes);
  let scale = 0;
  while (scale < MAX_WINDOW_SCALE && 65535 << scale < most) scale++;
  return scale;
}

/** What our MSS option says: the MTU less the fixed headers (RFC 9293 3.7.1, RFC 6691), within TCP_MAXSEG. */
export function advertisedMss(flow: Flow, options: TcpSocketOptions): number {
  // An IP packet ends at 65,535 bytes, also where the MTU is larger, as loopback's is.
  const mss = Math.min(flow.mtu, 65535) - flow.headerLength - MIN_HEADER;
  return options.maxSegment > 0 ? Math.min(mss, options.maxSegment) : mss;
}

/** Eff.snd.MSS = min(SendMSS+20, MMS_S) - TCPhdrsize - IPoptionsize (RFC 9293 3.7.1), with what the path carries now. */
export function updateSegmentSize(c: ControlBlock, pathMtu = c.flow.mtu): void {
  c.mtu = c.flow.mtu;
  const narrowed = Math.min(c.peerMss, advertisedMss(c.flow, c.options) - (c.flow.mtu - pathMtu));
  const mss = narrowed - (c.timestamps ? TIMESTAMPS_LENGTH : 0);
  c.sndMss = mss > 8 ? mss : 8;
}
