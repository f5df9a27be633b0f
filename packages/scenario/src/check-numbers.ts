import type { Findings, Path } from './problem.ts';
import type { Tree } from './tree.ts';

/** Numbers without a unit that are right, but hardly what was meant: `loss: 1` is every frame. */
export function checkBareNumbers(words: Tree, path: Path, findings: Findings): void {
  for (const [word, odd, means, expected, unit] of BARE_NUMBERS) {
    const found = words.entries.get(word)?.tree;
    if (typeof found?.value !== 'number' || !odd(found.value)) continue;
    const message = `${word}: ${found.value} is ${means(found.value)}`;
    findings.warning(found, [...path, word], message, expected, `${found.value}${unit}`);
  }
}

type BareNumber = [string, (value: number) => boolean, (value: number) => string, string, string];

const BARE_NUMBERS: readonly BareNumber[] = [
  ['loss', (value) => value === 1, () => 'every frame', '100% if so', '%'],
  ['rate', (value) => value > 0 && value <= 1000, (value) => `${value} bits a second`, 'a unit', 'Mbit'],
  ['delay', (value) => value >= 1, (value) => `${value} seconds`, 'a unit', 'ms'],
  ['jitter', (value) => value >= 1, (value) => `${value} seconds`, 'a unit', 'ms'],
];
