import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { RealFiles } from '../real-files.ts';
import { parsePortForward } from './port-forward.ts';
import { Inside } from './testing/inside.ts';
import { freePort, pause } from './testing/real.ts';
import { datagrams, failure, listening, readAll } from './testing/sockets.ts';

const CURL = '/usr/bin/curl';

/** What a real client hears at a port of 127.0.0.1 until the end, or how it failed. */
async function hear(port: number, say: string | null): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  let text = '';
  socket.on('data', (part) => {
    text += part;
  });
  if (say !== null) socket.end(say);
  const ended = await failure(once(socket, 'end'));
  socket.destroy();
  return ended === 'none' ? text : ended;
}

test('a real curl gets a page of httpd inside', async (context) => {
  if (!existsSync(CURL)) context.skip(`needs ${CURL}`);
  const directory = mkdtempSync(join(tmpdir(), 'netarium-gateway-'));
  writeFileSync(join(directory, 'page.html'), 'from inside\n');
  const inside = new Inside();
  inside.bob.files.mount('/srv', new RealFiles(directory));
  const httpd = inside.bob.start('httpd /srv');
  await inside.run(async () => {
    const forward = await inside.gateway.forwardPort({ port: 0, to: 'bob', toPort: 80 });
    expect([forward.bind, forward.to, forward.toPort]).toEqual(['127.0.0.1', 'bob', 80]);
    const url = `http://127.0.0.1:${forward.port}/page.html`;
    const args = ['-sS', '--max-time', '10', '--noproxy', '*', '-w', '%{http_code}', url];
    const { stdout } = await promisify(execFile)(CURL, args);
    expect(stdout).toBe('from inside\n200');
    httpd.kill('SIGKILL');
    await httpd.exited;
  });
  rmSync(directory, { recursive: true });
  await inside.end();
});

test('half-close and the whole stream, from outside inwards', async () => {
  const inside = new Inside();
  await inside.run(async () => {
    const forward = await inside.gateway.forwardPort(`0:10.0.2.16:7`);
    const listener = listening(inside.bob, 7);
    const serving = (async () => {
      const [socket, peer] = await listener.accept();
      expect(peer[0]).toBe('10.0.2.1');
      const heard = await readAll(socket);
      await pause(20);
      await socket.sendall(`${heard.length} bytes`);
      socket.close();
    })();
    expect(await hear(forward.port, 'x'.repeat(1_000_000))).toBe('1000000 bytes');
    await serving;
    expect(inside.gateway.counters).toMatchObject({ bytesIn: 1_000_000, bytesOut: 13 });
    listener.close();
  });
  await inside.end();
});

test('who is refused inside hears a RST; and so does who would be led back outside', async () => {
  const inside = new Inside();
  await inside.run(async () => {
    const forward = await inside.gateway.forwardPort({ port: 0, to: 'alice', toPort: 81 });
    expect(await hear(forward.port, null)).toBe('ECONNRESET');
    expect(inside.gateway.flows()).toEqual([]);
    // The way there leads out through the gateway itself, whose rules deny it.
    const round = await inside.gateway.forwardPort({ port: 0, to: '198.51.100.1', toPort: 81 });
    expect(await hear(round.port, null)).toBe('ECONNRESET');
    expect(inside.gateway.counters.denied).toBe(1);
  });
  await inside.end();
});

test('resets go both ways', async () => {
  const inside = new Inside();
  await inside.run(async () => {
    const forward = await inside.gateway.forwardPort({ port: 0, to: 'bob', toPort: 7 });
    const listener = listening(inside.bob, 7);
    const real = connect(forward.port, '127.0.0.1');
    const [accepted] = await listener.accept();
    real.write('x');
    await accepted.recv(1);
    Object.assign(real, { resetAndClosing: true }).destroy();
    expect(await failure(accepted.recv(1))).toBe('ECONNRESET');
    accepted.close();
    const other = connect(forward.port, '127.0.0.1');
    const [second] = await listener.accept();
    other.write('x');
    await second.recv(1);
    const { SOL_SOCKET, SO_LINGER } = inside.bob.sockets;
    second.setsockopt(SOL_SOCKET, SO_LINGER, [1, 0]);
    const reset = failure(once(other, 'end'));
    second.close();
    expect(await reset).toBe('ECONNRESET');
    listener.close();
    expect(inside.gateway.counters.resets).toBe(2);
  });
  await inside.end();
});

test('datagrams: each real sender has a port of the gateway', async () => {
  const inside = new Inside();
  await inside.run(async () => {
    const forward = await inside.gateway.forwardPort({ protocol: 'udp', port: 0, to: 'bob', toPort: 7 });
    const server = datagrams(inside.bob);
    server.bind(['', 7]);
    const peers = new Set<string>();
    const reals = [createSocket('udp4'), createSocket('udp4')];
    for (const [index, real] of [...reals, ...reals].entries()) {
      const answered = once(real, 'message');
      real.send(`number ${index}`, forward.port, '127.0.0.1');
      const [bytes, from] = await server.recvfrom(100);
      if (from === null) throw new Error('a datagram without a sender');
      peers.add(`${from}`);
      await server.sendto(`you said ${Buffer.from(bytes)}`, from);
      const [answer] = await answered;
      expect(String(answer)).toBe(`you said number ${index}`);
    }
    expect(peers.size).toBe(2);
    expect(inside.gateway.flows()).toMatchObject([{ direction: 'in' }, { direction: 'in' }]);
    for (const real of reals) real.close();
    server.close();
    forward.close();
    expect(inside.gateway.flows()).toEqual([]);
  });
  await inside.end();
});

test('a forward that is closed lets nobody in any more, and gives its port back', async () => {
  const inside = new Inside();
  await inside.run(async () => {
    const port = await freePort();
    const first = await inside.gateway.forwardPort({ port, to: 'bob', toPort: 7 });
    expect(await failure(inside.gateway.forwardPort({ port, to: 'bob', toPort: 8 }))).toBe('EADDRINUSE');
    const listener = listening(inside.bob, 7);
    const real = connect(port, '127.0.0.1');
    real.on('error', () => {});
    const [accepted] = await listener.accept();
    first.close();
    expect(await failure(accepted.recv(1))).toBe('ECONNRESET');
    expect(await hear(port, null)).toBe('ECONNREFUSED');
    const second = await inside.gateway.forwardPort({ port, to: 'bob', toPort: 8 });
    expect(second.port).toBe(port);
    accepted.close();
    listener.close();
  });
  await inside.end();
});

test('forwards as people write them', async () => {
  expect(parsePortForward('8080:web:80')).toEqual({
    protocol: 'tcp',
    bind: '127.0.0.1',
    port: 8080,
    to: 'web',
    toPort: 80,
  });
  expect(parsePortForward('0.0.0.0:5353:10.0.2.16:53/udp')).toMatchObject({ protocol: 'udp', bind: '0.0.0.0' });
  expect(parsePortForward('[::1]:0:web:80/tcp')).toMatchObject({ bind: '::1', port: 0 });
  for (const wrong of [
    '8080',
    '8080:web',
    'web:80',
    '8080:web:80/sctp',
    'x:8080:web:80',
    '8080:web:0',
    '70000:web:80',
    '',
  ]) {
    expect(() => parsePortForward(wrong), wrong).toThrow(/port forward/);
  }
  const inside = new Inside();
  expect(await failure(inside.gateway.forwardPort('0:carol:80'))).toMatch(/nobody is called carol/);
  await inside.end();
  expect(await failure(inside.gateway.forwardPort('0:bob:80'))).toMatch(/closed/);
});
