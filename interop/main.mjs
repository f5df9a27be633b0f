// npm run interop: netarium hosts and Debian's programs talk to each other, over TAPs, tunnels and sockets, in network
// namespaces of their own. One line a check, a JSON summary, and last `N passed, N failed, N skipped`.
//
//     node interop/main.mjs [--only PATTERN] [--quick] [--keep] [--minutes N]

import { readdirSync } from 'node:fs';
import { systemPackages } from '../scripts/system-packages.mjs';
import { formatTotals } from '../scripts/totals.mjs';
import { here } from './lab.mjs';
import { removeAll, whyNoNamespaces } from './netns.mjs';
import { Failure, Skip } from './outcome.mjs';
import { PACKAGES } from './packages.mjs';

const { only, quick, keep } = options(process.argv.slice(2));
/** Seconds for a check that says nothing else. */
const PATIENCE = 60;

/** Characters of a failure's reason. */
const LONGEST = 1500;

const results = [];

for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
]) {
  process.on(signal, () => {
    removeAll();
    process.exit(128 + number);
  });
}
process.on('exit', removeAll);

const missing = whyNoNamespaces();
const suites = await load();
const wanted = suites.flatMap(({ checks }) => checks);
const without = missing === undefined ? install(wanted) : {};
for (const suite of suites) await runSuite(suite);

const totals = { passed: 0, failed: 0, skipped: 0 };
for (const { outcome } of results) totals[outcome]++;
console.log(JSON.stringify({ interop: results }));
console.log(formatTotals(totals));
process.exit(totals.failed > 0 ? 1 : 0);

/** The suites of interop/checks/ with the checks that were asked for. */
async function load() {
  const found = [];
  for (const file of readdirSync(here('checks'))
    .filter((name) => name.endsWith('.mjs'))
    .sort()) {
    const { default: suites } = await import(`./checks/${file}`);
    for (const suite of [suites].flat()) {
      const checks = suite.checks.filter((check) => isWanted(`${suite.name}: ${check.name}`, check));
      if (checks.length > 0) found.push({ ...suite, checks });
    }
  }
  return found;
}

function isWanted(name, check) {
  return (only === null || only.test(name)) && (!quick || check.quick === true);
}

/** Debian's packages for what is asked for; why a program is missing, by its name. */
function install(checks) {
  const needed = new Set(checks.flatMap(({ needs = [] }) => needs));
  const programs = PACKAGES.filter(({ command }) => needed.has(command));
  const reasons = systemPackages(programs);
  return Object.fromEntries(
    programs.flatMap(({ command, variable }) => {
      const reason = reasons[variable] ?? process.env[variable];
      return reason === undefined ? [] : [[command, reason]];
    }),
  );
}

/** Opens a suite's laboratory when the first of its checks can run, runs them one after the other, and closes it. */
async function runSuite({ name, open, close, checks }) {
  let lab = null;
  let broken = false;
  for (const check of checks) {
    await report(`${name}: ${check.name}`, async () => {
      const lack = missing ?? check.needs?.map((need) => without[need]).find((reason) => reason !== undefined);
      if (lack !== undefined) throw new Skip(lack);
      if (broken) throw new Failure('its laboratory did not open: see above');
      try {
        lab ??= await open();
      } catch (error) {
        broken = true;
        throw error;
      }
      const told = await patiently(check, lab);
      if (lab.runner !== undefined && !lab.runner.alive) throw new Failure(`our side ended: ${lab.runner.complaints}`);
      if (lab.runner?.complaints) {
        const { complaints } = lab.runner;
        lab.runner.complaints = '';
        throw new Failure(`our side complains: ${complaints}`);
      }
      return told;
    });
  }
  if (lab === null) return;
  if (keep) {
    console.log(`# ${name}: ${lab.space?.name} and ${lab.folder} are kept until Enter`);
    await new Promise((resolve) => process.stdin.once('data', resolve));
  }
  await (close ?? ((each) => each.close()))(lab);
}

async function patiently({ run, patience = PATIENCE }, lab) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Failure(`not over after ${patience} s`)), patience * 1000);
  });
  try {
    return await Promise.race([run(lab), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function report(name, work) {
  const number = results.length + 1;
  const from = performance.now();
  const end = (outcome, word, detail) => {
    const seconds = Number(((performance.now() - from) / 1000).toFixed(1));
    results.push({ name, outcome, seconds, ...(detail ? { detail } : {}) });
    const line = `${word} ${number} ${name}${detail ? `: ${detail}` : ''}`;
    console.log(outcome === 'skipped' ? line : `${line} (${seconds} s)`);
  };
  try {
    end('passed', 'ok', await work());
  } catch (error) {
    if (error instanceof Skip) end('skipped', 'skip', error.message);
    else end('failed', 'not ok', why(error));
  }
}

/** What failed, in so many words; where, only when nobody expected it. */
function why(error) {
  const expected = error instanceof Failure || error.code === 'ERR_ASSERTION';
  const text = expected ? error.message : (error.stack ?? `${error}`);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} ...` : text;
}

function options(args) {
  const asked = { only: null, quick: false, keep: false };
  while (args.length > 0) {
    const word = args.shift();
    if (word === '--quick') asked.quick = true;
    else if (word === '--keep') asked.keep = true;
    else if (word === '--minutes' && args.length > 0) process.env.NETARIUM_INTEROP_MINUTES = args.shift();
    else if (word === '--only' && args.length > 0) asked.only = new RegExp(args.shift(), 'i');
    else if (word.startsWith('--only=')) asked.only = new RegExp(word.slice('--only='.length), 'i');
    else {
      console.error(`interop: ${word}? There are --only PATTERN, --quick, --keep and --minutes N.`);
      process.exit(2);
    }
  }
  return asked;
}
