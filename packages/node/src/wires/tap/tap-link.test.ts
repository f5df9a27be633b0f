import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Checksum, type PacketBuffer } from '@netarium/stack/base/packet-buffer';
import { numberedFrame } from '@netarium/stack/testing/recording-device';
import { expectNoLeaks } from '@netarium/stack/testing/test-node';
import koffi from 'koffi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { superFrame } from '../testing/frames.ts';
import { namespaceMissing, TestNamespace } from '../testing/test-namespace.ts';
import { aWhile, dropsOf, until, WireBench } from '../testing/wire-bench.ts';
import { writeInterfaceFile } from './interface-file.ts';
import { libc } from './libc.ts';
import { TapLink, type TapOptions } from './tap-link.ts';
import { TunDevice } from './tun-device.ts';
import { TunError } from './tun-error.ts';

const describeTap = namespaceMissing === undefined ? describe : describe.skip;
const title = namespaceMissing === undefined ? 'a TAP' : `a TAP [skipped: ${namespaceMissing}]`;

/** What a TunError says. */
function refusal(action: () => unknown): { code: string; message: string } {
  try {
    action();
  } catch (error) {
    if (error instanceof TunError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe("a TAP's name", () => {
  it.each(['', 'a b', 'a/b', 'a:b', '.', '..', 'sixteen-letters-'])('is not "%s"', (device) => {
    expect(refusal(() => TunDevice.open({ device }))).toMatchObject({
      code: process.platform === 'linux' ? 'EINVAL' : 'ENOSYS',
    });
  });
});

describeTap(title, () => {
  let there: TestNamespace;
  let bench: WireBench;
  let links: TapLink[];

  beforeEach(async () => {
    there = await TestNamespace.create();
    there.sysctl('net.ipv6.conf.default.disable_ipv6', '1');
    bench = new WireBench();
    links = [];
  });

  afterEach(() => {
    for (const link of links) link.close();
    for (const link of links) link.close();
    there.close();
    expectNoLeaks(bench.pool);
  });

  function open(options: Partial<TapOptions> = {}): TapLink {
    const link = new TapLink(bench, { device: 'tap0', namespace: there.path, ...options });
    links.push(link);
    return link;
  }

  /** The kernel's end with an address, and a neighbour that is us. */
  function bringUp(): void {
    there.ip(
      'addr add 10.9.0.1/24 dev tap0\nlink set tap0 address 02:00:00:00:00:01 up\n' +
        'neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev tap0',
    );
  }

  /** Sends `count` datagrams of `size` bytes from the kernel to us. */
  const sendUdp = (count: number, size: number) =>
    there.run('python3', [
      '-c',
      `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(${count}): s.sendto(bytes(${size}), ("10.9.0.2", 9))`,
    ]);

  it('is made in the namespace and nowhere else, with a queue that does not overflow', async () => {
    const link = open();
    expect(link.kernel).toMatchObject({ name: 'tap0', mtu: 1500 });
    const { output } = await there.run('ip', ['-o', 'link', 'show', 'tap0']);
    expect(output).toMatch(/qlen 5000/);
    expect(TunDevice.exists('tap0', there.path)).toBe(true);
    expect(TunDevice.exists('tap0')).toBe(false);
    link.close();
    expect(TunDevice.exists('tap0', there.path)).toBe(false);
  });

  it('may be numbered by the kernel', () => {
    expect(open({ device: 'net%d' }).kernel?.name).toBe('net0');
    expect(open({ device: 'net%d' }).kernel?.name).toBe('net1');
  });

  it("brings the kernel's frames, their checksums trusted, in batches", async () => {
    const link = open();
    const states: number[] = [];
    const device = bench.device(link);
    device.react = (frame) => states.push(frame.checksum);
    bringUp();
    expect((await sendUdp(200, 100)).code).toBe(0);
    await until(() => device.arrivals.length === 200, 'two hundred frames');
    expect(new Set(device.arrivals.map(({ bytes }) => bytes.length))).toEqual(new Set([142]));
    expect(new Set(states)).toEqual(new Set([Checksum.Partial]));
    expect(link.deliveredBytes).toBe(200 * 142);
    expect(dropsOf(link)).toEqual({});
  });

  it('brings complete checksums without offload', async () => {
    const link = open({ offload: false });
    expect(link.kernel?.offload).toMatchObject({ checksum: false, tcp: false, udp: false });
    const device = bench.device(link);
    bringUp();
    await sendUdp(1, 100);
    await until(() => device.arrivals.length === 1, 'a frame');
    expect(device.arrivals[0]!.checksum).toBe(Checksum.None);
  });

  it('brings frames of every size up to the largest', async () => {
    const device = bench.device(open());
    bringUp();
    there.ip('link set tap0 mtu 65521');
    for (const size of [18, 1472, 1900, 9500, 9600, 65_493]) await sendUdp(1, size);
    await until(() => device.arrivals.length === 6, 'six frames');
    expect(device.arrivals.map(({ bytes }) => bytes.length - 42)).toEqual([18, 1472, 1900, 9500, 9600, 65_493]);
  });

  it('drops what finds no device, and what the pool has no room for', async () => {
    const link = open();
    bringUp();
    await sendUdp(1, 10);
    await until(() => dropsOf(link).LINK_DOWN === 1, 'the first drop');
    bench.device(link);
    const tight = bench.pool.acquire(1 << 30);
    await sendUdp(1, 10);
    await until(() => dropsOf(link).POOL_EXHAUSTED === 1, 'the second drop');
    tight.release();
  });

  /** What arrives at a UDP socket of the kernel's, and what arrives damaged. */
  async function receivedByKernel(send: () => void): Promise<string> {
    const program = `import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 80))
s.settimeout(2)
print("ready", flush=True)
while True:
  d = s.recv(65536)
  if not d: break
  print(len(d), d[0] if d else 0, flush=True)`;
    const child = there.start('python3', ['-u', '-c', program]);
    let output = '';
    child.stdout!.on('data', (chunk) => (output += chunk));
    child.stderr!.on('data', (chunk) => (output += chunk));
    await until(() => output.includes('ready'), 'the receiver');
    send();
    await once(child, 'close');
    return output;
  }

  /** A datagram to the kernel: 10.9.0.2:1234 to 10.9.0.1:80. */
  function datagram(payload: number, segmentSize = 0): PacketBuffer {
    return superFrame(bench.pool, payload, segmentSize, {
      protocol: 'udp',
      source: 0x0a090002,
      destination: 0x0a090001,
    });
  }

  it('sends frames whose checksums the kernel completes, shared or not', async () => {
    const link = open();
    bench.device(link);
    bringUp();
    const output = await receivedByKernel(() => {
      link.transmit(datagram(100));
      const held = datagram(101).retain();
      const before = held.slice().slice();
      link.transmit(held);
      expect(held.slice()).toEqual(before);
      held.release();
      link.transmit(datagram(0));
    });
    expect(output).toBe('ready\n100 22\n101 22\n');
    expect([link.sentFrames, link.sentBytes]).toEqual([3, 142 + 143 + 42]);
  });

  it('sends completed checksums and cut frames without offload', async () => {
    const link = open({ offload: false });
    bench.device(link);
    bringUp();
    const output = await receivedByKernel(() => {
      link.transmit(datagram(100));
      link.transmit(datagram(2500, 1000));
      link.transmit(datagram(0));
    });
    expect(output.split('\n').map((line) => line.split(' ')[0])).toEqual(['ready', '100', '1000', '1000', '500', '']);
    expect(link.sentFrames).toBe(5);
  });

  it('is taken by a thread of the kernel where there is no offload, unless told', async () => {
    const threads = () =>
      [true, false, undefined].map((receiveThread) => {
        const link = open({
          device: 'net%d',
          offload: false,
          ...(receiveThread === undefined ? {} : { receiveThread }),
        });
        return link.kernel?.receiveThread;
      });
    expect(threads()).toEqual([true, false, true]);
    expect(open({ device: 'tap1' }).kernel?.receiveThread).toBe(false);
  });

  it('says so when an interface has no such file, and changes nothing', () => {
    expect(writeInterfaceFile('lo', 'nothing', '1')).toBe(false);
    expect(writeInterfaceFile('lo', 'ifindex', '1')).toBe(false);
    expect(writeInterfaceFile('no-such-one', 'threaded', '1')).toBe(false);
  });

  it('sends super-segments whole', async () => {
    const link = open();
    expect(link.kernel?.offload).toMatchObject({ checksum: true, tcp: true });
    bench.device(link);
    bringUp();
    const output = await receivedByKernel(() => {
      link.transmit(datagram(2500, 1000));
      link.transmit(datagram(0));
    });
    expect(output.split('\n').map((line) => line.split(' ')[0])).toEqual(['ready', '1000', '1000', '500', '']);
    expect(link.sentFrames).toBe(link.kernel?.offload.udp ? 2 : 4);
  });

  it('takes datagrams apart that come as one super-segment', async () => {
    const device = bench.device(open());
    bringUp();
    await there.run('python3', [
      '-c',
      `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(17, 103, 1000) # UDP_SEGMENT
s.sendto(bytes(2500), ("10.9.0.2", 9))`,
    ]);
    await until(() => device.arrivals.length === 3, 'three datagrams');
    expect(device.arrivals.map(({ bytes }) => bytes.length - 42)).toEqual([1000, 1000, 500]);
  });

  describe('whose kernel takes no more', () => {
    const EAGAIN = 11;

    /** A link and a switch: while it is on, each write ends in EAGAIN. */
    function stubborn(limits: TapOptions['limits'] = {}): { link: TapLink; full: { on: boolean } } {
      const link = open({ limits });
      bench.device(link);
      bringUp();
      const full = { on: true };
      const real = libc();
      Reflect.set(link, 'c', {
        ...real,
        writev: (fd: number, address: number, count: number) => {
          if (!full.on) return real.writev(fd, address, count);
          koffi.errno(EAGAIN);
          return -1;
        },
      });
      return { link, full };
    }

    it('keeps what is sent, in order, and sends it when there is room', async () => {
      const { link, full } = stubborn();
      const output = await receivedByKernel(() => {
        for (let size = 1; size <= 50; size++) link.transmit(datagram(size));
        expect(link.sentFrames).toBe(0);
        full.on = false;
        link.transmit(datagram(51));
        link.transmit(datagram(0));
      });
      const sizes = output.split('\n').map((line) => Number.parseInt(line, 10));
      expect(sizes.slice(1, -1)).toEqual(Array.from({ length: 51 }, (_, i) => i + 1));
      expect(link.sentFrames).toBe(52);
      expect(dropsOf(link)).toEqual({});
    });

    it('drops past the limit of the queue, and the queue when it is closed', () => {
      const { link } = stubborn({ tapQueueFrames: 10 });
      for (let i = 0; i < 11; i++) link.transmit(datagram(100));
      expect(dropsOf(link)).toEqual({ LINK_QUEUE_FULL: 1 });
      link.close();
      expect(dropsOf(link)).toEqual({ LINK_QUEUE_FULL: 1, LINK_DOWN: 10 });
    });
  });

  it('is free again when it is closed, whatever children were started meanwhile', async () => {
    const link = open();
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    await once(child, 'spawn');
    link.close();
    expect(TunDevice.exists('tap0', there.path)).toBe(false);
    child.stdin.end();
  });

  it('may be there already, with several queues or one', () => {
    there.ip('tuntap add dev tap0 mode tap\ntuntap add dev tap1 mode tap multi_queue');
    for (const device of ['tap0', 'tap1']) {
      const link = open({ device });
      expect(link.kernel?.name).toBe(device);
      link.close();
      expect(TunDevice.exists(device, there.path)).toBe(true);
    }
  });

  it("counts what is sent while the kernel's interface is set down", () => {
    const link = open();
    bench.device(link);
    link.transmit(numberedFrame(bench.pool, 2));
    expect(dropsOf(link)).toEqual({ LINK_DOWN: 1 });
    expect(link.up).toBe(true);
  });

  it('goes down when the TAP is removed, and up when it is back', async () => {
    const link = open({ limits: { tapReplugMs: 10 } });
    const events: string[] = [];
    link.onChange = ({ up, why }) => events.push(`${up}: ${why}`);
    const device = bench.device(link);
    bringUp();
    const stream = setInterval(() => link.transmit(numberedFrame(bench.pool, 2)), 1);
    await sendUdp(1, 10);
    await until(() => device.arrivals.length === 1, 'a frame');
    there.ip('link del tap0');
    await until(() => !link.up, 'the link to be down');
    expect(link.kernel).toBeNull();
    await aWhile();
    expect(link.up).toBe(false);
    there.ip('tuntap add dev tap0 mode tap');
    await until(() => link.up, 'the link to be up');
    bringUp();
    await sendUdp(1, 10);
    await until(() => device.arrivals.length === 2, 'another frame');
    clearInterval(stream);
    expect(device.changes).toEqual([true, false, true]);
    expect(events).toEqual(['false: tap0 was removed', 'true: opened tap0']);
    expect(dropsOf(link).LINK_DOWN).toBeGreaterThan(0);
  });

  it('may be plugged in again by hand', async () => {
    const link = open({ replug: false });
    const device = bench.device(link);
    there.ip('link del tap0');
    await until(() => !link.up, 'the link to be down');
    link.plug();
    link.plug();
    bringUp();
    await sendUdp(1, 10);
    await until(() => device.arrivals.length === 1, 'a frame');
  });

  it('is held by one at a time, and says so', () => {
    open();
    expect(refusal(() => open())).toEqual({ code: 'EBUSY', message: 'the TAP tap0 is held by another program' });
  });

  it('is no other interface', () => {
    there.ip('link add veth0 type veth peer name veth1');
    expect(refusal(() => open({ device: 'veth0' }))).toEqual({
      code: 'EINVAL',
      message: 'there is an interface veth0 already that is no TAP',
    });
    expect(refusal(() => open({ namespace: '/proc/self/ns/none' })).message).toMatch(/no network namespace/);
    expect(refusal(() => open({ namespace: '/proc/self/ns/pid' })).message).toMatch(/no network namespace|entering/);
  });
});
