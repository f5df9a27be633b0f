import { type TraceSink, What } from '@netarium/stack/base/trace';
import type { Host } from '@netarium/stack/host/host';
import type { LinkDescription } from '@netarium/stack/network/description';
import { expectNoLeaks } from '@netarium/stack/testing/test-node';
import { expect } from 'vitest';
import { Network } from '../../network.ts';
import { Gateway, type GatewayOptions } from '../gateway.ts';

export interface InsideOptions extends Omit<GatewayOptions, 'host'> {
  link?: Omit<LinkDescription, 'endpoints'>;
  mtu?: number;
  /** Listen to what the gateway tells of flows; default true. It costs time for each packet. */
  watch?: boolean;
}

/**
 * A small network behind a gateway, in real time:
 *
 *     alice 10.0.2.15 --+
 *                       sw --- 10.0.2.1 gw --- the real loopback
 *     bob   10.0.2.16 --+
 */
export class Inside {
  readonly network = new Network({ seed: 1 });
  readonly alice: Host;
  readonly bob: Host;
  readonly gw: Host;
  readonly gateway: Gateway;
  /** What the gateway's node told of flows and drops. */
  readonly told: string[] = [];

  constructor(options: InsideOptions = {}) {
    const { network } = this;
    const { link, mtu = 1500, watch = true, ...gateway } = options;
    network.pool.track();
    network.setPace(1);
    const host = (address: string) => ({
      interfaces: { eth0: { address: `${address}/24`, mtu } },
      gateway: '10.0.2.1',
    });
    this.alice = network.host('alice', host('10.0.2.15'));
    this.bob = network.host('bob', host('10.0.2.16'));
    this.gw = network.router('gw', { interfaces: { eth0: { address: '10.0.2.1/24', mtu } } });
    network.switch('sw', { ports: 4 });
    for (const name of ['alice', 'bob', 'gw']) {
      network.link([`${name}:eth0`, 'sw'], { rate: '10Gbit', delay: '5us', ...link });
    }
    const sink: TraceSink = {
      event: (_node, _layer, what, _packet, _reason, detail) => {
        if (what === What.State && /^(tcp|udp) /.test(detail)) this.told.push(detail);
      },
    };
    if (watch) this.gw.node.trace = sink;
    this.gateway = new Gateway(network, { host: 'gw', dns: null, ...gateway });
  }

  /** Lets time run until the program is done. */
  run<T>(program: () => Promise<T>): Promise<T> {
    return this.network.run(program, { for: 15 });
  }

  /** Closes the gateway, lets the inside come to rest, and looks for what was left. */
  async end(): Promise<void> {
    this.gateway.close();
    expect(this.gateway.flows()).toEqual([]);
    this.network.setPace('virtual');
    await this.network.run({ for: 300 });
    expectNoLeaks(this.network.pool);
  }
}
