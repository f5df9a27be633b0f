import type { Task } from '../base/clock.ts';
import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import { Ready } from '../l4-transport/readiness.ts';
import { receiveBufferFor, sendBufferFor } from './buffer-sizes.ts';
import * as c from './constants.ts';
import { Descriptor } from './descriptor.ts';

/**
 * One end of `socketpair`: two streams within one machine, end to end, without any network between them, as AF_UNIX
 * makes them. What one sends waits in the other until it is received.
 *
 * Waking the other end goes by the event queue, so that no call runs inside another.
 */
export class StreamPairEnd extends Descriptor implements Task {
  private peer: StreamPairEnd | null = null;
  private readonly chunks: Uint8Array[] = [];
  /** How much of the first chunk was read already. */
  private headOffset = 0;
  private queued = 0;
  private receiveBuffer: number;
  private sendBuffer: number;
  private sendShut = false;
  private receiveShut = false;
  private error = 0;
  /** Readiness that the event queue is about to report. */
  private owed = 0;

  static pair(node: NodeContext): [StreamPairEnd, StreamPairEnd] {
    const a = new StreamPairEnd(node);
    const b = new StreamPairEnd(node);
    a.peer = b;
    b.peer = a;
    return [a, b];
  }

  private constructor(node: NodeContext) {
    super(node, c.AF_UNIX, c.SOCK_STREAM, 0);
    this.receiveBuffer = node.limits.receiveBufferBytes;
    this.sendBuffer = node.limits.sendBufferBytes;
  }

  get readiness(): number {
    const { receivesNoMore, sendsNoMore } = this;
    let ready = 0;
    if (this.queued > 0 || receivesNoMore) ready |= Ready.In;
    if (receivesNoMore) ready |= Ready.RdHup;
    if (sendsNoMore || this.peer!.room > 0) ready |= Ready.Out;
    if (receivesNoMore && sendsNoMore) ready |= Ready.Hup;
    if (this.error !== 0) ready |= Ready.Err;
    return ready;
  }
  get localAddress(): IpAddress {
    return IpAddress.ANY4;
  }
  get localPort(): number {
    return 0;
  }
  get remoteAddress(): IpAddress | null {
    return null;
  }
  get remotePort(): number {
    return 0;
  }
  override get available(): number {
    return this.queued;
  }

  override takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  override connect(): number {
    return this.closed ? -Errno.EBADF : -Errno.EISCONN;
  }
  override bind(): number {
    return this.closed ? -Errno.EBADF : -Errno.EINVAL;
  }
  override listen(): number {
    return this.closed ? -Errno.EBADF : -Errno.EINVAL;
  }
  override accept(): number {
    return this.closed ? -Errno.EBADF : -Errno.EINVAL;
  }

  send(bytes: Uint8Array, offset: number, length: number, flags = 0): number {
    if (this.closed) return -Errno.EBADF;
    if (flags & c.MSG_OOB) return -Errno.EOPNOTSUPP;
    if (this.error !== 0) return -this.takeError();
    const { peer } = this;
    if (peer === null || this.sendsNoMore) return -Errno.EPIPE;
    if (length === 0) return 0;
    const n = Math.min(length, peer.room);
    if (n <= 0) return -Errno.EAGAIN;
    peer.chunks.push(bytes.slice(offset, offset + n));
    peer.queued += n;
    peer.owe(Ready.In);
    return n;
  }

  receive(into: Uint8Array, offset: number, length: number, flags = 0): number {
    if (this.closed) return -Errno.EBADF;
    if (flags & c.MSG_OOB) return -Errno.EOPNOTSUPP;
    if (this.queued === 0) {
      if (this.error !== 0) return -this.takeError();
      return this.receivesNoMore ? 0 : -Errno.EAGAIN;
    }
    return flags & c.MSG_PEEK ? this.peek(into, offset, length) : this.read(into, offset, length);
  }

  shutdown(how: number): number {
    if (this.closed) return -Errno.EBADF;
    if (how !== c.SHUT_RD && how !== c.SHUT_WR && how !== c.SHUT_RDWR) return -Errno.EINVAL;
    if (how !== c.SHUT_RD) this.sendShut = true;
    if (how !== c.SHUT_WR) this.receiveShut = true;
    this.owe(Ready.In | Ready.Out);
    if (this.peer !== null) this.peer.owe(Ready.In | Ready.Out | Ready.RdHup);
    return 0;
  }

  override getOption(level: number, name: number): number {
    if (this.closed) return -Errno.EBADF;
    if (level === c.SOL_SOCKET && name === c.SO_RCVBUF) return this.receiveBuffer * 2;
    if (level === c.SOL_SOCKET && name === c.SO_SNDBUF) return this.sendBuffer * 2;
    return super.getOption(level, name);
  }

  override setOption(level: number, name: number, value: number): number {
    if (this.closed) return -Errno.EBADF;
    if (level === c.SOL_SOCKET && name === c.SO_RCVBUF) {
      this.receiveBuffer = receiveBufferFor(value, this.node.limits);
      return 0;
    }
    if (level === c.SOL_SOCKET && name === c.SO_SNDBUF) {
      this.sendBuffer = sendBufferFor(value, this.node.limits);
      return 0;
    }
    return super.setOption(level, name, value);
  }

  run(): void {
    const events = this.owed;
    this.owed = 0;
    if (!this.closed) this.notify(events);
  }

  protected release(): void {
    const { peer } = this;
    if (peer !== null) {
      // As Linux's unix(7): unread bytes are lost, and the other end hears of it.
      if (this.queued > 0) peer.error = Errno.ECONNRESET;
      peer.peer = null;
      peer.owe(Ready.In | Ready.Out | Ready.Hup | Ready.RdHup);
    }
    this.peer = null;
    this.chunks.length = 0;
    this.queued = 0;
  }

  /** What one end shuts, the other finds shut. */
  private get receivesNoMore(): boolean {
    return this.receiveShut || this.peer === null || this.peer.sendShut;
  }
  private get sendsNoMore(): boolean {
    return this.sendShut || this.peer === null || this.peer.receiveShut;
  }

  /** How many bytes more may be sent to this end. */
  private get room(): number {
    return this.receiveBuffer - this.queued;
  }

  private owe(events: number): void {
    if (this.owed === 0) this.node.clock.at(this.node.clock.now, this, 0);
    this.owed |= events;
  }

  private peek(into: Uint8Array, offset: number, length: number): number {
    let copied = 0;
    let from = this.headOffset;
    for (const chunk of this.chunks) {
      if (copied === length) break;
      const n = Math.min(chunk.length - from, length - copied);
      into.set(chunk.subarray(from, from + n), offset + copied);
      copied += n;
      from = 0;
    }
    return copied;
  }

  private read(into: Uint8Array, offset: number, length: number): number {
    const wasFull = this.room <= 0;
    let copied = 0;
    while (copied < length && this.chunks.length > 0) {
      const chunk = this.chunks[0]!;
      const n = Math.min(chunk.length - this.headOffset, length - copied);
      into.set(chunk.subarray(this.headOffset, this.headOffset + n), offset + copied);
      copied += n;
      this.headOffset += n;
      if (this.headOffset === chunk.length) {
        this.chunks.shift();
        this.headOffset = 0;
      }
    }
    this.queued -= copied;
    if (wasFull && this.room > 0 && this.peer !== null) this.peer.owe(Ready.Out);
    return copied;
  }
}
