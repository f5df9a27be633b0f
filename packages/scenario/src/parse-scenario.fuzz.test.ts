import fc from 'fast-check';
import { describe, it } from 'vitest';
import { anyText, expectTotal, large, small, wounded } from './testing/fuzz.ts';

// A hundred thousand in all: `npm run test:long`.
describe('no text breaks the reader', () => {
  it('random texts', () => {
    fc.assert(fc.property(anyText, expectTotal), { numRuns: 30_000 });
  });
  it('small networks with wounds', () => {
    fc.assert(fc.property(wounded(small), expectTotal), { numRuns: 6_000 });
  });
  it('a campus with wounds', () => {
    fc.assert(fc.property(wounded(large), expectTotal), { numRuns: 400 });
  });
});
