import fc from 'fast-check';
import { expect, test } from 'vitest';
import { testNode } from '../testing/test-node.ts';
import { FlowKey } from './flow-key.ts';
import { IpInterface } from './ip-interface.ts';
import { maskTo } from './prefix-trie.ts';
import { Route, RouteType } from './routes.ts';
import { RoutingPolicy } from './routing-policy.ts';
import { RuleAction, type RuleOptions, Table } from './rules.ts';
import { FakeLink, ip } from './testing/fake-link.ts';

const NAMES = ['lo', 'eth0', 'eth1'];

function policy(limits = {}): { policy: RoutingPolicy; interfaces: IpInterface[] } {
  const interfaces = NAMES.map(
    (name, i) => new IpInterface(i + 1, new FakeLink(name, `02:00:00:00:00:0${i}`), i === 0),
  );
  return { policy: new RoutingPolicy(testNode('host', limits).node, interfaces), interfaces };
}

// Few values, so that rules fit often.
const address = fc
  .tuple(fc.constantFrom(0x0a000000, 0x0a010000, 0xc0a80000), fc.integer({ min: 0, max: 7 }))
  .map(([high, low]) => high + low);
const prefix = fc
  .tuple(address, fc.constantFrom(0, 8, 16, 30, 31, 32))
  .map(([network, length]) => ({ network: maskTo(network, length), length }));
const ports = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 3 }))
  .map(([first, more]) => ({ first, last: first + more }));
const rule: fc.Arbitrary<RuleOptions> = fc.record(
  {
    priority: fc.integer({ min: 1, max: 32_770 }),
    from: prefix,
    to: prefix,
    inputInterface: fc.constantFrom('lo', 'eth0', 'eth1', 'eth9'),
    tos: fc.constantFrom(0, 8, 16),
    protocol: fc.constantFrom(1, 6, 17),
    sourcePorts: ports,
    destinationPorts: ports,
    not: fc.boolean(),
    action: fc.constantFrom(RuleAction.Lookup, RuleAction.Lookup, RuleAction.Blackhole, RuleAction.Prohibit),
    table: fc.constantFrom(100, 200, Table.Main, Table.Default),
    suppressPrefixLength: fc.constantFrom(0, 8, 16),
  },
  { requiredKeys: ['priority'] },
);
const route = fc.record({ table: fc.constantFrom(100, 200, Table.Main, Table.Default), to: prefix });
const packet = fc.record({
  source: address,
  destination: address,
  protocol: fc.constantFrom(1, 6, 17),
  tos: fc.constantFrom(0, 8, 16),
  input: fc.integer({ min: 1, max: 3 }),
  sourcePort: fc.integer({ min: 0, max: 8 }),
  destinationPort: fc.integer({ min: 0, max: 8 }),
});
type Packet = typeof packet extends fc.Arbitrary<infer P> ? P : never;

/** What ip-rule(8) says, as plainly as it can be put. */
function naive(rules: readonly RuleOptions[], routes: readonly Route[][], packet: Packet): string {
  const all: RuleOptions[] = [
    ...rules,
    { priority: 32_766, table: Table.Main },
    { priority: 32_767, table: Table.Default },
  ];
  const order = all.map((each, i) => ({ each, i: i < rules.length ? i : i - 10_000 }));
  order.sort((a, b) => a.each.priority! - b.each.priority! || a.i - b.i);
  const inside = (value: number, to?: { network: number; length: number }): boolean =>
    to === undefined || maskTo(value, to.length) === to.network;
  const between = (value: number, range?: { first: number; last: number }): boolean =>
    range === undefined || (value >= range.first && value <= range.last);
  for (const { each } of order) {
    const fits =
      inside(packet.source, each.from) &&
      inside(packet.destination, each.to) &&
      (each.inputInterface === undefined || NAMES.indexOf(each.inputInterface) + 1 === packet.input) &&
      (!each.tos || each.tos === packet.tos) &&
      (each.protocol === undefined || each.protocol === packet.protocol) &&
      between(packet.sourcePort, each.sourcePorts) &&
      between(packet.destinationPort, each.destinationPorts);
    if (fits === (each.not === true)) continue;
    if (each.action === RuleAction.Blackhole) return 'blackhole default';
    if (each.action === RuleAction.Prohibit) return 'prohibit default';
    const found = (routes[each.table ?? Table.Main] ?? [])
      .filter((one) => inside(packet.destination, one))
      .sort((a, b) => b.length - a.length)[0];
    if (found !== undefined && found.length > (each.suppressPrefixLength ?? -1)) return `${found}`;
  }
  return 'none';
}

test('rules say what a plain reading of them says', () => {
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 8 }),
      fc.array(route, { maxLength: 12 }),
      fc.array(packet, { minLength: 1, maxLength: 20 }),
      (rules, wanted, packets) => {
        const { policy: ours, interfaces } = policy();
        const accepted = rules.filter((options) => ours.addRule(options) === 0);
        const routes: Route[][] = [];
        for (const { table, to } of wanted) {
          const made = new Route(to.network, to.length, RouteType.Unicast, interfaces[1]!, table);
          const there = ours.obtainTable(table);
          if (typeof there === 'number' || there.add(made) !== 0) continue;
          (routes[table] ??= []).push(made);
        }
        const key = new FlowKey();
        for (const each of packets) {
          Object.assign(key, each, { ports: ((each.sourcePort << 16) | each.destinationPort) >>> 0, output: 0 });
          expect(String(ours.lookup(key) ?? 'none')).toBe(naive(accepted, routes, each));
        }
      },
    ),
    { numRuns: 1500 },
  );
});

test('without rules of its own a host is plain; with one it is not', () => {
  const { policy: ours } = policy();
  expect(ours.plain).toBe(true);
  expect(ours.addRule({ from: { network: ip('10.0.0.0').v4, length: 8 }, table: 100 })).toBe(0);
  expect(ours.plain).toBe(false);
  expect(ours.list().map((each) => `${each.priority}: ${each}`)).toEqual([
    '0: from all lookup local',
    '32765: from 10.0.0.0/8 lookup 100',
    '32766: from all lookup main',
    '32767: from all lookup default',
  ]);
  expect(ours.addRule({ from: { network: ip('10.0.0.0').v4, length: 8 }, table: 100, priority: 32_765 })).toBe(-17); // EEXIST
  expect(ours.removeRule(ours.list()[0]!)).toBe(-1); // EPERM
  expect(ours.removeRule(ours.list()[1]!)).toBe(0);
  expect(ours.plain).toBe(true);
});

test('rules and tables are limited', () => {
  const { policy: ours } = policy({ routingRules: 5, routingTables: 3, routes: 2 });
  expect(ours.addRule({ table: 1 })).toBe(0);
  expect(ours.addRule({ table: 2 })).toBe(0);
  expect(ours.addRule({ table: 3 })).toBe(-105); // ENOBUFS
  const table = ours.obtainTable(1);
  if (typeof table === 'number') throw new Error('no table');
  expect(typeof ours.obtainTable(2)).toBe('object');
  expect(ours.obtainTable(3)).toBe(-105);
  const out = new IpInterface(9, new FakeLink('eth9', '02:00:00:00:00:09'), false);
  expect(table.add(new Route(1 << 24, 8, RouteType.Unicast, out))).toBe(0);
  expect(ours.main.add(new Route(2 << 24, 8, RouteType.Unicast, out))).toBe(0);
  expect(ours.main.add(new Route(3 << 24, 8, RouteType.Unicast, out))).toBe(-105);
});
