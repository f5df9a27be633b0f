import type { Clock } from '../../base/clock.ts';
import { NetError } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { AF_INET, AF_INET6, SO_REUSEADDR, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET } from '../../l5-session/constants.ts';
import type { Socket } from '../../l5-session/socket.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';
import type { ByteStream } from '../byte-stream.ts';
import { DatagramService, type Respond, unmapped } from './datagram-service.ts';
import { DNS_LIMITS, type DnsLimits } from './limits.ts';
import type { DnsResponder } from './responder.ts';
import { framed, StreamMessages } from './stream-messages.ts';

/** `domain` in /etc/services. */
export const DNS_PORT = 53;

const PIECE = 64 << 10;
/** Both families, all addresses. */
const EVERYWHERE = '::';

export interface DnsServerOptions {
  readonly port?: number;
  /** At all other addresses too, those that the host gets later: by DHCP, from routers. */
  readonly everywhere?: boolean;
  readonly limits?: DnsLimits;
}

/**
 * A server's sockets: UDP and TCP on each of these addresses (RFC 7766 5: both are required). As `named`, it binds to
 * each address by itself, so that answers come from the address that was asked. Throws a NetError when one is taken.
 *
 * `everywhere` adds a socket of both families for what is sent to other addresses: who has two on one network is answered
 * from the one that the route says. Over TCP, where a connection has its own address, that is the only one.
 */
export class DnsServer {
  private readonly responder: DnsResponder;
  private readonly limits: DnsLimits;
  private readonly clock: Clock;
  private readonly datagrams: Socket[] = [];
  private readonly listeners: Socket[] = [];
  private readonly connections = new Map<Socket, string>();

  constructor(
    sockets: SocketApi,
    responder: DnsResponder,
    addresses: readonly string[],
    options: DnsServerOptions = {},
  ) {
    const { port = DNS_PORT, limits = DNS_LIMITS, everywhere = false } = options;
    this.responder = responder;
    this.limits = limits;
    this.clock = sockets.clock;
    const respond: Respond = (bytes, client) => responder.respond(bytes, client, false);
    try {
      for (const address of everywhere ? [...addresses, EVERYWHERE] : addresses) {
        const family = address.includes(':') ? AF_INET6 : AF_INET;
        const datagram = sockets.socket(family, SOCK_DGRAM);
        this.datagrams.push(datagram);
        if (everywhere) datagram.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
        datagram.bind([address, port]);
        new DatagramService(datagram, respond, sockets.host.wakeups);
        if (everywhere && address !== EVERYWHERE) continue;
        const listener = sockets.socket(family, SOCK_STREAM);
        this.listeners.push(listener);
        listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
        listener.bind([address, port]);
        listener.listen();
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Serves until its sockets are closed, which fails with EBADF. */
  async serve(): Promise<void> {
    await Promise.all(this.listeners.map((socket) => this.acceptFrom(socket)));
  }

  close(): void {
    for (const socket of [...this.datagrams, ...this.listeners, ...this.connections.keys()]) socket.close();
  }

  private async acceptFrom(listener: Socket): Promise<void> {
    const { limits, connections } = this;
    for (;;) {
      const [connection, [peer]] = await listener.accept();
      let ofPeer = 0;
      for (const other of connections.values()) if (other === peer) ofPeer++;
      if (connections.size >= limits.connections || ofPeer >= limits.connectionsPerClient) {
        connection.close();
        continue;
      }
      connections.set(connection, peer);
      // A peer on the link may be told with its interface: fe80::1%eth0.
      const address = IpAddress.parse(peer.split('%')[0]!) ?? IpAddress.ANY6;
      const client = unmapped(address);
      const respond = (bytes: Uint8Array) => this.responder.respond(bytes, client, true);
      void serveStream(connection, respond, this.clock, limits).finally(() => connections.delete(connection));
    }
  }
}

/**
 * Questions of one connection (RFC 7766): as many as the client sends without waiting, answered as the answers are
 * found, which need not be the order in which they were asked. Ends when the client does, or rests too long.
 */
export async function serveStream(
  stream: ByteStream,
  respond: (bytes: Uint8Array) => Uint8Array | null | Promise<Uint8Array | null>,
  clock: Clock,
  limits: DnsLimits = DNS_LIMITS,
): Promise<void> {
  const messages = new StreamMessages();
  const busy = new Set<Promise<void>>();
  let writing: Promise<unknown> = Promise.resolve();
  let broken = false;
  const send = async (answer: Uint8Array | null | Promise<Uint8Array | null>) => {
    const bytes = await answer;
    if (bytes === null) return;
    writing = writing
      .then(() => (broken ? null : stream.sendall(framed(bytes))))
      .catch((error) => {
        broken = true;
        ignoreNetError(error);
      });
    await writing;
  };
  /** When a message that has begun must be there; Infinity between messages. */
  let deadlineNs = Infinity;
  try {
    while (!broken) {
      const message = messages.next();
      if (message !== null) {
        deadlineNs = Infinity;
        const sent = send(respond(message)).finally(() => busy.delete(sent));
        busy.add(sent);
        while (busy.size >= limits.pipelined) await Promise.race(busy);
        continue;
      }
      if (messages.pending > 0 && deadlineNs === Infinity) deadlineNs = clock.now + limits.idleSeconds * 1e9;
      const seconds = deadlineNs === Infinity ? limits.idleSeconds : (deadlineNs - clock.now) / 1e9;
      if (seconds <= 0) break;
      stream.settimeout(seconds);
      const bytes = await receive(stream);
      if (bytes === null && busy.size > 0 && deadlineNs === Infinity) continue; // it rests because we do not answer
      if (bytes === null || bytes.length === 0) break;
      messages.push(bytes);
    }
    stream.settimeout(limits.idleSeconds);
    await Promise.all(busy);
  } catch (error) {
    ignoreNetError(error);
  } finally {
    stream.close();
  }
}

/** What came; null when nothing did in time. */
async function receive(stream: ByteStream): Promise<Uint8Array | null> {
  try {
    return await stream.recv(PIECE);
  } catch (error) {
    if (error instanceof NetError && (error.code === 'ETIMEDOUT' || error.code === 'EAGAIN')) return null;
    throw error;
  }
}

function ignoreNetError(error: unknown): void {
  if (!(error instanceof NetError)) throw error;
}
