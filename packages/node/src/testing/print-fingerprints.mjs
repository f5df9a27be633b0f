// node print-fingerprints.mjs FROM TO: a line `seed fingerprint` for each seed, from the build.
import { Network } from '../../dist/index.js';
import { lossyScenario } from './lossy-scenario.mjs';

const [from, to] = process.argv.slice(2).map(Number);
for (let seed = from; seed <= to; seed++) console.log(seed, await lossyScenario(Network, seed, false));
