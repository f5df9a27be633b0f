import { createHash } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { createReadStream, readFile, readFileSync } from 'node:fs';
import { open, readFile as readFileLater, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Network } from './network.ts';
import { nodePlatform } from './platform.ts';

const HERE = fileURLToPath(import.meta.url);

/** Runs `work` as a program that an event has woken, with another event right behind it; where time stood at the end. */
async function timeAfter(work: (network: Network) => Promise<unknown> | unknown): Promise<number> {
  const network = new Network();
  const host = network.host('h');
  network.queue.at(1001, { run() {} }, 0);
  let at = -1;
  await network.run(async () => {
    await host.sockets.sleep(1e-3);
    expect(network.now).toBe(1000);
    await work(network);
    at = network.now;
  });
  return at;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const tick = () => new Promise<void>((resolve) => process.nextTick(resolve));

describe('no event runs before a woken program rests, whatever it does meanwhile', () => {
  it.each<[string, (network: Network) => Promise<unknown> | unknown]>([
    ['nothing', () => {}],
    [
      'a thousand promises',
      async () => {
        for (let i = 0; i < 1000; i++) await null;
      },
    ],
    [
      'nextTick and promises in turn',
      async () => {
        for (let i = 0; i < 100; i++) {
          await tick();
          await null;
        }
      },
    ],
    [
      'immediates, one after the other',
      async () => {
        for (let i = 0; i < 50; i++) await turn();
      },
    ],
    ['queueMicrotask', () => new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(resolve)))],
    ['reading a file with a callback', () => promisify(readFile)(HERE)],
    [
      'reading files with promises, in a chain',
      async () => {
        for (let i = 0; i < 10; i++) await readFileLater(HERE);
      },
    ],
    [
      'opening, reading and closing a file',
      async () => {
        const file = await open(HERE);
        for await (const chunk of file.readableWebStream({ type: 'bytes' }))
          createHash('md5').update(chunk as Uint8Array);
        await file.close();
      },
    ],
    [
      'a stream',
      async () => {
        for await (const chunk of createReadStream(HERE, { highWaterMark: 512 })) createHash('md5').update(chunk);
      },
    ],
    [
      'files and immediates in turn',
      async () => {
        for (let i = 0; i < 5; i++) {
          await turn();
          await stat(HERE);
          await tick();
        }
      },
    ],
    ['looking up a name', () => lookup('localhost')],
    ['several at once', () => Promise.all([stat(HERE), turn(), readFileLater(HERE), tick()])],
    ['a job of zlib, told to the network', (network) => network.external(promisify(gzip)(readFileSync(HERE)))],
    ['a timer, told to the network', (network) => network.external(new Promise((resolve) => setTimeout(resolve, 5)))],
  ])('%s', async (_, work) => {
    expect(await timeAfter(work)).toBe(1000);
  });

  it('two networks in one process do not wait for each other', async () => {
    const times = await Promise.all([1, 2, 3].map(() => timeAfter(() => readFileLater(HERE).then(turn))));
    expect(times).toEqual([1000, 1000, 1000]);
  });

  it('real timers are not waited for: real time does not exist on a virtual network', async () => {
    expect(
      await timeAfter(() => Promise.race([new Promise((resolve) => setTimeout(resolve, 1e6).unref()), turn()])),
    ).toBe(1000);
    const network = new Network();
    const waits = () => new Promise((resolve) => setTimeout(resolve, 1e6).unref());
    await expect(network.run(waits)).rejects.toThrow('can never happen');
  });
});

describe('real time', () => {
  it('is monotonic, in nanoseconds, and waits about as long as it was asked to', async () => {
    const before = nodePlatform.realTimeNs();
    await new Promise<void>((resolve) => nodePlatform.wait(5e6, resolve));
    const passed = nodePlatform.realTimeNs() - before;
    expect(passed).toBeGreaterThan(3e6);
  });

  it('a wait is taken back, and one of many years does not come at once', async () => {
    const called: string[] = [];
    nodePlatform.wait(0, () => called.push('taken back'))();
    const takeBack = nodePlatform.wait(1e18, () => called.push('years'));
    await new Promise((resolve) => setTimeout(resolve, 10));
    takeBack();
    expect(called).toEqual([]);
  });

  it('paces a network', async () => {
    const network = new Network();
    const host = network.host('h');
    network.setPace(10);
    const from = nodePlatform.realTimeNs();
    await network.run(() => host.sockets.sleep(200));
    expect(network.now).toBeGreaterThanOrEqual(200e6);
    expect(nodePlatform.realTimeNs() - from).toBeGreaterThanOrEqual(20e6);
  });
});
