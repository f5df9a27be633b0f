import { type Task, Timer } from '../../base/clock.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import type { Flow } from '../../l3-network/network-layer.ts';
import type { PortBinding } from '../ports.ts';
import { Ready } from '../readiness.ts';
import { type CongestionControl, NewReno } from './congestion.ts';
import type { TcpCounters } from './counters.ts';
import { portsKey } from './demux.ts';
import { Probe, PrrState, RackState, TimerMode, UndoState } from './loss-state.ts';
import type { TcpOptions, TcpSocketOptions } from './options.ts';
import type { ReassemblyQueue } from './reassembly-queue.ts';
import { ReceiveQueue } from './receive-queue.ts';
import type { ReceiveTuning } from './receive-tuning.ts';
import { RttEstimator } from './rto.ts';
import type { SackBlocks } from './sack.ts';
import type { Segment, SegmentPool } from './segment.ts';
import { SendQueue } from './send-queue.ts';
import { FIN_QUEUED, mayGo, stateIn, stateName, TcpState } from './states.ts';
import type { SegmentFields } from './tcp-header.ts';

/** Who uses a connection: told when its readiness changes. */
export interface StreamOwner {
  /**
   * `events`: the bits of `Ready` that came up. Called after a segment or a timer was dealt with, never in the midst
   * of it: any call on the connection is allowed from here.
   */
  streamReady(events: number): void;
}

/** What a connection needs of the TCP that it belongs to. */
export interface TcpContext {
  readonly node: NodeContext;
  readonly options: TcpOptions;
  readonly counters: TcpCounters;
  readonly segments: SegmentPool;
  readonly timeWaits: {
    /** A connection whose both directions are closed and acknowledged. */
    enter(c: ControlBlock, why: string): void;
    /** Its program has closed it in TIME-WAIT: nothing of it need be kept. */
    forget(c: ControlBlock): void;
  };
  /** It has something to do once the segments at hand were read. */
  markDirty(c: ControlBlock): void;
  /** A timer was dealt with: do what it made possible. */
  flushUnlessBatched(): void;
  /** It has ended. */
  remove(c: ControlBlock): void;
  /** Answers a segment with a RST and drops it. */
  resetFor(packet: PacketBuffer, segment: SegmentFields, reason: number): void;
}

/** A listener, as its connections see it. */
export interface PassiveOpener {
  /** The handshake is complete. False: there is no room for it. */
  established(c: ControlBlock): boolean;
  /** It ended before it was accepted. */
  ended(c: ControlBlock): void;
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
 * The transmission control block of a connection (RFC 9293 3.3.1): everything that is known of it, its moves from state
 * to state, and its end. What happens to it is in other files, as functions over it; `TcpConnection` adds the calls.
 */
export abstract class ControlBlock implements Task {
  readonly tcp: TcpContext;
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
  chain: ControlBlock | null = null;
  listener: PassiveOpener | null = null;
  listenNext: ControlBlock | null = null;
  listenPrev: ControlBlock | null = null;
  waitsForAccept = false;

  // What is to be done once the segments at hand were read. Belongs to `Tcp.flush`.
  dirty = false;
  dirtyNext: ControlBlock | null = null;
  events = 0;
  outputPending = false;

  // Send sequence variables (RFC 9293 3.3.1).
  iss = 0;
  sndUna = 0;
  sndNxt = 0;
  sndWnd = 0;
  sndWl1 = 0;
  sndWl2 = 0;
  /** The number behind the last segment sent that was not full: Minshall's SND.SML. */
  sndSml = 0;
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
  /** What the segment that `tsRecent` is of echoes; 0: it was looked at, or there is none. */
  tsEchoed = 0;

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
  /** SACKed segments in the queue. */
  sackedSegments = 0;
  /** Of `lostBytes`, what was not yet sent again. */
  lostPending = 0;
  highSacked: Segment | null = null;
  /** Below it, every segment is acknowledged, SACKed or marked lost. */
  lostMark = 0;
  /** Before it, no lost segment waits to be sent again; null: none does. */
  retransmitNext: Segment | null = null;
  /** Losses found by time, the window in recovery, what to take back, the probe of the tail. */
  readonly rack: RackState = new RackState();
  readonly prr: PrrState = new PrrState();
  readonly undo: UndoState = new UndoState();
  /** What was sent as a tail loss probe and is not settled yet, and SND.NXT behind it (RFC 8985's TLP.end_seq). */
  tailProbe: number = Probe.None;
  tailProbeEnd = 0;
  /** The SACK blocks of the last ACK, which need not be looked at again. */
  sackSeen: Int32Array | null = null;
  retransmits = 0;
  totalRetransmits = 0;
  /** Segments of the send queue transmitted, ever, retransmissions included. */
  transmissions = 0;
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
  /** What `retransmitTimer` is set for. */
  timerMode: number = TimerMode.Retransmit;
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
  /** How the receive buffer grows by itself; null until the program has read. */
  receiveTuning: ReceiveTuning | null = null;
  sendLimit = 0;

  constructor(
    tcp: TcpContext,
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

  /** A timer of this connection fired. */
  abstract run(tag: number): void;

  get stateName(): string {
    return stateName(this.state);
  }

  /** Bytes written that were never sent (SIOCOUTQNSD). */
  get unsent(): number {
    return (this.writeSeq - this.sndNxt) & 0x7fffffff;
  }

  /** Sequence numbers sent and not acknowledged (RFC 5681's FlightSize). */
  get flight(): number {
    return (this.sndNxt - this.sndUna) | 0;
  }

  /** Linux's rule (`sk_stream_is_writeable`): a third of the buffer is free. */
  get writable(): boolean {
    return this.sendQueue.bytes * 3 <= this.sendLimit * 2;
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

  /** The ACK that was put off, if it is not out yet, goes when the segments at hand are done with. */
  acknowledge(now: boolean): void {
    this.ackPending = true;
    if (now) this.ackNow = true;
    if (!this.dirty) this.tcp.markDirty(this);
  }

  /** The end, for whatever reason: everything but what the program may still read is given back. */
  finish(errno: number, why: string): void {
    if (this.state === TcpState.Closed) return;
    // RFC 4022's tcpAttemptFails: an attempt to connect, from either side, that came to nothing.
    if (this.state === TcpState.SynSent || this.state === TcpState.SynReceived) this.tcp.counters.attemptFails++;
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
    this.rack.forget();
    this.ackPending = false;
    this.ackNow = false;
    this.outputPending = false;
    this.sackedBytes = 0;
    this.sackedSegments = 0;
    this.lostBytes = 0;
    this.resentBytes = 0;
    this.lostPending = 0;
  }

  timer(tag: number): Timer {
    return new Timer(this.node.clock, this, tag);
  }

  /** Ends a packet that went no further. */
  drop(packet: PacketBuffer, reason: number): void {
    this.node.drop(packet, reason);
  }

  applyOptions(): void {
    const { options, node, flow } = this;
    const { limits } = node;
    // What has grown by itself stays, unless the program chooses.
    const receive = options.receiveBuffer || Math.max(this.receiveLimit, limits.receiveBufferBytes);
    const send = options.sendBuffer || Math.max(this.sendLimit, limits.sendBufferBytes);
    this.receiveLimit = Math.min(receive, limits.maxBufferBytes);
    this.sendLimit = Math.min(send, limits.maxBufferBytes);
    if (options.quickAck) this.quickAcks = 16;
    if (options.ttl >= 0) flow.ttl = options.ttl;
    if (options.tos >= 0) flow.tos = options.tos;
  }
}
