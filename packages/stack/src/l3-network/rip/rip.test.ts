import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SECOND } from '../../base/clock.ts';
import { Random } from '../../base/random.ts';
import { testNode } from '../../testing/test-node.ts';
import { Rip } from './rip.ts';
import type { RipAuthentication } from './rip-authentication.ts';
import type { RipLink } from './rip-interface.ts';
import { checkRip, describeRip, lengthOf, maskOf, RIP_PORT, RipFault } from './rip-message.ts';
import type { RipPort } from './rip-port.ts';
import type { RipRoute } from './rip-route.ts';
import { RIP_DEFAULTS, RIP_INTERFACE_DEFAULTS } from './rip-settings.ts';

const LINK: RipLink = { index: 2, name: 'eth0', addresses: [{ address: 0x0a000001, length: 24 }] };
const PEER = 0x0a000002;

class Port implements RipPort {
  sent: Uint8Array[] = [];
  routes: readonly RipRoute[] = [];
  send(bytes: Uint8Array, length: number): void {
    this.sent.push(bytes.slice(0, length));
  }
  join(): void {}
  leave(): void {}
  install(routes: readonly RipRoute[]): void {
    this.routes = routes;
  }
}

function router(authentication: RipAuthentication | null = null, limits = {}) {
  const world = testNode('r1', limits);
  const port = new Port();
  const rip = new Rip(world.node, port, RIP_DEFAULTS);
  rip.setUp(rip.addInterface(LINK, { ...RIP_INTERFACE_DEFAULTS, authentication }), true);
  return { ...world, port, rip };
}

/** A response with entries of family 2. */
function response(
  entries: readonly { network: number; length: number; metric: number; nextHop?: number }[],
): Uint8Array {
  const bytes = new Uint8Array(4 + 20 * entries.length);
  const view = new DataView(bytes.buffer);
  bytes.set([2, 2]);
  entries.forEach(({ network, length, metric, nextHop = 0 }, i) => {
    const at = 4 + i * 20;
    view.setUint16(at, 2);
    view.setUint32(at + 4, network);
    view.setUint32(at + 8, maskOf(length));
    view.setUint32(at + 12, nextHop);
    view.setUint32(at + 16, metric);
  });
  return bytes;
}

const TEN = [{ network: 0x0a010000, length: 16, metric: 3 }];

test('masks and lengths', () => {
  for (let length = 0; length <= 32; length++) expect(lengthOf(maskOf(length))).toBe(length);
  expect(lengthOf(0xff00ff00)).toBe(-1);
  expect(lengthOf(1)).toBe(-1);
});

test('a neighbour is believed for as long as it speaks; then the route is told to be dead, then forgotten', () => {
  const { rip, port, queue } = router();
  const bytes = response(TEN);
  rip.input(bytes, 0, bytes.length, PEER, RIP_PORT, 2);
  queue.runUntil(1 * SECOND);
  expect(port.routes.map((route) => [route.network, route.metric, route.ways[0]!.gateway])).toEqual([
    [0x0a010000, 4, PEER],
  ]);
  queue.runUntil(179 * SECOND);
  expect(port.routes).toHaveLength(1);
  queue.runUntil(182 * SECOND);
  expect(port.routes).toEqual([]);
  expect(rip.table.find(0x0a010000, 16)!.metric).toBe(16);
  queue.runUntil(310 * SECOND);
  expect(rip.table.size).toBe(0);
});

test('what cannot be is not taken', () => {
  const { rip, node } = router();
  const wrong = [
    { network: 0x7f000000, length: 8, metric: 1 },
    { network: 0xe0000000, length: 8, metric: 1 },
    { network: 0x00010000, length: 16, metric: 1 },
    { network: 0x0a010001, length: 16, metric: 1 },
    { network: 0x0a020000, length: 16, metric: 0 },
    { network: 0x0a020000, length: 16, metric: 17 },
    { network: 0x0a020000, length: 16, metric: 1, nextHop: 0x0a000001 },
  ];
  const bytes = response(wrong);
  rip.input(bytes, 0, bytes.length, PEER, RIP_PORT, 2);
  expect(rip.table.size).toBe(0);
  const good = response(TEN);
  rip.input(good, 0, good.length, 0x0b000001, RIP_PORT, 2); // from elsewhere
  rip.input(good, 0, good.length, PEER, 521, 2); // from another port
  rip.input(good, 0, good.length, 0x0a000001, RIP_PORT, 2); // from itself
  good[1] = 1;
  rip.input(good, 0, good.length, PEER, RIP_PORT, 2); // of version 1
  expect(rip.table.size).toBe(0);
  expect(node.drops.reduce((sum, each) => sum + each)).toBe(3);
});

test('the table and the neighbours are limited', () => {
  const { rip } = router(null, { ripRoutes: 3, ripNeighbours: 2 });
  const entries = [1, 2, 3, 4].map((i) => ({ network: 0x0a000000 + i * 65_536, length: 16, metric: 1 }));
  const bytes = response(entries);
  for (let i = 2; i < 9; i++) rip.input(bytes, 0, bytes.length, 0x0a000000 + i, RIP_PORT, 2);
  expect(rip.table.size).toBe(3);
  expect(rip.neighbours.size).toBe(2);
});

/** Messages as a router writes them: an update, a request, signed ones. */
function corpus(): { name: string; authentication: RipAuthentication | null; bytes: Uint8Array }[] {
  const all: { name: string; authentication: RipAuthentication | null; bytes: Uint8Array }[] = [];
  for (const authentication of [
    null,
    { type: 'password', secret: 'kangaroo', keyId: 0 },
    { type: 'md5', secret: 'a key of 16 byte', keyId: 9 },
  ] as const) {
    const { rip, port, queue } = router(authentication);
    rip.setOwn(
      Array.from({ length: 60 }, (_, i) => ({
        network: 0x0b000000 + i * 256,
        length: 24,
        metric: 1,
        tag: i,
        gateway: 0,
        device: 9,
      })),
    );
    queue.runUntil(40 * SECOND);
    for (const bytes of port.sent) all.push({ name: authentication?.type ?? 'none', authentication, bytes });
  }
  return all;
}

test('what is written is read by another, whatever signs it', () => {
  const messages = corpus();
  expect(messages.length).toBeGreaterThan(15);
  for (const authentication of new Set(messages.map((each) => each.authentication))) {
    const { rip, queue } = router(authentication);
    for (const { bytes } of messages.filter((each) => each.authentication === authentication)) {
      if (authentication?.type !== 'md5') {
        expect(checkRip(new DataView(bytes.buffer), 0, bytes.length)).toBe(RipFault.None);
        expect(describeRip(new DataView(bytes.buffer), 0, bytes.length)).toMatch(/^RIP re(quest|sponse), version 2, /);
      }
      rip.input(bytes, 0, bytes.length, PEER, RIP_PORT, 2);
    }
    queue.runUntil(1 * SECOND);
    expect(rip.interfaces[0]!.refused).toBe(0);
    expect(rip.table.learnt()).toHaveLength(60);
    expect(rip.table.find(0x0b000000 + 7 * 256, 24)).toMatchObject({ metric: 2, tag: 7 });
  }
});

test('every prefix and 100,000 mutations of messages end in a table that is sound', () => {
  const messages = corpus();
  const random = Random.from(5);
  const routers = new Map(
    messages.map(({ name, authentication }) => [name, router(authentication, { ripRoutes: 500 })]),
  );
  let taken = 0;
  const give = (name: string, bytes: Uint8Array, length: number): void => {
    routers.get(name)!.rip.input(bytes, 0, length, PEER, RIP_PORT, 2);
    taken++;
  };
  for (const { name, bytes } of messages) for (let end = 0; end <= bytes.length; end++) give(name, bytes, end);
  const scratch = new Uint8Array(600);
  for (let i = 0; i < 100_000; i++) {
    const { name, bytes } = messages[random.below(messages.length)]!;
    scratch.set(bytes);
    for (let flips = 1 + random.below(3); flips > 0; flips--) scratch[random.below(bytes.length)] = random.below(256);
    give(name, scratch, random.chance(0.1) ? random.below(bytes.length + 1) : bytes.length);
  }
  expect(taken).toBeGreaterThan(100_000);
  for (const { rip, queue } of routers.values()) {
    expect(rip.table.size).toBeLessThanOrEqual(500);
    for (const route of rip.table.all()) {
      expect(route.metric).toBeGreaterThanOrEqual(1);
      expect(route.metric).toBeLessThanOrEqual(16);
      expect((route.network & maskOf(route.length)) >>> 0).toBe(route.network);
    }
    queue.runUntil(400 * SECOND);
    expect(rip.table.learnt()).toEqual([]);
  }
}, 60_000);

test('an old message is not taken again where messages are signed', () => {
  const authentication = { type: 'md5', secret: 'kangaroo', keyId: 1 } as const;
  const messages = corpus().filter((each) => each.name === 'md5');
  expect(messages.length).toBeGreaterThan(3);
  const { rip } = router({ ...authentication, secret: 'a key of 16 byte', keyId: 9 });
  const responses = messages.filter(({ bytes }) => bytes[0] === 2);
  const [first, last] = [responses[0]!.bytes, responses.at(-1)!.bytes];
  rip.input(last, 0, last.length, PEER, RIP_PORT, 2);
  const { refused } = rip.interfaces[0]!;
  rip.input(first, 0, first.length, PEER, RIP_PORT, 2);
  expect(rip.interfaces[0]!.refused).toBe(refused + 1);
});

test('metrics never fall below the truth: any order of two neighbours words', () => {
  const word = fc.record({ peer: fc.integer({ min: 2, max: 4 }), metric: fc.integer({ min: 1, max: 16 }) });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), (words) => {
      const { rip } = router();
      const said = new Map<number, number>();
      for (const { peer, metric } of words) {
        const bytes = response([{ ...TEN[0]!, metric }]);
        rip.input(bytes, 0, bytes.length, 0x0a000000 + peer, RIP_PORT, 2);
        said.set(peer, Math.min(metric + 1, 16));
      }
      const route = rip.table.find(0x0a010000, 16);
      if (route === null) return;
      // It is as far as the one says whom it goes by, and nobody's last word was nearer when it was said.
      for (const way of route.ways) expect(said.get(way.from - 0x0a000000)).toBe(route.metric);
      expect(route.metric).toBeGreaterThanOrEqual(Math.min(...said.values()));
    }),
    { numRuns: 300 },
  );
});
