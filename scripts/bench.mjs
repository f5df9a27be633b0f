// npm run bench [-- --json]: builds, then measures what bench/main.mjs measures.

import { giveUp, has, run } from './run.mjs';
import { setUpAndBuild } from './set-up.mjs';

await setUpAndBuild();
if (!has('bench/main.mjs')) giveUp('There is no bench/main.mjs yet: nothing to measure.');
process.exitCode = await run(process.execPath, ['bench/main.mjs', ...process.argv.slice(2)]);
