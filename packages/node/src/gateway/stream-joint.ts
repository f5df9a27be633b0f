import type { Socket } from 'node:net';
import { Errno } from '@netarium/stack/base/errors';
import type { StreamOwner, TcpConnection } from '@netarium/stack/l4-transport/tcp/tcp';
import { TcpState } from '@netarium/stack/l4-transport/tcp/tcp';
import type { Chunks } from './chunks.ts';
import type { Doorbell, Visitor } from './doorbell.ts';
import type { GatewayCounters } from './flow-table.ts';
import type { GatewayParts } from './gateway-parts.ts';

const EMPTY = new Uint8Array(1);
const NOTHING = Buffer.alloc(0);
/** What is shorter goes in a buffer of its own length: a chunk for each of many bytes would be memory without end. */
const SMALL = 16 << 10;
/** Writes of one socket that the system has not taken yet; what comes meanwhile is gathered. */
const WRITES = 32;

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
  private readonly chunks: Chunks;
  private readonly counters: GatewayCounters;
  private readonly owner: JointOwner;
  private readonly external: (deliver: () => void) => void;
  private opened = false;
  private closed = false;
  /** What the inside had no room for. */
  private rest: Uint8Array | null = null;
  private socketFull = false;
  private writes = 0;
  /** The stream from there has come to its end, and that end has been passed on. */
  private insideEnded = false;
  private outsideEnded = false;
  private finSent = false;
  private socketGone = false;

  /** `socket` is connected and delivers nothing yet; `connection` may still be in its handshake. */
  constructor(
    connection: TcpConnection,
    socket: Socket,
    parts: Pick<GatewayParts, 'doorbell' | 'chunks' | 'flows' | 'external'>,
    owner: JointOwner,
  ) {
    const { external } = parts;
    this.connection = connection;
    this.socket = socket;
    this.doorbell = parts.doorbell;
    this.chunks = parts.chunks;
    this.counters = parts.flows.counters;
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
    while (!this.insideEnded && !this.socketFull && this.writes < WRITES) {
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
      this.carry(available);
    }
    // Whoever has sent a RST does not wait until the socket has room.
    if (connection.error !== 0) this.insideBroke();
  }

  /** One piece to the outside. Without anybody there it is lost: the socket's 'close' will tell. */
  private carry(available: number): void {
    const { socket, chunks } = this;
    const chunk = available < SMALL ? Buffer.allocUnsafe(available) : chunks.take();
    const length = this.connection.read(chunk, 0, chunk.length);
    this.bytesOut += length;
    this.counters.bytesOut += length;
    if (socket.destroyed) return;
    const written = (error?: Error | null): void => {
      if (this.writes-- === WRITES) this.doorbell.ring(this);
      // Of a socket that broke nobody knows whether the system is done with the bytes.
      if (available >= SMALL && error == null && !socket.destroyed) chunks.give(chunk);
    };
    this.writes++;
    if (!socket.write(chunk.subarray(0, length), written)) this.socketFull = true;
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
    this.counters.bytesIn += taken;
    if (taken < chunk.length) this.rest = chunk.subarray(taken);
  }

  private drained(): void {
    this.socketFull = false;
    if (!this.closed && this.opened) this.outwards();
  }

  /**
   * The socket's stream has ended: by a FIN, or by a RST that came right behind data, which libuv takes for one. Writing
   * nothing tells: it fails when there is no connection any more, and 'error' follows.
   */
  private outsideSaidAll(): void {
    if (this.closed) return;
    const { socket } = this;
    if (!socket.writable || socket.writableLength > 0) {
      this.finReceived();
      return;
    }
    socket.write(NOTHING, (error) => {
      if (error == null) this.external(() => this.finReceived());
    });
  }

  private finReceived(): void {
    if (this.closed) return;
    this.outsideEnded = true;
    if (this.rest === null) this.passFin();
  }

  private passFin(): void {
    this.connection.shutdownSend();
    this.finSent = true;
    this.endIfBothDid();
    if (this.socketGone) this.end(false);
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
    this.socketGone = true;
    if (!this.insideEnded || !this.outsideEnded) {
      // Closed before both have said all: it broke.
      this.connection.abort();
      this.end(true);
    } else if (this.finSent) {
      this.end(false);
    }
    // Otherwise the inside has yet to take the rest of what came, and the FIN behind it.
  }

  private end(reset: boolean): void {
    this.closed = true;
    this.rest = null;
    this.connection.owner = null;
    this.owner.jointClosed(reset);
  }
}

/**
 * Ends a real connection with a RST, now. (Node's `resetAndDestroy` waits until all was written and sends a FIN first; its
 * own flag on `destroy` does neither. Should a Node not know the flag, the connection is closed.) While a FIN waits behind
 * unsent bytes libuv refuses to: then it is closed too, which the other side learns as its end.
 */
export function resetSocket(socket: Socket & { resetAndClosing?: boolean }): void {
  if (socket.destroyed) return;
  const shutting = socket.writableEnded && !socket.writableFinished;
  if (!socket.connecting && !shutting) socket.resetAndClosing = true;
  socket.destroy();
}
