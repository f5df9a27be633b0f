import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../base/limits.ts';
import { expectNoLeaks } from '../../testing/test-node.ts';
import type { TcpConnection } from './tcp.ts';
import { Pair, type PairOptions } from './testing/pair.ts';

const KIB = 1 << 10;
/** A round trip of 100 ms: half a mebibyte a round trip is 5 MB/s. */
const DELAY_NS = 50e6;

interface Flow {
  pair: Pair;
  a: TcpConnection;
  b: TcpConnection;
  got: number;
}

/** A sender that always has more, and a reader of `readBps` bytes a second. */
function flow(options: PairOptions = {}, readBps = Infinity): Flow {
  const pair = new Pair({ delayNs: DELAY_NS, ...options });
  const [a, b] = pair.connected();
  const bytes = new Uint8Array(64 * KIB);
  const result: Flow = { pair, a, b, got: 0 };
  const write = () => {
    while (a.write(bytes, 0, bytes.length) > 0);
  };
  a.owner = { streamReady: write };
  const read = (most: number) => {
    for (let left = most; left > 0; ) {
      const n = b.read(bytes, 0, Math.min(left, bytes.length));
      if (n <= 0) return;
      result.got += n;
      left -= n;
    }
  };
  if (readBps === Infinity) {
    b.owner = { streamReady: () => read(Infinity) };
  } else {
    const { queue } = pair;
    const tick = {
      run: () => {
        read(readBps / 100);
        queue.at(queue.now + 10e6, tick, 0);
      },
    };
    tick.run();
  }
  write();
  return result;
}

function end({ pair, a, b }: Flow): void {
  a.abort();
  b.abort();
  pair.run(1e9);
  expectNoLeaks(pair.pool);
}

describe.each([true, false])('with timestamps: %s', (timestamps) => {
  it('both buffers grow until the path is full, and no further than they may', () => {
    const fast = flow({ tcp: { timestamps } });
    expect([fast.a.sendLimit, fast.b.receiveLimit]).toEqual([512 * KIB, 512 * KIB]);
    fast.pair.run(5e9);
    expect(fast.b.receiveLimit).toBe(LIMITS.receiveBufferGrownBytes);
    expect(fast.a.sendLimit).toBe(LIMITS.sendBufferGrownBytes);
    const before = fast.got;
    fast.pair.run(2e9);
    // Two thirds of 4 MiB at least in each tenth of a second: the program is woken when a third is free.
    expect((fast.got - before) / 2e6).toBeGreaterThan(27);
    end(fast);
  });
});

describe('a buffer that the program has chosen', () => {
  it.each([
    ['receiveBuffer', { receiveBuffer: 256 * KIB }, (f: Flow) => f.b.receiveLimit],
    ['sendBuffer', { sendBuffer: 256 * KIB }, (f: Flow) => f.a.sendLimit],
  ])('stays as it is: %s', (_, options, limit) => {
    const chosen = flow();
    chosen.a.setOptions(options);
    chosen.b.setOptions(options);
    chosen.pair.run(5e9);
    expect(limit(chosen)).toBe(256 * KIB);
    expect(chosen.got / 5e6).toBeLessThan(2.7);
    end(chosen);
  });

  it('is what was chosen, also when it had grown before; and another option changes nothing', () => {
    const grown = flow();
    grown.pair.run(5e9);
    grown.b.setOptions({ noDelay: true });
    expect(grown.b.receiveLimit).toBe(LIMITS.receiveBufferGrownBytes);
    grown.b.setOptions({ receiveBuffer: 300 * KIB });
    expect(grown.b.receiveLimit).toBe(300 * KIB);
    end(grown);
  });
});

it('a program that reads slowly gets no larger buffer', () => {
  const slow = flow({}, 200e3);
  slow.pair.run(20e9);
  expect(slow.got).toBeGreaterThan(3e6);
  expect(slow.b.receiveLimit).toBe(512 * KIB);
  end(slow);
});

describe('a line that is slower than the sender', () => {
  const BPS = 20e6;
  const NEAR_NS = 10e6;

  it.each([5, 60])('a standing queue before it does not grow the receive buffer in %i s', (seconds) => {
    const queued = flow({ delayNs: NEAR_NS });
    queued.pair.alice.wire.rateBps = BPS;
    const { now } = queued.pair.queue;
    queued.pair.run(seconds * 1e9);
    // The line is full, and the queue makes several times the way's own round trip of it.
    const elapsed = queued.pair.queue.now - now;
    expect((queued.got * 8e9) / elapsed).toBeGreaterThan(0.9 * BPS);
    expect(queued.a.info().rtt * 1000).toBeGreaterThan(5 * 2 * NEAR_NS);
    expect(queued.b.receiveLimit).toBe(512 * KIB);
    end(queued);
  });

  it('a queue that goes away leaves a window that grows as any other', () => {
    const queued = flow({ delayNs: DELAY_NS });
    queued.pair.alice.wire.rateBps = BPS;
    queued.pair.run(30e9);
    queued.pair.alice.wire.rateBps = Infinity;
    queued.pair.run(5e9);
    expect(queued.b.receiveLimit).toBe(LIMITS.receiveBufferGrownBytes);
    end(queued);
  });
});

it('a path that became longer is noticed', () => {
  const longer = flow({ delayNs: 20e3 });
  // A window each 40 microseconds: more than enough.
  longer.pair.run(1e6);
  for (const side of [longer.pair.alice, longer.pair.bob]) side.wire.delayNs = DELAY_NS;
  longer.b.receiveLimit = 512 * KIB;
  longer.b.receiveTuning = null;
  longer.pair.run(30e9);
  expect(longer.b.receiveLimit).toBe(LIMITS.receiveBufferGrownBytes);
  end(longer);
});

it('nothing grows when much of the storage is in use', () => {
  const crowded = flow();
  const held = crowded.pair.pool.acquire(LIMITS.poolBytes / 4);
  crowded.pair.run(5e9);
  expect([crowded.a.sendLimit, crowded.b.receiveLimit]).toEqual([512 * KIB, 512 * KIB]);
  held.release();
  end(crowded);
});

it('the limits are those of the host', () => {
  const limits = { receiveBufferGrownBytes: 1000 * KIB, sendBufferGrownBytes: 2000 * KIB };
  const limited = flow({ limits });
  limited.pair.run(5e9);
  expect(limited.b.receiveLimit).toBe(1000 * KIB);
  expect(limited.a.sendLimit).toBe(2000 * KIB);
  end(limited);
});
