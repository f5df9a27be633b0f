import { Drop } from '../../base/drop-reasons.ts';
import { Errno } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import type { PortBinding } from '../ports.ts';
import type { TcpConnection } from './connection.ts';
import type { PassiveOpener, TcpContext } from './control-block.ts';
import type { TcpSocketOptions } from './options.ts';
import { answerSyn } from './passive-open.ts';
import { TcpState } from './states.ts';
import { Flag, type SegmentFields } from './tcp-header.ts';
import { sendReset } from './transmit.ts';

export interface ListenerOwner {
  /** A connection waits to be accepted. Called as `StreamOwner.streamReady` is. */
  listenerReady(): void;
}

/** What a listener needs of its TCP. */
interface ListenerContext extends TcpContext {
  /** A connection for a SYN that came; null when there is no way back to its sender. */
  accepted(
    listener: TcpListener,
    packet: PacketBuffer,
    segment: SegmentFields,
    after: number | null,
  ): TcpConnection | null;
  removeListener(listener: TcpListener): void;
  markListenerDirty(listener: TcpListener): void;
}

/** A passive OPEN (RFC 9293 3.10.7.2): connections that are being opened, and those that wait for `accept`. */
export class TcpListener implements PassiveOpener {
  owner: ListenerOwner | null;
  readonly binding: PortBinding;
  readonly options: TcpSocketOptions;
  readonly state: TcpState = TcpState.Listen;
  readonly stateName = 'LISTEN';
  /** Connections in SYN-RECEIVED. */
  halfOpen = 0;
  /** The next listener on the same port number. Belongs to `Tcp`. */
  next: TcpListener | null = null;
  /** To be told, once the segments at hand were read. Belongs to `Tcp`. */
  dirty = false;
  dirtyNext: TcpListener | null = null;
  private open = true;
  private backlog = 0;
  private waiting = 0;
  private readonly tcp: ListenerContext;
  private halfOpenHead: TcpConnection | null = null;
  private acceptHead: TcpConnection | null = null;
  private acceptTail: TcpConnection | null = null;

  constructor(
    tcp: ListenerContext,
    binding: PortBinding,
    backlog: number,
    owner: ListenerOwner | null,
    options: TcpSocketOptions,
  ) {
    this.tcp = tcp;
    this.binding = binding;
    this.owner = owner;
    this.options = options;
    this.setBacklog(backlog);
  }

  /** null: all addresses of the host. */
  get local(): IpAddress | null {
    return this.binding.address;
  }

  get localPort(): number {
    return this.binding.port;
  }

  /** Connections that wait for `accept`. */
  get pending(): number {
    return this.waiting;
  }

  /** How many may wait: as on Linux one more than asked for, and the host's limit at most. */
  setBacklog(n: number): void {
    this.backlog = Math.min(Math.max(n, 0), this.tcp.node.limits.listenBacklog);
  }

  /** The connection that has waited longest, or null. It may have been reset in the meantime. */
  accept(): TcpConnection | null {
    const c = this.acceptHead;
    if (c === null) return null;
    this.acceptHead = c.listenNext;
    if (this.acceptHead === null) this.acceptTail = null;
    c.waitsForAccept = false;
    c.listenNext = null;
    c.listener = null;
    this.waiting--;
    return c;
  }

  /** No more connections; those that nobody accepted are reset. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.owner = null;
    this.tcp.removeListener(this);
    for (let c = this.accept(); c !== null; c = this.accept()) c.abort();
    while (this.halfOpenHead !== null) {
      const c: TcpConnection = this.halfOpenHead;
      sendReset(c);
      c.finish(Errno.ECONNABORTED, 'the listener was closed');
    }
    this.binding.release();
  }

  private get full(): boolean {
    return this.waiting > this.backlog;
  }

  /** RFC 9293 3.10.7.2: a segment for LISTEN. `after`: SND.NXT of a connection in TIME-WAIT whose place it takes, or null. */
  input(segment: SegmentFields, packet: PacketBuffer, after: number | null): void {
    const { flags } = segment;
    // "First, check for a RST: An incoming RST segment [...] should be ignored."
    if ((flags & Flag.Rst) !== 0) {
      this.tcp.node.drop(packet, Drop.TCP_NO_CONNECTION);
      return;
    }
    // "Second, check for an ACK: Any acknowledgment is bad if it arrives on a connection still in the LISTEN state."
    if ((flags & Flag.Ack) !== 0) {
      this.tcp.resetFor(packet, segment, Drop.TCP_NO_CONNECTION);
      return;
    }
    // "Third, check for a SYN"; "Fourth, other data or control: [...] drop the segment". SYN and FIN together are an
    // attempt to slip past a filter: dropped, as Linux does.
    if ((flags & (Flag.Syn | Flag.Fin)) !== Flag.Syn) {
      this.tcp.node.drop(packet, Drop.TCP_BAD_FLAGS);
      return;
    }
    if (this.full || this.halfOpen >= this.tcp.node.limits.synBacklog) {
      this.tcp.node.drop(packet, Drop.TCP_BACKLOG_FULL);
      return;
    }
    this.answerSyn(segment, packet, after);
  }

  private answerSyn(segment: SegmentFields, packet: PacketBuffer, after: number | null): void {
    const c = this.tcp.accepted(this, packet, segment, after);
    this.tcp.node.drop(packet, c === null ? Drop.TCP_BAD_ADDRESS : Drop.TCP_DONE);
    if (c === null) return;
    c.listenNext = this.halfOpenHead;
    if (this.halfOpenHead !== null) this.halfOpenHead.listenPrev = c;
    this.halfOpenHead = c;
    this.halfOpen++;
    answerSyn(c, segment, this);
  }

  /** The handshake is complete. False: there is no room, and it is as if the ACK had not come. */
  established(c: TcpConnection): boolean {
    if (this.full) return false;
    this.unlinkHalfOpen(c);
    c.waitsForAccept = true;
    if (this.acceptTail === null) this.acceptHead = c;
    else this.acceptTail.listenNext = c;
    this.acceptTail = c;
    this.waiting++;
    this.tcp.counters.passiveOpens++;
    this.tcp.markListenerDirty(this);
    return true;
  }

  /** A connection that was not accepted yet came to its end. One that was established stays, to be accepted and read. */
  ended(c: TcpConnection): void {
    if (c.waitsForAccept) return;
    this.unlinkHalfOpen(c);
    c.listener = null;
  }

  private unlinkHalfOpen(c: TcpConnection): void {
    if (c.listenPrev === null) this.halfOpenHead = c.listenNext;
    else c.listenPrev.listenNext = c.listenNext;
    if (c.listenNext !== null) c.listenNext.listenPrev = c.listenPrev;
    c.listenNext = null;
    c.listenPrev = null;
    this.halfOpen--;
  }
}
