import { describe, expect, test } from 'vitest';
import { formatIpv4, parseIpv4 } from '../../base/ip-address.ts';
import { LsaType } from './constants.ts';
import type { RouterBody, SummaryBody } from './lsa-bodies.ts';
import { describeRoute } from './ospf-route.ts';
import { linkStateIds } from './own-advertisements.ts';
import type { AreaSettings, ExternalRoute } from './settings.ts';
import { type LabRouter, OspfLab } from './testing/ospf-lab.ts';

const routesOf = (router: LabRouter): string[] => router.installed.map(describeRoute).sort();
const external = (prefix: string, more: Partial<ExternalRoute> = {}): ExternalRoute => {
  const [address, length] = prefix.split('/');
  const network = parseIpv4(address);
  return { network, length: Number(length), metric: 20, type2: true, forwarding: 0, tag: 0, ...more };
};

/**
 *     area 1            backbone           area 2
 *     in --- r1 --- b1 ---------- b2 --- r2 --- out
 *        10.0.0   10.0.1   10.0.2   10.0.3   10.0.4
 */
function threeAreas(one: Partial<AreaSettings> = {}, two: Partial<AreaSettings> = {}) {
  const lab = new OspfLab();
  const areas = [
    { id: 1, ...one },
    { id: 2, ...two },
  ];
  const r1 = lab.router(1, {}, areas);
  const b1 = lab.router(2, {}, areas);
  const b2 = lab.router(3, {}, areas);
  const r2 = lab.router(4, {}, areas);
  const p2p = { network: 'point-to-point' } as const;
  lab.wire([r1], { area: 1, cost: 3 });
  lab.wire([r1, b1], { ...p2p, area: 1, cost: 5 });
  const backbone = lab.wire([b1, b2], { ...p2p, cost: 10 });
  lab.wire([b2, r2], { ...p2p, area: 2, cost: 7 });
  lab.wire([r2], { area: 2, cost: 2 });
  return { lab, r1, b1, b2, r2, backbone };
}

describe('several areas', () => {
  test('routers in one area know the networks of the others, and not their links', () => {
    const { lab, r1, b1, r2 } = threeAreas();
    lab.pass(60);
    expect(routesOf(r1)).toEqual([
      '10.0.2.0/24 inter-area cost 15 via 10.0.1.2 eth1',
      '10.0.3.0/24 inter-area cost 22 via 10.0.1.2 eth1',
      '10.0.4.0/24 inter-area cost 24 via 10.0.1.2 eth1',
    ]);
    expect(routesOf(r2)).toEqual([
      '10.0.0.0/24 inter-area cost 25 via 10.0.3.1 eth0',
      '10.0.1.0/24 inter-area cost 22 via 10.0.3.1 eth0',
      '10.0.2.0/24 inter-area cost 17 via 10.0.3.1 eth0',
    ]);
    const database = r1.ospf.areas.get(1)!.database;
    expect(
      database
        .list(LsaType.Router)
        .map((lsa) => lsa.router)
        .sort(),
    ).toEqual([1, 2]);
    expect((database.get(LsaType.Router, 2, 2)!.body as RouterBody).flags).toBe(1);
    expect(b1.ospf.origination.isAreaBorder).toBe(true);
    expect(lab.pool.outstanding).toBe(0);
  });

  test('what is cut in one area is taken back in the others', () => {
    const { lab, r1, r2 } = threeAreas();
    lab.pass(60);
    lab.cut(lab.wires[4]);
    lab.pass(5);
    expect(routesOf(r1).join()).not.toContain('10.0.4.0');
    lab.heal(lab.wires[4]);
    lab.pass(20);
    expect(routesOf(r1).join()).toContain('10.0.4.0/24 inter-area cost 24');
    lab.cut(lab.wires[2]);
    lab.pass(10);
    expect(routesOf(r1)).toEqual([]);
    expect(routesOf(r2)).toEqual([]);
  });

  test('a border without the backbone tells nobody anything', () => {
    const lab = new OspfLab();
    const [a, b, c] = [1, 2, 3].map((id) => lab.router(id, {}, [{ id: 1 }, { id: 2 }]));
    lab.wire([a, b], { area: 1, network: 'point-to-point' });
    lab.wire([b, c], { area: 2, network: 'point-to-point' });
    lab.pass(40);
    expect(b.installed).toEqual([]);
    expect(routesOf(a)).toEqual([]);
    expect(b.ospf.origination.isAreaBorder).toBe(false);
  });

  test('ranges: many networks as one, as dear as the dearest; or not at all', () => {
    const range = { network: parseIpv4('10.0.0.0'), length: 23, advertise: true };
    const { lab, r2 } = threeAreas({ ranges: [range] });
    lab.pass(60);
    expect(routesOf(r2)).toEqual([
      '10.0.0.0/23 inter-area cost 25 via 10.0.3.1 eth0',
      '10.0.2.0/24 inter-area cost 17 via 10.0.3.1 eth0',
    ]);
    const hidden = threeAreas({ ranges: [{ ...range, advertise: false }] });
    hidden.lab.pass(60);
    expect(routesOf(hidden.r2)).toEqual(['10.0.2.0/24 inter-area cost 17 via 10.0.3.1 eth0']);
  });

  test('a stub area: a default route in place of what comes from elsewhere', () => {
    const { lab, r1, r2, b1 } = threeAreas({ stub: true, defaultCost: 4 });
    r2.ospf.setExternals([external('172.16.0.0/16')]);
    lab.pass(60);
    expect(routesOf(b1).join()).toContain('172.16.0.0/16 external 2 cost 20 (17)');
    expect(routesOf(r1)).toEqual([
      '0.0.0.0/0 inter-area cost 9 via 10.0.1.2 eth1',
      '10.0.2.0/24 inter-area cost 15 via 10.0.1.2 eth1',
      '10.0.3.0/24 inter-area cost 22 via 10.0.1.2 eth1',
      '10.0.4.0/24 inter-area cost 24 via 10.0.1.2 eth1',
    ]);
    expect(r1.ospf.externals.size).toBe(0);
    expect(r1.ospf.areas.get(1)!.database.list(LsaType.AsbrSummary)).toEqual([]);
  });

  test('a stub area without summaries: the default route alone', () => {
    const { lab, r1 } = threeAreas({ stub: true, noSummary: true });
    lab.pass(60);
    expect(routesOf(r1)).toEqual(['0.0.0.0/0 inter-area cost 6 via 10.0.1.2 eth1']);
  });
});

describe('routes from elsewhere', () => {
  test('reach all areas, with the way to their router; type 1 before type 2', () => {
    const { lab, r1, r2 } = threeAreas();
    r2.ospf.setExternals([
      external('172.16.0.0/16', { metric: 100, tag: 7 }),
      external('172.17.0.0/16', { type2: false }),
    ]);
    lab.pass(60);
    expect(routesOf(r1).filter((line) => line.startsWith('172'))).toEqual([
      '172.16.0.0/16 external 2 cost 100 (22) via 10.0.1.2 eth1',
      '172.17.0.0/16 external 1 cost 42 via 10.0.1.2 eth1',
    ]);
    expect(r1.installed.find((route) => route.type === 3)!.tag).toBe(7);
    const summary = r1.ospf.areas.get(1)!.database.get(LsaType.AsbrSummary, 4, 2)!;
    expect((summary.body as SummaryBody).metric).toBe(17);
    r2.ospf.setExternals([]);
    lab.pass(10);
    expect(routesOf(r1).some((line) => line.startsWith('172'))).toBe(false);
    expect(r1.ospf.externals.size).toBe(0);
    expect(r1.ospf.areas.get(1)!.database.list(LsaType.AsbrSummary)).toEqual([]);
  });

  test('of two that tell of the same network: by metric, then by the way; equally good ones both', () => {
    const lab = new OspfLab();
    const [a, b, c] = [1, 2, 3].map((id) => lab.router(id));
    lab.wire([a, b], { network: 'point-to-point', cost: 1 });
    lab.wire([a, c], { network: 'point-to-point', cost: 2 });
    b.ospf.setExternals([
      external('172.16.0.0/16', { metric: 50 }),
      external('172.17.0.0/16'),
      external('172.18.0.0/16', { metric: 2, type2: false }),
    ]);
    c.ospf.setExternals([
      external('172.16.0.0/16', { metric: 40 }),
      external('172.17.0.0/16'),
      external('172.18.0.0/16', { metric: 1, type2: false }),
    ]);
    lab.pass(40);
    expect(routesOf(a)).toEqual([
      '172.16.0.0/16 external 2 cost 40 (2) via 10.0.1.2 eth1',
      '172.17.0.0/16 external 2 cost 20 (1) via 10.0.0.2 eth0',
      '172.18.0.0/16 external 1 cost 3 via 10.0.0.2 eth0, 10.0.1.2 eth1',
    ]);
  });

  test('a forwarding address: straight to it, as long as there is a way inside', () => {
    const lab = new OspfLab();
    const [a, b] = [1, 2].map((id) => lab.router(id));
    const lan = lab.wire([a, b]);
    const forwarding = lan.network + 77;
    b.ospf.setExternals([
      external('172.16.0.0/16', { forwarding }),
      external('172.17.0.0/16', { forwarding: 0x08080808 }),
    ]);
    lab.pass(80);
    expect(routesOf(a)).toEqual([`172.16.0.0/16 external 2 cost 20 (1) via ${formatIpv4(forwarding)} eth0`]);
  });

  test('what is known inside is better than the same network from elsewhere', () => {
    const { lab, r1, b2 } = threeAreas();
    b2.ospf.setExternals([external('10.0.4.0/24', { metric: 0, type2: false })]);
    lab.pass(60);
    expect(routesOf(r1).filter((line) => line.startsWith('10.0.4.0'))).toEqual([
      '10.0.4.0/24 inter-area cost 24 via 10.0.1.2 eth1',
    ]);
  });
});

test('a router that wants no transit is gone through only when there is no other way (RFC 6987)', () => {
  const lab = new OspfLab();
  const [a, b, c, d] = [1, 2, 3, 4].map((id) => lab.router(id, { maxMetric: id === 2 }));
  const p2p = { network: 'point-to-point' } as const;
  lab.wire([a, b], p2p);
  lab.wire([b, d], p2p);
  const long = lab.wire([a, c], { ...p2p, cost: 100 });
  lab.wire([c, d], { ...p2p, cost: 100 });
  lab.wire([d]);
  lab.pass(40);
  const to = (): string => routesOf(a).find((line) => line.startsWith('10.0.4.0'))!;
  expect(to()).toBe('10.0.4.0/24 intra-area cost 201 via 10.0.2.2 eth1');
  lab.cut(long);
  lab.pass(10);
  expect(to()).toBe('10.0.4.0/24 intra-area cost 65537 via 10.0.0.2 eth0');
});

test('networks with one address and several masks get IDs of their own (RFC 2328 E)', () => {
  const network = parseIpv4('10.0.0.0');
  const ids = linkStateIds([8, 16, 24, 32].map((length) => ({ network, length })));
  expect([...ids.values()].map(formatIpv4).sort()).toEqual([
    '10.0.0.0',
    '10.0.0.255',
    '10.0.255.255',
    '10.255.255.255',
  ]);
  expect(formatIpv4(ids.get(network * 64 + 32)!)).toBe('10.0.0.0');
  const lab = new OspfLab();
  const [a, b] = [1, 2].map((id) => lab.router(id));
  lab.wire([a, b], { network: 'point-to-point' });
  b.ospf.setExternals(
    ['172.16.0.0/12', '172.16.0.0/16', '172.16.0.0/24', '172.16.0.0/32'].map((each) => external(each)),
  );
  lab.pass(40);
  expect(a.installed.map((route) => route.length).sort()).toEqual([12, 16, 24, 32]);
});
