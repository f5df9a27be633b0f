import { describe, expect, test } from 'vitest';
import { formatIpv4 } from '../../base/ip-address.ts';
import { dropsOf } from '../../testing/test-node.ts';
import { INITIAL_SEQUENCE, LsaType, MAX_SEQUENCE } from './constants.ts';
import { Lsa } from './lsa.ts';
import type { RouterBody } from './lsa-bodies.ts';
import type { InterfaceSettings } from './settings.ts';
import { InterfaceState, NEIGHBOUR_STATE_NAMES, NeighbourState } from './states.ts';
import { type LabRouter, OspfLab, type Segment } from './testing/ospf-lab.ts';
import { databaseText } from './testing/reference-paths.ts';

const P2P = { network: 'point-to-point' } as const;

/** What a router tells who watches. */
function told(router: LabRouter): string[] {
  const lines: string[] = [];
  router.node.trace = {
    event: (_node, _layer, what, _packet, _reason, detail) => {
      if (what === 'state' || what === 'decide' || (what === 'drop' && detail !== '')) lines.push(detail);
    },
  };
  return lines;
}

const stateOf = (router: LabRouter, wire: Segment): string =>
  [...router.on(wire).neighbours.values()].map((each) => NEIGHBOUR_STATE_NAMES[each.state]).join();

/** Two routers that should not understand each other; what the first one says about it. */
function disagreement(a: Partial<InterfaceSettings>, b: Partial<InterfaceSettings>, areas = [{ id: 0 }]) {
  const lab = new OspfLab();
  const first = lab.router(1, {}, []);
  const second = lab.router(2, {}, areas);
  const lines = told(first);
  const wire = lab.wire([first, second], {}, [a, b]);
  lab.pass(60);
  expect(stateOf(first, wire)).not.toContain('Full');
  const drops = dropsOf(first.node);
  return { drops, why: lines.find((line) => / here, .* there/.test(line)) ?? lines.at(-1) };
}

describe('who does not agree is told why', () => {
  test.each([
    [
      'hello interval',
      { helloSeconds: 10 },
      { helloSeconds: 5 },
      'hello interval 10 here, 5 there, from 10.0.0.2 on eth0',
    ],
    [
      'dead interval',
      { deadSeconds: 40 },
      { deadSeconds: 20 },
      'dead interval 40 here, 20 there, from 10.0.0.2 on eth0',
    ],
    ['area', { area: 0 }, { area: 1 }, 'area 0.0.0.0 here, 0.0.0.1 there, on eth0'],
  ])('%s', (_, a, b, why) => {
    expect(disagreement(a, b).why).toBe(why);
  });

  test('network mask', () => {
    const lab = new OspfLab();
    const a = lab.router(1);
    const b = lab.router(2);
    const lines = told(a);
    const wire = lab.wire([a, b]);
    const link = b.on(wire);
    link.link = { ...link.link, length: 16 };
    lab.pass(20);
    expect(lines.find((line) => line.includes('there'))).toBe(
      'network mask 255.255.255.0 here, 255.255.0.0 there, from 10.0.0.2 on eth0',
    );
  });

  test('stub area', () => {
    const { why } = disagreement({ area: 1 }, { area: 1 }, [{ id: 1, stub: true } as { id: number }]);
    expect(why).toBe('a stub area there, not here, from 10.0.0.2 on eth0');
  });

  test('authentication', () => {
    const secret = new Uint8Array([1]);
    const { drops, why } = disagreement(
      { authentication: { type: 'password', password: secret } },
      { authentication: { type: 'md5', keys: [{ id: 1, secret }] } },
    );
    expect(why).toBe('authentication type 1 here, 2 there, from 10.0.0.2 on eth0');
    expect(Object.keys(drops)).toEqual(['OSPF_BAD_AUTHENTICATION']);
  });

  test('the same router ID twice', () => {
    const lab = new OspfLab();
    const a = lab.router(1);
    const b = lab.router(1);
    lab.wire([a, b]);
    lab.pass(60);
    expect(dropsOf(a.node).OSPF_DUPLICATE_ROUTER_ID).toBeGreaterThan(3);
  });

  test('MTU: who has the smaller one does not take the descriptions of the other, who waits in ExStart; unless told to', () => {
    const make = (mtuIgnore: boolean) => {
      const lab = new OspfLab();
      const a = lab.router(1);
      const b = lab.router(2);
      const lines = told(a);
      const wire = lab.wire([a, b], { ...P2P, mtuIgnore });
      const on = b.on(wire);
      on.link = { ...on.link, mtu: 9000 };
      lab.pass(30);
      return { state: stateOf(a, wire), lines };
    };
    expect(make(true).state).toBe('Full');
    const { state, lines } = make(false);
    expect(state).toBe('ExStart');
    expect(lines).toContain('MTU 1500 here, 9000 there, on eth0');
  });
});

describe('the designated router', () => {
  test('the highest priority, then the highest router ID; who is there already keeps the office', () => {
    const lab = new OspfLab();
    const [a, b, c] = [1, 2, 3].map((id) => lab.router(id));
    const lan = lab.wire([a, b, c], {}, [{ priority: 5 }, { priority: 1 }, { priority: 1 }]);
    lab.pass(60);
    expect(formatIpv4(b.on(lan).designated)).toBe('10.0.0.1');
    expect(formatIpv4(b.on(lan).backup)).toBe('10.0.0.3');
    expect(b.on(lan).state).toBe(InterfaceState.DrOther);
    const d = lab.router(99);
    const index = 2;
    d.wires.set(index, lan);
    const link = { index, name: 'eth0', address: lan.network + 9, length: 24, secondary: [], mtu: 1500 };
    lan.ends.push({ router: d, link });
    d.ospf.interfaceUp(d.ospf.addInterface(link, { ...a.on(lan).settings, priority: 255 }));
    lab.pass(60);
    expect(d.on(lan).state).toBe(InterfaceState.DrOther);
    expect(formatIpv4(d.on(lan).designated)).toBe('10.0.0.1');
  });

  test('when it dies the backup follows at once, and another becomes backup; nobody begins anew', () => {
    const lab = new OspfLab();
    const [a, b, c] = [1, 2, 3].map((id) => lab.router(id));
    const lan = lab.wire([a, b, c]);
    lab.pass(60);
    expect(c.on(lan).state).toBe(InterfaceState.Designated);
    const between = [...a.on(lan).neighbours.values()].find((each) => each.routerId === 2)!;
    const { since } = between;
    c.ospf.interfaceDown(c.on(lan), 'off');
    lab.pass(45);
    expect([b.on(lan).state, a.on(lan).state]).toEqual([InterfaceState.Designated, InterfaceState.Backup]);
    expect([between.state, between.since]).toEqual([NeighbourState.Full, since]);
  });

  test('with priority 0 everywhere there is none, and no adjacency', () => {
    const lab = new OspfLab();
    const [a, b] = [1, 2].map((id) => lab.router(id));
    const lan = lab.wire([a, b], { priority: 0 });
    lab.pass(100);
    expect([stateOf(a, lan), a.on(lan).designated]).toEqual(['2-Way', 0]);
  });

  test('groups: everybody hears 224.0.0.5, only the two hear 224.0.0.6', () => {
    const lab = new OspfLab();
    const routers = [1, 2, 3].map((id) => lab.router(id));
    const lan = lab.wire(routers);
    lab.pass(60);
    const groups = (router: LabRouter) => [...router.groups.get(router.on(lan).link.index)!].sort();
    expect(groups(routers[0])).toEqual([0xe0000005]);
    expect(groups(routers[1])).toEqual([0xe0000005, 0xe0000006]);
    expect(groups(routers[2])).toEqual([0xe0000005, 0xe0000006]);
  });
});

describe('advertisements in time', () => {
  /** Two routers, full, and a third behind the second. */
  function chain() {
    const lab = new OspfLab();
    const [a, b, c] = [1, 2, 3].map((id) => lab.router(id));
    const ab = lab.wire([a, b], P2P);
    const bc = lab.wire([b, c], P2P);
    lab.wire([a]);
    lab.pass(60);
    return { lab, a, b, c, ab, bc };
  }
  const own = (router: LabRouter, of = router): Lsa | undefined =>
    router.ospf.areas.get(0)!.database.get(LsaType.Router, of.ospf.routerId, of.ospf.routerId);

  test('an hour in which nothing happens: hellos, and each advertisement said again once, no calculation', () => {
    const { lab, a, b, c } = chain();
    const runs = [a, b, c].map((router) => router.ospf.spf.runs);
    const sent = [0, 0, 0, 0, 0, 0];
    lab.watch = (packet) => sent[packet.bytes[packet.start + 1]]++;
    const sequences = [a, b, c].map((router) => own(router)!.sequence);
    lab.pass(3600);
    expect([sent[2], sent[3]]).toEqual([0, 0]);
    expect(sent[1]).toBe(5 * 360); // five interfaces, every ten seconds
    // Two refreshes of three advertisements, over two links each.
    expect(sent[4]).toBeLessThanOrEqual(12);
    expect(sent[4]).toBeGreaterThanOrEqual(6);
    expect([a, b, c].map((router) => own(router)!.sequence)).toEqual(sequences.map((each) => each + 2));
    expect([a, b, c].map((router) => router.ospf.spf.runs)).toEqual(runs);
    expect(databaseText(a)).toBe(databaseText(c));
  });

  test('who is silent for ever is forgotten after an hour', () => {
    const { lab, a, c, ab } = chain();
    ab.broken = true;
    lab.pass(100);
    expect(own(c, a)).toBeDefined();
    expect(c.installed.some((route) => route.network === 0x0a000200)).toBe(false);
    lab.pass(3600);
    expect(own(c, a)).toBe(undefined);
  });

  test('the same advertisement is made once in five seconds at most', () => {
    const { lab, a, bc, b } = chain();
    const from = own(a, b)!.sequence;
    for (let i = 0; i < 50; i++) {
      lab.cut(bc);
      lab.pass(0.1);
      lab.heal(bc);
      lab.pass(0.1);
    }
    expect(own(a, b)!.sequence - from).toBeLessThanOrEqual(3);
  });

  test('the last sequence number: taken back everywhere, and begun anew', () => {
    const { lab, a, b, c } = chain();
    const area = a.ospf.areas.get(0)!;
    const body = own(a)!.body as RouterBody;
    const last = Lsa.make(LsaType.Router, 1, 1, 2, MAX_SEQUENCE - 1, body, lab.queue.now);
    a.ospf.flooding.flood(area, last, null);
    a.ospf.flooding.install(area, last);
    lab.pass(10);
    expect(own(c, a)!.sequence).toBe(MAX_SEQUENCE - 1);
    lab.wire([a]); // something new to say: the last number
    lab.pass(10);
    expect(own(c, a)!.sequence).toBe(MAX_SEQUENCE);
    lab.wire([a]);
    lab.pass(30);
    expect(own(c, a)!.sequence - INITIAL_SEQUENCE).toBeLessThan(3);
    expect(databaseText(a)).toBe(databaseText(c));
    expect(c.installed.some((route) => route.network === 0x0a000400)).toBe(true);
    expect(b.installed.length).toBe(3);
  });

  test('a router that comes back without memory outbids what is remembered of it, and takes back what it says no more', () => {
    const { lab, a, b, c, bc } = chain();
    c.ospf.setExternals([{ network: 0x0a630000, length: 16, metric: 5, type2: true, forwarding: 0, tag: 0 }]);
    lab.pass(10);
    expect(a.installed.some((route) => route.network === 0x0a630000)).toBe(true);
    const before = own(a, c)!.sequence;
    // It dies without a word; another takes its place with the same ID.
    bc.broken = true;
    lab.pass(50);
    for (const on of [...c.ospf.interfaces]) c.ospf.removeInterface(on);
    bc.broken = false;
    const again = lab.router(3);
    const place = bc.ends.findIndex((end) => end.router === c);
    const { link } = bc.ends[place];
    bc.ends[place] = { router: again, link };
    again.wires.set(link.index, bc);
    again.ospf.interfaceUp(again.ospf.addInterface(link, { ...b.on(bc).settings }));
    lab.pass(40);
    expect(own(a, c)!.sequence).toBeGreaterThan(before);
    expect(a.installed.some((route) => route.network === 0x0a630000)).toBe(false);
    expect(a.ospf.externals.size).toBe(0);
    expect(databaseText(a)).toBe(databaseText(again));
  });

  test('two routers with one ID that do not meet: both are told, and the quarrel is held down to once in five seconds', () => {
    const lab = new OspfLab();
    const [a, b, c, d] = [1, 2, 3, 1].map((id) => lab.router(id));
    lab.wire([a, b], P2P);
    lab.wire([b, c], P2P);
    lab.wire([c, d], P2P);
    lab.wire([d]);
    const lines = told(a);
    lab.pass(60);
    let updates = 0;
    lab.watch = (packet) => {
      if (packet.bytes[packet.start + 1] === 4) updates++;
    };
    lab.pass(600);
    expect(updates).toBeGreaterThan(100);
    expect(updates).toBeLessThan(600);
    expect(lines.some((line) => line.includes('by another router with our ID'))).toBe(true);
  });

  test('who leaves takes back what it said, and its neighbours need not wait for its silence', () => {
    const { lab, a, b, c, bc } = chain();
    c.ospf.stop();
    lab.pass(2);
    expect(stateOf(b, bc)).toBe('Init');
    expect(own(a, c)).toBe(undefined);
    expect(c.installed).toEqual([]);
    lab.pass(100);
    expect(b.on(bc).neighbours.size).toBe(0);
    expect(lab.pool.outstanding).toBe(0);
  });

  test('what is calculated, and why, is told; a storm of changes is calculated ever more seldom', () => {
    const { lab, a, b, bc } = chain();
    const lines = told(a);
    lab.cut(bc);
    lab.pass(1);
    expect(lines).toContain('OSPF: routes calculated, 0 of them (router LSA 0.0.0.2 changed)');
    const runs = b.ospf.spf.runs;
    for (let i = 0; i < 200; i++) {
      b.ospf.spf.ask('again');
      lab.pass(0.1);
    }
    // 20 s: with the longest pause 4, and some until it has grown to that.
    expect(b.ospf.spf.runs - runs).toBeLessThan(12);
  });
});
