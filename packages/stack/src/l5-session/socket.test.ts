import { describe, expect, test } from 'vitest';
import { NetError } from '../base/errors.ts';
import { utf8Decode } from '../base/utf8.ts';
import { expectNoLeaks } from '../testing/test-node.ts';
import * as c from './constants.ts';
import type { Socket } from './socket.ts';
import { LoneHost, WAITS } from './testing/lone-host.ts';

function codeOf(error: unknown): string {
  if (error instanceof NetError) return error.code;
  throw error;
}

async function connected(host: LoneHost): Promise<[client: Socket, server: Socket]> {
  const { sockets } = host;
  const listener = sockets.create_server(['127.0.0.1', 0]);
  const client = sockets.socket();
  const both = Promise.all([listener.accept(), client.connect(listener.getsockname())]);
  const [[server]] = (await host.untilSettled(both)) as [[Socket, unknown], unknown];
  listener.close();
  return [client, server];
}

async function finished(host: LoneHost): Promise<void> {
  await host.end();
  expectNoLeaks(host.pool);
  expect(host.tcp.ports.size).toBe(0);
  expect(host.udp.ports.size).toBe(0);
}

describe('what no type checker has seen', () => {
  const wrong = <T>(value: unknown) => value as T;

  test('addresses: EINVAL', async () => {
    const host = new LoneHost();
    const s = host.sockets.socket();
    for (const address of [
      null,
      '127.0.0.1',
      [],
      [127, 80],
      ['127.0.0.1'],
      ['127.0.0.1', '80'],
      ['127.0.0.1', 65_536],
    ]) {
      expect(() => s.bind(wrong(address)), `${address}`).toThrow('bind EINVAL');
    }
    expect(await s.connect(wrong({ port: 80 })).catch(codeOf)).toBe('EINVAL');
    await finished(host);
  });

  test('sizes: EINVAL', async () => {
    const host = new LoneHost();
    const [client] = await connected(host);
    for (const size of [-1, Number.NaN, wrong<number>(undefined)]) {
      expect(await client.recv(size).catch(codeOf)).toBe('EINVAL');
      expect(await client.recvfrom(size).catch(codeOf)).toBe('EINVAL');
    }
    await finished(host);
  });

  test('data: EFAULT, and nothing is held', async () => {
    const host = new LoneHost();
    const [client] = await connected(host);
    const u = host.sockets.socket(c.AF_INET, c.SOCK_DGRAM);
    for (const data of [42, null, undefined, {}, [1, 2], new DataView(new ArrayBuffer(4))]) {
      expect(await client.send(wrong(data)).catch(codeOf)).toBe('EFAULT');
      expect(await client.sendall(wrong(data)).catch(codeOf)).toBe('EFAULT');
      expect(await u.sendto(wrong(data), ['127.0.0.1', 9]).catch(codeOf)).toBe('EFAULT');
    }
    await finished(host);
  });
});

describe('a blocking call', () => {
  test('returns at once when there is something', async () => {
    const host = new LoneHost();
    const [client, server] = await connected(host);
    await host.untilSettled(client.sendall('hello'));
    await host.untilSettled(host.sockets.sleep(1));
    const before = host.wakeups.count;
    expect(utf8Decode(await server.recv(100))).toBe('hello');
    expect(host.wakeups.count).toBe(before);
    await finished(host);
  });

  test('wakes the program once when it has come', async () => {
    const host = new LoneHost();
    const [client, server] = await connected(host);
    const reading = server.recv(100);
    expect(await host.untilSettled(reading, 10)).toBe(WAITS);
    const before = host.wakeups.count;
    await client.sendall('hello');
    expect(utf8Decode((await host.untilSettled(reading)) as Uint8Array)).toBe('hello');
    expect(host.wakeups.count).toBe(before + 1);
    await finished(host);
  });

  test('of one of two readers who wait gets the data, and the other goes on waiting', async () => {
    const host = new LoneHost();
    const [client, server] = await connected(host);
    const first = server.recv(100);
    const second = server.recv(100);
    await client.sendall('one');
    expect(utf8Decode((await host.untilSettled(first)) as Uint8Array)).toBe('one');
    expect(await host.untilSettled(second, 10)).toBe(WAITS);
    await client.sendall('two');
    expect(utf8Decode((await host.untilSettled(second)) as Uint8Array)).toBe('two');
    await finished(host);
  });

  test.each<[string, (s: Socket) => Promise<unknown>]>([
    ['recv', (s: Socket) => s.recv(10)],
    ['recvfrom', (s: Socket) => s.recvfrom(10)],
    ['recv_into', (s: Socket) => s.recv_into(new Uint8Array(10))],
  ])('%s fails with EBADF when its socket is closed meanwhile', async (_, call) => {
    const host = new LoneHost();
    const [, server] = await connected(host);
    const waiting = call(server).catch(codeOf);
    expect(await host.untilSettled(waiting, 10)).toBe(WAITS);
    server.close();
    expect(await host.untilSettled(waiting)).toBe('EBADF');
    await finished(host);
  });

  test('accept and connect too', async () => {
    const host = new LoneHost();
    const listener = host.sockets.create_server(['127.0.0.1', 0]);
    const accepting = listener.accept().catch(codeOf);
    const client = host.sockets.socket();
    const connecting = client.connect(['10.0.0.99', 80]).catch(codeOf);
    expect(await host.untilSettled(accepting, 10)).toBe(WAITS);
    listener.close();
    client.close();
    expect(await host.untilSettled(Promise.all([accepting, connecting]))).toEqual(['EBADF', 'EBADF']);
    await finished(host);
  });

  test('of a process that ends fails as well', async () => {
    const host = new LoneHost();
    const [client, server] = await connected(host);
    const waiting = Promise.all([client.recv(1).catch(codeOf), server.recv(1).catch(codeOf)]);
    host.sockets.closeAll();
    expect(await host.untilSettled(waiting)).toEqual(['EBADF', 'EBADF']);
    expect(host.sockets.descriptors.size).toBe(0);
    await finished(host);
  });
});

describe('time', () => {
  test('a call that waits gives up exactly when it should', async () => {
    const host = new LoneHost();
    const s = host.sockets.socket(c.AF_INET, c.SOCK_DGRAM);
    s.settimeout(1.5);
    const before = host.queue.now;
    const error = (await host.untilSettled(s.recv(10).catch((e: unknown) => e))) as NetError;
    expect(`${error.code}: ${error.message}`).toBe('ETIMEDOUT: recv ETIMEDOUT timed out: Connection timed out');
    expect(host.queue.now - before).toBe(1.5e9);
    await finished(host);
  });

  test('data in time stops the clock', async () => {
    const host = new LoneHost();
    const [client, server] = await connected(host);
    server.settimeout(1);
    const reading = server.recv(10);
    await host.untilSettled(host.sockets.sleep(999));
    await client.sendall('x');
    expect(await host.untilSettled(reading)).toHaveLength(1);
    await finished(host);
  });

  test('SO_RCVTIMEO gives EAGAIN, as on Linux, and is read back', async () => {
    const host = new LoneHost();
    const s = host.sockets.socket(c.AF_INET, c.SOCK_DGRAM);
    s.setsockopt(c.SOL_SOCKET, c.SO_RCVTIMEO, [2, 500_000]);
    expect(s.getsockopt(c.SOL_SOCKET, c.SO_RCVTIMEO)).toBe(2);
    const bytes = s.getsockopt(c.SOL_SOCKET, c.SO_RCVTIMEO, 16);
    expect(new DataView(bytes.buffer).getInt32(8, true)).toBe(500_000);
    const before = host.queue.now;
    expect(await host.untilSettled(s.recv(10).catch(codeOf))).toBe('EAGAIN');
    expect(host.queue.now - before).toBe(2.5e9);
    s.setsockopt(c.SOL_SOCKET, c.SO_RCVTIMEO, bytes);
    expect(s.getsockopt(c.SOL_SOCKET, c.SO_RCVTIMEO, 16)).toEqual(bytes);
    expect(() => s.setsockopt(c.SOL_SOCKET, c.SO_RCVTIMEO, [0, 1_000_000])).toThrow('EINVAL');
    await finished(host);
  });

  test('modes', async () => {
    const host = new LoneHost();
    const s = host.sockets.socket();
    expect([s.getblocking(), s.gettimeout()]).toEqual([true, null]);
    s.setblocking(false);
    expect([s.getblocking(), s.gettimeout()]).toEqual([false, 0]);
    s.settimeout(2);
    expect([s.getblocking(), s.gettimeout()]).toEqual([true, 2]);
    s.settimeout(null);
    expect([s.getblocking(), s.gettimeout()]).toEqual([true, null]);
    expect(() => s.settimeout(-1)).toThrow('EINVAL');
    const quick = host.sockets.socket(c.AF_INET, c.SOCK_DGRAM | c.SOCK_NONBLOCK);
    expect(quick.getblocking()).toBe(false);
    expect(quick.type).toBe(c.SOCK_DGRAM);
    await finished(host);
  });
});

describe('sending', () => {
  test('waits until all is taken; with a time-out what fits is sent', async () => {
    const host = new LoneHost('alice', {
      sendBufferBytes: 5000,
      sendBufferGrownBytes: 5000,
      receiveBufferBytes: 5000,
      receiveBufferGrownBytes: 5000,
    });
    const [client, server] = await connected(host);
    const data = new Uint8Array(50_000);
    const sending = client.send(data);
    expect(await host.untilSettled(sending, 100)).toBe(WAITS);
    let received = 0;
    while (received < data.length) received += ((await host.untilSettled(server.recv(10_000))) as Uint8Array).length;
    expect(await host.untilSettled(sending)).toBe(50_000);
    client.settimeout(1);
    const part = (await host.untilSettled(client.send(data))) as number;
    expect(part).toBeGreaterThan(0);
    expect(part).toBeLessThan(50_000);
    expect(await host.untilSettled(client.sendall(data).catch(codeOf), 10_000)).toBe('ETIMEDOUT');
    client.setblocking(false);
    expect(await client.send(data).catch(codeOf)).toBe('EAGAIN');
    await finished(host);
  });

  test('a text is sent as UTF-8', async () => {
    const host = new LoneHost();
    const [client, server] = await connected(host);
    expect(await client.send('grüß')).toBe(6);
    expect(utf8Decode((await host.untilSettled(server.recv(10))) as Uint8Array)).toBe('grüß');
    await finished(host);
  });

  test('sendto with flags before the address, as Python allows', async () => {
    const host = new LoneHost();
    const s = host.sockets.socket(c.AF_INET, c.SOCK_DGRAM);
    s.bind(['127.0.0.1', 0]);
    expect(await s.sendto('x', c.MSG_DONTWAIT, s.getsockname())).toBe(1);
    const [data, from] = (await host.untilSettled(s.recvfrom(10))) as [Uint8Array, unknown];
    expect([utf8Decode(data), from]).toEqual(['x', s.getsockname()]);
    await finished(host);
  });
});

describe('receiving', () => {
  test('into a buffer, or the beginning of one', async () => {
    const host = new LoneHost();
    const [client, server] = await connected(host);
    await client.sendall('abcdef');
    const buffer = new Uint8Array(4);
    expect(await host.untilSettled(server.recv_into(buffer, 3))).toBe(3);
    expect(utf8Decode(buffer)).toBe('abc\0');
    expect(await host.untilSettled(server.recvfrom_into(buffer))).toEqual([3, null]);
    expect(utf8Decode(buffer)).toBe('def\0');
    await finished(host);
  });

  test('MSG_TRUNC tells how long the datagram was', async () => {
    const host = new LoneHost();
    const s = host.sockets.socket(c.AF_INET, c.SOCK_DGRAM);
    s.bind(['127.0.0.1', 0]);
    await s.sendto('abcdef', s.getsockname());
    await host.untilSettled(host.sockets.sleep(1));
    expect(await s.recv_into(new Uint8Array(2), 0, c.MSG_TRUNC | c.MSG_PEEK)).toBe(6);
    expect(await s.recv_into(new Uint8Array(2))).toBe(2);
    await finished(host);
  });

  test('asks for no more room than there are bytes', async () => {
    const host = new LoneHost();
    const [client, server] = await connected(host);
    await client.sendall('abc');
    const data = (await host.untilSettled(server.recv(1 << 30))) as Uint8Array;
    expect(data.buffer.byteLength).toBeLessThan(1000);
    await finished(host);
  });
});

describe('addresses', () => {
  test.each([-1, 65_536, 1.5, Number.NaN])('port %d is none', async (port) => {
    const host = new LoneHost();
    const s = host.sockets.socket();
    expect(() => s.bind(['', port])).toThrow('bind EINVAL');
    expect(await s.connect(['127.0.0.1', port]).catch(codeOf)).toBe('EINVAL');
    await finished(host);
  });

  test('connect_ex returns what connect throws', async () => {
    const host = new LoneHost();
    const s = host.sockets.socket();
    expect(await host.untilSettled(s.connect_ex(['127.0.0.1', 9]))).toBe(111);
    const listener = host.sockets.create_server(['127.0.0.1', 0]);
    expect(await host.untilSettled(s.connect_ex(listener.getsockname()))).toBe(0);
    expect(await host.untilSettled(s.connect_ex(['no.such.host', 9]).catch(codeOf))).toBe('EAI_NONAME');
    await finished(host);
  });

  test('connect to nobody takes the peer away', async () => {
    const host = new LoneHost();
    const s = host.sockets.socket(c.AF_INET, c.SOCK_DGRAM);
    await s.connect(['127.0.0.1', 9]);
    await s.connect(null);
    expect(() => s.getpeername()).toThrow('ENOTCONN');
    const [client, server] = await connected(host);
    await client.connect(null);
    expect(await host.untilSettled(server.recv(10).catch(codeOf))).toBe('ECONNRESET');
    expect(await client.recv(10).catch(codeOf)).toBe('ENOTCONN');
    await finished(host);
  });

  test('a name is asked for before it is bound to', async () => {
    const host = new LoneHost();
    host.resolver = { lookup: () => Promise.resolve([]) };
    const s = host.sockets.socket();
    expect(() => s.bind(['later.example', 80])).toThrow('bind EADDRNOTAVAIL');
    s.bind(['localhost', 0]);
    expect(s.getsockname()[0]).toBe('127.0.0.1');
    await finished(host);
  });
});

describe('IPv6 sockets, and IPv4 peers on them', () => {
  test('a listener on :: hears IPv4, and shows it as a mapped address', async () => {
    const host = new LoneHost();
    const listener = host.sockets.create_server(['::', 0], { family: c.AF_INET6 });
    const [, port] = listener.getsockname();
    expect(listener.getsockname()).toEqual(['::', port, 0, 0]);
    const client = host.sockets.socket(c.AF_INET6);
    const both = Promise.all([listener.accept(), client.connect(['::ffff:127.0.0.1', port])]);
    const [[server, from]] = (await host.untilSettled(both)) as [[Socket, unknown[]], unknown];
    expect(from[0]).toBe('::ffff:127.0.0.1');
    expect(server.getsockname()[0]).toBe('::ffff:127.0.0.1');
    expect(client.getpeername()).toEqual(['::ffff:127.0.0.1', port, 0, 0]);
    await finished(host);
  });

  test('datagrams too', async () => {
    const host = new LoneHost();
    const s = host.sockets.socket(c.AF_INET6, c.SOCK_DGRAM);
    s.bind(['::', 0]);
    const [, port] = s.getsockname();
    const old = host.sockets.socket(c.AF_INET, c.SOCK_DGRAM);
    await old.sendto('x', ['127.0.0.1', port]);
    const [, from] = (await host.untilSettled(s.recvfrom(10))) as [Uint8Array, [string, number]];
    expect(from[0]).toBe('::ffff:127.0.0.1');
    await s.sendto('y', from);
    expect(utf8Decode((await host.untilSettled(old.recv(10))) as Uint8Array)).toBe('y');
    await finished(host);
  });

  test('not with IPV6_V6ONLY, which has to be set in time', async () => {
    const host = new LoneHost();
    const listener = host.sockets.socket(c.AF_INET6);
    listener.setsockopt(c.IPPROTO_IPV6, c.IPV6_V6ONLY, 1);
    listener.bind(['::', 0]);
    listener.listen();
    expect(listener.getsockopt(c.IPPROTO_IPV6, c.IPV6_V6ONLY)).toBe(1);
    expect(() => listener.setsockopt(c.IPPROTO_IPV6, c.IPV6_V6ONLY, 0)).toThrow('EINVAL');
    const client = host.sockets.socket();
    const [, port] = listener.getsockname();
    expect(await host.untilSettled(client.connect(['127.0.0.1', port]).catch(codeOf))).toBe('ECONNREFUSED');
    const s = host.sockets.socket(c.AF_INET6, c.SOCK_DGRAM);
    s.setsockopt(c.IPPROTO_IPV6, c.IPV6_V6ONLY, 1);
    expect(await s.sendto('x', ['::ffff:127.0.0.1', 9]).catch(codeOf)).toBe('ENETUNREACH');
    await finished(host);
  });

  test('an IPv4 socket takes no IPv6 address', async () => {
    const host = new LoneHost();
    const s = host.sockets.socket();
    expect(await s.connect(['::1', 80]).catch(codeOf)).toBe('EAI_FAMILY');
    await finished(host);
  });
});

describe('options that are structures and texts', () => {
  test('TCP_INFO, SO_LINGER, TCP_CONGESTION', async () => {
    const host = new LoneHost();
    const [client] = await connected(host);
    const info = client.getsockopt(c.IPPROTO_TCP, c.TCP_INFO, 104);
    expect(info.length).toBe(104);
    expect(info[0]).toBe(1); // ESTABLISHED
    expect(new DataView(info.buffer).getUint32(16, true)).toBeGreaterThan(500); // snd_mss
    expect(client.getsockopt(c.IPPROTO_TCP, c.TCP_INFO)).toBe(1);
    client.setsockopt(c.SOL_SOCKET, c.SO_LINGER, [1, 5]);
    expect([...client.getsockopt(c.SOL_SOCKET, c.SO_LINGER, 8)]).toEqual([1, 0, 0, 0, 5, 0, 0, 0]);
    client.setsockopt(c.SOL_SOCKET, c.SO_LINGER, Uint8Array.of(0, 0, 0, 0, 5, 0, 0, 0));
    expect([...client.getsockopt(c.SOL_SOCKET, c.SO_LINGER, 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(utf8Decode(client.getsockopt(c.IPPROTO_TCP, c.TCP_CONGESTION, 16))).toMatch(/^[a-z]+\0$/);
    expect(() => client.setsockopt(c.IPPROTO_TCP, c.TCP_CONGESTION, 'nonsense')).toThrow('ENO');
    await finished(host);
  });

  test('an empty value is none', async () => {
    const host = new LoneHost();
    const s = host.sockets.socket();
    expect(() => s.setsockopt(c.SOL_SOCKET, c.SO_KEEPALIVE, new Uint8Array(0))).toThrow('EINVAL');
    s.setsockopt(c.SOL_SOCKET, c.SO_KEEPALIVE, true);
    expect(s.getsockopt(c.SOL_SOCKET, c.SO_KEEPALIVE)).toBe(1);
    await finished(host);
  });

  test('SO_BINDTODEVICE by name', async () => {
    const host = new LoneHost();
    const s = host.sockets.socket(c.AF_INET, c.SOCK_DGRAM);
    s.setsockopt(c.SOL_SOCKET, c.SO_BINDTODEVICE, 'eth0');
    expect(() => s.setsockopt(c.SOL_SOCKET, c.SO_BINDTODEVICE, 'eth9')).toThrow('setsockopt ENODEV');
    s.setsockopt(c.SOL_SOCKET, c.SO_BINDTODEVICE, '');
    await finished(host);
  });
});
