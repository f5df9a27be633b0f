import { SO_KEEPALIVE, SOCK_STREAM, SOL_SOCKET } from '../../l5-session/constants.ts';
import type { Socket } from '../../l5-session/socket.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';
import { everywhere, serveConnections } from '../stream-server.ts';
import { COMMANDS } from './commands.ts';
import { formatReply } from './reply.ts';
import { FtpSession, type FtpSessionOptions } from './session.ts';

export const FTP_PORT = 21;

/** A server's socket, and a session for each connection. Throws a NetError when the port is taken. */
export class FtpServer {
  private readonly sockets: SocketApi;
  private readonly options: FtpSessionOptions;
  private readonly listener: Socket;

  constructor(sockets: SocketApi, port: number, dualStack: boolean, options: FtpSessionOptions) {
    this.sockets = sockets;
    this.options = options;
    this.listener = everywhere(sockets, SOCK_STREAM, port, dualStack);
    this.listener.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1);
  }

  /** Serves until its socket is closed: EBADF. */
  serve(): Promise<never> {
    const { sockets, options } = this;
    return serveConnections(
      this.listener,
      options.limits,
      (connection, client) => new FtpSession(connection, client, sockets, COMMANDS, options).run(),
      options.onError,
      async (connection) => {
        await connection.sendall(formatReply(421, 'Too many connections: try again later'));
      },
    );
  }
}
