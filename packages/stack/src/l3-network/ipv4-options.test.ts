import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkOptions, copyOptions, describeOptions, OPTIONS_GOOD, OPTIONS_SOURCE_ROUTE } from './ipv4-options.ts';

const view = (...bytes: number[]): DataView => new DataView(Uint8Array.from(bytes).buffer);
const RECORD_ROUTE = [7, 11, 8, 10, 0, 0, 1, 0, 0, 0, 0];
const ROUTER_ALERT = [148, 4, 0, 0];

test('options that are in order', () => {
  for (const bytes of [[], [0], [1, 1, 1, 0], RECORD_ROUTE, [...ROUTER_ALERT, 1, 7, 3, 4], [0, 7, 200]]) {
    expect(checkOptions(view(...bytes), 0, bytes.length)).toBe(OPTIONS_GOOD);
  }
});

test('the byte that is wrong, counted from the header', () => {
  expect(checkOptions(view(7), 0, 1)).toBe(20); // no length
  expect(checkOptions(view(7, 1, 0, 0), 0, 4)).toBe(21); // shorter than type and length
  expect(checkOptions(view(1, 7, 0, 0), 0, 4)).toBe(22); // a length of 0 would never end
  expect(checkOptions(view(1, 7, 4, 0), 0, 4)).toBe(22); // past the end
});

test('source routes are found', () => {
  expect(checkOptions(view(131, 7, 4, 10, 0, 0, 1, 0), 0, 8)).toBe(OPTIONS_SOURCE_ROUTE);
  expect(checkOptions(view(1, 137, 3, 4), 0, 4)).toBe(OPTIONS_SOURCE_ROUTE);
});

test('fragments get those options that are marked as copied', () => {
  const from = Uint8Array.from([1, ...ROUTER_ALERT, ...RECORD_ROUTE, 131, 3, 4, 0]);
  const into = new Uint8Array(40);
  expect(copyOptions(from, 0, from.length, into, 0)).toBe(8);
  expect(Array.from(into.subarray(0, 8))).toEqual([148, 4, 0, 0, 131, 3, 4, 0]);
  expect(copyOptions(Uint8Array.from(RECORD_ROUTE), 0, RECORD_ROUTE.length, into, 0)).toBe(0);
});

test('they can be told', () => {
  const bytes = [1, ...RECORD_ROUTE];
  expect(describeOptions(view(...bytes), 0, bytes.length)).toBe('nop, record route 10.0.0.1');
  expect(describeOptions(view(131, 7, 4, 10, 0, 0, 1, 0), 0, 8)).toBe('loose source route 10.0.0.1');
  expect(describeOptions(view(200, 9), 0, 2)).toBe('option 200 (malformed)');
});

test('any bytes at all are walked in bounded time, and what is good can be copied and told', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const all = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const found = checkOptions(all, 0, bytes.length);
      expect(found === OPTIONS_GOOD || found === OPTIONS_SOURCE_ROUTE || (found >= 20 && found < 60)).toBe(true);
      describeOptions(all, 0, bytes.length);
      if (found <= 0) {
        const into = new Uint8Array(44);
        const length = copyOptions(bytes, 0, bytes.length, into, 0);
        expect(length % 4).toBe(0);
        expect(checkOptions(new DataView(into.buffer), 0, length)).toBeLessThanOrEqual(0);
      }
    }),
    { numRuns: 20_000 },
  );
});
