import { NetError } from '../base/errors.ts';
import { AF_INET, AF_INET6, SO_REUSEADDR, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET } from '../l5-session/constants.ts';
import type { Socket } from '../l5-session/socket.ts';
import type { SocketApi } from '../l5-session/sockets.ts';

/** How many conversations a server holds: of everybody, and of one client address. */
export interface ConnectionLimits {
  readonly connections: number;
  readonly connectionsPerClient: number;
}

/** What a server does with a connection, which is closed when it is done. NetErrors end the connection silently. */
export type ServeConnection = (connection: Socket, client: string) => Promise<void>;

/** A socket on all addresses of the host, of both families where IPv6 is spoken. Throws a NetError when the port is taken. */
export function everywhere(sockets: SocketApi, type: number, port: number, dualStack: boolean): Socket {
  const socket = sockets.socket(dualStack ? AF_INET6 : AF_INET, type);
  try {
    if (type !== SOCK_DGRAM) socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    socket.bind(['', port]);
    if (type === SOCK_STREAM) socket.listen();
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** A client's address as people write it: `10.0.0.1` for what a socket of both families calls `::ffff:10.0.0.1`. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=.*\.)/, '');
}

/**
 * Accepts connections and serves each, at most so many at once; what is beyond is told so by `refuse`, and closed.
 * Never returns: it fails with EBADF when the listener is closed. `onError` hears of what is no NetError: a bug.
 */
export async function serveConnections(
  listener: Socket,
  limits: ConnectionLimits,
  serve: ServeConnection,
  onError: (error: unknown) => void,
  refuse: (connection: Socket) => Promise<void> = async () => {},
): Promise<never> {
  const clients = new Map<string, number>();
  let count = 0;
  const guarded = async (connection: Socket, work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof NetError)) onError(error);
    } finally {
      connection.close();
    }
  };
  for (;;) {
    const [connection, [address]] = await listener.accept();
    const client = plainAddress(address);
    const ofClient = clients.get(client) ?? 0;
    if (count >= limits.connections || ofClient >= limits.connectionsPerClient) {
      connection.settimeout(1);
      void guarded(connection, refuse(connection));
      continue;
    }
    count++;
    clients.set(client, ofClient + 1);
    void guarded(connection, serve(connection, client)).finally(() => {
      count--;
      const left = clients.get(client)! - 1;
      if (left === 0) clients.delete(client);
      else clients.set(client, left);
    });
  }
}
