import { Drop } from '@netarium/stack/base/drop-reasons';
import { expect, test } from 'vitest';
import { Inside } from './testing/inside.ts';
import { freePort, pause, realDatagrams } from './testing/real.ts';
import { datagrams, failure } from './testing/sockets.ts';

/** A real UDP service that answers each datagram with what `answer` makes of it. */
async function service(answer: (text: string) => string) {
  const { port, socket } = await realDatagrams();
  socket.on('message', (bytes, from) => socket.send(answer(bytes.toString('latin1')), from.port, from.address));
  return { port, socket };
}

test('datagrams go out and come back, each flow by a socket of its own', async () => {
  const inside = new Inside();
  const { port, socket } = await service((text) => text.toUpperCase());
  await inside.run(async () => {
    for (const host of [inside.alice, inside.bob]) {
      const own = datagrams(host);
      await own.sendto('hello', ['10.0.2.1', port]);
      const [bytes, from] = await own.recvfrom(100);
      expect([Buffer.from(bytes).toString(), from]).toEqual(['HELLO', ['10.0.2.1', port]]);
      own.close();
    }
  });
  expect(inside.gateway.flows()).toHaveLength(2);
  expect(inside.gateway.flows()[0]).toMatchObject({ protocol: 'udp', bytesOut: 5, bytesIn: 5, state: 'open' });
  socket.close();
  await inside.end();
});

test('large ones pass in fragments, both ways; an empty one is one too', async () => {
  const inside = new Inside();
  const { port, socket } = await service((text) => text);
  await inside.run(async () => {
    const own = datagrams(inside.alice);
    for (const length of [0, 1, 1472, 1473, 9000, 60_000]) {
      await own.sendto('x'.repeat(length), ['10.0.2.1', port]);
      expect((await own.recv(70_000)).length).toBe(length);
    }
    own.close();
  });
  socket.close();
  await inside.end();
});

test('what comes before the real socket is ready is not lost; nor in another order', async () => {
  const inside = new Inside();
  const { port, socket } = await service((text) => text);
  await inside.run(async () => {
    const own = datagrams(inside.alice);
    await own.connect(['10.0.2.1', port]);
    for (let i = 0; i < 20; i++) await own.send(`${i}`);
    for (let i = 0; i < 20; i++) expect(Buffer.from(await own.recv(10)).toString()).toBe(`${i}`);
    own.close();
  });
  socket.close();
  await inside.end();
});

test('where nobody listens the inside hears "port unreachable"', async () => {
  const inside = new Inside();
  const nobody = await freePort();
  await inside.run(async () => {
    const own = datagrams(inside.alice);
    await own.connect(['10.0.2.1', nobody]);
    await own.send('anybody?');
    expect(await failure(own.recv(10))).toBe('ECONNREFUSED');
    own.close();
  });
  expect(inside.gateway.flows()).toEqual([]);
  await inside.end();
});

test('a flow ends when it is idle, and one of DNS sooner', async () => {
  const { port, socket } = await service((text) => text);
  const inside = new Inside({ limits: { udpIdleNs: 0.6e9, dnsIdleNs: 0.1e9 }, dns: `127.0.0.1:${port}` });
  await inside.run(async () => {
    const own = datagrams(inside.alice);
    await own.sendto('x', ['10.0.2.1', port]);
    await own.recv(10);
    await own.sendto('x', ['10.0.2.1', 53]);
    await own.recv(10);
    expect(inside.gateway.flows()).toHaveLength(2);
    for (let i = 0; i < 4; i++) {
      await pause(100);
      await own.sendto('still here', ['10.0.2.1', port]);
    }
    expect(inside.gateway.flows()).toMatchObject([{ outside: `10.0.2.1:${port}` }]);
    const since = inside.network.now;
    while (inside.gateway.flows().length > 0) await pause(10);
    expect(inside.network.now - since).toBeGreaterThan(0.3e9);
    own.close();
  });
  expect(inside.told.at(-1)).toMatch(/: idle$/);
  socket.close();
  await inside.end();
});

test('an inside host that has closed its port ends the flow', async () => {
  const inside = new Inside();
  const { port, socket } = await realDatagrams();
  await inside.run(async () => {
    const own = datagrams(inside.alice);
    await own.sendto('later, please', ['10.0.2.1', port]);
    const from = await new Promise<{ port: number; address: string }>((resolve) => {
      socket.once('message', (_bytes, sender) => resolve(sender));
    });
    own.close();
    socket.send('too late', from.port, from.address);
    while (inside.gateway.flows().length > 0) await pause(5);
  });
  expect(inside.told.at(-1)).toMatch(/the inside host has closed its port$/);
  socket.close();
  await inside.end();
});

test('only who was spoken to is heard', async () => {
  const inside = new Inside();
  const { port, socket } = await realDatagrams();
  const stranger = await realDatagrams();
  await inside.run(async () => {
    const own = datagrams(inside.alice);
    await own.sendto('hello', ['10.0.2.1', port]);
    const from = await new Promise<{ port: number; address: string }>((resolve) => {
      socket.once('message', (_bytes, sender) => resolve(sender));
    });
    stranger.socket.send('psst', from.port, from.address);
    await pause(50);
    socket.send('hello yourself', from.port, from.address);
    expect(Buffer.from(await own.recv(100)).toString()).toBe('hello yourself');
    own.close();
  });
  socket.close();
  stranger.socket.close();
  await inside.end();
});

test('flows at the limit and one past it', async () => {
  const inside = new Inside({ limits: { udpFlows: 3, flowsPerHost: 2 } });
  const { port, socket } = await service((text) => text);
  const echo = async (host: typeof inside.alice): Promise<string> => {
    const own = datagrams(host);
    own.settimeout(0.3);
    await own.sendto('x', ['10.0.2.1', port]);
    const result = await failure(own.recv(10));
    own.close();
    return result;
  };
  await inside.run(async () => {
    expect(await echo(inside.alice)).toBe('none');
    expect(await echo(inside.alice)).toBe('none');
    expect(await echo(inside.alice)).not.toBe('none'); // her third
    expect(await echo(inside.bob)).toBe('none');
    expect(await echo(inside.bob)).not.toBe('none'); // the fourth of all
  });
  expect(inside.gateway.counters).toMatchObject({ udpFlows: 3, full: 2 });
  expect(inside.gw.node.drops[Drop.GATEWAY_FULL]).toBe(2);
  socket.close();
  await inside.end();
});
