import type { Host } from '@netarium/stack/host/host';
import type { Socket } from '@netarium/stack/l5-session/socket';
import type { RunEnd } from '@netarium/stack/network/scheduler';
import { expectNoLeaks } from '@netarium/stack/testing/test-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Network } from '../../network.ts';
import { namespaceMissing, TestNamespace } from '../testing/test-namespace.ts';
import { dropsOf, until } from '../testing/wire-bench.ts';
import { TapLink } from './tap-link.ts';

const describeTap = namespaceMissing === undefined ? describe : describe.skip;
const title = 'a netarium host and the kernel, over IPv6';

describeTap(namespaceMissing === undefined ? title : `${title} [skipped: ${namespaceMissing}]`, () => {
  let there: TestNamespace;
  let network: Network;
  let running: Promise<RunEnd>;
  let host: Host;
  let tap: TapLink;

  beforeEach(async () => {
    there = await TestNamespace.create();
    network = new Network();
    network.pool.track();
    network.setPace(1);
    host = network.host('web', { interfaces: { eth0: '2001:db8:9::2/64' } });
  });

  afterEach(async () => {
    host.sockets.closeAll();
    tap.close();
    network.scheduler.stop();
    await running;
    there.close();
  });

  function attach(offload: boolean): void {
    tap = new TapLink(network, { device: 'tap0', namespace: there.path, offload });
    network.plug('web:eth0', tap);
    there.ip('link set tap0 up\naddr add 2001:db8:9::1/64 dev tap0 nodad');
    running = network.run();
  }

  /** Serves each connection of a port until the socket is closed. */
  async function serve(port: number, talk: (peer: Socket) => Promise<void>): Promise<void> {
    const listener = host.sockets.create_server(['', port], { family: host.sockets.AF_INET6 });
    try {
      for (;;) {
        const [peer] = await listener.accept();
        void talk(peer)
          .catch(() => {})
          .finally(() => peer.close());
      }
    } catch {
      // Closed: the test is over.
    }
  }

  async function echo(peer: Socket): Promise<void> {
    for (let data = await peer.recv(1 << 20); data.length > 0; data = await peer.recv(1 << 20))
      await peer.sendall(data);
  }

  it('ping answers the kernel, in all sizes; and the kernel answers ping', async () => {
    attach(true);
    for (const size of ['0', '56', '1452', '1453', '20000', '60000']) {
      const { output } = await there.run('ping', [
        '-6',
        '-n',
        '-q',
        '-c',
        '3',
        '-i',
        '0.01',
        '-s',
        size,
        '2001:db8:9::2',
      ]);
      expect(output).toMatch(/3 received, 0% packet loss/);
    }
    let text = '';
    const write = (bytes: Uint8Array) => void (text += new TextDecoder().decode(bytes));
    expect(await host.start('ping -c 2 -i 0.1 -s 20000 2001:db8:9::1', { stdout: { write } }).exited).toBe(0);
    expect(text).toContain('2 packets transmitted, 2 received');
    await until(() => network.pool.outstanding === 0, 'all packets to be released');
    expectNoLeaks(network.pool);
  });

  it.each([
    ['with offload', true],
    ['without', false],
  ])('streams go both ways unharmed %s', async (_name, offload) => {
    attach(offload);
    void serve(7, echo);
    const program = `import socket, hashlib, threading, os
s = socket.create_connection(("2001:db8:9::2", 7), 10)
block = os.urandom(1 << 20)
sent, got = hashlib.sha256(), hashlib.sha256()
def send():
  for i in range(16):
    s.sendall(block); sent.update(block)
  s.shutdown(socket.SHUT_WR)
t = threading.Thread(target=send); t.start()
n = 0
while True:
  d = s.recv(1 << 20)
  if not d: break
  got.update(d); n += len(d)
t.join()
print(n, sent.digest() == got.digest())`;
    const { output } = await there.run('python3', ['-c', program]);
    expect(output).toBe(`${16 << 20} True\n`);
    const perFrame = tap.deliveredBytes / tap.deliveredFrames;
    if (!offload) expect(perFrame).toBeLessThan(1515);
    else expect(perFrame).toBeGreaterThan(3000);
    expect(dropsOf(tap)).toEqual({});
  });

  it('datagrams, groups and refusals', async () => {
    attach(true);
    const { sockets } = host;
    const socket = sockets.socket(sockets.AF_INET6, sockets.SOCK_DGRAM);
    socket.bind(['', 5000]);
    socket.setsockopt(sockets.IPPROTO_IPV6, sockets.IPV6_JOIN_GROUP, 'ff02::4711 eth0');
    void (async () => {
      for (;;) {
        const [data, from] = await socket.recvfrom(65_536);
        await socket.sendto(data, from!);
      }
    })().catch(() => {});
    const program = `import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.settimeout(5)
for size in (1, 1452, 1453, 40000):
  s.sendto(b"x" * size, ("2001:db8:9::2", 5000)); print(len(s.recv(65536)), end=" ")
s.sendto(b"to all", ("ff02::4711", 5000, 0, socket.if_nametoindex("tap0"))); data, who = s.recvfrom(100); print(data.decode())
c = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); c.settimeout(5); c.connect(("2001:db8:9::2", 5001)); c.send(b"?")
try: c.recv(10)
except OSError as e: print(e.strerror)
try: socket.create_connection(("2001:db8:9::2", 81), 5)
except OSError as e: print(e.strerror)`;
    const { output } = await there.run('python3', ['-c', program]);
    expect(output).toBe('1 1452 1453 40000 to all\nConnection refused\nConnection refused\n');
  });
});
