import { describe, expect, test } from 'vitest';
import { NetError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { utf8Decode } from '../base/utf8.ts';
import { dropsOf, expectNoLeaks } from '../testing/test-node.ts';
import type { Socket } from './socket.ts';
import { TwoHosts } from './testing/two-hosts.ts';

async function finished(hosts: TwoHosts): Promise<void> {
  await hosts.end();
  expectNoLeaks(hosts.pool);
  for (const host of [hosts.alice, hosts.bob]) {
    expect(host.tcp.ports.size).toBe(0);
    expect(host.udp.ports.size).toBe(0);
  }
}

function codeOf(error: unknown): string {
  if (error instanceof NetError) return `${error.syscall} ${error.code}`;
  throw error;
}

type Message = Awaited<ReturnType<Socket['recvmsg']>>;

describe("the seeds' programs, line by line", () => {
  test('a TCP server and its client', async () => {
    const hosts = new TwoHosts({ delayNs: 1e6 });
    async function server(): Promise<string> {
      const { socket, AF_INET, SOCK_STREAM } = hosts.bob.sockets;
      const server_socket = socket(AF_INET, SOCK_STREAM);
      server_socket.bind(['', 80]);
      server_socket.listen(1);
      const [connection_socket, address] = await server_socket.accept();
      const request = await connection_socket.recv(4096);
      await connection_socket.send('HTTP/1.0 200 OK\r\n\r\nHello');
      connection_socket.close();
      server_socket.close();
      return `${address[0]} ${utf8Decode(request)}`;
    }
    async function client(): Promise<string> {
      const { socket, AF_INET, SOCK_STREAM } = hosts.alice.sockets;
      const s = socket(AF_INET, SOCK_STREAM);
      await s.connect(['bob', 80]);
      await s.send('GET /index.html HTTP/1.0\n\n');
      const data = await s.recv(10000);
      s.close();
      return utf8Decode(data);
    }
    const [asked, answered] = (await hosts.run(Promise.all([server(), client()]))) as [string, string];
    expect(asked).toBe('10.0.0.1 GET /index.html HTTP/1.0\n\n');
    expect(answered).toBe('HTTP/1.0 200 OK\r\n\r\nHello');
    await finished(hosts);
  });

  test('two who receive from one socket are each told of their own sender', async () => {
    const hosts = new TwoHosts();
    const { sockets } = hosts.bob;
    const s = sockets.socket(2, 2);
    s.bind(['', 7]);
    const senders = [1001, 1002].map((port) => {
      const sender = hosts.alice.sockets.socket(2, 2);
      sender.bind(['', port]);
      return sender;
    });
    for (const sender of senders) await hosts.run(sender.sendto('x', ['bob', 7]));
    await hosts.run(sockets.sleep(1));
    const [one, other] = (await hosts.run(Promise.all([s.recvfrom(9), s.recvmsg(9)]))) as [unknown[], unknown[]];
    expect([one[1], other[3]]).toEqual([
      ['10.0.0.1', 1001],
      ['10.0.0.1', 1002],
    ]);
    await finished(hosts);
  });

  test('a UDP server and its client', async () => {
    const hosts = new TwoHosts({ delayNs: 1e6 });
    async function server(): Promise<void> {
      const { socket, AF_INET, SOCK_DGRAM } = hosts.bob.sockets;
      const s = socket(AF_INET, SOCK_DGRAM);
      s.bind(['', 10000]);
      const [data, addr] = await s.recvfrom(1024);
      await s.sendto(`you said ${utf8Decode(data)}`, addr!);
      s.close();
    }
    async function client(): Promise<string> {
      const { socket, AF_INET, SOCK_DGRAM } = hosts.alice.sockets;
      const s = socket(AF_INET, SOCK_DGRAM);
      await s.sendto('hello', ['10.0.0.2', 10000]);
      const [data, addr] = await s.recvfrom(1024);
      s.close();
      return `${addr} ${utf8Decode(data)}`;
    }
    const [, answer] = (await hosts.run(Promise.all([server(), client()]))) as [unknown, string];
    expect(answer).toBe('10.0.0.2,10000 you said hello');
    await finished(hosts);
  });
});

describe('streams', () => {
  test('a megabyte over a slow line that loses, both ways at once, is exact', async () => {
    const hosts = new TwoHosts({ delayNs: 5e6, rateBps: 20e6, loss: 0.01 });
    const random = Random.from('megabyte');
    const upload = new Uint8Array(1 << 20);
    const download = new Uint8Array(1 << 20);
    random.fill(upload);
    random.fill(download);
    const { bob, alice } = hosts;
    async function readAll(s: { recv(n: number): Promise<Uint8Array> }): Promise<Uint8Array> {
      const parts = new Uint8Array(2 << 20);
      let length = 0;
      for (;;) {
        const chunk = await s.recv(100_000);
        if (chunk.length === 0) return parts.subarray(0, length);
        parts.set(chunk, length);
        length += chunk.length;
      }
    }
    const server = bob.sockets.create_server(['', 5001]);
    async function serve(): Promise<Uint8Array> {
      const [s] = await server.accept();
      const [received] = await Promise.all([
        readAll(s),
        s.sendall(download).then(() => s.shutdown(bob.sockets.SHUT_WR)),
      ]);
      s.close();
      return received;
    }
    async function visit(): Promise<Uint8Array> {
      const s = await alice.sockets.create_connection(['bob', 5001]);
      const [received] = await Promise.all([
        readAll(s),
        s.sendall(upload).then(() => s.shutdown(alice.sockets.SHUT_WR)),
      ]);
      s.close();
      return received;
    }
    const [up, down] = (await hosts.run(Promise.all([serve(), visit()]))) as [Uint8Array, Uint8Array];
    expect(up.length).toBe(upload.length);
    expect(Buffer.compare(up, upload)).toBe(0);
    expect(Buffer.compare(down, download)).toBe(0);
    await finished(hosts);
  });

  test('a reader that is slow holds the writer back, and loses nothing', async () => {
    const hosts = new TwoHosts({ delayNs: 1e6, rateBps: 1e9 });
    const { alice, bob } = hosts;
    const server = bob.sockets.socket();
    server.setsockopt(bob.sockets.SOL_SOCKET, bob.sockets.SO_RCVBUF, 10_000);
    server.bind(['', 5001]);
    server.listen();
    const data = new Uint8Array(300_000).map((_, i) => i * 7);
    const sent = (async () => {
      const s = await alice.sockets.create_connection(['bob', 5001]);
      s.setsockopt(alice.sockets.SOL_SOCKET, alice.sockets.SO_SNDBUF, 10_000);
      await s.sendall(data);
      s.close();
    })();
    const received = (async () => {
      const [s] = await server.accept();
      let at = 0;
      for (;;) {
        const chunk = await s.recv(3000);
        if (chunk.length === 0) return at;
        for (const byte of chunk) if (byte !== data[at++]) throw new Error(`byte ${at} is wrong`);
        await bob.sockets.sleep(2);
      }
    })();
    const result = (await hosts.run(Promise.all([received, sent]))) as [number, unknown];
    expect(result[0]).toBe(data.length);
    await finished(hosts);
  });

  test('a hundred connections at a time', async () => {
    const hosts = new TwoHosts({ delayNs: 1e6 });
    const { alice, bob } = hosts;
    const server = bob.sockets.create_server(['', 7]);
    const serving = (async () => {
      for (let i = 0; i < 100; i++) {
        const [s] = await server.accept();
        void (async () => {
          const data = await s.recv(100);
          await s.sendall(data);
          s.close();
        })();
      }
    })();
    const visits = Array.from({ length: 100 }, async (_, i) => {
      const s = await alice.sockets.create_connection(['bob', 7]);
      await s.sendall(`visitor ${i}`);
      const answer = utf8Decode(await s.recv(100, alice.sockets.MSG_WAITALL));
      s.close();
      return answer;
    });
    const answers = (await hosts.run(Promise.all(visits))) as string[];
    expect(answers).toEqual(Array.from({ length: 100 }, (_, i) => `visitor ${i}`));
    await hosts.run(serving);
    await finished(hosts);
  });
});

describe('nobody answers', () => {
  test('no such port: refused, and told whom', async () => {
    const hosts = new TwoHosts();
    const s = hosts.alice.sockets.socket();
    const error = await hosts.run(s.connect(['bob', 9]).catch((e: unknown) => e));
    expect((error as NetError).message).toBe('connect ECONNREFUSED bob:9: Connection refused');
    await finished(hosts);
  });

  test('no such host on the network: EHOSTUNREACH', async () => {
    const hosts = new TwoHosts();
    const s = hosts.alice.sockets.socket();
    expect(await hosts.run(s.connect(['10.0.0.77', 80]).catch(codeOf))).toBe('connect EHOSTUNREACH');
    await finished(hosts);
  });

  test('no route: ENETUNREACH at once', async () => {
    const hosts = new TwoHosts();
    const s = hosts.alice.sockets.socket();
    expect(await hosts.run(s.connect(['192.0.2.1', 80]).catch(codeOf), 1)).toBe('connect ENETUNREACH');
    const d = hosts.alice.sockets.socket(2, 2);
    expect(await hosts.run(d.sendto('x', ['192.0.2.1', 80]).catch(codeOf), 1)).toBe('sendto ENETUNREACH');
    await finished(hosts);
  });

  test('no such name', async () => {
    const hosts = new TwoHosts();
    const s = hosts.alice.sockets.socket();
    const error = (await hosts.run(s.connect(['nobody', 80]).catch((e: unknown) => e))) as NetError;
    expect(error.code).toBe('EAI_NONAME');
    expect(error.message).toBe('getaddrinfo EAI_NONAME nobody: Name or service not known');
    await finished(hosts);
  });

  test("a cut cable: the program's own time-out, and TCP's", async () => {
    const hosts = new TwoHosts({ loss: 1 });
    const s = hosts.alice.sockets.socket();
    s.settimeout(0.25);
    const before = hosts.queue.now;
    expect(await hosts.run(s.connect(['10.0.0.2', 80]).catch(codeOf))).toBe('connect ETIMEDOUT');
    expect(hosts.queue.now - before).toBe(250e6);
    await finished(hosts);
  });
});

describe('datagrams', () => {
  test('larger than the line carries are cut and put together', async () => {
    const hosts = new TwoHosts({ delayNs: 1e6 });
    const { alice, bob } = hosts;
    const s = bob.sockets.socket(2, 2);
    s.bind(['', 69]);
    const sender = alice.sockets.socket(2, 2);
    const data = new Uint8Array(65_507).map((_, i) => i * 31);
    const [received] = (await hosts.run(Promise.all([s.recv(70_000), sender.sendto(data, ['bob', 69])]))) as [
      Uint8Array,
      number,
    ];
    expect(Buffer.compare(received, data)).toBe(0);
    await finished(hosts);
  });

  test('a broadcast reaches everybody who listens, oneself included', async () => {
    const hosts = new TwoHosts();
    const { alice, bob } = hosts;
    const listeners = [alice, bob, bob].map((host) => {
      const s = host.sockets.socket(2, 2);
      s.setsockopt(1, host.sockets.SO_REUSEADDR, 1);
      s.bind(['', 137]);
      return s;
    });
    const s = alice.sockets.socket(2, 2);
    expect(await hosts.run(s.sendto('all', ['10.0.0.255', 137]).catch(codeOf))).toBe('sendto EACCES');
    s.setsockopt(1, alice.sockets.SO_BROADCAST, 1);
    const heard = Promise.all([
      ...listeners.map((listener) => listener.recvfrom(10)),
      s.sendto('all', ['10.0.0.255', 137]),
    ]);
    const answers = (await hosts.run(heard)) as unknown as [Uint8Array, [string, number]][];
    expect(answers.slice(0, 3).map(([data, [from]]) => `${utf8Decode(data)} from ${from}`)).toEqual(
      new Array(3).fill('all from 10.0.0.1'),
    );
    await finished(hosts);
  });

  test('nobody listens: the peer says so, and the next call tells', async () => {
    const hosts = new TwoHosts({ delayNs: 1e6 });
    const s = hosts.alice.sockets.socket(2, 2);
    await hosts.run(s.connect(['bob', 9]));
    await hosts.run(s.send('anybody there?'));
    expect(await hosts.run(s.recv(10).catch(codeOf))).toBe('recv ECONNREFUSED');
    expect(dropsOf(hosts.bob.node)).toMatchObject({ UDP_NO_PORT: 1 });
    await finished(hosts);
  });

  test('a TTL that runs out, as traceroute sees it', async () => {
    const hosts = new TwoHosts();
    const { IPPROTO_IP, IP_RECVERR } = hosts.alice.sockets;
    const s = hosts.alice.sockets.socket(2, 2);
    s.setsockopt(IPPROTO_IP, IP_RECVERR, true);
    await hosts.run(s.sendto('x', ['bob', 33434]));
    expect(await hosts.run(s.recv(10).catch(codeOf))).toBe('recv ECONNREFUSED');
    const report = s.recverr()!;
    expect(`${report.type}/${report.code} ${report.from} ${report.remote}:${report.remotePort}`).toBe(
      '3/3 10.0.0.2 10.0.0.2:33434',
    );
    expect(s.recverr()).toBe(null);
    await finished(hosts);
  });
});

describe('ping sockets', () => {
  test('send whole echo requests and receive whole replies', async () => {
    const hosts = new TwoHosts({ delayNs: 1e6 });
    const { socket, AF_INET, SOCK_DGRAM, IPPROTO_ICMP } = hosts.alice.sockets;
    const s = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    const request = Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 42, 1, 2, 3, 4, 5);
    expect(await hosts.run(s.sendto(request, ['bob', 0]))).toBe(13);
    const [reply, from] = (await hosts.run(s.recvfrom(100))) as [Uint8Array, [string, number]];
    expect(from[0]).toBe('10.0.0.2');
    expect(reply.length).toBe(13);
    expect([reply[0], reply[1], reply[6], reply[7]]).toEqual([0, 0, 0, 42]);
    expect([...reply.subarray(8)]).toEqual([1, 2, 3, 4, 5]);
    expect((reply[4]! << 8) | reply[5]!).toBe(s.getsockname()[1]);
    expect(await hosts.run(s.recv(10, hosts.alice.sockets.MSG_DONTWAIT).catch(codeOf))).toBe('recv EAGAIN');
    await finished(hosts);
  });

  test('tell the time to live by recvmsg, to who asks for it, and whether all was taken', async () => {
    const hosts = new TwoHosts();
    const { socket, AF_INET, SOCK_DGRAM, IPPROTO_ICMP, IPPROTO_IP, IP_RECVTTL, IP_TTL, MSG_TRUNC } =
      hosts.alice.sockets;
    const ping = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    const request = Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 1, 42);
    await hosts.run(ping.sendto(request, ['bob', 0]));
    expect(((await hosts.run(ping.recvmsg(100, 100))) as Message)[1]).toEqual([]);
    ping.setsockopt(IPPROTO_IP, IP_RECVTTL, 1);
    expect(ping.getsockopt(IPPROTO_IP, IP_RECVTTL)).toBe(1);
    await hosts.run(ping.sendto(request, ['bob', 0]));
    const [data, ancillary, flags, address] = (await hosts.run(ping.recvmsg(5, 100))) as Message;
    expect([data.length, flags, address]).toEqual([5, MSG_TRUNC, ['10.0.0.2', 0]]);
    expect(ancillary).toEqual([[IPPROTO_IP, IP_TTL, Uint8Array.of(64, 0, 0, 0)]]);

    const server = hosts.bob.sockets.socket(AF_INET, SOCK_DGRAM);
    server.bind(['', 5000]);
    server.setsockopt(IPPROTO_IP, IP_RECVTTL, true);
    const client = socket(AF_INET, SOCK_DGRAM);
    client.setsockopt(IPPROTO_IP, IP_TTL, 7);
    await hosts.run(client.sendto('hi', ['bob', 5000]));
    const [text, told, whole] = (await hosts.run(server.recvmsg(100, 100))) as Message;
    expect([text.length, told[0]![2][0], whole]).toEqual([2, 7, 0]);
    await finished(hosts);
  });

  test('hear of their own requests only, and of errors when they ask', async () => {
    const hosts = new TwoHosts({ delayNs: 1e6 });
    const { socket, AF_INET, SOCK_DGRAM, IPPROTO_ICMP, IPPROTO_IP, IP_RECVERR } = hosts.alice.sockets;
    const one = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    const other = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    const request = Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 1);
    await hosts.run(one.sendto(request, ['bob', 0]));
    await hosts.run(other.sendto(request, ['10.0.0.99', 0]));
    await hosts.run(hosts.alice.sockets.sleep(5000));
    expect(await hosts.run(other.recv(100, hosts.alice.sockets.MSG_DONTWAIT).catch(codeOf))).toBe('recv EAGAIN');
    other.setsockopt(IPPROTO_IP, IP_RECVERR, 1);
    await hosts.run(other.sendto(request, ['10.0.0.99', 0]));
    expect(await hosts.run(other.recv(100).catch(codeOf), 10_000)).toBe('recv EHOSTUNREACH');
    expect(other.recverr()).toMatchObject({ type: 3, code: 1, remotePort: 1 });
    expect((await hosts.run(one.recv(100))) as Uint8Array).toHaveLength(8);
    await finished(hosts);
  });

  test.each([
    [Uint8Array.of(8, 0, 0, 0, 0, 0, 0), 'EINVAL'],
    [Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1), 'EINVAL'],
    [Uint8Array.of(8, 1, 0, 0, 0, 0, 0, 1), 'EINVAL'],
  ])('refuse what is no echo request: %j', async (message, code) => {
    const hosts = new TwoHosts();
    const s = hosts.alice.sockets.socket(2, 2, 1);
    expect(await hosts.run(s.sendto(message, ['bob', 0]).catch(codeOf))).toBe(`sendto ${code}`);
    expect(await hosts.run(s.send(Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 1)).catch(codeOf))).toBe('send EDESTADDRREQ');
    await finished(hosts);
  });
});
