import { expect, test } from 'vitest';
import { type LabRouter, OspfLab, type Segment } from './testing/ospf-lab.ts';
import { databaseText, installedTables, referenceTables } from './testing/reference-paths.ts';

/** k pods of k/2 edge and k/2 aggregation switches, and (k/2)^2 core switches: all routers; a network below each edge. */
function fatTree(k: number): { lab: OspfLab; links: Segment[] } {
  const lab = new OspfLab();
  const half = k / 2;
  const links: Segment[] = [];
  const connect = (a: LabRouter, b: LabRouter): void => {
    links.push(lab.wire([a, b], { network: 'point-to-point', cost: 1 }));
  };
  const core = Array.from({ length: half * half }, (_, i) => lab.router(0x0a000000 + i + 1));
  for (let pod = 0; pod < k; pod++) {
    const aggregation = Array.from({ length: half }, (_, i) => lab.router(0x0a010000 + pod * 256 + i + 1));
    for (let i = 0; i < half; i++) {
      for (let j = 0; j < half; j++) connect(aggregation[i], core[i * half + j]);
    }
    for (let i = 0; i < half; i++) {
      const edge = lab.router(0x0a020000 + pod * 256 + i + 1);
      for (const above of aggregation) connect(above, edge);
      lab.wire([edge], { passive: true, cost: 1 });
    }
  }
  return { lab, links };
}

test('a fat-tree of 80 routers converges, and heals a cut: each table is the one of another calculation', () => {
  const { lab, links } = fatTree(8);
  const expectConverged = (): void => {
    const wanted = referenceTables(lab);
    const found = installedTables(lab);
    for (const router of lab.routers) expect(found.get(router), router.node.name).toEqual(wanted.get(router));
  };
  expect(lab.routers.length).toBe(80);
  lab.pass(60);
  expectConverged();
  const edge = lab.routers.find((router) => router.ospf.routerId === 0x0a020001)!;
  expect(Math.max(...edge.installed.map((route) => route.nextHops.length))).toBe(4);
  const cut = links[lab.random.below(links.length)];
  cut.broken = true;
  lab.pass(45); // the dead interval, and some
  expectConverged();
  cut.broken = false;
  lab.pass(30);
  expectConverged();
  const seen = links[lab.random.below(links.length)];
  lab.cut(seen);
  lab.pass(6);
  expectConverged();
  lab.heal(seen);
  lab.pass(30);
  expectConverged();
  const text = databaseText(lab.routers[0]);
  for (const router of lab.routers) expect(databaseText(router)).toBe(text);
  expect(lab.pool.outstanding).toBe(0);
});
