import { Errno, NetError } from '../../base/errors.ts';
import { AF_INET, AF_INET6, SHUT_WR, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET } from '../../l5-session/constants.ts';
import type { Socket } from '../../l5-session/socket.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';
import { plainAddress } from '../stream-server.ts';
import type { DataAddress } from './data-address.ts';

const PIECE = 64 << 10;
/** Some clients close a data connection only when they are told that all was sent. */
const CLOSING_SECONDS = 3;

/**
 * The data connections of one session, one after the other: where the next one leads, or who listens for it. `local` and
 * `peer` are the addresses of the control connection.
 */
export class DataChannel {
  private readonly sockets: SocketApi;
  private readonly local: string;
  private readonly peer: string;
  private readonly seconds: number;
  /** The port to connect from; 0: any. RFC 959 5.2: a server's is the one below its control port. */
  private readonly sourcePort: number;
  private listener: Socket | null = null;
  private target: DataAddress | null = null;
  private open: Socket | null = null;

  constructor(sockets: SocketApi, local: string, peer: string, seconds: number, sourcePort: number) {
    this.sockets = sockets;
    this.local = local;
    this.peer = peer;
    this.seconds = seconds;
    this.sourcePort = sourcePort;
  }

  get ready(): boolean {
    return this.listener !== null || this.target !== null;
  }

  /** Listens for the next connection; where. */
  listen(): DataAddress {
    this.reset();
    const listener = this.socket();
    try {
      listener.bind([this.local, 0]);
      listener.listen(1);
      this.listener = listener;
      return { host: this.local, port: listener.getsockname()[1] };
    } catch (error) {
      listener.close();
      throw error;
    }
  }

  /** The next connection leads there. */
  lead(target: DataAddress): void {
    this.reset();
    this.target = target;
  }

  /** Makes the connection that was prepared. Fails with a NetError. */
  async connect(): Promise<Socket> {
    const { listener, target } = this;
    this.listener = null;
    this.target = null;
    if (listener !== null) {
      this.open = listener; // so that `abort` ends the waiting, too
      try {
        this.open = await this.acceptFrom(listener);
      } finally {
        listener.close();
      }
      return this.open;
    }
    if (target === null) throw new NetError(Errno.ENOTCONN, 'connect', 'no data connection was prepared');
    this.open = await this.connectTo(target);
    return this.open;
  }

  /** Sends all, and the end. */
  static async send(socket: Socket, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE) await socket.sendall(bytes.subarray(at, at + PIECE));
    socket.shutdown(SHUT_WR);
    // The peer's end says that it has all: closing before could take it away from it.
    socket.settimeout(CLOSING_SECONDS);
    try {
      while ((await socket.recv(PIECE)).length > 0);
    } catch (error) {
      if (!(error instanceof NetError) || error.code !== 'ETIMEDOUT') throw error;
    }
  }

  /** All that comes, at most `limit` bytes; `complete` is false when the connection broke, or there was more. */
  static async receive(
    socket: Socket,
    limit: number,
  ): Promise<{ bytes: Uint8Array; complete: boolean; tooMuch: boolean }> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    let complete = true;
    for (;;) {
      let piece: Uint8Array;
      try {
        piece = await socket.recv(PIECE);
      } catch (error) {
        if (!(error instanceof NetError)) throw error;
        complete = false;
        break;
      }
      if (piece.length === 0) break;
      if (size + piece.length > limit) return { bytes: joined(pieces, size), complete: false, tooMuch: true };
      pieces.push(piece);
      size += piece.length;
    }
    return { bytes: joined(pieces, size), complete, tooMuch: false };
  }

  /** Ends the connection that there is, whoever uses it. */
  abort(): void {
    this.open?.close();
    this.open = null;
  }

  close(): void {
    this.reset();
    this.abort();
  }

  private reset(): void {
    this.listener?.close();
    this.listener = null;
    this.target = null;
  }

  private socket(): Socket {
    const socket = this.sockets.socket(this.local.includes(':') ? AF_INET6 : AF_INET, SOCK_STREAM);
    socket.settimeout(this.seconds);
    return socket;
  }

  /** Only the peer may come: whoever guesses the port gets nothing (RFC 2577 4). */
  private async acceptFrom(listener: Socket): Promise<Socket> {
    for (;;) {
      const [connection, [host]] = await listener.accept();
      if (plainAddress(host) === this.peer) {
        connection.settimeout(this.seconds);
        return connection;
      }
      connection.close();
    }
  }

  private async connectTo({ host, port }: DataAddress): Promise<Socket> {
    let socket = this.socket();
    this.open = socket;
    try {
      if (this.sourcePort > 0) {
        try {
          socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
          socket.bind([this.local, this.sourcePort]);
        } catch (error) {
          if (!(error instanceof NetError)) throw error;
          socket.close();
          socket = this.socket();
          this.open = socket;
        }
      }
      await socket.connect([host, port]);
      return socket;
    } catch (error) {
      socket.close();
      throw error;
    }
  }
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
