import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Task, TimerHandle } from './clock.ts';
import { EventQueue } from './event-queue.ts';

/** A task that writes down when it ran, and with what tag. */
class Log implements Task {
  readonly lines: string[] = [];
  private readonly queue: EventQueue;
  private readonly react: (tag: number) => void;

  constructor(queue: EventQueue, react: (tag: number) => void = () => {}) {
    this.queue = queue;
    this.react = react;
  }

  run(tag: number): void {
    this.lines.push(`${this.queue.now}:${tag}`);
    this.react(tag);
  }
}

/** What the queue is meant to be: a list, sorted by time, then by who asked first. */
class SortedList {
  now = 0;
  private events: { time: number; order: number; tag: number }[] = [];
  private order = 0;

  at(time: number, tag: number): number {
    this.events.push({ time: Math.max(time, this.now), order: ++this.order, tag });
    this.events.sort((a, b) => a.time - b.time || a.order - b.order);
    return this.order;
  }

  cancel(order: number): void {
    this.events = this.events.filter((event) => event.order !== order);
  }

  runNext(): string | null {
    const event = this.events.shift();
    if (event === undefined) return null;
    this.now = event.time;
    return `${this.now}:${event.tag}`;
  }

  get pending(): number {
    return this.events.length;
  }
}

describe('EventQueue', () => {
  it('runs by time, and what is due at once in the order in which it was asked for', () => {
    const queue = new EventQueue();
    const log = new Log(queue);
    for (const [time, tag] of [
      [30, 1],
      [10, 2],
      [20, 3],
      [10, 4],
      [0, 5],
      [30, 6],
    ])
      queue.at(time, log, tag);
    expect(queue.pending).toBe(6);
    expect(queue.nextTime).toBe(0);
    while (queue.runNext());
    expect(log.lines).toEqual(['0:5', '10:2', '10:4', '20:3', '30:1', '30:6']);
    expect([queue.processed, queue.pending, queue.nextTime]).toEqual([6, 0, Infinity]);
  });

  it('takes the past for now, after what is due now', () => {
    const queue = new EventQueue();
    const log = new Log(queue, (tag) => {
      if (tag === 1) queue.at(5, log, 3);
    });
    queue.at(100, log, 1);
    queue.at(100, log, 2);
    while (queue.runNext());
    expect(log.lines).toEqual(['100:1', '100:2', '100:3']);
  });

  it('never runs what is set for Infinity', () => {
    const queue = new EventQueue();
    expect(queue.at(Infinity, new Log(queue), 1)).toBe(0);
    expect([queue.pending, queue.runNext(), queue.now]).toEqual([0, false, 0]);
  });

  it('runs up to a time inclusive, and then stands there', () => {
    const queue = new EventQueue();
    const log = new Log(queue, (tag) => {
      if (tag === 1) queue.at(20, log, 9); // due within the same run
    });
    queue.at(10, log, 1);
    queue.at(20, log, 2);
    queue.at(21, log, 3);
    expect(queue.runUntil(20)).toBe(3);
    expect(log.lines).toEqual(['10:1', '20:2', '20:9']);
    expect(queue.now).toBe(20);
    expect(queue.runUntil(20)).toBe(0);
    expect(queue.runUntil(5)).toBe(0);
    expect(queue.now).toBe(20);
    expect(queue.runUntil(Infinity)).toBe(1);
    expect(queue.now).toBe(21); // not Infinity
    queue.runUntil(1000);
    expect(queue.now).toBe(1000);
  });

  it('is moved forward by a driver, never past what is due, never back', () => {
    const queue = new EventQueue();
    queue.at(50, new Log(queue), 1);
    queue.advanceTo(30);
    expect(queue.now).toBe(30);
    queue.advanceTo(20);
    expect(queue.now).toBe(30);
    queue.advanceTo(80);
    expect(queue.now).toBe(50);
    queue.runNext();
    queue.advanceTo(80);
    expect(queue.now).toBe(80);
  });

  it('forgets what was cancelled', () => {
    const queue = new EventQueue();
    const log = new Log(queue);
    const handles = [5, 1, 4, 2, 3].map((time) => queue.at(time, log, time));
    queue.cancel(handles[1]);
    queue.cancel(handles[0]);
    queue.cancel(handles[0]);
    queue.cancel(0);
    expect(queue.pending).toBe(3);
    while (queue.runNext());
    expect(log.lines).toEqual(['2:2', '3:3', '4:4']);
  });

  it('does not let an old handle cancel a newer event in the same slot', () => {
    const queue = new EventQueue();
    const log = new Log(queue);
    const old: TimerHandle[] = [];
    for (let i = 0; i < 100; i++) {
      const handle = queue.at(i, log, i);
      expect(old).not.toContain(handle);
      for (const stale of old) queue.cancel(stale);
      expect(queue.pending).toBe(1);
      if (i & 1) queue.cancel(handle);
      else queue.runNext();
      old.push(handle);
    }
    expect(log.lines.length).toBe(50);
  });

  it('takes handles that it never gave for nothing', () => {
    const queue = new EventQueue();
    queue.at(1, new Log(queue), 1);
    for (const handle of [2, 64, 65, 1e6, 2 ** 24 + 1, 2 ** 52, -1, Number.NaN, 1.5, Infinity]) queue.cancel(handle);
    expect(queue.pending).toBe(1);
  });

  it('lets a running event cancel itself, set itself anew and cancel others', () => {
    const queue = new EventQueue();
    let self: TimerHandle = 0;
    let other: TimerHandle = 0;
    const log = new Log(queue, (tag) => {
      if (tag !== 1) return;
      queue.cancel(self); // has fired: nothing
      queue.cancel(other);
      queue.at(queue.now, log, 3);
      queue.at(queue.now + 5, log, 4);
    });
    self = queue.at(10, log, 1);
    other = queue.at(10, log, 2);
    while (queue.runNext());
    expect(log.lines).toEqual(['10:1', '10:3', '15:4']);
  });

  it('counts the running event no more, and runs others from inside it', () => {
    const queue = new EventQueue();
    const seen: number[][] = [];
    const log = new Log(queue, (tag) => {
      seen.push([tag, queue.pending, queue.nextTime]);
      if (tag !== 1) return;
      queue.runNext();
      queue.at(15, log, 4);
      seen.push([tag, queue.pending, queue.nextTime]);
    });
    for (const time of [10, 20, 30]) queue.at(time, log, time / 10);
    while (queue.runNext());
    expect(log.lines).toEqual(['10:1', '20:2', '20:4', '30:3']);
    expect(seen).toEqual([
      [1, 2, 20],
      [2, 1, 30],
      [1, 2, 20],
      [4, 1, 30],
      [3, 0, Infinity],
    ]);
  });

  it('goes on after an event that threw', () => {
    const queue = new EventQueue();
    const log = new Log(queue, (tag) => {
      if (tag === 1) throw new Error('a bug');
    });
    queue.at(1, log, 1);
    queue.at(2, log, 2);
    expect(() => queue.runNext()).toThrow('a bug');
    expect(queue.runNext()).toBe(true);
    expect(log.lines).toEqual(['1:1', '2:2']);
  });

  it('grows, and holds any number', () => {
    const queue = new EventQueue();
    const log = new Log(queue);
    const times = Array.from({ length: 5000 }, (_, i) => (i * 7919) % 5003);
    const handles = times.map((time) => queue.at(time, log, time));
    for (let i = 0; i < handles.length; i += 2) queue.cancel(handles[i]);
    expect(queue.runUntil(Infinity)).toBe(2500);
    const expected = times.filter((_, i) => i & 1).sort((a, b) => a - b);
    expect(log.lines).toEqual(expected.map((time) => `${time}:${time}`));
  });

  it('holds no task after it ran or was cancelled', () => {
    const queue = new EventQueue();
    const tasks = (queue as unknown as { tasks: Task[] }).tasks;
    const log = new Log(queue);
    const handle = queue.at(1, log, 1);
    queue.at(2, log, 1);
    queue.cancel(handle);
    queue.runNext();
    expect(tasks).not.toContain(log);
  });

  it('does what a sorted list does', () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ what: fc.constant('at' as const), n: fc.nat(40) }) },
      { weight: 2, arbitrary: fc.record({ what: fc.constant('cancel' as const), n: fc.nat() }) },
      { weight: 3, arbitrary: fc.record({ what: fc.constant('run' as const), n: fc.nat(3) }) },
      // From inside a running event: one more, or one fewer.
      { weight: 2, arbitrary: fc.record({ what: fc.constant('nestedAt' as const), n: fc.nat(10) }) },
      { weight: 1, arbitrary: fc.record({ what: fc.constant('nestedCancel' as const), n: fc.nat() }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const queue = new EventQueue();
        const list = new SortedList();
        const handles: [TimerHandle, number][] = [];
        const expected: string[] = [];
        let tags = 0;
        let nested: () => void = () => {};
        const log = new Log(queue, () => nested());
        const at = (delay: number) => {
          const tag = ++tags;
          handles.push([queue.at(queue.now + delay - 5, log, tag), list.at(list.now + delay - 5, tag)]);
        };
        const cancel = (n: number) => {
          if (handles.length === 0) return;
          const [handle, order] = handles[n % handles.length];
          queue.cancel(handle);
          list.cancel(order);
        };
        const run = () => {
          const line = list.runNext(); // first, for a nested step acts on both
          if (line !== null) expected.push(line);
          if (queue.runNext() !== (line !== null)) expect.fail('one ran dry');
          nested = () => {};
        };
        for (const { what, n } of steps) {
          if (what === 'at') at(n);
          else if (what === 'cancel') cancel(n);
          else if (what === 'run') for (let i = 0; i <= n; i++) run();
          else {
            nested = () => (what === 'nestedAt' ? at(n) : cancel(n));
            run();
          }
          if (queue.pending !== list.pending || queue.now !== list.now) expect.fail(`differ after ${what}`);
        }
        while (list.pending > 0) run();
        expect(log.lines).toEqual(expected);
        expect(queue.pending).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
