/**
 * Quantities as people write them: `10ms`, `100Mbit`, `1%`, `64KiB`.
 *
 * Every parser is total: it returns a number, or a `UnitProblem` that says what is wrong and what would be right.
 * The arithmetic is exact: a text is read as a decimal (digits and a power of ten) and scaled with integers, so that
 * `1.5ms` is 1500000 and no float noise gets into the clock.
 */

/** Why a text is not a quantity, and a text that would be one. */
export interface UnitProblem {
  /** What is wrong, for people: `"10 apples" has no unit of time that is known`. */
  readonly problem: string;
  /** A text that the same parser reads, as near to the given one as can be guessed. */
  readonly suggestion: string;
}

interface Decimal {
  /** All digits, without the point. */
  readonly digits: bigint;
  /** The power of ten that the digits stand before. */
  readonly exponent: number;
}

/** No quantity that anyone writes is longer; what is longer is not echoed either. */
const MAX_TEXT = 64;
/** A decimal of more places than this is nought or more than 2^53 in every unit here. */
const MAX_EXPONENT = 60;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?/;

const DURATIONS: Record<string, bigint> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n, // U+00B5, micro sign
  μs: 1_000n, // U+03BC, Greek mu
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  min: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};

/** What people write instead, so that they are told the one word. */
const OTHER_DURATIONS: Record<string, string> = {
  nsec: 'ns',
  nanosecond: 'ns',
  usec: 'us',
  microsecond: 'us',
  msec: 'ms',
  milli: 'ms',
  millisecond: 'ms',
  sec: 's',
  second: 's',
  minute: 'm',
  hr: 'h',
  hour: 'h',
  day: 'd',
};

const SIZES: Record<string, bigint> = {
  B: 1n,
  kB: 1_000n,
  MB: 1_000_000n,
  GB: 1_000_000_000n,
  TB: 1_000_000_000_000n,
  KiB: 1024n,
  MiB: 1024n ** 2n,
  GiB: 1024n ** 3n,
  TiB: 1024n ** 4n,
};

/** Bits a second. Prefixes of bits are read in either case (`100mbit`, as `tc` prints it): nobody sends millibits. */
const RATE_PREFIX: Record<string, bigint> = {
  '': 1n,
  k: 1_000n,
  m: 1_000_000n,
  g: 1_000_000_000n,
  t: 1_000_000_000_000n,
};

/**
 * A duration in integer nanoseconds, 0 to 2^53 - 1 (104 days).
 * @param value `'10ms'`, `'1.5s'`, `'1m30s'`, or a number of seconds (rounded to the nanosecond)
 */
export function parseDuration(value: string | number): number | UnitProblem {
  if (typeof value === 'number') {
    return fromNumber(value, 1_000_000_000n, 'a duration', '10ms', 'longer than 104 days', '24h');
  }
  return advised(value, readDuration, 'a duration', '10ms');
}

function readDuration(text: string): number | UnitProblem {
  let total = 0n;
  let rest = text;
  let smallest: bigint | null = null;
  while (rest !== '') {
    const taken = takeNumber(rest);
    if (taken === null) return { problem: `${quote(text)} is not a duration`, suggestion: '10ms' };
    rest = taken.rest.trimStart();
    const name = /^[^\d\s.,+-]*/.exec(rest)?.[0] ?? '';
    rest = rest.slice(name.length).trimStart();
    const scale = Object.hasOwn(DURATIONS, name) ? DURATIONS[name] : undefined;
    if (scale === undefined) {
      if (name === '' && taken.decimal.digits === 0n && rest === '' && smallest === null) return 0;
      return wrongDurationUnit(text, taken.text, name, rest);
    }
    if (taken.negative)
      return { problem: `${quote(text)} is negative: time only goes on`, suggestion: text.replace('-', '') };
    if (smallest !== null && scale >= smallest) {
      return { problem: `${quote(text)} does not go from larger units to smaller ones`, suggestion: '1m30s' };
    }
    smallest = scale;
    const ns = scaled(taken.decimal, scale);
    if (ns === null) return { problem: `${quote(text)} is not a whole number of nanoseconds`, suggestion: '1ns' };
    total += ns;
  }
  if (total > MAX_SAFE) return { problem: `${quote(text)} is longer than 104 days`, suggestion: '24h' };
  return Number(total);
}

/**
 * A rate in whole bits a second, at least 1; `Infinity` for `'unlimited'`.
 * @param value `'100Mbit'`, `'100Mbit/s'`, `'100Mbps'`, `'10MB/s'`, `'unlimited'`, or a number of bits a second
 */
export function parseRate(value: string | number): number | UnitProblem {
  if (value === Number.POSITIVE_INFINITY) return value;
  if (typeof value === 'number') {
    const bits = fromNumber(value, 1n, 'a rate', '100Mbit', 'more than can be counted', 'unlimited');
    return bits === 0 ? stopped('0') : bits;
  }
  return advised(value, readRate, 'a rate', '100Mbit');
}

function readRate(text: string): number | UnitProblem {
  if (text.toLowerCase() === 'unlimited') return Number.POSITIVE_INFINITY;
  const taken = takeNumber(text);
  if (taken === null) return { problem: `${quote(text)} is not a rate`, suggestion: '100Mbit' };
  const name = taken.rest.trim();
  const scale = rateScale(name);
  if (scale === null) return wrongRateUnit(text, taken.text, name);
  if (taken.negative) return { problem: `${quote(text)} is negative`, suggestion: text.replace('-', '') };
  const bits = scaled(taken.decimal, scale);
  if (bits === 0n) return stopped(text);
  if (bits === null) return { problem: `${quote(text)} is not a whole number of bits a second`, suggestion: '1bit' };
  if (bits > MAX_SAFE) return { problem: `${quote(text)} is more than can be counted`, suggestion: 'unlimited' };
  return Number(bits);
}

/**
 * A part of one, 0 to 1.
 * @param value `'1%'`, `'1e-6'`, `'0.01'`, or a number between 0 and 1
 */
export function parseRatio(value: string | number): number | UnitProblem {
  return advised(String(value), readRatio, 'a share', '1%');
}

function readRatio(text: string): number | UnitProblem {
  const taken = takeNumber(text);
  if (taken === null) return { problem: `${quote(text)} is not a share`, suggestion: '1%' };
  const unit = taken.rest.trim();
  if (unit !== '' && unit !== '%') {
    return {
      problem: `${quote(text)} is neither a percentage nor a number between 0 and 1`,
      suggestion: hundredOrLess(taken.text),
    };
  }
  const shift = unit === '%' ? 2 : 0;
  const ratio = Number(`${taken.decimal.digits}e${taken.decimal.exponent - shift}`);
  if (taken.negative && ratio > 0) return { problem: `${quote(text)} is negative`, suggestion: text.replace('-', '') };
  if (ratio <= 1) return ratio;
  if (unit === '%') return { problem: `${quote(text)} is more than 100%`, suggestion: '100%' };
  return { problem: `${text} is more than 1, which is everything`, suggestion: hundredOrLess(taken.text) };
}

/**
 * A size in whole bytes, 0 to 2^53 - 1.
 * @param value `'64KiB'` (1024s), `'1MB'` (1000s), `'1500B'`, or a number of bytes
 */
export function parseSize(value: string | number): number | UnitProblem {
  if (typeof value === 'number') return fromNumber(value, 1n, 'a size', '64KiB', 'more than can be counted', '1TiB');
  return advised(value, readSize, 'a size', '64KiB');
}

function readSize(text: string): number | UnitProblem {
  const taken = takeNumber(text);
  if (taken === null) return { problem: `${quote(text)} is not a size`, suggestion: '64KiB' };
  const name = taken.rest.trim();
  const scale = Object.hasOwn(SIZES, name) ? SIZES[name] : undefined;
  if (scale === undefined) {
    if (name === '' && taken.decimal.digits === 0n) return 0;
    return wrongSizeUnit(text, taken.text, name);
  }
  if (taken.negative) return { problem: `${quote(text)} is negative`, suggestion: text.replace('-', '') };
  const bytes = scaled(taken.decimal, scale);
  if (bytes === null) return { problem: `${quote(text)} is not a whole number of bytes`, suggestion: '1B' };
  if (bytes > MAX_SAFE) return { problem: `${quote(text)} is more than can be counted`, suggestion: '1TiB' };
  return Number(bytes);
}

/** `1500000` as `1.5ms`, `90e9` as `1m30s`: exact, and `parseDuration` reads it back. */
export function formatDuration(ns: number): string {
  if (!Number.isFinite(ns)) return ns === Number.POSITIVE_INFINITY ? 'forever' : String(ns);
  const whole = Math.round(ns);
  if (whole < 0) return `-${formatDuration(-whole)}`;
  if (whole < 1_000) return whole === 0 ? '0s' : `${whole}ns`;
  if (whole < 1_000_000) return `${decimal(whole, 3)}us`;
  if (whole < 1_000_000_000) return `${decimal(whole, 6)}ms`;
  if (whole < 60_000_000_000) return `${decimal(whole, 9)}s`;
  const hours = Math.floor(whole / 3_600_000_000_000);
  const minutes = Math.floor((whole % 3_600_000_000_000) / 60_000_000_000);
  const rest = whole % 60_000_000_000;
  return (hours > 0 ? `${hours}h` : '') + (minutes > 0 ? `${minutes}m` : '') + (rest > 0 ? `${decimal(rest, 9)}s` : '');
}

/** `100000000` as `100Mbit`, `Infinity` as `unlimited`: exact for whole bits a second. */
export function formatRate(bitsPerSecond: number): string {
  if (bitsPerSecond === Number.POSITIVE_INFINITY) return 'unlimited';
  if (Number.isNaN(bitsPerSecond)) return 'NaN';
  const bits = Math.round(bitsPerSecond);
  if (bits < 1_000) return `${bits}bit`;
  if (bits < 1_000_000) return `${decimal(bits, 3)}kbit`;
  if (bits < 1_000_000_000) return `${decimal(bits, 6)}Mbit`;
  return `${decimal(bits, 9)}Gbit`;
}

/** `65536` as `64KiB`, `1500` as `1.5kB`: exact, in 1024s where they come out even and shorter. */
export function formatSize(bytes: number): string {
  if (!Number.isFinite(bytes)) return String(bytes);
  const whole = Math.round(bytes);
  if (whole < 1_000) return `${whole}B`;
  const plain =
    whole < 1_000_000
      ? `${decimal(whole, 3)}kB`
      : whole < 1_000_000_000
        ? `${decimal(whole, 6)}MB`
        : `${decimal(whole, 9)}GB`;
  let count = whole;
  let step = 0;
  while (step < 4 && count % 1024 === 0) {
    count /= 1024;
    step += 1;
  }
  if (step === 0) return plain;
  const binary = `${count}${['B', 'KiB', 'MiB', 'GiB', 'TiB'][step]}`;
  return binary.length <= plain.length ? binary : plain;
}

/** The number at the head of a text, exactly. */
function takeNumber(text: string): { decimal: Decimal; negative: boolean; text: string; rest: string } | null {
  const match = NUMBER.exec(text);
  if (match === null) return null;
  const [all, sign = '', whole = '', fraction = '', power = '0'] = match;
  if (whole === '' && fraction === '') return null;
  const digits = BigInt(whole + fraction);
  return {
    decimal: { digits, exponent: digits === 0n ? 0 : Number(power) - fraction.length },
    negative: sign === '-' && digits !== 0n,
    text: all,
    rest: text.slice(all.length),
  };
}

/** `decimal` times `scale` as an integer; null if it is not whole. Anything huge comes back as more than 2^53. */
function scaled({ digits, exponent }: Decimal, scale: bigint): bigint | null {
  if (digits === 0n) return 0n;
  if (exponent > MAX_EXPONENT) return MAX_SAFE + 1n;
  if (exponent >= 0) return digits * 10n ** BigInt(exponent) * scale;
  if (-exponent > MAX_EXPONENT + MAX_TEXT) return null;
  const product = digits * scale;
  const divisor = 10n ** BigInt(-exponent);
  return product % divisor === 0n ? product / divisor : null;
}

/** A plain number in the main unit: rounded, for it may be the result of a division. */
function fromNumber(
  value: number,
  scale: bigint,
  what: string,
  example: string,
  tooMuch: string,
  most: string,
): number | UnitProblem {
  if (Number.isNaN(value)) return { problem: `NaN is not ${what}`, suggestion: example };
  if (value < 0) return { problem: `${value} is negative`, suggestion: example };
  const taken = takeNumber(String(value)); // String: the shortest decimal that is this number, the same in every engine
  if (taken === null || taken.decimal.exponent > MAX_EXPONENT)
    return { problem: `${value} is ${tooMuch}`, suggestion: most };
  const { digits, exponent } = taken.decimal;
  if (exponent < -400) return 0;
  const divisor = 10n ** BigInt(Math.max(0, -exponent));
  const product = digits * 10n ** BigInt(Math.max(0, exponent)) * scale;
  const rounded = (2n * product + divisor) / (2n * divisor);
  return rounded > MAX_SAFE ? { problem: `${value} is ${tooMuch}`, suggestion: most } : Number(rounded);
}

/** `value` with the point moved `places` to the left, without trailing noughts. */
function decimal(value: number, places: number): string {
  const digits = String(value).padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  return fraction === '' ? digits.slice(0, -places) : `${digits.slice(0, -places)}.${fraction}`;
}

/** Bits a second of a unit's name; null if there is no such rate. `b` is a bit, `B` is a byte. */
function rateScale(name: string): bigint | null {
  const bits = /^([kmgt]?)bits?(?:\/s|ps)?$/i.exec(name) ?? /^([kmgtKMGT]?)b(?:\/s|ps)$/.exec(name);
  if (bits !== null) return RATE_PREFIX[(bits[1] ?? '').toLowerCase()] ?? null;
  const bytes = /^(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)(?:\/s|ps)$/.exec(name);
  const scale = bytes === null ? undefined : SIZES[bytes[1] ?? ''];
  return scale === undefined ? null : scale * 8n;
}

function wrongDurationUnit(text: string, number: string, name: string, rest: string): UnitProblem {
  if (name === '') return { problem: `${quote(text)} has no unit`, suggestion: `${number}ms` };
  const lower = name.toLowerCase().replace(/^μ|^µ/, 'u');
  const known =
    OTHER_DURATIONS[lower.replace(/s$/, '')] ??
    OTHER_DURATIONS[lower] ??
    (Object.hasOwn(DURATIONS, lower) ? lower : 'ms');
  const guess = rest === '' ? `${number}${known}` : '1m30s';
  return { problem: `${quote(text)} has no unit of time that is known (ns, us, ms, s, m, h)`, suggestion: guess };
}

function wrongRateUnit(text: string, number: string, name: string): UnitProblem {
  if (name === '') return { problem: `${quote(text)} has no unit`, suggestion: `${number}Mbit` };
  const size = Object.hasOwn(SIZES, name);
  const prefix = /^[kmgt]/i.exec(name)?.[0] ?? '';
  const unit = size ? `${name}/s` : `${prefix.toLowerCase() === 'k' ? 'k' : prefix.toUpperCase()}bit`;
  const problem = size
    ? `${quote(text)} is a size, not a rate`
    : `${quote(text)} has no unit of rate that is known (bit, kbit, Mbit, Gbit, MB/s)`;
  return { problem, suggestion: number + unit };
}

function wrongSizeUnit(text: string, number: string, name: string): UnitProblem {
  if (name === '') return { problem: `${quote(text)} has no unit`, suggestion: `${number}B` };
  const lower = name.toLowerCase();
  const same = Object.keys(SIZES).find((unit) => unit.toLowerCase() === lower);
  const near = same ?? Object.keys(SIZES).find((unit) => unit.toLowerCase().startsWith(lower.charAt(0)));
  return {
    problem: `${quote(text)} has no unit of size that is known (B, kB, MB, GB, KiB, MiB, GiB)`,
    suggestion: number + (near ?? 'B'),
  };
}

/**
 * Reads a text, and sees to it that what a problem suggests can be read itself: the text with its decimal comma made
 * a point, the reader's guess, or else the example.
 */
function advised(
  value: string,
  read: (text: string) => number | UnitProblem,
  what: string,
  example: string,
): number | UnitProblem {
  if (value.length > MAX_TEXT) return { problem: `${quote(value)} is too long for ${what}`, suggestion: example };
  const text = value.trim();
  if (text === '') return { problem: `an empty text is not ${what}`, suggestion: example };
  const result = read(text);
  if (typeof result === 'number') return result;
  const guesses = [text.replace(',', '.'), result.suggestion];
  const suggestion = guesses.find((guess) => guess !== '' && typeof read(guess) === 'number') ?? example;
  return { problem: result.problem, suggestion };
}

function stopped(text: string): UnitProblem {
  return { problem: `a rate of ${text} never sends anything`, suggestion: 'unlimited' };
}

function hundredOrLess(number: string): string {
  return Number(number) >= 0 && Number(number) <= 100 ? `${number}%` : '100%';
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
