import { spawn } from 'node:child_process';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A real TCP server on 127.0.0.1; `serve` gets each connection. */
export async function realServer(serve: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {}); // a test that wants to know listens too
    serve(socket);
  });
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

/** Milliseconds of real time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const NEVER_ACCEPTS = `
  const server = require('node:net').createServer();
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(server.address().port));
`;

/** A port of 127.0.0.1 that answers no SYN: a process that stands still, its backlog full. `wake` ends it. */
export async function silentServer(): Promise<{ port: number; wake: () => void }> {
  const child = spawn(process.execPath, ['-e', NEVER_ACCEPTS], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(child.stdout, 'data');
  const port = Number(String(line));
  child.kill('SIGSTOP');
  const fillers: Socket[] = [];
  for (let i = 0; i < 4; i++) {
    const filler = connect({ host: '127.0.0.1', port });
    filler.on('error', () => {});
    fillers.push(filler);
  }
  await pause(100);
  return {
    port,
    wake: () => {
      for (const filler of fillers) filler.destroy();
      child.kill('SIGKILL');
    },
  };
}
