import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Capture } from '@netarium/stack/inspect/capture';
import { captureAtOrigin } from '@netarium/stack/network/captures';
import { afterAll, expect, it } from 'vitest';
import { Network } from '../network.ts';
import { describeWithTshark, expertProblems, itWithTshark } from './tshark.ts';

export interface Judgement {
  /** The run loses or reorders something: retransmissions and the like are no fault. */
  lossy?: boolean;
}

interface Recorded {
  readonly name: string;
  readonly judgement: Judgement;
  path: string;
}

/**
 * Conversations on a whole network, each a test: what is built, said and heard. Each is captured, and after them all
 * tshark reads what was captured, with checksums verified, and must not find anything wrong.
 */
export class Conversations {
  private readonly folder = mkdtempSync(join(tmpdir(), 'netarium-conversations-'));
  private readonly recorded: Recorded[] = [];

  constructor() {
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** `body` calls `start` when the network is built; whatever is said after that is captured. */
  it(name: string, judgement: Judgement, body: (network: Network, start: () => void) => Promise<void>): void {
    const entry: Recorded = { name, judgement, path: '' };
    this.recorded.push(entry);
    it(name, async () => {
      const network = new Network({ seed: name });
      network.pool.track();
      let capture: Capture | null = null;
      await body(network, () => {
        capture = captureAtOrigin(network);
      });
      if (capture === null) throw new Error('the conversation was never started');
      // What is under way ends: retransmissions, TIME-WAIT, reassembly.
      await network.run({ for: '10m' });
      (capture as Capture).finish();
      const path = join(this.folder, `${this.recorded.indexOf(entry)}.pcapng`);
      writeFileSync(path, (capture as Capture).take());
      entry.path = path;
      expect(network.pool.leaks()).toEqual([]);
    });
  }

  /** What tshark makes of them; after the last of them. */
  judge(): void {
    describeWithTshark('tshark, with every checksum verified, finds nothing wrong in', () => {
      for (const entry of this.recorded) {
        itWithTshark(entry.name, (context) => {
          if (entry.path === '') context.skip('there is no capture: the conversation failed');
          expect(expertProblems(entry.path, { allowRetransmissions: entry.judgement.lossy === true })).toEqual([]);
        });
      }
    });
  }
}
