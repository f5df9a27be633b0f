import { createHash, type Hash } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from '@netarium/stack/l5-session/socket';
import { expect, test } from 'vitest';
import { Inside } from './testing/inside.ts';
import { closed, realServer } from './testing/real.ts';
import { listening, reach } from './testing/sockets.ts';

const MIB = 1 << 20;
const TOTAL = 50 * MIB;

/** A block of bytes that repeats nowhere within itself; each that is sent begins elsewhere in it. */
function block(seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(MIB);
  let state = seed;
  for (let i = 0; i < MIB; i += 4) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    bytes.writeInt32LE(state | 0, i);
  }
  return bytes;
}

/** The i-th of the 50 pieces. */
function piece(source: Buffer, i: number): Buffer {
  const cut = (i * 20_011) % MIB;
  return Buffer.concat([source.subarray(cut), source.subarray(0, cut)]);
}

function expectedHash(source: Buffer): string {
  const hash = createHash('sha256');
  for (let i = 0; i < TOTAL / MIB; i++) hash.update(piece(source, i));
  return hash.digest('hex');
}

async function sendAll(socket: Socket, source: Buffer): Promise<void> {
  for (let i = 0; i < TOTAL / MIB; i++) await socket.sendall(piece(source, i));
  socket.shutdown(1);
}

async function hashAll(socket: Socket, hash: Hash): Promise<string> {
  for (;;) {
    const part = await socket.recv(256 << 10);
    if (part.length === 0) return hash.digest('hex');
    hash.update(part);
  }
}

/** The most that was held at once, looked at every few milliseconds. */
function watchMemory(inside: Inside): () => { pool: number; buffers: number } {
  const begin = process.memoryUsage().arrayBuffers;
  let pool = 0;
  let buffers = 0;
  const timer = setInterval(() => {
    pool = Math.max(pool, inside.network.pool.outstandingBytes);
    buffers = Math.max(buffers, process.memoryUsage().arrayBuffers - begin);
  }, 5);
  return () => {
    clearInterval(timer);
    return { pool, buffers };
  };
}

test('50 MiB each way at once, whole, and in bounded memory', async () => {
  const inside = new Inside({ watch: false });
  const [ours, theirs] = [block(1), block(2)];
  const { port, server } = await realServer((socket) => {
    const hash = createHash('sha256');
    socket.on('data', (part) => hash.update(part));
    socket.on('end', () => {
      heardOutside = hash.digest('hex');
    });
    let i = 0;
    const next = (): void => {
      while (i < TOTAL / MIB) if (!socket.write(piece(theirs, i++))) return;
      if (!socket.writableEnded) socket.end();
    };
    socket.on('drain', next);
    next();
  });
  let heardOutside = '';
  const memory = watchMemory(inside);
  const heardInside = await inside.run(async () => {
    const socket = await reach(inside.alice, port);
    const [, heard] = await Promise.all([sendAll(socket, ours), hashAll(socket, createHash('sha256'))]);
    socket.close();
    await closed(server);
    return heard;
  });
  expect(heardOutside).toBe(expectedHash(ours));
  expect(heardInside).toBe(expectedHash(theirs));
  const { pool, buffers } = memory();
  // Four buffers of 512 KiB, twice over: what waits to be acknowledged is held by receiver and sender.
  expect(pool).toBeLessThan(8 * MIB);
  // Above: the pieces that the test itself makes, and garbage.
  expect(buffers).toBeLessThan(200 * MIB);
  expect(inside.gateway.counters).toMatchObject({ bytesOut: TOTAL, bytesIn: TOTAL });
  await inside.end();
});

test('50 MiB each way through a port forward', async () => {
  const inside = new Inside({ watch: false });
  const [ours, theirs] = [block(3), block(4)];
  const [heardInside, heardOutside] = await inside.run(async () => {
    const { port } = await inside.gateway.forwardPort({ port: 0, to: 'bob', toPort: 9 });
    const listener = listening(inside.bob, 9);
    const outside = new Promise<string>((resolve) => {
      const real = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      const hash = createHash('sha256');
      real.on('data', (part) => hash.update(part));
      real.on('end', () => resolve(hash.digest('hex')));
      let i = 0;
      const next = (): void => {
        while (i < TOTAL / MIB) if (!real.write(piece(theirs, i++))) return;
        if (!real.writableEnded) real.end();
      };
      real.on('drain', next);
      real.on('connect', next);
    });
    const [socket] = await listener.accept();
    const [, heard] = await Promise.all([sendAll(socket, ours), hashAll(socket, createHash('sha256'))]);
    socket.close();
    listener.close();
    return [heard, await outside];
  });
  expect(heardInside).toBe(expectedHash(theirs));
  expect(heardOutside).toBe(expectedHash(ours));
  await inside.end();
});
