import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseScenario } from './index.ts';
import { MAX_NODES } from './schema.ts';
import { anyText, expectTotal, large, small, wounded } from './testing/fuzz.ts';

describe('no text of a hundred thousand breaks the reader', () => {
  it('random texts', () => {
    fc.assert(fc.property(anyText, expectTotal), { numRuns: 60_000 });
  });
  it('small networks with wounds', () => {
    fc.assert(fc.property(wounded(small), expectTotal), { numRuns: 36_000 });
  });
  it('a campus with wounds', () => {
    fc.assert(fc.property(wounded(large), expectTotal), { numRuns: 4_000 });
  });
});

it('reads a hundred thousand nodes, and not one more', () => {
  const hosts = (count: number) =>
    `nodes:\n${Array.from({ length: count }, (_, n) => `  h${n}: { kind: host, interfaces: { eth0: 11.${n >> 16}.${(n >> 8) & 255}.${n & 255}/7 } }\n`).join('')}`;
  const at = parseScenario(hosts(MAX_NODES), { file: 'x' });
  expect(at.ok ? [] : at.problems.map((problem) => problem.message)).toEqual([]);
  const past = parseScenario(hosts(MAX_NODES + 1), { file: 'x' });
  expect(past.ok ? [] : past.problems.map((problem) => problem.message)).toEqual([`${MAX_NODES + 1} nodes`]);
});
