import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { formatProblem, parseScenario, scenarioJsonSchema } from './index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it("the README's file is right", () => {
  const text = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const result = parseScenario(text, { file: 'README.md' });
  expect(result.ok ? result.warnings : result.problems.map(formatProblem)).toEqual([]);
});

it("the README's table has every word", () => {
  const words = new Set<string>();
  collect(scenarioJsonSchema());
  for (const word of words) expect(readme, word).toContain(`\`${word}\``);

  function collect(schema: unknown): void {
    if (typeof schema !== 'object' || schema === null) return;
    const { properties } = schema as { properties?: object };
    if (properties !== undefined) for (const word of Object.keys(properties)) words.add(word);
    for (const inner of Object.values(schema)) collect(inner);
  }
});
