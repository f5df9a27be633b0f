import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FileStat } from '@netarium/stack/host/files';
import { MemoryFiles } from '@netarium/stack/host/memory-files';
import type { Program } from '@netarium/stack/host/program';
import { describe, expect, it } from 'vitest';
import { Network } from './network.ts';
import { fingerprintOf } from './testing/fingerprints.ts';

const RUNNER = fileURLToPath(new URL('./testing/print-fingerprints.mjs', import.meta.url));
const BUILT = fileURLToPath(new URL('../dist/index.js', import.meta.url));

/** Seed and fingerprint of each run, from a process of its own. */
async function inProcess(from: number, to: number): Promise<[seed: number, fingerprint: string][]> {
  const { stdout } = await promisify(execFile)(process.execPath, [RUNNER, String(from), String(to)]);
  const lines = stdout.trim().split('\n');
  return lines.map((line) => [Number(line.split(' ')[0]), line.split(' ')[1]!]);
}

/** A disk that takes another time whenever it is asked. */
class MoodyFiles extends MemoryFiles {
  override readonly immediate = false;

  override stat(path: string): Promise<FileStat | null> {
    return this.late(super.stat(path));
  }
  override read(path: string): Promise<Uint8Array> {
    return this.late(super.read(path));
  }
  private async late<T>(work: Promise<T>): Promise<T> {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
    return work;
  }
}

/** Six programs on one host that at the same moment read a file each and send it: the fingerprint. */
async function readAtOnce(): Promise<string> {
  const network = new Network({ fingerprint: true });
  const host = network.host('host', { interfaces: { eth0: '10.0.0.1/24' } });
  network.host('peer', { interfaces: { eth0: '10.0.0.2/24' } });
  network.link(['host', 'peer']);
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  host.files.mount('/', new MoodyFiles(Object.fromEntries(names.map((name) => [`/${name}`, name.repeat(500)]))));
  const send: Program = {
    name: 'send',
    summary: '',
    usage: '',
    async main({ args, sockets }) {
      const { size } = (await host.files.stat(args[0]!))!;
      const s = sockets.socket(sockets.AF_INET, sockets.SOCK_DGRAM);
      return (await s.sendto(await host.files.read(args[0]!), ['peer', 9])) === size ? 0 : 1;
    },
  };
  const codes = await network.run(() => Promise.all(names.map((name) => host.begin(send, [`/${name}`]).exited)));
  expect(codes).toEqual(names.map(() => 0));
  await network.run();
  return network.fingerprint!.value;
}

describe('the same scenario and seed give the same bytes at the same times', () => {
  it('100 seeds, twice, in separate processes', async (context) => {
    if (!existsSync(BUILT)) context.skip('needs the build: npm run build');
    const [once, twice] = await Promise.all([inProcess(1, 100), inProcess(1, 100)]);
    expect(once.map(([seed]) => seed)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(twice).toEqual(once);
    // And they are not all the same: the seed matters.
    expect(new Set(once.map(([, fingerprint]) => fingerprint)).size).toBe(100);
    for (const [, fingerprint] of once) expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
  });

  it('whoever watches, and however often', async () => {
    const plain = await fingerprintOf(7, {});
    expect(await fingerprintOf(7, {})).toBe(plain);
    expect(await fingerprintOf(7, { watched: true })).toBe(plain);
    expect(await fingerprintOf(8, {})).not.toBe(plain);
  });

  it('how long the disk takes for each file, and which it has first', async () => {
    const prints = await Promise.all([1, 2, 3, 4, 5].map(() => readAtOnce()));
    expect(new Set(prints).size).toBe(1);
  });

  it('a host that nobody talks to changes no stream', async () => {
    expect(await fingerprintOf(7, { bystander: true })).toBe(await fingerprintOf(7, {}));
  });
});
