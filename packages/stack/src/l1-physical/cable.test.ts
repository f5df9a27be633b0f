import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Drop } from '../base/drop-reasons.ts';
import type { Limits } from '../base/limits.ts';
import { Random } from '../base/random.ts';
import { Direction, type TraceSink, What } from '../base/trace.ts';
import { numberedFrame, RecordingDevice } from '../testing/recording-device.ts';
import { expectNoLeaks, testNode } from '../testing/test-node.ts';
import { Cable } from './cable.ts';
import type { LineOptions } from './line.ts';

/** A cable with a device at each end; 1 Gbit/s and 5 us unless told otherwise. */
function wire(forward: Partial<LineOptions> = {}, limits: Partial<Limits> = {}) {
  const { node, queue, pool } = testNode('wire', limits);
  const cable = new Cable('a-b', queue, Random.from(1), pool, node.limits, { forward });
  const left = new RecordingDevice(queue).plugInto(cable.a);
  const right = new RecordingDevice(queue).plugInto(cable.b);
  const send = (number: number, length = 60) => cable.a.transmit(numberedFrame(pool, number, length));
  const run = () => queue.runUntil(Infinity);
  return { cable, left, right, queue, pool, send, run };
}

describe('a frame on a cable', () => {
  it('arrives when its last bit was sent and has travelled, with its bytes', () => {
    const { right, send, run, pool } = wire({ rateBps: 100e6, delayNs: 5000 });
    send(1, 1514);
    run();
    expect(right.times).toEqual([123_040 + 5000]);
    expect(right.arrivals[0].bytes.length).toBe(1514);
    expect(right.arrivals[0].bytes[100]).toBe((100 * 7 + 1) & 255);
    expectNoLeaks(pool);
  });

  it('never arrives inside the call that sends it, even over an infinitely fast cable', () => {
    const { right, send, run, queue } = wire({ rateBps: Infinity, delayNs: 0 });
    send(1);
    send(2);
    expect(right.arrivals).toEqual([]);
    expect(queue.pending).toBe(1);
    run();
    expect(right.numbers).toEqual([1, 2]);
    expect(right.times).toEqual([0, 0]);
    expect(queue.processed).toBe(1);
  });

  it('follows the one before, with one event in the queue for all that are on their way', () => {
    const { right, send, run, queue } = wire();
    for (let i = 0; i < 100; i++) send(i, 60);
    expect(queue.pending).toBe(1);
    run();
    expect(right.times).toEqual(Array.from({ length: 100 }, (_, i) => (i + 1) * 672 + 5000));
    expect(right.numbers).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('is announced as one of several that arrive at one time, and not when it comes alone', () => {
    const { right, send, run, queue } = wire({ rateBps: Infinity, delayNs: 10 });
    const log: (number | string)[] = [];
    right.batches = { beginBatch: () => log.push('begin'), endBatch: () => log.push('end') };
    right.react = (frame) => log.push(frame.bytes[frame.start]);
    for (let i = 1; i <= 3; i++) send(i);
    queue.runUntil(5);
    send(4);
    run();
    expect(log).toEqual(['begin', 1, 2, 3, 'end', 4]);
  });

  it('waits in a device that takes several at one time, and not for longer than it says', () => {
    const { right, send, run } = wire({ rateBps: 1e9, delayNs: 5000 });
    const log: (number | string)[] = [];
    right.coalesceNs = 1500;
    right.batches = { beginBatch: () => log.push('begin'), endBatch: () => log.push('end') };
    right.react = (frame) => log.push(frame.bytes[frame.start]);
    for (let i = 1; i <= 4; i++) send(i); // 672 ns each
    run();
    expect(log).toEqual(['begin', 1, 2, 3, 'end', 4]);
    const first = 5672 + 1500;
    expect(right.times).toEqual([first, first, first, 5000 + 4 * 672 + 1500]);
  });

  it('ends the batch that it belongs to even when its receiver fails', () => {
    const { right, send, run } = wire({ rateBps: Infinity, delayNs: 0 });
    let open = 0;
    right.batches = { beginBatch: () => open++, endBatch: () => open-- };
    right.react = () => {
      throw new Error('a bug');
    };
    send(1);
    send(2);
    expect(run).toThrow('a bug');
    expect(open).toBe(0);
  });

  it('does not wait for those that go the other way', () => {
    const { cable, left, right, send, run, pool } = wire();
    send(1);
    cable.b.transmit(numberedFrame(pool, 2));
    run();
    expect([left.times, right.times]).toEqual([[5672], [5672]]);
  });

  it('may be answered from where it arrives', () => {
    const { cable, left, right, send, run, pool } = wire({ rateBps: Infinity, delayNs: 0 });
    cable.configure('backward', { rateBps: Infinity, delayNs: 0 });
    right.react = () => cable.b.transmit(numberedFrame(pool, right.arrivals.length + 10));
    left.react = () => left.arrivals.length < 5 && send(left.arrivals.length + 1);
    send(1);
    run();
    expect(right.numbers).toEqual([1, 2, 3, 4, 5]);
    expect(left.numbers).toEqual([11, 12, 13, 14, 15]);
    expectNoLeaks(pool);
  });

  it('goes on its way in an event of its own when its arrival is what sent it', () => {
    const { right, send, run, queue } = wire({ rateBps: Infinity, delayNs: 0 });
    right.react = () => right.arrivals.length < 3 && send(right.arrivals.length + 1);
    send(1);
    run();
    expect(right.numbers).toEqual([1, 2, 3]);
    expect(queue.processed).toBe(3);
  });

  it('that is empty, or longer than any, does no harm', () => {
    const { cable, right, send, run, pool } = wire({ bitErrors: 0.1, corruption: 1 }, { linkFrameBytes: 9000 });
    send(0, 0);
    send(1, 9000);
    send(2, 9001);
    run();
    expect(right.arrivals.map((arrival) => arrival.bytes.length)).toEqual([0, 9000]);
    expect(cable.forward.drops[Drop.LINK_TOO_LONG]).toBe(1);
    expectNoLeaks(pool);
  });

  it('is counted', () => {
    const { cable, send, run } = wire();
    send(1, 100);
    send(2, 200);
    const { forward, backward } = cable;
    expect([forward.sentFrames, forward.sentBytes, forward.deliveredFrames]).toEqual([2, 300, 0]);
    run();
    expect([forward.deliveredFrames, forward.deliveredBytes, backward.sentFrames]).toEqual([2, 300, 0]);
  });
});

describe('the queue in front of a line', () => {
  it('takes its frames besides the one that is being sent; the next is dropped, whenever it comes', () => {
    const { cable, right, send, run, pool, queue } = wire({ queueFrames: 2 });
    for (let i = 1; i <= 4; i++) send(i);
    expect(cable.forward.queued).toBe(2);
    queue.runUntil(672);
    send(5);
    send(6);
    run();
    expect(right.numbers).toEqual([1, 2, 3, 5]);
    expect(cable.forward.drops[Drop.LINK_QUEUE_FULL]).toBe(2);
    expectNoLeaks(pool);
  });

  it('is as long as the limits say when nothing is said', () => {
    const { cable, send } = wire({}, { linkQueueFrames: 7 });
    for (let i = 0; i < 9; i++) send(i);
    expect(cable.forward.queued).toBe(7);
    expect(cable.forward.drops[Drop.LINK_QUEUE_FULL]).toBe(1);
  });

  it('takes nothing while the network holds too many packets', () => {
    const { cable, right, send, run, pool } = wire({}, { poolBytes: 1000 });
    send(1);
    send(2);
    send(3); // the third buffer of 384 bytes is one too many
    run();
    expect(right.numbers).toEqual([1, 2]);
    expect(cable.forward.drops[Drop.POOL_EXHAUSTED]).toBe(1);
    expectNoLeaks(pool);
  });
});

describe('a link', () => {
  it('is up when something is plugged in at both ends', () => {
    const { node, queue, pool } = testNode();
    const cable = new Cable('c', queue, Random.from(1), pool, node.limits);
    const left = new RecordingDevice(queue).plugInto(cable.a);
    expect([cable.up, left.changes]).toEqual([false, []]);
    cable.a.transmit(numberedFrame(pool, 1));
    expect(cable.forward.drops[Drop.LINK_DOWN]).toBe(1);
    const right = new RecordingDevice(queue).plugInto(cable.b);
    expect([cable.up, cable.a.up, left.changes, right.changes]).toEqual([true, true, [true], [true]]);
    expect(() => cable.b.attach(left)).toThrow('plugged in already');
    expectNoLeaks(pool);
  });

  it('that is cut loses what is on its way, and tells both ends', () => {
    const { cable, left, right, send, run, queue, pool } = wire({ rateBps: 1e9, delayNs: 1e6 });
    for (let i = 0; i < 30; i++) send(i);
    cable.b.transmit(numberedFrame(pool, 99));
    queue.runUntil(1e6 + 10 * 672);
    cable.setUp(false);
    expect([cable.forward.inFlight, queue.pending]).toEqual([0, 0]);
    send(30);
    run();
    expect(right.numbers.length).toBe(10);
    expect(cable.forward.drops[Drop.LINK_DOWN]).toBe(21);
    expect([left.changes, right.changes]).toEqual([
      [true, false],
      [true, false],
    ]);
    expectNoLeaks(pool);
  });

  it('that is mended starts with an idle line', () => {
    const { cable, right, send, run, queue } = wire({ delayNs: 0 });
    for (let i = 0; i < 30; i++) send(i);
    cable.setUp(false);
    cable.setUp(true);
    send(50);
    run();
    expect([right.numbers, right.times]).toEqual([[50], [672]]);
    expect(right.changes).toEqual([true, false, true]);
    expect(queue.pending).toBe(0);
  });

  it('may be cut and mended by the one at which a frame arrives', () => {
    const { cable, right, send, run, pool } = wire({ rateBps: Infinity });
    right.react = (frame) => {
      if (frame.bytes[frame.start] !== 1) return;
      cable.setUp(false);
      cable.setUp(true);
      send(7);
    };
    for (let i = 0; i < 4; i++) send(i);
    run();
    expect(right.numbers).toEqual([0, 1, 7]);
    expect(cable.forward.drops[Drop.LINK_DOWN]).toBe(2);
    expectNoLeaks(pool);
  });

  it('goes down when one end is pulled out, and tells the other', () => {
    const { cable, left, right, send, run, pool } = wire();
    send(1);
    cable.b.detach();
    run();
    expect([left.changes, right.changes, right.arrivals.length]).toEqual([[true, false], [true], 0]);
    right.plugInto(cable.b);
    send(2);
    run();
    expect(right.numbers).toEqual([2]);
    expectNoLeaks(pool);
  });

  it('can be changed while it runs; what was sent before is not overtaken', () => {
    const { cable, right, send, run } = wire({ delayNs: 1e6 });
    send(1);
    cable.configure('both', { delayNs: 0, rateBps: 10e9 });
    send(2);
    expect(cable.options().forward).toMatchObject({ delayNs: 0, rateBps: 10e9, queueFrames: 1000 });
    run();
    expect(right.times).toEqual([1_000_672, 1_000_672]);
    send(3);
    run();
    expect(right.times[2]).toBe(1_000_672 + 67);
    expect(cable.a.rateBps).toBe(10e9);
  });
});

describe('who watches', () => {
  it('sees frames as they leave, with the reason of those that go no further', () => {
    const { cable, send, run } = wire({ queueFrames: 0 });
    const seen: number[][] = [];
    cable.forward.tap = {
      frame: (frame, direction, reason) => seen.push([frame.bytes[frame.start], direction, reason]),
    };
    send(1);
    send(2);
    run();
    expect(seen).toEqual([
      [1, Direction.Out, 0],
      [2, Direction.Out, Drop.LINK_QUEUE_FULL],
    ]);
  });

  it('is told of deliveries, with time, cable and direction', () => {
    const { cable, send, run, pool } = wire();
    const seen: unknown[] = [];
    cable.deliveries = { delivered: (time, medium, way, frame) => seen.push([time, medium.name, way, frame.length]) };
    send(1, 64);
    cable.b.transmit(numberedFrame(pool, 1, 60));
    run();
    expect(seen).toEqual([
      [5672, 'a-b', 1, 60],
      [5704, 'a-b', 0, 64],
    ]);
  });

  it('reads what happened at layer 1, in words', () => {
    const { cable, send, run } = wire({ queueFrames: 1 });
    const told: string[] = [];
    const sink: TraceSink = {
      event: (node, layer, what, _packet, reason, detail) => told.push(`${node} ${layer} ${what} ${reason} ${detail}`),
    };
    cable.trace = sink;
    send(1);
    send(2);
    send(3);
    cable.setUp(false);
    run();
    expect(told).toEqual([
      'a-b 1 send 0 672 ns to send, 5000 ns on the way',
      'a-b 1 send 0 waits 672 ns, then 672 ns to send, 5000 ns on the way',
      `a-b 1 ${What.Drop} ${Drop.LINK_QUEUE_FULL} `,
      'a-b 1 state 0 up -> down: cut',
      `a-b 1 drop ${Drop.LINK_DOWN} it was on its way`,
      `a-b 1 drop ${Drop.LINK_DOWN} it was on its way`,
    ]);
  });
});

describe('whatever is sent, changed, cut and mended', () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('send' as const), length: fc.nat(1600) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ns: fc.nat(20_000) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'mend' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('change' as const),
        changes: fc.record({
          rateBps: fc.constantFrom(1e6, 1e9, 10e9, Infinity),
          delayNs: fc.nat(10_000),
          queueFrames: fc.nat(8),
          loss: fc.constantFrom(0, 0.2),
          bitErrors: fc.constantFrom(0, 1e-4),
          duplication: fc.constantFrom(0, 0.3),
          reordering: fc.constantFrom(0, 0.3),
          reorderingDelayNs: fc.constantFrom(0, 5000, null),
          jitterNs: fc.constantFrom(0, 3000),
        }),
      }),
    },
  );

  it('every frame arrives or is dropped with a reason, nothing leaks, and the same happens again', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const play = () => {
          const { cable, right, queue, pool, send, run } = wire();
          let sent = 0;
          let copies = 0;
          const told: string[] = [];
          cable.trace = { event: (_node, _layer, what, _packet, _reason, detail) => told.push(`${what} ${detail}`) };
          for (const step of steps) {
            if (step.do === 'send') send(sent++ & 255, step.length);
            else if (step.do === 'wait') queue.runUntil(queue.now + step.ns);
            else if (step.do === 'change') cable.configure('forward', step.changes);
            else cable.setUp(step.do === 'mend');
          }
          run();
          for (const line of told) if (line === 'decide duplicated') copies++;
          const dropped = cable.forward.drops.reduce((total, count) => total + count, 0);
          expect(right.arrivals.length + dropped).toBe(sent + copies);
          expect(right.times).toEqual([...right.times].sort((one, other) => one - other));
          expect(cable.forward.inFlight).toBe(0);
          expectNoLeaks(pool);
          return { times: right.times, bytes: right.arrivals.map((arrival) => [...arrival.bytes].join()), told };
        };
        expect(play()).toEqual(play());
      }),
      { numRuns: 200 },
    );
  });
});
