import { Network } from '../network.ts';
import { lossyScenario } from './lossy-scenario.mjs';

/** The fingerprint of the lossy scenario; with `bystander`, there is one more host that nobody talks to. */
export function fingerprintOf(seed: number, bystander: boolean): Promise<string> {
  return lossyScenario(Network, seed, bystander);
}
