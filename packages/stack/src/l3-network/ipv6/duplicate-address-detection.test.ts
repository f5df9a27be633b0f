import fc from 'fast-check';
import { expect, it } from 'vitest';
import { expectNoLeaks } from '../../testing/test-node.ts';
import { ip, prefix } from '../testing/fake-link.ts';
import { Host6, World6 } from './testing/lan6.ts';

const ADDRESS = '2001:db8::1/64';

it('whenever hosts take the same address, carefully or not, one of them at most has it in the end', () => {
  const start = fc.record({ atMs: fc.integer({ min: 0, max: 4000 }), optimistic: fc.boolean() });
  fc.assert(
    fc.property(fc.array(start, { minLength: 2, maxLength: 6 }), (starts) => {
      const world = new World6();
      const lan = world.lan();
      const hosts = starts.map((_, i) => new Host6(world, lan, `h${i}`, `02:00:00:00:00:0${i + 1}`));
      const order = starts.map(({ atMs, optimistic }, i) => ({ atMs, optimistic, host: hosts[i]! }));
      order.sort((a, b) => a.atMs - b.atMs);
      let now = 0;
      for (const { atMs, optimistic, host } of order) {
        world.pass((atMs - now) / 1000);
        now = atMs;
        host.ipv6.addAddress(host.link, prefix(ADDRESS), optimistic);
      }
      world.pass(10);
      const states = hosts.map((host) => host.eth0.find(ip('2001:db8::1'))!.state);
      expect(states.filter((state) => state === 'preferred').length).toBeLessThanOrEqual(1);
      expect(states.every((state) => state === 'preferred' || state === 'duplicate')).toBe(true);
      // Whoever has left it to others has said so, and does not take its packets.
      for (const [i, host] of hosts.entries()) {
        expect(host.heard('-> duplicate')).toBe(states[i] === 'duplicate');
        expect(host.ipv6.isLocal(ip('2001:db8::1'))).toBe(states[i] === 'preferred');
      }
      expectNoLeaks(world.pool);
    }),
    { numRuns: 200 },
  );
});

it('hosts that begin together all have their link-local addresses, all different', () => {
  const world = new World6();
  const lan = world.lan();
  const macs = Array.from({ length: 50 }, (_, i) => `02:00:00:00:01:${i.toString(16).padStart(2, '0')}`);
  const hosts = macs.map((mac, i) => new Host6(world, lan, `h${i}`, mac));
  world.pass(3);
  expect(new Set(hosts.map((host) => `${host.linkLocal}`)).size).toBe(50);
  expectNoLeaks(world.pool);
});
