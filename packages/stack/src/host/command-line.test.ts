import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitCommandLine } from './command-line.ts';

describe('a command line', () => {
  it.each<[string, string[]]>([
    ['', []],
    ['   \t ', []],
    ['httpd /srv', ['httpd', '/srv']],
    ['  ping  -c 3\tweb ', ['ping', '-c', '3', 'web']],
    ['echo "two words" \'and more\'', ['echo', 'two words', 'and more']],
    ['echo ""', ['echo', '']],
    ["echo a''b", ['echo', 'ab']],
    ['echo pre"fix and "suffix', ['echo', 'prefix and suffix']],
    ['echo two\\ words', ['echo', 'two words']],
    ['echo \\"quoted\\"', ['echo', '"quoted"']],
    ['echo "a \\" quote"', ['echo', 'a " quote']],
    ["echo 'a \\ backslash'", ['echo', 'a \\ backslash']],
    ['echo "it\'s" \'say "so"\'', ['echo', "it's", 'say "so"']],
    ['echo end\\', ['echo', 'end\\']],
    ['echo ä 漢字', ['echo', 'ä', '漢字']],
  ])('%s', (line, words) => expect(splitCommandLine(line)).toEqual(words));

  it.each(['echo "open', "echo 'open", 'echo "open\\"'])('%s: a quote is not closed', (line) => {
    expect(splitCommandLine(line)).toBe(null);
  });

  it('gives back any words that were quoted', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        const line = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
        expect(splitCommandLine(line)).toEqual(words);
      }),
    );
  });

  it('is total', () => {
    fc.assert(
      fc.property(fc.string(), (line) => {
        const words = splitCommandLine(line);
        expect(words === null || words.every((word) => line.length >= word.length)).toBe(true);
      }),
    );
  });
});
