import { expect, test } from 'vitest';
import { SECOND } from '../base/clock.ts';
import { What } from '../base/trace.ts';
import { dropsOf, expectNoLeaks } from '../testing/test-node.ts';
import { RouteType } from './routes.ts';
import { RuleAction } from './rules.ts';
import {
  bytes,
  FakeLink,
  ip,
  ipv4Packet,
  know,
  payload,
  prefix,
  type TestHost,
  testHost,
} from './testing/fake-link.ts';

/** A router: hosts behind eth0, and two ways on, by eth1 and by eth2. */
function router() {
  const host = testHost();
  const eth1 = new FakeLink('eth1', '02:00:00:00:00:1a');
  const eth2 = new FakeLink('eth2', '02:00:00:00:00:2a');
  host.ipv4.addAddress(eth1, prefix('10.0.2.1/24'));
  host.ipv4.addAddress(eth2, prefix('10.0.3.1/24'));
  host.ipv4.forwarding = true;
  know(host, '10.0.2.2', '02:00:00:00:00:12', eth1);
  know(host, '10.0.3.2', '02:00:00:00:00:22', eth2);
  return { ...host, eth1, eth2 };
}

function send(host: TestHost, from: string, to: string, ports = [1, 2], more = {}): void {
  const head = [ports[0]! >> 8, ports[0]! & 255, ports[1]! >> 8, ports[1]! & 255, 0, 28, 0, 0];
  const data = Uint8Array.from([...head, ...bytes(16)]);
  host.eth0.receive(ipv4Packet(host, { from, to, payload: data, ...more }));
}

const count = (link: FakeLink): number => link.take().length;

/** Where flows that differ in their source port went. */
function ways(world: ReturnType<typeof router>, flows: number): string {
  let text = '';
  for (let port = 1; port <= flows; port++) {
    send(world, '10.0.1.77', '10.9.0.1', [port, 80]);
    text += count(world.eth1) === 1 ? '1' : '';
    text += count(world.eth2) === 1 ? '2' : '';
  }
  return text;
}

test('a rule sends packets by another table, and refuses others', () => {
  const world = router();
  const told: string[] = [];
  world.node.trace = {
    event: (_node, _layer, what, _packet, _reason, detail) => what === What.Drop && told.push(detail),
  };
  const { ipv4, eth1, eth2 } = world;
  ipv4.addRoute(prefix('10.9.0.0/16'), { via: ip('10.0.2.2') });
  ipv4.addRoute(prefix('0.0.0.0/0'), { via: ip('10.0.3.2'), table: 100 });
  ipv4.addRoute(prefix('10.10.0.0/16'), { type: RouteType.Blackhole });
  const { policy } = ipv4;
  policy.addRule({ priority: 10, from: { network: ip('10.0.1.20').v4, length: 32 }, table: 100 });
  policy.addRule({
    priority: 20,
    destinationPorts: { first: 25, last: 25 },
    protocol: 17,
    action: RuleAction.Prohibit,
  });
  send(world, '10.0.1.77', '10.9.0.1');
  expect([count(eth1), count(eth2)]).toEqual([1, 0]);
  send(world, '10.0.1.20', '10.9.0.1');
  expect([count(eth1), count(eth2)]).toEqual([0, 1]);
  world.eth0.take();
  know(world, '10.0.1.77', '02:00:00:00:00:77');
  send(world, '10.0.1.77', '10.9.0.1', [1, 25]);
  expect(world.eth0.take()[0]).toContain('ICMP'); // "prohibited"
  send(world, '10.0.1.77', '10.10.0.1');
  expect(count(world.eth0)).toBe(0); // without a word
  send(world, '10.0.1.77', '10.11.0.1');
  expect(told).toEqual(['rule 20: from all ipproto udp dport 25 prohibit', 'blackhole 10.10.0.0/16', 'to 10.11.0.1']);
  expect(dropsOf(world.node)).toEqual({ IP_UNREACHABLE_ROUTE: 2, IP_NO_ROUTE: 1 });
  world.eth0.take();
  expectNoLeaks(world.pool);
});

test('what a rule calls unreachable is a network, as on Linux; a route that refuses is not suppressed', () => {
  const { ipv4, ...world } = router();
  const host = { ...world, ipv4 };
  know(host, '10.0.1.77', '02:00:00:00:00:77');
  ipv4.addRoute(prefix('0.0.0.0/0'), { type: RouteType.Prohibit });
  ipv4.addRoute(prefix('0.0.0.0/0'), { via: ip('10.0.2.2'), table: 100 });
  ipv4.addRoute(prefix('10.8.0.0/16'), { type: RouteType.Unreachable });
  ipv4.policy.addRule({ priority: 10, tos: 8, action: RuleAction.Unreachable });
  ipv4.policy.addRule({ priority: 20, suppressPrefixLength: 0 });
  ipv4.policy.addRule({ priority: 30, table: 100 });
  const told = (to: string, more = {}): number[] => {
    send(host, '10.0.1.77', to, [1, 2], more);
    return host.eth0.takeBytes().flatMap((sent) => [sent[20]!, sent[21]!]);
  };
  expect(told('10.9.0.1', { tos: 8 })).toEqual([3, 0]);
  expect(told('10.8.0.1')).toEqual([3, 1]);
  expect(told('10.9.0.1')).toEqual([3, 13]);
  expect([count(host.eth1), count(host.eth2)]).toEqual([0, 0]);
  expect(ipv4.open(ip('10.9.0.1'), 17, null, { tos: 8 })).toBe(-101); // ENETUNREACH
  expect(ipv4.open(ip('10.8.0.1'), 17, null)).toBe(-113); // EHOSTUNREACH
  expectNoLeaks(host.pool);
});

test('flows are spread over two next hops; fragments of a datagram go together', () => {
  const world = router();
  const { ipv4, eth1, eth2 } = world;
  ipv4.addRoute(prefix('10.9.0.0/16'), { ways: [{ via: ip('10.0.2.2') }, { via: ip('10.0.3.2') }] });
  const first = ways(world, 60);
  expect(first).toMatch(/^(?=.*1)(?=.*2)[12]{60}$/);
  expect(ways(world, 60)).toBe(first);
  for (let id = 0; id < 20; id++) {
    const from = `10.0.1.${100 + id}`;
    send(world, from, '10.9.0.1', [id, 80], { id, flags: 0x2000 });
    send(world, from, '10.9.0.1', [7777, 7777], { id, flags: 3 });
    const [one, two] = [count(eth1), count(eth2)];
    expect([one, two].sort()).toEqual([0, 2]);
  }
  eth2.up = false;
  ipv4.linkChanged(eth2);
  expect(ways(world, 20)).toBe('1'.repeat(20));
  expectNoLeaks(world.pool);
});

test('a next hop that does not answer is passed over, and tried again later', () => {
  const world = router();
  const { ipv4, queue, eth1, eth2 } = world;
  ipv4.addRoute(prefix('10.9.0.0/16'), { ways: [{ via: ip('10.0.2.2') }, { via: ip('10.0.3.9') }] });
  send(world, '10.0.1.77', '10.9.0.1', [1, 80]);
  for (let port = 2; port <= 30; port++) send(world, '10.0.1.77', '10.9.0.1', [port, 80]);
  expect(eth2.take().some((line) => line.includes('ARP'))).toBe(true);
  eth1.take();
  queue.runUntil(5 * SECOND); // nobody has 10.0.3.9
  eth2.take();
  world.eth0.take();
  know(world, '10.0.2.2', '02:00:00:00:00:12', eth1);
  expect(ways(world, 30)).toBe('1'.repeat(30));
  queue.runUntil(40 * SECOND);
  know(world, '10.0.2.2', '02:00:00:00:00:12', eth1);
  expect(ways(world, 30)).toMatch(/2/); // a question
  queue.runUntil(60 * SECOND);
  for (const link of [world.eth0, eth1, eth2]) link.take();
  expectNoLeaks(world.pool);
});

test('what the host itself sends goes both ways, with the source of the interface, and each flow keeps its own', () => {
  const world = router();
  const { ipv4, eth1, eth2 } = world;
  ipv4.addRoute(prefix('10.9.0.0/16'), { ways: [{ via: ip('10.0.2.2') }, { via: ip('10.0.3.2') }] });
  const seen = new Set<string>();
  for (let i = 1; i <= 40; i++) {
    const flow = ipv4.open(ip(`10.9.0.${i}`), 17, null);
    if (typeof flow === 'number') throw new Error(`no flow: ${flow}`);
    for (let again = 0; again < 3; again++) flow.send(payload(world, 24, again));
    const lines = [eth1.take(), eth2.take()];
    const out = lines[0]!.length === 3 ? 0 : 1;
    expect(lines[out]).toHaveLength(3);
    expect(lines[1 - out]).toHaveLength(0);
    expect(`${flow.local}`).toBe(out === 0 ? '10.0.2.1' : '10.0.3.1');
    seen.add(`${flow.local}`);
  }
  expect(seen.size).toBe(2);
  // A source that neither interface has: by the ports of each datagram.
  const flow = ipv4.open(ip('10.9.0.1'), 17, ip('10.0.1.10'));
  if (typeof flow === 'number') throw new Error(`no flow: ${flow}`);
  for (let i = 0; i < 60; i++) flow.send(payload(world, 24, i));
  const both = [count(eth1), count(eth2)];
  expect(both[0]! + both[1]!).toBe(60);
  expect(Math.min(...both)).toBeGreaterThan(10);
  expectNoLeaks(world.pool);
});

test('rules go by the source that a flow has, also when the host chose it', () => {
  const world = router();
  const { ipv4, eth1, eth2 } = world;
  ipv4.addRoute(prefix('10.9.0.0/16'), { via: ip('10.0.2.2') });
  ipv4.addRoute(prefix('0.0.0.0/0'), { via: ip('10.0.3.2'), table: 7 });
  ipv4.policy.addRule({ from: { network: ip('10.0.2.1').v4, length: 32 }, table: 7 });
  const flow = ipv4.open(ip('10.9.0.1'), 17, null);
  if (typeof flow === 'number') throw new Error(`no flow: ${flow}`);
  expect(`${flow.local}`).toBe('10.0.2.1');
  flow.send(payload(world, 24));
  expect([count(eth1), count(eth2)]).toEqual([0, 1]);
  expectNoLeaks(world.pool);
});
