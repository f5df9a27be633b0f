import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { numberedFrame, type RecordingDevice } from '@netarium/stack/testing/recording-device';
import { expectNoLeaks } from '@netarium/stack/testing/test-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { DgramLink } from './dgram-link.ts';
import { withLength } from './length-prefix.ts';
import type { WireLimits } from './limits.ts';
import { MessagePortLink } from './message-port-link.ts';
import { StreamLink } from './stream-link.ts';
import { superFrame } from './testing/frames.ts';
import { aWhile, dropsOf, until, WireBench } from './testing/wire-bench.ts';
import { UdpTunnelLink } from './udp-tunnel-link.ts';
import { writeVxlan } from './vxlan-header.ts';
import { VxlanLink } from './vxlan-link.ts';
import { WebSocketLink } from './websocket-link.ts';
import type { Wire } from './wire.ts';

let here: WireBench;
let there: WireBench;
let wires: Wire[];
let folder: string;

beforeEach(() => {
  here = new WireBench();
  there = new WireBench();
  wires = [];
  folder = mkdtempSync(join(tmpdir(), 'netarium-wires-'));
});

afterEach(() => {
  for (const wire of wires) wire.close();
  for (const wire of wires) wire.close(); // again: nothing happens
  expectNoLeaks(here.pool);
  expectNoLeaks(there.pool);
  rmSync(folder, { recursive: true });
});

function keep<T extends Wire>(wire: T): T {
  wires.push(wire);
  return wire;
}

type Limits = Partial<WireLimits>;

/** A port that nobody has: taken and given back. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

const loopback = (port: number) => ({ address: '127.0.0.1', port });

/** Two ends of each kind of wire. */
const KINDS: Record<string, (limits?: Limits) => Promise<[Wire, Wire]>> = {
  udp: async (limits = {}) => {
    const [a, b] = [await freePort(), await freePort()];
    return [
      await UdpTunnelLink.open(here, { local: loopback(a), remote: loopback(b), limits }),
      await UdpTunnelLink.open(there, { local: loopback(b), remote: loopback(a), limits }),
    ];
  },
  dgram: async (limits = {}) => {
    const [a, b] = [await freePort(), await freePort()];
    return [
      await DgramLink.open(here, { local: loopback(a), remote: loopback(b), limits }),
      await DgramLink.open(there, { local: loopback(b), remote: loopback(a), limits }),
    ];
  },
  vxlan: async (limits = {}) => {
    const [a, b] = [await freePort(), await freePort()];
    return [
      await VxlanLink.open(here, { vni: 42, local: loopback(a), remote: loopback(b), limits }),
      await VxlanLink.open(there, { vni: 42, local: loopback(b), remote: loopback(a), limits }),
    ];
  },
  'stream over TCP': async (limits = {}) => {
    const server = await StreamLink.listen(there, { at: { port: 0 }, limits });
    return [await StreamLink.connect(here, { at: { port: server.port }, limits }), server];
  },
  'stream over a Unix socket': async (limits = {}) => {
    const path = join(folder, 'net.sock');
    const server = await StreamLink.listen(there, { at: { path }, limits });
    return [await StreamLink.connect(here, { at: { path }, limits }), server];
  },
  websocket: async (limits = {}) => {
    const server = await WebSocketLink.listen(there, { port: 0, limits });
    return [await WebSocketLink.connect(here, { url: `ws://127.0.0.1:${server.port}/`, limits }), server];
  },
  'message port': async (limits = {}) => {
    const { port1, port2 } = new MessageChannel();
    return [new MessagePortLink(here, { port: port1, limits }), new MessagePortLink(there, { port: port2, limits })];
  },
};

async function pair(
  kind: string,
  limits: Limits = {},
): Promise<{ a: Wire; b: Wire; left: RecordingDevice; right: RecordingDevice }> {
  const [a, b] = await KINDS[kind]!(limits);
  keep(a);
  keep(b);
  const [left, right] = [here.device(a), there.device(b)];
  await until(() => a.up && b.up, `${kind} is up`);
  return { a, b, left, right };
}

describe.each(Object.keys(KINDS))('%s', (kind) => {
  it('carries frames both ways, in order, as they are', async () => {
    const { a, b, left, right } = await pair(kind);
    for (let i = 0; i < 50; i++) a.transmit(numberedFrame(here.pool, i, 60 + i * 29));
    await until(() => right.arrivals.length === 50, 'fifty frames');
    for (let i = 0; i < 20; i++) b.transmit(numberedFrame(there.pool, i, 14 + i));
    await until(() => left.arrivals.length === 20, 'twenty frames');
    expect(right.numbers).toEqual([...Array(50).keys()]);
    expect(right.arrivals.map(({ bytes }) => bytes.length)).toEqual([...Array(50).keys()].map((i) => 60 + i * 29));
    const last = numberedFrame(here.pool, 49, 60 + 49 * 29);
    expect(Buffer.from(right.arrivals[49]!.bytes).equals(last.slice())).toBe(true);
    last.release();
    expect(left.numbers).toEqual([...Array(20).keys()]);
    expect([a.sentFrames, b.deliveredFrames, b.sentFrames, a.deliveredFrames]).toEqual([50, 50, 20, 20]);
    expect(a.sentBytes).toBe(b.deliveredBytes);
    expect([dropsOf(a), dropsOf(b)]).toEqual([{}, {}]);
  });

  it('sends checksums complete, and super-segments cut', async () => {
    const { a, right } = await pair(kind);
    const shared = superFrame(here.pool, 100, 0).retain();
    const before = shared.slice().slice();
    a.transmit(shared);
    a.transmit(superFrame(here.pool, 3000, 1448));
    await until(() => right.arrivals.length === 4, 'four frames');
    expect(right.arrivals.map(({ bytes }) => bytes.length)).toEqual([154, 1502, 1502, 158]);
    // What somebody else holds was not written to.
    expect(shared.slice()).toEqual(before);
    expect(right.arrivals[0]!.bytes).not.toEqual(before);
    expect(right.arrivals[0]!.bytes.subarray(0, 50)).toEqual(before.subarray(0, 50));
    shared.release();
  });

  it('drops what is no frame, and what is damaged', async () => {
    const { a } = await pair(kind);
    a.transmit(numberedFrame(here.pool, 1, 13));
    a.transmit(numberedFrame(here.pool, 2, a.limits.frameBytes + 1));
    const damaged = numberedFrame(here.pool, 3);
    damaged.fcs = 12_345;
    a.transmit(damaged);
    expect(dropsOf(a)).toEqual({ FRAME_TOO_SHORT: 1, LINK_TOO_LONG: 1, FRAME_BAD_FCS: 1 });
  });

  it('drops when nothing is plugged in, and when it was closed', async () => {
    const { a, b, left } = await pair(kind);
    b.detach();
    a.transmit(numberedFrame(here.pool, 1));
    await until(() => dropsOf(b).LINK_DOWN === 1, 'one drop');
    a.close();
    a.transmit(numberedFrame(here.pool, 2));
    expect(dropsOf(a)).toEqual({ LINK_DOWN: 1 });
    expect(left.changes).toEqual([true, false]);
  });

  it('drops inwards what is more than one turn may bring', async () => {
    const { a, b, right } = await pair(kind, { inboxFrames: 3 });
    for (let i = 0; i < 50; i++) a.transmit(numberedFrame(here.pool, i));
    await until(() => b.deliveredFrames + (dropsOf(b).LINK_QUEUE_FULL ?? 0) === 50, 'all to be dealt with');
    expect(right.arrivals.length).toBe(b.deliveredFrames);
  });

  it('drops inwards while the network holds too many packets', async () => {
    there = new WireBench({ poolBytes: 100_000 });
    const { a, b, right } = await pair(kind);
    const held = there.pool.acquire(100_001);
    a.transmit(numberedFrame(here.pool, 1));
    await until(() => dropsOf(b).POOL_EXHAUSTED === 1, 'the drop');
    held.release();
    a.transmit(numberedFrame(here.pool, 2));
    await until(() => right.arrivals.length === 1, 'the second frame');
    expect(right.numbers).toEqual([2]);
  });
});

describe('batches', () => {
  it('bring what one turn of the event loop brought as one', async () => {
    const { a, right } = await pair('stream over TCP');
    const before = there.externals;
    for (let i = 0; i < 100; i++) a.transmit(numberedFrame(here.pool, i));
    await until(() => right.arrivals.length === 100, 'a hundred frames');
    expect(there.externals - before).toBeLessThan(20);
  });
});

describe('back-pressure', () => {
  it.each(['stream over TCP', 'stream over a Unix socket', 'websocket'])(
    '%s drops what its socket cannot take',
    async (kind) => {
      const { a } = await pair(kind, { outboxBytes: 100_000 });
      // Synchronously: nobody reads meanwhile.
      for (let i = 0; i < 20_000; i++) a.transmit(numberedFrame(here.pool, i, 1514));
      const dropped = dropsOf(a).LINK_QUEUE_FULL ?? 0;
      expect(dropped).toBeGreaterThan(0);
      expect(a.sentFrames + dropped).toBe(20_000);
    },
  );

  it('a message port has at most so many frames on the way, and more when they were taken', async () => {
    const { a, right } = await pair('message port', { portFramesInFlight: 10 });
    for (let i = 0; i < 25; i++) a.transmit(numberedFrame(here.pool, i));
    expect(dropsOf(a)).toEqual({ LINK_QUEUE_FULL: 15 });
    await until(() => right.arrivals.length === 10, 'ten frames');
    await aWhile();
    for (let i = 0; i < 10; i++) a.transmit(numberedFrame(here.pool, i));
    await until(() => right.arrivals.length === 20, 'ten more');
    expect(dropsOf(a)).toEqual({ LINK_QUEUE_FULL: 15 });
  });
});

describe('a UDP tunnel', () => {
  it('listens to its peer alone', async () => {
    const { b, right } = await pair('udp');
    const stranger = createSocket('udp4');
    stranger.send(Buffer.alloc(60), (b as UdpTunnelLink).port, '127.0.0.1');
    await until(() => dropsOf(b).UDP_NOT_PEER === 1, 'the drop');
    expect(right.arrivals).toEqual([]);
    stranger.close();
  });

  it('goes on when nobody is there', async () => {
    const link = keep(await UdpTunnelLink.open(here, { remote: loopback(await freePort()) }));
    here.device(link);
    for (let i = 0; i < 5; i++) {
      link.transmit(numberedFrame(here.pool, i));
      await aWhile();
    }
    expect(link.up).toBe(true);
  });

  it('rejects when the port is taken, and refuses what is no address', async () => {
    const link = keep(await UdpTunnelLink.open(here, { local: loopback(0), remote: loopback(9) }));
    const again = UdpTunnelLink.open(here, { local: loopback(link.port), remote: loopback(9) });
    await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(UdpTunnelLink.open(here, { remote: { address: 'localhost', port: 9 } })).rejects.toThrow(
      /no IP address/,
    );
    await expect(UdpTunnelLink.open(here, { remote: loopback(0) })).rejects.toThrow(/no port/);
  });
});

describe('QEMU over a multicast group', () => {
  it('is heard by all who listen there', async () => {
    const group = { address: '230.0.0.1', port: await freePort() };
    const local = { address: '127.0.0.1' };
    const link = keep(await DgramLink.open(here, { local, remote: group }));
    const other = keep(await DgramLink.open(there, { local, remote: group }));
    const [device, second] = [here.device(link), there.device(other)];
    link.transmit(numberedFrame(here.pool, 7));
    await until(() => device.arrivals.length + second.arrivals.length === 2, 'the frame at both');
    expect([device.numbers, second.numbers]).toEqual([[7], [7]]);
  });

  it('rejects when there is no such interface', async () => {
    const group = { address: '230.0.0.1', port: await freePort() };
    await expect(DgramLink.open(here, { local: { address: '192.0.2.1' }, remote: group })).rejects.toThrow(/ENODEV/);
  });
});

describe('VXLAN', () => {
  function datagram(vni: number, frame: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(8 + frame.length);
    writeVxlan(new DataView(bytes.buffer), 0, vni);
    bytes.set(frame, 8);
    return bytes;
  }

  it('takes what carries its VNI, whatever port it comes from, and drops the rest', async () => {
    const { b, right } = await pair('vxlan');
    const socket = createSocket('udp4');
    const send = (bytes: Uint8Array) => socket.send(bytes, (b as VxlanLink).port, '127.0.0.1');
    const tagged = new Uint8Array(60);
    tagged.set([0x81, 0], 12);
    send(datagram(43, new Uint8Array(60)));
    send(datagram(42, tagged));
    send(Uint8Array.of(8, 0, 0));
    send(datagram(42, new Uint8Array(13)));
    send(datagram(42, new Uint8Array(60).fill(5)));
    await until(() => right.arrivals.length === 1, 'the frame');
    expect(right.numbers).toEqual([5]);
    expect(dropsOf(b)).toEqual({ FRAME_NOT_FOR_US: 1, FRAME_UNKNOWN_TYPE: 1, FRAME_TOO_SHORT: 2 });
    socket.close();
  });

  it('has VNIs of 24 bits', async () => {
    for (const vni of [-1, 1.5, 0x1000000]) {
      await expect(VxlanLink.open(here, { vni, remote: { address: '127.0.0.1' } })).rejects.toThrow(/no VNI/);
    }
  });
});

describe('a stream', () => {
  it('turns a second peer away, and takes the next when the first has left', async () => {
    const { a, b, right } = await pair('stream over TCP');
    const second = connect((b as StreamLink).port, '127.0.0.1');
    await new Promise((resolve) => second.on('close', resolve));
    expect(b.up).toBe(true);
    a.close();
    await until(() => !b.up, 'the link to be down');
    const third = keep(await StreamLink.connect(here, { at: { port: (b as StreamLink).port } }));
    await until(() => b.up, 'the link to be up');
    here.device(third);
    third.transmit(numberedFrame(here.pool, 3));
    await until(() => right.arrivals.length === 1, 'a frame');
    expect(right.changes).toEqual([true, false, true]);
  });

  it('ends when a length is impossible', async () => {
    const server = keep(await StreamLink.listen(here, { at: { port: 0 } }));
    const device = here.device(server);
    const peer = connect(server.port, '127.0.0.1');
    peer.write(
      Buffer.concat([withLength(new Uint8Array(60).fill(1), 0, 60), Buffer.from([0xff, 0xff, 0xff, 0xff, 1])]),
    );
    await new Promise((resolve) => peer.on('close', resolve));
    await until(() => !server.up, 'the link to be down');
    expect(device.numbers).toEqual([1]);
    expect(dropsOf(server)).toEqual({ LINK_TOO_LONG: 1 });
  });

  it('survives a peer that sends anything', async () => {
    const server = keep(await StreamLink.listen(here, { at: { port: 0 } }));
    here.device(server);
    let state = 7;
    for (let round = 0; round < 20; round++) {
      const peer = connect(server.port, '127.0.0.1');
      peer.on('error', () => {});
      const noise = Buffer.alloc(5000);
      for (let i = 0; i < noise.length; i++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        noise[i] = state >>> 24;
      }
      noise[0] = 0;
      noise[1] = 0;
      peer.end(noise);
      await new Promise((resolve) => peer.on('close', resolve));
    }
    await until(() => !server.up, 'the last to have left');
  });

  it('rejects when nobody listens', async () => {
    await expect(StreamLink.connect(here, { at: { path: join(folder, 'none') } })).rejects.toMatchObject({
      code: 'ENOENT',
    });
    const path = join(folder, 'taken');
    keep(await StreamLink.listen(here, { at: { path } }));
    await expect(StreamLink.listen(here, { at: { path } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('a WebSocket', () => {
  const open = (port: number, origin?: string) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`, origin === undefined ? {} : { origin });
      socket.on('open', () => resolve('open'));
      socket.on('error', (error) => resolve(error.message));
      socket.on('close', () => {});
      wires.push({ close: () => socket.terminate() } as unknown as Wire);
    });

  it('takes pages of this machine and no others, unless told', async () => {
    const own = keep(await WebSocketLink.listen(here, { port: 0 }));
    expect(await open(own.port, 'https://evil.example')).toMatch(/401/);
    expect(await open(own.port, 'null')).toMatch(/401/);
    expect(await open(own.port, 'http://localhost:8080')).toBe('open');
    const told = keep(await WebSocketLink.listen(here, { port: 0, origins: ['https://copy.sh'] }));
    expect(await open(told.port, 'http://localhost:8080')).toMatch(/401/);
    expect(await open(told.port, 'https://copy.sh')).toBe('open');
    const all = keep(await WebSocketLink.listen(here, { port: 0, origins: ['*'] }));
    expect(await open(all.port, 'https://evil.example')).toBe('open');
  });

  it('counts text, closes on a message that is too long, and takes the next peer', async () => {
    const server = keep(await WebSocketLink.listen(here, { port: 0, limits: { frameBytes: 1514 } }));
    const device = here.device(server);
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
    await new Promise((resolve) => socket.on('open', resolve));
    socket.send('hello');
    socket.send(Buffer.alloc(0));
    socket.send(Buffer.alloc(1514, 9));
    await until(() => device.arrivals.length === 1, 'the frame');
    expect(dropsOf(server)).toEqual({ FRAME_UNKNOWN_TYPE: 1, FRAME_TOO_SHORT: 1 });
    socket.send(Buffer.alloc(1515));
    await new Promise((resolve) => socket.on('close', resolve));
    await until(() => !server.up, 'the link to be down');
    expect(await open(server.port)).toBe('open');
    await until(() => server.up, 'the link to be up');
  });
});

describe('a message port', () => {
  it('counts what is neither frames nor a count', async () => {
    const { port1, port2 } = new MessageChannel();
    const link = keep(new MessagePortLink(here, { port: port1 }));
    const device = here.device(link);
    for (const message of ['x', -1, 1, 0.5, null, {}, [1], Number.NaN]) port2.postMessage(message);
    port2.postMessage(Uint8Array.of(0, 0, 0, 200, 1).buffer); // a frame that is not whole
    port2.postMessage(Uint8Array.of(255, 0, 0, 0, 1).buffer);
    port2.postMessage(new Uint8Array(withLength(new Uint8Array(14).fill(4), 0, 14)).buffer);
    await until(() => device.arrivals.length === 1, 'the frame');
    expect(device.numbers).toEqual([4]);
    expect(dropsOf(link)).toEqual({ FRAME_UNKNOWN_TYPE: 8, LINK_TOO_LONG: 1 });
  });

  it('goes down when the other side closes', async () => {
    const { a, b, right } = await pair('message port');
    a.close();
    await until(() => !b.up, 'the link to be down');
    expect(right.changes).toEqual([true, false]);
  });
});
