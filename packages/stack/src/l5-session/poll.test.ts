import { describe, expect, test } from 'vitest';
import { NetError } from '../base/errors.ts';
import { expectNoLeaks } from '../testing/test-node.ts';
import * as c from './constants.ts';
import type { Socket } from './socket.ts';
import { LoneHost, WAITS } from './testing/lone-host.ts';

function codeOf(error: unknown): string {
  if (error instanceof NetError) return error.code;
  throw error;
}

describe('select', () => {
  test('tells at once who is ready', async () => {
    const host = new LoneHost();
    const { select, socketpair } = host.sockets;
    const [a, b] = socketpair();
    expect(await host.untilSettled(select([a, b], [a, b], []))).toEqual([[], [a, b], []]);
    await a.send('x');
    await host.untilSettled(host.sockets.sleep(1));
    expect(await host.untilSettled(select([a, b], [], []))).toEqual([[b], [], []]);
    expect(await host.untilSettled(select([b.fileno()], [], []))).toEqual([[b.fileno()], [], []]);
    await host.end();
  });

  test('waits for the first of several, with one wake-up', async () => {
    const host = new LoneHost();
    const { select, socketpair } = host.sockets;
    const pairs = [socketpair(), socketpair(), socketpair()];
    const waiting = select(
      pairs.map(([, b]) => b),
      [],
      [],
    );
    expect(await host.untilSettled(waiting, 10)).toBe(WAITS);
    const before = host.wakeups.count;
    await pairs[1]![0].send('x');
    expect(await host.untilSettled(waiting)).toEqual([[pairs[1]![1]], [], []]);
    expect(host.wakeups.count).toBe(before + 1);
    await host.end();
  });

  test('gives up when its time is over; nothing at all is a way to sleep', async () => {
    const host = new LoneHost();
    const { select, socket } = host.sockets;
    const s = socket(c.AF_INET, c.SOCK_DGRAM);
    const before = host.queue.now;
    expect(await host.untilSettled(select([s], [], [], 0.5))).toEqual([[], [], []]);
    expect(host.queue.now - before).toBe(0.5e9);
    expect(await host.untilSettled(select([s], [], [], 0), 0)).toEqual([[], [], []]);
    expect(await host.untilSettled(select([], [], [], 1))).toEqual([[], [], []]);
    expect(host.queue.now - before).toBe(1.5e9);
    expect(await host.untilSettled(select([s], [], [], -1).catch(codeOf))).toBe('EINVAL');
    await host.end();
  });

  test('a listener is readable when somebody waits, a client writable when connected', async () => {
    const host = new LoneHost();
    const { select, socket, create_server } = host.sockets;
    const listener = create_server(['127.0.0.1', 0]);
    const client = socket();
    client.setblocking(false);
    expect(await client.connect(listener.getsockname()).catch(codeOf)).toBe('EINPROGRESS');
    expect(await host.untilSettled(select([], [client], []))).toEqual([[], [client], []]);
    expect(await host.untilSettled(select([listener], [], []))).toEqual([[listener], [], []]);
    expect(client.getsockopt(c.SOL_SOCKET, c.SO_ERROR)).toBe(0);
    await host.end();
    expectNoLeaks(host.pool);
  });

  test('a client that is refused is readable and writable, and SO_ERROR says why', async () => {
    const host = new LoneHost();
    const { select, socket } = host.sockets;
    const client = socket();
    client.setblocking(false);
    await client.connect(['127.0.0.1', 9]).catch(codeOf);
    expect(await host.untilSettled(select([client], [client], []))).toEqual([[client], [client], []]);
    expect(client.getsockopt(c.SOL_SOCKET, c.SO_ERROR)).toBe(111);
    await host.end();
  });

  test('a socket that is closed, before or meanwhile: EBADF', async () => {
    const host = new LoneHost();
    const { select, socket } = host.sockets;
    const s = socket(c.AF_INET, c.SOCK_DGRAM);
    const waiting = select([s], [], []).catch(codeOf);
    expect(await host.untilSettled(waiting, 10)).toBe(WAITS);
    s.close();
    expect(await host.untilSettled(waiting)).toBe('EBADF');
    expect(await host.untilSettled(select([], [], [s]).catch(codeOf))).toBe('EBADF');
    expect(await host.untilSettled(select([99], [], []).catch(codeOf))).toBe('EBADF');
    await host.end();
  });
});

describe('poll', () => {
  test('the loop of a server that serves two clients', async () => {
    const host = new LoneHost();
    const { poll, create_server, create_connection } = host.sockets;
    const listener = create_server(['127.0.0.1', 0]);
    const echoes: string[] = [];
    async function serve(): Promise<void> {
      const poller = poll();
      const open = new Map<number, Socket>();
      poller.register(listener, c.POLLIN);
      while (echoes.length < 2 || open.size > 0) {
        for (const [fd, events] of await poller.poll()) {
          if (fd === listener.fileno()) {
            const [connection] = await listener.accept();
            connection.setblocking(false);
            open.set(connection.fileno(), connection);
            poller.register(connection, c.POLLIN);
            continue;
          }
          const connection = open.get(fd)!;
          const data = events & c.POLLIN ? await connection.recv(100) : new Uint8Array(0);
          if (data.length === 0) {
            poller.unregister(fd);
            open.delete(fd);
            connection.close();
          } else {
            echoes.push(new TextDecoder().decode(data));
            await connection.sendall(data);
          }
        }
      }
    }
    async function visit(word: string): Promise<void> {
      const s = await create_connection(listener.getsockname());
      await s.sendall(word);
      await s.recv(100);
      s.close();
    }
    await host.untilSettled(Promise.all([serve(), visit('one'), visit('two')]));
    expect(echoes.sort()).toEqual(['one', 'two']);
    await host.end();
    expectNoLeaks(host.pool);
  });

  test('tells of what was not asked for when it is an end or an error', async () => {
    const host = new LoneHost();
    const { poll, socketpair } = host.sockets;
    const [a, b] = socketpair();
    const poller = poll();
    poller.register(b, 0);
    const waiting = poller.poll();
    expect(await host.untilSettled(waiting, 10)).toBe(WAITS);
    a.close();
    expect(await host.untilSettled(waiting)).toEqual([[b.fileno(), c.POLLHUP]]);
    const number = b.fileno();
    b.close();
    expect(await host.untilSettled(poller.poll())).toEqual([[number, c.POLLNVAL]]);
    await host.end();
  });

  test('times, in milliseconds', async () => {
    const host = new LoneHost();
    const poller = host.sockets.poll();
    poller.register(host.sockets.socketpair()[0], c.POLLIN);
    const before = host.queue.now;
    expect(await host.untilSettled(poller.poll(250))).toEqual([]);
    expect(host.queue.now - before).toBe(250e6);
    expect(await host.untilSettled(poller.poll(0), 0)).toEqual([]);
    expect(await host.untilSettled(poller.poll(-1), 10)).toBe(WAITS);
    await host.end();
  });

  test('modify, unregister, and what was never registered', async () => {
    const host = new LoneHost();
    const poller = host.sockets.poll();
    const [a, b] = host.sockets.socketpair();
    poller.register(a, c.POLLIN);
    poller.modify(a, c.POLLOUT);
    expect(await host.untilSettled(poller.poll(0))).toEqual([[a.fileno(), c.POLLOUT]]);
    poller.unregister(a);
    expect(await host.untilSettled(poller.poll(0))).toEqual([]);
    expect(() => poller.unregister(a)).toThrow('unregister ENOENT');
    expect(() => poller.modify(b, c.POLLIN)).toThrow('modify ENOENT');
    b.close();
    expect(() => poller.register(b)).toThrow('register EBADF');
    await host.end();
  });
});
