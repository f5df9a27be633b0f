import { numberedFrame } from '@netarium/stack/testing/recording-device';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { superFrame } from './testing/frames.ts';
import { aWhile, dropsOf, until, type WireBench } from './testing/wire-bench.ts';
import { WIRE_KINDS, WireEnds } from './testing/wire-ends.ts';

let ends: WireEnds;
let here: WireBench;
let there: WireBench;

beforeEach(() => {
  ends = new WireEnds();
  ({ here, there } = ends);
});
afterEach(() => ends.close());

describe.each(WIRE_KINDS)('%s', (kind) => {
  it('carries frames both ways, in order, as they are', async () => {
    const { a, b, left, right } = await ends.pair(kind);
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
    const { a, right } = await ends.pair(kind);
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
    const { a } = await ends.pair(kind);
    a.transmit(numberedFrame(here.pool, 1, 13));
    a.transmit(numberedFrame(here.pool, 2, a.limits.frameBytes + 1));
    const damaged = numberedFrame(here.pool, 3);
    damaged.fcs = 12_345;
    a.transmit(damaged);
    expect(dropsOf(a)).toEqual({ FRAME_TOO_SHORT: 1, LINK_TOO_LONG: 1, FRAME_BAD_FCS: 1 });
  });

  it('drops when nothing is plugged in, and when it was closed', async () => {
    const { a, b, left } = await ends.pair(kind);
    b.detach();
    a.transmit(numberedFrame(here.pool, 1));
    await until(() => dropsOf(b).LINK_DOWN === 1, 'one drop');
    a.close();
    a.transmit(numberedFrame(here.pool, 2));
    expect(dropsOf(a)).toEqual({ LINK_DOWN: 1 });
    expect(left.changes).toEqual([true, false]);
  });

  it('drops inwards what is more than one turn may bring', async () => {
    const { a, b, right } = await ends.pair(kind, { inboxFrames: 3 });
    for (let i = 0; i < 50; i++) a.transmit(numberedFrame(here.pool, i));
    await until(() => b.deliveredFrames + (dropsOf(b).LINK_QUEUE_FULL ?? 0) === 50, 'all to be dealt with');
    expect(right.arrivals.length).toBe(b.deliveredFrames);
  });

  it('drops inwards while the network holds too many packets', async () => {
    ends.close();
    ends = new WireEnds(100_000);
    ({ here, there } = ends);
    const { a, b, right } = await ends.pair(kind);
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
    const { a, right } = await ends.pair('stream over TCP');
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
      const { a } = await ends.pair(kind, { outboxBytes: 100_000 });
      // Synchronously: nobody reads meanwhile.
      for (let i = 0; i < 20_000; i++) a.transmit(numberedFrame(here.pool, i, 1514));
      const dropped = dropsOf(a).LINK_QUEUE_FULL ?? 0;
      expect(dropped).toBeGreaterThan(0);
      expect(a.sentFrames + dropped).toBe(20_000);
    },
  );

  it('a message port has at most so many frames on the way, and more when they were taken', async () => {
    const { a, right } = await ends.pair('message port', { portFramesInFlight: 10 });
    for (let i = 0; i < 25; i++) a.transmit(numberedFrame(here.pool, i));
    expect(dropsOf(a)).toEqual({ LINK_QUEUE_FULL: 15 });
    await until(() => right.arrivals.length === 10, 'ten frames');
    await aWhile();
    for (let i = 0; i < 10; i++) a.transmit(numberedFrame(here.pool, i));
    await until(() => right.arrivals.length === 20, 'ten more');
    expect(dropsOf(a)).toEqual({ LINK_QUEUE_FULL: 15 });
  });
});
