import { type Task, Timer } from '../../base/clock.ts';
import { Errno } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import type { Flow } from '../../l3-network/network-layer.ts';
import type { PortBinding } from '../ports.ts';
import { Ready } from '../readiness.ts';
import { type CongestionControl, NewReno } from './congestion.ts';
import { portsKey } from './demux.ts';
import { describeConnection, type TcpInfo } from './info.ts';
import type { TcpListener } from './listener.ts';
import type { TcpSocketOptions } from './options.ts';
import { output, sendAck, sendReset, updateSegmentSize, windowOpened } from './output.ts';
import type { ReassemblyQueue } from './reassembly-queue.ts';
import { ReceiveQueue } from './receive-queue.ts';
import { RttEstimator } from './rto.ts';
import type { SackBlocks } from './sack.ts';
import { Mark, type Segment } from './segment.ts';
import { SendQueue } from './send-queue.ts';
import { CAN_SEND, FIN_QUEUED, FIN_RECEIVED, mayGo, stateIn, stateName, TcpState } from './states.ts';
import type { Tcp } from './tcp.ts';
import { onTimer, setSlowTimer, TimerTag } from './timers.ts';

/** Who uses a connection: told when its readiness changes. */
export interface StreamOwner {
  /**
   * `events`: the bits of `Ready` that came up. Called after a segment or a timer was dealt with, never in the midst
   * of it: any call on the connection is allowed from here.
   */
  streamReady(events: number): void;
}

/** Where loss recovery stands (RFC 5681, RFC 6582, RFC 6675). */
export const Recovery = {
  /** No loss is being repaired. */
  None: 0,
  /** Fast recovery. */
  Fast: 1,
  /** The retransmission timer expired: slow start through what was outstanding. */
  Timeout: 2,
} as const;

/**
 * One connection: the transmission control block of RFC 9293 3.3.1, and the calls of its user interface (3.9.1).
 *
 * What happens to it is in other files, as functions over it: `input.ts` (segments that arrive), `output.ts` (what to
 * send when), `recovery.ts` (acknowledgements and losses), `timers.ts`. Its calls return counts or negated error
 * numbers, as the calls of POSIX do.
 */
export class TcpConnection implements Task {
  readonly tcp: Tcp;
  readonly node: NodeContext;
  readonly flow: Flow;
  readonly binding: PortBinding;
  readonly local: IpAddress;
  readonly remote: IpAddress;
  readonly localPort: number;
  readonly remotePort: number;
  owner: StreamOwner | null = null;
  options: TcpSocketOptions;
  state: TcpState = TcpState.Closed;

  // In the table of connections, and with the listener until accepted. Belongs to them.
  readonly ports: number;
  hash = 0;
  chain: TcpConnection | null = null;
  listener: TcpListener | null = null;
  listenNext: TcpConnection | null = null;
  listenPrev: TcpConnection | null = null;
  waitsForAccept = false;

  // What is to be done once the segments at hand were read. Belongs to `Tcp.flush`.
  dirty = false;
  dirtyNext: TcpConnection | null = null;
  events = 0;
  outputPending = false;

  // Send sequence variables (RFC 9293 3.3.1).
  iss = 0;
  sndUna = 0;
  sndNxt = 0;
  sndWnd = 0;
  sndWl1 = 0;
  sndWl2 = 0;
  /** Largest window that the peer ever offered (RFC 9293 3.8.6.2.1's Max(SND.WND)). */
  maxSndWnd = 0;
  /** The sequence number of the next byte that the program writes. */
  writeSeq = 0;
  readonly sendQueue: SendQueue;

  // Receive sequence variables.
  irs = 0;
  rcvNxt = 0;
  /** The right edge of the window that was offered: RCV.NXT + RCV.WND. */
  rcvAdv = 0;
  /** RCV.NXT as it was in the last segment sent (RFC 7323's Last.ACK.sent). */
  rcvAcked = 0;
  readonly receiveQueue: ReceiveQueue;
  reassembly: ReassemblyQueue | null = null;
  sackBlocks: SackBlocks | null = null;

  // Segment sizes, bytes of payload.
  /** What a full segment carries, options and the path's MTU considered (RFC 9293 3.7.1's Eff.snd.MSS). */
  sndMss = 536;
  /** What the peer's MSS option said (RFC 9293 3.7.1: 536 without one, 1220 in IPv6). */
  peerMss = 536;
  /** The path's MTU that `sndMss` was made from. */
  mtu = 0;
  /** The largest payload that the peer is seen to send: what "full-sized" means for delayed ACKs. */
  rcvMss = 536;

  // Options in use.
  timestamps: boolean;
  sack: boolean;
  /** Shift counts; both 0 when scaling was not agreed on (RFC 7323 2.2). */
  sndScale = 0;
  rcvScale = 0;
  scaling: boolean;
  /** RFC 7323 4.3: the timestamp to echo, and when it came. */
  tsRecent = 0;
  tsRecentAtNs = -1;
  tsOffset = 0;

  // Round trips and congestion.
  readonly rtt: RttEstimator = new RttEstimator();
  readonly congestion: CongestionControl = new NewReno();
  /** Sending stopped at cwnd since it last grew: only then may it grow. */
  cwndLimited = false;
  lastSentNs = 0;

  // Loss recovery: see recovery.ts.
  recovery: number = Recovery.None;
  dupAcks = 0;
  /** SND.NXT as it was when recovery began (RFC 6582's recover + 1); while `recoverySet`, no second one begins below it. */
  recoveryPoint = 0;
  recoverySet = false;
  /** Sequence numbers in flight that the peer holds, that are held to be lost, and of copies sent again. */
  sackedBytes = 0;
  lostBytes = 0;
  resentBytes = 0;
  /** Of `lostBytes`, what was not yet sent again. */
  lostPending = 0;
  highSacked: Segment | null = null;
  /** Below it, every segment is acknowledged, SACKed or marked lost. */
  lostMark = 0;
  /** Where to look for the next lost segment; null: at the head. */
  retransmitNext: Segment | null = null;
  /** The SACK blocks of the last ACK, which need not be looked at again. */
  sackSeen: Int32Array | null = null;
  retransmits = 0;
  totalRetransmits = 0;
  synLosses = 0;
  backoff = 0;
  /** When the peer last acknowledged something new, or the first of what is in flight was sent, ns. */
  progressAtNs = 0;

  // Acknowledging.
  ackPending = false;
  ackNow = false;
  /** Acknowledgements that are still sent at once, at the beginning (Linux's quick-ack mode). */
  quickAcks = 16;

  // Timers, made when first needed.
  retransmitTimer: Timer | null = null;
  delayedAckTimer: Timer | null = null;
  slowTimer: Timer | null = null;
  /** The retransmission timer runs for a probe of the window, not for something in flight. */
  probing = false;
  confirmedAtNs = -1;
  /** Probes of a closed window, and keep-alive probes, since the last answer. */
  windowProbes = 0;
  keepAliveProbes = 0;
  lastReceivedNs = 0;

  // RFC 5961 7: how many challenge ACKs went out since `challengeSinceNs`.
  challenges = 0;
  challengeSinceNs = -1;

  // Towards the program.
  error = 0;
  /** A soft error (RFC 1122 4.2.3.9) to tell instead of ETIMEDOUT. */
  softError = 0;
  /** The program has closed: nobody will read. */
  orphaned = false;
  receiveShut = false;
  sendShut = false;
  finPending = false;
  wantsOut = false;
  receiveLimit = 0;
  sendLimit = 0;

  constructor(
    tcp: Tcp,
    flow: Flow,
    binding: PortBinding,
    localPort: number,
    remotePort: number,
    options: TcpSocketOptions,
  ) {
    this.tcp = tcp;
    this.node = tcp.node;
    this.flow = flow;
    this.binding = binding;
    this.local = flow.local;
    this.remote = flow.remote;
    this.localPort = localPort;
    this.remotePort = remotePort;
    this.ports = portsKey(remotePort, localPort);
    this.options = options;
    this.timestamps = tcp.options.timestamps;
    this.sack = tcp.options.sack;
    this.scaling = tcp.options.windowScaling;
    this.sendQueue = new SendQueue(tcp.segments, tcp.node.pool);
    this.receiveQueue = new ReceiveQueue();
    this.applyOptions();
  }

  get stateName(): string {
    return stateName(this.state);
  }

  /** Bytes that can be read now. */
  get available(): number {
    return this.receiveQueue.bytes;
  }

  /** Bytes written that were never sent (SIOCOUTQNSD). */
  get unsent(): number {
    return (this.writeSeq - this.sndNxt) & 0x7fffffff;
  }

  /** Bytes written that are not acknowledged, sent or not (SIOCOUTQ). */
  get unacknowledged(): number {
    return this.sendQueue.bytes;
  }

  /** Sequence numbers sent and not acknowledged (RFC 5681's FlightSize). */
  get flight(): number {
    return (this.sndNxt - this.sndUna) | 0;
  }

  /** Linux's rule (`sk_stream_is_writeable`): a third of the buffer is free. */
  get writable(): boolean {
    return this.sendQueue.bytes * 3 <= this.sendLimit * 2;
  }

  /** What `poll(2)` would say now: bits of `Ready`. */
  get readiness(): number {
    const { state } = this;
    const ended = state === TcpState.Closed || state === TcpState.TimeWait;
    const noMore = this.receiveShut || ended || stateIn(state, FIN_RECEIVED);
    let bits = 0;
    if (this.error !== 0) bits |= Ready.Err | Ready.In;
    if (state === TcpState.Closed || (noMore && this.sendShut)) bits |= Ready.Hup;
    if (noMore) bits |= Ready.In | Ready.RdHup;
    if (this.receiveQueue.bytes > 0) bits |= Ready.In;
    if (this.sendShut || ended || (stateIn(state, CAN_SEND) && this.writable)) bits |= Ready.Out;
    return bits;
  }

  /** SO_ERROR: the error (a positive number) that ended the connection, once; then 0. */
  takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  /**
   * SEND: takes up to `length` bytes of `bytes` from `offset` into the send buffer. Returns how many, or -EAGAIN (the
   * buffer is full, or the connection not yet there: `Out` will tell), -EPIPE, or the error that ended the connection.
   */
  write(bytes: Uint8Array, offset: number, length: number): number {
    if (!stateIn(this.state, CAN_SEND) || this.sendShut) {
      if (this.error !== 0) return -this.takeError();
      if (this.state !== TcpState.SynSent && this.state !== TcpState.SynReceived) return -Errno.EPIPE;
      this.wantsOut = true;
      return this.sendShut ? -Errno.EPIPE : -Errno.EAGAIN;
    }
    const room = this.sendLimit - this.sendQueue.bytes;
    const n = length < room ? length : room;
    if (n < length) this.wantsOut = true;
    if (n <= 0) return length === 0 ? 0 : -Errno.EAGAIN;
    const { sendQueue, sndMss } = this;
    let maxPayload = sndMss;
    if (this.flow.segmentOffload > 0) maxPayload = superPayload(this.flow.segmentOffload, sndMss);
    const small = sendQueue.unsent === null && (this.options.noDelay || sendQueue.head === null);
    sendQueue.append(bytes, offset, n, this.writeSeq, maxPayload, small);
    this.writeSeq = (this.writeSeq + n) | 0;
    // Linux leaves quick-ack mode when both sides talk: the answer carries the acknowledgement.
    if (this.rcvNxt !== ((this.irs + 1) | 0)) this.quickAcks = 0;
    output(this);
    return n;
  }

  /**
   * RECEIVE: up to `length` bytes into `into` at `offset`. Returns how many, 0 at the end of the stream, -EAGAIN when
   * there are none yet, or the error that ended the connection.
   */
  read(into: Uint8Array, offset: number, length: number): number {
    if (this.receiveQueue.bytes === 0) return this.nothingToRead();
    const n = this.receiveQueue.read(into, offset, length);
    windowOpened(this);
    return n;
  }

  /** As `read`, but the bytes stay (MSG_PEEK). */
  peek(into: Uint8Array, offset: number, length: number): number {
    if (this.receiveQueue.bytes === 0) return this.nothingToRead();
    return this.receiveQueue.peek(into, offset, length);
  }

  private nothingToRead(): number {
    if (this.error !== 0) return -this.takeError();
    const { state } = this;
    if (this.receiveShut || stateIn(state, FIN_RECEIVED) || state === TcpState.Closed) return 0;
    return -Errno.EAGAIN;
  }

  /** `shutdown(SHUT_WR)`: what was written is sent, then a FIN. 0 or -ENOTCONN. */
  shutdownSend(): number {
    if (this.sendShut) return 0;
    if (this.state === TcpState.Closed || this.state === TcpState.SynSent) return -Errno.ENOTCONN;
    this.sendShut = true;
    this.queueFin();
    return 0;
  }

  /** `shutdown(SHUT_RD)`: what is there and what comes is thrown away; the peer is not told. 0 or -ENOTCONN. */
  shutdownReceive(): number {
    if (this.state === TcpState.Closed || this.state === TcpState.SynSent) return -Errno.ENOTCONN;
    this.receiveShut = true;
    this.receiveQueue.clear();
    windowOpened(this);
    return 0;
  }

  /**
   * CLOSE: the program is done with the connection. What was written is still sent, then a FIN; with data unread, or
   * a linger time of 0, it is reset instead (RFC 1122 4.2.2.13: "it SHOULD send a RST to show that data was lost").
   */
  close(): void {
    if (this.orphaned) return;
    this.orphaned = true;
    this.owner = null;
    const unread = this.receiveQueue.bytes > 0;
    this.receiveQueue.clear();
    this.sendShut = true;
    switch (this.state) {
      case TcpState.Closed:
        return;
      case TcpState.TimeWait:
        this.tcp.timeWaits.forget(this);
        return;
      case TcpState.SynSent:
        this.finish(0, 'CLOSE');
        return;
      default:
        if (unread || this.options.lingerNs === 0) {
          this.abort();
          return;
        }
        this.queueFin();
        setSlowTimer(this);
    }
  }

  /** ABORT (RFC 9293 3.10.5): the peer is told with a RST, and everything is forgotten. */
  abort(): void {
    this.orphaned = true;
    this.owner = null;
    const synchronized = this.state !== TcpState.SynSent && this.state !== TcpState.TimeWait;
    if (this.state === TcpState.TimeWait) this.tcp.timeWaits.forget(this);
    if (this.state === TcpState.Closed || this.state === TcpState.TimeWait) {
      this.receiveQueue.clear();
      return;
    }
    if (synchronized) sendReset(this);
    this.finish(0, 'ABORT');
  }

  /** Changes some options; they take effect at once. */
  setOptions(changed: Partial<TcpSocketOptions>): void {
    this.options = { ...this.options, ...changed };
    this.applyOptions();
    if (this.state === TcpState.Closed || this.state === TcpState.TimeWait) return;
    if (changed.maxSegment !== undefined) updateSegmentSize(this);
    setSlowTimer(this);
    windowOpened(this);
    output(this);
  }

  /** What `TCP_INFO` tells, under Linux's names. */
  info(): TcpInfo {
    return describeConnection(this);
  }

  private applyOptions(): void {
    const { options, node, flow } = this;
    const { limits } = node;
    this.receiveLimit = Math.min(options.receiveBuffer || limits.receiveBufferBytes, limits.maxBufferBytes);
    this.sendLimit = Math.min(options.sendBuffer || limits.sendBufferBytes, limits.maxBufferBytes);
    if (options.quickAck) this.quickAcks = 16;
    if (options.ttl >= 0) flow.ttl = options.ttl;
    if (options.tos >= 0) flow.tos = options.tos;
  }

  /** Queues our FIN behind what was written and moves the state. */
  queueFin(): void {
    switch (this.state) {
      case TcpState.SynReceived:
        // RFC 9293 3.10.4: "otherwise, queue for processing after entering ESTABLISHED state".
        this.finPending = true;
        return;
      case TcpState.Established:
        this.setState(TcpState.FinWait1, 'the program sends no more: FIN');
        break;
      case TcpState.CloseWait:
        this.setState(TcpState.LastAck, 'the program sends no more: FIN');
        break;
      default:
        return;
    }
    this.sendQueue.appendControl(Mark.Fin, this.writeSeq);
    this.writeSeq = (this.writeSeq + 1) | 0;
    output(this);
  }

  /** Has the peer acknowledged our FIN? */
  get finAcknowledged(): boolean {
    return stateIn(this.state, FIN_QUEUED) && this.sndUna === this.writeSeq;
  }

  /** Every change of state: asserted against the table, and told to who watches. */
  setState(state: TcpState, why: string): void {
    if (!mayGo(this.state, state)) {
      throw new Error(`TCP: no move from ${stateName(this.state)} to ${stateName(state)} (${why})`);
    }
    const { trace } = this.node;
    if (trace !== null) {
      const detail = `${stateName(this.state)} -> ${stateName(state)}: ${why}`;
      trace.event(this.node.name, 4, What.State, null, 0, detail, 'RFC 9293 3.3.2');
    }
    if (state === TcpState.Established) this.tcp.counters.established++;
    this.state = state;
  }

  /** These bits of readiness came up: the owner is told when the segment at hand is done with. */
  raise(events: number): void {
    this.events |= events;
    if (!this.dirty) this.tcp.markDirty(this);
  }

  /** The end, for whatever reason: everything but what the program may still read is given back. */
  finish(errno: number, why: string): void {
    if (this.state === TcpState.Closed) return;
    this.setState(TcpState.Closed, why);
    this.tcp.remove(this);
    this.sendShut = true;
    this.release();
    this.binding.release();
    this.end(errno);
  }

  /** Tells the program that it is over. */
  end(errno: number): void {
    this.error = errno;
    if (this.orphaned) this.receiveQueue.clear();
    else this.raise(Ready.In | Ready.Out | Ready.Hup | Ready.RdHup | (errno !== 0 ? Ready.Err : 0));
  }

  /** Gives back timers and all that is queued, except what can be read. */
  release(): void {
    this.retransmitTimer?.dispose();
    this.delayedAckTimer?.dispose();
    this.slowTimer?.dispose();
    this.sendQueue.clear();
    this.reassembly?.clear();
    this.highSacked = null;
    this.retransmitNext = null;
    this.ackPending = false;
    this.ackNow = false;
    this.outputPending = false;
    this.sackedBytes = 0;
    this.lostBytes = 0;
    this.resentBytes = 0;
    this.lostPending = 0;
  }

  /** A timer of this connection fired (`Task`). */
  run(tag: number): void {
    onTimer(this, tag);
    this.tcp.flushUnlessBatched();
  }

  timer(tag: number): Timer {
    return new Timer(this.node.clock, this, tag);
  }

  /** Ends a packet that went no further. */
  drop(packet: PacketBuffer, reason: number): void {
    this.node.drop(packet, reason);
  }

  /** The ACK that was put off, if it is not out yet, goes when the segments at hand are done with. */
  acknowledge(now: boolean): void {
    this.ackPending = true;
    if (now) this.ackNow = true;
    if (!this.dirty) this.tcp.markDirty(this);
  }

  /** Done with the segments at hand: send what they made possible, wake the program, acknowledge. */
  settle(): void {
    const { events } = this;
    if (events !== 0) {
      this.events = 0;
      if (this.owner !== null) this.owner.streamReady(events);
    }
    if (this.outputPending) {
      this.outputPending = false;
      output(this);
    }
    if (this.ackPending) this.settleAck();
  }

  /**
   * RFC 9293 3.8.6.3: an ACK "SHOULD be generated for at least every second full-sized segment" and within 0.5 s;
   * Linux's 40 ms. What the program wrote in the meantime has carried it already.
   */
  private settleAck(): void {
    if (
      this.ackNow ||
      this.quickAcks > 0 ||
      ((this.rcvNxt - this.rcvAcked) | 0) > this.rcvMss ||
      this.options.quickAck
    ) {
      sendAck(this);
      return;
    }
    if (this.delayedAckTimer === null) this.delayedAckTimer = this.timer(TimerTag.DelayedAck);
    if (!this.delayedAckTimer.armed) {
      this.delayedAckTimer.set(this.node.clock.now + this.tcp.options.delayedAckNs);
    }
  }
}

/** The largest payload of a super-segment: whole segments, with `offload` bytes of IP payload at most. */
function superPayload(offload: number, mss: number): number {
  const whole = Math.floor((offload - 60) / mss) * mss;
  return whole > mss ? whole : mss;
}
