// Makes a checkout ready to run: what package-lock.json asks for is in node_modules, and packages/*/dist is built.
// Every script calls this first, so that a fresh clone needs Node and npm only. When nothing has changed it costs
// the reading of two lock files and an incremental compile.

import { chmodSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { giveUp, root, run, runQuietly, tool } from './run.mjs';

const OLDEST_NODE = [20, 19];

/** Installs what is missing. */
export async function setUp() {
  checkNode();
  const why = whyInstall();
  if (why === undefined) return;
  await alone(async () => {
    if (whyInstall() !== undefined) install(why);
  });
}

/** Installs what is missing, and compiles what has changed. Ends the process when the code does not compile. */
export async function setUpAndBuild() {
  if (!(await setUpAndTryToBuild())) giveUp('The code does not compile: see above.');
}

/** The same, but tells whether the code compiles. */
export async function setUpAndTryToBuild() {
  await setUp();
  const code = await alone(async () => {
    if (!existsSync(join(root, 'packages/stack/dist'))) say('Building (once)...');
    return await run(process.execPath, [tool('typescript', 'tsc'), '-b']);
  });
  linkCommand();
  return code === 0;
}

/** `npx netarium` in this checkout: npm links a command only if it was there, built, when npm installed. */
function linkCommand() {
  const command = join(root, 'packages/cli/dist/main.js');
  if (!existsSync(command)) return;
  chmodSync(command, 0o755); // tsc does not set it
  const link = join(root, 'node_modules/.bin/netarium');
  if (!existsSync(link) && process.platform !== 'win32') {
    rmSync(link, { force: true });
    symlinkSync('../netarium/dist/main.js', link);
  }
}

/** Why `npm ci` has to run; undefined when what is installed is what the lock file says. */
function whyInstall() {
  const wanted = readLock('package-lock.json');
  if (!wanted) giveUp('package-lock.json is missing: is this the root of the checkout?');
  const installed = readLock('node_modules/.package-lock.json');
  if (!installed) return 'Installing packages (once)...';
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.startsWith('node_modules/') || entry.optional) continue;
    const there = installed[path];
    if (!there || there.version !== entry.version) return 'Installing packages (package-lock.json has changed)...';
  }
  return undefined;
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function install(why) {
  say(why);
  // Inside `npm test` and the like, npm tells where it is; otherwise it is on the path (as npm.cmd on Windows).
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const { ok, output } = npm?.endsWith('.js')
    ? runQuietly(process.execPath, [npm, ...args])
    : runQuietly('npm', args, { shell: process.platform === 'win32' });
  if (!ok)
    giveUp(`${output}\nnpm ci has failed (above). It needs the npm registry; \`npm config get registry\` tells which.`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  giveUp(`netarium needs Node ${OLDEST_NODE.join('.')} or later; this is ${process.versions.node}.`);
}

/** Does `work` while no other process installs or builds in this checkout. */
async function alone(work) {
  const lock = join(root, '.set-up.lock');
  for (;;) {
    try {
      writeFileSync(lock, `${process.pid}`, { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (ownerIsGone(lock)) rmSync(lock, { force: true });
      else await sleep(100);
    }
  }
  const unlock = () => rmSync(lock, { force: true });
  process.on('exit', unlock); // giveUp leaves through here
  try {
    return await work();
  } finally {
    process.off('exit', unlock);
    unlock();
  }
}

function ownerIsGone(lock) {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')) || 0x7fffffff, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await setUpAndBuild();
}
