import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket as RealSocket } from 'node:net';
import { Drop } from '@netarium/stack/base/drop-reasons';
import { expect, test } from 'vitest';
import { Inside } from './testing/inside.ts';
import { closed, freePort, pause, realServer, silentServer } from './testing/real.ts';
import { datagrams, failure, listening, reach, readAll, stream } from './testing/sockets.ts';

const SHUT_WR = 1;

test('a stream goes out to the real loopback and back, and ends on both sides', async () => {
  const inside = new Inside();
  const { port, server } = await realServer((socket) => socket.pipe(socket));
  await inside.run(async () => {
    const socket = await reach(inside.alice, port);
    await socket.sendall('hello');
    expect(Buffer.from(await socket.recv(5)).toString()).toBe('hello');
    expect(inside.gateway.flows()).toMatchObject([
      { protocol: 'tcp', direction: 'out', outside: `10.0.2.1:${port}`, real: `127.0.0.1:${port}`, state: 'open' },
    ]);
    await socket.sendall(' outside');
    socket.shutdown(SHUT_WR);
    expect(await readAll(socket)).toBe(' outside');
    socket.close();
    await closed(server);
  });
  expect(inside.told.map((line) => line.replace(/^.*: /, ''))).toEqual(['open', 'closed']);
  expect(inside.gateway.counters).toMatchObject({ tcpFlows: 1, bytesOut: 13, bytesIn: 13, resets: 0 });
  await inside.end();
});

test('a page of a real node:http server', async () => {
  const inside = new Inside({ loopbackAddress: '10.0.2.2' });
  const server = createServer((request, response) => response.end(`you asked for ${request.url}`));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let page = '';
  const out = { write: (bytes: Uint8Array) => void (page += Buffer.from(bytes)) };
  const code = await inside.run(
    () => inside.alice.start(`get http://10.0.2.2:${port}/some/page`, { stdout: out, stderr: out }).exited,
  );
  expect([code, page]).toEqual([0, 'you asked for /some/page']);
  server.closeAllConnections();
  await closed(server);
  await inside.end();
});

test('the SYN is answered only when the real host has answered', async () => {
  const inside = new Inside();
  const nobody = await freePort();
  await inside.run(async () => {
    expect(await failure(reach(inside.alice, nobody))).toBe('ECONNREFUSED');
    expect(await failure(reach(inside.bob, nobody))).toBe('ECONNREFUSED');
  });
  expect(inside.gateway.counters).toMatchObject({ tcpFlows: 2, refused: 2 });
  expect(inside.gateway.flows()).toEqual([]);
  await inside.end();
});

test('half-close: the inside has said all, and still hears', async () => {
  const inside = new Inside();
  const { port, server } = await realServer((socket) => {
    let heard = '';
    socket.on('data', (part) => {
      heard += part;
    });
    socket.on('end', () => setTimeout(() => socket.end(`after your end: ${heard}`), 20));
  });
  await inside.run(async () => {
    const socket = await reach(inside.alice, port);
    await socket.sendall('question');
    socket.shutdown(SHUT_WR);
    expect(await readAll(socket)).toBe('after your end: question');
    socket.close();
    await closed(server);
  });
  await inside.end();
});

test('half-close: the outside has said all, and still hears', async () => {
  const inside = new Inside();
  let heard = '';
  const { port, server } = await realServer((socket) => {
    socket.end('that is all');
    socket.on('data', (part) => {
      heard += part;
    });
  });
  await inside.run(async () => {
    const socket = await reach(inside.alice, port);
    expect(await readAll(socket)).toBe('that is all');
    expect(inside.gateway.flows()[0]?.state).toBe('closing');
    await socket.sendall('but I have more');
    socket.close();
    await closed(server);
  });
  expect(heard).toBe('but I have more');
  await inside.end();
});

test('a RST from outside is a RST inside', async () => {
  const inside = new Inside();
  const { port, server } = await realServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  await inside.run(async () => {
    const socket = await reach(inside.alice, port);
    await socket.sendall('x');
    expect(await failure(socket.recv(1))).toBe('ECONNRESET');
    socket.close();
    await closed(server);
  });
  expect(inside.gateway.counters.resets).toBe(1);
  await inside.end();
});

test('a RST from outside right behind data is a RST inside, behind the data', async () => {
  const inside = new Inside();
  const { port, server } = await realServer((socket) => {
    socket.once('data', () => {
      socket.write('last words');
      Object.assign(socket, { resetAndClosing: true }).destroy();
    });
  });
  await inside.run(async () => {
    const socket = await reach(inside.alice, port);
    await socket.sendall('x');
    let heard = '';
    const ended = await failure(
      (async () => {
        for (;;) {
          const part = await socket.recv(100);
          if (part.length === 0) return;
          heard += Buffer.from(part);
        }
      })(),
    );
    expect([heard, ended]).toEqual(['last words', 'ECONNRESET']);
    socket.close();
    await closed(server);
  });
  await inside.end();
});

test('a RST from inside is a RST outside', async () => {
  const inside = new Inside();
  let code = '';
  const { port, server } = await realServer((socket) => {
    socket.on('data', (part) => socket.write(part));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code ?? '';
    });
  });
  await inside.run(async () => {
    const socket = await reach(inside.alice, port);
    await socket.sendall('x');
    await socket.recv(1);
    const { SOL_SOCKET, SO_LINGER } = inside.alice.sockets;
    socket.setsockopt(SOL_SOCKET, SO_LINGER, [1, 0]);
    socket.close();
    await closed(server);
  });
  expect(code).toBe('ECONNRESET');
  expect(inside.gateway.counters.resets).toBe(1);
  await inside.end();
});

test('a slow reader outside: the inside writes no more, and what waits stays within its limits', async () => {
  const inside = new Inside({ limits: { flowBufferBytes: 64 << 10, socketBufferBytes: 32 << 10 } });
  let real: RealSocket | null = null;
  const { port, server } = await realServer((socket) => {
    socket.pause();
    real = socket;
  });
  let sent = 0;
  let received = 0;
  await inside.run(async () => {
    const socket = await reach(inside.alice, port);
    socket.setblocking(false);
    // Fills the real system's buffers too, which nobody limits but itself; then nothing moves any more.
    let still = 0;
    while (still < 20) {
      const before = sent;
      for (;;) {
        try {
          sent += await socket.send(new Uint8Array(65_536));
        } catch {
          break;
        }
      }
      await pause(10);
      still = sent === before ? still + 1 : 0;
      expect(sent).toBeLessThan(64 << 20);
    }
    const [flow] = inside.gateway.flows();
    const alices = inside.network.limits.sendBufferBytes;
    // Between alice's write and the real socket: her send buffer, and the window that the gateway offers.
    expect(sent - flow!.bytesOut).toBeLessThanOrEqual(alices + (64 << 10));
    expect(sent - flow!.bytesOut).toBeGreaterThan(alices);
    expect(inside.network.pool.outstandingBytes).toBeLessThan(4 << 20);
    real!.on('data', (part) => {
      received += part.length;
    });
    real!.resume();
    socket.setblocking(true);
    socket.shutdown(SHUT_WR);
    await once(real!, 'end');
    real!.end();
    expect(await readAll(socket)).toBe('');
    socket.close();
    await closed(server);
  });
  expect(received).toBe(sent);
  await inside.end();
});

test('a slow reader inside: the outside is not read any more', async () => {
  const inside = new Inside({ limits: { flowBufferBytes: 64 << 10 } });
  const total = 24 << 20;
  let written = false;
  const { port, server } = await realServer((socket) => {
    socket.resume();
    socket.end(Buffer.alloc(total, 7), () => {
      written = true;
    });
  });
  await inside.run(async () => {
    const socket = await reach(inside.alice, port);
    let before = -1;
    for (let still = 0; still < 20; ) {
      await pause(10);
      const { bytesIn } = inside.gateway.flows()[0]!;
      still = bytesIn === before ? still + 1 : 0;
      before = bytesIn;
    }
    // Alice's receive buffer and the gateway's send buffer; the rest is the real system's, and the server's own.
    expect(before).toBeLessThanOrEqual(inside.network.limits.receiveBufferBytes + (64 << 10));
    expect(written).toBe(false);
    expect(inside.network.pool.outstandingBytes).toBeLessThan(8 << 20);
    let length = 0;
    for (;;) {
      const part = await socket.recv(1 << 18);
      if (part.length === 0) break;
      length += part.length;
    }
    expect(length).toBe(total);
    socket.close();
    await closed(server);
  });
  await inside.end();
});

test('one connection after another between the same ends', async () => {
  const inside = new Inside();
  const { port, server } = await realServer((socket) => socket.pipe(socket));
  await inside.run(async () => {
    for (const word of ['one', 'two', 'three']) {
      const socket = stream(inside.alice);
      socket.setsockopt(inside.alice.sockets.SOL_SOCKET, inside.alice.sockets.SO_REUSEADDR, 1);
      socket.bind(['', 5555]);
      await socket.connect(['10.0.2.1', port]);
      await socket.sendall(word);
      expect(Buffer.from(await socket.recv(10)).toString()).toBe(word);
      // The outside ends first: what is left in TIME-WAIT is the gateway's.
      const { SOL_SOCKET, SO_LINGER } = inside.alice.sockets;
      socket.setsockopt(SOL_SOCKET, SO_LINGER, [1, 0]);
      socket.close();
    }
    await closed(server);
  });
  await inside.end();
});

test('what somebody on the gateway listens on is the gateway’s own; other ports of it are the real loopback', async () => {
  const inside = new Inside();
  const { port, server } = await realServer((socket) => socket.end('real'));
  await inside.run(async () => {
    const own = listening(inside.gw, 7);
    const accepted = own.accept();
    const first = await reach(inside.alice, 7);
    const [peer] = await accepted;
    await peer.sendall('gw');
    peer.close();
    expect(await readAll(first)).toBe('gw');
    first.close();
    const second = await reach(inside.alice, port);
    expect(await readAll(second)).toBe('real');
    second.close();
    const third = await reach(inside.gw, port); // a program on the gateway itself
    expect(await readAll(third)).toBe('real');
    third.close();
    own.close();
    await closed(server);
  });
  await inside.end();
});

test('a RST from inside ends a connection outside that takes no more', async () => {
  const inside = new Inside({ limits: { flowBufferBytes: 64 << 10, socketBufferBytes: 32 << 10 } });
  let code = '';
  let real: RealSocket | null = null;
  const { port, server } = await realServer((socket) => {
    socket.write('x');
    socket.pause();
    real = socket;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code ?? '';
    });
  });
  await inside.run(async () => {
    const socket = await reach(inside.alice, port);
    await socket.recv(1);
    const { SOL_SOCKET, SO_LINGER } = inside.alice.sockets;
    socket.setsockopt(SOL_SOCKET, SO_LINGER, [1, 0]);
    // More than all buffers on the way hold: this waits until it fails.
    const sending = failure(socket.sendall(new Uint8Array(64 << 20)));
    let before = -1;
    for (let still = 0; still < 20; ) {
      await pause(10);
      const { bytesOut } = inside.gateway.flows()[0]!;
      still = bytesOut === before ? still + 1 : 0;
      before = bytesOut;
    }
    socket.close();
    await sending;
    while (inside.gateway.flows().length > 0) await pause(5);
    // libuv takes a RST behind data for an end; who writes learns the truth.
    real!.on('end', () => real!.write('?'));
    real!.resume();
    await closed(server);
  });
  expect(code).toBe('ECONNRESET');
  await inside.end();
});

test('while the real host is silent the SYN waits; what takes too long is given up', async () => {
  const inside = new Inside({ limits: { handshakeNs: 1.3e9, connecting: 1 } });
  const { port, wake } = await silentServer();
  await inside.run(async () => {
    const socket = stream(inside.alice);
    const connecting = failure(socket.connect(['10.0.2.1', port]));
    await pause(100);
    expect(inside.gateway.flows()).toMatchObject([{ state: 'connecting', bytesOut: 0 }]);
    const another = stream(inside.bob);
    another.settimeout(0.05);
    expect(await failure(another.connect(['10.0.2.1', port]))).not.toBe('none');
    another.close();
    expect(inside.gateway.counters.full).toBe(1);
    // The SYN comes again after a second, and makes no second flow of it.
    await pause(1200);
    expect(inside.gateway.counters.tcpFlows).toBe(1);
    expect(inside.gw.node.drops[Drop.GATEWAY_WAITS]).toBe(1);
    while (inside.gateway.flows().length > 0) await pause(20);
    expect(inside.told.at(-1)).toMatch(/given up$/);
    socket.close();
    await connecting;
  });
  wake();
  await inside.end();
});

test('where no way leads, in the real world, the inside hears that no way leads there', async () => {
  // The real system refuses to connect to a broadcast address, and sends nothing.
  const nowhere = '255.255.255.255';
  const inside = new Inside({ dns: nowhere, rules: [{ action: 'allow', to: nowhere }] });
  await inside.run(async () => {
    expect(await failure(reach(inside.alice, 53))).toMatch(/^E(NET|HOST)UNREACH$/);
    const own = datagrams(inside.alice);
    await own.connect(['10.0.2.1', 53]);
    await own.send('x');
    expect(await failure(own.recv(1))).toMatch(/^E(NET|HOST)UNREACH$/);
    own.close();
  });
  expect(inside.gateway.counters).toMatchObject({ tcpFlows: 1, udpFlows: 1, failed: 1, denied: 0 });
  expect(inside.gateway.flows()).toEqual([]);
  await inside.end();
});
