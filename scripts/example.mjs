// npm run example -- http-request: builds and runs one of the programs in examples/.

import { existsSync, readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { root } from './run.mjs';
import { setUpAndBuild } from './set-up.mjs';

await setUpAndBuild();
const folder = `${root}/examples/dist/sockets`;
const known = readdirSync(folder)
  .filter((file) => file.endsWith('.js') && file !== 'two-hosts.js')
  .map((file) => file.slice(0, -3));
const [name] = process.argv.slice(2);
if (name === undefined || !existsSync(`${folder}/${name}.js`)) {
  console.error(`${name === undefined ? 'Say which example' : `There is no example "${name}"`}: ${known.join(', ')}`);
  process.exit(2);
}
const example = await import(pathToFileURL(`${folder}/${name}.js`).href);
await example.main();
