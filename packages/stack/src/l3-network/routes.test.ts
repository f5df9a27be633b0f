import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IpInterface } from './ip-interface.ts';
import { maskTo, PrefixTrie } from './prefix-trie.ts';
import { Route, RouteType, RoutingTable } from './routes.ts';
import { FakeLink, ip, prefix } from './testing/fake-link.ts';

interface Plain {
  network: number;
  length: number;
}

/** Addresses that share many bits, so that prefixes nest. */
const address = fc
  .tuple(fc.constantFrom(0x0a000000, 0x0a0a0000, 0xc0a80000, 0xffffff00, 0), fc.integer({ min: 0, max: 0xffff }))
  .map(([high, low]) => (high ^ low) >>> 0);
const anyPrefix = fc
  .tuple(address, fc.integer({ min: 0, max: 32 }))
  .map(([network, length]) => ({ network: maskTo(network, length), length }));

function linear(prefixes: readonly Plain[], wanted: number): Plain | null {
  let best: Plain | null = null;
  for (const each of prefixes) {
    if (maskTo(wanted, each.length) === each.network && (best === null || each.length > best.length)) best = each;
  }
  return best;
}

test('the trie finds what a linear search finds, through insertions and removals', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), anyPrefix), { minLength: 1, maxLength: 80 }),
      fc.array(address, { minLength: 1, maxLength: 30 }),
      (steps, wanted) => {
        const trie = new PrefixTrie();
        let known: Plain[] = [];
        for (const [add, { network, length }] of steps) {
          const name = trie.find(network, length);
          const there = known.some((each) => each.network === network && each.length === length);
          expect(name !== 0).toBe(there);
          if (there) {
            if (add) continue;
            trie.remove(name);
            known = known.filter((each) => each.network !== network || each.length !== length);
          } else {
            trie.insert(network, length);
            known.push({ network, length });
          }
          for (const one of wanted) {
            const found = trie.lookup(one);
            const best = linear(known, one);
            if (best === null) expect(found).toBe(0);
            else expect([trie.network(found), trie.length(found)]).toEqual([best.network, best.length]);
          }
        }
        expect(trie.size).toBe(known.length);
        for (const { network, length } of known) trie.remove(trie.find(network, length));
        expect(trie.size).toBe(0);
        for (const one of wanted) expect(trie.lookup(one)).toBe(0);
      },
    ),
    { numRuns: 300 },
  );
});

test('many prefixes: 20,000 in and out again, in another order', () => {
  const trie = new PrefixTrie();
  const names = new Map<number, number>();
  let seed = 1;
  const draw = (): number => {
    seed = Math.imul(seed, 1103515245) + 12345;
    return seed >>> 0;
  };
  while (names.size < 20_000) {
    const network = maskTo(draw() ^ (draw() >>> 16), 24);
    if (trie.find(network, 24) === 0) names.set(network, trie.insert(network, 24));
  }
  let found = 0;
  for (const [network, name] of names) if (trie.lookup(network + 77) === name) found++;
  expect(found).toBe(20_000);
  const order = [...names.keys()].sort((a, b) => ((a * 2654435761) % 4096) - ((b * 2654435761) % 4096));
  for (const network of order) {
    trie.remove(trie.find(network, 24));
    if (trie.lookup(network) !== 0) found--;
  }
  expect(found).toBe(20_000);
  expect(trie.size).toBe(0);
});

test('a large table under churn finds the longest prefix, as a search by length does', () => {
  const trie = new PrefixTrie();
  const known = new Map<number, number>();
  let seed = 7;
  const draw = (): number => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return seed >>> 0;
  };
  const near = (): number => (draw() & 0x0f3f7fff) >>> 0; // few bits, so that prefixes nest
  const keys: number[] = [];
  for (let step = 0; step < 40_000; step++) {
    if (step < 25_000 || draw() % 3 === 0) {
      const length = draw() % 33;
      const network = maskTo(near(), length);
      const key = network * 64 + length;
      if (known.has(key)) continue;
      known.set(key, trie.insert(network, length));
      keys.push(key);
    } else {
      const place = draw() % keys.length;
      const key = keys[place]!;
      keys[place] = keys.at(-1)!;
      keys.pop();
      trie.remove(known.get(key)!);
      known.delete(key);
    }
  }
  expect(trie.size).toBe(known.size);
  expect(trie.size).toBeGreaterThan(5000); // of the large shape
  for (let i = 0; i < 20_000; i++) {
    const wanted = near();
    let best = 0;
    for (let length = 32; length >= 0 && best === 0; length--)
      best = known.get(maskTo(wanted, length) * 64 + length) ?? 0;
    if (trie.lookup(wanted) !== best) expect([wanted, trie.lookup(wanted)]).toEqual([wanted, best]);
  }
  for (const name of known.values()) trie.remove(name);
  expect(trie.lookup(near())).toBe(0);
});

function table(limit = 100): { routes: RoutingTable; eth0: IpInterface; eth1: IpInterface } {
  const eth0 = new IpInterface(2, new FakeLink('eth0', '02:00:00:00:00:01'), false);
  const eth1 = new IpInterface(3, new FakeLink('eth1', '02:00:00:00:00:02'), false);
  return { routes: new RoutingTable(limit), eth0, eth1 };
}

function route(to: string, out: IpInterface | null, metric = 0, type: RouteType = RouteType.Unicast, via = ''): Route {
  const { network, length } = prefix(to);
  return new Route(network.v4, length, type, out, via === '' ? 0 : ip(via).v4, metric);
}

test('the longest prefix wins, then the lowest metric', () => {
  const { routes, eth0, eth1 } = table();
  for (const each of [
    route('0.0.0.0/0', eth0, 0, RouteType.Unicast, '10.0.1.1'),
    route('10.0.0.0/8', eth1, 10),
    route('10.0.0.0/8', eth0, 5),
    route('10.2.0.0/16', null, 0, RouteType.Unreachable),
  ]) {
    expect(routes.add(each)).toBe(0);
  }
  const way = (to: string): string => `${routes.lookup(ip(to).v4)}`;
  expect(way('8.8.8.8')).toBe('default via 10.0.1.1 dev eth0');
  expect(way('10.1.1.1')).toBe('10.0.0.0/8 dev eth0 metric 5');
  expect(way('10.2.1.1')).toBe('unreachable 10.2.0.0/16');
  expect(routes.remove(routes.find(prefix('10.0.0.0/8'))!)).toBe(true);
  expect(way('10.1.1.1')).toBe('10.0.0.0/8 dev eth1 metric 10');
  expect(routes.lookupOn(ip('10.2.1.1').v4, eth0)?.toString()).toBe('default via 10.0.1.1 dev eth0');
  expect(routes.lookupOn(ip('10.2.1.1').v4, eth1)?.toString()).toBe('10.0.0.0/8 dev eth1 metric 10');
  expect(routes.list().map(String)).toEqual([
    'default via 10.0.1.1 dev eth0',
    '10.0.0.0/8 dev eth1 metric 10',
    'unreachable 10.2.0.0/16',
  ]);
});

test('the same prefix and metric is there once; the limit holds', () => {
  const { routes, eth0, eth1 } = table(2);
  expect(routes.add(route('10.0.0.0/8', eth0))).toBe(0);
  expect(routes.add(route('10.0.0.0/8', eth1))).toBe(-17); // EEXIST
  expect(routes.add(route('10.0.0.0/8', eth1, 1))).toBe(0);
  expect(routes.add(route('11.0.0.0/8', eth1))).toBe(-105); // ENOBUFS
  expect(routes.size).toBe(2);
});

test('routes sleep while their interface is down, and every change shows in the generation', () => {
  const { routes, eth0, eth1 } = table();
  routes.add(route('10.0.0.0/8', eth0));
  routes.add(route('10.0.0.0/8', eth1, 9));
  const before = routes.generation;
  eth0.up = false;
  routes.interfaceChanged(eth0);
  expect(routes.generation).toBeGreaterThan(before);
  expect(routes.lookup(ip('10.0.0.1').v4)?.interface?.name).toBe('eth1');
  expect(routes.add(route('10.0.0.0/8', eth0))).toBe(-17);
  expect(routes.list()).toHaveLength(2);
  routes.add(route('10.5.0.0/16', eth0));
  expect(routes.lookup(ip('10.5.0.1').v4)?.interface?.name).toBe('eth1');
  eth0.up = true;
  routes.interfaceChanged(eth0);
  expect(routes.lookup(ip('10.0.0.1').v4)?.interface?.name).toBe('eth0');
  expect(routes.lookup(ip('10.5.0.1').v4)?.interface?.name).toBe('eth0');
  routes.removeWhere((each) => each.interface === eth0);
  expect(routes.size).toBe(1);
});
