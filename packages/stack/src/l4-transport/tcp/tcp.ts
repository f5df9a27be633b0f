import { finish as finishSum, sum } from '../../base/checksum.ts';
import { Drop, type DropReason } from '../../base/drop-reasons.ts';
import { Errno } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { Checksum, type PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import { Cast, type Flow, type NetworkLayer, Protocol, type ProtocolHandler } from '../../l3-network/network-layer.ts';
import { type PortBinding, PortTable } from '../ports.ts';
import { destinationOf, deviceOf, pseudoSum, rightChecksum, scopeOf, sourceOf } from './addresses.ts';
import { type StreamOwner, TcpConnection } from './connection.ts';
import type { TcpContext } from './control-block.ts';
import { TcpCounters } from './counters.ts';
import { EndpointTable, portsKey } from './demux.ts';
import { predicted } from './fast-path.ts';
import { icmpErrorArrives, quotedLocal, quotedRemote } from './icmp.ts';
import { segmentArrives } from './input.ts';
import { SequenceSource } from './isn.ts';
import { type ListenerOwner, TcpListener } from './listener.ts';
import { acknowledgementOf, resetAnswering } from './lone-segment.ts';
import { socketOptions, TCP_OPTIONS, type TcpOptions, type TcpSocketOptions } from './options.ts';
import { type Acceptor, answerSyn } from './passive-open.ts';
import { Mark, SegmentPool } from './segment.ts';
import { TcpState } from './states.ts';
import { SynCookies } from './syn-cookie.ts';
import { CHECKSUM, Flag, readSegment, SegmentFields } from './tcp-header.ts';
import { type TimeWait, TimeWaitTable } from './time-wait.ts';
import { transmit, updateSegmentSize, windowScaleFor } from './transmit.ts';

export { Ready } from '../readiness.ts';
export { type StreamOwner, TcpConnection } from './connection.ts';
export { type ListenerOwner, TcpListener } from './listener.ts';
export { SOCKET_OPTIONS, socketOptions, type TcpOptions, type TcpSocketOptions } from './options.ts';
export type { Acceptor } from './passive-open.ts';
export { stateName, TcpState } from './states.ts';

/** The Transmission Control Protocol of one host (RFC 9293): registers itself with the network layer. */
export class Tcp implements ProtocolHandler, TcpContext {
  readonly node: NodeContext;
  readonly network: NetworkLayer;
  readonly options: TcpOptions;
  readonly ports: PortTable;
  readonly counters: TcpCounters = new TcpCounters();
  readonly segments: SegmentPool = new SegmentPool();
  readonly timeWaits: TimeWaitTable;
  readonly cookies: SynCookies;
  /**
   * Who takes segments, checked, that belong to no connection and no listener, and would be answered with a RST: a
   * gateway that stands for others. It owns them, and ends each with `answer` or `refuse`, now or later, or drops it.
   */
  unclaimed: ProtocolHandler | null = null;
  private readonly table: EndpointTable<TcpConnection>;
  private readonly byPort = new Map<number, TcpListener>();
  private readonly sequences: SequenceSource;
  private readonly fields = new SegmentFields();
  /** Connections and listeners with something to do once the segments at hand were read. */
  private dirtyHead: TcpConnection | null = null;
  private dirtyTail: TcpConnection | null = null;
  private dirtyListeners: TcpListener | null = null;
  private batches = 0;
  private flushing = false;

  constructor(node: NodeContext, network: NetworkLayer, options: Partial<TcpOptions> = {}) {
    this.node = node;
    this.network = network;
    this.options = { ...TCP_OPTIONS, ...options };
    const random = node.random.fork('tcp');
    this.ports = new PortTable(node, 'tcp ports');
    this.sequences = new SequenceSource(random);
    this.cookies = new SynCookies(this, this.sequences, random.fork('syn cookies'));
    this.table = new EndpointTable<TcpConnection>(random.u32());
    this.timeWaits = new TimeWaitTable(this, random.u32());
    network.register(Protocol.Tcp, this);
  }

  /**
   * Active OPEN: sends a SYN from `binding` to `remote`. Returns the connection in SYN-SENT, or a negated error number:
   * ENETUNREACH, EADDRNOTAVAIL (from `NetworkLayer.open`), EADDRINUSE (these two ends are connected already).
   * The connection holds the binding until its end, TIME-WAIT included.
   */
  connect(
    binding: PortBinding,
    remote: IpAddress,
    remotePort: number,
    owner: StreamOwner | null = null,
    options: Partial<TcpSocketOptions> = {},
  ): TcpConnection | number {
    // RFC 9293 3.9.2.3: "An OPEN call [...] to a broadcast or multicast address MUST be rejected".
    if (remote.isMulticast || remote.equals(IpAddress.BROADCAST4)) return -Errno.ENETUNREACH;
    if (remotePort <= 0 || remotePort > 65535) return -Errno.EADDRNOTAVAIL;
    const flow = this.network.open(remote, Protocol.Tcp, binding.address, scopeOf(options.device ?? 0));
    if (typeof flow === 'number') return flow;
    if (flow.cast !== Cast.Unicast) return -Errno.ENETUNREACH;
    const ports = portsKey(remotePort, binding.port);
    if (this.table.find(ports, flow.remote, flow.local) !== null) return -Errno.EADDRINUSE;
    const waiting = this.timeWaits.table.find(ports, flow.remote, flow.local);
    const { now } = this.node.clock;
    if (waiting !== null) {
      // RFC 6191 and Linux's tcp_tw_reuse: timestamps tell the new connection from the old one after a second.
      if (!waiting.timestamps || now - waiting.tsRecentAtNs < 1e9) return -Errno.EADDRINUSE;
      this.timeWaits.end(waiting, 'a new connection takes its place');
    }
    const c = new TcpConnection(this, flow, binding, binding.port, remotePort, socketOptions(options));
    binding.retain();
    c.owner = owner;
    this.prepare(c, waiting === null ? null : waiting.sndNxt);
    c.setState(TcpState.SynSent, 'active OPEN');
    this.counters.activeOpens++;
    this.table.add(c);
    c.sendQueue.appendControl(Mark.Syn, c.iss);
    c.writeSeq = (c.iss + 1) | 0;
    const syn = c.sendQueue.head!;
    c.sendQueue.unsent = null;
    transmit(c, syn, '');
    return c;
  }

  /** Passive OPEN. Returns the listener, which holds the binding, or -EADDRINUSE. */
  listen(
    binding: PortBinding,
    backlog: number,
    owner: ListenerOwner | null = null,
    options: Partial<TcpSocketOptions> = {},
  ): TcpListener | number {
    if (!binding.mayListen()) return -Errno.EADDRINUSE;
    const listener = new TcpListener(this, binding, backlog, owner, socketOptions(options));
    binding.retain();
    binding.listening = true;
    listener.next = this.byPort.get(binding.port) ?? null;
    this.byPort.set(binding.port, listener);
    return listener;
  }

  /** All connections but those in TIME-WAIT, which are `timeWaits`. */
  connections(): Iterable<TcpConnection> {
    return this.table;
  }

  *listeners(): Iterable<TcpListener> {
    for (const first of this.byPort.values()) {
      for (let listener: TcpListener | null = first; listener !== null; listener = listener.next) yield listener;
    }
  }

  /**
   * Who delivers several packets in a row puts them between `beginBatch` and `endBatch`: acknowledgements and wake-ups
   * then go out once, at the end.
   */
  beginBatch(): void {
    this.batches++;
  }

  endBatch(): void {
    this.batches--;
    this.flushUnlessBatched();
  }

  input(packet: PacketBuffer, cast: Cast): void {
    const { node, fields } = this;
    this.counters.inSegs++;
    const { view } = packet;
    const reason = readSegment(view, packet.start, packet.end, fields);
    if (reason !== 0 || cast !== Cast.Unicast) {
      if (reason !== 0) this.counters.inErrs++;
      node.drop(packet, reason !== 0 ? reason : Drop.TCP_BAD_ADDRESS);
      return;
    }
    if (packet.checksum === Checksum.None && !rightChecksum(packet)) {
      this.counters.inErrs++;
      node.drop(packet, Drop.TCP_BAD_CHECKSUM);
      return;
    }
    if (node.trace !== null) node.trace.event(node.name, 4, What.Receive, packet, 0, '', 'RFC 9293 3.10.7');
    const c = this.table.findIn(view.getInt32(packet.start), view, packet.l3);
    if (c === null) this.unmatched(packet);
    else if (!this.options.fastPath || !predicted(c, fields, packet)) segmentArrives(c, fields, packet);
    if (this.batches === 0) this.flush();
  }

  icmpError(packet: PacketBuffer, type: number, code: number, mtu: number, from: IpAddress): void {
    const { view, start, l3 } = packet;
    if (packet.end - start < 8) return;
    const ports = portsKey(view.getUint16(start + 2), view.getUint16(start));
    const c = this.table.find(ports, quotedRemote(view, l3), quotedLocal(view, l3));
    if (c === null) {
      if (this.unclaimed !== null) this.unclaimed.icmpError(packet, type, code, mtu, from);
      return;
    }
    icmpErrorArrives(c, packet, type, code, mtu);
    this.flushUnlessBatched();
  }

  flushUnlessBatched(): void {
    if (this.batches === 0) this.flush();
  }

  /** Does what the segments read so far made possible: wake-ups, sending, acknowledging. */
  private flush(): void {
    if (this.flushing) return;
    this.flushing = true;
    try {
      while (this.dirtyHead !== null || this.dirtyListeners !== null) {
        if (this.dirtyHead !== null) this.settleNext(this.dirtyHead);
        else this.tellNext(this.dirtyListeners!);
      }
    } finally {
      // Should a program's callback throw, the others are still served by the next segment.
      this.flushing = false;
    }
  }

  private settleNext(c: TcpConnection): void {
    this.dirtyHead = c.dirtyNext;
    if (this.dirtyHead === null) this.dirtyTail = null;
    c.dirtyNext = null;
    c.dirty = false;
    c.settle();
  }

  private tellNext(listener: TcpListener): void {
    this.dirtyListeners = listener.dirtyNext;
    listener.dirtyNext = null;
    listener.dirty = false;
    if (listener.owner !== null && listener.pending > 0) listener.owner.listenerReady();
  }

  markDirty(c: TcpConnection): void {
    c.dirty = true;
    if (this.dirtyTail === null) this.dirtyHead = c;
    else this.dirtyTail.dirtyNext = c;
    this.dirtyTail = c;
  }

  markListenerDirty(listener: TcpListener): void {
    if (listener.dirty) return;
    listener.dirty = true;
    listener.dirtyNext = this.dirtyListeners;
    this.dirtyListeners = listener;
  }

  /** Takes an ended connection out of the table, and off its listener. */
  remove(c: TcpConnection): void {
    this.table.remove(c);
    if (c.listener !== null) c.listener.ended(c);
  }

  removeListener(listener: TcpListener): void {
    const port = listener.localPort;
    const first = this.byPort.get(port) ?? null;
    if (first === listener) {
      if (listener.next === null) this.byPort.delete(port);
      else this.byPort.set(port, listener.next);
    } else {
      let before = first;
      while (before !== null && before.next !== listener) before = before.next;
      if (before !== null) before.next = listener.next;
    }
    listener.binding.listening = false;
  }

  /**
   * Passive OPEN of a single connection: answers a SYN that `unclaimed` was given, takes it over, and returns the
   * connection in SYN-RECEIVED; null when there is no way back to its sender.
   */
  answer(syn: PacketBuffer, opener: Acceptor): TcpConnection | null {
    const { fields } = this;
    readSegment(syn.view, syn.start, syn.end, fields);
    const c = this.accepted(opener, syn, fields, this.takePlaceOf(this.waitingFor(syn)));
    if (c !== null) answerSyn(c, fields, opener);
    this.node.drop(syn, c === null ? Drop.TCP_BAD_ADDRESS : Drop.TCP_DONE);
    return c;
  }

  /**
   * RFC 9293 3.10.7.1, CLOSED: "An incoming segment containing a RST is discarded. An incoming segment not containing a
   * RST causes a RST to be sent in response." Takes the packet over.
   */
  refuse(packet: PacketBuffer): void {
    const { fields, node } = this;
    readSegment(packet.view, packet.start, packet.end, fields);
    const opens = (fields.flags & (Flag.Syn | Flag.Ack)) === Flag.Syn;
    if ((fields.flags & Flag.Rst) !== 0) node.drop(packet, Drop.TCP_NO_CONNECTION);
    else this.resetFor(packet, fields, opens ? Drop.TCP_NO_PORT : Drop.TCP_NO_CONNECTION);
  }

  /** A connection for a SYN that came to `listener`; null when there is no way back to its sender. */
  accepted(
    listener: Acceptor,
    packet: PacketBuffer,
    segment: SegmentFields,
    after: number | null,
  ): TcpConnection | null {
    const flow = this.wayBack(packet);
    if (flow === null) return null;
    const { binding } = listener;
    const c = new TcpConnection(this, flow, binding, segment.destinationPort, segment.sourcePort, listener.options);
    binding.retain();
    this.prepare(c, after);
    this.table.add(c);
    return c;
  }

  /** The way to a packet's sender; null when there is none. */
  wayBack(packet: PacketBuffer): Flow | null {
    const remote = sourceOf(packet);
    if (remote.isMulticast || remote.isUnspecified || remote.equals(IpAddress.BROADCAST4)) return null;
    const flow = this.network.open(remote, Protocol.Tcp, destinationOf(packet), scopeOf(deviceOf(packet, remote)));
    return typeof flow === 'number' ? null : flow;
  }

  /** Initial sequence number, timestamp offset, window scale. `after`: SND.NXT of the connection it comes after. */
  private prepare(c: TcpConnection, after: number | null): void {
    const { now } = this.node.clock;
    c.iss = this.sequences.isn(c.local, c.localPort, c.remote, c.remotePort, now);
    // RFC 1122 4.2.2.13 (b): "assigns its initial sequence number for the new connection to be larger than the largest
    // sequence number it used on the previous connection incarnation". A window's width on, as Linux has it.
    if (after !== null) c.iss = (after + 65535 + 2) | 0;
    c.sndUna = c.iss;
    c.sndNxt = c.iss;
    c.sndSml = c.iss;
    c.recoveryPoint = c.iss;
    if (c.timestamps) c.tsOffset = this.sequences.timestampOffset(c.local, c.remote);
    c.lastReceivedNs = now;
    c.progressAtNs = now;
    updateSegmentSize(c);
    if (c.scaling) c.rcvScale = windowScaleFor(c.receiveLimit, this.node.limits);
  }

  /** RFC 9293 3.10.7.1: no connection: what is left of one, a listener, somebody who takes it, or a reset. */
  private unmatched(packet: PacketBuffer): void {
    const { fields } = this;
    const waiting = this.waitingFor(packet);
    if (waiting !== null && !this.timeWaits.input(waiting, fields, packet)) return;
    const listener = this.listenerFor(packet);
    if (listener !== null) {
      listener.input(fields, packet, this.takePlaceOf(waiting));
    } else if (this.unclaimed !== null) {
      if (packet.checksum === Checksum.None) packet.checksum = Checksum.Verified;
      this.unclaimed.input(packet, Cast.Unicast);
    } else {
      this.refuse(packet);
    }
  }

  /** What is left of a connection between the same ends. */
  private waitingFor(packet: PacketBuffer): TimeWait | null {
    return this.timeWaits.table.findIn(packet.view.getInt32(packet.start), packet.view, packet.l3);
  }

  /** Ends a TIME-WAIT for a new connection's sake, and returns the number that it must come after. */
  private takePlaceOf(waiting: TimeWait | null): number | null {
    if (waiting === null) return null;
    this.timeWaits.end(waiting, 'a new SYN came');
    return waiting.sndNxt;
  }

  /** Who listens on the packet's destination: on its address rather than on all. */
  private listenerFor(packet: PacketBuffer): TcpListener | null {
    let listener = this.byPort.get(this.fields.destinationPort) ?? null;
    if (listener === null) return null;
    const destination = destinationOf(packet);
    let general: TcpListener | null = null;
    for (; listener !== null; listener = listener.next) {
      const { local } = listener;
      if (local === null) {
        const { family } = listener.options;
        if (general === null && (family === 0 || family === destination.family)) general = listener;
      } else if (local.equals(destination)) {
        return listener;
      }
    }
    return general;
  }

  /** Answers a segment with a RST and drops it. */
  resetFor(packet: PacketBuffer, segment: SegmentFields, reason: DropReason): void {
    const local = destinationOf(packet);
    const remote = sourceOf(packet);
    const device = deviceOf(packet, remote);
    this.node.drop(packet, reason);
    if ((segment.flags & Flag.Rst) !== 0 || remote.isMulticast || remote.isUnspecified) return;
    this.counters.outRsts++;
    this.sendAlone(resetAnswering(segment, this.node.pool), local, remote, device);
  }

  /** An ACK from a connection in TIME-WAIT. */
  acknowledgeFor(waiting: TimeWait): void {
    this.sendAlone(acknowledgementOf(waiting, this.node), waiting.local, waiting.remote, 0);
  }

  /** Sends a segment that belongs to no connection. */
  private sendAlone(packet: PacketBuffer, local: IpAddress, remote: IpAddress, device: number): void {
    const { node } = this;
    packet.l4 = packet.start;
    const initial = pseudoSum(local, remote) + packet.length;
    packet.view.setUint16(packet.start + CHECKSUM, finishSum(sum(packet.view, packet.start, packet.end, initial)));
    this.counters.outSegs++;
    if (node.trace !== null) node.trace.event(node.name, 4, What.Send, packet, 0, '', 'RFC 9293 3.10.7.1');
    this.network.send(packet, Protocol.Tcp, local, remote, scopeOf(device));
  }
}
