import { describe, expect, it } from 'vitest';
import { MacAddress } from '../../base/mac-address.ts';
import { expectNoLeaks } from '../../testing/test-node.ts';
import { ip, prefix } from '../testing/fake-link.ts';
import { ALL_NODES, REDIRECT_LENGTH, writeRedirect } from './nd-messages.ts';
import { putRouterAdvertisement, type RouterAdvertisement } from './nd-router-message.ts';
import { type AdvertiseOptions, advertisedPrefix } from './router-advertiser.ts';
import type { DnsAdvice } from './router-discovery.ts';
import { icmp6Packet } from './testing/icmp6-packets.ts';
import { Host6, type Lan6, World6 } from './testing/lan6.ts';

const ALL_NODES_MAC = new MacAddress(0x3333, ALL_NODES.w3);

function addRouter(world: World6, lan: Lan6, number: number, options: AdvertiseOptions = {}): Host6 {
  const router = new Host6(world, lan, `r${number}`, `02:00:00:00:00:0${number}`, { router: true });
  router.add(`2001:db8:${number}::1/64`);
  router.ipv6.links.advertise(router.eth0, options);
  return router;
}

/** Milliseconds at which advertisements went over the link. */
function advertised(lan: Lan6): number[] {
  return lan.log.filter((line) => line.includes('router advertisement')).map((line) => Number.parseInt(line, 10));
}

/** What a host far away would be sent: a datagram of 8 zeros. */
function speak(world: World6, host: Host6, to: string, ttl = 0): number {
  const packet = world.pool.acquire(8);
  packet.bytes.fill(0, packet.put(8), packet.end);
  return host.ipv6.send(packet, 17, null, ip(to), ttl === 0 ? {} : { ttl });
}

/** Advertises, as somebody at fe80::bad. */
function forge(world: World6, lan: Lan6, more: Partial<RouterAdvertisement>, from = 'fe80::bad', hopLimit = 255): void {
  const packet = world.pool.acquire(512);
  putRouterAdvertisement(packet, {
    hopLimit: 0,
    managed: false,
    other: false,
    preference: 'medium',
    lifetimeSeconds: 0,
    reachableMs: 0,
    retransmitMs: 0,
    linkAddress: MacAddress.parse('02:00:00:00:0b:ad'),
    mtu: 0,
    prefixes: [],
    routes: [],
    servers: [],
    domains: [],
    ...more,
  });
  lan.inject(icmp6Packet(packet, from, 'ff02::1', hopLimit), ALL_NODES_MAC);
  world.pass(0.001);
}

describe('A router advertises (RFC 4861 6.2.4)', () => {
  it('three times soon, then every 200 to 600 seconds', () => {
    const world = new World6();
    const lan = world.lan();
    addRouter(world, lan, 1);
    world.pass(7200);
    const times = advertised(lan);
    const gaps = times.slice(1).map((time, i) => time - times[i]!);
    expect(Math.max(...gaps.slice(0, 2))).toBeLessThanOrEqual(16_001);
    for (const gap of gaps.slice(3)) {
      expect(gap).toBeGreaterThanOrEqual(199_999);
      expect(gap).toBeLessThanOrEqual(600_001);
    }
    expect(new Set(gaps.slice(3)).size).toBeGreaterThan(5);
    expectNoLeaks(world.pool);
  });

  it('as often as it is told to, down to every 3 seconds', () => {
    const world = new World6();
    const lan = world.lan();
    addRouter(world, lan, 1, { intervalSeconds: 3 });
    world.pass(60);
    const times = advertised(lan).slice(3);
    for (const [i, time] of times.slice(1).entries()) expect(time - times[i]!).toBe(3000);
  });

  it('answers a host within half a second, but all hosts together every 3 seconds at most (6.2.6)', () => {
    const world = new World6();
    const lan = world.lan();
    addRouter(world, lan, 1);
    world.pass(100);
    lan.log.length = 0;
    for (let i = 2; i < 8; i++) new Host6(world, lan, `h${i}`, `02:00:00:00:01:0${i}`);
    world.pass(20);
    const asked = lan.log.filter((line) => line.includes('router solicitation'));
    const times = advertised(lan);
    expect(times[0]! - Number.parseInt(asked[0]!, 10)).toBeLessThanOrEqual(500);
    for (const [i, time] of times.slice(1).entries()) expect(time - times[i]!).toBeGreaterThanOrEqual(3000);
  });

  it('says goodbye: hosts go elsewhere at once (6.2.5)', () => {
    const world = new World6();
    const lan = world.lan();
    const router = addRouter(world, lan, 1);
    const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a');
    world.pass(10);
    expect(host.routes[0]).toMatch(/^default/);
    router.ipv6.stop();
    world.pass(0.1);
    expect(lan.log.at(-1)).toContain('router advertisement, lifetime 0 s');
    expect(host.routes).toEqual(['2001:db8:1::/64 dev eth0 proto ra metric 256']);
  });

  it('tells soon of a network that was added', () => {
    const world = new World6();
    const lan = world.lan();
    const router = addRouter(world, lan, 1);
    const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a');
    world.pass(60);
    router.add('2001:db8:77::1/64');
    world.pass(6);
    expect(host.addresses.some((line) => line.startsWith('2001:db8:77:'))).toBe(true);
  });

  it('hears no other router', () => {
    const world = new World6();
    const lan = world.lan();
    addRouter(world, lan, 1);
    const router = addRouter(world, lan, 2);
    world.pass(20);
    expect(router.routes).toEqual([]);
    expect(router.addresses).toHaveLength(2);
  });
});

describe('A host finds routers (RFC 4861 6.3, RFC 4191)', () => {
  it('and takes the preferred one', () => {
    const world = new World6();
    const lan = world.lan();
    const low = addRouter(world, lan, 1, { preference: 'low' });
    const high = addRouter(world, lan, 2, { preference: 'high' });
    addRouter(world, lan, 3);
    const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a');
    world.pass(10);
    const gateway = () => `${host.ipv6.routes.lookup(ip('2001:db8:ffff::1'))!.gateway}`;
    expect(gateway()).toBe(`${high.linkLocal}`);
    high.ipv6.links.advertiser.start(high.eth0, { preference: 'low' });
    world.pass(5);
    expect(gateway()).not.toBe(`${high.linkLocal}`);
    expect(gateway()).not.toBe(`${low.linkLocal}`);
  });

  it('and takes another when it does not answer any more (6.3.6), until it is heard of again', () => {
    const world = new World6();
    const lan = world.lan();
    const first = addRouter(world, lan, 1, { preference: 'high', intervalSeconds: 1800 });
    const second = addRouter(world, lan, 2, { intervalSeconds: 1800 });
    const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a');
    world.pass(60);
    first.link.up = false;
    const gateway = () => `${host.ipv6.routes.lookup(ip('2001:db8:ffff::1'))!.gateway}`;
    expect(gateway()).toBe(`${first.linkLocal}`);
    speak(world, host, '2001:db8:ffff::1');
    world.pass(10);
    expect(host.heard('the router does not answer: any other is better')).toBe(true);
    expect(gateway()).toBe(`${second.linkLocal}`);
    first.link.up = true;
    first.ipv6.links.advertiser.changed(first.eth0);
    world.pass(4);
    expect(gateway()).toBe(`${first.linkLocal}`);
  });

  it('and no more when its lifetime is over', () => {
    const world = new World6();
    const lan = world.lan();
    const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a');
    world.pass(2);
    forge(world, lan, { lifetimeSeconds: 10 });
    expect(host.routes).toEqual(['default via fe80::bad dev eth0 proto ra metric 1024']);
    world.pass(10);
    expect(host.routes).toEqual([]);
    expect(host.heard('its lifetime is over')).toBe(true);
  });

  it('and ways to networks behind them, and follows the longest prefix', () => {
    const world = new World6();
    const lan = world.lan();
    const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a');
    world.pass(2);
    const routes = [{ prefix: prefix('2001:db8:9::/48'), preference: 'medium', lifetimeSeconds: 5 } as const];
    forge(world, lan, { lifetimeSeconds: 100 }, 'fe80::1');
    forge(world, lan, { routes }, 'fe80::2');
    expect(`${host.ipv6.routes.lookup(ip('2001:db8:9::1'))!.gateway}`).toBe('fe80::2');
    world.pass(5);
    expect(`${host.ipv6.routes.lookup(ip('2001:db8:9::1'))!.gateway}`).toBe('fe80::1');
  });

  it('believes nobody from another link, no MTU that is impossible, and no more routes than the limit', () => {
    const world = new World6({ advertisedRoutes: 2 });
    const lan = world.lan();
    const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a');
    world.pass(2);
    forge(world, lan, { lifetimeSeconds: 100 }, 'fe80::bad', 254);
    forge(world, lan, { lifetimeSeconds: 100 }, '2001:db8::bad');
    expect(host.routes).toEqual([]);
    forge(world, lan, { mtu: 1279 });
    forge(world, lan, { mtu: 1501 });
    expect(host.eth0.mtu).toBe(1500);
    for (const from of ['fe80::1', 'fe80::2', 'fe80::3']) forge(world, lan, { lifetimeSeconds: 100 }, from);
    expect(host.routes).toHaveLength(2);
    expectNoLeaks(world.pool);
  });

  it("and speaks from the address that the next hop's prefix brought forth (RFC 6724 5, rule 5.5)", () => {
    const world = new World6();
    const lan = world.lan();
    addRouter(world, lan, 1, { preference: 'low' });
    const second = addRouter(world, lan, 2);
    const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a');
    world.pass(10);
    const source = () => `${host.ipv6.sourceFor(ip('2001:db8:ffff::1'))}`;
    expect(source()).toMatch(/^2001:db8:2:/);
    second.ipv6.stop();
    world.pass(1);
    expect(source()).toMatch(/^2001:db8:1:/);
  });

  it('and DNS servers, for as long as they say (RFC 8106)', () => {
    const world = new World6();
    const lan = world.lan();
    const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a');
    const told: string[] = [];
    const dns: DnsAdvice = {
      advised: (_on, servers, domains) => told.push(`${servers.join(',')} ${domains.join(',')}`),
    };
    host.ipv6.links.routers.dns = dns;
    world.pass(2);
    const servers = [{ lifetimeSeconds: 60, servers: [ip('2001:db8::53'), ip('2001:db8::54')] }];
    const domains = [{ lifetimeSeconds: 30, domains: ['lab.test'] }];
    forge(world, lan, { servers, domains });
    forge(world, lan, { servers, domains });
    world.pass(31);
    forge(world, lan, { servers: [{ lifetimeSeconds: 0, servers: [ip('2001:db8::53')] }] });
    world.pass(60);
    expect(told).toEqual(['2001:db8::53,2001:db8::54 lab.test', '2001:db8::53,2001:db8::54 ', '2001:db8::54 ', ' ']);
  });

  it('forgets them with the interface', () => {
    const world = new World6();
    const lan = world.lan();
    addRouter(world, lan, 1);
    const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a');
    world.pass(10);
    host.ipv6.removeInterface(host.link);
    expect(host.routes).toEqual([]);
    expect(host.eth0.ip.v6).toBeNull();
    world.pass(10_000);
    expectNoLeaks(world.pool);
  });
});

describe('Redirects (RFC 4861 8)', () => {
  /** Two routers on one link; the first knows that 2001:db8:9::/48 is behind the second. */
  function twoRouters() {
    const world = new World6();
    const lan = world.lan();
    const prefixes = [advertisedPrefix(prefix('2001:db8:1::/64'))];
    const first = addRouter(world, lan, 1, { preference: 'high', prefixes });
    const second = addRouter(world, lan, 2, { lifetimeSeconds: 0, prefixes: [] });
    const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a');
    world.pass(20);
    first.ipv6.addRoute(prefix('2001:db8:9::/48'), { via: second.linkLocal, interface: first.eth0.ip });
    lan.log.length = 0;
    return { world, lan, first, second, host };
  }

  it('are sent to a host that takes the long way, and followed', () => {
    const { world, lan, first, second, host } = twoRouters();
    speak(world, host, '2001:db8:9::9');
    world.pass(1);
    expect(lan.log.some((line) => line.includes(`redirect: 2001:db8:9::9 by ${second.linkLocal}`))).toBe(true);
    const route = host.ipv6.routes.lookup(ip('2001:db8:9::9'))!;
    expect(`${route}`).toBe(`2001:db8:9::9 via ${second.linkLocal} dev eth0 proto ra`);
    expect(host.ipv6.routes.lookup(ip('2001:db8:9::8'))!.gateway!.equals(first.linkLocal)).toBe(true);
    const before = first.ipv6.forwarded;
    speak(world, host, '2001:db8:9::9');
    world.pass(1);
    expect(first.ipv6.forwarded).toBe(before);
    world.pass(600);
    expect(host.ipv6.routes.lookup(ip('2001:db8:9::9'))!.gateway!.equals(first.linkLocal)).toBe(true);
    expectNoLeaks(world.pool);
  });

  it('name the destination itself when it is a neighbour', () => {
    const { world, lan, first, host } = twoRouters();
    const target = new Host6(world, lan, 'b', '02:00:00:00:00:0b').add('2001:db8:5::b/64');
    first.add('2001:db8:5::1/64');
    world.pass(5);
    const to = target.eth0.addresses[1]!.address;
    speak(world, host, `${to}`);
    world.pass(1);
    const route = host.ipv6.routes.lookup(to)!;
    expect(route.gateway).toBeNull();
    expect(route.length).toBe(128);
  });

  it('are sent so often a second at most', () => {
    const { world, lan, host } = twoRouters();
    host.eth0.acceptsAdvertisements = false; // it does not listen
    for (let i = 0; i < 100; i++) speak(world, host, `2001:db8:9::${(i + 16).toString(16)}`);
    world.pass(0.5);
    const sent = lan.log.filter((line) => line.includes('redirect'));
    expect(sent.length).toBeGreaterThan(5);
    expect(sent.length).toBeLessThanOrEqual(15);
  });

  it('are believed of the router that packets go by only', () => {
    const { world, lan, host } = twoRouters();
    const packet = world.pool.acquire(64);
    writeRedirect(packet.view, packet.put(REDIRECT_LENGTH), ip('fe80::bad'), ip('2001:db8:9::9'));
    lan.inject(icmp6Packet(packet, 'fe80::bad', `${host.linkLocal}`), host.link.mac);
    world.pass(0.1);
    expect(host.ipv6.routes.lookup(ip('2001:db8:9::9'))!.length).toBe(0);
    expect(host.heard('fe80::bad is not the way to 2001:db8:9::9')).toBe(true);
  });

  it('are forgotten when the new way does not answer, and the oldest when there are too many', () => {
    const { world, second, first, host } = twoRouters();
    speak(world, host, '2001:db8:9::9');
    world.pass(1);
    second.link.up = false;
    world.pass(60);
    speak(world, host, '2001:db8:9::9');
    world.pass(12);
    expect(host.ipv6.routes.lookup(ip('2001:db8:9::9'))!.gateway!.equals(first.linkLocal)).toBe(true);
  });
});
