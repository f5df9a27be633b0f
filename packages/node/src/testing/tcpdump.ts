/** The real tcpdump, whose output ours is compared with. Where there is none, those tests are skipped with the reason. */

import { spawnSync } from 'node:child_process';
import { describe, it, type TestContext } from 'vitest';

/** Why there is no tcpdump on this machine; undefined when there is one. */
export const tcpdumpMissing: string | undefined =
  process.env.NETARIUM_WITHOUT_TCPDUMP ??
  (spawnSync('tcpdump', ['--version']).error === undefined ? undefined : 'needs tcpdump (apt-get install tcpdump)');

/** `describe`, skipped where there is no tcpdump. */
export function describeWithTcpdump(name: string, body: () => void): void {
  if (tcpdumpMissing === undefined) describe(name, body);
  else describe.skip(`${name} [skipped: ${tcpdumpMissing}]`, body);
}

/** `it`, skipped where there is no tcpdump. */
export function itWithTcpdump(name: string, body: (context: TestContext) => void | Promise<void>): void {
  it(name, (context) => {
    if (tcpdumpMissing !== undefined) context.skip(tcpdumpMissing);
    return body(context);
  });
}

/** What `tcpdump -r file` prints. */
export function realTcpdump(file: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('tcpdump', ['-r', file, ...args], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
  });
  if (status !== 0) throw new Error(`tcpdump ended with ${status}: ${stderr}`);
  return stdout;
}
