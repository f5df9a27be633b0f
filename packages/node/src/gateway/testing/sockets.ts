import type { Host } from '@netarium/stack/host/host';
import type { Socket } from '@netarium/stack/l5-session/socket';

/** A stream socket of an inside host. */
export function stream(host: Host): Socket {
  return host.sockets.socket(host.sockets.AF_INET, host.sockets.SOCK_STREAM);
}

/** A datagram socket of an inside host. */
export function datagrams(host: Host): Socket {
  return host.sockets.socket(host.sockets.AF_INET, host.sockets.SOCK_DGRAM);
}

/** A connection to the gateway's own address, which is the real loopback. */
export async function reach(host: Host, port: number, address = '10.0.2.1'): Promise<Socket> {
  const socket = stream(host);
  await socket.connect([address, port]);
  return socket;
}

/** A listening socket of an inside host. */
export function listening(host: Host, port: number): Socket {
  const socket = stream(host);
  socket.bind(['', port]);
  socket.listen();
  return socket;
}

export async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for (;;) {
    const part = await socket.recv(65_536);
    if (part.length === 0) return text;
    text += Buffer.from(part).toString('latin1');
  }
}

/** The code of the error that a call fails with; `none` when it does not. */
export async function failure(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
