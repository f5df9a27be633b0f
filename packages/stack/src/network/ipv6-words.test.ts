import { describe, expect, it } from 'vitest';
import type { InterfaceDescription, NetworkDescription } from './description.ts';
import { Network } from './network.ts';

/** Two routers with hosts behind them; none of the hosts is given anything. */
function campus(more: Partial<NetworkDescription> = {}): NetworkDescription {
  return {
    ipv6: true,
    nodes: {
      alice: { kind: 'host', interfaces: { eth0: {} } },
      bob: { kind: 'host', interfaces: { eth0: {} } },
      r1: {
        kind: 'router',
        interfaces: {
          eth0: {
            address: '2001:db8:1::1/64',
            advertise: { interval: '10s', dns: '2001:db8:2::53', search: ['lab.test'], preference: 'high' },
          },
          eth1: { address: '2001:db8:12::1/64' },
        },
        routes: [{ to: '2001:db8:2::/64', via: '2001:db8:12::2' }],
      },
      r2: {
        kind: 'router',
        interfaces: {
          eth0: { address: '2001:db8:2::1/64', advertise: true },
          eth1: { address: '2001:db8:12::2/64' },
        },
        routes: [{ to: '2001:db8:1::/64', via: '2001:db8:12::1' }],
      },
    },
    links: [
      { endpoints: ['alice:eth0', 'r1:eth0'] },
      { endpoints: ['bob:eth0', 'r2:eth0'] },
      { endpoints: ['r1:eth1', 'r2:eth1'] },
    ],
    ...more,
  };
}

function addressesOf(network: Network, host: string): string[] {
  return network
    .hostNamed(host)
    .ip6.interfaces()
    .flatMap((on) => on.addresses.map(String));
}

describe('A network whose hosts configure themselves', () => {
  it('has addresses, default routes and name servers after some seconds', () => {
    const network = Network.from(campus());
    network.runSync({ until: () => !network.settling });
    expect(network.now).toBeGreaterThan(1e9);
    expect(network.now).toBeLessThan(8e9);
    const alice = network.hostNamed('alice');
    expect(addressesOf(network, 'alice')[2]).toMatch(/^2001:db8:1:.* preferred slaac$/);
    expect(addressesOf(network, 'bob')[2]).toMatch(/^2001:db8:2:.* preferred slaac$/);
    expect(alice.nameServers.servers.map(String)).toEqual(['2001:db8:2::53']);
    expect(alice.nameServers.domains).toEqual(['lab.test']);
    expect(alice.addresses().map(String)).toHaveLength(1);
    expect(network.pool.outstanding).toBe(0);
  });

  it('is the same in every run of one seed', () => {
    const runs = [1, 2].map(() => {
      const network = Network.from(campus(), { fingerprint: true });
      network.runSync({ for: '60s' });
      return `${network.fingerprint?.value} ${addressesOf(network, 'alice')}`;
    });
    expect(runs[0]).toBe(runs[1]);
  });

  it('finds its way again when a cable was out', () => {
    const network = Network.from(
      campus({ faults: [{ at: '20s', for: '10s', link: 'alice:eth0-r1:eth0', down: true }] }),
    );
    network.runSync({ for: '60s' });
    expect(addressesOf(network, 'alice')[2]).toContain('preferred');
    expect(
      network
        .hostNamed('alice')
        .ip6.routes.list()
        .some((route) => route.length === 0),
    ).toBe(true);
  });

  it('says goodbye: hosts have no default router any more', () => {
    const network = Network.from(campus());
    network.runSync({ for: '8s' });
    network.farewell();
    const routes = network.hostNamed('alice').ip6.routes.list();
    expect(routes.some((route) => route.length === 0)).toBe(false);
    expect(network.pool.outstanding).toBe(0);
  });

  it('a hundred of them on one link have a hundred addresses, all different', () => {
    const nodes: NetworkDescription['nodes'] = {
      sw: { kind: 'switch', ports: 101 },
      r: { kind: 'router', interfaces: { eth0: { address: '2001:db8:1::1/64', advertise: true } } },
    };
    for (let i = 0; i < 100; i++) nodes[`h${i}`] = { kind: 'host', interfaces: { eth0: {} } };
    const links = Object.keys(nodes)
      .filter((name) => name !== 'sw')
      .map((name) => ({ endpoints: [name, 'sw'] as [string, string] }));
    const network = Network.from({ ipv6: true, nodes, links });
    network.runSync({ for: '15s' });
    const all = Array.from({ length: 100 }, (_, i) => addressesOf(network, `h${i}`)[2]);
    expect(new Set(all).size).toBe(100);
    for (const each of all) expect(each).toMatch(/^2001:db8:1:.* preferred slaac$/);
    expect(network.pool.outstanding).toBe(0);
  });

  it('is silent when nobody asked for IPv6: nothing is sent, nothing is left to happen', () => {
    const network = new Network();
    for (const name of ['a', 'b']) network.host(name, { interfaces: { eth0: {} } });
    network.link(['a:eth0', 'b:eth0']);
    expect(network.runSync()).toBe('idle');
    expect(network.now).toBe(0);
    expect(addressesOf(network, 'a')).toEqual(['::1/128 preferred loopback']);
  });
});

describe('The words', () => {
  const speaks = (words: { network?: boolean; node?: boolean; on?: boolean }): boolean => {
    const eth0: InterfaceDescription = words.on === undefined ? {} : { ipv6: words.on };
    const host = {
      kind: 'host' as const,
      interfaces: { eth0 },
      ...(words.node === undefined ? {} : { ipv6: words.node }),
    };
    const network = Network.from({
      nodes: { a: host },
      ...(words.network === undefined ? {} : { ipv6: words.network }),
    });
    return network.hostNamed('a').ip.interfaceNamed('eth0')!.v6 !== null;
  };

  it.each([
    [{}, false],
    [{ network: true }, true],
    [{ node: true }, true],
    [{ on: true }, true],
    [{ network: true, node: false }, false],
    [{ network: true, on: false }, false],
    [{ node: false, on: true }, true],
    [{ network: false, node: true }, true],
  ])('%j', (words, expected) => expect(speaks(words)).toBe(expected));

  const router = (eth0: InterfaceDescription) => () => new Network().router('r', { interfaces: { eth0 } });

  it.each<[string, InterfaceDescription]>([
    ['r:eth0: "ipv6: false", and it has an IPv6 address', { ipv6: false, address: '2001:db8::1/64' }],
    [
      'r:eth0: an MTU of 1000 is too small for IPv6, which needs 1280 (RFC 8200 5)',
      { mtu: 1000, address: '2001:db8::1/64' },
    ],
    ['r:eth0: "ipv6: false", and it advertises', { ipv6: false, advertise: true }],
    [
      'r:eth0: advertise: "10.0.0.0/8" is no IPv6 network such as 2001:db8:1::/64',
      { advertise: { prefixes: ['10.0.0.0/8'] } },
    ],
    [
      'r:eth0: advertise: "2001:db8::1/64" has bits set behind its prefix; the network is 2001:db8::/64',
      { advertise: { prefixes: ['2001:db8::1/64'] } },
    ],
    ['r:eth0: advertise: interval: 1s is not from 3s to 1800s', { advertise: { interval: '1s' } }],
    ['r:eth0: advertise: lifetime: 3h is not from 0s to 9000s', { advertise: { lifetime: '3h' } }],
    ['r:eth0: advertise: "10.0.0.1" is no IPv6 address of a server', { advertise: { dns: '10.0.0.1' } }],
    ['r:eth0: advertise: "no domain" is no domain such as campus.test', { advertise: { search: ['no domain'] } }],
    ['r:eth0: advertise: mtu: 1000 is not a whole number from 1280 to 65535', { advertise: { mtu: 1000 } }],
    [
      'r:eth0: advertise: 2001:db8::/64 is preferred for longer than it is valid',
      { advertise: { prefixes: [{ prefix: '2001:db8::/64', valid: '1h', preferred: '2h' }] } },
    ],
  ])('%s', (message, eth0) => expect(router(eth0)).toThrow(message));

  it('of a file leave out interfaces whose MTU is too small', () => {
    const network = Network.from({ ipv6: true, nodes: { a: { kind: 'host', interfaces: { eth0: { mtu: 1000 } } } } });
    expect(network.hostNamed('a').ip.interfaceNamed('eth0')!.v6).toBeNull();
  });

  it('advertise is a word of routers', () => {
    const host = () => new Network().host('a', { interfaces: { eth0: { advertise: true } } });
    expect(host).toThrow('a:eth0: a host does not advertise; make it a router');
  });
});
