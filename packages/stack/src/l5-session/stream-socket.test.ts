import { describe, expect, test } from 'vitest';
import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import { What } from '../base/trace.ts';
import { FIRST_EPHEMERAL_PORT } from '../l4-transport/ports.ts';
import { Ready } from '../l4-transport/readiness.ts';
import { TcpState } from '../l4-transport/tcp/states.ts';
import { expectNoLeaks } from '../testing/test-node.ts';
import * as c from './constants.ts';
import type { Descriptor } from './descriptor.ts';
import { openSocket } from './socket-kinds.ts';
import { StreamSocket } from './stream-socket.ts';
import { LoneHost } from './testing/lone-host.ts';

const LOCAL = IpAddress.LOOPBACK4;
const EPHEMERAL = 65_536 - FIRST_EPHEMERAL_PORT;

function stream(host: LoneHost): StreamSocket {
  const descriptor = openSocket(host, c.AF_INET, c.SOCK_STREAM, 0, true);
  if (!(descriptor instanceof StreamSocket)) throw new Error('not a stream');
  return descriptor;
}

function listening(host: LoneHost, port: number, backlog = 100): StreamSocket {
  const socket = stream(host);
  expect(socket.bind(null, port)).toBe(0);
  expect(socket.listen(backlog)).toBe(0);
  return socket;
}

/** Runs the network for a while: half a second is less than any timer of a connection that has ended. */
function settle(host: LoneHost, ms = 500): void {
  host.queue.runUntil(host.queue.now + ms * 1e6);
}

function finished(host: LoneHost, ...sockets: Descriptor[]): void {
  for (const socket of sockets) socket.close();
  settle(host, 1e6);
  expectNoLeaks(host.pool);
  expect(host.tcp.ports.size).toBe(0);
}

describe('without promises', () => {
  test('an echo server: accept, read and write until there is no more', () => {
    const host = new LoneHost();
    const server = listening(host, 7);
    const buffer = new Uint8Array(1000);
    const open: StreamSocket[] = [];
    server.onReady = {
      socketReady() {
        for (;;) {
          const accepted = server.accept();
          if (typeof accepted === 'number') return;
          open.push(accepted);
          accepted.onReady = {
            socketReady() {
              for (;;) {
                const n = accepted.receive(buffer, 0, buffer.length);
                if (n === -Errno.EAGAIN) return;
                if (n <= 0) {
                  accepted.close();
                  return;
                }
                accepted.send(buffer, 0, n);
              }
            },
          };
          accepted.onReady.socketReady(accepted.readiness); // data may have come with the handshake's last segment
        }
      },
    };
    const answers: number[] = [];
    const client = stream(host);
    client.onReady = {
      socketReady(events) {
        if (events & Ready.Out && answers.length === 0) client.send(Uint8Array.of(1, 2, 3), 0, 3);
        const n = client.receive(buffer, 0, buffer.length);
        if (n > 0) {
          answers.push(...buffer.subarray(0, n));
          client.close();
        }
      },
    };
    expect(client.connect(LOCAL, 7)).toBe(-Errno.EINPROGRESS);
    settle(host);
    expect(answers).toEqual([1, 2, 3]);
    expect(open.length).toBe(1);
    expect(open[0]!.closed).toBe(true);
    finished(host, server);
  });

  test('readiness on the way: nothing while connecting, then writable', () => {
    const host = new LoneHost();
    const server = listening(host, 7);
    const client = stream(host);
    const told: number[] = [];
    client.onReady = { socketReady: (events) => told.push(events) };
    expect(client.readiness).toBe(Ready.Out | Ready.Hup);
    client.connect(LOCAL, 7);
    expect(client.readiness).toBe(0);
    expect(client.remoteAddress).toBe(null);
    expect(client.transport!.state).toBe(TcpState.SynSent);
    expect(client.send(Uint8Array.of(1), 0, 1)).toBe(-Errno.EAGAIN);
    settle(host);
    expect(told.map((events) => events & Ready.Out)).toContain(Ready.Out);
    expect(client.readiness).toBe(Ready.Out);
    expect(client.remoteAddress).toEqual(LOCAL);
    expect(server.readiness).toBe(Ready.In);
    finished(host, client, server);
  });

  test('a socket that is closed while it connects says nothing more', () => {
    const host = new LoneHost();
    const client = stream(host);
    const told: number[] = [];
    client.onReady = { socketReady: (events) => told.push(events) };
    client.connect(IpAddress.parse('10.0.0.99')!, 7);
    client.close();
    settle(host);
    expect(told).toEqual([]);
    expect(client.connect(LOCAL, 7)).toBe(-Errno.EBADF);
    finished(host);
  });

  test('what was written before close arrives, and the end after it', () => {
    const host = new LoneHost();
    const server = listening(host, 7);
    const client = stream(host);
    client.connect(LOCAL, 7);
    settle(host);
    const data = new Uint8Array(100_000).map((_, i) => i);
    expect(client.send(data, 0, data.length)).toBe(data.length);
    client.close();
    settle(host);
    const accepted = server.accept() as StreamSocket;
    const received = new Uint8Array(200_000);
    let length = 0;
    for (let n = 1; n > 0; length += n) {
      n = accepted.receive(received, length, 70_000);
      settle(host, 1);
    }
    expect(length).toBe(data.length);
    expect(Buffer.compare(received.subarray(0, length), data)).toBe(0);
    finished(host, accepted, server);
  });
});

describe('a backlog', () => {
  test('holds one more than it says, as on Linux; the next is not answered until there is room', () => {
    const host = new LoneHost();
    const server = listening(host, 7, 2);
    const clients = [0, 1, 2, 3, 4].map(() => {
      const client = stream(host);
      client.connect(LOCAL, 7);
      return client;
    });
    settle(host);
    expect(server.readiness).toBe(Ready.In);
    const accepted: StreamSocket[] = [];
    const acceptAll = (): void => {
      for (let next = server.accept(); typeof next !== 'number'; next = server.accept()) accepted.push(next);
    };
    acceptAll();
    expect(accepted.length).toBe(3);
    settle(host, 10_000); // the others try again
    acceptAll();
    expect(accepted.length).toBe(5);
    finished(host, ...clients, ...accepted, server);
  });

  test('is never larger than the host allows', () => {
    const host = new LoneHost('alice', { listenBacklog: 1 });
    const server = listening(host, 7, 1000);
    const clients = [0, 1, 2, 3].map(() => {
      const client = stream(host);
      client.connect(LOCAL, 7);
      return client;
    });
    settle(host);
    const accepted: Descriptor[] = [];
    for (let next = server.accept(); typeof next !== 'number'; next = server.accept()) accepted.push(next);
    expect(accepted.length).toBe(2);
    finished(host, ...clients, ...accepted, server);
  });
});

describe('ports of clients', () => {
  /** Takes every ephemeral port as connections that go elsewhere would. */
  function takeAllPorts(host: LoneHost): (() => void)[] {
    const releases: (() => void)[] = [];
    for (let i = 0; i < EPHEMERAL; i++) {
      host.tcp.ports.connectFrom({}, (binding) => {
        releases.push(() => binding.release());
        return 0;
      });
    }
    return releases;
  }

  test('are shared with connections that go elsewhere when none is free', () => {
    const host = new LoneHost();
    const server = listening(host, 7);
    const releases = takeAllPorts(host);
    const clients = [0, 1, 2].map(() => stream(host));
    for (const client of clients) expect(client.connect(LOCAL, 7)).toBe(-Errno.EINPROGRESS);
    settle(host);
    expect(clients.map((client) => client.readiness)).toEqual([Ready.Out, Ready.Out, Ready.Out]);
    expect(new Set(clients.map((client) => client.localPort)).size).toBe(3);
    expect(host.tcp.ports.size).toBe(EPHEMERAL + 1 + 3);
    for (const release of releases) release();
    finished(host, ...clients, server);
  });

  test('that a program chose and that are in use there: EADDRNOTAVAIL', () => {
    const host = new LoneHost();
    const server = listening(host, 7);
    const pair = [0, 1].map(() => {
      const client = stream(host);
      client.setOption(c.SOL_SOCKET, c.SO_REUSEADDR, 1);
      expect(client.bind(LOCAL, 4000)).toBe(0);
      return client;
    });
    expect(pair[0]!.connect(LOCAL, 7)).toBe(-Errno.EINPROGRESS);
    settle(host);
    expect(pair[1]!.connect(LOCAL, 7)).toBe(-Errno.EADDRNOTAVAIL);
    finished(host, ...pair, server);
  });

  test('are given back when there is no way', () => {
    const host = new LoneHost();
    const client = stream(host);
    expect(client.connect(IpAddress.parse('224.0.0.1')!, 7)).toBe(-Errno.ENETUNREACH);
    expect(host.tcp.ports.size).toBe(0);
    expect(client.localPort).toBe(0);
    finished(host, client);
  });
});

test('options that are set on a listener count for the connections that come after', () => {
  const host = new LoneHost();
  const server = listening(host, 7);
  server.setOption(c.IPPROTO_TCP, c.TCP_NODELAY, 1);
  server.setOption(c.SOL_SOCKET, c.SO_RCVBUF, 5000);
  const accepted = [0, 1].map(() => {
    const client = stream(host);
    client.connect(LOCAL, 7);
    settle(host);
    const connection = server.accept() as StreamSocket;
    expect(connection.getOption(c.IPPROTO_TCP, c.TCP_NODELAY)).toBe(1);
    expect(connection.getOption(c.SOL_SOCKET, c.SO_RCVBUF)).toBe(10_000);
    expect(connection.transport!.options.noDelay).toBe(true);
    client.close();
    return connection;
  });
  finished(host, ...accepted, server);
});

test('calls are told to who watches', () => {
  const host = new LoneHost();
  const calls: string[] = [];
  host.node.trace = {
    event(_node, layer, what, _packet, _reason, detail) {
      if (what === What.Call) calls.push(`${layer} ${detail}`);
    },
  };
  const server = listening(host, 7);
  const client = stream(host);
  client.connect(LOCAL, 7);
  settle(host);
  client.send(Uint8Array.of(1, 2), 0, 2);
  client.shutdown(c.SHUT_WR);
  const accepted = server.accept() as StreamSocket;
  host.node.trace = null;
  expect(calls.slice(0, 2)).toEqual(['5 listen, backlog 100', '5 connect 127.0.0.1:7']);
  expect(calls.slice(2, 4)).toEqual(['5 send 2 bytes', '5 shutdown sending']);
  expect(calls[4]).toMatch(/^5 accept 127\.0\.0\.1:\d+$/);
  finished(host, client, accepted, server);
});
