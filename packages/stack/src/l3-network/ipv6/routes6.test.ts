import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Errno } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { Prefix } from '../../base/prefix.ts';
import { Random } from '../../base/random.ts';
import { testNode } from '../../testing/test-node.ts';
import { IpInterface } from '../ip-interface.ts';
import { RouteType } from '../routes.ts';
import { FakeLink, ip, prefix } from '../testing/fake-link.ts';
import { PrefixTrie6 } from './prefix-trie6.ts';
import { Route6, RoutingTable6 } from './routes6.ts';

const eth0 = new IpInterface(2, new FakeLink('eth0', '02:00:00:00:00:0a'), false);
const eth1 = new IpInterface(3, new FakeLink('eth1', '02:00:00:00:00:0b'), false);

function randomPrefix(random: Random): Prefix {
  const top = [0x20010db8, 0xfe800000, random.u32()][random.below(3)]!;
  const few = () => (random.below(3) === 0 ? random.u32() : random.below(4) << (random.below(8) * 4));
  return new Prefix(IpAddress.v6(top, few(), few(), few()), random.below(129));
}

describe('the trie', () => {
  it('answers as a search through all prefixes does, while they come and go', () => {
    const random = Random.from(3);
    const trie = new PrefixTrie6();
    const names = new Map<string, [Prefix, number]>();
    for (let step = 0; step < 6000; step++) {
      const one = randomPrefix(random);
      const { network, length } = one;
      const key = `${network}/${length}`;
      const known = names.get(key);
      expect(trie.find(network.w0, network.w1, network.w2, network.w3, length)).toBe(known?.[1] ?? 0);
      if (known !== undefined || random.below(3) === 0) {
        const victim = known === undefined ? [...names.keys()][random.below(Math.max(names.size, 1))] : key;
        if (victim !== undefined) {
          trie.remove(names.get(victim)![1]);
          names.delete(victim);
        }
      } else {
        names.set(key, [one, trie.insert(network.w0, network.w1, network.w2, network.w3, length)]);
      }
      expect(trie.size).toBe(names.size);
      const base =
        names.size > 0 && step % 2 === 0
          ? [...names.values()][random.below(names.size)]![0].network
          : randomPrefix(random).address;
      const asked = IpAddress.v6(
        base.w0,
        base.w1,
        base.w2 ^ random.below(2),
        base.w3 ^ (random.below(4) === 0 ? random.u32() : 0),
      );
      let best: [Prefix, number] | null = null;
      for (const each of names.values()) {
        if (each[0].contains(asked) && (best === null || each[0].length > best[0].length)) best = each;
      }
      expect(trie.lookup(asked.w0, asked.w1, asked.w2, asked.w3)).toBe(best?.[1] ?? 0);
    }
    for (const [, name] of names.values()) trie.remove(name);
    expect(trie.lookup(0x20010db8, 0, 0, 0)).toBe(0);
  });
});

describe('the routing table', () => {
  const table = () => new RoutingTable6(testNode().queue, 100);
  const route = (to: string, more: ConstructorParameters<typeof Route6>[1] = {}) =>
    new Route6(prefix(to), { interface: eth0, ...more });

  it('longest prefix, then lowest metric', () => {
    const routes = table();
    const all = [
      route('::/0'),
      route('2001:db8::/32', { metric: 5 }),
      route('2001:db8::/32', { metric: 1 }),
      route('2001:db8:1::/48'),
    ];
    for (const each of all) expect(routes.add(each)).toBe(0);
    expect(routes.add(route('2001:db8::/32', { metric: 1 }))).toBe(-Errno.EEXIST);
    expect(routes.lookup(ip('2001:db8:1::9'))).toBe(all[3]);
    expect(routes.lookup(ip('2001:db8:2::9'))).toBe(all[2]);
    expect(routes.lookup(ip('fd00::1'))).toBe(all[0]);
    expect(routes.remove(all[2]!)).toBe(true);
    expect(routes.remove(all[2]!)).toBe(false);
    expect(routes.lookup(ip('2001:db8:2::9'))).toBe(all[1]);
    expect(routes.list().map(String)).toEqual([
      'default dev eth0',
      '2001:db8::/32 dev eth0 metric 5',
      '2001:db8:1::/48 dev eth0',
    ]);
  });

  it('a route whose time is over is taken out by who meets it', () => {
    const world = testNode();
    const routes = new RoutingTable6(world.queue, 100);
    routes.add(route('::/0', { gateway: ip('fe80::1'), origin: 'ra', expiresAt: 10e9 }));
    routes.add(route('::/0', { gateway: ip('fe80::2'), origin: 'ra', metric: 9 }));
    const before = routes.generation;
    expect(`${routes.lookup(ip('fd00::1'))}`).toBe('default via fe80::1 dev eth0 proto ra');
    world.queue.runUntil(10e9);
    expect(`${routes.lookup(ip('fd00::1'))}`).toBe('default via fe80::2 dev eth0 proto ra metric 9');
    expect(routes.size).toBe(1);
    expect(routes.generation).toBeGreaterThan(before);
  });

  it('by an interface; with an interface that is down; up to the limit', () => {
    const routes = table();
    routes.append(route('fe80::/64'));
    routes.append(route('fe80::/64', { interface: eth1 }));
    const own = route('fe80::5/128', { type: RouteType.Local });
    routes.append(own);
    expect(routes.lookup(ip('fe80::1'))!.interface).toBe(eth0);
    expect(routes.lookupOn(ip('fe80::1'), eth1)!.interface).toBe(eth1);
    eth0.up = false;
    routes.interfaceChanged(eth0);
    expect(routes.lookup(ip('fe80::1'))!.interface).toBe(eth1);
    expect(routes.lookup(ip('fe80::5'))).toBe(own);
    eth0.up = true;
    routes.interfaceChanged(eth0);
    expect(routes.lookupOn(ip('fe80::1'), eth0)!.interface).toBe(eth0);
    for (let i = 3; i < 100; i++) expect(routes.append(route(`2001:db8:${i}::/48`))).toBe(0);
    expect(routes.append(route('2001:db8:500::/48'))).toBe(-Errno.ENOBUFS);
    routes.removeWhere(({ type }) => type === RouteType.Unicast);
    expect(routes.size).toBe(1);
  });

  it('answers as a search through all routes does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 128 }), fc.integer({ min: 0, max: 15 })), { maxLength: 40 }),
        (wanted) => {
          const routes = table();
          const all = wanted.map(([length, bits]) =>
            route(`${IpAddress.v6(0x20010db8, bits << 28, bits, bits)}/${length}`),
          );
          for (const each of all) routes.append(each);
          for (let bits = 0; bits < 16; bits++) {
            const asked = IpAddress.v6(0x20010db8, bits << 28, bits, bits ^ 1);
            const fitting = all.filter((each) => each.prefix.contains(asked)).sort((a, b) => b.length - a.length);
            expect(routes.lookup(asked)?.length).toBe(fitting[0]?.length);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
