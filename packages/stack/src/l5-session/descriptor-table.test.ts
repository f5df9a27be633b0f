import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Errno } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { testNode } from '../testing/test-node.ts';
import type { Descriptor } from './descriptor.ts';
import { DescriptorTable, FIRST_DESCRIPTOR } from './descriptor-table.ts';
import { StreamPairEnd } from './stream-pair.ts';

function descriptor(): Descriptor {
  return StreamPairEnd.pair(testNode().node)[0];
}

describe('numbers', () => {
  test('begin behind the three standard streams, and the lowest that is free comes next', () => {
    const table = new DescriptorTable(LIMITS);
    expect([0, 1, 2, 3].map(() => table.add(descriptor()))).toEqual([3, 4, 5, 6]);
    table.remove(5);
    table.remove(3);
    expect([0, 1, 2].map(() => table.add(descriptor()))).toEqual([3, 5, 7]);
    expect(table.numbers()).toEqual([3, 4, 5, 6, 7]);
  });

  test('that are not open', () => {
    const table = new DescriptorTable(LIMITS);
    table.add(descriptor());
    for (const number of [-1, 0, 2, 4, 1.5, Number.NaN]) {
      expect(table.get(number)).toBe(null);
      expect(table.remove(number)).toBe(null);
    }
    expect(table.size).toBe(1);
  });

  test('are as many as the limit says, and no more', () => {
    const table = new DescriptorTable({ ...LIMITS, sockets: 3 });
    expect([0, 1, 2, 3].map(() => table.add(descriptor()))).toEqual([3, 4, 5, -Errno.EMFILE]);
    table.remove(4);
    expect(table.add(descriptor())).toBe(4);
    expect(table.add(descriptor())).toBe(-Errno.EMFILE);
  });

  test('are always the lowest, whatever was opened and closed before', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(12), { maxLength: 60 }), (moves) => {
        const table = new DescriptorTable(LIMITS);
        const model = new Map<number, Descriptor>();
        for (const move of moves) {
          const number = FIRST_DESCRIPTOR + move;
          if (move < 6 && model.has(number)) {
            expect(table.remove(number)).toBe(model.get(number));
            model.delete(number);
          } else {
            let lowest = FIRST_DESCRIPTOR;
            while (model.has(lowest)) lowest++;
            const made = descriptor();
            expect(table.add(made)).toBe(lowest);
            model.set(lowest, made);
          }
        }
        expect(table.numbers()).toEqual([...model.keys()].sort((a, b) => a - b));
        expect(table.size).toBe(model.size);
      }),
    );
  });
});
