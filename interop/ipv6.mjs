// What the checks of IPv6 share.

import assert from 'node:assert/strict';

/** What a program of ours says; it must end well. */
export async function ours({ runner }, node, ...argv) {
  const program = runner.spawn(node, ...argv.map(String));
  assert.equal(await program.ends(), 0, `${argv.join(' ')}: ${program.out}${program.err}`);
  return program.out;
}

/** Addresses of one of our hosts that are preferred, those of one link apart. */
export async function addressOf(lab, node) {
  const shown = await ours(lab, node, 'ip', '-6', 'addr');
  const line = shown.split('\n').find((each) => /inet6 2001:/.test(each) && !/tentative|dadfailed/.test(each));
  assert.ok(line, shown);
  return /inet6 ([0-9a-f:]+)\//.exec(line)[1];
}
