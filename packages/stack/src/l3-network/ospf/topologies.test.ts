import { expect, test } from 'vitest';
import { dropsOf, expectNoLeaks } from '../../testing/test-node.ts';
import { NeighbourState } from './states.ts';
import { type LabRouter, OspfLab } from './testing/ospf-lab.ts';
import { databaseText, installedTables, referenceTables } from './testing/reference-paths.ts';

/** Installed routes are the reference's, and all databases are equal. */
function expectConverged(lab: OspfLab): void {
  const wanted = referenceTables(lab);
  const found = installedTables(lab);
  for (const router of lab.routers) expect(found.get(router), router.node.name).toEqual(wanted.get(router));
}

function expectSameDatabases(routers: readonly LabRouter[]): void {
  const first = databaseText(routers[0]);
  for (const router of routers) expect(databaseText(router), router.node.name).toBe(first);
}

test('two routers on a point-to-point link are full within seconds, and know each other’s networks', () => {
  const lab = new OspfLab();
  const a = lab.router(1);
  const b = lab.router(2);
  lab.wire([a, b], { network: 'point-to-point' });
  lab.wire([a]);
  lab.wire([b]);
  lab.pass(15);
  expect([...a.ospf.interfaces[0].neighbours.values()][0].state).toBe(NeighbourState.Full);
  expectConverged(lab);
  expectSameDatabases(lab.routers);
});

test('five routers on one LAN: a designated router and a backup, and full with both of them only', () => {
  const lab = new OspfLab();
  const routers = [1, 2, 3, 4, 5].map((id) => lab.router(id));
  const lan = lab.wire(routers);
  for (const router of routers) lab.wire([router]);
  lab.pass(60);
  expectConverged(lab);
  expectSameDatabases(routers);
  const states = routers.map((router) => router.on(lan).state);
  expect(states.sort()).toEqual([4, 4, 4, 5, 6]);
  expect(routers[4].on(lan).isDesignated).toBe(true);
  const other = routers[0].on(lan);
  expect([...other.neighbours.values()].map((each) => each.state).sort()).toEqual([2, 2, 6, 6]);
  expect(lab.pool.outstanding).toBe(0);
  expectNoLeaks(lab.pool);
});

/** Routers and wires at random: a chain, so that all are connected, and more wires of two to four routers. */
function randomLab(seed: number, loss = 0): OspfLab {
  const lab = new OspfLab(seed);
  const { random } = lab;
  const count = 3 + random.below(7);
  const routers = Array.from({ length: count }, (_, i) => lab.router(100 + i));
  const wire = (ends: LabRouter[]): void => {
    const lan = ends.length > 2 || random.chance(0.3);
    const costs = ends.map(() => ({ cost: 1 + random.below(4), priority: random.below(3) }));
    // Somebody has to be the designated router.
    if (lan) costs[0].priority = 1;
    lab.wire(ends, { network: lan ? 'broadcast' : 'point-to-point' }, costs).loss = loss;
  };
  for (let i = 1; i < count; i++) wire([routers[random.below(i)], routers[i]]);
  for (let more = random.below(count * 2); more > 0; more--) {
    const ends = routers.filter(() => random.chance(0.35)).slice(0, 4);
    if (ends.length >= 2) wire(ends);
  }
  for (const router of routers) if (random.chance(0.5)) wire([router]);
  return lab;
}

test('random networks: all tables are those of another calculation, with several ways; all databases are equal', () => {
  let several = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const lab = randomLab(seed);
    lab.pass(90);
    expectConverged(lab);
    expectSameDatabases(lab.routers);
    for (const router of lab.routers) several += router.installed.filter((route) => route.nextHops.length > 1).length;
    expect(lab.pool.outstanding, `seed ${seed}`).toBe(0);
  }
  expect(several).toBeGreaterThan(50);
});

test('random networks, cut and healed again and again, noticed or not: in the end all is as it should be', () => {
  for (let seed = 1; seed <= 25; seed++) {
    const lab = randomLab(seed);
    for (let round = 0; round < 12; round++) {
      lab.pass(lab.random.below(30));
      const wire = lab.wires[lab.random.below(lab.wires.length)];
      if (!wire.up) lab.heal(wire);
      else if (wire.broken) wire.broken = false;
      else if (lab.random.chance(0.5)) lab.cut(wire);
      else wire.broken = true;
    }
    for (const wire of lab.wires) {
      if (!wire.up) lab.heal(wire);
      wire.broken = false;
    }
    lab.pass(120);
    expectConverged(lab);
    expectSameDatabases(lab.routers);
    expect(lab.pool.outstanding, `seed ${seed}`).toBe(0);
  }
});

test('a tenth of all packets lost: the databases become equal all the same', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const lab = randomLab(seed, 0.1);
    lab.pass(200);
    for (const wire of lab.wires) wire.loss = 0;
    lab.pass(100);
    expectConverged(lab);
    expectSameDatabases(lab.routers);
  }
});

test('the same seed: the same packets at the same times', () => {
  const record = (seed: number): string => {
    const lab = randomLab(seed);
    let hash = 0;
    let count = 0;
    lab.watch = (packet) => {
      count++;
      for (let at = packet.start; at < packet.end; at++) hash = (Math.imul(hash, 31) + packet.bytes[at]) | 0;
      hash = (Math.imul(hash, 31) + (lab.queue.now % 0x7fffffff)) | 0;
    };
    lab.pass(100);
    return `${count} ${hash}`;
  };
  expect(record(7)).toBe(record(7));
  expect(record(7)).not.toBe(record(8));
});

test('limits: neighbours on a link, next hops of a route', () => {
  const lab = new OspfLab(1, { ospfNeighbours: 2, ospfNextHops: 2 });
  const [a, b, c, d] = [1, 2, 3, 4].map((id) => lab.router(id));
  const lan = lab.wire([a, b, c, d]);
  lab.pass(100);
  expect(a.on(lan).neighbours.size).toBe(2);
  expect(dropsOf(a.node).OSPF_TOO_MANY).toBeGreaterThan(5);
  const wide = new OspfLab(1, { ospfNextHops: 2 });
  const [from, to] = [1, 2].map((id) => wide.router(id));
  for (let i = 0; i < 3; i++) wide.wire([from, to], { network: 'point-to-point' });
  wide.wire([to]);
  wide.pass(30);
  expect(from.installed.map((route) => route.nextHops.length)).toEqual([2]);
});

test('limits: advertisements of a router', () => {
  const lab = new OspfLab(1, { ospfAdvertisements: 10 });
  const [a, b] = [1, 2].map((id) => lab.router(id));
  lab.wire([a, b], { network: 'point-to-point' });
  const externals = (count: number) =>
    Array.from({ length: count }, (_, i) => {
      return { network: 0x14000000 + i * 256, length: 24, metric: 1, type2: true, forwarding: 0, tag: 0 };
    });
  a.ospf.setExternals(externals(10));
  lab.pass(30);
  expect(b.installed.length).toBe(10);
  a.ospf.setExternals(externals(11));
  lab.pass(30);
  expect(b.installed.length).toBe(10);
  expect(dropsOf(b.node).OSPF_TOO_MANY).toBeGreaterThan(0);
});
