import { describe, expect, test } from 'vitest';
import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import { Ready } from '../l4-transport/readiness.ts';
import { dropsOf, expectNoLeaks } from '../testing/test-node.ts';
import * as c from './constants.ts';
import { DatagramSocket } from './datagram-socket.ts';
import { openSocket } from './socket-kinds.ts';
import { LoneHost } from './testing/lone-host.ts';

const LOCAL = IpAddress.LOOPBACK4;
const DATA = Uint8Array.of(1, 2, 3);

function datagrams(host: LoneHost, family: number = c.AF_INET): DatagramSocket {
  const descriptor = openSocket(host, family, c.SOCK_DGRAM, 0, true);
  if (!(descriptor instanceof DatagramSocket)) throw new Error('not a datagram socket');
  return descriptor;
}

function settle(host: LoneHost): void {
  host.queue.runUntil(host.queue.now + 1e9);
}

function finished(host: LoneHost, ...sockets: DatagramSocket[]): void {
  for (const socket of sockets) socket.close();
  settle(host);
  expectNoLeaks(host.pool);
  expect(host.udp.ports.size).toBe(0);
}

test('an echo server without promises', () => {
  const host = new LoneHost();
  const server = datagrams(host);
  server.bind(null, 7);
  const buffer = new Uint8Array(100);
  server.onReady = {
    socketReady() {
      for (let n = server.receive(buffer, 0, 100); n >= 0; n = server.receive(buffer, 0, 100)) {
        server.send(buffer, 0, n, 0, server.sender, server.senderPort);
      }
    },
  };
  const client = datagrams(host);
  for (let i = 0; i < 5; i++) client.send(Uint8Array.of(i), 0, 1, 0, LOCAL, 7);
  settle(host);
  const answers: number[] = [];
  while (client.receive(buffer, 0, 100) >= 0) answers.push(buffer[0]!);
  expect(answers).toEqual([0, 1, 2, 3, 4]);
  expect(`${client.sender}:${client.senderPort}`).toBe('127.0.0.1:7');
  finished(host, server, client);
});

test('what is unread when it closes is dropped, with its reason', () => {
  const host = new LoneHost();
  const socket = datagrams(host);
  socket.bind(null, 7);
  socket.send(DATA, 0, 3, 0, LOCAL, 7);
  settle(host);
  expect(socket.available).toBe(3);
  expect(socket.close()).toBe(0);
  expect(dropsOf(host.node)).toMatchObject({ SOCKET_CLOSED: 1 });
  expect(socket.send(DATA, 0, 3, 0, LOCAL, 7)).toBe(-Errno.EBADF);
  expect(socket.receive(DATA, 0, 3)).toBe(-Errno.EBADF);
  finished(host);
});

test('no port is left: EAGAIN for who sends, EADDRINUSE for who binds', () => {
  const host = new LoneHost();
  const held = [];
  for (
    let binding = host.udp.ports.bind(null, 0);
    typeof binding !== 'number';
    binding = host.udp.ports.bind(null, 0)
  ) {
    held.push(binding);
  }
  const socket = datagrams(host);
  expect(socket.send(DATA, 0, 3, 0, LOCAL, 7)).toBe(-Errno.EAGAIN);
  expect(socket.connect(LOCAL, 7)).toBe(-Errno.EAGAIN);
  expect(socket.bind(null, 0)).toBe(-Errno.EADDRINUSE);
  for (const binding of held) binding.release();
  expect(socket.bind(null, 0)).toBe(0);
  finished(host, socket);
});

describe('options', () => {
  const both = [false, true] as const;

  test.each(both)('are kept and read back, with a port: %s', (early) => {
    const host = new LoneHost();
    const socket = datagrams(host);
    if (early) socket.bind(null, 7);
    const set: [level: number, name: number, value: number, told?: number][] = [
      [c.SOL_SOCKET, c.SO_REUSEADDR, 1],
      [c.SOL_SOCKET, c.SO_REUSEPORT, 1],
      [c.SOL_SOCKET, c.SO_BROADCAST, 1],
      [c.SOL_SOCKET, c.SO_NO_CHECK, 1],
      [c.SOL_SOCKET, c.SO_RCVBUF, 9000, 18_000],
      [c.SOL_SOCKET, c.SO_SNDBUF, 9000, 18_000],
      [c.IPPROTO_IP, c.IP_TTL, 9],
      [c.IPPROTO_IP, c.IP_TOS, 0xb8],
      [c.IPPROTO_IP, c.IP_MULTICAST_TTL, 5],
      [c.IPPROTO_IP, c.IP_RECVERR, 1],
      [c.IPPROTO_IP, c.IP_MTU_DISCOVER, c.IP_PMTUDISC_DO],
    ];
    for (const [level, name, value, told] of set) {
      expect(socket.setOption(level, name, value)).toBe(0);
      expect(socket.getOption(level, name)).toBe(told ?? value);
    }
    if (!early) socket.bind(null, 7);
    const [endpoint] = host.udp.endpoints();
    expect(endpoint).toMatchObject({ noChecksum: true, receiveBuffer: 9000, receiveErrors: true });
    expect(endpoint!.flows).toMatchObject({ broadcast: true, ttl: 9, tos: 0xb8, multicastTtl: 5, dontFragment: true });
    expect(endpoint!.binding).toMatchObject({ reuseAddress: true, reusePort: true });
    finished(host, socket);
  });

  test.each([
    [c.IP_TTL, 0],
    [c.IP_TTL, 256],
    [c.IP_MULTICAST_TTL, -2],
    [c.IP_MULTICAST_TTL, 256],
    [c.IP_MTU_DISCOVER, -1],
    [c.IP_MTU_DISCOVER, 4],
  ])('option %d cannot be %d', (name, value) => {
    const host = new LoneHost();
    const socket = datagrams(host);
    expect(socket.setOption(c.IPPROTO_IP, name, value)).toBe(-Errno.EINVAL);
    finished(host, socket);
  });

  test('a buffer has a least and a largest size', () => {
    const host = new LoneHost('alice', { maxBufferBytes: 100_000 });
    const socket = datagrams(host);
    for (const [asked, told] of [
      [0, 2304],
      [1152, 2304],
      [1153, 2306],
      [100_000, 200_000],
      [100_001, 200_000],
      [-1, 200_000],
    ] as const) {
      socket.setOption(c.SOL_SOCKET, c.SO_RCVBUF, asked);
      expect(socket.getOption(c.SOL_SOCKET, c.SO_RCVBUF)).toBe(told);
    }
    finished(host, socket);
  });

  test('too long for one packet, and it must not be cut', () => {
    const host = new LoneHost();
    const socket = datagrams(host);
    socket.setOption(c.IPPROTO_IP, c.IP_MTU_DISCOVER, c.IP_PMTUDISC_DO);
    const far = IpAddress.parse('192.0.2.1')!;
    expect(socket.send(new Uint8Array(1473), 0, 1473, 0, far, 9)).toBe(-Errno.EMSGSIZE);
    expect(socket.connect(far, 9)).toBe(0);
    expect(socket.getOption(c.IPPROTO_IP, c.IP_MTU)).toBe(1500);
    finished(host, socket);
    host.network.ipv4.stop();
  });
});

describe('readiness', () => {
  test('of shut sides', () => {
    const host = new LoneHost();
    const socket = datagrams(host);
    expect(socket.readiness).toBe(Ready.Out);
    const told: number[] = [];
    socket.onReady = { socketReady: (events) => told.push(events) };
    socket.shutdown(c.SHUT_RD);
    expect(socket.readiness).toBe(Ready.In | Ready.Out | Ready.RdHup);
    socket.shutdown(c.SHUT_WR);
    expect(socket.readiness).toBe(Ready.In | Ready.Out | Ready.RdHup | Ready.Hup);
    expect(told.length).toBe(2);
    expect(socket.shutdown(3)).toBe(-Errno.EINVAL);
    finished(host, socket);
  });

  test('data that came before the shutdown is still read', () => {
    const host = new LoneHost();
    const socket = datagrams(host);
    socket.bind(null, 7);
    socket.send(DATA, 0, 3, 0, LOCAL, 7);
    settle(host);
    socket.shutdown(c.SHUT_RD);
    const buffer = new Uint8Array(10);
    expect(socket.receive(buffer, 0, 10)).toBe(3);
    expect(socket.receive(buffer, 0, 10)).toBe(0);
    expect([socket.senderPort, socket.fullLength]).toEqual([0, 0]);
    finished(host, socket);
  });
});

test('a peer for the socket itself, and none again', () => {
  const host = new LoneHost();
  const socket = datagrams(host);
  socket.bind(null, 7);
  expect(`${socket.localAddress}`).toBe('0.0.0.0');
  expect(socket.connect(IpAddress.ANY4, 9)).toBe(0);
  expect(`${socket.localAddress} ${socket.remoteAddress}:${socket.remotePort}`).toBe('127.0.0.1 127.0.0.1:9');
  expect(socket.disconnect()).toBe(0);
  expect(`${socket.localAddress}:${socket.localPort} ${socket.remoteAddress}`).toBe('0.0.0.0:7 null');
  finished(host, socket);
});
