// Writes schema/scenario.schema.json, for editors, out of the built package (`npm run build` first).
import { writeFileSync } from 'node:fs';
import { scenarioJsonSchema } from '../dist/index.js';

const file = new URL('../schema/scenario.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`);
console.log('schema/scenario.schema.json is written; npm run format gives it its form');
