import { execFileSync, spawnSync } from 'node:child_process';
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

describe('the same on Linux', () => {
  test('every script gives what the table says', (context) => {
    const linux = process.platform === 'linux' && spawnSync('python3', ['--version']).status === 0;
    if (!linux) context.skip('needs Linux and Python 3');
    const cases = posixTable.filter(({ differs }) => differs === undefined);
    const scripts = cases.map(({ script }) =>
      stepsOf(script)
        .map(({ step }) => step)
        .join(';'),
    );
    const runner = fileURLToPath(new URL('testing/posix_table.py', import.meta.url));
    const output = execFileSync('python3', [runner], { input: JSON.stringify(scripts), encoding: 'utf8' });
    const results = JSON.parse(output) as string[][];
    cases.forEach(({ about, script }, i) => {
      const steps = stepsOf(script);
      const shown = steps.map(({ step }, at) => `${about}: ${step} -> ${results[i]![at]}`);
      expect(shown).toEqual(steps.map(({ step, expected }) => `${about}: ${step} -> ${expected}`));
    });
  });
});
