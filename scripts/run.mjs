// Runs other programs for the scripts of this folder. Node's built-ins only: it works before the first `npm install`.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Runs a program with this terminal; the exit code (128 + signal number is told as 1) when it has ended.
 * `onOutput` gets what it writes on stdout, which is shown all the same.
 */
export function run(program, args, { env = {}, cwd = root, onOutput } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = ['inherit', onOutput ? 'pipe' : 'inherit', 'inherit'];
    const child = spawn(program, args, { cwd, stdio, env: { ...process.env, ...env } });
    child.stdout?.on('data', (chunk) => {
      process.stdout.write(chunk);
      onOutput(chunk.toString());
    });
    // Ctrl-C reaches the child by itself: wait for it, so that its last words are not cut off.
    const wait = () => {};
    process.on('SIGINT', wait);
    const stop = () => child.kill('SIGTERM');
    process.on('SIGTERM', stop);
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('SIGINT', wait);
      process.off('SIGTERM', stop);
      resolve(code ?? 1);
    });
  });
}

/** Runs a program in silence: `{ ok, output }`. */
export function runQuietly(program, args, { env = {}, cwd = root, shell = false } = {}) {
  const result = spawnSync(program, args, {
    cwd,
    shell,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? `${result.error.message}\n` : ''}`;
  return { ok: result.status === 0, output };
}

/** The file that an installed package runs as `name`, to be given to `node`: no shell, no .cmd, the same everywhere. */
export function tool(packageName, name = packageName) {
  const require = createRequire(join(root, 'package.json'));
  // Not every package exports its package.json: look where npm has put it.
  const folder = join(root, 'node_modules', packageName);
  const { bin } = require(join(folder, 'package.json'));
  return join(folder, typeof bin === 'string' ? bin : bin[name]);
}

export const nodeTool = (packageName, name, args, options) =>
  run(process.execPath, [tool(packageName, name), ...args], options);

export const has = (path) => existsSync(join(root, path));

/** The end of a script: says what is wrong to a person, without a stack. */
export function giveUp(message) {
  process.stderr.write(`\n${message.trimEnd()}\n`);
  process.exit(1);
}
