import { describe, expect, it } from 'vitest';
import { Drop } from '../base/drop-reasons.ts';
import { readCapture } from '../inspect/capture-reader.ts';
import { captureAtOrigin } from '../network/captures.ts';
import type { LinkDescription } from '../network/description.ts';
import { Network } from '../network/network.ts';
import { expectNoLeaks } from '../testing/test-node.ts';
import { transferMegabyte } from './testing/megabyte.ts';

/** A megabyte over such a link, with the checksums left to who looks, or not: what can be seen from outside. */
function seen(offload: boolean, link: Omit<LinkDescription, 'endpoints'>, capturing = false) {
  const network = new Network({ seed: 3, fingerprint: true });
  const { a, b } = transferMegabyte(network, link, (nic) => {
    nic.checksumOffload = offload;
    nic.trustChecksums = offload;
  });
  const capture = capturing ? captureAtOrigin(network) : null;
  network.runSync({ for: 30 });
  capture?.finish();
  expectNoLeaks(network.pool);
  return {
    fingerprint: network.fingerprint?.value,
    badChecksums: a.node.drops[Drop.TCP_BAD_CHECKSUM]! + b.node.drops[Drop.TCP_BAD_CHECKSUM]!,
    badFcs: a.node.drops[Drop.FRAME_BAD_FCS]! + b.node.drops[Drop.FRAME_BAD_FCS]!,
    packets: capture && readCapture(capture.take()).packets.map(({ timeNs, bytes }) => `${timeNs} ${bytes.join()}`),
  };
}

describe('checksums that are left to who looks', () => {
  it('are on the wire as if they had been computed', () => {
    expect(seen(true, { rate: '1Gbit' })).toEqual(seen(false, { rate: '1Gbit' }));
  });

  it('stand in a capture', () => {
    const { packets } = seen(true, { rate: '1Gbit' }, true);
    expect(packets!.length).toBeGreaterThan(1000);
    expect(packets).toEqual(seen(false, { rate: '1Gbit' }, true).packets);
  });

  it('find what was damaged on the way, as ever', () => {
    const bad = { rate: '1Gbit', corruption: '2%', bitErrors: 1e-6, duplication: '1%', loss: '1%', reordering: '1%' };
    const offloaded = seen(true, bad);
    expect(offloaded).toEqual(seen(false, bad));
    expect(offloaded.badChecksums).toBeGreaterThan(0);
    expect(offloaded.badFcs).toBeGreaterThan(0);
  });
});
