// npm run bench [-- --json]: builds, then measures what bench/main.mjs measures.

import { giveUp, has, run } from './run.mjs';
import { setUpAndBuild } from './set-up.mjs';
import { REAL_BENCH_PROGRAMS, systemPackages } from './system-packages.mjs';

await setUpAndBuild();
if (!has('bench/main.mjs')) giveUp('There is no bench/main.mjs yet: nothing to measure.');
const args = process.argv.slice(2);
const env = args.includes('--real') ? systemPackages(REAL_BENCH_PROGRAMS) : {};
process.exitCode = await run(process.execPath, ['bench/main.mjs', ...args], { env });
