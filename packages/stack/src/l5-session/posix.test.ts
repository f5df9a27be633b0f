import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { expectNoLeaks } from '../testing/test-node.ts';
import { LoneHost } from './testing/lone-host.ts';
import { posixTable } from './testing/posix-table.ts';
import { runScript, stepsOf } from './testing/script-runner.ts';

describe('the socket calls, by the state that a socket is in', () => {
  test.each(posixTable)('$about', async ({ script }) => {
    const host = new LoneHost();
    const results = await runScript(host, script);
    const steps = stepsOf(script);
    expect(steps.map(({ step }, i) => `${step} -> ${results[i]}`)).toEqual(
      steps.map(({ step, expected }) => `${step} -> ${expected}`),
    );
    await host.end();
    expectNoLeaks(host.pool);
    expect(host.tcp.ports.size).toBe(0);
    expect(host.udp.ports.size).toBe(0);
  });
});

const PYTHON = ['/root/.pyenv/shims/python3', '/usr/bin/python3', '/usr/local/bin/python3'].find((path) =>
  existsSync(path),
);
const linux = process.platform === 'linux' && PYTHON !== undefined && spawnSync(PYTHON, ['--version']).status === 0;

describe.skipIf(!linux)('the same on Linux (needs Linux and Python 3)', () => {
  test('every script gives what the table says', () => {
    const cases = posixTable.filter(({ differs }) => differs === undefined);
    const scripts = cases.map(({ script }) =>
      stepsOf(script)
        .map(({ step }) => step)
        .join(';'),
    );
    const runner = fileURLToPath(new URL('testing/posix_table.py', import.meta.url));
    const output = execFileSync(PYTHON!, [runner], { input: JSON.stringify(scripts), encoding: 'utf8' });
    const results = JSON.parse(output) as string[][];
    cases.forEach(({ about, script }, i) => {
      const steps = stepsOf(script);
      const shown = steps.map(({ step }, at) => `${about}: ${step} -> ${results[i]![at]}`);
      expect(shown).toEqual(steps.map(({ step, expected }) => `${about}: ${step} -> ${expected}`));
    });
  });
});
