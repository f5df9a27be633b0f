import { captureAtOrigin, captureEveryHop } from '@netarium/stack/network/captures';
import { Network } from '../network.ts';
import { lossyScenario } from './lossy-scenario.mjs';

export interface FingerprintOptions {
  /** One more host, with a cable of its own, that nobody talks to. */
  bystander?: boolean;
  /** Traced and captured. */
  watched?: boolean;
}

/** The fingerprint of the lossy scenario. */
export function fingerprintOf(
  seed: number,
  { bystander = false, watched = false }: FingerprintOptions,
): Promise<string> {
  const watch = (network: Network) => {
    if (!watched) return;
    network.trace = { event() {} };
    captureAtOrigin(network);
    captureEveryHop(network, { fcs: true });
  };
  return lossyScenario(Network, seed, bystander, watch);
}
