// Loss on the kernel's side (nft drops at random), loss, delay and disorder on ours.

import assert from 'node:assert/strict';
import { LOSSY, openCampus, SLOW, WEB } from '../campus.mjs';
import { sha256 } from '../lab.mjs';
import { Skip } from '../outcome.mjs';

/** Drops `percent` of the frames in `chain` (input, output) while `work` runs. */
async function losing(lab, chain, percent, work) {
  const rules = `add table ip bad
add chain ip bad line { type filter hook ${chain} priority 0; }
add rule ip bad line numgen random mod 100 < ${percent} counter drop`;
  const { code, err } = await lab.run('nft', ['-f', '-'], { input: rules });
  if (code !== 0) throw new Skip(`nft cannot drop at random here: ${err.split('\n')[0]}`);
  try {
    return await work();
  } finally {
    const { out } = await lab.run('nft', ['list', 'table', 'ip', 'bad']);
    lab.dropped = Number(/counter packets (\d+)/.exec(out)?.[1] ?? 0);
    await lab.run('nft', ['delete', 'table', 'ip', 'bad']);
  }
}

async function fetch(lab, address) {
  const { code, out, err, seconds } = await lab.run('curl', ['-sS', '--max-time', 50, `http://${address}/random.bin`], {
    binary: true,
    timeout: 55,
  });
  assert.equal(code, 0, err);
  assert.equal(sha256(out), sha256(lab.random));
  return `${(1.048576 / seconds).toFixed(1)} MB/s`;
}

/** The other way: our program reads what the kernel sends. */
async function send(lab, node, address) {
  const server = await lab.runner.serve(node, 'discard', 7006);
  const { out, seconds } = await lab.run('nc', ['-n', '-N', '-w', 50, address, 7006], {
    input: lab.random,
    timeout: 55,
  });
  await server.kill();
  assert.equal(out, `${lab.random.length} ${sha256(lab.random)}\n`);
  return `${(1.048576 / seconds).toFixed(1)} MB/s`;
}

const onTheirSide = (name, chain, percent, move) => ({
  name: `${percent}% lost ${name}`,
  needs: ['ip', 'curl', 'nc', 'nft', 'ethtool'],
  async run(lab) {
    const told = await losing(lab, chain, percent, () => move(lab));
    assert.ok(lab.dropped > 0, 'nft has dropped nothing');
    return `${told}, ${lab.dropped} dropped`;
  },
});

const fromWeb = (lab) => fetch(lab, WEB);
const toWeb = (lab) => send(lab, 'web', WEB);

export default {
  name: 'bad lines',
  async open() {
    const lab = await openCampus();
    // nft is to drop segments, not bundles of them.
    lab.space.ip('link set tap0 gso_max_segs 1');
    await lab.run('ethtool', ['-K', 'tap0', 'gro', 'off']);
    return lab;
  },
  checks: [
    { ...onTheirSide('of our data by the kernel', 'input', 3, fromWeb), quick: true },
    onTheirSide('of our data by the kernel', 'input', 10, fromWeb),
    onTheirSide('of the acknowledgements by the kernel', 'output', 20, fromWeb),
    { ...onTheirSide("of the kernel's data", 'output', 3, toWeb), quick: true },
    onTheirSide("of the kernel's data", 'output', 10, toWeb),
    onTheirSide('of our acknowledgements', 'input', 20, toWeb),
    {
      name: 'delay, jitter and disorder on our line, out',
      needs: ['ip', 'curl'],
      run: (lab) => fetch(lab, SLOW),
    },
    {
      name: 'delay, jitter and disorder on our line, in',
      needs: ['ip', 'nc'],
      run: (lab) => send(lab, 'slow', SLOW),
    },
    {
      name: '3% lost on our line, out',
      needs: ['ip', 'curl'],
      run: (lab) => fetch(lab, LOSSY),
    },
    {
      name: '3% lost on our line, in',
      needs: ['ip', 'nc'],
      run: (lab) => send(lab, 'lossy', LOSSY),
    },
    {
      name: 'ping over the bad lines sees what the scenario says',
      needs: ['ip', 'ping'],
      async run(lab) {
        const slow = await lab.run('ping', ['-n', '-q', '-c', 20, '-i', '0.05', SLOW]);
        const average = Number(/= [\d.]+\/([\d.]+)\//.exec(slow.out)?.[1]);
        assert.ok(average > 40 && average < 80, `${average} ms where 2 x (20 + 0 to 5) are said`);
        const lossy = await lab.run('ping', ['-n', '-q', '-c', 400, '-i', '0.005', '-W', 1, LOSSY]);
        const lost = Number(/([\d.]+)% packet loss/.exec(lossy.out)?.[1]);
        assert.ok(lost > 1 && lost < 15, `${lost}% where 2 x 3 are said`);
        return `${average} ms, ${lost}% lost`;
      },
    },
  ],
};
