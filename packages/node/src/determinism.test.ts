import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from './testing/fingerprints.ts';

const RUNNER = fileURLToPath(new URL('./testing/print-fingerprints.mjs', import.meta.url));
const BUILT = fileURLToPath(new URL('../dist/index.js', import.meta.url));

/** Seed and fingerprint of each run, from a process of its own. */
async function inProcess(from: number, to: number): Promise<[seed: number, fingerprint: string][]> {
  const { stdout } = await promisify(execFile)(process.execPath, [RUNNER, String(from), String(to)]);
  const lines = stdout.trim().split('\n');
  return lines.map((line) => [Number(line.split(' ')[0]), line.split(' ')[1]!]);
}

describe('the same scenario and seed give the same bytes at the same times', () => {
  it('100 seeds, twice, in separate processes', async (context) => {
    if (!existsSync(BUILT)) context.skip('needs the build: npm run build');
    const [once, twice] = await Promise.all([inProcess(1, 100), inProcess(1, 100)]);
    expect(once.map(([seed]) => seed)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(twice).toEqual(once);
    // And they are not all the same: the seed matters.
    expect(new Set(once.map(([, fingerprint]) => fingerprint)).size).toBe(100);
    for (const [, fingerprint] of once) expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
  });

  it('whoever watches, and however often', async () => {
    const plain = await fingerprintOf(7, {});
    expect(await fingerprintOf(7, {})).toBe(plain);
    expect(await fingerprintOf(7, { watched: true })).toBe(plain);
    expect(await fingerprintOf(8, {})).not.toBe(plain);
  });

  it('a host that nobody talks to changes no stream', async () => {
    expect(await fingerprintOf(7, { bystander: true })).toBe(await fingerprintOf(7, {}));
  });
});
