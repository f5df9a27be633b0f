import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A real TCP server on 127.0.0.1; `serve` gets each connection. */
export async function realServer(serve: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const server = createServer({ allowHalfOpen: true }, serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, server };
}

/** A real UDP socket on 127.0.0.1. */
export async function realDatagrams(): Promise<{ port: number; socket: DatagramSocket }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { port: socket.address().port, socket };
}

/** A port of 127.0.0.1 where nobody listens. */
export async function freePort(): Promise<number> {
  const { port, server } = await realServer(() => {});
  await closed(server);
  return port;
}

export async function closed(server: Server): Promise<void> {
  const done = once(server, 'close');
  server.close();
  await done;
}
