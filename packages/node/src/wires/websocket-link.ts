import { Drop } from '@netarium/stack/base/drop-reasons';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { MessageWire } from './message-wire.ts';
import type { WireNetwork, WireOptions } from './wire.ts';

export interface WebSocketListenOptions extends WireOptions {
  /** 0: one that is free. */
  port: number;
  /** Default 127.0.0.1: this machine only. */
  host?: string;
  /** Of the URL; default any. */
  path?: string;
  /**
   * Pages that may connect, as the browser names them in `Origin`: `['https://copy.sh']`, `['*']` for all. Default: pages of
   * this machine, and programs that are no browsers. Any page that someone visits could otherwise reach the network.
   */
  origins?: readonly string[];
}

export interface WebSocketConnectOptions extends WireOptions {
  /** `ws://` or `wss://`. */
  url: string;
}

const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;

/**
 * A WebSocket (RFC 6455) that carries each frame as one binary message: what relays for browser VMs speak, v86's
 * `network_relay_url` among them. Text messages and pings carry no frames.
 */
export class WebSocketLink extends MessageWire {
  private server: WebSocketServer | null = null;
  private peer: WebSocket | null = null;

  private constructor(network: WireNetwork, name: string, options: WireOptions) {
    super(network, name, options);
  }

  /** Waits for a peer: the link comes up with the first and turns others away. Rejects with Node's error. */
  static async listen(network: WireNetwork, options: WebSocketListenOptions): Promise<WebSocketLink> {
    const { port, host = '127.0.0.1', path, origins } = options;
    const link = new WebSocketLink(network, `websocket ${host}:${port}`, options);
    const server = new WebSocketServer({
      port,
      host,
      ...(path === undefined ? {} : { path }),
      perMessageDeflate: false,
      maxPayload: link.limits.frameBytes,
      verifyClient: ({ origin }: { origin: string }) => mayConnect(origin, origins),
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.once('listening', () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', () => {});
    server.on('connection', (socket) => link.accept(socket));
    link.server = server;
    return link;
  }

  /** Connects to a relay. Rejects with Node's error, or ws's when the answer is no WebSocket. */
  static async connect(network: WireNetwork, options: WebSocketConnectOptions): Promise<WebSocketLink> {
    const link = new WebSocketLink(network, `websocket ${options.url}`, options);
    const socket = new WebSocket(options.url, { perMessageDeflate: false, maxPayload: link.limits.frameBytes });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('open', () => {
        socket.off('error', reject);
        resolve();
      });
    });
    link.accept(socket);
    return link;
  }

  /** The port that a server got; 0 for a client. */
  get port(): number {
    const address = this.server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  override close(): void {
    this.server?.close();
    this.server = null;
    const { peer } = this;
    this.peer = null;
    peer?.close(GOING_AWAY);
    super.close();
  }

  protected get waitingBytes(): number {
    return this.peer?.bufferedAmount ?? 0;
  }

  protected post(bytes: Uint8Array, start: number, end: number): boolean {
    const { peer } = this;
    if (peer === null || peer.readyState !== WebSocket.OPEN) return false;
    peer.send(Buffer.from(bytes.subarray(start, end)), ignore);
    return true;
  }

  private accept(socket: WebSocket): void {
    // A message that is too long, a broken frame: ws closes the connection, and 'close' follows.
    socket.on('error', () => {});
    if (this.peer !== null) {
      socket.close(TRY_AGAIN_LATER, 'a link has two ends');
      return;
    }
    this.peer = socket;
    socket.on('message', (data, isBinary) => {
      if (socket === this.peer) this.message(data, isBinary);
    });
    socket.on('close', () => {
      if (socket !== this.peer) return;
      this.peer = null;
      this.setCarrier(false, 'the other side closed');
    });
    this.setCarrier(true, 'connected');
  }

  private message(data: RawData, isBinary: boolean): void {
    if (!isBinary) this.refused(Drop.FRAME_UNKNOWN_TYPE, 'a text message');
    else if (Buffer.isBuffer(data)) this.receive(data);
    else this.receive(Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data));
  }
}

/** A message that could not be sent is lost: 'close' tells why. */
function ignore(): void {}

function mayConnect(origin: string | undefined, allowed: readonly string[] | undefined): boolean {
  if (!origin) return true;
  if (allowed !== undefined) return allowed.includes('*') || allowed.includes(origin);
  try {
    const { hostname } = new URL(origin);
    return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
  } catch {
    return false;
  }
}
