import { Drop } from '../../base/drop-reasons.ts';
import { Errno } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import type { Flow } from '../../l3-network/network-layer.ts';
import type { PortBinding } from '../ports.ts';
import type { TcpConnection } from './connection.ts';
import type { PassiveOpener, TcpContext } from './control-block.ts';
import type { TcpSocketOptions } from './options.ts';
import { answerSyn } from './passive-open.ts';
import { TcpState } from './states.ts';
import { COOKIES_VALID_NS, type SynCookies } from './syn-cookie.ts';
import { Flag, type SegmentFields } from './tcp-header.ts';
import { sendReset } from './transmit.ts';

export interface ListenerOwner {
  /** A connection waits to be accepted. Called as `StreamOwner.streamReady` is. */
  listenerReady(): void;
}

/** What a listener needs of its TCP. */
interface ListenerContext extends TcpContext {
  readonly cookies: SynCookies;
  /** The way to a packet's sender; null when there is none. */
  wayBack(packet: PacketBuffer): Flow | null;
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
  /** When a SYN was last answered with a cookie, ns; -1: never. */
  private cookieAtNs = -1;
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
    // Unless it brings back a cookie, which nobody could have got long after the last was given out.
    if ((flags & Flag.Ack) !== 0) {
      if ((flags & Flag.Syn) === 0 && this.cookiesAreOut) {
        this.takeCookie(segment, packet);
        return;
      }
      this.tcp.resetFor(packet, segment, Drop.TCP_NO_CONNECTION);
      return;
    }
    // "Third, check for a SYN"; "Fourth, other data or control: [...] drop the segment". SYN and FIN together are an
    // attempt to slip past a filter: dropped, as Linux does.
    if ((flags & (Flag.Syn | Flag.Fin)) !== Flag.Syn) {
      this.tcp.node.drop(packet, Drop.TCP_BAD_FLAGS);
      return;
    }
    if (this.full) {
      this.tcp.node.drop(packet, Drop.TCP_BACKLOG_FULL);
      return;
    }
    // As Linux: who comes after a connection in TIME-WAIT is real, and is kept in place of it. A cookie could not go on
    // from that one's numbers.
    if (this.halfOpen < this.tcp.node.limits.synBacklog || (after !== null && this.tcp.options.synCookies)) {
      this.answerSyn(segment, packet, after);
    } else if (this.tcp.options.synCookies) {
      this.giveCookie(segment, packet);
    } else {
      this.tcp.node.drop(packet, Drop.TCP_BACKLOG_FULL);
    }
  }

  /** Was one given out so lately that it may still come back? */
  private get cookiesAreOut(): boolean {
    return this.cookieAtNs >= 0 && this.tcp.node.clock.now - this.cookieAtNs < COOKIES_VALID_NS;
  }

  private giveCookie(segment: SegmentFields, packet: PacketBuffer): void {
    const flow = this.tcp.wayBack(packet);
    this.tcp.node.drop(packet, flow === null ? Drop.TCP_BAD_ADDRESS : Drop.TCP_DONE);
    if (flow === null) return;
    this.cookieAtNs = this.tcp.node.clock.now;
    this.tcp.cookies.answer(flow, segment, this.options);
  }

  /** An ACK that should bring a cookie back: with a right one the handshake is complete, otherwise it is reset. */
  private takeCookie(segment: SegmentFields, packet: PacketBuffer): void {
    const { cookies, node } = this.tcp;
    const mss = cookies.check(segment, packet);
    if (mss === 0) {
      this.tcp.resetFor(packet, segment, Drop.TCP_NO_CONNECTION);
      return;
    }
    // As Linux: forgotten. The peer will send its data again, and with it the cookie.
    if (this.full) {
      node.drop(packet, Drop.TCP_BACKLOG_FULL);
      return;
    }
    const c = this.tcp.accepted(this, packet, segment, null);
    if (c === null) {
      node.drop(packet, Drop.TCP_BAD_ADDRESS);
      return;
    }
    this.linkHalfOpen(c);
    c.listener = this;
    cookies.restore(c, segment, packet, mss);
  }

  private answerSyn(segment: SegmentFields, packet: PacketBuffer, after: number | null): void {
    const c = this.tcp.accepted(this, packet, segment, after);
    this.tcp.node.drop(packet, c === null ? Drop.TCP_BAD_ADDRESS : Drop.TCP_DONE);
    if (c === null) return;
    this.linkHalfOpen(c);
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

  private linkHalfOpen(c: TcpConnection): void {
    c.listenNext = this.halfOpenHead;
    if (this.halfOpenHead !== null) this.halfOpenHead.listenPrev = c;
    this.halfOpenHead = c;
    this.halfOpen++;
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
