// npm test: sets up, builds (some tests start the built command), runs vitest, then the quick part of interop, and sums up.
// Arguments go to vitest: `npm test -- checksum`, `npm test -- -t "zero window"`.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { interop } from './interop.mjs';
import { nodeTool } from './run.mjs';
import { setUpAndTryToBuild } from './set-up.mjs';
import { systemPackages } from './system-packages.mjs';
import { addTotals, formatTotals, noTotals } from './totals.mjs';

// none: the exit code of a run in which there was no test.
const SUITES = {
  normal: { env: {}, none: 1 },
  long: { env: { NETARIUM_LONG: '1' }, none: 0 },
  browser: { env: {}, none: 0 },
};

/** Runs a suite, everything set up: `{ code, totals }`. The totals are not printed. */
export async function test({ suite = 'normal', args = [] } = {}) {
  const { env, none } = SUITES[suite];
  const folder = mkdtempSync(join(tmpdir(), 'netarium-test-'));
  const summaryFile = join(folder, 'summary.json');
  try {
    const reporters = ['--reporter=default', '--reporter=./scripts/summary-reporter.mjs'];
    const code = await nodeTool('vitest', 'vitest', ['run', ...reporters, ...args], {
      env: { ...systemPackages(), ...env, NETARIUM_SUITE: suite, NETARIUM_SUMMARY: summaryFile },
    });
    const { passed, failed, skips, notes } = readSummary(summaryFile);
    for (const note of notes) console.log(`FAILED   ${note}`);
    for (const line of describeSkips(skips)) console.log(line);
    const totals = { passed, failed, skipped: skips.length };
    if (passed + failed > 0) return { code: failed > 0 ? code || 1 : code, totals };
    console.log('No test was executed.');
    return { code: code || none, totals };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readSummary(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skips: [], notes: ['vitest ended without a result'] };
  }
}

function describeSkips(skips) {
  if (skips.length === 0) return [];
  const lines = [`${skips.length} skipped:`];
  for (const { file, name, reason } of skips) lines.push(`  ${file}: ${name}: ${reason ?? 'no reason was given'}`);
  return lines;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const args = process.argv.slice(2);
  const suite = args.find((arg) => arg.startsWith('--suite='))?.slice('--suite='.length) ?? 'normal';
  const asked = args.filter((arg) => !arg.startsWith('--suite='));
  const compiles = await setUpAndTryToBuild(); // what does not compile may still be tested: vitest reads the sources
  const { code, totals } = await test({ suite, args: asked });
  // Real programs against our hosts, as many as fit in a minute; who asks for certain tests does not ask for them.
  const whole = suite === 'normal' && asked.length === 0;
  const peers = whole ? await interop(['--quick']) : { code: 0 };
  const all = addTotals(totals, peers.totals ?? noTotals);
  if (!compiles) console.log('FAILED   the code does not compile: see the beginning');
  console.log(formatTotals({ ...all, failed: all.failed + (compiles ? 0 : 1) }));
  process.exitCode = compiles ? code || peers.code : 1;
}
