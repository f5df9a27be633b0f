import { describe, expect, it } from 'vitest';
import { Network } from '../network/network.ts';
import { MEGABYTE, transferMegabyte } from './testing/megabyte.ts';

/** A megabyte at this rate: how many frames went each way, and the run's fingerprint. */
function transfer(rate: string) {
  const network = new Network({ seed: 1, fingerprint: true });
  const { cable, progress } = transferMegabyte(network, { rate, delay: '1ms' });
  network.runSync({ for: 5 });
  expect(progress).toEqual({ received: MEGABYTE, wrong: 0 });
  return {
    there: cable.forward.deliveredFrames,
    back: cable.backward.deliveredFrames,
    fingerprint: network.fingerprint?.value,
  };
}

describe('segments that arrive at one time', () => {
  it('are acknowledged together', () => {
    const { there, back } = transfer('unlimited');
    expect(there).toBeGreaterThan(MEGABYTE / 1460);
    expect(back).toBeLessThan(there / 10);
  });

  it('are acknowledged by twos at least when they come one after the other (RFC 9293 3.8.6.3)', () => {
    const { there, back } = transfer('1Gbit');
    expect(back).toBeGreaterThanOrEqual(there / 2 - 20);
  });

  it('arrive the same way every time', () => {
    expect(transfer('unlimited').fingerprint).toBe(transfer('unlimited').fingerprint);
  });
});
