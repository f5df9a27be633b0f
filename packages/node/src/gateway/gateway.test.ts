import { Drop } from '@netarium/stack/base/drop-reasons';
import { Prefix } from '@netarium/stack/base/prefix';
import { expect, test } from 'vitest';
import { Network } from '../network.ts';
import { Gateway } from './gateway.ts';
import { Inside } from './testing/inside.ts';
import { closed, pause, realServer } from './testing/real.ts';
import { datagrams, failure, reach, stream } from './testing/sockets.ts';

/** A TEST-NET address (RFC 5737): nobody is there, and no rule of these tests lets anybody try. */
const ELSEWHERE = '192.0.2.1';

test('what the rules deny is answered: communication administratively prohibited', async () => {
  const inside = new Inside();
  const icmp: string[] = [];
  inside.alice.nics.get('eth0')!.addTap({
    frame: (packet) => {
      const { view, start } = packet;
      if (view.getUint16(start + 12) !== 0x0800 || view.getUint8(start + 23) !== 1) return;
      icmp.push(`${view.getUint8(start + 34)}/${view.getUint8(start + 35)}`);
    },
  });
  await inside.run(async () => {
    expect(await failure(stream(inside.alice).connect([ELSEWHERE, 80]))).toBe('EHOSTUNREACH');
    const own = datagrams(inside.alice);
    await own.connect([ELSEWHERE, 80]);
    await own.send('x');
    expect(await failure(own.recv(1))).toBe('EHOSTUNREACH');
    own.close();
    const ping = inside.alice.start(`ping -c 1 -W 1 ${ELSEWHERE}`);
    expect(await ping.exited).toBe(1);
  });
  expect(icmp.filter((message) => message === '3/13')).toHaveLength(3);
  expect(inside.gw.node.drops[Drop.GATEWAY_DENIED]).toBe(3);
  expect(inside.gateway.counters.denied).toBe(3);
  expect(inside.gateway.flows()).toEqual([]);
  await inside.end();
});

test('rules decide by port; the loopback address can be an alias, or none', async () => {
  const { port, server } = await realServer((socket) => socket.end('in'));
  const { port: other, server: otherServer } = await realServer((socket) => socket.end('in'));
  const inside = new Inside({
    loopbackAddress: '10.0.2.2',
    rules: [{ action: 'allow', protocol: 'tcp', to: '127.0.0.1', ports: `${port}` }],
  });
  await inside.run(async () => {
    const socket = await reach(inside.alice, port, '10.0.2.2');
    socket.close();
    expect(await failure(reach(inside.alice, other, '10.0.2.2'))).toBe('EHOSTUNREACH');
    expect(await failure(reach(inside.alice, port, '10.0.2.1'))).toBe('ECONNREFUSED'); // the gateway itself
    expect(await inside.alice.start('ping -c 1 -W 1 10.0.2.2').exited).toBe(0);
  });
  await inside.end();
  const none = new Inside({ loopbackAddress: null });
  await none.run(async () => expect(await failure(reach(none.alice, port))).toBe('ECONNREFUSED'));
  await none.end();
  await closed(server);
  await closed(otherServer);
});

test('TCP flows at their limits and one past them', async () => {
  const { port, server } = await realServer((socket) => socket.pipe(socket));
  const inside = new Inside({ limits: { tcpFlows: 3, flowsPerHost: 2 } });
  const attempt = async (host: typeof inside.alice): Promise<string> => {
    const socket = stream(host);
    socket.settimeout(0.5);
    const result = await failure(socket.connect(['10.0.2.1', port]));
    if (result !== 'none') socket.close();
    return result;
  };
  await inside.run(async () => {
    expect(await attempt(inside.alice)).toBe('none');
    expect(await attempt(inside.alice)).toBe('none');
    expect(await attempt(inside.alice)).not.toBe('none'); // her third
    expect(await attempt(inside.bob)).toBe('none');
    expect(await attempt(inside.bob)).not.toBe('none'); // the fourth of all
    expect(inside.gateway.flows()).toHaveLength(3);
  });
  expect(inside.gateway.counters).toMatchObject({ tcpFlows: 3, full: 2 });
  expect(inside.gw.node.drops[Drop.GATEWAY_FULL]).toBe(2);
  await inside.end();
  await closed(server);
});

test('closing the gateway closes what is real, and resets what is inside', async () => {
  let ends = 0;
  const { port, server } = await realServer((socket) => {
    socket.on('data', (part) => socket.write(part));
    socket.on('close', () => ends++);
  });
  const inside = new Inside();
  await inside.run(async () => {
    const socket = await reach(inside.alice, port);
    await socket.sendall('x');
    await socket.recv(1);
    const forward = await inside.gateway.forwardPort({ port: 0, to: 'alice', toPort: 80 });
    inside.gateway.close();
    expect(forward.port).toBe(0);
    expect(await failure(socket.recv(1))).toBe('ECONNRESET');
    while (ends < 1) await pause(5);
    // The router is a router again, that leads nowhere outside.
    expect(await failure(reach(inside.alice, port))).toBe('ECONNREFUSED');
    expect(await failure(stream(inside.alice).connect([ELSEWHERE, 80]))).toBe('ENETUNREACH');
    await closed(server);
  });
  expect(inside.gw.ip.interfaceNamed('out0')).toBe(null);
  expect(inside.gw.ip.neighbours.list().every((entry) => entry.interface.name !== 'out0')).toBe(true);
  const again = (() => {
    inside.network.setPace(1);
    return new Gateway(inside.network, { host: inside.gw, dns: null });
  })();
  again.close();
  await inside.end();
});

test('a source that is not inside is not answered to', async () => {
  const inside = new Inside();
  inside.alice.ip.addAddress(inside.alice.nics.get('eth0')!, Prefix.parse('198.51.100.7/32')!);
  await inside.run(async () => {
    const own = datagrams(inside.alice);
    own.bind(['198.51.100.7', 0]);
    await own.sendto('x', ['10.0.2.1', 9]);
    await pause(50);
    own.close();
  });
  expect(inside.gateway.flows()).toEqual([]);
  expect(inside.gw.node.drops[Drop.IP_BAD_SOURCE]).toBe(1);
  await inside.end();
});

test('hosts behind another router inside are let out too, by a path with a smaller MTU', async () => {
  const received: number[] = [];
  const { port, server } = await realServer((socket) => {
    socket.write(Buffer.alloc(200_000, 1));
    socket.on('data', (part) => received.push(part.length));
    socket.on('end', () => socket.end());
  });
  const inside = new Inside({ loopbackAddress: '10.0.2.2' });
  const { network, gw } = inside;
  network.router('r', {
    interfaces: { eth0: '10.0.2.3/24', eth1: { address: '10.0.3.1/24', mtu: 600 } },
    gateway: '10.0.2.1',
  });
  const carol = network.host('carol', {
    interfaces: { eth0: { address: '10.0.3.10/24', mtu: 1500 } },
    gateway: '10.0.3.1',
  });
  network.link(['r:eth0', 'sw']);
  network.link(['r:eth1', 'carol:eth0']);
  gw.addRoute({ to: '10.0.3.0/24', via: '10.0.2.3' });
  await inside.run(async () => {
    const socket = await reach(carol, port, '10.0.2.2');
    let length = 0;
    while (length < 200_000) length += (await socket.recv(65_536)).length;
    await socket.sendall(new Uint8Array(100_000));
    socket.shutdown(1);
    expect((await socket.recv(1)).length).toBe(0);
    socket.close();
    await closed(server);
  });
  expect(received.reduce((sum, length) => sum + length, 0)).toBe(100_000);
  expect(gw.ip.mtus.size).toBe(1); // "fragmentation needed" came to the gateway
  await inside.end();
});

test('what cannot be is told', () => {
  const network = new Network();
  network.router('gw', { interfaces: { eth0: '10.0.2.1/24' } });
  network.host('alice', { interfaces: { eth0: '10.0.2.15/24' } });
  network.router('far', { interfaces: { eth0: '10.0.2.2/24' }, gateway: '10.0.2.1' });
  const make = (options: object) => () => new Gateway(network, { dns: null, ...options } as never);
  expect(make({ host: 'gw' })).toThrow('call network.setPace(1) before');
  network.setPace(1);
  expect(make({ host: 'nobody' })).toThrow('there is no node nobody');
  expect(make({ host: 'alice' })).toThrow('a gateway is a router');
  expect(make({ host: 'far' })).toThrow('has a default route already');
  expect(make({ host: 'gw', loopbackAddress: 'localhost' })).toThrow('no IPv4 address');
  expect(make({ host: 'gw', loopbackAddress: '10.9.9.9' })).toThrow('in no network of gw');
  expect(make({ host: 'gw', dns: 'x' })).toThrow('is no resolver');
  expect(make({ host: 'gw', rules: [{ action: 'allow', to: 'x' }] })).toThrow('neither an address');
  const first = new Gateway(network, { host: 'gw', dns: null });
  expect(make({ host: 'gw' })).toThrow('gw is a gateway already');
  first.close();
  first.close();
  new Gateway(network, { host: 'gw', dns: null }).close();
});
