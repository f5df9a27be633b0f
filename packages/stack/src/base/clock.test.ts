import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MICROSECOND, MILLISECOND, SECOND, Timer } from './clock.ts';
import { EventQueue } from './event-queue.ts';

function timerOn(queue: EventQueue, react: () => void = () => {}) {
  const fired: string[] = [];
  const owner = {
    run(tag: number) {
      fired.push(`${queue.now}:${tag}`);
      react();
    },
  };
  return { fired, timer: new Timer(queue, owner, 7) };
}

describe('Timer', () => {
  it('fires once, when it was set for, with its tag', () => {
    const queue = new EventQueue();
    const { fired, timer } = timerOn(queue);
    expect(timer.armed).toBe(false);
    timer.set(100);
    expect([timer.armed, timer.deadline]).toEqual([true, 100]);
    queue.runUntil(99);
    expect(fired).toEqual([]);
    queue.runUntil(1000);
    expect(fired).toEqual(['100:7']);
    expect([timer.armed, timer.deadline, queue.pending]).toEqual([false, -1, 0]);
  });

  it('can be set for now, and for the past, which is now', () => {
    const queue = new EventQueue();
    queue.runUntil(50);
    const { fired, timer } = timerOn(queue);
    timer.set(50);
    queue.runUntil(50);
    timer.set(10);
    queue.runUntil(60);
    expect(fired).toEqual(['50:7', '50:7']);
  });

  it('set later and later, does not touch the queue', () => {
    const queue = new EventQueue();
    const { fired, timer } = timerOn(queue);
    for (let deadline = 100; deadline <= 1000; deadline += 100) timer.set(deadline);
    expect(queue.pending).toBe(1);
    expect(queue.nextTime).toBe(100);
    expect(queue.runUntil(999)).toBe(1); // came too early, queued itself for 1000
    expect(queue.nextTime).toBe(1000);
    queue.runUntil(5000);
    expect(fired).toEqual(['1000:7']);
  });

  it('set to what it stands at, keeps its place', () => {
    const queue = new EventQueue();
    const { fired, timer } = timerOn(queue);
    timer.set(100);
    queue.at(100, { run: () => fired.push('other') }, 0);
    timer.set(100);
    queue.runUntil(100);
    expect(fired).toEqual(['100:7', 'other']);
  });

  it('set earlier, fires earlier, and once', () => {
    const queue = new EventQueue();
    const { fired, timer } = timerOn(queue);
    timer.set(1000);
    timer.set(10);
    expect(queue.pending).toBe(1);
    queue.runUntil(5000);
    expect(fired).toEqual(['10:7']);
  });

  it('cleared, does not fire; set again after that, it does', () => {
    const queue = new EventQueue();
    const { fired, timer } = timerOn(queue);
    timer.set(100);
    timer.clear();
    expect(timer.armed).toBe(false);
    queue.runUntil(500);
    expect([fired, queue.pending]).toEqual([[], 0]);
    timer.set(600);
    timer.clear();
    timer.set(700);
    queue.runUntil(1000);
    expect(fired).toEqual(['700:7']);
  });

  it('disposed, leaves nothing in the queue', () => {
    const queue = new EventQueue();
    const { fired, timer } = timerOn(queue);
    timer.dispose();
    timer.set(100);
    timer.dispose();
    expect([timer.armed, queue.pending]).toEqual([false, 0]);
    timer.set(200);
    timer.clear();
    timer.dispose();
    timer.dispose();
    expect(queue.pending).toBe(0);
    queue.runUntil(1000);
    expect(fired).toEqual([]);
  });

  it('can be set again while it fires', () => {
    const queue = new EventQueue();
    const { fired, timer } = timerOn(queue, () => {
      if (queue.now < 300) timer.set(queue.now + 100);
    });
    timer.set(100);
    queue.runUntil(1000);
    expect(fired).toEqual(['100:7', '200:7', '300:7']);
  });

  it('never fires at Infinity, and can be brought back from there', () => {
    const queue = new EventQueue();
    const { fired, timer } = timerOn(queue);
    timer.set(Infinity);
    expect(timer.armed).toBe(true);
    expect(queue.runUntil(Infinity)).toBe(0);
    timer.set(100);
    timer.set(Infinity);
    queue.runUntil(200);
    expect([fired, queue.pending]).toEqual([[], 0]);
    timer.set(300);
    queue.runUntil(1000);
    expect(fired).toEqual(['300:7']);
  });

  it('fires when a timer that touches the queue each time would', () => {
    const step = fc.oneof(
      fc.record({ what: fc.constant('set' as const), n: fc.nat(100) }),
      fc.record({ what: fc.constant('clear' as const), n: fc.constant(0) }),
      fc.record({ what: fc.constant('dispose' as const), n: fc.constant(0) }),
      fc.record({ what: fc.constant('wait' as const), n: fc.nat(60) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new EventQueue();
        const { fired, timer } = timerOn(queue);
        const expected: string[] = [];
        let deadline = -1;
        for (const { what, n } of [...steps, { what: 'wait' as const, n: 1000 }]) {
          if (what === 'set') {
            deadline = queue.now + n;
            timer.set(deadline);
          } else if (what !== 'wait') {
            deadline = -1;
            timer[what]();
          } else {
            const until = queue.now + n;
            if (deadline >= 0 && deadline <= until) {
              expected.push(`${deadline}:7`);
              deadline = -1;
            }
            queue.runUntil(until);
          }
          if (queue.pending > 1) expect.fail('more than one event for one timer');
          if (timer.deadline !== deadline) expect.fail('another deadline');
        }
        expect(fired).toEqual(expected);
        expect(queue.pending).toBe(0);
      }),
    );
  });
});

describe('units of time', () => {
  it('are nanoseconds', () => {
    expect([MICROSECOND, MILLISECOND, SECOND]).toEqual([1_000, 1_000_000, 1_000_000_000]);
  });
});
