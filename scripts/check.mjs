// npm run check: all that CI runs. Every step runs, also after one has failed: one run tells all that is wrong.

import { interop } from './interop.mjs';
import { nodeTool } from './run.mjs';
import { setUpAndTryToBuild } from './set-up.mjs';
import { test } from './test.mjs';
import { addTotals, formatTotals, noTotals } from './totals.mjs';

const failures = [];
let totals = noTotals;

async function step(name, work) {
  const start = process.hrtime.bigint();
  console.log(`\n== ${name}`);
  const code = await work();
  const seconds = (Number(process.hrtime.bigint() - start) / 1e9).toFixed(1);
  console.log(`== ${name}: ${code === 0 ? 'good' : 'FAILED'} (${seconds} s)`);
  if (code !== 0) failures.push(name);
}

async function counted(work) {
  const result = await work();
  totals = addTotals(totals, result.totals ?? noTotals);
  return result.code;
}

await step('build', async () => ((await setUpAndTryToBuild()) ? 0 : 1));
await step('types of the tests', () => nodeTool('typescript', 'tsc', ['-p', 'tsconfig.test.json']));
await step('lint and format', () => nodeTool('@biomejs/biome', 'biome', ['ci', '--colors=off']));
await step('who may import whom', () =>
  nodeTool('dependency-cruiser', 'depcruise', ['packages', '--config', '.dependency-cruiser.cjs']),
);
await step('tests', () => counted(() => test()));
await step('interop', () => counted(() => interop()));

console.log(failures.length === 0 ? '\nAll good.' : `\nFailed: ${failures.join(', ')}.`);
console.log(formatTotals(totals));
process.exitCode = failures.length === 0 ? 0 : 1;
