import { describe, expect, it } from 'vitest';
import { type TransferOptions, transfer } from './testing/transfer.ts';

const IMPAIRED = { duplication: '1%', reordering: '2%', corruption: '1%', bitErrors: 1e-7, jitter: '200us' };

/** The long suite runs the twenty seeds of each; here are the first few. */
const SEEDS = process.env.NETARIUM_SUITE === 'long' ? 20 : 3;

async function arrives(options: TransferOptions): Promise<void> {
  const { sent, received, length, network } = await transfer(options);
  expect(length).toBe(options.bytes);
  expect(received).toBe(sent);
  expect(network.pool.leaks()).toEqual([]);
  expect(network.pool.outstanding).toBe(0);
}

describe('8 MiB arrive whole, with duplication, reordering and corruption on', () => {
  for (const loss of ['0%', '1%', '5%', '10%', '30%']) {
    it(`${loss} loss, ${SEEDS} seeds`, async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        await arrives({ bytes: 8 << 20, seed, link: { ...IMPAIRED, loss } });
      }
    }, 600_000);
  }

  it('a burst of losses, and a link that is cut in the middle', async () => {
    await arrives({
      bytes: 4 << 20,
      seed: 1,
      link: { burst: { enter: '0.5%', leave: '20%' } },
      prepare: (network) => network.fault({ at: '200ms', for: '3s', link: 'a:eth0', down: true }),
    });
  });
});

describe('nothing is lost when two change places', () => {
  it('segments, on a line that holds some back', async () => {
    await arrives({ bytes: 1 << 20, seed: 1, link: { reordering: '20%', reorderingDelay: '500us' } });
  });
});
