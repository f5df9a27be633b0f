// npm run format: Biome formats, sorts imports and repairs what it safely can.

import { nodeTool } from './run.mjs';
import { setUp } from './set-up.mjs';

await setUp();
process.exitCode = await nodeTool('@biomejs/biome', 'biome', ['check', '--write', ...process.argv.slice(2)]);
