import { describe, expect, test } from 'vitest';
import { Errno } from '../base/errors.ts';
import { Ready } from '../l4-transport/readiness.ts';
import { testNode } from '../testing/test-node.ts';
import * as c from './constants.ts';
import { StreamPairEnd } from './stream-pair.ts';

function pair(receiveBufferBytes = 100) {
  const { node, queue } = testNode('alice', { receiveBufferBytes });
  const [a, b] = StreamPairEnd.pair(node);
  return { a, b, queue };
}

function read(end: StreamPairEnd, length: number, flags = 0): number[] | number {
  const buffer = new Uint8Array(length);
  const n = end.receive(buffer, 0, length, flags);
  return n < 0 ? n : [...buffer.subarray(0, n)];
}

describe('bytes', () => {
  test('come out as they went in, however they are cut', () => {
    const { a, b } = pair();
    const data = Uint8Array.from({ length: 50 }, (_, i) => i);
    for (let at = 0; at < 50; at += 7) a.send(data, at, Math.min(7, 50 - at));
    const out: number[] = [];
    for (let n = 1; out.length < 50; n = (n % 9) + 1) out.push(...(read(b, n) as number[]));
    expect(out).toEqual([...data]);
    expect(read(b, 1)).toBe(-Errno.EAGAIN);
  });

  test('can be looked at across the pieces that they came in', () => {
    const { a, b } = pair();
    a.send(Uint8Array.of(1, 2, 3), 0, 3);
    a.send(Uint8Array.of(4, 5), 0, 2);
    expect(read(b, 1)).toEqual([1]);
    expect(read(b, 3, c.MSG_PEEK)).toEqual([2, 3, 4]);
    expect(read(b, 9, c.MSG_PEEK)).toEqual([2, 3, 4, 5]);
    expect(read(b, 9)).toEqual([2, 3, 4, 5]);
  });

  test("are the receiver's own: the sender may change its buffer", () => {
    const { a, b } = pair();
    const data = Uint8Array.of(1, 2, 3);
    a.send(data, 0, 3);
    data.fill(9);
    expect(read(b, 3)).toEqual([1, 2, 3]);
  });
});

describe('a full buffer', () => {
  test('takes what fits, then nothing, and tells when there is room', () => {
    const { a, b, queue } = pair(100);
    const events: number[] = [];
    a.onReady = { socketReady: (happened) => events.push(happened) };
    expect(a.send(new Uint8Array(150), 0, 150)).toBe(100);
    expect(a.send(new Uint8Array(1), 0, 1)).toBe(-Errno.EAGAIN);
    expect(a.readiness & Ready.Out).toBe(0);
    queue.runUntil(queue.now);
    read(b, 1);
    expect(events).toEqual([]);
    queue.runUntil(queue.now);
    expect(events).toEqual([Ready.Out]);
    expect(a.send(new Uint8Array(2), 0, 2)).toBe(1);
  });

  test('a send of nothing is no error', () => {
    const { a } = pair(100);
    a.send(new Uint8Array(100), 0, 100);
    expect(a.send(new Uint8Array(0), 0, 0)).toBe(0);
  });
});

describe('wakes the other end', () => {
  test('from the event queue, never from inside a call, and once for several sends', () => {
    const { a, b, queue } = pair();
    const events: number[] = [];
    b.onReady = { socketReady: (happened) => events.push(happened) };
    a.send(Uint8Array.of(1), 0, 1);
    a.send(Uint8Array.of(2), 0, 1);
    expect(events).toEqual([]);
    queue.runUntil(queue.now);
    expect(events).toEqual([Ready.In]);
  });

  test('not after it was closed', () => {
    const { a, b, queue } = pair();
    const events: number[] = [];
    b.onReady = { socketReady: (happened) => events.push(happened) };
    a.send(Uint8Array.of(1), 0, 1);
    expect(b.close()).toBe(0);
    expect(b.close()).toBe(-Errno.EBADF);
    queue.runUntil(queue.now);
    expect(events).toEqual([]);
    expect(a.takeError()).toBe(Errno.ECONNRESET);
  });
});
