import { expect, test } from 'vitest';
import { FlowHash } from './flow-key.ts';
import { IpInterface } from './ip-interface.ts';
import { Route, RouteOrigin, RoutingTable } from './routes.ts';
import { FakeLink, ip } from './testing/fake-link.ts';

const HASH = new FlowHash(Uint32Array.of(1, 2, 3, 4));

function interfaces(count: number): IpInterface[] {
  return Array.from(
    { length: count },
    (_, i) => new IpInterface(i + 2, new FakeLink(`eth${i}`, `02:00:00:00:01:0${i}`), false),
  );
}

function over(on: readonly IpInterface[], weights: readonly number[], to = '10.9.0.0', metric = 0): Route {
  const ways = on.map((each, i) => ({ interface: each, gateway: 0x0a000001 + i, weight: weights[i]! }));
  return Route.over(ip(to).v4, 16, ways, metric, 0, RouteOrigin.Ospf);
}

/** The way of each of many flows, by its interface's place. */
function ways(route: Route, on: readonly IpInterface[], flows = 20_000): number[] {
  const counts = on.map(() => 0);
  for (let i = 0; i < flows; i++) {
    const hop = route.pick(HASH.of(0x0a000000 + (i & 255), 0x0a090001, 6, (40_000 + i) * 65_536 + 80));
    counts[on.indexOf(hop.interface!)]!++;
  }
  return counts;
}

test('flows are spread by weight, and each keeps its way', () => {
  const on = interfaces(4);
  for (const weights of [
    [1, 1, 1, 1],
    [3, 1, 2, 2],
    [256, 1, 1, 256],
  ]) {
    const route = over(on, weights);
    const sum = weights.reduce((a, b) => a + b);
    ways(route, on).forEach((count, i) => {
      const share = (20_000 * weights[i]!) / sum;
      expect(Math.abs(count - share)).toBeLessThan(6 * Math.sqrt(share) + 1);
    });
    for (let i = 0; i < 100; i++) {
      const hash = HASH.of(i, 2, 17, 3);
      expect(route.pick(hash)).toBe(route.pick(HASH.of(i, 2, 17, 3)));
    }
  }
});

test('the other ways take over what a dead one had, and most flows stay where they were', () => {
  const on = interfaces(4);
  const table = new RoutingTable(10);
  const route = over(on, [1, 1, 1, 1]);
  table.append(route);
  const before = Array.from({ length: 4000 }, (_, i) => route.pick(HASH.of(i, 7, 6, 9)).interface!);
  on[1]!.up = false;
  table.interfaceChanged(on[1]!);
  expect(ways(route, on)[1]).toBe(0);
  const stayed = before.filter((each, i) => route.pick(HASH.of(i, 7, 6, 9)).interface === each).length;
  expect(stayed).toBeGreaterThan(1800); // RFC 2992 3: a quarter to a half is disturbed
  for (const each of on) each.up = false;
  for (const each of on) table.interfaceChanged(each);
  expect(table.lookup(ip('10.9.1.1').v4)).toBe(null);
  expect(table.list()).toEqual([route]);
  on[2]!.up = true;
  table.interfaceChanged(on[2]!);
  expect(table.lookup(ip('10.9.1.1').v4)).toBe(route);
  expect(route.interface).toBe(on[2]);
  table.removeInterface(on[2]!);
  table.removeInterface(on[3]!);
  expect(table.list()[0]!.hops!.all).toHaveLength(2);
});

test('replaceAll keeps what is the same, in one step; of other origins nothing changes', () => {
  const on = interfaces(2);
  const table = new RoutingTable(4);
  table.append(new Route(ip('10.9.0.0').v4, 16, 0, on[0]!));
  const first = [over(on, [1, 1], '10.1.0.0', 110), over(on, [1, 2], '10.2.0.0', 110)];
  expect(table.replaceAll(RouteOrigin.Ospf, first)).toBe(0);
  const { generation } = table;
  expect(
    table.replaceAll(RouteOrigin.Ospf, [over(on, [1, 1], '10.1.0.0', 110), over(on, [1, 2], '10.2.0.0', 110)]),
  ).toBe(0);
  expect(table.generation).toBe(generation);
  expect(table.lookup(ip('10.1.0.1').v4)).toBe(first[0]);
  const third = over(on, [1, 1], '10.3.0.0', 110);
  expect(table.replaceAll(RouteOrigin.Ospf, [third, over(on, [1, 2], '10.2.0.0', 110)])).toBe(0);
  expect(table.generation).toBe(generation + 1);
  expect(table.lookup(ip('10.1.0.1').v4)).toBe(null);
  expect(table.lookup(ip('10.2.0.1').v4)).toBe(first[1]);
  const many = ['10.1.0.0', '10.2.0.0', '10.3.0.0', '10.4.0.0'].map((to) => over(on, [1, 1], to, 110));
  expect(table.replaceAll(RouteOrigin.Ospf, many)).toBe(-105); // ENOBUFS: the table has room for four
  expect(table.size).toBe(4);
  expect(table.replaceAll(RouteOrigin.Ospf, [])).toBe(0);
  expect(table.list().map(String)).toEqual(['10.9.0.0/16 dev eth0']);
});
