import { expect, test } from 'vitest';
import { formatIpv4 } from '../base/ip-address.ts';
import { Random } from '../base/random.ts';
import type { LinkDescription, RouterDescription } from './description.ts';
import { Network } from './network.ts';

/** A link between two routers. */
interface Edge {
  readonly network: string;
  readonly ends: readonly { router: string; address: string }[];
  readonly name: string;
}

/** The description of a fat-tree of 5/4 k^2 switches, all of which are routers with OSPF, and the graph apart from it. */
function fatTree(k: number) {
  const half = k / 2;
  const routers: Record<string, RouterDescription> = {};
  const edges: Edge[] = [];
  const links: LinkDescription[] = [];
  const router = (name: string): void => {
    routers[name] = { kind: 'router', interfaces: {}, routing: { ospf: { network: 'point-to-point' } } };
  };
  const connect = (a: string, b: string): void => {
    const prefix = `10.${edges.length >> 8}.${edges.length & 255}`;
    const ends = [a, b].map((name, i) => {
      const own = routers[name].interfaces!;
      const port = `eth${Object.keys(own).length}`;
      own[port] = `${prefix}.${i + 1}/24`;
      return { router: name, address: `${prefix}.${i + 1}`, port };
    });
    const name = `${a}-${b}`;
    edges.push({ network: `${prefix}.0/24`, ends, name });
    links.push({ endpoints: [`${a}:${ends[0].port}`, `${b}:${ends[1].port}`], name });
  };
  for (let i = 0; i < half * half; i++) router(`core${i}`);
  for (let pod = 0; pod < k; pod++) {
    for (let i = 0; i < half; i++) {
      router(`agg${pod}-${i}`);
      for (let j = 0; j < half; j++) connect(`core${i * half + j}`, `agg${pod}-${i}`);
    }
    for (let i = 0; i < half; i++) {
      router(`edge${pod}-${i}`);
      for (let j = 0; j < half; j++) connect(`agg${pod}-${j}`, `edge${pod}-${i}`);
    }
  }
  return { routers, edges, links };
}

/** Distances by breadth-first search, next hops from them: nothing of this knows OSPF. Every link costs 1. */
function tables(names: readonly string[], edges: readonly Edge[]): Map<string, string[]> {
  const around = new Map<string, { to: string; via: string }[]>(names.map((name) => [name, []]));
  for (const { ends } of edges) {
    around.get(ends[0].router)!.push({ to: ends[1].router, via: ends[1].address });
    around.get(ends[1].router)!.push({ to: ends[0].router, via: ends[0].address });
  }
  const distances = new Map<string, Map<string, number>>();
  for (const from of names) {
    const found = new Map([[from, 0]]);
    const queue = [from];
    for (const at of queue) {
      for (const { to } of around.get(at)!) {
        if (found.has(to)) continue;
        found.set(to, found.get(at)! + 1);
        queue.push(to);
      }
    }
    distances.set(from, found);
  }
  const distance = (from: string, edge: Edge): number =>
    1 + Math.min(...edge.ends.map(({ router }) => distances.get(from)!.get(router) ?? Infinity));
  return new Map(
    names.map((name) => {
      const lines: string[] = [];
      for (const edge of edges) {
        if (edge.ends.some((end) => end.router === name)) continue;
        const best = distance(name, edge);
        const via = around.get(name)!.filter(({ to }) => distance(to, edge) === best - 1);
        lines.push(
          `${edge.network} via ${via
            .map((each) => each.via)
            .sort()
            .join(', ')}`,
        );
      }
      return [name, lines.sort()];
    }),
  );
}

/** What the routers forward by. */
function forwarding(network: Network, names: readonly string[]): Map<string, string[]> {
  return new Map(
    names.map((name) => {
      const routes = network
        .hostNamed(name)
        .ip.routes.list()
        .filter((route) => route.origin === 'ospf');
      const lines = routes.map((route) => {
        const hops = route.hops === null ? [route] : route.hops.alive;
        const via = hops.map((hop) => formatIpv4(hop.gateway)).sort();
        return `${route.prefix} via ${via.join(', ')}`;
      });
      return [name, lines.sort()];
    }),
  );
}

test('80 routers in a fat-tree, on cables: all forwarding tables are those of a search of the graph, through a cut and after it', () => {
  const { routers, edges, links } = fatTree(8);
  const names = Object.keys(routers);
  expect(names.length).toBe(80);
  const cut = edges[Random.from('a cut').below(edges.length)];
  const network = Network.from({
    nodes: routers,
    links,
    faults: [{ at: '50s', for: '50s', link: cut.name, down: true }],
  });
  network.runSync({ for: '49s' });
  const whole = tables(names, edges);
  const ways = new Set([...whole.values()].flat().map((line) => line.split(',').length));
  expect([...ways].sort()).toEqual([1, 4]);
  expect(forwarding(network, names)).toEqual(whole);
  network.runSync({ for: '5s' });
  expect(forwarding(network, names)).toEqual(
    tables(
      names,
      edges.filter((edge) => edge !== cut),
    ),
  );
  network.runSync({ for: '70s' });
  expect(forwarding(network, names)).toEqual(whole);
}, 60_000);
