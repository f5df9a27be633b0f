// npm run interop: netarium against peers that nobody here wrote (interop/main.mjs).

import { pathToFileURL } from 'node:url';
import { has, run } from './run.mjs';
import { setUpAndBuild } from './set-up.mjs';
import { parseTotals } from './totals.mjs';

/** `{ code, totals }`; totals when interop/main.mjs ends with the line `N passed, N failed, N skipped`. */
export async function interop(args = []) {
  if (!has('interop/main.mjs')) {
    console.log('interop: there is nothing yet (no interop/main.mjs).');
    return { code: 0, totals: undefined };
  }
  let output = '';
  const code = await run(process.execPath, ['interop/main.mjs', ...args], {
    onOutput: (text) => {
      output = (output + text).slice(-4096);
    },
  });
  return { code, totals: parseTotals(output) };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await setUpAndBuild();
  const { code } = await interop(process.argv.slice(2));
  process.exitCode = code;
}
