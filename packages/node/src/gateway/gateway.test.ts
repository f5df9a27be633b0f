import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Host } from '@netarium/stack/host/host';
import type { Socket } from '@netarium/stack/l5-session/socket';
import { expect, test } from 'vitest';
import { Inside } from './testing/inside.ts';
import { closed, realServer } from './testing/real.ts';

export function stream(host: Host): Socket {
  return host.sockets.socket(host.sockets.AF_INET, host.sockets.SOCK_STREAM);
}

export async function readAll(socket: Socket): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const part = await socket.recv(65536);
    if (part.length === 0) return Buffer.concat(parts);
    parts.push(part.slice());
  }
}

test('a stream goes out to the real loopback and back, and ends on both sides', async () => {
  const inside = new Inside();
  const { port, server } = await realServer((socket) => socket.pipe(socket));
  const answer = await inside.run(async () => {
    const socket = stream(inside.alice);
    await socket.connect(['10.0.2.1', port]);
    await socket.sendall('hello outside');
    socket.shutdown(inside.alice.sockets.SHUT_WR);
    const all = await readAll(socket);
    socket.close();
    return all.toString();
  });
  expect(answer).toBe('hello outside');
  await closed(server);
  await inside.end();
});
