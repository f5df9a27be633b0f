import type { Word } from './master-words.ts';

/** What `$GENERATE` counts through; BIND allows as much. */
const MOST_STEPS = 65_536;

export interface Range {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** `1-254` or `0-100/2` (BIND's `$GENERATE`, which no RFC has); null for what is neither. */
export function parseRange(text: string): Range | null {
  const match = /^([0-9]{1,9})-([0-9]{1,9})(?:\/([0-9]{1,9}))?$/.exec(text);
  if (match === null) return null;
  const range = { first: Number(match[1]), last: Number(match[2]), step: Number(match[3] ?? '1') };
  const wrong = range.last < range.first || range.step < 1;
  return wrong || (range.last - range.first) / range.step >= MOST_STEPS ? null : range;
}

const RADIX: Readonly<Record<string, number>> = { d: 10, o: 8, x: 16, X: 16 };

/**
 * A word with the number in its place: `$` is the number, `${-1,3,x}` it with an offset, as wide as that at least, in
 * that radix (d, o, x, X). `\$` stays, and `$$` is one. Null when what stands in the braces means nothing.
 */
export function withNumber(word: Word, number: number): Word | null {
  let wrong = false;
  const text = word.text.replace(/\\.|\$\$|\$\{([^}]*)\}?|\$/g, (found, braces: string | undefined) => {
    if (found.startsWith('\\')) return found;
    if (found === '$$') return '\\$';
    if (braces === undefined) return String(number);
    const match = /^(-?[0-9]{1,9})(?:,([0-9]{1,2})(?:,([doxX]))?)?$/.exec(braces);
    const value = match === null ? -1 : number + Number(match[1]);
    if (match === null || value < 0 || !found.endsWith('}')) {
      wrong = true;
      return '';
    }
    const base = match[3] ?? 'd';
    const digits = value.toString(RADIX[base]!).padStart(Number(match[2] ?? '0'), '0');
    return base === 'X' ? digits.toUpperCase() : digits;
  });
  return wrong ? null : { ...word, text };
}
