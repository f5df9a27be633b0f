import { Errno } from '../../base/errors.ts';
import { Ready } from '../readiness.ts';
import { bytesRead, roundTripSeen } from './buffer-tuning.ts';
import { ControlBlock } from './control-block.ts';
import { describeConnection, type TcpInfo } from './info.ts';
import type { TcpSocketOptions } from './options.ts';
import { output, queueFin } from './output.ts';
import { CAN_SEND, FIN_RECEIVED, stateIn, TcpState } from './states.ts';
import { onTimer } from './timeouts.ts';
import { setSlowTimer, TimerTag } from './timers.ts';
import { sendAck, sendReset, updateSegmentSize, windowOpened } from './transmit.ts';

export type { StreamOwner } from './control-block.ts';

/**
 * One connection, as its program sees it: the calls of the user interface of RFC 9293 3.9.1. They return counts or
 * negated error numbers, as the calls of POSIX do.
 */
export class TcpConnection extends ControlBlock {
  declare chain: TcpConnection | null;
  declare dirtyNext: TcpConnection | null;
  declare listenNext: TcpConnection | null;
  declare listenPrev: TcpConnection | null;

  /** Bytes that can be read now. */
  get available(): number {
    return this.receiveQueue.bytes;
  }

  /** Bytes written that are not acknowledged, sent or not (SIOCOUTQ). */
  get unacknowledged(): number {
    return this.sendQueue.bytes;
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
    bytesRead(this, n);
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
    queueFin(this);
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
        queueFin(this);
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
    if (changed.receiveBuffer !== undefined) windowOpened(this);
    output(this);
  }

  /** What `TCP_INFO` tells, under Linux's names. */
  info(): TcpInfo {
    return describeConnection(this);
  }

  /** A timer of this connection fired. */
  run(tag: number): void {
    onTimer(this, tag);
    this.tcp.flushUnlessBatched();
  }

  /** Done with the segments at hand: send what they made possible, wake the program, acknowledge. */
  settle(): void {
    const { events } = this;
    if (events !== 0) {
      this.events = 0;
      if ((events & Ready.In) !== 0 && this.tsEchoed !== 0) {
        roundTripSeen(this, this.tsEchoed);
        this.tsEchoed = 0;
      }
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
