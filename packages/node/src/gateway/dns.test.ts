import { once } from 'node:events';
import { Drop } from '@netarium/stack/base/drop-reasons';
import { expect, test } from 'vitest';
import { readResolvers } from './resolver.ts';
import { Inside } from './testing/inside.ts';
import { closed, realDatagrams, realServer } from './testing/real.ts';
import { datagrams, failure, reach, stream } from './testing/sockets.ts';

/** A question for `www.example`, A (RFC 1035 4.1). */
const QUESTION = Buffer.from('1234010000010000000000000377777707657861' + '6d706c650000010001', 'hex');

test('port 53 of the gateway is the resolver, over UDP and TCP', async () => {
  const udp = await realDatagrams();
  udp.socket.on('message', (bytes, from) => {
    const answer = Buffer.from(bytes);
    answer[2]! |= 0x80;
    udp.socket.send(answer, from.port, from.address);
  });
  const tcp = await realServer((socket) => socket.pipe(socket));
  for (const [resolver, protocol] of [
    [`127.0.0.1:${udp.port}`, 'udp'],
    [`127.0.0.1:${tcp.port}`, 'tcp'],
  ] as const) {
    const inside = new Inside({ dns: resolver, loopbackAddress: null });
    await inside.run(async () => {
      if (protocol === 'udp') {
        const own = datagrams(inside.alice);
        await own.sendto(QUESTION, ['10.0.2.1', 53]);
        const [answer, from] = await own.recvfrom(512);
        expect(from).toEqual(['10.0.2.1', 53]);
        expect(Buffer.from(answer).readUInt16BE(2)).toBe(0x8100);
        own.close();
      } else {
        const socket = await reach(inside.alice, 53);
        await socket.sendall('over TCP');
        expect(Buffer.from(await socket.recv(100)).toString()).toBe('over TCP');
        socket.close();
      }
    });
    expect(inside.gateway.counters).toMatchObject({ denied: 0 });
    await inside.end();
  }
  udp.socket.close();
  await closed(tcp.server);
});

test('only if the rules permit; the first resolver that they permit is asked', async () => {
  const udp = await realDatagrams();
  const denied = new Inside({ dns: '192.0.2.53' });
  await denied.run(async () => {
    const own = datagrams(denied.alice);
    await own.connect(['10.0.2.1', 53]);
    await own.send(QUESTION);
    expect(await failure(own.recv(512))).toBe('EHOSTUNREACH');
    own.close();
    expect(await failure(stream(denied.alice).connect(['10.0.2.1', 53]))).toBe('EHOSTUNREACH');
  });
  expect(denied.gateway.counters.denied).toBe(2);
  await denied.end();
  const second = new Inside({ dns: ['192.0.2.53', `127.0.0.1:${udp.port}`] });
  await second.run(async () => {
    const own = datagrams(second.alice);
    await own.sendto(QUESTION, ['10.0.2.1', 53]);
    const [bytes] = await once(udp.socket, 'message');
    expect(bytes).toEqual(QUESTION);
    own.close();
  });
  await second.end();
  udp.socket.close();
});

test('without a resolver port 53 is like any other', async () => {
  const inside = new Inside({ dns: null, loopbackAddress: null });
  await inside.run(async () => {
    const own = datagrams(inside.alice);
    await own.connect(['10.0.2.1', 53]);
    await own.send(QUESTION);
    expect(await failure(own.recv(512))).toBe('ECONNREFUSED');
    own.close();
    expect(await failure(stream(inside.alice).connect(['10.0.2.1', 53]))).toBe('ECONNREFUSED');
  });
  expect(inside.gw.node.drops[Drop.UDP_NO_PORT]).toBe(1);
  await inside.end();
});

test('resolvers as people write them', () => {
  const text = (written: string | string[] | null) =>
    readResolvers(written).map(({ address, port }) => `${address} ${port}`);
  expect(text('127.0.0.1')).toEqual(['127.0.0.1 53']);
  expect(text(['127.0.0.1:5353', '2001:db8::53', '[2001:db8::53]:54'])).toEqual([
    '127.0.0.1 5353',
    '2001:db8::53 53',
    '2001:db8::53 54',
  ]);
  expect(text(null)).toEqual([]);
  expect(Array.isArray(text('system'))).toBe(true);
  for (const wrong of ['dns.example', '127.0.0.1:0', '127.0.0.1:65536', '']) {
    expect(() => readResolvers(wrong), wrong).toThrow('is no resolver');
  }
});
