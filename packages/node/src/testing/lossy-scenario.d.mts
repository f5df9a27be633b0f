import type { Network } from '../network.ts';

export function lossyScenario(
  network: typeof Network,
  seed: number,
  bystander: boolean,
  watch?: (network: Network) => void,
): Promise<string>;
