import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';

const draw = (random: Random, count = 4) => Array.from({ length: count }, () => random.u32());

describe('Random', () => {
  // Pinned: scenarios, fingerprints and documents name seeds, so the same seed gives the same network for ever.
  it('draws what it always drew', () => {
    expect(draw(Random.from(1))).toEqual([1299785925, 4001059704, 2906380172, 1047107358]);
    expect(draw(Random.from('netarium'))).toEqual([1596579582, 3467201288, 3699747697, 1516081817]);
    expect(draw(Random.from(1).fork('alice').fork('tcp'))).toEqual([2321025843, 3648382678, 1756173200, 3215730338]);
    expect(draw(Random.from(2 ** 53 - 1))).toEqual([1120727436, 2332627235, 913867193, 2306515308]);
  });

  /** sfc32 as PractRand has it: seeded with two words, counter 1, twelve draws thrown away. */
  it('is sfc32', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), (low, high) => {
        let [a, b, c, counter] = [0, high, low, 1];
        const next = () => {
          const result = (a + b + counter++) % 2 ** 32;
          a = (b ^ (b >>> 9)) >>> 0;
          b = (c + c * 8) % 2 ** 32;
          c = ((((c << 21) | (c >>> 11)) >>> 0) + result) % 2 ** 32;
          return result;
        };
        for (let i = 0; i < 12; i++) next();
        const random = new Random(low, high);
        for (let i = 0; i < 50; i++) expect(random.u32()).toBe(next());
      }),
      { numRuns: 20 },
    );
  });

  it('takes numbers and texts as seeds, each its own stream', () => {
    const seeds = [0, 1, 2 ** 32, 2 ** 32 + 1, -1, 1.5, '', '1', 'a', 'b', 'ab', 'ba'];
    const streams = seeds.map((seed) => draw(Random.from(seed)).join());
    expect(new Set(streams).size).toBe(seeds.length);
    expect(draw(Random.from('a'))).toEqual(draw(Random.from('a')));
  });

  it('forks by name, whatever was drawn before', () => {
    fc.assert(
      fc.property(fc.nat(), fc.string(), fc.nat(20), (seed, name, count) => {
        const used = Random.from(seed);
        draw(used, count);
        used.fork('somebody else');
        expect(draw(used.fork(name))).toEqual(draw(Random.from(seed).fork(name)));
      }),
    );
  });

  it('is not changed by its forks', () => {
    const random = Random.from(5);
    random.fork('a').u32();
    expect(draw(random)).toEqual(draw(Random.from(5)));
  });

  it('forks apart: by name, by the way there, and from itself', () => {
    const root = Random.from(1);
    const names = Array.from({ length: 20_000 }, (_, i) => `node-${i}`);
    const streams = [root, root.fork(''), ...names.map((name) => root.fork(name))];
    streams.push(root.fork('a').fork('b'), root.fork('b').fork('a'), root.fork('ab'), Random.from(2).fork('node-1'));
    const starts = new Set(streams.map((random) => draw(random, 2).join()));
    expect(starts.size).toBe(streams.length);
  });

  it('below is unbiased', () => {
    const random = Random.from(3);
    for (const limit of [1, 2, 3, 7, 10]) {
      const counts = new Float64Array(limit);
      for (let i = 0; i < 70_000; i++) counts[random.below(limit)]++;
      // Six standard deviations of a binomial: wrong once in 10^9, and the seed is fixed.
      const spread = 6 * Math.sqrt((70_000 / limit) * (1 - 1 / limit));
      for (const count of counts) expect(Math.abs(count - 70_000 / limit)).toBeLessThanOrEqual(spread);
    }
  });

  it('below is unbiased where rejection matters most', () => {
    // Three quarters of 2^32: without rejection the first third would come twice as often as the others.
    const limit = 3 * 2 ** 30;
    const random = Random.from(4);
    const thirds = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) thirds[Math.floor(random.below(limit) / 2 ** 30)]++;
    for (const count of thirds) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it('below reaches all that it may, and no more', () => {
    const random = Random.from(6);
    const plain = Random.from(6);
    for (let i = 0; i < 20; i++) expect(random.below(2 ** 32)).toBe(plain.u32());
    fc.assert(
      fc.property(
        fc.oneof(
          fc.integer({ min: 1, max: 2 ** 32 }),
          fc.maxSafeInteger().filter((n) => n > 0),
        ),
        (limit) => {
          const value = random.below(limit);
          return Number.isInteger(value) && value >= 0 && value < limit;
        },
      ),
    );
    expect(new Set(Array.from({ length: 200 }, () => random.below(8))).size).toBe(8);
  });

  it('below is unbiased above 2^32, too: times are nanoseconds', () => {
    const limit = 3 * 2 ** 40;
    const random = Random.from(5);
    const thirds = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) thirds[Math.floor(random.below(limit) / 2 ** 40)]++;
    for (const count of thirds) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it('fraction is from 0 to 1, 1 excluded', () => {
    const random = Random.from(7);
    let total = 0;
    for (let i = 0; i < 10_000; i++) {
      const value = random.fraction();
      if (!(value >= 0 && value < 1)) expect.fail(`${value}`);
      total += value;
    }
    expect(Math.abs(total / 10_000 - 0.5)).toBeLessThan(0.02);
  });

  it('chance comes as often as it says', () => {
    const random = Random.from(8);
    for (const probability of [0.001, 0.1, 0.5, 0.99]) {
      let hits = 0;
      for (let i = 0; i < 100_000; i++) if (random.chance(probability)) hits++;
      const spread = 6 * Math.sqrt(100_000 * probability * (1 - probability));
      expect(Math.abs(hits - 100_000 * probability)).toBeLessThan(spread);
    }
  });

  it('chance draws nothing for the impossible and the certain', () => {
    const random = Random.from(9);
    for (const probability of [0, -1, -0]) expect(random.chance(probability)).toBe(false);
    for (const probability of [1, 2, Infinity]) expect(random.chance(probability)).toBe(true);
    expect(draw(random)).toEqual(draw(Random.from(9)));
  });

  it('fill writes every byte, one draw each', () => {
    const bytes = new Uint8Array(1000);
    const random = Random.from(10);
    random.fill(bytes);
    expect(new Set(bytes).size).toBeGreaterThan(200);
    const again = Random.from(10);
    expect([...bytes.subarray(0, 3)]).toEqual(draw(again, 3).map((word) => word >>> 24));
    random.fill(new Uint8Array(0));
  });
});
