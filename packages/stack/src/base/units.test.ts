import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatDuration,
  formatRate,
  formatSize,
  parseDuration,
  parseRate,
  parseRatio,
  parseSize,
  type UnitProblem,
} from './units.ts';

const problem = (text: string, suggestion: string): UnitProblem => ({ problem: text, suggestion });

describe('durations are integer nanoseconds', () => {
  it.each<[string | number, number]>([
    ['10ms', 10_000_000],
    ['1.5ms', 1_500_000],
    ['0.1s', 100_000_000],
    ['.5s', 500_000_000],
    ['2m', 120_000_000_000],
    ['2min', 120_000_000_000],
    ['1h', 3_600_000_000_000],
    ['1d', 86_400_000_000_000],
    ['200us', 200_000],
    ['200µs', 200_000],
    ['200μs', 200_000],
    ['5ns', 5],
    ['1m30s', 90_000_000_000],
    ['1h 5m', 3_900_000_000_000],
    [' 10 ms ', 10_000_000],
    ['0', 0],
    ['0s', 0],
    ['0.000000001s', 1],
    ['4.35ms', 4_350_000], // 4.35 * 1e6 is 4349999.999... in floating point
    [1.5, 1_500_000_000],
    [1.1, 1_100_000_000],
    [1e-9, 1],
    [0, 0],
    [1 / 3, 333_333_333],
    ['9007199254740991ns', Number.MAX_SAFE_INTEGER],
  ])('%j is %d ns', (text, ns) => {
    expect(parseDuration(text)).toBe(ns);
  });

  it.each<[string | number, string, string]>([
    ['', 'an empty text is not a duration', '10ms'],
    ['soon', '"soon" is not a duration', '10ms'],
    ['10', '"10" has no unit', '10ms'],
    ['10 apples', '"10 apples" has no unit of time that is known (ns, us, ms, s, m, h)', '10ms'],
    ['10 seconds', '"10 seconds" has no unit of time that is known (ns, us, ms, s, m, h)', '10s'],
    ['3 Minutes', '"3 Minutes" has no unit of time that is known (ns, us, ms, s, m, h)', '3m'],
    ['5MS', '"5MS" has no unit of time that is known (ns, us, ms, s, m, h)', '5ms'],
    ['1,5ms', '"1,5ms" has no unit', '1.5ms'],
    ['-5ms', '"-5ms" is negative: time only goes on', '5ms'],
    ['0.5ns', '"0.5ns" is not a whole number of nanoseconds', '1ns'],
    ['30s1m', '"30s1m" does not go from larger units to smaller ones', '1m30s'],
    ['105d', '"105d" is longer than 104 days', '24h'],
    ['9007199254740992ns', '"9007199254740992ns" is longer than 104 days', '24h'],
    ['1e999s', '"1e999s" is longer than 104 days', '24h'],
    [-1, '-1 is negative', '10ms'],
    [Number.NaN, 'NaN is not a duration', '10ms'],
    [Number.POSITIVE_INFINITY, 'Infinity is longer than 104 days', '24h'],
    [1e300, '1e+300 is longer than 104 days', '24h'],
  ])('%j is told', (text, what, suggestion) => {
    expect(parseDuration(text)).toEqual(problem(what, suggestion));
  });

  it('formats for people', () => {
    expect([0, 5, 1_500, 1_500_000, 2e9, 90e9, 3600e9, 5_400_500_000_000, 86_400e9].map(formatDuration)).toEqual([
      '0s',
      '5ns',
      '1.5us',
      '1.5ms',
      '2s',
      '1m30s',
      '1h',
      '1h30m0.5s',
      '24h',
    ]);
    expect(formatDuration(-1_500)).toBe('-1.5us');
    expect(formatDuration(Number.POSITIVE_INFINITY)).toBe('forever');
  });
});

describe('rates are bits a second', () => {
  it.each<[string | number, number]>([
    ['100Mbit', 100e6],
    ['100mbit', 100e6],
    ['100Mbit/s', 100e6],
    ['100Mbps', 100e6],
    ['100 Mb/s', 100e6],
    ['1Gbit', 1e9],
    ['33.6kbit', 33_600],
    ['9600bit', 9_600],
    ['9600bits/s', 9_600],
    ['9600bps', 9_600],
    ['10MB/s', 80e6],
    ['10MBps', 80e6],
    ['1MiB/s', 8_388_608],
    ['1kB/s', 8_000],
    ['0.5B/s', 4],
    ['unlimited', Number.POSITIVE_INFINITY],
    ['Unlimited', Number.POSITIVE_INFINITY],
    [56_000, 56_000],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])('%j is %d bit/s', (text, bits) => {
    expect(parseRate(text)).toBe(bits);
  });

  it.each<[string | number, string, string]>([
    ['fast', '"fast" is not a rate', '100Mbit'],
    ['100', '"100" has no unit', '100Mbit'],
    ['100M', '"100M" has no unit of rate that is known (bit, kbit, Mbit, Gbit, MB/s)', '100Mbit'],
    ['10MB', '"10MB" is a size, not a rate', '10MB/s'],
    ['10KB/s', '"10KB/s" has no unit of rate that is known (bit, kbit, Mbit, Gbit, MB/s)', '10kbit'],
    ['1,5Mbit', '"1,5Mbit" has no unit of rate that is known (bit, kbit, Mbit, Gbit, MB/s)', '1.5Mbit'],
    ['-1Mbit', '"-1Mbit" is negative', '1Mbit'],
    ['0bit', 'a rate of 0bit never sends anything', 'unlimited'],
    ['0.5bit', '"0.5bit" is not a whole number of bits a second', '1bit'],
    ['1e30bit', '"1e30bit" is more than can be counted', 'unlimited'],
    [0, 'a rate of 0 never sends anything', 'unlimited'],
    [-1, '-1 is negative', '100Mbit'],
  ])('%j is told', (text, what, suggestion) => {
    expect(parseRate(text)).toEqual(problem(what, suggestion));
  });

  it('formats for people', () => {
    expect([9_600, 33_600, 100e6, 1e9, 2.5e9, 1, Number.POSITIVE_INFINITY].map(formatRate)).toEqual([
      '9.6kbit',
      '33.6kbit',
      '100Mbit',
      '1Gbit',
      '2.5Gbit',
      '1bit',
      'unlimited',
    ]);
  });
});

describe('ratios are between 0 and 1', () => {
  it.each<[string | number, number]>([
    ['1%', 0.01],
    ['0.1%', 0.001],
    ['100%', 1],
    ['0%', 0],
    ['33.3 %', 0.333],
    ['1e-6', 1e-6],
    ['0.01', 0.01],
    [0.01, 0.01],
    [1, 1],
    [0, 0],
    [1e-9, 1e-9],
  ])('%j is %d', (text, ratio) => {
    expect(parseRatio(text)).toBe(ratio);
  });

  it.each<[string | number, string, string]>([
    ['150%', '"150%" is more than 100%', '100%'],
    ['-1%', '"-1%" is negative', '1%'],
    ['some', '"some" is not a share', '1%'],
    ['1,5%', '"1,5%" is neither a percentage nor a number between 0 and 1', '1.5%'],
    [5, '5 is more than 1, which is everything', '5%'],
    [500, '500 is more than 1, which is everything', '100%'],
    ['5 percent', '"5 percent" is neither a percentage nor a number between 0 and 1', '5%'],
    [Number.NaN, '"NaN" is not a share', '1%'],
    [-0.5, '"-0.5" is negative', '0.5'],
  ])('%j is told', (text, what, suggestion) => {
    expect(parseRatio(text)).toEqual(problem(what, suggestion));
  });
});

describe('sizes are bytes', () => {
  it.each<[string | number, number]>([
    ['64KiB', 65_536],
    ['1.5MiB', 1_572_864],
    ['1MB', 1_000_000],
    ['1 kB', 1_000],
    ['1500B', 1_500],
    ['2GiB', 2 ** 31],
    [1_500, 1_500],
    ['0', 0],
  ])('%j is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each<[string | number, string, string]>([
    ['64', '"64" has no unit', '64B'],
    ['64K', '"64K" has no unit of size that is known (B, kB, MB, GB, KiB, MiB, GiB)', '64kB'],
    ['64KB', '"64KB" has no unit of size that is known (B, kB, MB, GB, KiB, MiB, GiB)', '64kB'],
    ['64kib', '"64kib" has no unit of size that is known (B, kB, MB, GB, KiB, MiB, GiB)', '64KiB'],
    ['0.5B', '"0.5B" is not a whole number of bytes', '1B'],
    ['big', '"big" is not a size', '64KiB'],
    ['-1kB', '"-1kB" is negative', '1kB'],
  ])('%j is told', (text, what, suggestion) => {
    expect(parseSize(text)).toEqual(problem(what, suggestion));
  });

  it('formats for people', () => {
    expect([0, 999, 1_000, 1_500, 1_024, 65_536, 1_572_864, 1_200_000, 2 ** 31].map(formatSize)).toEqual([
      '0B',
      '999B',
      '1kB',
      '1.5kB',
      '1KiB',
      '64KiB',
      '1536KiB',
      '1.2MB',
      '2GiB',
    ]);
  });
});

const parsers = { parseDuration, parseRate, parseRatio, parseSize };
const parserNames = Object.keys(parsers) as (keyof typeof parsers)[];

describe.each(parserNames)('%s', (name) => {
  const parse = parsers[name];
  const quantity = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(...'0123456789.-+eE ,%kMGiBbtsmhudn/p\0µ') }),
    fc.double(),
    fc
      .tuple(fc.double(), fc.constantFrom('ms', 's', 'Mbit', '%', 'KiB', ' MB/s', 'bit/s', 'constructor'))
      .map(([n, u]) => `${n}${u}`),
  );

  it('is total, and what it suggests it also reads', () => {
    fc.assert(
      fc.property(quantity, (value) => {
        const result = parse(value);
        if (typeof result === 'number') {
          expect(result).toBeGreaterThanOrEqual(0);
          return;
        }
        expect(result.problem.length).toBeLessThan(160);
        expect(typeof parse(result.suggestion), `${JSON.stringify(value)}: ${result.suggestion}`).toBe('number');
      }),
      { numRuns: 5_000 },
    );
  });

  it('does not spend long on long texts', () => {
    for (const text of ['1'.repeat(1e6), '1e9'.repeat(1e5), '1s'.repeat(1e5), ' '.repeat(1e6), `1${' '.repeat(1e6)}ms`])
      parse(text);
  });
});

describe('what is formatted is read back exactly', () => {
  const whole = fc.maxSafeNat();
  it('durations', () => {
    fc.assert(fc.property(whole, (ns) => parseDuration(formatDuration(ns)) === ns));
  });
  it('rates', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (bits) => parseRate(formatRate(bits)) === bits),
    );
  });
  it('sizes', () => {
    fc.assert(fc.property(whole, (bytes) => parseSize(formatSize(bytes)) === bytes));
  });
});
