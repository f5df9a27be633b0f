import { describe, expect, test } from 'vitest';
import { NetError } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import { utf8Decode } from '../base/utf8.ts';
import { expectNoLeaks } from '../testing/test-node.ts';
import * as c from './constants.ts';
import type { Socket } from './socket.ts';
import { SocketApi } from './sockets.ts';
import { LoneHost, WAITS } from './testing/lone-host.ts';

function codeOf(error: unknown): string {
  if (error instanceof NetError) return error.code;
  throw error;
}

describe('the module', () => {
  test("can be taken apart, as Python's `from socket import *`", async () => {
    const host = new LoneHost();
    const { socket, AF_INET, SOCK_DGRAM, gethostname, inet_aton, htons, getservbyname, getservbyport } = host.sockets;
    const s = socket(AF_INET, SOCK_DGRAM);
    expect([s.family, s.type, s.proto]).toEqual([2, 2, 17]);
    expect(gethostname()).toBe('alice');
    expect([...inet_aton('10.0.0.1')]).toEqual([10, 0, 0, 1]);
    expect(htons(80)).toBe(20_480);
    expect(getservbyname('http')).toBe(80);
    expect(getservbyport(443)).toBe('https');
    await host.end();
  });

  test('has every constant', () => {
    const { sockets } = new LoneHost();
    for (const [name, value] of Object.entries(c)) expect(sockets[name as keyof typeof c]).toBe(value);
  });
});

describe('descriptors', () => {
  test('are numbers that are used again', async () => {
    const host = new LoneHost();
    const { socket } = host.sockets;
    const [a, b, d] = [socket(), socket(), socket()];
    expect([a.fileno(), b.fileno(), d.fileno()]).toEqual([3, 4, 5]);
    b.close();
    expect(b.fileno()).toBe(-1);
    b.close();
    expect(socket().fileno()).toBe(4);
    await host.end();
  });

  test('are as many as a process may have: EMFILE, and nothing is left behind', async () => {
    const host = new LoneHost('alice', { sockets: 3 });
    const { socket, socketpair } = host.sockets;
    const listener = host.sockets.create_server(['127.0.0.1', 0]);
    const client = socket();
    await host.untilSettled(client.connect(listener.getsockname()));
    expect(() => socketpair()).toThrow('socketpair EMFILE');
    expect(host.sockets.descriptors.size).toBe(2);
    const last = socket();
    expect(() => socket()).toThrow('socket EMFILE');
    expect(await host.untilSettled(listener.accept().catch(codeOf))).toBe('EMFILE');
    last.close();
    expect(socket().fileno()).toBe(5);
    await host.end();
    expectNoLeaks(host.pool);
    expect(host.tcp.ports.size).toBe(0);
  });

  test('can be given up and taken up again', async () => {
    const host = new LoneHost();
    const s = host.sockets.socket(c.AF_INET, c.SOCK_DGRAM);
    s.bind(['127.0.0.1', 0]);
    const name = s.getsockname();
    const number = s.detach();
    expect(s.fileno()).toBe(-1);
    expect(host.sockets.fromfd(number).getsockname()).toEqual(name);
    expect(() => host.sockets.fromfd(77)).toThrow('fromfd EBADF 77');
    await host.end();
  });

  test('belong to a process: another has its own', async () => {
    const host = new LoneHost();
    const other = new SocketApi(host);
    expect(other.socket().fileno()).toBe(3);
    expect(host.sockets.socket().fileno()).toBe(3);
    other.closeAll();
    expect(host.sockets.descriptors.size).toBe(1);
    await host.end();
  });
});

test("privilege is the process's", async () => {
  const host = new LoneHost();
  const root = new SocketApi(host, { privileged: true });
  const s = root.socket();
  s.bind(['', 80]);
  expect(() => host.sockets.socket().bind(['', 81])).toThrow('bind EACCES :81: Permission denied');
  expect(() => root.socket(c.AF_INET, c.SOCK_RAW, 1)).toThrow('ESOCKTNOSUPPORT');
  root.closeAll();
  await host.end();
});

describe('create_connection and create_server', () => {
  test('try each address, and tell the last failure', async () => {
    const host = new LoneHost();
    const server = host.sockets.create_server(['127.0.0.2', 0]);
    const [, port] = server.getsockname();
    host.resolver = { lookup: () => [IpAddress.parse('127.0.0.1')!, IpAddress.parse('127.0.0.2')!] };
    const s = (await host.untilSettled(host.sockets.create_connection(['many.example', port]))) as Socket;
    expect(s.getpeername()).toEqual(['127.0.0.2', port]);
    const failure = host.sockets.create_connection(['many.example', 9]).catch(codeOf);
    expect(await host.untilSettled(failure)).toBe('ECONNREFUSED');
    expect(host.sockets.descriptors.size).toBe(2);
    await host.end();
    expectNoLeaks(host.pool);
  });

  test("from an address of one's own", async () => {
    const host = new LoneHost();
    const server = host.sockets.create_server(['127.0.0.1', 0]);
    const made = host.sockets.create_connection(server.getsockname(), 5, ['127.0.0.9', 0]);
    const s = (await host.untilSettled(made)) as Socket;
    expect(s.getsockname()[0]).toBe('127.0.0.9');
    expect(s.gettimeout()).toBe(5);
    await host.end();
  });

  test('a server that cannot be leaves no descriptor', async () => {
    const host = new LoneHost();
    expect(() => host.sockets.create_server(['192.0.2.9', 8080])).toThrow('bind EADDRNOTAVAIL');
    expect(host.sockets.descriptors.size).toBe(0);
    await host.end();
  });
});

describe('names', () => {
  test("gethostbyname and getaddrinfo ask the host's resolver", async () => {
    const host = new LoneHost();
    host.resolver = { lookup: (name) => Promise.resolve(name === 'bob' ? [IpAddress.parse('10.0.0.2')!] : -2) };
    const { sockets } = host;
    expect(await host.untilSettled(sockets.gethostbyname('bob'))).toBe('10.0.0.2');
    expect(await host.untilSettled(sockets.gethostbyname('eve').catch(codeOf))).toBe('EAI_NONAME');
    expect(await host.untilSettled(sockets.getaddrinfo('bob', 'http', 0, c.SOCK_STREAM))).toEqual([
      [2, 1, 6, '', ['10.0.0.2', 80]],
    ]);
    expect(await host.untilSettled(sockets.getnameinfo(['10.0.0.2', 22]))).toEqual(['10.0.0.2', 'ssh']);
    await host.end();
  });

  test('an answer that takes time holds up the call that needs it, not others', async () => {
    const host = new LoneHost();
    const { sockets } = host;
    host.resolver = {
      lookup: async () => {
        await sockets.sleep(500);
        return [IpAddress.parse('127.0.0.1')!];
      },
    };
    const s = sockets.socket(c.AF_INET, c.SOCK_DGRAM);
    s.bind(['127.0.0.1', 0]);
    const slow = s.sendto('x', ['slow.example', s.getsockname()[1]]);
    expect(await host.untilSettled(slow, 499)).toBe(WAITS);
    expect(await host.untilSettled(slow, 2)).toBe(1);
    await host.end();
  });
});

test("sleep takes the network's time", async () => {
  const host = new LoneHost();
  const before = host.queue.now;
  await host.untilSettled(host.sockets.sleep(1234.5), 10_000);
  expect(host.queue.now - before).toBe(1_234_500_000);
  await host.untilSettled(host.sockets.sleep(-1));
  expect(host.queue.now - before).toBe(1_234_500_000);
  await host.end();
});

describe('socketpair', () => {
  test('talks without a network', async () => {
    const host = new LoneHost();
    const [a, b] = host.sockets.socketpair();
    expect([a.family, a.type]).toEqual([c.AF_UNIX, c.SOCK_STREAM]);
    const reading = b.recv(100);
    await a.sendall('through the wall');
    expect(utf8Decode((await host.untilSettled(reading)) as Uint8Array)).toBe('through the wall');
    a.close();
    expect(await host.untilSettled(b.recv(100))).toHaveLength(0);
    expect(() => host.sockets.socketpair(c.AF_UNIX, c.SOCK_DGRAM)).toThrow('ESOCKTNOSUPPORT');
    expect(() => host.sockets.socketpair(c.AF_UNIX, c.SOCK_STREAM, 6)).toThrow('EPROTONOSUPPORT');
    await host.end();
  });

  test('holds back who writes more than is read', async () => {
    const host = new LoneHost('alice', { receiveBufferBytes: 1000 });
    const [a, b] = host.sockets.socketpair();
    const data = new Uint8Array(10_000).map((_, i) => i);
    const sending = a.sendall(data);
    expect(await host.untilSettled(sending, 10)).toBe(WAITS);
    const received = (await host.untilSettled(b.recv(10_000, c.MSG_WAITALL))) as Uint8Array;
    expect(Buffer.compare(received, data)).toBe(0);
    await host.untilSettled(sending);
    await host.end();
  });
});
