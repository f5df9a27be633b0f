import { expect, test } from 'vitest';
import { Prefix } from '../base/prefix.ts';
import { ospfOf } from '../host/ospf-daemon.ts';
import { Network } from './network.ts';

const router = (interfaces: Record<string, string>, ospf = {}) => ({
  kind: 'router' as const,
  interfaces,
  routing: { ospf },
});

/** A ring of three routers, and a host at each of two. */
function ring(seed = 1): Network {
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
    { fingerprint: true, seed },
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

test('the same network and seed, the same bytes at the same times', () => {
  const fingerprint = (seed: number): string => {
    const network = ring(seed);
    network.runSync({ for: '150s' });
    return network.fingerprint!.value;
  };
  expect(fingerprint(1)).toBe(fingerprint(1));
  expect(fingerprint(1)).not.toBe(fingerprint(2));
});

test('nothing is left in the air when OSPF stops, and its routes are gone', () => {
  const network = ring();
  network.runSync({ for: '90s' });
  const r1 = network.hostNamed('r1');
  ospfOf(r1)!.stop();
  expect(ospfOf(r1)).toBe(null);
  expect(r1.ip.routes.list().some((route) => route.origin === 'ospf')).toBe(false);
  network.runSync({ for: '5s' });
  const r2 = network.hostNamed('r2');
  const routes = r2.ip.routes.list().filter((route) => route.origin === 'ospf');
  // That network is r3's as well.
  expect(routes.map(String)).toEqual(['10.0.13.0/24 via 10.0.23.3 dev eth1 metric 110']);
  const { database } = ospfOf(r2)!.engine.areas.get(0)!;
  expect(database.list().map((lsa) => lsa.router)).not.toContain(0x0a010001);
  expect(network.pool.outstanding).toBe(0);
});

test('an address on lo is told of as a host, whatever becomes of the cables', () => {
  const network = ring();
  const r2 = network.hostNamed('r2');
  expect(r2.ip.addAddress(r2.ip.loopback.link, Prefix.parse('10.255.0.2/32')!)).toBe(0);
  network.runSync({ for: '120s' });
  const found = network
    .hostNamed('r1')
    .ip.routes.list()
    .filter((route) => route.network === 0x0aff0002);
  expect(found.map(String)).toEqual(['10.255.0.2/32 via 10.0.13.3 dev eth1 metric 110']);
});

test('a router with more networks than one packet tells: its advertisement goes in fragments', () => {
  const many = Array.from({ length: 200 }, (_, i) => `10.9.${i}.1/24`);
  const network = Network.from({
    nodes: {
      a: { kind: 'router', interfaces: { eth0: '10.0.0.1/24', eth1: { address: many } }, routing: 'ospf' },
      b: router({ eth0: '10.0.0.2/24' }),
      h: { kind: 'host', interfaces: { eth0: '10.9.7.9/24' } },
    },
    links: [{ endpoints: ['a:eth0', 'b:eth0'] }, { endpoints: ['a:eth1', 'h:eth0'] }],
  });
  network.runSync({ for: '70s' });
  const routes = network
    .hostNamed('b')
    .ip.routes.list()
    .filter((route) => route.origin === 'ospf');
  expect(routes.length).toBe(200);
  expect(network.pool.outstanding).toBe(0);
});

test('what cannot be meant is told', () => {
  const build = (ospf: object, interfaces: Record<string, string> = { eth0: '10.0.0.1/24' }): string => {
    try {
      Network.from({ nodes: { r: { kind: 'router', interfaces, routing: { ospf } } } });
      return 'built';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(build({})).toBe('built');
  expect(build({ areas: { 1: ['10.0.0.0/8'] }, interfaces: { eth0: { hello: 2, cost: 9 } } })).toBe('built');
  expect(build({ areas: { 0: ['eth7'] } })).toBe('r: routing: ospf: there is no interface eth7; there are eth0');
  expect(build({ areas: { '1.2': [] } })).toMatch(/"1.2" is no area: a number such as 0/);
  expect(build({ areas: { 0: { stub: true } } })).toMatch(/area 0 is the backbone, which cannot be a stub area/);
  expect(build({ routerId: '0.0.0.0' })).toMatch(/routerId: "0.0.0.0" is not a dotted quad/);
  expect(build({ hello: '1500ms' })).toMatch(/hello, in seconds: 1.5 is not a whole number/);
  expect(build({ hello: 10, dead: 10 })).toMatch(/dead 10 s has to be longer than hello 10 s/);
  expect(build({ interfaces: { eth0: { cost: 0 } } })).toMatch(/eth0: cost: 0 is not a whole number from 1 to 65535/);
  expect(build({ redistribute: ['bgp'] })).toMatch(/"bgp" is no kind of route; there are connected, static, rip, dhcp/);
  expect(build({ authentication: { password: 'far too long' } })).toMatch(/a secret has 1 to 8 bytes, this one 12/);
  expect(build({}, {})).toMatch(/there is no IPv4 address to be the router ID; say routerId/);
});
