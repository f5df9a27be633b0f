import { describe, expect, it } from 'vitest';
import { UsageError } from '../program.ts';
import { nearest, parseOptions } from './options.ts';

const SPEC = { flags: 'nvq', values: 'ci', long: { numeric: 'n', count: 'c', verbose: 'v' } };

function parsed(...args: string[]): string {
  const options = parseOptions(args, SPEC);
  const letters = [...'nvqci'].filter((letter) => options.has(letter));
  return `${letters.map((each) => each + options.all(each).join(',')).join(' ')} | ${options.words.join(' ')}`;
}

describe('options', () => {
  it.each([
    [[], ' | '],
    [['-n', 'host'], 'n | host'],
    [['-nv', '-c', '4', 'host'], 'n v c4 | host'],
    [['-nc4', 'host'], 'n c4 | host'],
    [['host', '-n'], 'n | host'],
    [['-c', '-1'], 'c-1 | '],
    [['--', '-n'], ' | -n'],
    [['-'], ' | -'],
    [['--numeric', '--count=5', '--count', '6', 'x'], 'n c5,6 | x'],
  ])('%j', (args, expected) => {
    expect(parsed(...args)).toBe(expected);
  });

  it.each([
    [['-x'], "invalid option -- 'x'; there are -n -v -q -c -i"],
    [['-V'], "invalid option -- 'V'; did you mean -v?"],
    [['-nx'], "invalid option -- 'x'; there are -n -v -q -c -i"],
    [['-c'], "option requires an argument -- 'c'"],
    [['--numerik'], "unrecognized option '--numerik'; did you mean --numeric?"],
    [['--constructor'], "unrecognized option '--constructor'"],
    [['--numeric=1'], "option '--numeric' doesn't allow an argument"],
    [['--count'], "option '--count' requires an argument"],
  ])('mistakes are told: %j', (args, expected) => {
    expect(() => parseOptions(args, SPEC)).toThrow(new UsageError(expected));
  });

  it('have numbers within bounds', () => {
    const options = parseOptions(['-c', '5', '-i', '0.25', '-vv'], SPEC);
    expect([options.integer('c', 1, 0, 5), options.seconds('i', 1, 0.1, 1), options.count('v')]).toEqual([5, 0.25, 2]);
    expect(options.integer('q', 7, 0, 9)).toBe(7);
    expect(() => options.integer('c', 1, 0, 4)).toThrow("invalid argument: '5': out of range: 0 <= value <= 4");
    expect(() => options.integer('i', 1, 0, 4)).toThrow("invalid argument: '0.25'");
    for (const text of ['', '.', '1e3', 'x', '-1', '1.2.3']) {
      const wrong = parseOptions([`-i${text}`.length > 2 ? `-i${text}` : '-i', ...(text === '' ? [''] : [])], SPEC);
      expect(() => wrong.seconds('i', 1, 0, 10)).toThrow('bad timing interval');
    }
  });

  it('know the nearest word', () => {
    expect(nearest('pign', ['ping', 'nc'])).toBe('ping');
    expect(nearest('zzzz', ['ping', 'nc'])).toBe(null);
    expect(nearest('', ['ping'])).toBe(null);
  });
});
