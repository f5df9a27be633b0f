// The network on which the programs of this folder run: a client and a server, one cable.
import { Network } from '@netarium/node';

export function twoHosts() {
  const network = new Network({ seed: 1 });
  const client = network.host('client', { interfaces: { eth0: '10.0.0.1/24' } });
  const server = network.host('example.com', { interfaces: { eth0: '10.0.0.2/24' } });
  network.link(['client', 'example.com'], { rate: '100Mbit', delay: '1ms' });
  return { network, client, server };
}
