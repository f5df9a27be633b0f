import { Drop } from '@netarium/stack/base/drop-reasons';
import type { PacketBuffer } from '@netarium/stack/base/packet-buffer';
import { Direction } from '@netarium/stack/base/trace';
import { Wire } from './wire.ts';

/**
 * A wire that carries frames as messages of bytes: datagrams, a stream with lengths, a WebSocket, another thread.
 *
 * Outwards each frame is copied once (the socket holds its memory for as long as it likes) and dropped when too much
 * waits already: what a full queue does. Inwards the frames of one turn of the event loop are one batch.
 */
export abstract class MessageWire extends Wire {
  private readonly inbox: PacketBuffer[] = [];
  private readonly empty = (): void => this.deliverAll();

  close(): void {
    this.discardInbox();
    this.setCarrier(false, 'closed');
  }

  /** Bytes that wait outside to be sent. */
  protected abstract get waitingBytes(): number;

  /** Sends a copy of `bytes[start, end)`, whose checksums are complete. False: it could not be sent. */
  protected abstract post(bytes: Uint8Array, start: number, end: number): boolean;

  protected send(frame: PacketBuffer): void {
    if (this.waitingBytes > this.limits.outboxBytes) {
      this.refuse(frame, Drop.LINK_QUEUE_FULL, Direction.Out);
      return;
    }
    const whole = this.completed(frame);
    if (this.post(whole.bytes, whole.start, whole.end)) {
      this.sent(whole);
      whole.release();
    } else {
      this.refuse(whole, Drop.LINK_DOWN, Direction.Out);
    }
  }

  /** A frame came: `bytes[start, end)`, which are copied. */
  protected receive(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const { pool } = this.network;
    if (end - start > this.limits.frameBytes) {
      this.refused(Drop.LINK_TOO_LONG, `${end - start} bytes`);
    } else if (pool.tight) {
      this.refused(Drop.POOL_EXHAUSTED, 'inwards');
    } else if (this.inbox.length >= this.limits.inboxFrames) {
      this.refused(Drop.LINK_QUEUE_FULL, 'inwards');
    } else {
      const frame = pool.acquire(end - start);
      frame.append(bytes, start, end);
      if (this.inbox.push(frame) === 1) setImmediate(this.empty);
    }
  }

  private deliverAll(): void {
    if (this.inbox.length === 0) return;
    this.network.scheduler.external(() => {
      const frames = this.inbox.splice(0);
      this.beginBatch();
      for (const frame of frames) this.deliver(frame);
      this.endBatch();
    });
  }

  private discardInbox(): void {
    for (const frame of this.inbox.splice(0)) this.refuse(frame, Drop.LINK_DOWN, Direction.In);
  }
}
