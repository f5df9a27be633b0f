import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from './testing/fingerprints.ts';

const RUNNER = fileURLToPath(new URL('./testing/print-fingerprints.mjs', import.meta.url));
const BUILT = fileURLToPath(new URL('../dist/index.js', import.meta.url));

function inProcess(from: number, to: number): string[] {
  return execFileSync(process.execPath, [RUNNER, String(from), String(to)], { encoding: 'utf8' })
    .trim()
    .split('\n');
}

describe('the same scenario and seed give the same bytes at the same times', () => {
  it.skipIf(!existsSync(BUILT))('100 seeds, twice, in separate processes', () => {
    const once = inProcess(1, 100);
    const twice = inProcess(1, 100);
    expect(once).toHaveLength(100);
    expect(twice).toEqual(once);
    // And they are not all the same: the seed matters.
    expect(new Set(once.map((line) => line.split(' ')[1])).size).toBe(100);
  });

  it('a host that nobody talks to changes no stream', async () => {
    const alone = await fingerprintOf(7, false);
    const beside = await fingerprintOf(7, true);
    expect(beside).toBe(alone);
  });
});
