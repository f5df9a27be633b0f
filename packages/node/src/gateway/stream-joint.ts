import type { Socket } from 'node:net';
import { Errno } from '@netarium/stack/base/errors';
import type { StreamOwner, TcpConnection } from '@netarium/stack/l4-transport/tcp/tcp';
import { TcpState } from '@netarium/stack/l4-transport/tcp/tcp';
import type { Doorbell, Visitor } from './doorbell.ts';

/** Bytes that one read takes from the inside: as many as a kernel takes from one write without ado. */
const CHUNK = 256 << 10;
const EMPTY = new Uint8Array(1);

/** Whose joint it is. */
export interface JointOwner {
  /** The inside end is established. */
  jointOpened(): void;
  /** It is over: the real socket is closed and the connection left to itself. `reset`: one side broke it off. */
  jointClosed(reset: boolean): void;
}

/**
 * A real socket and a connection inside, joined: what one receives the other sends.
 *
 *     inside  --read-->   chunk          --socket.write-->   outside
 *     inside  <--write--  chunk or rest  <--socket 'data'--  outside
 *
 * Nothing piles up. When the socket has `socketBuffer` bytes to write, the connection is no longer read, and TCP closes
 * its window; when the connection's send buffer is full, the socket is paused with the rest of one chunk in hand, and
 * the kernel closes its own. A FIN goes over as a FIN, once all before it has gone; a RST as a RST, at once.
 */
export class StreamJoint implements StreamOwner, Visitor {
  rung = false;
  bytesOut = 0;
  bytesIn = 0;
  readonly connection: TcpConnection;
  readonly socket: Socket;
  private readonly doorbell: Doorbell;
  private readonly owner: JointOwner;
  private readonly external: (deliver: () => void) => void;
  private opened = false;
  private closed = false;
  /** What the inside had no room for. */
  private rest: Uint8Array | null = null;
  private socketFull = false;
  /** The stream from there has come to its end, and that end has been passed on. */
  private insideEnded = false;
  private outsideEnded = false;
  private finSent = false;

  /** `socket` is connected and delivers nothing yet; `connection` may still be in its handshake. */
  constructor(
    connection: TcpConnection,
    socket: Socket,
    doorbell: Doorbell,
    external: (deliver: () => void) => void,
    owner: JointOwner,
  ) {
    this.connection = connection;
    this.socket = socket;
    this.doorbell = doorbell;
    this.external = external;
    this.owner = owner;
    connection.owner = this;
    socket.on('drain', () => external(() => this.drained()));
    socket.on('end', () => external(() => this.outsideSaidAll()));
    socket.on('error', () => external(() => this.breakOff()));
    socket.on('close', () => external(() => this.socketClosed()));
  }

  get state(): string {
    if (!this.opened) return 'answering';
    return this.insideEnded || this.outsideEnded ? 'closing' : 'open';
  }

  /** From layer 4, in the midst of events. */
  streamReady(): void {
    this.doorbell.ring(this);
  }

  visit(): void {
    if (this.closed) return;
    const { connection } = this;
    if (!this.opened) {
      const { state } = connection;
      if (state === TcpState.SynSent || state === TcpState.SynReceived) return;
      this.opened = true;
      if (connection.error === 0) this.owner.jointOpened();
      // From now on the socket delivers.
      this.socket.on('data', (chunk) => this.external(() => this.fromOutside(chunk)));
      this.socket.resume();
    }
    this.outwards();
    if (!this.closed) this.inwards();
  }

  /** Both sides hear a RST. */
  abort(): void {
    if (this.closed) return;
    this.connection.abort();
    resetSocket(this.socket);
    this.end(true);
  }

  /** Inside to outside, as much as the socket takes. */
  private outwards(): void {
    const { connection, socket } = this;
    while (!this.insideEnded && !this.socketFull) {
      const { available } = connection;
      if (available === 0) {
        const result = connection.read(EMPTY, 0, 1);
        if (result === -Errno.EAGAIN) return;
        if (result < 0) {
          this.insideBroke();
          return;
        }
        this.insideEnded = true;
        if (!socket.destroyed) socket.end();
        this.endIfBothDid();
        return;
      }
      const chunk = Buffer.allocUnsafeSlow(Math.min(available, CHUNK));
      connection.read(chunk, 0, chunk.length);
      this.bytesOut += chunk.length;
      if (socket.destroyed) continue; // nobody is there any more: 'close' will tell
      if (!socket.write(chunk)) this.socketFull = true;
    }
    // Whoever has sent a RST does not wait until the socket has room.
    if (connection.error !== 0) this.insideBroke();
  }

  /** What was left over, outside to inside. */
  private inwards(): void {
    if (this.rest === null) return;
    const { rest } = this;
    this.rest = null;
    this.give(rest);
    if (this.closed || this.rest !== null) return;
    if (this.outsideEnded) this.passFin();
    else this.socket.resume();
  }

  private fromOutside(chunk: Uint8Array): void {
    if (this.closed) return;
    this.give(chunk);
    if (this.rest !== null) this.socket.pause();
  }

  /** Gives the inside what it has room for. */
  private give(chunk: Uint8Array): void {
    const written = this.connection.write(chunk, 0, chunk.length);
    if (written < 0 && written !== -Errno.EAGAIN) {
      this.insideBroke();
      return;
    }
    const taken = Math.max(0, written);
    this.bytesIn += taken;
    if (taken < chunk.length) this.rest = chunk.subarray(taken);
  }

  private drained(): void {
    this.socketFull = false;
    if (!this.closed && this.opened) this.outwards();
  }

  private outsideSaidAll(): void {
    if (this.closed) return;
    this.outsideEnded = true;
    if (this.rest === null) this.passFin();
  }

  private passFin(): void {
    this.connection.shutdownSend();
    this.finSent = true;
    this.endIfBothDid();
  }

  /** Both have said all: the connection sees to its last FIN alone. */
  private endIfBothDid(): void {
    if (!this.insideEnded || !this.finSent) return;
    this.connection.close();
    this.connection.owner = null;
  }

  private insideBroke(): void {
    this.connection.close();
    resetSocket(this.socket);
    this.end(true);
  }

  /** The socket failed, be it by a RST: the inside hears a RST. */
  private breakOff(): void {
    if (this.closed) return;
    this.connection.abort();
    this.end(true);
  }

  private socketClosed(): void {
    if (this.closed) return;
    // Closed before both have said all: it broke.
    const whole = this.insideEnded && this.finSent;
    if (!whole) this.connection.abort();
    this.end(!whole);
  }

  private end(reset: boolean): void {
    this.closed = true;
    this.rest = null;
    this.connection.owner = null;
    this.owner.jointClosed(reset);
  }
}

/**
 * Ends a real connection with a RST. While a FIN waits behind unsent bytes the system refuses to: then it is closed,
 * which the other side learns as its end.
 */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.connecting || (socket.writableEnded && !socket.writableFinished)) socket.destroy();
  else socket.resetAndDestroy();
}
