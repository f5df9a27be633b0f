import { once } from 'node:events';
import type { Host } from '@netarium/stack/host/host';
import type { Socket } from '@netarium/stack/l5-session/socket';
import type { RunEnd } from '@netarium/stack/network/scheduler';
import { expectNoLeaks } from '@netarium/stack/testing/test-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Network } from '../../network.ts';
import { namespaceMissing, TestNamespace } from '../testing/test-namespace.ts';
import { dropsOf, until } from '../testing/wire-bench.ts';
import { VxlanLink } from '../vxlan-link.ts';
import { inNamespace } from './namespace.ts';
import { TapLink, type TapOptions } from './tap-link.ts';

const describeTap = namespaceMissing === undefined ? describe : describe.skip;
const title = 'a netarium host and the kernel';

describeTap(namespaceMissing === undefined ? title : `${title} [skipped: ${namespaceMissing}]`, () => {
  let there: TestNamespace;
  let network: Network;
  let running: Promise<RunEnd>;
  let host: Host;
  let tap: TapLink;

  beforeEach(async () => {
    there = await TestNamespace.create();
    there.sysctl('net.ipv6.conf.default.disable_ipv6', '1');
    network = new Network();
    network.pool.track();
    network.setPace(1);
    host = network.host('web', { interfaces: { eth0: '10.9.0.2/24' } });
  });

  afterEach(async () => {
    host.sockets.closeAll();
    tap.close();
    network.scheduler.stop();
    await running;
    there.close();
  });

  function attach(options: Partial<TapOptions> = {}): void {
    tap = new TapLink(network, { device: 'tap0', namespace: there.path, ...options });
    network.plug('web:eth0', tap);
    there.ip('addr add 10.9.0.1/24 dev tap0\nlink set tap0 up');
    running = network.run();
  }

  /** Serves each connection of a port until the socket is closed. */
  async function serve(port: number, talk: (peer: Socket) => Promise<void>): Promise<void> {
    const listener = host.sockets.create_server(['', port]);
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

  it('ping answers the kernel, in all sizes', async () => {
    attach();
    for (const size of ['0', '56', '1472', '1473', '20000']) {
      const { output } = await there.run('ping', ['-n', '-q', '-c', '3', '-i', '0.01', '-s', size, '10.9.0.2']);
      expect(output).toMatch(/3 received, 0% packet loss/);
    }
    const flood = await there.run('ping', ['-n', '-q', '-f', '-c', '2000', '10.9.0.2']);
    expect(flood.output).toMatch(/2000 received, 0% packet loss/);
    expect(dropsOf(tap)).toEqual({});
    await until(() => network.pool.outstanding === 0, 'all packets to be released');
    expectNoLeaks(network.pool);
  });

  it('curl gets a page', async () => {
    attach();
    void serve(80, async (peer) => {
      await peer.recv(4096);
      await peer.sendall('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello, kernel\n');
    });
    const { output } = await there.run('curl', ['-sS', '--max-time', '5', 'http://10.9.0.2/']);
    expect(output).toBe('hello, kernel\n');
  });

  it.each([
    ['with offload', true],
    ['without', false],
  ])('streams go both ways unharmed %s', async (_name, offload) => {
    attach({ offload });
    void serve(7, echo);
    const program = `import socket, hashlib, threading, os
s = socket.create_connection(("10.9.0.2", 7), 10)
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

  it('behind a switch there are frames as cables carry them, whatever the kernel left to us', async () => {
    network.switch('sw1');
    network.link(['web:eth0', 'sw1']);
    tap = new TapLink(network, { device: 'tap0', namespace: there.path });
    network.plug('sw1', tap);
    there.ip('addr add 10.9.0.1/24 dev tap0\nlink set tap0 up');
    let longest = 0;
    tap.tap = { frame: (packet) => void (longest = Math.max(longest, packet.length)) };
    running = network.run();
    void serve(7, echo);
    const program = 'head -c 4000000 /dev/urandom > $1; sha256sum < $1; nc -N 10.9.0.2 7 < $1 | sha256sum; rm $1';
    const { output } = await there.run('sh', ['-c', program, 'sh', `/tmp/netarium-tap-${process.pid}`]);
    const [sent, received] = output.trim().split('\n');
    expect(received).toBe(sent);
    expect(longest).toBe(1514);
    expect(dropsOf(tap)).toEqual({});
  });

  it('a netarium program reaches a server of the kernel', async () => {
    attach();
    const program = `import socket
s = socket.create_server(("10.9.0.1", 9000)); print("ready", flush=True)
c, a = s.accept(); d = c.recv(100); c.sendall(a[0].encode() + b" said " + d); c.close()`;
    const child = there.start('python3', ['-u', '-c', program]);
    await once(child.stdout!, 'data');
    const socket = await host.sockets.create_connection(['10.9.0.1', 9000]);
    await socket.sendall('hello');
    expect(Buffer.from(await socket.recv(100)).toString()).toBe('10.9.0.2 said hello');
    expect((await socket.recv(100)).length).toBe(0);
    socket.close();
    await once(child, 'close');
  });

  it('a TAP removed while streaming ends nothing but the stream; when it is back the network goes on', async () => {
    attach({ limits: { tapReplugMs: 20 } });
    let failure: unknown = null;
    void serve(9, async (peer) => {
      peer.settimeout(1);
      const block = new Uint8Array(1 << 16);
      try {
        for (;;) await peer.sendall(block);
      } catch (error) {
        failure = error;
      }
    });
    const child = there.start('python3', [
      '-c',
      'import socket\ns = socket.create_connection(("10.9.0.2", 9))\nwhile True: s.recv(65536)',
    ]);
    await until(() => tap.sentBytes > 1 << 20, 'a stream');
    there.ip('link del tap0');
    await until(() => !tap.up, 'the link to be down');
    await until(() => failure !== null, 'the program to be told');
    expect((failure as { code?: string }).code).toMatch(/^E[A-Z]+$/);
    child.kill('SIGKILL');
    there.ip('tuntap add dev tap0 mode tap\naddr add 10.9.0.1/24 dev tap0\nlink set tap0 up');
    await until(() => tap.up, 'the link to be up');
    const { output } = await there.run('ping', ['-n', '-q', '-c', '3', '-i', '0.01', '10.9.0.2']);
    expect(output).toMatch(/3 received/);
  });

  it('a stream goes on where it was when the TAP is back: a line that is dead ends no connection', async () => {
    attach({ limits: { tapReplugMs: 20 } });
    void serve(7, echo);
    const program = `import socket, hashlib, os, threading
s = socket.create_connection(("10.9.0.2", 7), 10); s.settimeout(30)
block = os.urandom(1 << 20)
sent, got = hashlib.sha256(), hashlib.sha256()
def send():
  for i in range(64):
    s.sendall(block); sent.update(block)
    if i == 8: print("streaming", flush=True)
  s.shutdown(socket.SHUT_WR)
t = threading.Thread(target=send); t.start()
n = 0
while True:
  d = s.recv(1 << 20)
  if not d: break
  got.update(d); n += len(d)
t.join()
print(n, sent.digest() == got.digest())`;
    const child = there.start('python3', ['-u', '-c', program]);
    let output = '';
    child.stdout!.on('data', (chunk) => (output += chunk));
    child.stderr!.on('data', (chunk) => (output += chunk));
    await until(() => output.includes('streaming'), 'a stream');
    there.ip('link del tap0');
    await until(() => !tap.up, 'the link to be down');
    there.ip('tuntap add dev tap0 mode tap\naddr add 10.9.0.1/24 dev tap0\nlink set tap0 up');
    await once(child, 'close');
    expect(output).toBe(`streaming\n${64 << 20} True\n`);
  }, 60_000);

  it('whoever sends into a dead line is told as on Linux: a datagram soon, a stream when its time is over', async () => {
    attach({ replug: false });
    void serve(7, echo);
    const child = there.start('python3', [
      '-c',
      'import socket\ns = socket.create_server(("10.9.0.1", 9000)); print("ready", flush=True)\nc, a = s.accept(); c.recv(1)',
    ]);
    await once(child.stdout!, 'data');
    const stream = await host.sockets.create_connection(['10.9.0.1', 9000]);
    there.ip('link del tap0');
    await until(() => !tap.up, 'the link to be down');
    const datagrams = host.sockets.socket(host.sockets.AF_INET, host.sockets.SOCK_DGRAM);
    await datagrams.connect(['10.9.0.1', 9]);
    const codeOf = (error: { code?: string }): string => error.code ?? String(error);
    // The route stays, as on Linux (`linkdown`); it is the neighbour who does not answer. That is no hard error: only who
    // asks for soft ones is told.
    datagrams.setsockopt(host.sockets.IPPROTO_IP, host.sockets.IP_RECVERR, 1);
    await datagrams.send('nobody there');
    expect(await datagrams.recv(1).catch(codeOf)).toBe('EHOSTUNREACH');
    stream.setsockopt(host.sockets.IPPROTO_TCP, host.sockets.TCP_USER_TIMEOUT, 500);
    await stream.sendall('still there?');
    expect(await stream.recv(1).catch(codeOf)).toMatch(/^(ETIMEDOUT|EHOSTUNREACH)$/);
    child.kill('SIGKILL');
  });

  it("the kernel's vxlan device is a wire", async () => {
    attach(); // to have something to close
    // The kernel listens on every address of its namespace: our socket sits in another one, over a veth pair.
    const ours = await TestNamespace.create();
    there.ip(
      `link add v0 type veth peer name v0 netns ${ours.pid}\naddr add 10.7.0.2/24 dev v0\nlink set v0 up\n` +
        'link add vx0 type vxlan id 42 remote 10.7.0.1 dstport 4789\naddr add 10.8.0.1/24 dev vx0\nlink set vx0 up',
    );
    ours.ip('addr add 10.7.0.1/24 dev v0\nlink set v0 up');
    const vxlan = await inNamespace(ours.path, () =>
      VxlanLink.open(network, { vni: 42, remote: { address: '10.7.0.2' } }),
    );
    network.host('far', { interfaces: { eth0: { address: '10.8.0.2/24', mtu: 1450 } } });
    network.plug('far:eth0', vxlan);
    const { output } = await there.run('ping', ['-n', '-q', '-c', '3', '-i', '0.1', '-s', '1400', '10.8.0.2']);
    expect(output).toMatch(/3 received/);
    expect(dropsOf(vxlan)).toEqual({});
    vxlan.close();
    ours.close();
  });
});
