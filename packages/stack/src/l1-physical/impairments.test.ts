import { describe, expect, it } from 'vitest';
import { Drop } from '../base/drop-reasons.ts';
import { Checksum, FCS_IMPLIED } from '../base/packet-buffer.ts';
import { Random } from '../base/random.ts';
import { numberedFrame, RecordingDevice } from '../testing/recording-device.ts';
import { expectNoLeaks, testNode } from '../testing/test-node.ts';
import { Cable } from './cable.ts';
import { Impairments, NO_IMPAIRMENTS } from './impairments.ts';
import type { LineOptions } from './line.ts';

function wire(forward: Partial<LineOptions>, seed = 1) {
  const { node, queue, pool } = testNode();
  const cable = new Cable('wire', queue, Random.from(seed), pool, node.limits, { forward });
  new RecordingDevice(queue).plugInto(cable.a);
  const right = new RecordingDevice(queue).plugInto(cable.b);
  /** Sends `count` frames numbered from 0, one each `everyNs`. */
  const stream = (count: number, everyNs: number, length = 60) => {
    for (let i = 0; i < count; i++) {
      cable.a.transmit(numberedFrame(pool, i & 255, length));
      queue.runUntil(queue.now + everyNs);
    }
    queue.runUntil(Infinity);
    expectNoLeaks(pool);
  };
  return { cable, right, queue, pool, stream };
}

/** Whether `count` of `total` is `probability` within four deviations. */
function expectShare(count: number, total: number, probability: number): void {
  const deviation = Math.sqrt(total * probability * (1 - probability));
  expect(Math.abs(count - total * probability)).toBeLessThan(4 * deviation);
}

describe('loss', () => {
  it.each([0.01, 0.1, 0.5])('of %d is that share of frames, each dropped with its reason', (loss) => {
    const { cable, right, stream } = wire({ loss });
    stream(20_000, 1000);
    const lost = cable.forward.drops[Drop.LINK_LOSS];
    expectShare(lost, 20_000, loss);
    expect(right.arrivals.length).toBe(20_000 - lost);
  });

  it('of 100 % loses all, of 0 nothing, and neither draws', () => {
    const all = wire({ loss: 1 });
    all.stream(100, 1000);
    expect(all.right.arrivals).toEqual([]);
    const none = wire({ loss: 0 });
    none.stream(100, 1000);
    expect(none.right.arrivals.length).toBe(100);
    const random = Random.from(3);
    const impairments = new Impairments(random);
    impairments.configure({ ...NO_IMPAIRMENTS, loss: 1 });
    expect(impairments.loses()).toBe(true);
    expect(random.u32()).toBe(Random.from(3).u32());
  });

  it('happens on the line: a lost frame has taken its time', () => {
    const { cable, right, queue, pool } = wire({ loss: 1, delayNs: 0 });
    cable.a.transmit(numberedFrame(pool, 1));
    cable.configure('forward', { loss: 0 });
    cable.a.transmit(numberedFrame(pool, 2));
    queue.runUntil(Infinity);
    expect(right.times).toEqual([1344]);
  });

  it('in bursts has the mean length and the share of Gilbert and Elliott', () => {
    const enter = 0.02;
    const leave = 0.25;
    const { cable, right, stream, queue } = wire({ burst: { enter, leave, loss: 1 }, delayNs: 0 });
    const total = 40_000;
    stream(total, 1000);
    const lost = cable.forward.drops[Drop.LINK_LOSS];
    expect(Math.abs(lost / total - enter / (enter + leave))).toBeLessThan(0.006);
    // Bursts: runs of lost frames, seen as gaps between arrivals that are a whole number of 1,000 ns apart.
    let bursts = 0;
    const { times } = right;
    for (let i = 1; i < times.length; i++) if (times[i] - times[i - 1] > 1500) bursts++;
    expect(Math.abs(lost / bursts - 1 / leave)).toBeLessThan(0.3);
    expect(queue.pending).toBe(0);
  });

  it('in bursts may be partial, and adds to uniform loss', () => {
    const { cable, stream } = wire({ burst: { enter: 0.1, leave: 0.1, loss: 0.5 }, loss: 0.2 });
    stream(40_000, 1000);
    const share = cable.forward.drops[Drop.LINK_LOSS] / 40_000;
    expect(Math.abs(share - (1 - (1 - 0.25) * 0.8))).toBeLessThan(0.015);
  });
});

describe('damage', () => {
  it('by bit errors leaves a frame whose FCS does not fit, as often as frames are hit', () => {
    const { right, stream } = wire({ bitErrors: 1e-4 });
    stream(5000, 1000, 121); // 125 bytes with FCS: 1 - 0.9999^1000 = 9.52 %
    const hit = right.arrivals.filter((arrival) => arrival.fcs !== FCS_IMPLIED).length;
    expectShare(hit, 5000, 0.0952);
    expect(right.arrivals.length).toBe(5000);
  });

  it('by corruption flips exactly one bit and the FCS still fits; the checksum is nobody’s promise any more', () => {
    const { cable, right, queue, pool } = wire({ corruption: 1 });
    const positions = new Set<number>();
    for (let i = 0; i < 500; i++) {
      const frame = numberedFrame(pool, 7);
      frame.checksum = Checksum.Verified;
      cable.a.transmit(frame);
    }
    queue.runUntil(Infinity);
    const frame = numberedFrame(pool, 7);
    const good = frame.slice().slice();
    frame.release();
    for (const { bytes, fcs, checksum } of right.arrivals) {
      const changed = bytes.map((byte, at) => byte ^ good[at]);
      const at = changed.findIndex((difference) => difference !== 0);
      expect(changed.filter((difference) => difference !== 0).length).toBe(1);
      expect(changed[at] & (changed[at] - 1)).toBe(0);
      expect([fcs, checksum]).toEqual([FCS_IMPLIED, Checksum.None]);
      positions.add(at);
    }
    expect(positions.size).toBeGreaterThan(50);
    expectNoLeaks(pool);
  });

  it('never touches bytes that the sender still holds', () => {
    const { cable, right, queue, pool } = wire({ corruption: 1, bitErrors: 0.01 });
    const kept = numberedFrame(pool, 1, 500).retain();
    const before = kept.slice().slice();
    cable.a.transmit(kept);
    queue.runUntil(Infinity);
    expect(kept.bytes.subarray(kept.start, kept.start + 500)).toEqual(before);
    expect(right.arrivals[0].bytes).not.toEqual(before);
    kept.release();
    expectNoLeaks(pool);
  });
});

describe('duplication', () => {
  it('delivers a frame twice, at the same time, as two packets with one name', () => {
    const { cable, right, stream } = wire({ duplication: 0.2 });
    stream(10_000, 1000);
    expectShare(right.arrivals.length - 10_000, 10_000, 0.2);
    const twin = right.arrivals.findIndex((arrival, i) => i > 0 && arrival.id === right.arrivals[i - 1].id);
    expect(right.arrivals[twin]).toEqual(right.arrivals[twin - 1]);
    expect(cable.forward.sentFrames).toBe(10_000);
  });

  it('may hand one of the two to a receiver who writes into it', () => {
    const { cable, right, queue, pool } = wire({ duplication: 1 });
    right.react = (frame) => frame.bytes.fill(0, frame.start, frame.end);
    cable.a.transmit(numberedFrame(pool, 5));
    queue.runUntil(Infinity);
    expect(right.numbers).toEqual([5, 5]);
  });
});

describe('reordering', () => {
  it('swaps two frames: the one that was held back arrives behind the next', () => {
    const { cable, right, queue, pool } = wire({ reordering: 1, reorderingDelayNs: 1000, delayNs: 0 });
    cable.a.transmit(numberedFrame(pool, 1));
    cable.configure('forward', { reordering: 0 });
    cable.a.transmit(numberedFrame(pool, 2));
    cable.a.transmit(numberedFrame(pool, 3));
    queue.runUntil(Infinity);
    expect(right.numbers).toEqual([2, 1, 3]);
    expect(right.times).toEqual([1344, 1672, 2016]);
    expectNoLeaks(pool);
  });

  it('holds back three times the delay unless told otherwise, and at least a millisecond', () => {
    const far = wire({ reordering: 1, delayNs: 10e6, rateBps: Infinity });
    far.stream(1, 0);
    expect(far.right.times).toEqual([40e6]);
    const near = wire({ reordering: 1, delayNs: 1000, rateBps: Infinity });
    near.stream(1, 0);
    expect(near.right.times).toEqual([1_001_000]);
  });

  it('befalls the share that it should, and loses nothing', () => {
    const { right, stream } = wire({ reordering: 0.1, reorderingDelayNs: 5500, delayNs: 0, rateBps: Infinity });
    stream(20_000, 1000);
    expect(right.arrivals.length).toBe(20_000);
    const late = right.times.filter((time) => time % 1000 === 500).length;
    expectShare(late, 20_000, 0.1);
  });

  it('loses what it holds back when the cable is cut', () => {
    const { cable, right, queue, pool } = wire({ reordering: 1, delayNs: 0 });
    for (let i = 0; i < 5; i++) cable.a.transmit(numberedFrame(pool, i));
    queue.runUntil(5000);
    expect(cable.forward.inFlight).toBe(5);
    cable.setUp(false);
    expect([cable.forward.inFlight, cable.forward.drops[Drop.LINK_DOWN], queue.pending]).toEqual([0, 5, 0]);
    cable.setUp(true);
    cable.a.transmit(numberedFrame(pool, 9));
    queue.runUntil(Infinity);
    expect(right.numbers).toEqual([9]);
    expectNoLeaks(pool);
  });
});

describe('jitter', () => {
  it('is uniform from 0 to its bound', () => {
    const { right, stream } = wire({ jitterNs: 9, delayNs: 0, rateBps: Infinity });
    stream(20_000, 1000);
    const counts = new Array(10).fill(0);
    for (const time of right.times) counts[time % 1000]++;
    for (const count of counts) expectShare(count, 20_000, 0.1);
  });

  it('keeps the order of frames', () => {
    const { right, stream } = wire({ jitterNs: 1e6, delayNs: 0 });
    stream(200, 700);
    expect(right.numbers).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(new Set(right.times).size).toBeGreaterThan(5);
  });
});

describe('chance', () => {
  const everything: Partial<LineOptions> = {
    loss: 0.05,
    burst: { enter: 0.01, leave: 0.2, loss: 0.9 },
    bitErrors: 1e-5,
    corruption: 0.02,
    duplication: 0.05,
    reordering: 0.05,
    reorderingDelayNs: 3000,
    jitterNs: 2000,
  };
  const deliveries = (options: Partial<LineOptions>, seed: number) => {
    const { right, stream } = wire(options, seed);
    stream(2000, 800, 200);
    return right.arrivals.map(({ timeNs, bytes, fcs }) => `${timeNs} ${bytes.join()} ${fcs}`);
  };

  it('is the same for the same seed: times, bytes and check sequences of every delivery', () => {
    expect(deliveries(everything, 1)).toEqual(deliveries(everything, 1));
    expect(deliveries(everything, 1)).not.toEqual(deliveries(everything, 2));
  });

  it('is each line’s own: what the other direction and other cables do changes nothing', () => {
    const alone = wire(everything);
    const busy = wire(everything);
    busy.cable.configure('backward', everything);
    for (let i = 0; i < 50; i++) busy.cable.b.transmit(numberedFrame(busy.pool, i));
    alone.stream(500, 800);
    busy.stream(500, 800);
    expect(busy.right.arrivals.map((arrival) => arrival.timeNs)).toEqual(
      alone.right.arrivals.map((arrival) => arrival.timeNs),
    );
  });

  it('does not draw for what is off: losing the same frames with a jitter of 0 and of none', () => {
    const plain = wire({ loss: 0.3 });
    const more = wire({ loss: 0.3, duplication: 0, corruption: 0, bitErrors: 0, reordering: 0, jitterNs: 0 });
    plain.stream(300, 1000);
    more.stream(300, 1000);
    expect(more.right.numbers).toEqual(plain.right.numbers);
  });
});

it('asserts that probabilities are between 0 and 1', () => {
  const impairments = new Impairments(Random.from(1));
  for (const loss of [-0.1, 1.1, Number.NaN]) {
    expect(() => impairments.configure({ ...NO_IMPAIRMENTS, loss })).toThrow('probability');
    expect(() => impairments.configure({ ...NO_IMPAIRMENTS, burst: { enter: 0, leave: loss, loss: 1 } })).toThrow();
  }
});
