// npm start: the demo. `npm start -- run office.yaml` and the like runs any other command of netarium.

import { giveUp, has, run } from './run.mjs';
import { setUpAndBuild } from './set-up.mjs';

const asked = process.argv.slice(2);
const args = asked.length === 0 || asked[0].startsWith('-') ? ['demo', ...asked] : asked;

await setUpAndBuild();
if (!has('packages/cli/dist/main.js')) giveUp('There is no packages/cli/src/main.ts yet: nothing to start.');
process.exitCode = await run(process.execPath, ['packages/cli/dist/main.js', ...args]);
