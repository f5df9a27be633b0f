import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatHttpDate, parseHttpDate } from './http-date.ts';

describe('dates', () => {
  it('are read in all three forms of RFC 9110', () => {
    expect(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(784111777);
    expect(parseHttpDate('Sunday, 06-Nov-94 08:49:37 GMT')).toBe(784111777);
    expect(parseHttpDate('Sun Nov  6 08:49:37 1994')).toBe(784111777);
    expect(formatHttpDate(784111777)).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
  });

  it('are what the machine makes of them too', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253402300799 }), (seconds) => {
        const text = new Date(seconds * 1000).toUTCString();
        expect(formatHttpDate(seconds)).toBe(text);
        expect(parseHttpDate(text)).toBe(seconds);
      }),
    );
  });

  it.each([
    '',
    'yesterday',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:49:37 GMT',
  ])('are null when they are none: %j', (text) => {
    expect(parseHttpDate(text)).toBe(null);
  });
});
