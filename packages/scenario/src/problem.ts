import { LineCounter } from 'yaml';

/** One thing that is wrong (or, among the warnings, odd) in a scenario file, and where. */
export interface Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units as editors count. */
  readonly column: number;
  /** Where in the description: `nodes.alice.interfaces.eth0.mtu`, `links[0].endpoints[1]`; empty: the whole file. */
  readonly path: string;
  /** What is wrong: `unknown kind "swich"`. */
  readonly message: string;
  /** What would be right: `one of host, router, switch, hub`. */
  readonly expected: string;
  /** A text that could stand in the place of the wrong one. */
  readonly suggestion?: string;
  /** The line of the file, and how many of its characters from `column` on are meant. */
  readonly source: string;
  readonly length: number;
}

/** Offsets in the file's text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type Path = readonly (string | number)[];

/** So many are kept of each sort; a file with more mistakes than this has one mistake. */
export const MAX_PROBLEMS = 1000;
/** Characters of a source line that are shown. */
const SHOWN = 100;

/** `campus.yaml:12:9: unknown kind "swich"; expected ... Did you mean "switch"?`, the line, and a caret under the place. */
export function formatProblem(problem: Problem): string {
  const { file, line, column, message, expected, suggestion } = problem;
  const hint = suggestion === undefined ? '' : `. Did you mean "${printable(suggestion)}"?`;
  const head = `${printable(file)}:${line}:${column}: ${message}; expected ${expected}${hint}`;
  if (problem.source.trim() === '') return head;
  // A long line is shown around the place.
  const from = column - 1 > SHOWN - 20 ? column - 1 - 20 : 0;
  const shown = problem.source.slice(from, from + SHOWN);
  const number = String(line);
  const room = Math.max(1, Math.min(problem.length, shown.length - (column - 1 - from)));
  const margin = ' '.repeat(number.length);
  return [
    head,
    ` ${number} | ${from > 0 ? '...' : ''}${printable(shown)}`,
    ` ${margin} | ${' '.repeat((from > 0 ? 3 : 0) + column - 1 - from)}${'^'.repeat(room)}`,
  ].join('\n');
}

/** A value from the file as it may be shown: in quotes, short, without control characters. */
export function quoted(text: string): string {
  return JSON.stringify(printable(text.length > 60 ? `${text.slice(0, 60)}...` : text));
}

/** Names in a file can be of any length; a sentence about them cannot. */
function shortened(text: string): string {
  return text.length > 500 ? `${text.slice(0, 500)}...` : text;
}

/** One printable character for each UTF-16 unit, so that carets stay in place. */
function printable(text: string): string {
  return text
    .replace(/\t/g, ' ')
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '?');
}

export function pathText(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** Collects what the checks find, and knows the lines of the file. */
export class Findings {
  readonly file: string;
  readonly lines: LineCounter = new LineCounter();
  readonly #text: string;
  readonly #problems = new Map<string, Problem>();
  readonly #warnings = new Map<string, Problem>();

  constructor(file: string, text: string) {
    this.file = file;
    this.#text = text;
    this.lines.addNewLine(0);
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.lines.addNewLine(at + 1);
  }

  get failed(): boolean {
    return this.#problems.size > 0;
  }

  problem(at: Span, path: Path, message: string, expected: string, suggestion?: string): void {
    this.#keep(this.#problems, at, path, message, expected, suggestion);
  }

  warning(at: Span, path: Path, message: string, expected: string, suggestion?: string): void {
    this.#keep(this.#warnings, at, path, message, expected, suggestion);
  }

  lineOf(at: Span): number {
    return this.lines.linePos(Math.min(at.start, this.#text.length)).line;
  }

  problems(): Problem[] {
    return inOrder(this.#problems);
  }

  warnings(): Problem[] {
    return inOrder(this.#warnings);
  }

  #keep(
    into: Map<string, Problem>,
    at: Span,
    path: Path,
    message: string,
    expected: string,
    suggestion?: string,
  ): void {
    if (into.size >= MAX_PROBLEMS) return;
    const problem = this.describe(at, path, message, expected, suggestion);
    // A part that is named by several aliases is wrong in one place only: it is told once.
    into.set(`${problem.line}:${problem.column}:${message}`, problem);
  }

  /** A problem with its place, for whoever tells it: it is not kept. */
  describe(at: Span, path: Path, message: string, expected: string, suggestion?: string): Problem {
    const start = Math.min(at.start, this.#text.length);
    const { line, col } = this.lines.linePos(start);
    const lineStart = this.lines.lineStarts[line - 1] ?? 0;
    const lineEnd = this.lines.lineStarts[line] ?? this.#text.length + 1;
    const source = this.#text.slice(lineStart, lineEnd - 1).replace(/\r$/, '');
    const length = Math.max(1, Math.min(at.end, lineStart + source.length) - start);
    return {
      file: this.file,
      line,
      column: col,
      path: pathText(path),
      message: printable(shortened(message)),
      expected: printable(shortened(expected)),
      ...(suggestion === undefined ? {} : { suggestion }),
      source,
      length,
    };
  }
}

function inOrder(found: ReadonlyMap<string, Problem>): Problem[] {
  return [...found.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}
