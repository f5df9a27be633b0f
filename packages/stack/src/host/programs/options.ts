import { UsageError } from '../program.ts';

/**
 * Options of a command line by the rules of `getopt(3)`: `-v`, `-vn` for two of them, `-c 4` and `-c4` for one with a
 * value, `--` before words that begin with `-`. Options may stand after other words, as with GNU's tools. `--name` and
 * `--name=value` are long options.
 */
export interface OptionSpec {
  /** `'nq'`: flags. */
  readonly flags?: string;
  /** `'ct'`: options that need a value. */
  readonly values?: string;
  /** Long names and the letter that each stands for: `{ numeric: 'n' }`. */
  readonly long?: Readonly<Record<string, string>>;
}

export class Options {
  /** What is no option, in order. */
  readonly words: readonly string[];
  private readonly seen: ReadonlyMap<string, string[]>;

  constructor(words: readonly string[], seen: ReadonlyMap<string, string[]>) {
    this.words = words;
    this.seen = seen;
  }

  has(letter: string): boolean {
    return this.seen.has(letter);
  }

  /** How often a flag was given: `-vv` is 2. */
  count(letter: string): number {
    return this.seen.get(letter)?.length ?? 0;
  }

  /** The last value given, or null. */
  text(letter: string): string | null {
    return this.seen.get(letter)?.at(-1) ?? null;
  }

  /** All values given. */
  all(letter: string): readonly string[] {
    return this.seen.get(letter) ?? [];
  }

  /** A whole number from `least` to `most`. Throws a UsageError in the words of the tools. */
  integer(letter: string, otherwise: number, least: number, most: number): number {
    const text = this.text(letter);
    if (text === null) return otherwise;
    if (!/^[0-9]{1,15}$/.test(text)) throw new UsageError(`invalid argument: '${text}'`);
    const value = Number(text);
    if (value < least || value > most) {
      throw new UsageError(`invalid argument: '${text}': out of range: ${least} <= value <= ${most}`);
    }
    return value;
  }

  /** Seconds, with decimals, from `least` to `most`. */
  seconds(letter: string, otherwise: number, least: number, most: number): number {
    const text = this.text(letter);
    if (text === null) return otherwise;
    if (!/^([0-9]{1,9}(\.[0-9]{0,9})?|\.[0-9]{1,9})$/.test(text)) throw new UsageError(`bad timing interval: ${text}`);
    const value = Number(text);
    if (value < least || value > most) {
      throw new UsageError(`invalid argument: '${text}': out of range: ${least} <= value <= ${most}`);
    }
    return value;
  }
}

/** Reads a command line. Throws a UsageError for an option that there is not, with the nearest that there is. */
export function parseOptions(args: readonly string[], spec: OptionSpec): Options {
  const { flags = '', values = '', long = {} } = spec;
  const words: string[] = [];
  const seen = new Map<string, string[]>();
  const note = (letter: string, value: string) => {
    const known = seen.get(letter);
    if (known === undefined) seen.set(letter, [value]);
    else known.push(value);
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--') {
      words.push(...args.slice(i + 1));
      break;
    }
    if (arg.startsWith('--')) {
      const [name = '', ...rest] = arg.slice(2).split('=');
      const letter = Object.hasOwn(long, name) ? long[name]! : null;
      if (letter === null) throw new UsageError(unknownLong(name, Object.keys(long)));
      if (flags.includes(letter)) {
        if (rest.length > 0) throw new UsageError(`option '--${name}' doesn't allow an argument`);
        note(letter, '');
      } else {
        const value = rest.length > 0 ? rest.join('=') : args[++i];
        if (value === undefined) throw new UsageError(`option '--${name}' requires an argument`);
        note(letter, value);
      }
    } else if (arg.startsWith('-') && arg !== '-') {
      for (let at = 1; at < arg.length; at++) {
        const letter = arg[at]!;
        if (flags.includes(letter)) {
          note(letter, '');
        } else if (values.includes(letter)) {
          const value = at + 1 < arg.length ? arg.slice(at + 1) : args[++i];
          if (value === undefined) throw new UsageError(`option requires an argument -- '${letter}'`);
          note(letter, value);
          break;
        } else {
          throw new UsageError(unknownLetter(letter, flags + values));
        }
      }
    } else {
      words.push(arg);
    }
  }
  return new Options(words, seen);
}

function unknownLetter(letter: string, known: string): string {
  const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
  const all = [...known].map((each) => `-${each}`).join(' ');
  const hint = known.includes(other) ? `; did you mean -${other}?` : all === '' ? '' : `; there are ${all}`;
  return `invalid option -- '${letter}'${hint}`;
}

function unknownLong(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `unrecognized option '--${name}'${near === null ? '' : `; did you mean --${near}?`}`;
}

/** The word that a person may have meant: with the fewest letters changed, if they are few; the first is seldom wrong. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.floor(word.length / 2) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.slice(0, 64), candidate.slice(0, 64));
    const likelier = best !== null && distance === bestDistance && candidate[0] === word[0] && best[0] !== word[0];
    if (distance < bestDistance || likelier) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
