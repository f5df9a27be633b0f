import { describe, expect, it } from 'vitest';
import { expectNoLeaks } from '../../testing/test-node.ts';
import { prefix } from '../testing/fake-link.ts';
import { advertisedPrefix } from './router-advertiser.ts';
import { Host6, World6 } from './testing/lan6.ts';

function prefixFor(validSeconds: number, preferredSeconds: number) {
  return { ...advertisedPrefix(prefix('2001:db8:1::/64')), validSeconds, preferredSeconds };
}

function lanWithRouter(options = {}) {
  const world = new World6();
  const lan = world.lan();
  const router = new Host6(world, lan, 'r1', '02:00:00:00:00:01', { router: true }).add('2001:db8:1::1/64');
  router.ipv6.links.advertise(router.eth0, options);
  const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a');
  return { world, lan, router, host };
}

describe('A host configures itself (RFC 4862)', () => {
  it('asks whether its addresses are free, for routers, and takes what they say', () => {
    const { world, lan, host } = lanWithRouter({ mtu: 1400, hopLimit: 33, reachableMs: 5000, retransmitMs: 500 });
    world.pass(8);
    expect(host.addresses).toEqual([
      expect.stringMatching(/^fe80::[0-9a-f:]+\/64 preferred link-local$/),
      expect.stringMatching(/^2001:db8:1:0:[0-9a-f:]+\/64 preferred slaac$/),
    ]);
    expect(host.routes).toEqual([
      expect.stringMatching(/^default via fe80::\S+ dev eth0 proto ra metric 1024$/),
      '2001:db8:1::/64 dev eth0 proto ra metric 256',
    ]);
    const { eth0 } = host;
    expect([eth0.mtu, eth0.hopLimit, eth0.reachableNs, eth0.retransmitNs]).toEqual([1400, 33, 5e9, 5e8]);
    // RFC 4862 5.4.2: asked from nobody, after the group was joined.
    const [first] = lan.log.filter((line) => line.includes(host.eth0.linkLocal!.toString().slice(6)));
    expect(first).toContain(':: > ');
    expectNoLeaks(world.pool);
  });

  it('does nothing more once it is done, until lifetimes end: an idle host has no events', () => {
    const world = new World6();
    const host = new Host6(world, world.lan(), 'a', '02:00:00:00:00:0a').add('2001:db8:1::a/64');
    world.pass(30);
    expect(host.addresses).toHaveLength(2);
    expect(world.queue.pending).toBe(0);
  });

  it('asks three times for routers when there is none (RFC 4861 6.3.7)', () => {
    const world = new World6();
    const lan = world.lan();
    new Host6(world, lan, 'a', '02:00:00:00:00:0a');
    world.pass(60);
    const asked = lan.log.filter((line) => line.endsWith('router solicitation'));
    expect(asked).toHaveLength(3);
    const [first, second, third] = asked.map((line) => Number.parseInt(line, 10));
    expect([second - first, third - second]).toEqual([4000, 4000]);
  });

  it('has the same addresses in every run of one seed, other ones on other links', () => {
    const addresses = [1, 2].map(() => {
      const { world, host } = lanWithRouter();
      world.pass(8);
      return host.addresses;
    });
    expect(addresses[0]).toEqual(addresses[1]);
    const { world, router, host } = lanWithRouter();
    world.pass(8);
    expect(router.linkLocal.equals(host.linkLocal)).toBe(false);
  });

  it('makes no address of a prefix that is not 64 bits long, link-local, or without the A flag', () => {
    const odd = [
      advertisedPrefix(prefix('2001:db8:2::/56')),
      advertisedPrefix(prefix('fe80::/64')),
      { ...advertisedPrefix(prefix('2001:db8:3::/64')), autonomous: false },
      { ...advertisedPrefix(prefix('2001:db8:4::/64')), preferredSeconds: 20, validSeconds: 10 },
      { ...advertisedPrefix(prefix('2001:db8:5::/64')), validSeconds: 0, preferredSeconds: 0 },
      { ...advertisedPrefix(prefix('2001:db8:6::/64')), onLink: false },
    ];
    const { world, host } = lanWithRouter({ prefixes: odd });
    world.pass(8);
    expect(host.addresses).toHaveLength(2);
    expect(host.addresses[1]).toMatch(/^2001:db8:6:/);
    expect(host.routes.filter((line) => line.includes('2001:db8:6:'))).toEqual([]);
    expect(host.routes).toContain('2001:db8:3::/64 dev eth0 proto ra metric 256');
  });

  it('has no more addresses than the limit', () => {
    const world = new World6({ interfaceAddresses: 3 });
    const lan = world.lan();
    const router = new Host6(world, lan, 'r1', '02:00:00:00:00:01', { router: true });
    const prefixes = [1, 2, 3, 4].map((i) => advertisedPrefix(prefix(`2001:db8:${i}::/64`)));
    router.ipv6.links.advertise(router.eth0, { prefixes });
    const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a');
    world.pass(8);
    expect(host.addresses).toHaveLength(3);
    expect(host.heard('the interface has enough addresses')).toBe(true);
  });
});

describe('Lifetimes (RFC 4862 5.5.3, 5.5.4)', () => {
  it('deprecate an address and then take it away', () => {
    const { world, router, host } = lanWithRouter({ prefixes: [prefixFor(60, 30)], intervalSeconds: 1800 });
    world.pass(5);
    router.link.up = false;
    router.ipv6.links.advertiser.stop(router.eth0, false);
    world.pass(30);
    expect(host.addresses[1]).toContain('deprecated slaac');
    world.pass(30);
    expect(host.addresses).toHaveLength(1);
    expect(host.heard('its valid lifetime is over')).toBe(true);
    expect(host.routes.some((line) => line.startsWith('2001:db8:1::/64'))).toBe(false);
  });

  it('are renewed by each advertisement, and a deprecated address comes back', () => {
    const { world, router, host } = lanWithRouter({ prefixes: [prefixFor(60, 10)], intervalSeconds: 1800 });
    world.pass(4.9);
    const { advertiser } = router.ipv6.links;
    advertiser.stop(router.eth0, false);
    world.pass(15);
    expect(host.addresses[1]).toContain('deprecated');
    advertiser.start(router.eth0, { prefixes: [prefixFor(60, 30)] });
    world.pass(5);
    expect(host.addresses[1]).toContain('preferred');
  });

  it('nobody shortens to less than two hours what is left', () => {
    const { world, router, host } = lanWithRouter({ prefixes: [prefixFor(86_400, 3600)] });
    world.pass(8);
    const { advertiser } = router.ipv6.links;
    advertiser.start(router.eth0, { prefixes: [prefixFor(10, 0)] });
    world.pass(1.9);
    const address = host.eth0.addresses[1]!;
    expect(address.state).toBe('deprecated');
    expect(address.validUntil - world.queue.now).toBeGreaterThan(7190e9);
    expect(address.validUntil - world.queue.now).toBeLessThanOrEqual(7200e9);
    const left = address.validUntil;
    advertiser.start(router.eth0, { prefixes: [prefixFor(10, 0)] });
    world.pass(20);
    expect(address.validUntil).toBe(left); // less than two hours are left: it stays
  });
});

describe('Duplicate address detection (RFC 4862 5.4)', () => {
  it('finds an address that somebody has: it is not used, and both say so', () => {
    const world = new World6();
    const lan = world.lan();
    const first = new Host6(world, lan, 'a', '02:00:00:00:00:0a').add('2001:db8::1/64');
    world.pass(5);
    const second = new Host6(world, lan, 'b', '02:00:00:00:00:0b').add('2001:db8::1/64');
    world.pass(5);
    expect(first.addresses).toContain('2001:db8::1/64 preferred static');
    expect(second.addresses).toContain('2001:db8::1/64 duplicate static');
    expect(second.heard('2001:db8::1 dev eth0: tentative -> duplicate: 02:00:00:00:00:0a has it')).toBe(true);
    expect(second.ipv6.isLocal(second.eth0.addresses[1]!.address)).toBe(false);
    expectNoLeaks(world.pool);
  });

  it('finds two that ask for the same at the same time: one at most uses it', () => {
    const world = new World6();
    const lan = world.lan();
    const hosts = ['a', 'b'].map((name, i) => new Host6(world, lan, name, `02:00:00:00:00:0${i + 1}`));
    world.pass(5);
    for (const host of hosts) host.add('2001:db8::1/64');
    world.pass(5);
    // Who hears the question before having asked leaves the address to the other (RFC 4862 5.4.3).
    const states = hosts.map((host) => host.eth0.addresses[1]!.state);
    expect(states.sort()).toEqual(['duplicate', 'preferred']);
    expect(hosts.some((host) => host.heard('another host asks for it, too'))).toBe(true);
  });

  it('an address that is used at once is given back when somebody has it (RFC 4429)', () => {
    const world = new World6();
    const lan = world.lan();
    const first = new Host6(world, lan, 'a', '02:00:00:00:00:0a').add('2001:db8::1/64');
    world.pass(5);
    const second = new Host6(world, lan, 'b', '02:00:00:00:00:0b');
    second.ipv6.addAddress(second.link, prefix('2001:db8::1/64'), true);
    expect(second.ipv6.isLocal(second.eth0.addresses[1]!.address)).toBe(true);
    world.pass(5);
    expect(second.eth0.addresses[1]!.state).toBe('duplicate');
    expect(first.addresses).toContain('2001:db8::1/64 preferred static');
  });

  it('makes another identifier when somebody has the one it made (RFC 7217 6)', () => {
    const { world, lan, host } = lanWithRouter();
    world.pass(8);
    const taken = host.eth0.addresses[1]!.address;
    const other = new Host6(world, lan, 'b', '02:00:00:00:00:0b').add(`${taken}/64`);
    other.eth0.dadTransmits = 0;
    other.ipv6.removeAddress(other.link, taken);
    other.add(`${taken}/64`); // without asking: a host that does as it likes
    host.ipv6.links.linkChanged(host.eth0, false);
    host.ipv6.links.linkChanged(host.eth0, true);
    world.pass(8);
    const made = host.eth0.addresses.filter(({ origin }) => origin === 'slaac');
    expect(made.map(({ state }) => state)).toEqual(['preferred']);
    expect(made[0]!.address.equals(taken)).toBe(false);
    expect(made[0]!.conflicts).toBe(1);
  });

  it('is not done where it is switched off', () => {
    const world = new World6();
    const lan = world.lan();
    const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a');
    host.eth0.dadTransmits = 0;
    host.add('2001:db8::1/64');
    expect(host.addresses).toContain('2001:db8::1/64 preferred static');
  });

  it('begins anew when the cable comes', () => {
    const world = new World6();
    const host = new Host6(world, world.lan(), 'a', '02:00:00:00:00:0a');
    host.ipv6.links.linkChanged(host.eth0, false);
    world.pass(10);
    expect(host.eth0.addresses[0]!.state).toBe('tentative');
    host.ipv6.links.linkChanged(host.eth0, true);
    world.pass(3);
    expect(host.eth0.addresses[0]!.state).toBe('preferred');
  });

  it('a chosen link-local address replaces the one that was made', () => {
    const world = new World6();
    const host = new Host6(world, world.lan(), 'a', '02:00:00:00:00:0a').add('fe80::1/64');
    world.pass(3);
    expect(host.addresses).toEqual(['fe80::1/64 preferred static']);
  });
});
