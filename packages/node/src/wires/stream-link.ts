import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Drop } from '@netarium/stack/base/drop-reasons';
import { FrameReader, withLength } from './length-prefix.ts';
import { MessageWire } from './message-wire.ts';
import type { WireNetwork, WireOptions } from './wire.ts';

/** A Unix socket by its path, or TCP. A server without `host` listens on loopback only. */
export type StreamAddress = { path: string } | { host?: string; port: number };

export interface StreamOptions extends WireOptions {
  at: StreamAddress;
}

/**
 * QEMU's `-netdev stream`: frames behind their lengths on a TCP connection or a Unix socket.
 *
 *     qemu-system-x86_64 -netdev stream,id=n0,server=off,addr.type=unix,addr.path=/tmp/net.sock -device virtio-net,netdev=n0
 *     StreamLink.listen(network, { at: { path: '/tmp/net.sock' } })
 *
 * A link has two ends: while one peer is connected, others are turned away. When it leaves the link goes down; a
 * listening one comes up again with the next.
 */
export class StreamLink extends MessageWire {
  private server: Server | null = null;
  private peer: Socket | null = null;
  private corked = false;

  private constructor(network: WireNetwork, { at, ...options }: StreamOptions) {
    super(network, `stream ${'path' in at ? at.path : `${at.host ?? '127.0.0.1'}:${at.port}`}`, options);
  }

  /** Waits for peers; the link comes up with the first. Rejects with Node's error (EADDRINUSE, EACCES, ...). */
  static async listen(network: WireNetwork, options: StreamOptions): Promise<StreamLink> {
    const link = new StreamLink(network, options);
    const server = createServer((socket) => link.accept(socket));
    server.maxConnections = link.limits.streamPeers + 1; // one more, who is told by being closed
    const { at } = options;
    try {
      await listening(server, at);
    } catch (error) {
      if (!('path' in at) || !(await isLeftBehind(at.path, error))) throw error;
      await listening(server, at);
    }
    // Out of descriptors, for example: those who are connected stay.
    server.on('error', () => {});
    link.server = server;
    return link;
  }

  /** Connects to a listening QEMU or netarium. Rejects with Node's error (ECONNREFUSED, ENOENT, ...). */
  static async connect(network: WireNetwork, options: StreamOptions): Promise<StreamLink> {
    const link = new StreamLink(network, options);
    const { at } = options;
    const socket = connect('path' in at ? at : { host: '127.0.0.1', ...at });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve();
      });
    });
    link.accept(socket);
    return link;
  }

  /** The TCP port that a server got; 0 for a Unix socket and a client. */
  get port(): number {
    const address = this.server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  override close(): void {
    this.server?.close();
    this.server = null;
    const { peer } = this;
    this.peer = null;
    peer?.destroy();
    super.close();
  }

  protected get waitingBytes(): number {
    return this.peer?.writableLength ?? 0;
  }

  protected post(bytes: Uint8Array, start: number, end: number): boolean {
    const { peer } = this;
    if (peer === null || !peer.writable) return false;
    if (!this.corked) {
      // What one turn sends goes out as one write.
      this.corked = true;
      peer.cork();
      process.nextTick(() => {
        this.corked = false;
        peer.uncork();
      });
    }
    peer.write(withLength(bytes, start, end));
    return true;
  }

  private accept(socket: Socket): void {
    // Errors end in 'close', which follows.
    socket.on('error', () => {});
    if (this.peer !== null) {
      socket.destroy();
      return;
    }
    this.peer = socket;
    socket.setNoDelay(true);
    const reader = new FrameReader(this.limits.frameBytes, (bytes, start, end) => this.receive(bytes, start, end));
    socket.on('data', (chunk) => {
      if (socket !== this.peer || reader.read(chunk)) return;
      this.refused(Drop.LINK_TOO_LONG, 'an impossible length: the connection is closed');
      socket.destroy();
    });
    socket.on('close', () => this.left(socket));
    this.setCarrier(true, 'connected');
  }

  private left(socket: Socket): void {
    if (socket !== this.peer) return;
    this.peer = null;
    this.setCarrier(false, 'the other side closed');
  }
}

function listening(server: Server, at: StreamAddress): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen('path' in at ? at : { host: '127.0.0.1', ...at }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The path is a socket's at which nobody listens any more: whoever did was killed. It is removed then. */
async function isLeftBehind(path: string, error: unknown): Promise<boolean> {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return false;
  const socket = connect({ path });
  const left = await new Promise<boolean>((resolve) => {
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
    socket.once('connect', () => resolve(false));
  });
  socket.destroy();
  // A file that is no socket refuses connections, too.
  if (!left || !(await lstat(path)).isSocket()) return false;
  await unlink(path);
  return true;
}
