import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ripOf } from '../host/rip-daemon.ts';
import type { NetworkDescription } from './description.ts';
import { Network } from './network.ts';

type Edge = readonly [number, number];

/** A connected network of routers: a random tree, and some links more. Link k has the network 10.0.k.0/24. */
const topology = fc
  .tuple(fc.array(fc.nat(), { minLength: 3, maxLength: 11 }), fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 6 }))
  .map(([parents, more]) => {
    const count = parents.length + 1;
    const edges: Edge[] = parents.map((parent, i) => [i + 1, parent % (i + 1)]);
    for (const [a, b] of more) if (a % count !== b % count) edges.push([a % count, b % count]);
    return { count, edges };
  });

function describe(count: number, edges: readonly Edge[]): NetworkDescription {
  const nodes: NetworkDescription['nodes'] = {};
  for (let i = 0; i < count; i++) {
    const interfaces: Record<string, string> = {};
    edges.forEach(([a, b], k) => {
      if (a === i || b === i) interfaces[`l${k}`] = `10.0.${k}.${a === i ? 1 : 2}/24`;
    });
    nodes[`r${i}`] = { kind: 'router', interfaces, routing: 'rip' };
  }
  const links = edges.map(([a, b], k) => ({
    name: `l${k}`,
    endpoints: [`r${a}:l${k}`, `r${b}:l${k}`] as [string, string],
  }));
  return { seed: count * 100 + edges.length, nodes, links };
}

/** Hops from each router to each (Floyd and Warshall). */
function distances(count: number, edges: readonly Edge[]): number[][] {
  const far = Array.from({ length: count }, (_, i) =>
    Array.from({ length: count }, (_, j) => (i === j ? 0 : Infinity)),
  );
  for (const [a, b] of edges) {
    far[a]![b] = 1;
    far[b]![a] = 1;
  }
  for (let k = 0; k < count; k++) {
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) far[i]![j] = Math.min(far[i]![j]!, far[i]![k]! + far[k]![j]!);
    }
  }
  return far;
}

/** By router, then by link: how many hops away its network is; 16: it is not. */
function wanted(count: number, edges: readonly Edge[], cut: number): number[][] {
  const far = distances(
    count,
    edges.filter((_, k) => k !== cut),
  );
  return far.map((from) => edges.map(([a, b], k) => (k === cut ? 16 : Math.min(1 + Math.min(from[a]!, from[b]!), 16))));
}

function known(network: Network, count: number, edges: readonly Edge[]): number[][] {
  return Array.from({ length: count }, (_, i) => {
    const { table } = ripOf(network.hostNamed(`r${i}`))!.engine;
    return edges.map((_, k) => table.find(0x0a000000 + k * 256, 24)?.metric ?? 16);
  });
}

/** The routing tables lead where RIP says: hop by hop nearer. */
function leads(network: Network, count: number, edges: readonly Edge[], metrics: readonly number[][]): void {
  for (let i = 0; i < count; i++) {
    edges.forEach(([a, b], k) => {
      const route = network.hostNamed(`r${i}`).ip.routes.lookup(0x0a000000 + k * 256 + 9);
      const metric = metrics[i]![k]!;
      if (metric === 16) expect(route === null || route.origin === 'kernel').toBe(true);
      else if (metric === 1) expect(route!.gateway).toBe(0);
      else {
        const [end, side] = [(route!.gateway >>> 8) & 255, route!.gateway & 255];
        const next = edges[end]![side === 1 ? 0 : 1]!;
        expect(metrics[next]![k]).toBe(metric - 1);
      }
      expect(a).not.toBe(b);
    });
  }
}

test('random networks find the shortest ways; a cut does not count to infinity for long, and heals', () => {
  fc.assert(
    fc.property(topology, fc.nat(), ({ count, edges }, which) => {
      const cut = which % edges.length;
      const network = Network.from(describe(count, edges));
      network.fault({ at: '100s', for: '200s', link: `l${cut}`, down: true });
      network.runSync({ for: '95s' });
      const before = wanted(count, edges, -1);
      expect(known(network, count, edges)).toEqual(before);
      leads(network, count, edges, before);
      // 16 rounds of at most 5 s and a bit: who counted to infinity is there by then.
      network.runSync({ for: '95s' });
      const during = wanted(count, edges, cut);
      expect(known(network, count, edges)).toEqual(during);
      leads(network, count, edges, during);
      network.runSync({ for: '200s' });
      expect(known(network, count, edges)).toEqual(before);
    }),
    { numRuns: 40, seed: 11 },
  );
}, 60_000);
