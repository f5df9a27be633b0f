import { nearestWord } from '../../base/nearest-word.ts';

/** What is wrong with a rule: where, and what would have been right. */
export interface Problem {
  /** The first letter of the word, counted from 1. */
  readonly column: number;
  /** The word itself; empty at the end of the text. */
  readonly word: string;
  /** `"form" is no word that may stand here: expected from, to, port, ...` */
  readonly message: string;
  /** The known word that was most likely meant; empty: none is near. */
  readonly hint: string;
}

/** Ends the reading of one text; caught where it began. */
export class WordsError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** `column 12: "form" is no word ...; did you mean "from"?` */
export function describeProblem(problem: Problem): string {
  const hint = problem.hint === '' ? '' : `; did you mean "${problem.hint}"?`;
  return `column ${problem.column}: ${problem.message}${hint}`;
}

/** Longer is no rule, whatever it says. */
const LONGEST_TEXT = 4000;
const MOST_IN_LIST = 1000;

/** The words of one text, one after the other. Commas join words to a list, quotes hold blanks together. */
export class Words {
  private readonly texts: string[] = [];
  private readonly columns: number[] = [];
  private readonly end: number;
  private at = 0;

  constructor(text: string) {
    this.end = text.length + 1;
    if (text.length > LONGEST_TEXT) throw new WordsError(problemAt(1, '', `longer than ${LONGEST_TEXT} letters`, []));
    const pattern = /"([^"]*)"|,|[^\s,"]+|"/g;
    for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
      if (found[0] === '"') throw new WordsError(problemAt(found.index + 1, '"', 'a quote that does not end', []));
      this.texts.push(found[0]);
      this.columns.push(found.index + 1);
    }
  }

  get done(): boolean {
    return this.at >= this.texts.length;
  }

  /** The word to come, in lower case; empty at the end. */
  get next(): string {
    return (this.texts[this.at] ?? '').toLowerCase();
  }

  /** The word behind the one to come, in lower case. */
  get afterNext(): string {
    return (this.texts[this.at + 1] ?? '').toLowerCase();
  }

  /** Steps over the next word and returns it as it was written. */
  take(): string {
    const text = this.texts[this.at] ?? '';
    if (!this.done) this.at++;
    return text;
  }

  /** Goes back before the word that was just taken, and returns it in lower case. */
  takenBack(): string {
    if (this.at > 0) this.at--;
    return this.next;
  }

  /** Steps over the next word if it is this one. */
  skip(word: string): boolean {
    if (this.next !== word || this.done) return false;
    this.at++;
    return true;
  }

  /** `80,443` or `80, 443`: each is handed to `check`, whose result other than null is what was expected. */
  list(expected: string, check: (word: string) => readonly string[] | null): string[] {
    const found: string[] = [];
    do {
      const word = this.next;
      if (word === '' || word === ',') this.fail(expected, []);
      const known = check(word);
      if (known !== null) this.fail(expected, known);
      found.push(this.take().toLowerCase());
      if (found.length > MOST_IN_LIST) this.fail(`no more than ${MOST_IN_LIST} in a list`, []);
    } while (this.skip(','));
    return found;
  }

  /** A whole number from `least` to `most`. */
  number(what: string, least: number, most: number): number {
    const word = this.next;
    const value = /^\d{1,10}$/.test(word) ? Number(word) : -1;
    if (value < least || value > most) this.fail(`${what}, a number from ${least} to ${most}`, []);
    this.take();
    return value;
  }

  /** The word to come cannot stand here. `known` are words that could. */
  fail(expected: string, known: Iterable<string>): never {
    const column = this.columns[this.at] ?? this.end;
    throw new WordsError(problemAt(column, this.texts[this.at] ?? '', expected, known));
  }

  /** Something about the whole is wrong; shown at the word before. */
  complain(message: string): never {
    const at = Math.max(0, this.at - 1);
    throw new WordsError({ column: this.columns[at] ?? 1, word: this.texts[at] ?? '', message, hint: '' });
  }
}

function problemAt(column: number, word: string, expected: string, known: Iterable<string>): Problem {
  const hint = word === '' ? '' : (nearestWord(word, known) ?? '');
  const what = word === '' ? 'it ends too early' : `"${word}" cannot stand here`;
  return { column, word, message: `${what}: expected ${expected}`, hint };
}
