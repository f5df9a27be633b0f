import { type NetworkOptions, Network as StackNetwork } from '@netarium/stack/network/network';
import { nodePlatform } from './platform.ts';

/** A network that runs in Node: `@netarium/stack`'s, with Node's clock and event loop as its platform. */
export class Network extends StackNetwork {
  constructor(options: NetworkOptions = {}) {
    super({ platform: nodePlatform, ...options });
  }
}
