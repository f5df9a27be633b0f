/** The schema's objections, in sentences, each at its place in the file. */
import { z } from 'zod';
import { nearest, oneOf } from './nearest.ts';
import { type Findings, type Path, quoted, type Span } from './problem.ts';
import { KINDS, phrases } from './schema.ts';
import type { Tree } from './tree.ts';

/** What the words of a section are the names of. */
const KEYED: Readonly<Record<string, string>> = { interfaces: 'an interface', areas: 'an area' };

type Issue = z.core.$ZodIssue;

/** Checks the tree against the schema and tells `findings` all that is wrong; true if nothing is. */
export function checkForm(
  schema: z.ZodType,
  tree: Tree,
  findings: Findings,
): { ok: true; value: unknown } | { ok: false } {
  const result = schema.safeParse(tree.value);
  if (result.success) return { ok: true, value: result.data };
  for (const issue of result.error.issues) explain(issue, [], schema, tree, findings);
  return { ok: false };
}

function explain(issue: Issue, base: Path, root: z.ZodType, tree: Tree, findings: Findings): void {
  const path: Path = [...base, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))];
  const found = locate(tree, path);
  const schemas = schemasAt(root, tree.value, path);
  const expected = phraseOf(schemas);
  const name = nameOf(path);
  switch (issue.code) {
    case 'unrecognized_keys':
      for (const key of issue.keys) {
        const known = wordsOf(schemas);
        const at = found.tree?.entries.get(key)?.key ?? found.at;
        findings.problem(
          at,
          [...path, key],
          `unknown word ${quoted(key)}${ownerOf(path)}`,
          oneOf(known, 24),
          nearest(key, known),
        );
      }
      return;
    case 'invalid_key': {
      const inner = phraseOf(
        schemasAt(root, tree.value, path.slice(0, -1)).flatMap((schema) =>
          schema instanceof z.ZodRecord ? [schema.keyType as z.ZodType] : [],
        ),
      );
      const key = String(path.at(-1));
      const what = KEYED[String(path.at(-2))] ?? 'a node';
      findings.problem(found.keyAt, path, `${quoted(key)} cannot be the name of ${what}`, inner);
      return;
    }
    case 'custom': {
      const params = (issue.params ?? {}) as { expected?: string; suggestion?: string };
      findings.problem(found.at, path, issue.message, params.expected ?? expected, params.suggestion);
      return;
    }
    case 'invalid_union': {
      if (issue.discriminator !== undefined) {
        explainKind(path, found, findings);
        return;
      }
      // Words or a list stand there: that they are not `true`, or one name, is not what is wrong with them.
      const words = found.tree?.kind === 'map' || found.tree?.kind === 'list';
      const misses = (code: Issue['code']): boolean => code === 'invalid_type' || (words && code === 'invalid_value');
      const fitting = issue.errors.filter(
        (issues) => !issues.some((inner) => inner.path.length === 0 && misses(inner.code)),
      );
      if (fitting.length !== 1) explainValue(path, name, found, expected, findings);
      else for (const inner of fitting[0] ?? []) explain(inner, path, root, tree, findings);
      return;
    }
    default:
      explainValue(path, name, found, expected, findings);
  }
}

function explainKind(path: Path, found: Located, findings: Findings): void {
  const expected = `one of ${KINDS.join(', ')}`;
  const node = quoted(String(path.at(-2)));
  const value = found.tree?.value;
  if (found.missing || value === null || value === undefined) {
    findings.problem(found.at, path, `${node} has no kind`, `kind: ${KINDS[0]}, or ${KINDS.slice(1).join(', ')}`);
    return;
  }
  const text = found.tree?.text ?? '';
  const message =
    typeof value === 'string' ? `unknown kind ${quoted(value)}` : `kind cannot be ${described(found.tree)}`;
  findings.problem(found.at, path, message, expected, nearest(text, KINDS) ?? OTHER_KINDS.get(text.toLowerCase()));
}

/** What people call these things elsewhere. */
const OTHER_KINDS: ReadonlyMap<string, string> = new Map([
  ['server', 'host'],
  ['client', 'host'],
  ['pc', 'host'],
  ['computer', 'host'],
  ['machine', 'host'],
  ['bridge', 'switch'],
  ['repeater', 'hub'],
]);

function explainValue(path: Path, name: string, found: Located, expected: string, findings: Findings): void {
  if (found.missing) {
    const last = path.at(-1);
    const message =
      typeof last === 'number'
        ? `${name} is missing`
        : `the word ${quoted(String(last))} is missing${ownerOf(path.slice(0, -1))}`;
    findings.problem(found.at, path, message, expected);
    return;
  }
  const value = found.tree?.value;
  if (value === null) {
    findings.problem(found.at, path, `${name} has nothing behind it`, expected);
    return;
  }
  if (path.length === 0) {
    const what = found.tree?.kind === 'list' ? 'a list' : 'a text';
    findings.problem(found.at, path, `this is ${what}, not a scenario`, expected);
    return;
  }
  const text = found.tree?.text ?? '';
  if (NUMBERS.includes(String(path.at(-1))) && typeof value === 'string' && /^\d+$/.test(value)) {
    findings.problem(found.at, path, `${name} cannot be the text ${quoted(value)}`, `${expected}, without quotes`);
    return;
  }
  findings.problem(
    found.at,
    path,
    `${name} cannot be ${described(found.tree)}`,
    expected,
    suggest(value, text, path, expected),
  );
}

const NUMBERS = ['mtu', 'ports', 'queue', 'metric'];

/** `yes` is a text in YAML 1.2, and `alice: host` is short for nothing: the commonest slips of this sort. */
function suggest(value: unknown, text: string, path: Path, expected: string): string | undefined {
  if (/^true\b/.test(expected) && /^(?:yes|on|1)$/i.test(text)) return 'true';
  if (expected.startsWith('true or false') && /^(?:no|off|0)$/i.test(text)) return 'false';
  const isNode = path.length === 2 && path[0] === 'nodes';
  if (isNode && typeof value === 'string') {
    const kind = nearest(value, KINDS);
    return kind === undefined ? undefined : `{ kind: ${kind} }`;
  }
  // The words that may stand here are told already: which of them was meant?
  const words = /^(?:one of )?([\w-]+(?:(?:, | or )[\w-]+)*)(?=,|$)/.exec(expected)?.[1]?.split(/, | or /);
  return words === undefined || typeof value !== 'string' ? undefined : nearest(value, words);
}

interface Located {
  /** Where to point: the value, or if there is none the word that it belongs to. */
  readonly at: Span;
  /** Where the last step's key is. */
  readonly keyAt: Span;
  readonly tree: Tree | undefined;
  readonly missing: boolean;
}

export function locate(tree: Tree, path: Path): Located {
  let current: Tree = tree;
  let keyAt: Span = tree;
  for (const step of path) {
    const entry = current.entries.get(String(step));
    const next: Tree | undefined = typeof step === 'number' ? current.items[step] : entry?.tree;
    if (next === undefined) {
      // What is missing from a map that has a key of its own is shown at that key, else at the map's first word.
      const first: Span = current.entries.values().next().value?.key ?? current;
      return { at: keyAt === tree ? first : keyAt, keyAt, tree: undefined, missing: true };
    }
    keyAt = entry?.key ?? next;
    current = next;
  }
  // A map is shown by its key: a caret under forty lines points at nothing.
  const at = current.kind === 'scalar' && current.value !== null ? current : keyAt;
  return { at, keyAt, tree: current, missing: false };
}

/** The schemas that may judge the value at a path: several where a union cannot be told apart. */
function schemasAt(root: z.ZodType, value: unknown, path: Path): z.ZodType[] {
  let schemas = open(root, value);
  let here = value;
  for (const step of path) {
    here = typeof here === 'object' && here !== null ? (here as Record<string | number, unknown>)[step] : undefined;
    schemas = schemas.flatMap((schema) => {
      if (schema instanceof z.ZodObject) {
        const inner = Object.hasOwn(schema.shape, step) ? (schema.shape as Record<string, z.ZodType>)[step] : undefined;
        return inner === undefined ? [] : open(inner, here);
      }
      if (schema instanceof z.ZodRecord) return open(schema.valueType as z.ZodType, here);
      if (schema instanceof z.ZodArray) return open(schema.element as z.ZodType, here);
      if (schema instanceof z.ZodTuple) return schema.def.items.flatMap((item) => open(item as z.ZodType, here));
      return [];
    });
  }
  return schemas;
}

/** A schema without its wrappers; of a union also those of its members that could hold the value. */
function open(schema: z.ZodType, value: unknown): z.ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional) {
    return [schema, ...open(schema.unwrap() as z.ZodType, value)];
  }
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const kind = (value as { kind?: unknown } | null | undefined)?.kind;
    const chosen = schema.options.find((option) => {
      const literal = option instanceof z.ZodObject ? (option.shape as Record<string, unknown>)['kind'] : undefined;
      return literal instanceof z.ZodLiteral && literal.value === kind;
    });
    return chosen === undefined ? [schema] : [schema, chosen as z.ZodType];
  }
  if (schema instanceof z.ZodUnion)
    return [schema, ...schema.options.flatMap((option) => open(option as z.ZodType, value))];
  return [schema];
}

function phraseOf(schemas: readonly z.ZodType[]): string {
  for (const schema of schemas) {
    const phrase = phrases.get(schema);
    if (phrase !== undefined) return phrase.expected;
  }
  return 'something else';
}

function wordsOf(schemas: readonly z.ZodType[]): string[] {
  return [...new Set(schemas.flatMap((schema) => (schema instanceof z.ZodObject ? Object.keys(schema.shape) : [])))];
}

function nameOf(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'a scenario';
  if (typeof last === 'string') return path.at(-2) === 'nodes' ? `node ${quoted(last)}` : last;
  return `${{ links: 'link', routes: 'route', services: 'service', faults: 'fault', wires: 'wire', rules: 'rule', forward: 'port forward', endpoints: 'endpoint' }[String(path.at(-2))] ?? 'item'} ${last + 1}`;
}

function ownerOf(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return '';
  return ` in ${nameOf(path)}`;
}

function described(tree: Tree | undefined): string {
  if (tree === undefined) return 'nothing';
  if (tree.kind === 'map') return 'a group of words';
  if (tree.kind === 'list') return tree.items.length === 1 ? 'a list of one' : `a list of ${tree.items.length}`;
  return typeof tree.value === 'string' ? quoted(tree.value) : quoted(tree.text).slice(1, -1);
}
