import { expect, test } from 'vitest';
import { expectNoLeaks } from '../../testing/test-node.ts';
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
