import { beforeEach, describe, expect, it } from 'vitest';
import { EventQueue } from '../base/event-queue.ts';
import { callAt } from './clockwork.ts';
import { Scheduler } from './scheduler.ts';
import { FakePlatform } from './testing/fake-platform.ts';

let queue: EventQueue;
let platform: FakePlatform;
let scheduler: Scheduler;
let log: string[];

beforeEach(() => {
  queue = new EventQueue();
  platform = new FakePlatform();
  scheduler = new Scheduler(queue, platform);
  log = [];
});

const note = (text: string) => log.push(`${queue.now} ${text}`);
const noteAt = (time: number, text = 'event') => callAt(queue, time, () => note(text));

/** What a blocking socket call is to the scheduler: a promise that an event settles. */
const until = (time: number) =>
  new Promise<void>((resolve) =>
    callAt(queue, time, () => {
      scheduler.woken();
      resolve();
    }),
  );

const macrotask = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('virtual time', () => {
  it('jumps from event to event, in their order, and ends when nothing is left', async () => {
    noteAt(5e9, 'late');
    noteAt(10, 'early');
    noteAt(10, 'early too');
    expect(await scheduler.run(Infinity)).toBe('idle');
    expect(log).toEqual(['10 early', '10 early too', '5000000000 late']);
    expect(platform.waits).toEqual([]);
  });

  it('ends at the time that was asked for, which is then now', async () => {
    noteAt(10);
    noteAt(20);
    noteAt(21);
    expect(await scheduler.run(20)).toBe('time');
    expect(log).toEqual(['10 event', '20 event']);
    expect(queue.now).toBe(20);
    expect(await scheduler.run(1000)).toBe('time');
    expect(queue.now).toBe(1000);
  });

  it('runs no event before a program that was woken has come to rest', async () => {
    const program = async () => {
      await until(10);
      note('woken');
      for (let i = 0; i < 100; i++) await null;
      note('after promises');
      await macrotask();
      note('woken once more');
      scheduler.woken();
      await macrotask();
      note('at rest');
    };
    const done = program();
    noteAt(10, 'the same time');
    noteAt(11);
    platform.quiescent = async () => {
      await macrotask();
      await macrotask();
    };
    await scheduler.run(Infinity);
    await done;
    expect(log).toEqual([
      '10 woken',
      '10 after promises',
      '10 woken once more',
      '10 at rest',
      '10 the same time',
      '11 event',
    ]);
  });

  it('gives two programs that one event wakes their turns at the same time', async () => {
    const program = async (name: string) => {
      for (const time of [10, 20]) {
        await until(time);
        note(name);
      }
    };
    const both = Promise.all([program('a'), program('b')]);
    await scheduler.run(Infinity);
    await both;
    expect(log).toEqual(['10 a', '10 b', '20 a', '20 b']);
  });

  it('asks for the condition whenever programs rest', async () => {
    let done = false;
    const program = until(30).then(() => {
      done = true;
    });
    noteAt(20);
    noteAt(40);
    expect(await scheduler.run(Infinity, () => done)).toBe('done');
    expect(log).toEqual(['20 event']);
    await program;
  });

  it('gives the outside a turn among very many events', async () => {
    let ticks = 0;
    const tick = { run: () => void (++ticks < 100_000 && queue.at(queue.now + 1, tick, 0)) };
    queue.at(1, tick, 0);
    let seenAt = 0;
    setImmediate(() => setImmediate(() => setImmediate(() => (seenAt = ticks))));
    await scheduler.run(Infinity);
    expect(ticks).toBe(100_000);
    expect(seenAt).toBeGreaterThan(0);
    expect(seenAt).toBeLessThan(100_000);
  });
});

describe('what ends a run early', () => {
  it('stop(), after the current event', async () => {
    noteAt(1);
    callAt(queue, 2, () => scheduler.stop());
    noteAt(2, 'not any more');
    expect(await scheduler.run(Infinity)).toBe('stopped');
    expect(log).toEqual(['1 event']);
    // The next run goes on where this one ended.
    expect(await scheduler.run(Infinity)).toBe('idle');
    expect(log).toEqual(['1 event', '2 not any more']);
  });

  it('stop() between two runs is forgotten', async () => {
    scheduler.stop();
    expect(await scheduler.run(5)).toBe('time');
  });

  it('an error that an event throws; the next run goes on behind it', async () => {
    callAt(queue, 1, () => {
      throw new Error('a bug');
    });
    noteAt(2);
    await expect(scheduler.run(Infinity)).rejects.toThrow('a bug');
    expect(scheduler.running).toBe(false);
    expect(await scheduler.run(Infinity)).toBe('idle');
    expect(log).toEqual(['2 event']);
  });

  it('a second run while the first goes on is refused, runSync too', async () => {
    const first = scheduler.run(10);
    await expect(scheduler.run(10)).rejects.toThrow('running already');
    expect(() => scheduler.runSync(10)).toThrow('running already');
    expect(await first).toBe('time');
  });

  it('no platform: only callbacks can be driven', async () => {
    const bare = new Scheduler(queue, null);
    await expect(bare.run(10)).rejects.toThrow('@netarium/node');
    noteAt(3);
    expect(bare.runSync(10)).toBe('time');
    expect(log).toEqual(['3 event']);
  });
});

describe('runSync', () => {
  it('runs until nothing is left, until a time, or until the condition holds', () => {
    expect(scheduler.runSync(Infinity)).toBe('idle');
    noteAt(1);
    noteAt(2);
    noteAt(3);
    expect(scheduler.runSync(Infinity, () => log.length === 1)).toBe('done');
    expect(scheduler.runSync(2)).toBe('time');
    expect(log).toEqual(['1 event', '2 event']);
    expect(scheduler.runSync(Infinity)).toBe('idle');
    expect(queue.now).toBe(3);
  });
});

describe('work outside', () => {
  it('time stands still between hold and release', async () => {
    noteAt(5);
    scheduler.hold();
    scheduler.hold();
    const run = scheduler.run(Infinity);
    await platform.settle();
    scheduler.release();
    await platform.settle();
    expect(log).toEqual([]);
    scheduler.release();
    expect(await run).toBe('idle');
    expect(log).toEqual(['5 event']);
  });

  it('a run that is held can be stopped', async () => {
    scheduler.hold();
    const run = scheduler.run(Infinity);
    await platform.settle();
    scheduler.stop();
    expect(await run).toBe('stopped');
    const again = scheduler.run(Infinity);
    scheduler.stop();
    expect(await again).toBe('stopped');
  });

  it('results come in the order of asking, whoever is faster, each program resting before the next', async () => {
    const settle: Record<string, () => void> = {};
    const program = async (name: string, hops: number) => {
      const value = await scheduler.waitFor(new Promise<string>((resolve) => (settle[name] = () => resolve(name))));
      for (let i = 0; i < hops; i++) await null;
      note(value);
    };
    const programs = Promise.all([program('first', 50), program('second', 10), program('third', 0)]);
    noteAt(1);
    const run = scheduler.run(Infinity);
    await platform.settle();
    settle.third!();
    settle.second!();
    await platform.settle();
    expect(log).toEqual([]);
    settle.first!();
    await run;
    await programs;
    expect(log).toEqual(['0 first', '0 second', '0 third', '1 event']);
  });

  it('failures come back too, and without a run nobody waits for a turn', async () => {
    await expect(scheduler.waitFor(Promise.reject(new Error('no such file')))).rejects.toThrow('no such file');
    expect(await scheduler.waitFor(Promise.resolve(7))).toBe(7);
    const run = scheduler.run(Infinity);
    const late = scheduler.waitFor(new Promise((resolve) => setImmediate(() => setImmediate(() => resolve('late')))));
    expect(await run).toBe('idle');
    expect(await late).toBe('late');
  });

  it('what was stopped in the middle of it is delivered all the same', async () => {
    let settle = (_: string) => {};
    const work = scheduler.waitFor(new Promise<string>((resolve) => (settle = resolve)));
    const run = scheduler.run(Infinity);
    await platform.settle();
    scheduler.stop();
    expect(await run).toBe('stopped');
    settle('after the run');
    expect(await work).toBe('after the run');
  });

  it('external() delivers at the present time, and what it wakes is waited for', async () => {
    let resolve = () => {};
    const input = new Promise<void>((settle) => (resolve = settle)).then(async () => {
      await macrotask();
      note('input');
    });
    callAt(queue, 5, () => scheduler.hold());
    noteAt(9);
    const run = scheduler.run(Infinity);
    await platform.settle();
    scheduler.external(() => {
      resolve();
      scheduler.release();
    });
    await run;
    await input;
    expect(log).toEqual(['5 input', '9 event']);
  });
});

describe('paced time', () => {
  const SECOND = 1e9;

  it('waits in real time for what network time asks, at its speed', async () => {
    scheduler.setPace(2);
    noteAt(1 * SECOND);
    noteAt(5 * SECOND);
    expect(await scheduler.run(6 * SECOND)).toBe('time');
    expect(log).toEqual(['1000000000 event', '5000000000 event']);
    expect(platform.waits).toEqual([0.5 * SECOND, 2 * SECOND, 0.5 * SECOND]);
    expect(queue.now).toBe(6 * SECOND);
  });

  it('ends at its time though a later event is due already', async () => {
    scheduler.setPace(1);
    noteAt(1 * SECOND + 1);
    platform.manual = true;
    const run = scheduler.run(1 * SECOND);
    await platform.settle();
    platform.pass(5 * SECOND);
    expect(await run).toBe('time');
    expect(log).toEqual([]);
    expect(queue.now).toBe(1 * SECOND);
  });

  it('goes on without events, for something may come from outside, until it is stopped', async () => {
    scheduler.setPace(1);
    platform.manual = true;
    const run = scheduler.run(Infinity);
    await platform.settle();
    platform.pass(3 * SECOND);
    scheduler.external(() => note('from outside'));
    await platform.settle();
    platform.pass(1 * SECOND);
    scheduler.external(() => noteAt(queue.now + SECOND, 'its consequence'));
    await platform.settle();
    platform.pass(1 * SECOND);
    await platform.settle();
    scheduler.stop();
    expect(await run).toBe('stopped');
    expect(log).toEqual(['3000000000 from outside', '5000000000 its consequence']);
  });

  it('takes notice of what a program begins that something real has woken, and of its end', async () => {
    scheduler.setPace(1);
    platform.manual = true;
    noteAt(3600 * SECOND);
    let done = false;
    const run = scheduler.run(Infinity, () => done);
    await platform.settle();
    expect(platform.waits).toHaveLength(1);
    platform.pass(1 * SECOND);
    noteAt(5, 'begun by the program'); // without a word to the scheduler
    noteAt(4000 * SECOND);
    await platform.settle();
    expect(log).toEqual(['5 begun by the program']);
    done = true;
    scheduler.woken();
    expect(await run).toBe('done');
    expect(queue.onEarlier).toBe(null);
  });

  it('changes its pace while it waits: faster, paused, virtual', async () => {
    scheduler.setPace(0.001);
    platform.manual = true;
    noteAt(1 * SECOND);
    noteAt(3600 * SECOND);
    const run = scheduler.run(Infinity);
    await platform.settle();
    platform.pass(1 * SECOND);
    await platform.settle();
    expect(log).toEqual([]);
    scheduler.setPace(1000);
    await platform.settle();
    platform.pass(1e6);
    await platform.settle();
    expect(log).toEqual(['1000000000 event']);
    scheduler.setPace(0);
    await platform.settle();
    platform.pass(1e15);
    await platform.settle();
    expect(log).toHaveLength(1);
    expect(platform.waits).toHaveLength(3);
    expect(scheduler.pace).toBe(0);
    scheduler.setPace('virtual');
    expect(scheduler.pace).toBe('virtual');
    expect(await run).toBe('idle');
    expect(log).toEqual(['1000000000 event', '3600000000000 event']);
  });

  it('does not count real time in which it was held', async () => {
    scheduler.setPace(1);
    platform.manual = true;
    noteAt(1 * SECOND);
    scheduler.hold();
    const run = scheduler.run(2 * SECOND);
    await platform.settle();
    platform.pass(100 * SECOND);
    scheduler.external(() => note('while held'));
    await platform.settle();
    scheduler.release();
    await platform.settle();
    expect(log).toEqual(['0 while held']);
    platform.pass(1 * SECOND);
    await platform.settle();
    platform.pass(1 * SECOND);
    expect(await run).toBe('time');
    expect(log).toEqual(['0 while held', '1000000000 event']);
  });

  it('real time between two runs does not count either', async () => {
    scheduler.setPace(1);
    noteAt(4 * SECOND);
    await scheduler.run(3 * SECOND);
    platform.nowNs += 100 * SECOND;
    scheduler.external(() => note('between'));
    await scheduler.run(5 * SECOND);
    expect(log).toEqual(['3000000000 between', '4000000000 event']);
  });

  it('gives the platform a turn even when it falls behind', async () => {
    scheduler.setPace(1);
    let turns = 0;
    const tick = {
      run() {
        platform.nowNs += 2 * SECOND; // each event takes longer than the time between two of them
        if (++turns < 1000) queue.at(queue.now + SECOND, tick, 0);
      },
    };
    queue.at(SECOND, tick, 0);
    setImmediate(() => setImmediate(() => setImmediate(() => scheduler.stop())));
    expect(await scheduler.run(Infinity)).toBe('stopped');
    expect(turns).toBeLessThan(100);
  });

  it('stands where real time stood when it is stopped', async () => {
    scheduler.setPace(2);
    platform.manual = true;
    const run = scheduler.run(Infinity);
    await platform.settle();
    platform.pass(3 * SECOND);
    scheduler.stop();
    expect(await run).toBe('stopped');
    expect(queue.now).toBe(6 * SECOND);
  });

  it('refuses a pace that is none', () => {
    for (const pace of [-1, Number.NaN, Infinity]) expect(() => scheduler.setPace(pace)).toThrow(RangeError);
  });
});
