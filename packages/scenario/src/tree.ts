/**
 * YAML as a tree of which every part knows its place in the text.
 *
 * Aliases share the part that they name, so a tree is never larger than its text; what it would be when written out is
 * counted (`weight`) and limited, for whoever reads the values walks all of it.
 */
import { Composer, type CST, type Document, isAlias, isMap, isScalar, isSeq, Lexer, type Node, Parser } from 'yaml';
import type { Findings, Path, Span } from './problem.ts';
import { quoted } from './problem.ts';
import { explainYaml } from './yaml-words.ts';

export interface Tree extends Span {
  readonly kind: 'map' | 'list' | 'scalar';
  /** Plain data: what JSON could hold, besides NaN and infinities. */
  readonly value: unknown;
  /** As it was written, for scalars. */
  readonly text: string;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly items: readonly Tree[];
  /** Parts in all, with aliases written out. */
  readonly weight: number;
}

export interface Entry {
  readonly key: Span;
  readonly tree: Tree;
}

/** Characters of a scenario file: a hundred thousand hosts, written out, take about as many. */
export const MAX_FILE_CHARACTERS = 16 * 1024 * 1024;
/** Parts (maps, lists and values) with all aliases written out. */
export const MAX_PARTS = 2_000_000;
/** Parts inside parts; a scenario needs seven. */
export const MAX_DEPTH = 50;

/** The parser's stack has some three places for a level. */
const MAX_PARSER_STACK = 4 * MAX_DEPTH;

const NO_ENTRIES: ReadonlyMap<string, Entry> = new Map();
const NO_ITEMS: readonly Tree[] = [];

/** The text's tree; null if it is not YAML, or empty, or too large: then `findings` say why. */
export function readTree(text: string, findings: Findings): Tree | null {
  const top = { start: 0, end: 1 };
  if (text.length > MAX_FILE_CHARACTERS) {
    findings.problem(top, [], `the file has ${text.length} characters`, `at most ${MAX_FILE_CHARACTERS}`);
    return null;
  }
  const binary = text.indexOf('\0');
  if (binary !== -1) {
    const at = { start: binary, end: binary + 1 };
    findings.problem(at, [], 'this is not a text: it has a zero byte here', 'a YAML file in UTF-8 (or plain ASCII)');
    return null;
  }
  try {
    const tokens = tokensOf(text, findings);
    if (tokens === null) return null;
    const document = compose(tokens, text, findings);
    if (document === null) return null;
    if (document.errors.length > 0) {
      explainYaml(document.errors, text, findings);
      return null;
    }
    if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
      findings.problem(top, [], 'the file is empty', 'at least one node, such as nodes: { alice: { kind: host } }');
      return null;
    }
    const reader = new TreeReader(findings);
    const tree = reader.read(document.contents, [], 0);
    return reader.gaps ? null : tree;
  } catch (error) {
    // Nothing is known to get here. If a text does, its reader is told so and goes on.
    const why = error instanceof Error ? error.message.split('\n')[0] : 'for a reason unknown';
    findings.problem(top, [], `the file cannot be read: ${why}`, 'a scenario in YAML');
    return null;
  }
}

/** The lexer and the parser keep their own stack, so depth is limited here, before anything recurses. */
function tokensOf(text: string, findings: Findings): CST.Token[] | null {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > MAX_PARSER_STACK) {
      const at = { start: parser.offset, end: parser.offset + 1 };
      findings.problem(at, [], 'the file is nested too deeply', 'a scenario, which needs seven levels');
      return null;
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

function compose(tokens: CST.Token[], text: string, findings: Findings): Document.Parsed | null {
  const composer = new Composer({
    prettyErrors: false,
    uniqueKeys: false, // the library compares each key with each; ours come out of a Map
    stringKeys: true,
    logLevel: 'silent',
  });
  let first: Document.Parsed | null = null;
  for (const document of composer.compose(tokens, true, text.length)) {
    if (first !== null) {
      const [start, end] = document.range;
      const words = 'not YAML for one scenario: a second document begins here';
      findings.problem({ start, end }, [], words, 'one scenario a file, without --- in between');
      return null;
    }
    first = document as Document.Parsed;
  }
  if (first !== null) first.errors.push(...(first.warnings as unknown as typeof first.errors));
  return first;
}

class TreeReader {
  readonly #findings: Findings;
  /** Something could not be read, and what it belongs to would be judged wrongly. */
  gaps = false;
  readonly #anchors = new Map<string, Tree | 'open'>();
  #tooLarge = false;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  read(node: unknown, path: Path, depth: number): Tree | null {
    const tree = this.#read(node, path, depth);
    if (tree === null) this.gaps = true;
    return tree;
  }

  #read(node: unknown, path: Path, depth: number): Tree | null {
    if (this.#tooLarge) return null;
    if (isAlias(node)) return this.#alias(node.source, spanOf(node), path);
    const span = spanOf(node as Node);
    if (depth > MAX_DEPTH) {
      this.#findings.problem(
        span,
        path,
        `more than ${MAX_DEPTH} levels inside each other`,
        'a scenario, which needs seven',
      );
      return null;
    }
    const anchor = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, 'open');
    const tree = this.#node(node, span, path, depth);
    if (anchor !== undefined && tree !== null) this.#anchors.set(anchor, tree);
    if (tree !== null && tree.weight > MAX_PARTS && !this.#tooLarge) {
      this.#tooLarge = true;
      this.#findings.problem(
        span,
        path,
        `this has more than ${MAX_PARTS} parts, aliases written out`,
        'a smaller network',
      );
    }
    return this.#tooLarge ? null : tree;
  }

  #node(node: unknown, span: Span, path: Path, depth: number): Tree | null {
    if (isMap(node)) return this.#map(node, span, path, depth);
    if (isSeq(node)) {
      const items: Tree[] = [];
      for (const [index, item] of node.items.entries()) {
        const tree = this.read(item, [...path, index], depth + 1);
        if (tree !== null) items.push(tree);
      }
      const weight = items.reduce((sum, item) => sum + item.weight, 1);
      return {
        kind: 'list',
        ...span,
        value: items.map((item) => item.value),
        text: '',
        entries: NO_ENTRIES,
        items,
        weight,
      };
    }
    const value: unknown = isScalar(node) ? node.value : null;
    const plain = typeof value === 'bigint' ? Number(value) : value;
    const known = plain === null || ['string', 'number', 'boolean'].includes(typeof plain);
    if (!known) {
      this.#findings.problem(
        span,
        path,
        'a value of a kind that a scenario has no use for',
        'a text, a number, true or false',
      );
      return null;
    }
    const text = isScalar(node) ? (node.source ?? String(plain)) : '';
    return { kind: 'scalar', ...span, value: plain, text, entries: NO_ENTRIES, items: NO_ITEMS, weight: 1 };
  }

  #map(node: { items: { key: unknown; value: unknown }[] }, span: Span, path: Path, depth: number): Tree {
    const entries = new Map<string, Entry>();
    const value: Record<string, unknown> = {};
    let weight = 1;
    for (const pair of node.items) {
      const keySpan = spanOf(pair.key as Node);
      if (!isScalar(pair.key)) {
        this.#findings.problem(
          keySpan,
          path,
          'a word cannot be a list, a map or an alias',
          'a plain word before the colon',
        );
        continue;
      }
      const key = String(pair.key.value ?? pair.key.source ?? '');
      const first = entries.get(key);
      if (first !== undefined) {
        const line = this.#findings.lineOf(first.key);
        this.#findings.problem(
          keySpan,
          [...path, key],
          `${quoted(key)} is here for the second time`,
          `it once; it is in line ${line} already`,
        );
        continue;
      }
      if (key === '__proto__') {
        this.#findings.problem(keySpan, [...path, key], '"__proto__" is no word of a scenario', 'another word');
        continue;
      }
      const tree = this.read(pair.value, [...path, key], depth + 1);
      if (tree === null) continue;
      const placed = tree.start < 0 ? { ...tree, start: keySpan.start, end: keySpan.end } : tree;
      entries.set(key, { key: keySpan, tree: placed });
      value[key] = tree.value;
      weight += tree.weight + 1;
    }
    return { kind: 'map', ...span, value, text: '', entries, items: NO_ITEMS, weight };
  }

  #alias(name: string, span: Span, path: Path): Tree | null {
    const named = this.#anchors.get(name);
    if (named === 'open') {
      this.#findings.problem(
        span,
        path,
        `*${name} stands inside of what it names`,
        'an alias of something that is complete',
      );
      return null;
    }
    if (named === undefined) {
      this.#findings.problem(span, path, `nothing is named &${name} before this`, 'an alias of an anchor further up');
      return null;
    }
    return named;
  }
}

/** A place that is not known is negative; the owner puts its key's there. */
function spanOf(node: { range?: readonly number[] | null | undefined } | null | undefined): Span {
  const range = node?.range;
  const start = range?.[0] ?? -1;
  return { start, end: Math.max(start + 1, range?.[1] ?? 0) };
}
