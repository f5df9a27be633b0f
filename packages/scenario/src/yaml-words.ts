/** What is wrong with a text that is not YAML, in plain words. */
import type { YAMLError } from 'yaml';
import type { Findings } from './problem.ts';

/** Mistakes in the form of a file drag others along: this many lines are told. */
const MAX_LINES = 5;

export function explainYaml(errors: readonly YAMLError[], text: string, findings: Findings): void {
  const lines = new Set<number>();
  const inOrder = [...errors].sort((a, b) => a.pos[0] - b.pos[0]);
  for (const error of inOrder) {
    // `a: 1` with `b: 2` indented under it is two errors of the library; the second says it better.
    const twin =
      error.code === 'BLOCK_AS_IMPLICIT_KEY' &&
      inOrder.find((other) => other.pos[0] === error.pos[0] && other !== error);
    if (twin && twin.code === 'MULTILINE_IMPLICIT_KEY') {
      const at = { start: error.pos[0], end: twin.pos[1] };
      lines.add(findings.lineOf(at));
      findings.problem(
        at,
        [],
        'not YAML: the line after this one is indented too far',
        'words that belong together in one column',
      );
      continue;
    }
    const start = Math.min(error.pos[0], text.length);
    const span = { start, end: Math.max(start + 1, error.pos[1]) };
    const line = findings.lineOf(span);
    if (lines.has(line)) continue;
    lines.add(line);
    if (lines.size > MAX_LINES) return;
    const { message, expected } = inWords(error);
    findings.problem(span, [], `not YAML: ${message}`, expected);
  }
}

interface Words {
  readonly message: string;
  readonly expected: string;
}

function inWords(error: YAMLError): Words {
  const said = error.message.split('\n')[0] ?? '';
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return { message: 'this line is indented with a tab', expected: 'spaces' };
    case 'BAD_INDENT':
      if (said.includes('end with a')) return missing(said);
      return {
        message: 'this line does not stand where it should',
        expected: 'the same indentation as the words beside it',
      };
    case 'BLOCK_AS_IMPLICIT_KEY':
      return {
        message: 'a second colon in one line',
        expected: 'one "word: value" a line, or quotes around a text with a colon',
      };
    case 'MULTILINE_IMPLICIT_KEY':
      return { message: 'this is no "word: value"', expected: 'a colon and a space after the word, in each line' };
    case 'BAD_SCALAR_START':
      return { message: 'a text cannot begin with this character', expected: 'quotes around it' };
    case 'BAD_DQ_ESCAPE':
      return { message: 'an unknown \\ sequence', expected: 'single quotes, in which a \\ is a \\' };
    case 'RESOURCE_EXHAUSTION':
      return { message: 'lists or maps too deep inside each other', expected: 'a scenario, which needs seven levels' };
    case 'NON_STRING_KEY':
      return { message: 'a word cannot be a list or a map', expected: 'a plain word before the colon' };
    case 'TAG_RESOLVE_FAILED':
      return { message: `an unknown tag (${plain(said)})`, expected: 'no words that begin with !' };
    case 'MISSING_CHAR':
      return missing(said);
    case 'UNEXPECTED_TOKEN':
      return {
        message: `something that does not belong here (${plain(said)})`,
        expected: '"word: value", or "- value" in a list',
      };
    default:
      return { message: plain(said), expected: 'a scenario in YAML' };
  }
}

function missing(said: string): Words {
  if (said.includes('quote'))
    return { message: 'a text that is not closed', expected: `the closing ${said.includes("'") ? "'" : '"'}` };
  if (said.includes('followed by map values')) return { message: 'a word without a colon', expected: '"word: value"' };
  const flow = /end with a? ?(\S+)/.exec(said)?.[1];
  if (flow !== undefined)
    return {
      message: 'a list or map that began before this is not closed',
      expected: `the closing ${flow.replace(/[.,]$/, '')}`,
    };
  if (said.startsWith('Missing ,')) return { message: 'two items with nothing between them', expected: 'a comma' };
  return { message: plain(said), expected: 'what is missing' };
}

/** The library's own sentence, in one line and not too long. */
function plain(said: string): string {
  const clean = said.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ').trim();
  const short = clean.length > 100 ? `${clean.slice(0, 100)}...` : clean;
  return short.charAt(0).toLowerCase() + short.slice(1);
}
