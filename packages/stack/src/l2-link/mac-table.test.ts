import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECOND } from '../base/clock.ts';
import { MacTable, UNKNOWN_PORT } from './mac-table.ts';

const AGEING = 300 * SECOND;

describe('MacTable', () => {
  it('knows what it learnt, and where a station has moved', () => {
    const table = new MacTable(100, AGEING, 1);
    expect(table.lookup(2, 1, 0)).toBe(UNKNOWN_PORT);
    table.learn(2, 1, 5, 0);
    table.learn(2, 0xffffffff, 6, 0);
    expect([table.lookup(2, 1, 0), table.lookup(2, 0xffffffff, 0), table.lookup(3, 1, 0)]).toEqual([5, 6, 0]);
    table.learn(2, 1, 7, 10);
    expect([table.lookup(2, 1, 10), table.heardAt(2, 1), table.heardAt(9, 9)]).toEqual([7, 10, -1]);
  });

  it('forgets what it has not heard for the ageing time, to the nanosecond', () => {
    const table = new MacTable(100, AGEING, 1);
    table.learn(2, 1, 5, 1000);
    expect(table.lookup(2, 1, 1000 + AGEING - 1)).toBe(5);
    expect(table.lookup(2, 1, 1000 + AGEING)).toBe(UNKNOWN_PORT);
    table.learn(2, 1, 5, 1000 + AGEING);
    expect(table.lookup(2, 1, 1000 + AGEING)).toBe(5);
  });

  it('takes as many as it may, and not one more until one has aged out', () => {
    const table = new MacTable(3, AGEING, 1);
    for (let i = 0; i < 3; i++) expect(table.learn(2, i, 1, i * SECOND)).toBe(true);
    expect(table.learn(2, 3, 1, 3 * SECOND)).toBe(false);
    expect(table.learn(2, 1, 2, 4 * SECOND)).toBe(true); // one that it has may move
    expect(table.learn(2, 3, 1, AGEING - 1)).toBe(false);
    expect(table.learn(2, 3, 1, AGEING)).toBe(true);
    expect(table.learn(2, 4, 1, AGEING)).toBe(false);
    expect(table.entries(AGEING).map((entry) => entry.lo)).toEqual([1, 2, 3]);
  });

  it('takes nothing when it may hold nothing', () => {
    const table = new MacTable(0, AGEING, 1);
    expect([table.learn(2, 1, 1, 0), table.learn(2, 1, 1, 1e12), table.lookup(2, 1, 0)]).toEqual([false, false, 0]);
  });

  it('makes room at once when the ageing time becomes shorter', () => {
    const table = new MacTable(1, AGEING, 1);
    table.learn(2, 1, 1, 0);
    expect(table.learn(2, 2, 1, 10 * SECOND)).toBe(false);
    table.setAgeing(5 * SECOND);
    expect(table.learn(2, 2, 1, 10 * SECOND)).toBe(true);
    expect(table.lookup(2, 1, 10 * SECOND)).toBe(UNKNOWN_PORT);
  });

  it('forgets a port and nothing else', () => {
    const table = new MacTable(1000, AGEING, 1);
    for (let i = 0; i < 500; i++) table.learn(2, i, 1 + (i % 3), 0);
    table.forgetPort(2);
    for (let i = 0; i < 500; i++) expect(table.lookup(2, i, 0)).toBe(i % 3 === 1 ? 0 : 1 + (i % 3));
    expect(table.entries(0).length).toBe(333);
  });

  it('holds 8,192 addresses that differ in few bits, whatever the key', () => {
    for (const key of [0, 1, 0xdeadbeef]) {
      const table = new MacTable(8192, AGEING, key);
      for (let i = 0; i < 8192; i++) expect(table.learn(0x0200, i << 12, 1 + (i % 48), i)).toBe(true);
      for (let i = 0; i < 8192; i++) expect(table.lookup(0x0200, (i << 12) >>> 0, 8192)).toBe(1 + (i % 48));
      expect(table.learn(0x0201, 0, 1, 8192)).toBe(false);
    }
  });

  it('does what a map would do', () => {
    const step = fc.record({
      do: fc.constantFrom('learn', 'learn', 'learn', 'lookup', 'lookup', 'forget'),
      hi: fc.nat(1),
      lo: fc.nat(30),
      port: fc.integer({ min: 1, max: 3 }),
      wait: fc.nat(4),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const table = new MacTable(1000, 20, 3);
        const model = new Map<string, { port: number; heard: number }>();
        let now = 0;
        for (const { do: what, hi, lo, port, wait } of steps) {
          now += wait;
          const key = `${hi} ${lo}`;
          if (what === 'learn') {
            table.learn(hi, lo, port, now);
            model.set(key, { port, heard: now });
          } else if (what === 'forget') {
            table.forgetPort(port);
            for (const [other, entry] of model) if (entry.port === port) model.delete(other);
          } else {
            const entry = model.get(key);
            expect(table.lookup(hi, lo, now)).toBe(entry !== undefined && now - entry.heard < 20 ? entry.port : 0);
          }
        }
        const fresh = [...model.values()].filter((entry) => now - entry.heard < 20);
        expect(table.entries(now).length).toBe(fresh.length);
      }),
    );
  });
});
