import { dropReasons, isHarmless } from '../../base/drop-reasons.ts';
import type { TraceSink } from '../../base/trace.ts';
import { utf8Decode } from '../../base/utf8.ts';
import type { FirewallDescription, NetworkDescription } from '../description.ts';
import { Network, type NetworkOptions } from '../network.ts';
import { FakePlatform } from './fake-platform.ts';

/** What a command printed, and how it ended. */
export interface Said {
  readonly code: number;
  readonly text: string;
}

/**
 *     alice 10.0.1.10 -+
 *                      +- lan - eth0 [ r1 ] eth1 - wan 203.0.113.0/24 - client 203.0.113.9
 *     bob   10.0.1.11 -+         eth2                               \-- r2 -- far 198.51.100.7
 *                                 |
 *                          web 10.0.2.80 (dmz)
 */
export function described(
  firewall: FirewallDescription | undefined,
  nat: string[] | undefined,
  client: Partial<{ firewall: FirewallDescription }> = {},
): NetworkDescription {
  return {
    seed: 5,
    nodes: {
      r1: {
        kind: 'router',
        interfaces: { eth0: '10.0.1.1/24', eth1: '203.0.113.1/24', eth2: '10.0.2.1/24' },
        routes: [{ to: '198.51.100.0/24', via: '203.0.113.2' }],
        ...(firewall === undefined ? {} : { firewall }),
        ...(nat === undefined ? {} : { nat }),
      },
      r2: { kind: 'router', interfaces: { eth0: '203.0.113.2/24', eth1: '198.51.100.1/24' } },
      alice: { kind: 'host', interfaces: { eth0: '10.0.1.10/24' }, gateway: '10.0.1.1' },
      bob: { kind: 'host', interfaces: { eth0: '10.0.1.11/24' }, gateway: '10.0.1.1' },
      web: { kind: 'host', interfaces: { eth0: '10.0.2.80/24' }, gateway: '10.0.2.1' },
      // No route leads from outside to the inside: it must not need one.
      client: {
        kind: 'host',
        interfaces: { eth0: '203.0.113.9/24' },
        routes: [{ to: '198.51.100.0/24', via: '203.0.113.2' }],
        ...client,
      },
      far: { kind: 'host', interfaces: { eth0: '198.51.100.7/24' }, gateway: '198.51.100.1' },
      lan: { kind: 'switch' },
      wan: { kind: 'switch' },
    },
    links: [
      { endpoints: ['alice', 'lan'] },
      { endpoints: ['bob', 'lan'] },
      { endpoints: ['r1:eth0', 'lan'] },
      { endpoints: ['r1:eth1', 'wan'] },
      { endpoints: ['r1:eth2', 'web'] },
      { endpoints: ['client', 'wan'] },
      { endpoints: ['r2:eth0', 'wan'] },
      { endpoints: ['r2:eth1', 'far'] },
    ],
  };
}

export class NatLab {
  readonly network: Network;
  /** `reason number: detail` of what r1 dropped. */
  readonly drops: string[] = [];

  constructor(firewall?: FirewallDescription, nat?: string[], options: NetworkOptions = {}) {
    this.network = Network.from(described(firewall, nat), { platform: new FakePlatform(), ...options });
    this.network.pool.track();
    const sink: TraceSink = {
      event: (node, _layer, what, _packet, reason, detail) => {
        if (node === 'r1' && what === 'drop' && !isHarmless(reason))
          this.drops.push(detail !== '' ? detail : dropReasons[reason]!.name);
      },
    };
    this.network.hostNamed('r1').node.trace = sink;
  }

  get firewall() {
    return this.network.hostNamed('r1').firewall;
  }

  /** Runs a command on a host until it ends. */
  says(host: string, command: string): Promise<Said> {
    return saying(this.network)(host, command);
  }

  /** Starts a command that goes on. */
  start(host: string, command: string): void {
    this.network.hostNamed(host).start(command);
  }
}

/** Runs commands on the hosts of a network. */
export function saying(network: Network): (host: string, command: string) => Promise<Said> {
  return async (host, command) => {
    let text = '';
    const write = (chunk: Uint8Array) => {
      text += utf8Decode(chunk);
    };
    const process = network.hostNamed(host).start(command, { stdout: { write }, stderr: { write } });
    const code = await network.run(() => process.exited);
    return { code, text };
  };
}
