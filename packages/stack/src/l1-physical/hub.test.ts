import { describe, expect, it } from 'vitest';
import { Drop } from '../base/drop-reasons.ts';
import type { Limits } from '../base/limits.ts';
import { Random } from '../base/random.ts';
import { numberedFrame, RecordingDevice } from '../testing/recording-device.ts';
import { dropsOf, expectNoLeaks, testNode } from '../testing/test-node.ts';
import { Cable } from './cable.ts';
import { Hub } from './hub.ts';

/** A hub of 10 Mbit/s with so many stations, on cables that take no time, so that only the hub's time counts. */
function room(stations: number, limits: Partial<Limits> = {}) {
  const { node, queue, pool } = testNode('hub', limits);
  const hub = new Hub(node);
  const fast = { rateBps: Infinity, delayNs: 0 };
  const cables: Cable[] = [];
  const devices = Array.from({ length: stations }, (_, i) => {
    const cable = new Cable(`c${i}`, queue, Random.from(1), pool, node.limits, { forward: fast, backward: fast });
    cables.push(cable);
    hub.port(i + 1)?.connect(cable.b);
    return new RecordingDevice(queue).plugInto(cable.a);
  });
  const say = (station: number, number: number, length = 60) =>
    devices[station].link?.transmit(numberedFrame(pool, number, length));
  const run = () => queue.runUntil(Infinity);
  return { hub, node, queue, pool, devices, cables, say, run };
}

/** 60 bytes and the 24 around them at 10 Mbit/s. */
const FRAME_NS = 67_200;
const SLOT_NS = 51_200;
const JAM_NS = 12_800;

describe('a hub', () => {
  it('repeats what it hears to all others, when the last bit has passed', () => {
    const { devices, say, run, hub, pool } = room(4);
    say(0, 42);
    run();
    expect(devices.map((device) => device.numbers)).toEqual([[], [42], [42], [42]]);
    expect(devices[1].times).toEqual([FRAME_NS]);
    expect([hub.repeated, hub.collisions]).toEqual([1, 0]);
    expectNoLeaks(pool);
  });

  it('gives each listener bytes of its own', () => {
    const { devices, say, run } = room(3);
    devices[1].react = (frame) => frame.bytes.fill(0, frame.start, frame.end);
    say(0, 42);
    run();
    expect(devices[2].arrivals[0].bytes[10]).toBe(10 * 7 + 42);
  });

  it('passes on damaged frames as they are', () => {
    const { devices, cables, say, run } = room(2);
    cables[0].configure('forward', { bitErrors: 0.1 });
    say(0, 1);
    run();
    expect(devices[1].arrivals[0].fcs).toBeGreaterThanOrEqual(0);
  });

  it('sends one station’s frames one after the other, without a collision', () => {
    const { devices, say, run, hub } = room(2);
    for (let i = 0; i < 5; i++) say(0, i);
    run();
    expect(devices[1].numbers).toEqual([0, 1, 2, 3, 4]);
    expect(devices[1].times).toEqual([1, 2, 3, 4, 5].map((n) => n * FRAME_NS));
    expect(hub.collisions).toBe(0);
  });

  it('drops what nobody else could hear', () => {
    const { node, say, run, cables, pool } = room(2);
    cables[1].setUp(false);
    say(0, 1);
    run();
    expect(dropsOf(node)).toEqual({ HUB_PORT_DOWN: 1 });
    expectNoLeaks(pool);
  });
});

describe('two stations that speak', () => {
  it('at once collide, back off for whole slots, and are both heard in the end', () => {
    const { devices, say, run, hub, queue, pool } = room(3);
    say(0, 1);
    say(1, 2);
    run();
    expect(hub.collisions).toBeGreaterThan(0);
    expect([...devices[2].numbers].sort()).toEqual([1, 2]);
    expect([devices[0].numbers, devices[1].numbers]).toEqual([[2], [1]]);
    expect(queue.pending).toBe(0);
    expectNoLeaks(pool);
  });

  it('within a slot time of each other collide; later the second one defers', () => {
    const early = room(2);
    early.say(0, 1, 1000);
    early.queue.runUntil(SLOT_NS - 1);
    early.say(1, 2);
    early.run();
    expect(early.hub.collisions).toBeGreaterThan(0);

    const late = room(2);
    late.say(0, 1, 1000);
    late.queue.runUntil(SLOT_NS);
    late.say(1, 2);
    late.run();
    expect(late.hub.collisions).toBe(0);
    const first = (1000 + 24) * 800;
    expect([late.devices[1].times, late.devices[0].times]).toEqual([[first], [first + FRAME_NS]]);
  });

  it('collide when both have deferred to a third', () => {
    const { devices, say, run, hub, queue } = room(3);
    say(0, 1, 1500);
    queue.runUntil(SLOT_NS);
    say(1, 2);
    say(2, 3);
    queue.runUntil((1500 + 24) * 800 - 1);
    expect(hub.collisions).toBe(0);
    run();
    expect(hub.collisions).toBeGreaterThan(0);
    expect(hub.port(1)?.collisions).toBe(0);
    expect([...devices[0].numbers].sort()).toEqual([2, 3]);
  });

  it('draw their backoff from 2, then 4, then 8 slots: as IEEE 802.3 4.2.3.2.5 has it', () => {
    const { node, hub, say, run } = room(2);
    const told: string[] = [];
    node.trace = { event: (_node, _layer, what, _packet, _reason, detail) => what === 'wait' && told.push(detail) };
    for (let round = 0; round < 300; round++) {
      say(0, 1);
      say(1, 2);
      run();
    }
    const seen = new Map<number, Set<number>>();
    for (const line of told) {
      const [, attempt, slots] = /collision (\d+), backs off for (\d+)/.exec(line)?.map(Number) ?? [];
      seen.set(attempt, (seen.get(attempt) ?? new Set()).add(slots));
    }
    expect([...(seen.get(1) ?? [])].sort()).toEqual([0, 1]);
    expect([...(seen.get(2) ?? [])].sort()).toEqual([0, 1, 2, 3]);
    expect(Math.max(...(seen.get(3) ?? []))).toBeLessThan(8);
    expect(hub.collisions).toBeGreaterThan(300);
  });

  it('get their turns, however much each has to say: nobody is beaten sixteen times by the same one', () => {
    const { node, hub, say, run, pool } = room(2);
    for (let i = 0; i < 900; i++) {
      say(0, i, 1500);
      say(1, i);
    }
    run();
    expect(hub.collisions).toBeGreaterThan(100);
    expect(dropsOf(node)).toEqual({});
    expect(hub.repeated).toBe(1800);
    expectNoLeaks(pool);
  });

  it('wait for jam and gap before the slots begin', () => {
    const { devices, say, run } = room(2);
    say(0, 1);
    say(1, 2);
    run();
    for (const device of devices) {
      const after = device.times[0] - FRAME_NS - JAM_NS;
      // Later rounds add a jam or another frame each; what is left are whole slots.
      const rest = [0, 1, 2, 3].flatMap((jams) => [after - jams * JAM_NS, after - jams * JAM_NS - FRAME_NS]);
      expect(rest.some((ns) => ns >= 0 && ns % SLOT_NS === 0)).toBe(true);
    }
  });
});

describe('too much at once', () => {
  it('a frame that collides sixteen times is given up; fewer are not', () => {
    const { hub, node, queue, pool, say, run } = room(60);
    // Whoever draws the same number every time meets the others every time.
    Object.assign(hub, { random: { below: () => 0 } });
    const told: string[] = [];
    node.trace = { event: (_node, _layer, what, _packet, _reason, detail) => what === 'wait' && told.push(detail) };
    for (let station = 0; station < 60; station++) say(station, station);
    run();
    const drops = dropsOf(node);
    expect(hub.repeated + (drops.HUB_COLLISION ?? 0)).toBe(60);
    expect(told.some((line) => line.includes('collision 15,'))).toBe(true);
    expect(told.some((line) => line.includes('collision 16,'))).toBe(false);
    expect(drops.HUB_COLLISION).toBeGreaterThan(0);
    expect(queue.pending).toBe(0);
    expectNoLeaks(pool);
  });

  it('a port keeps as many frames as the limit says, and not one more', () => {
    const { node, devices, say, run, queue } = room(2, { linkQueueFrames: 3 });
    for (let i = 0; i < 4; i++) say(0, i);
    queue.runUntil(0);
    expect(node.drops[Drop.LINK_QUEUE_FULL]).toBe(1);
    run();
    expect(devices[1].numbers).toEqual([0, 1, 2]);
  });

  it('is the same every time', () => {
    const play = () => {
      const { devices, say, run } = room(5);
      for (let i = 0; i < 40; i++) say(i % 5, i);
      run();
      return devices.map((device) => device.arrivals.map(({ timeNs, bytes }) => [timeNs, bytes[0]]));
    };
    expect(play()).toEqual(play());
  });
});

describe('a port that goes down', () => {
  it('takes its frame off the medium, loses what waits, and lets the others go on', () => {
    const { devices, cables, node, say, run, queue, pool } = room(3);
    say(0, 1, 1500);
    say(0, 2);
    queue.runUntil(SLOT_NS);
    say(1, 3, 1500);
    queue.runUntil(SLOT_NS + 1000);
    cables[0].setUp(false);
    run();
    expect(devices[2].numbers).toEqual([3]);
    expect(devices[2].times).toEqual([SLOT_NS + 1000 + (1500 + 24) * 800]);
    expect(dropsOf(node)).toEqual({ LINK_DOWN: 2 });
    expectNoLeaks(pool);
  });

  it('may go down while it backs off, and come back', () => {
    const { devices, cables, say, run, queue, pool, hub } = room(3);
    say(0, 1);
    say(1, 2);
    queue.runUntil(1);
    expect(hub.collisions).toBe(1);
    cables[0].setUp(false);
    run();
    expect(devices[2].numbers).toEqual([2]);
    cables[0].setUp(true);
    say(0, 5);
    run();
    expect(devices[2].numbers).toEqual([2, 5]);
    hub.port(1)?.disconnect();
    expect([hub.port(1)?.link, hub.freePort()]).toEqual([null, 1]);
    expectNoLeaks(pool);
  });
});
