import type { MessagePort } from 'node:worker_threads';
import { Drop } from '@netarium/stack/base/drop-reasons';
import { FrameReader, withLength } from './length-prefix.ts';
import { MessageWire } from './message-wire.ts';
import type { WireNetwork, WireOptions } from './wire.ts';

export interface MessagePortOptions extends WireOptions {
  /** One end of a `MessageChannel`; the other one is given to the worker. */
  port: MessagePort;
}

/**
 * A wire to another thread: a `MessagePort` with a network on either side.
 *
 * A message is either an `ArrayBuffer` with the frames of one turn, each behind its length (see `length-prefix.ts`), which
 * is transferred; or a number: so many frames were taken. A port has no back-pressure of its own, so a sender keeps at
 * most `portFramesInFlight` on the way and drops what is more.
 */
export class MessagePortLink extends MessageWire {
  private readonly port: MessagePort;
  private outgoing: Buffer[] = [];
  private outgoingBytes = 0;
  /** Frames that the other side has not taken yet. */
  private inFlight = 0;
  private taken = 0;
  private closed = false;
  private readonly flushNow = (): void => this.flush();

  constructor(network: WireNetwork, { port, ...options }: MessagePortOptions) {
    super(network, 'message port', options);
    this.port = port;
    port.on('message', (message: unknown) => this.message(message));
    port.on('messageerror', () => this.refused(Drop.FRAME_UNKNOWN_TYPE, 'a message that cannot be read'));
    port.on('close', () => this.close());
    this.setCarrier(true, 'connected');
  }

  override close(): void {
    if (this.closed) return;
    this.flush();
    this.closed = true;
    super.close();
    this.port.close();
  }

  protected get waitingBytes(): number {
    return this.inFlight >= this.limits.portFramesInFlight ? Infinity : this.outgoingBytes;
  }

  protected post(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.closed) return false;
    const message = withLength(bytes, start, end);
    this.inFlight++;
    this.outgoingBytes += message.length;
    if (this.outgoing.push(message) === 1) process.nextTick(this.flushNow);
    return true;
  }

  private flush(): void {
    if (this.outgoing.length === 0 || this.closed) return;
    const frames = new Uint8Array(new ArrayBuffer(this.outgoingBytes));
    let at = 0;
    for (const frame of this.outgoing) {
      frames.set(frame, at);
      at += frame.length;
    }
    this.outgoing = [];
    this.outgoingBytes = 0;
    this.port.postMessage(frames.buffer, [frames.buffer]);
  }

  private message(message: unknown): void {
    if (message instanceof ArrayBuffer) {
      this.frames(new Uint8Array(message));
    } else if (typeof message === 'number' && Number.isInteger(message) && message > 0 && message <= this.inFlight) {
      this.inFlight -= message;
    } else {
      this.refused(Drop.FRAME_UNKNOWN_TYPE, 'neither frames nor a count of them');
    }
  }

  private frames(bytes: Uint8Array): void {
    this.taken = 0;
    const reader = new FrameReader(this.limits.frameBytes, (chunk, start, end) => {
      this.taken++;
      this.receive(chunk, start, end);
    });
    if (!reader.read(bytes)) this.refused(Drop.LINK_TOO_LONG, 'an impossible length');
    if (this.taken > 0 && !this.closed) this.port.postMessage(this.taken);
  }
}
