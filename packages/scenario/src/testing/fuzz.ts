/** Texts that want to break the reader: random ones, and small networks with a few random wounds. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect } from 'vitest';
import { formatProblem, parseScenario } from '../index.ts';

const example = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../../examples/${name}`, import.meta.url)), 'utf8');

const EVERY_WORD = `nodes:
  a: { kind: host, interfaces: { eth0: { address: [10.0.0.1/24], mac: 02:00:00:00:00:01, mtu: 1500 } }, gateway: 10.0.0.2 }
  r: { kind: router, interfaces: { eth0: 10.0.0.2/24 }, routes: [{ to: default, via: 10.0.0.1, metric: 1 }] }
links:
  - { endpoints: [a:eth0, r], name: x, loss: 1%, burst: { enter: 1%, leave: 9% }, forward: { rate: 1Mbit } }
services: [{ node: a, run: httpd, at: 1s }]
files: [{ node: a, path: /srv, from: ./site }]
faults: [{ at: 1s, for: 2s, link: x, set: { delay: 1ms } }]
`;

export const small: readonly string[] = [example('two-hosts.yaml'), EVERY_WORD];
export const large: readonly string[] = [example('campus.yaml')];

const SCRAPS = [
  ...[
    'nodes',
    'links',
    'kind',
    'host',
    'switch',
    'endpoints',
    'interfaces',
    'eth0',
    'address',
    'faults',
    'set',
    'alice',
  ],
  ...[
    ': ',
    ':',
    '- ',
    '? ',
    '[',
    ']',
    '{',
    '}',
    ',',
    '\n',
    '\n  ',
    '\t',
    '\r\n',
    '#',
    '"',
    "'",
    '|\n',
    '>-\n',
    '---\n',
    '...',
  ],
  ...[
    '&a ',
    '*a',
    '<<: *a',
    '!!binary ',
    '!x ',
    '%YAML 1.1\n',
    '@',
    '`',
    'null',
    '~',
    'true',
    'yes',
    '.nan',
    '.inf',
    '-.inf',
  ],
  ...[
    '0',
    '-1',
    '1e999',
    '0x10',
    '1.5',
    '99999999999999999999',
    '2026-01-01',
    '1%',
    '10ms',
    '1Gbit',
    '10.0.0.1/24',
    '::1/128',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '\0',
    '\u2028',
    '\ud800',
    '😀',
    '\u202e',
    '\x1b[31m',
    '',
  ],
];

const wound = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.oneof(fc.nat(3), fc.nat(60)),
  put: fc.oneof(fc.constantFrom(...SCRAPS), fc.constantFrom(...SCRAPS), fc.string({ maxLength: 4 })),
});

export function wounded(bases: readonly string[]): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...bases), fc.array(wound, { minLength: 1, maxLength: 3 })).map(([base, wounds]) => {
    let text = base;
    for (const { at, remove, put } of wounds) {
      const start = Math.floor(at * text.length);
      text = text.slice(0, start) + put + text.slice(start + remove);
    }
    return text;
  });
}

export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 60, unit: 'binary' }),
  fc.array(fc.constantFrom(...SCRAPS), { maxLength: 30 }).map((scraps) => scraps.join('')),
);

/** Whatever the text: a network, or problems that each have a place in it and read well. */
export function expectTotal(text: string): void {
  const result = parseScenario(text, { file: 'x.yaml' });
  const lines = text.split('\n');
  const told = result.ok ? result.warnings : result.problems;
  if (!result.ok && told.length === 0) throw new Error('refused without a reason');
  let before = 0;
  for (const problem of told) {
    const source = lines[problem.line - 1];
    if (source === undefined || problem.column < 1 || problem.column > source.length + 2)
      throw new Error(`no such place: ${problem.line}:${problem.column}`);
    if (problem.line < before) throw new Error('not in the order of lines');
    before = problem.line;
    const shown = formatProblem(problem);
    if (shown.length > 2_000 || shown.split('\n').length > 3) throw new Error(`too long: ${shown}`);
    // biome-ignore format: one expression
    if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/.test(shown)) throw new Error(`control characters: ${JSON.stringify(shown)}`);
    if (/undefined|something else|\[object/.test(shown) && !/undefined|something else|\[object/.test(text))
      throw new Error(`not said well: ${shown}`);
  }
  if (!result.ok) return;
  // JSON is YAML: what was understood is understood again.
  const again = parseScenario(JSON.stringify(result.scenario), { file: 'x.json' });
  expect(again.ok ? again.scenario : again.problems.map(formatProblem)).toEqual(result.scenario);
}
