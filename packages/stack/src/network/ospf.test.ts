import { expect, test } from 'vitest';
import { Network } from './network.ts';

const router = (interfaces: Record<string, string>, ospf = {}) => ({
  kind: 'router' as const,
  interfaces,
  routing: { ospf },
});

/** A ring of three routers, and a host at each of two. */
function ring(): Network {
  return Network.from(
    {
      nodes: {
        r1: router({ eth0: '10.0.12.1/24', eth1: '10.0.13.1/24', eth2: '10.1.0.1/24' }),
        r2: router({ eth0: '10.0.12.2/24', eth1: '10.0.23.2/24', eth2: '10.2.0.1/24' }),
        r3: router({ eth0: '10.0.13.3/24', eth1: '10.0.23.3/24' }),
        alice: { kind: 'host', interfaces: { eth0: '10.1.0.10/24' }, gateway: '10.1.0.1' },
        bob: { kind: 'host', interfaces: { eth0: '10.2.0.10/24' }, gateway: '10.2.0.1' },
      },
      links: [
        { endpoints: ['r1:eth0', 'r2:eth0'], name: 'short' },
        { endpoints: ['r1:eth1', 'r3:eth0'] },
        { endpoints: ['r2:eth1', 'r3:eth1'] },
        { endpoints: ['alice:eth0', 'r1:eth2'] },
        { endpoints: ['bob:eth0', 'r2:eth2'] },
      ],
      faults: [{ at: 100, link: 'short', down: true }],
    },
    { fingerprint: true },
  );
}

test('routing: ospf alone is enough: routes appear, and after a cut they lead the other way', () => {
  const network = ring();
  const routes = (): string[] =>
    network
      .hostNamed('r1')
      .ip.routes.list()
      .filter((route) => route.origin === 'ospf')
      .map(String);
  network.runSync({ for: '90s' });
  expect(routes()).toEqual([
    '10.0.23.0/24 metric 110 nexthop via 10.0.12.2 dev eth0 weight 1 nexthop via 10.0.13.3 dev eth1 weight 1',
    '10.2.0.0/24 via 10.0.12.2 dev eth0 metric 110',
  ]);
  network.runSync({ for: '16s' });
  expect(routes()).toEqual([
    '10.0.23.0/24 via 10.0.13.3 dev eth1 metric 110',
    '10.2.0.0/24 via 10.0.13.3 dev eth1 metric 110',
  ]);
});
