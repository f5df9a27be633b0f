import { expect, test } from 'vitest';
import { IpAddress } from '../base/ip-address.ts';
import { ripOf } from '../host/rip-daemon.ts';
import { RouteOrigin } from '../l3-network/routes.ts';
import { BuildError } from './build-error.ts';
import type { NetworkDescription } from './description.ts';
import { Network } from './network.ts';

/** Four routers in a ring, a host behind each of two opposite ones. */
function ring(rip: object | null = null): NetworkDescription {
  const routing = { rip };
  return {
    seed: 7,
    nodes: {
      a: { kind: 'host', interfaces: { eth0: '10.1.0.10/24' }, gateway: '10.1.0.1' },
      b: { kind: 'host', interfaces: { eth0: '10.3.0.10/24' }, gateway: '10.3.0.1' },
      r1: { kind: 'router', interfaces: { eth0: '10.1.0.1/24', eth1: '10.0.12.1/24', eth2: '10.0.41.1/24' }, routing },
      r2: { kind: 'router', interfaces: { eth0: '10.0.12.2/24', eth1: '10.0.23.2/24' }, routing },
      r3: { kind: 'router', interfaces: { eth0: '10.3.0.1/24', eth1: '10.0.23.3/24', eth2: '10.0.34.3/24' }, routing },
      r4: { kind: 'router', interfaces: { eth0: '10.0.34.4/24', eth1: '10.0.41.4/24' }, routing },
    },
    links: [
      { endpoints: ['a:eth0', 'r1:eth0'] },
      { endpoints: ['b:eth0', 'r3:eth0'] },
      { endpoints: ['r1:eth1', 'r2:eth0'], name: 'r1-r2' },
      { endpoints: ['r2:eth1', 'r3:eth1'], name: 'r2-r3' },
      { endpoints: ['r3:eth2', 'r4:eth0'], name: 'r3-r4' },
      { endpoints: ['r4:eth1', 'r1:eth2'], name: 'r4-r1' },
    ],
  };
}

function way(network: Network, router: string, to: string): string {
  return `${network.hostNamed(router).ip.routes.lookup(IpAddress.parse(to)!.v4)}`;
}

function metric(network: Network, router: string, to: string, length = 24): number {
  const { table } = ripOf(network.hostNamed(router))!.engine;
  return table.find(IpAddress.parse(to)!.v4, length)?.metric ?? -1;
}

/** The routers that a packet goes through, by the routes of each. */
function path(network: Network, first: string, to: string): string {
  const address = IpAddress.parse(to)!.v4;
  const passed: string[] = [];
  for (let at = first; passed.length < 10; ) {
    passed.push(at);
    const route = network.hostNamed(at).ip.routes.lookup(address);
    if (route === null) return `${passed.join(' ')} nowhere`;
    if (route.gateway === 0) return passed.join(' ');
    const next = IpAddress.v4(route.pick(0).gateway);
    at = ['r1', 'r2', 'r3', 'r4'].find((name) => network.hostNamed(name).ip.isLocal(next))!;
  }
  return `${passed.join(' ')} and so on`;
}

test('routers of a ring find all networks, and another way when a link is cut', () => {
  const network = Network.from(ring());
  network.runSync({ for: '12s' });
  expect(metric(network, 'r1', '10.3.0.0')).toBe(3);
  expect(metric(network, 'r2', '10.0.41.0')).toBe(2);
  expect(path(network, 'r1', '10.3.0.10')).toMatch(/^r1 r[24] r3$/);
  const first = way(network, 'r1', '10.3.0.10');
  expect(first).toMatch(/^10\.3\.0\.0\/24 via 10\.0\.(12\.2 dev eth1|41\.4 dev eth2) metric 120$/);
  const cut = first.includes('eth1') ? 'r1-r2' : 'r4-r1';
  network.fault({ at: '12s', link: cut, down: true });
  network.runSync({ for: '40s' });
  expect(way(network, 'r1', '10.3.0.10')).not.toBe(first);
  expect(metric(network, 'r1', '10.3.0.0')).toBe(3);
  expect(path(network, 'r1', '10.3.0.10')).toMatch(/^r1 r[24] r3$/);
});

test('several equally good ways are used together, where that is wanted', () => {
  const network = Network.from(ring({ ways: 4 }));
  network.runSync({ for: '70s' });
  expect(way(network, 'r1', '10.3.0.10')).toMatch(
    /^10\.3\.0\.0\/24 metric 120 nexthop via 10\.0\.\d+\.\d dev eth\d weight 1 nexthop via 10\.0\.\d+\.\d dev eth\d weight 1$/,
  );
  expect(path(network, 'r1', '10.3.0.10')).toMatch(/^r1 r[24] r3$/);
});

test('who stops takes its routes back', () => {
  const network = Network.from(ring());
  network.runSync({ for: '12s' });
  ripOf(network.hostNamed('r3'))!.stop();
  network.runSync({ for: '30s' });
  expect(metric(network, 'r1', '10.3.0.0')).toBe(16);
  const left = network.hostNamed('r3').ip.routes.list();
  expect(left.filter((route) => route.origin === RouteOrigin.Rip)).toEqual([]);
});

test('routers that sign their messages believe each other, and nobody else', () => {
  const network = Network.from(ring({ authentication: { md5: 'kangaroo', key: 7 } }));
  network.runSync({ for: '12s' });
  expect(metric(network, 'r1', '10.3.0.0')).toBe(3);
  const mixed = ring({ authentication: { password: 'kangaroo' } });
  Object.assign(mixed.nodes.r2!, { routing: 'rip' });
  Object.assign(mixed.nodes.r4!, { routing: { rip: { authentication: { password: 'wallaby' } } } });
  const other = Network.from(mixed);
  other.runSync({ for: '40s' });
  expect(metric(other, 'r1', '10.3.0.0')).toBe(-1);
  expect(ripOf(other.hostNamed('r1'))!.engine.interfaces.reduce((sum, each) => sum + each.refused, 0)).toBeGreaterThan(
    3,
  );
});

test('static routes and the default route are told of when they are redistributed', () => {
  const description = ring();
  Object.assign(description.nodes.r3!, {
    routes: [
      { to: 'default', via: '10.3.0.10' },
      { to: '10.77.0.0/16', via: '10.3.0.10' },
    ],
    routing: { rip: { redistribute: [{ from: 'static', metric: 4, tag: 99 }], defaultRoute: true } },
  });
  const network = Network.from(description);
  network.runSync({ for: '12s' });
  expect(metric(network, 'r1', '10.77.0.0', 16)).toBe(6);
  expect(metric(network, 'r1', '0.0.0.0', 0)).toBe(3);
  const { table } = ripOf(network.hostNamed('r1'))!.engine;
  expect(table.find(IpAddress.parse('10.77.0.0')!.v4, 16)!.tag).toBe(99);
});

test('wrong words are told', () => {
  const build = (rip: object) => () => Network.from(ring(rip));
  expect(build({ redistribute: ['bgp'] })).toThrow(BuildError);
  expect(build({ redistribute: ['bgp'] })).toThrow(/no routes from "bgp"/);
  expect(build({ interfaces: { eth9: 'off' } })).toThrow(/no interface eth9/);
  expect(build({ update: '100ms' })).toThrow(/update is from 1s to 1h/);
  expect(build({ ways: 17 })).toThrow(/ways/);
});
