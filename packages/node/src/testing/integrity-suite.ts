import { Drop } from '@netarium/stack/base/drop-reasons';
import { dropsOf } from '@netarium/stack/testing/test-node';
import { describe, expect, it } from 'vitest';
import { type TransferOptions, type TransferResult, transfer } from './transfer.ts';

/** All that a bad line does to frames, besides losing them. */
const IMPAIRED = { duplication: '1%', reordering: '2%', corruption: '1%', bitErrors: 1e-7, jitter: '200us' };

async function arrives(options: TransferOptions): Promise<TransferResult> {
  const result = await transfer(options);
  const { sent, received, length, network } = result;
  expect(length).toBe(options.bytes);
  expect(received).toBe(sent);
  expect(network.pool.leaks()).toEqual([]);
  expect(network.pool.outstanding).toBe(0);
  return result;
}

/** The same bytes come out as went in, whatever happens on the way: so many seeds for each rate of loss. */
export function integritySuite(seeds: number): void {
  describe('8 MiB arrive whole, with duplication, reordering, corruption and bit errors on', () => {
    for (const loss of [0, 0.01, 0.05, 0.1, 0.3]) {
      it(`${loss * 100}% loss, ${seeds} seeds`, async () => {
        for (let seed = 1; seed <= seeds; seed++) {
          const { network } = await arrives({ bytes: 8 << 20, seed, link: { ...IMPAIRED, loss } });
          // The line was as bad as it should be.
          const { forward } = network.cableNamed('a:eth0');
          const lost = forward.drops[Drop.LINK_LOSS]! / (forward.sentFrames || 1);
          expect(Math.abs(lost - loss)).toBeLessThan(0.03);
          expect(Object.keys(dropsOf(network.hostNamed('b').node))).toEqual(
            expect.arrayContaining(['FRAME_BAD_FCS', 'TCP_BAD_CHECKSUM', 'TCP_DUPLICATE']),
          );
        }
      }, 600_000);
    }

    it('losses in bursts, and a link that is cut in the middle', async () => {
      const { network } = await arrives({
        bytes: 4 << 20,
        seed: 1,
        link: { burst: { enter: '0.5%', leave: '20%' } },
        prepare: (net) => net.fault({ at: '200ms', for: '3s', link: 'a:eth0', down: true }),
      });
      const { forward } = network.cableNamed('a:eth0');
      expect(forward.drops[Drop.LINK_DOWN]).toBeGreaterThan(0);
      expect(forward.drops[Drop.LINK_LOSS]).toBeGreaterThan(0);
    });
  });

  describe('nothing is lost when two change places', () => {
    it('segments, on a line that holds some back', async () => {
      await arrives({ bytes: 1 << 20, seed: 1, link: { reordering: '20%', reorderingDelay: '500us' } });
    });
  });
}
