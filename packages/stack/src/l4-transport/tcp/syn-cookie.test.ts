import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finish, sum } from '../../base/checksum.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { PacketBuffer, PacketPool } from '../../base/packet-buffer.ts';
import { Random } from '../../base/random.ts';
import { What } from '../../base/trace.ts';
import { dropsOf, expectNoLeaks } from '../../testing/test-node.ts';
import { SequenceSource } from './isn.ts';
import type { TcpOptions } from './options.ts';
import { packOptions, SynCookies } from './syn-cookie.ts';
import { SegmentFields } from './tcp-header.ts';
import { Conversation, type Spoken, text } from './testing/conversation.ts';
import { Pair } from './testing/pair.ts';

const SYN: Spoken = { flags: 'S', seq: 0, mss: 1460, ws: 7, sackOk: true, ts: [5000, 0] };

/** A listener with one connection half open, and no room for another. */
function overflowing(options: { backlog?: number; syn?: Spoken; tcp?: Partial<TcpOptions> } = {}) {
  const t = new Conversation({ limits: { synBacklog: 1 }, tcp: options.tcp ?? {} });
  const listener = t.listen({}, options.backlog ?? 5);
  t.peerPort = 4000;
  t.say({ flags: 'S', seq: 0 });
  t.hear({ flags: 'SA' });
  t.peerPort = 5000;
  t.peerIss = 77_000;
  t.say(options.syn ?? SYN);
  return { t, listener };
}

describe('a listener with too many half-open connections', () => {
  it('answers with a cookie, and keeps nothing', () => {
    const { t, listener } = overflowing();
    const heard = t.hear({ flags: 'SA', seq: 0, ack: 1, mss: 1460, sackOk: true, win: 65535 });
    expect(heard.ws).toBeGreaterThan(0);
    expect(heard.ts![1]).toBe(5000);
    expect([heard.ts![0] & 15, heard.ts![0] & 16]).toEqual([7, 16]);
    expect([listener.halfOpen, [...t.tcp.connections()].length, t.pool.outstanding]).toEqual([1, 1, 0]);
    expect(t.tcp.counters.syncookiesSent).toBe(1);
    t.end();
  });

  it('takes the right ACK for a handshake: MSS, scale, SACK and timestamps as agreed, and its data', () => {
    const { t, listener } = overflowing({ syn: { ...SYN, mss: 1300 } });
    const { ws } = t.hear({ flags: 'SA' });
    t.wait(1e8);
    t.say({ flags: 'PA', seq: 1, ack: 1, win: 1000, ts: [5100, -1], data: 'hello' });
    const c = listener.accept()!;
    expect(c.stateName).toBe('ESTABLISHED');
    expect(c.info().options).toEqual({ timestamps: true, sack: true, wscale: true });
    expect([c.peerMss, c.sndMss, c.sndScale, c.rcvScale, c.sndWnd]).toEqual([1300, 1288, 7, ws, 128_000]);
    expect(c.rtt.srttNs).toBe(-1);
    t.hear({ flags: 'A', seq: 1, ack: 6 });
    const into = new Uint8Array(10);
    expect(c.read(into, 0, 10)).toBe(5);
    expect(into.subarray(0, 5)).toEqual(text('hello'));
    c.write(text('you too'), 0, 7);
    t.hear({ flags: 'PA', seq: 1, ack: 6, data: 'you too' });
    t.say({ flags: 'FA', seq: 6, ack: 8, ts: [5200, -1] });
    expect(c.stateName).toBe('CLOSE-WAIT');
    expect([t.tcp.counters.syncookiesRecv, t.tcp.counters.passiveOpens, listener.halfOpen]).toEqual([1, 1, 1]);
    t.flush();
    t.end();
  });

  it('agrees on nothing but the MSS without timestamps', () => {
    const { t, listener } = overflowing({ syn: { flags: 'S', seq: 0, mss: 1459, ws: 7, sackOk: true } });
    t.hear({ flags: 'SA', seq: 0, ack: 1, ws: -1, sackOk: false, ts: null, mss: 1460 });
    t.say({ flags: 'A', seq: 1, ack: 1, win: 1000 });
    const c = listener.accept()!;
    expect(c.info().options).toEqual({ timestamps: false, sack: false, wscale: false });
    expect([c.sndMss, c.sndScale, c.rcvScale, c.sndWnd]).toEqual([1440, 0, 0, 1000]);
    t.end();
  });

  it('believes no options in timestamps when its own are off', () => {
    const { t, listener } = overflowing({ tcp: { timestamps: false } });
    t.hear({ flags: 'SA', ws: -1, sackOk: false, ts: null });
    t.say({ flags: 'A', seq: 1, ack: 1, ts: [1, 0x17] });
    expect(listener.accept()!.info().options).toEqual({ timestamps: false, sack: false, wscale: false });
    t.end();
  });

  it('assumes 536 bytes of a peer that names no MSS', () => {
    const { t, listener } = overflowing({ syn: { flags: 'S', seq: 0 } });
    t.hear({ flags: 'SA' });
    t.say({ flags: 'A', seq: 1, ack: 1 });
    expect(listener.accept()!.peerMss).toBe(536);
    t.end();
  });

  it('resets the wrong ACK: another number, another port, another first number', () => {
    const { t, listener } = overflowing();
    t.hear({ flags: 'SA' });
    t.say({ flags: 'A', seq: 1, ack: 2 });
    t.hear({ flags: 'R', seq: 2 });
    t.say({ flags: 'A', seq: 2, ack: 1 });
    t.hear({ flags: 'R', seq: 1 });
    t.peerPort = 5001;
    t.say({ flags: 'A', seq: 1, ack: 1 });
    t.hear({ flags: 'R', seq: 1 });
    expect([listener.pending, t.tcp.counters.syncookiesFailed, t.tcp.counters.syncookiesRecv]).toEqual([0, 3, 0]);
    t.end();
  });

  it('resets an old cookie, also when cookies are given out still', () => {
    const { t, listener } = overflowing();
    t.hear({ flags: 'SA' });
    const { iss } = t;
    t.wait(127e9);
    t.peerPort = 5002;
    for (let i = 0; i < 2; i++) t.say(SYN);
    t.flush();
    t.peerPort = 5000;
    t.iss = iss;
    t.wait(2e9);
    t.say({ flags: 'A', seq: 1, ack: 1 });
    t.hear({ flags: 'R', seq: 1 });
    expect([listener.pending, t.tcp.counters.syncookiesSent, t.tcp.counters.syncookiesFailed]).toEqual([0, 3, 1]);
    t.end();
  });

  it('takes a cookie of the period before', () => {
    const { t, listener } = overflowing();
    t.hear({ flags: 'SA' });
    t.wait(100e9);
    t.flush();
    t.say({ flags: 'A', seq: 1, ack: 1 });
    expect(listener.pending).toBe(1);
    t.end();
  });

  it('forgets the ACK when there is no room to wait for accept, and takes it when there is', () => {
    const { t, listener } = overflowing({ backlog: 0 });
    t.hear({ flags: 'SA' });
    const first = t.iss;
    t.peerPort = 5001;
    t.say(SYN);
    t.hear({ flags: 'SA' });
    const second = t.iss;
    t.peerPort = 5000;
    t.iss = first;
    t.say({ flags: 'A', seq: 1, ack: 1 });
    t.peerPort = 5001;
    t.iss = second;
    t.say({ flags: 'A', seq: 1, ack: 1, data: 'x' });
    expect([listener.pending, [...t.tcp.connections()].length, dropsOf(t.node).TCP_BACKLOG_FULL]).toEqual([1, 2, 1]);
    // No cookie is given out then either.
    t.peerPort = 5002;
    t.say(SYN);
    t.silence();
    expect(listener.accept()!.remotePort).toBe(5000);
    t.peerPort = 5001;
    t.say({ flags: 'A', seq: 1, ack: 1, data: 'x' });
    expect(listener.accept()!.available).toBe(1);
    t.flush();
    t.end();
  });

  it('tells who watches', () => {
    const { t } = overflowing();
    const told: string[] = [];
    t.node.trace = {
      event: (_node, _layer, what, _packet, _drop, detail) => {
        if (what === What.Decide && detail.startsWith('SYN cookie')) told.push(detail);
      },
    };
    t.hear({ flags: 'SA' });
    t.peerPort = 5001;
    t.say(SYN);
    t.hear({ flags: 'SA' });
    t.say({ flags: 'A', seq: 1, ack: 9 });
    t.say({ flags: 'A', seq: 1, ack: 1 });
    expect(told).toEqual([
      'SYN cookie: too many are half open, none is kept',
      'SYN cookie: wrong or too old',
      'SYN cookie: right, MSS 1460',
    ]);
    t.flush();
    t.end();
  });
});

it('a listener whose queue was not full lately looks for no cookies', () => {
  const { t, listener } = overflowing();
  t.hear({ flags: 'SA' });
  const other = new Conversation();
  other.listen();
  other.say({ flags: 'A', seq: 1, ack: 1 });
  other.hear({ flags: 'R' });
  expect(other.tcp.counters.syncookiesFailed).toBe(0);
  other.end();
  t.wait(128e9);
  t.flush();
  t.say({ flags: 'A', seq: 1, ack: 1 });
  t.hear({ flags: 'R', seq: 1 });
  expect([listener.pending, t.tcp.counters.syncookiesFailed]).toEqual([0, 0]);
  t.end();
});

function forgedSyn(pool: PacketPool, from: IpAddress, to: IpAddress, port: number, seq: number): PacketBuffer {
  const packet = pool.acquire(60);
  const at = packet.push(20);
  const { view } = packet;
  view.setUint32(at, port * 65536 + 80);
  view.setUint32(at + 4, seq);
  view.setUint32(at + 8, 0);
  view.setUint32(at + 12, 0x5002ffff);
  view.setUint32(at + 16, 0);
  view.setUint16(at + 16, finish(sum(view, at, packet.end, from.w3 + to.w3 + 6 + 20)));
  const ip = packet.push(20);
  view.setUint32(ip, 0x45000028);
  view.setUint32(ip + 4, 0);
  view.setUint32(ip + 8, 0x40060000);
  from.write(view, ip + 12);
  to.write(view, ip + 16);
  return packet;
}

it('a flood of 10,000 forged SYNs holds nothing, and nobody up: a new client connects, and its bytes arrive', () => {
  const pair = new Pair({ limits: { synBacklog: 32 } });
  const { bob, alice, pool } = pair;
  const listener = pair.listen();
  // Nobody lives where the forged SYNs say that they come from.
  bob.wire.lose = (packet) => packet.view.getUint32(packet.start + 16) !== alice.network.address.w3;
  const random = Random.from(7);
  let most = 0;
  const flood = (n: number) => {
    for (let i = 0; i < n; i++) {
      const from = IpAddress.v4(0x0b000000 + random.below(1 << 20));
      bob.network.deliver(forgedSyn(pool, from, bob.network.address, 1024 + random.below(60_000), random.u32()));
      most = Math.max(most, pool.outstanding, bob.tcp.segments.outstanding, [...bob.tcp.connections()].length);
    }
  };
  flood(5000);
  const a = pair.connect();
  for (let i = 0; i < 10; i++) {
    flood(500);
    pair.run(1e6);
  }
  expect(most).toBeLessThanOrEqual(40);
  expect(listener.halfOpen).toBe(32);
  expect(bob.tcp.counters).toMatchObject({ syncookiesSent: 10_000 - 32 + 1, syncookiesRecv: 1, syncookiesFailed: 0 });
  const b = listener.accept()!;
  expect([a.stateName, b.stateName]).toEqual(['ESTABLISHED', 'ESTABLISHED']);
  expect([b.sndScale, b.rcvScale, b.sack, b.sndMss]).toEqual([a.rcvScale, a.sndScale, true, a.sndMss]);

  const sent = Uint8Array.from({ length: 300_000 }, () => random.u32());
  const got = new Uint8Array(sent.length + 1);
  let written = 0;
  let read = 0;
  for (let i = 0; i < 1000 && read < sent.length; i++) {
    written += Math.max(0, a.write(sent, written, sent.length - written));
    pair.run(1e6);
    read += Math.max(0, b.read(got, read, got.length - read));
  }
  expect(read).toBe(sent.length);
  expect(Buffer.compare(got.subarray(0, read), sent)).toBe(0);
  a.close();
  b.close();
  listener.close();
  pair.run(100e9);
  expectNoLeaks(pool);
});

for (const family of [4, 6] as const) {
  it(`with IPv${family}, the first data brings the cookie when the ACK is lost`, () => {
    const pair = new Pair({ limits: { synBacklog: 0 }, family });
    const listener = pair.listen();
    pair.alice.wire.lose = (_packet, n) => n === 2;
    const a = pair.connect();
    pair.run(1e8);
    expect([a.stateName, listener.pending]).toEqual(['ESTABLISHED', 0]);
    a.write(text('hello'), 0, 5);
    pair.run(1e8);
    const b = listener.accept()!;
    expect([b.stateName, b.available, b.sndMss, b.info().options]).toEqual([
      'ESTABLISHED',
      5,
      (family === 4 ? 1460 : 1440) - 12,
      { timestamps: true, sack: true, wscale: true },
    ]);
    b.read(new Uint8Array(5), 0, 5);
    a.close();
    pair.run(1e8);
    b.close();
    listener.close();
    pair.run(100e9);
    expect([b.stateName, pair.alice.tcp.ports.size, pair.bob.tcp.ports.size]).toEqual(['CLOSED', 0, 0]);
    expectNoLeaks(pair.pool);
  });
}

it('who takes the place of a connection in TIME-WAIT gets no cookie: its numbers must go on from there', () => {
  const t = new Conversation({ limits: { synBacklog: 1 } });
  const listener = t.listen();
  t.say({ flags: 'S', seq: 0 });
  t.hear({ flags: 'SA' });
  t.say({ flags: 'A', seq: 1, ack: 1 });
  listener.accept()!.close();
  t.hear({ flags: 'FA', seq: 1 });
  t.say({ flags: 'FA', seq: 1, ack: 2 });
  t.hear({ flags: 'A', ack: 2 });
  const { iss } = t;
  t.peerPort = 5001;
  for (let i = 0; i < 2; i++) t.say(SYN);
  t.flush();
  t.peerPort = 5000;
  t.say({ flags: 'S', seq: 100_000 });
  t.hear({ flags: 'SA', ack: 100_001 });
  expect((t.iss - iss) | 0).toBe(2 + 65537);
  expect([listener.halfOpen, t.tcp.counters.syncookiesSent]).toEqual([2, 0]);
  t.end();
});

describe('the cookie', () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  const port = fc.integer({ min: 1, max: 65535 });
  const t = new Conversation();
  const cookies = new SynCookies(t.tcp, new SequenceSource(Random.from(3)), Random.from(4));
  const segmentOf = (source: number, destination: number, seq: number) => {
    const segment = new SegmentFields();
    segment.sourcePort = source;
    segment.destinationPort = destination;
    segment.seq = seq | 0;
    return segment;
  };

  it('comes back as it went, for as long as it is good, and to nobody else', () => {
    const property = fc.property(
      fc.tuple(word, word, port, port, word),
      fc.integer({ min: 64, max: 65535 }),
      fc.integer({ min: 0, max: 10 * 365 * 86_400 }),
      fc.integer({ min: 0, max: 63 }),
      ([us, them, ours, theirs, irs], mss, second, later) => {
        const local = IpAddress.v4(us);
        const remote = IpAddress.v4(them);
        const cookie = cookies.make(local, remote, segmentOf(theirs, ours, irs), irs | 0, mss, second * 1e9);
        const ack = segmentOf(theirs, ours, irs + 1);
        const read = cookies.read(local, remote, ack, cookie, (second + later) * 1e9);
        expect(read).toBeLessThanOrEqual(mss);
        expect(read).toBeGreaterThanOrEqual(64);
        if (mss >= 1460 && mss < 8960) expect(read).toBe(1460);
        for (const after of [128, 31 * 64, 32 * 64, 33 * 64]) {
          expect(cookies.read(local, remote, ack, cookie, (second + after) * 1e9)).toBe(0);
        }
        expect(cookies.read(local, remote, segmentOf(theirs ^ 1, ours, irs + 1), cookie, second * 1e9)).toBe(0);
        expect(cookies.read(local, remote, segmentOf(theirs, ours, irs), cookie, second * 1e9)).toBe(0);
        expect(cookies.read(remote, IpAddress.v6(us, 1, 2, 3), ack, cookie, second * 1e9)).toBe(0);
        expect(cookies.read(local, remote, ack, cookie ^ (1 << 24), second * 1e9)).toBe(0);
      },
    );
    fc.assert(property, { numRuns: 1000, seed: 42 });
  });

  it('has options in its timestamp, which is never ahead of the clock and less than 128 ms behind', () => {
    fc.assert(
      fc.property(word, fc.integer({ min: -1, max: 14 }), fc.boolean(), (clock, scale, sack) => {
        const packed = packOptions(clock | 0, scale, sack);
        const behind = (clock - packed) | 0;
        expect(behind).toBeGreaterThanOrEqual(0);
        expect(behind).toBeLessThan(128);
        expect([packed & 15, packed & 48]).toEqual([scale < 0 ? 15 : scale, sack ? 16 : 0]);
      }),
    );
  });
});
