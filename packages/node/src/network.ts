import type { NetworkDescription } from '@netarium/stack/network/description';
import { type NetworkOptions, Network as StackNetwork } from '@netarium/stack/network/network';
import { nodePlatform } from './platform.ts';

/** A network that runs in Node: `@netarium/stack`'s, with Node's clock and event loop as its platform. */
export class Network extends StackNetwork {
  constructor(options: NetworkOptions = {}) {
    super({ platform: nodePlatform, ...options });
  }

  /** The network that a description (a scenario file's content) tells of. */
  static override from(description: NetworkDescription, options: NetworkOptions = {}): Network {
    const network = new Network({ ...(description.seed === undefined ? {} : { seed: description.seed }), ...options });
    network.build(description);
    return network;
  }
}
