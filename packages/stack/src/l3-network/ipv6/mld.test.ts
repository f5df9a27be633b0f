import { describe, expect, it } from 'vitest';
import { MacAddress } from '../../base/mac-address.ts';
import { type PacketBuffer, PacketPool } from '../../base/packet-buffer.ts';
import { Random } from '../../base/random.ts';
import { dropsOf, expectNoLeaks, testNode } from '../../testing/test-node.ts';
import { ip } from '../testing/fake-link.ts';
import {
  describeMld,
  MldType,
  maxResponseMs,
  mldProblem,
  putQuery,
  putRecord,
  putReport,
  putVersion1,
  queryIntervalSeconds,
  RecordType,
} from './mld-messages.ts';
import { icmp6Packet } from './testing/icmp6-packets.ts';
import { Host6, type Lan6, World6 } from './testing/lan6.ts';

const GROUP = ip('ff05::1234');

function hostOnLan() {
  const world = new World6();
  const lan = world.lan();
  const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a');
  world.pass(20);
  lan.log.length = 0;
  return { world, lan, host };
}

function inject(world: World6, lan: Lan6, message: PacketBuffer, from: string, to: string, hopLimit = 1): void {
  lan.inject(icmp6Packet(message, from, to, hopLimit), new MacAddress(0x3333, ip(to).w3));
  world.pass(0.001);
}

function query(world: World6, lan: Lan6, group = '::', maxMs = 1000, from = 'fe80::99'): void {
  const packet = world.pool.acquire(64);
  putQuery(packet, ip(group), maxMs, false, 2, 125);
  inject(world, lan, packet, from, group === '::' ? 'ff02::1' : group);
  lan.log.length = 0;
}

function version1(world: World6, lan: Lan6, type: number, group: string, from = 'fe80::99'): void {
  const packet = world.pool.acquire(64);
  putVersion1(packet, type, ip(group));
  inject(world, lan, packet, from, group === '::' ? 'ff02::1' : group);
  lan.log.length = 0;
}

describe('A listener (RFC 3810 6)', () => {
  it('tells that it joins and leaves, twice each', () => {
    const { world, lan, host } = hostOnLan();
    const { groups } = host.ipv6;
    const on = host.eth0.ip;
    expect(groups.join(on, GROUP)).toBe(0);
    expect(groups.isMember(on, GROUP)).toBe(true);
    world.pass(5);
    expect(lan.log.map((line) => line.replace(/^\d+ ms /, ''))).toEqual([
      `${host.linkLocal} > ff02::16 MLD report: joins ff05::1234`,
      `${host.linkLocal} > ff02::16 MLD report: joins ff05::1234`,
    ]);
    lan.log.length = 0;
    expect(groups.leave(on, GROUP)).toBe(0);
    expect(groups.isMember(on, GROUP)).toBe(false);
    world.pass(5);
    expect(lan.log.filter((line) => line.includes('leaves ff05::1234'))).toHaveLength(2);
    expectNoLeaks(world.pool);
  });

  it('counts who joins: the last one to leave is told', () => {
    const { world, lan, host } = hostOnLan();
    const { groups } = host.ipv6;
    const on = host.eth0.ip;
    groups.join(on, GROUP);
    groups.join(on, GROUP);
    world.pass(5);
    lan.log.length = 0;
    groups.leave(on, GROUP);
    world.pass(5);
    expect(lan.log).toEqual([]);
    expect(groups.isMember(on, GROUP)).toBe(true);
    groups.leave(on, GROUP);
    expect(groups.leave(on, GROUP)).toBe(-99);
    expect(groups.join(on, ip('2001:db8::1'))).toBe(-22);
    expect(groups.join(on, ip('224.0.0.1'))).toBe(-22);
  });

  it('is in groups that end alike, each on its own', () => {
    const { host } = hostOnLan();
    const { groups } = host.ipv6;
    const on = host.eth0.ip;
    const all = ['ff05::1:5', 'ff08::1:5', 'ff0e::1:5'].map(ip);
    for (const group of all) groups.join(on, group);
    groups.leave(on, all[1]!);
    expect(all.map((group) => groups.isMember(on, group))).toEqual([true, false, true]);
    groups.leave(on, all[2]!);
    groups.leave(on, all[0]!);
    expect(all.map((group) => groups.isMember(on, group))).toEqual([false, false, false]);
  });

  it('has no more groups than the limit', () => {
    const world = new World6({ multicastGroups: 2 });
    const host = new Host6(world, world.lan(), 'a', '02:00:00:00:00:0a');
    expect(host.ipv6.groups.join(host.eth0.ip, GROUP)).toBe(0); // one is its solicited-node group
    expect(host.ipv6.groups.join(host.eth0.ip, ip('ff05::2'))).toBe(-105);
  });

  it('answers when it is asked, within the time that the question gives', () => {
    const { world, lan, host } = hostOnLan();
    host.ipv6.groups.join(host.eth0.ip, GROUP);
    world.pass(5);
    query(world, lan);
    world.pass(1);
    expect(lan.log).toHaveLength(1);
    expect(lan.log[0]).toContain('is in ff05::1234');
    expect(lan.log[0]).not.toContain('ff02::1,');
    query(world, lan, 'ff05::1234');
    world.pass(1);
    expect(lan.log.map((line) => line.split('MLD ')[1])).toEqual(['report: is in ff05::1234']);
    query(world, lan, 'ff05::99');
    world.pass(10);
    expect(lan.log).toEqual([]);
  });

  it('speaks version 1 while a querier does, and is silent when another says the same (RFC 2710 4)', () => {
    const { world, lan, host } = hostOnLan();
    host.ipv6.groups.join(host.eth0.ip, GROUP);
    world.pass(5);
    version1(world, lan, MldType.Query, '::');
    world.pass(1);
    host.ipv6.groups.join(host.eth0.ip, ip('ff05::77'));
    world.pass(3);
    host.ipv6.groups.leave(host.eth0.ip, ip('ff05::77'));
    world.pass(3);
    const said = lan.log.map((line) => line.replace(/^\d+ ms \S+ /, ''));
    expect(said).toContain('> ff05::77 MLD report: is in ff05::77 (version 1)');
    expect(said).toContain('> ff02::2 MLD done: leaves ff05::77 (version 1)');
    lan.log.length = 0;
    version1(world, lan, MldType.Query, 'ff05::1234');
    version1(world, lan, MldType.Report1, 'ff05::1234');
    world.pass(12);
    expect(lan.log).toEqual([]);
    world.pass(260);
    query(world, lan);
    world.pass(1);
    expect(lan.log[0]).toContain('ff02::16 MLD report');
  });

  it('tells everything again when the cable comes', () => {
    const { world, lan, host } = hostOnLan();
    host.ipv6.groups.join(host.eth0.ip, GROUP);
    world.pass(5);
    host.ipv6.links.linkChanged(host.eth0, false);
    host.ipv6.links.linkChanged(host.eth0, true);
    world.pass(5);
    expect(lan.log.some((line) => line.includes('joins ff05::1234'))).toBe(true);
  });
});

describe('A querier (RFC 3810 7)', () => {
  function router(world: World6, lan: Lan6, name: string, mac: string): Host6 {
    const made = new Host6(world, lan, name, mac, { router: true });
    made.ipv6.links.advertise(made.eth0, { prefixes: [] });
    return made;
  }
  const queries = (lan: Lan6) => lan.log.filter((line) => line.endsWith('MLD query'));

  it('asks twice soon, then every 125 seconds', () => {
    const world = new World6();
    const lan = world.lan();
    router(world, lan, 'r1', '02:00:00:00:00:01');
    world.pass(500);
    const times = queries(lan).map((line) => Number.parseInt(line, 10));
    expect(times.slice(1).map((time, i) => time - times[i]!)).toEqual([31_250, 125_000, 125_000, 125_000]);
  });

  it('knows who is there, asks when one leaves, and forgets when nobody answers', () => {
    const world = new World6();
    const lan = world.lan();
    const { links } = router(world, lan, 'r1', '02:00:00:00:00:01').ipv6;
    const hosts = ['a', 'b'].map((name, i) => new Host6(world, lan, name, `02:00:00:00:01:0${i}`));
    world.pass(10);
    const listened = () => links.mld.querier.listenedOn(links.interfaces[1]!).map(String);
    for (const host of hosts) host.ipv6.groups.join(host.eth0.ip, GROUP);
    world.pass(5);
    expect(listened()).toContain('ff05::1234');
    hosts[0].ipv6.groups.leave(hosts[0].eth0.ip, GROUP);
    world.pass(10);
    expect(lan.log.filter((line) => line.includes('MLD query for ff05::1234')).length).toBeGreaterThan(0);
    expect(listened()).toContain('ff05::1234'); // the other one is there still
    hosts[1].ipv6.groups.leave(hosts[1].eth0.ip, GROUP);
    world.pass(10);
    expect(listened()).not.toContain('ff05::1234');
    expectNoLeaks(world.pool);
  });

  it('leaves it to the one with the lowest address, until that one is silent', () => {
    const world = new World6();
    const lan = world.lan();
    const routers = [1, 2].map((i) => router(world, lan, `r${i}`, `02:00:00:00:00:0${i}`));
    world.pass(200);
    lan.log.length = 0;
    world.pass(1000);
    const askers = new Set(queries(lan).map((line) => line.split(' ')[2]));
    expect(askers.size).toBe(1);
    const [asker] = askers;
    const silent = routers.find((each) => `${each.linkLocal}` === asker)!;
    silent.link.up = false;
    silent.ipv6.links.mld.querier.stop(silent.eth0);
    lan.log.length = 0;
    world.pass(400);
    expect(queries(lan).length).toBeGreaterThan(0);
    expect(queries(lan)[0]).not.toContain(asker);
  });
});

describe('Messages', () => {
  const of = new PacketPool({ poolBytes: 1 << 30, poolFreeBuffers: 16 });
  const report = () => {
    const packet = of.acquire(128);
    putReport(packet, 2);
    putRecord(packet, RecordType.ToExclude, GROUP);
    putRecord(packet, RecordType.ToInclude, ip('ff05::99'));
    return packet;
  };
  const problem = (packet: PacketBuffer, from = 'fe80::1', hopLimit = 1): string | null => {
    const whole = icmp6Packet(packet, from, 'ff02::16', hopLimit);
    whole.pull(40);
    const found = mldProblem(whole);
    whole.release();
    return found;
  };
  const asking = (group = '::') => {
    const packet = of.acquire(64);
    putQuery(packet, ip(group), 1000, true, 2, 125);
    return packet;
  };

  it('have their rules', () => {
    expect(problem(report())).toBeNull();
    expect(problem(report(), '::')).toBeNull();
    expect(problem(asking())).toBeNull();
    expect(problem(asking(), '::')).toBe('its source is not link-local');
    expect(problem(report(), '2001:db8::1')).toBe('its source is not link-local');
    expect(problem(report(), 'fe80::1', 64)).toBe('its hop limit is not 1');
    expect(problem(asking('2001:db8::1'))).toBe('it is about no group');
    const cut = report();
    cut.end -= 1;
    expect(problem(cut)).toBe('a record is cut off');
    const between = asking();
    between.end -= 2;
    expect(problem(between)).toBe('it has the length of neither version');
    const sources = asking();
    sources.view.setUint16(sources.start + 26, 1);
    expect(problem(sources)).toBe('its sources are cut off');
  });

  it('have times as a kind of floating point (RFC 3810 5.1.3, 5.1.9)', () => {
    const packet = asking();
    const { view, start } = packet;
    const coded = (code: number) => {
      view.setUint16(start + 4, code);
      return maxResponseMs(view, start, false);
    };
    expect([coded(1000), coded(0x7fff), coded(0x8000), coded(0xffff)]).toEqual([1000, 32_767, 32_768, 8_387_584]);
    expect(maxResponseMs(view, start, true)).toBe(0xffff);
    const interval = (code: number) => {
      view.setUint8(start + 25, code);
      return queryIntervalSeconds(view, start);
    };
    expect([interval(125), interval(0x80), interval(0xff)]).toEqual([125, 128, 31_744]);
    packet.release();
  });

  it('every prefix, and 100,000 mutations, are right or have their reason; no host minds', () => {
    const { node, pool } = testNode();
    expect(dropsOf(node)).toEqual({});
    const random = Random.from(3);
    const first = report();
    const packets = [first, asking(), asking('ff05::1')].map((each) => {
      const whole = icmp6Packet(each, 'fe80::1', 'ff02::16', 1);
      whole.pull(40);
      return whole;
    });
    for (const packet of packets) {
      const { end } = packet;
      for (packet.end = packet.start; packet.end < end; packet.end++) {
        if (mldProblem(packet) === null) describeMld(packet.view, packet.start);
      }
    }
    const originals = packets.map((packet) => packet.bytes.slice());
    let right = 0;
    for (let i = 0; i < 100_000; i++) {
      const packet = packets[i % 3]!;
      packet.bytes.set(originals[i % 3]!);
      for (let n = 1 + random.below(3); n > 0; n--) {
        packet.bytes[packet.start + random.below(packet.length)] = random.u32();
      }
      if (mldProblem(packet) !== null) continue;
      right++;
      describeMld(packet.view, packet.start);
    }
    expect(right).toBeGreaterThan(1000);
    for (const packet of packets) packet.release();
    expectNoLeaks(pool);
    expect(of.outstanding).toBe(0);
  });
});
