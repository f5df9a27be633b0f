import { expect, test } from 'vitest';
import { SECOND } from '../base/clock.ts';
import { IpAddress } from '../base/ip-address.ts';
import { EtherType } from '../l2-link/ethernet.ts';
import { dropsOf, expectNoLeaks } from '../testing/test-node.ts';
import { arpPacket, FakeLink, ip, prefix, type TestHost, testHost } from './testing/fake-link.ts';

const OTHER = '02:00:00:00:00:77';

function hear(host: TestHost, from: string, to: string, mac = OTHER): void {
  host.eth0.receive(arpPacket(host, { op: 'request', mac, from, to }), EtherType.Arp, 1);
}

/** What was sent, each with the second in which it was. */
function timed(host: TestHost, untilSeconds: number): string[] {
  const all: string[] = [];
  for (let time = host.node.clock.now; time <= untilSeconds * SECOND; time += SECOND / 10) {
    host.queue.runUntil(time);
    all.push(...host.eth0.take().map((text) => text.replace('ff:ff:ff:ff:ff:ff ARP ', '')));
  }
  return all;
}

test('an address is asked for three times, used, and announced twice', () => {
  const host = testHost();
  const used: string[] = [];
  host.ipv4.claimAddress(host.eth0, prefix('10.0.1.50/24'), {
    addressUsed: ({ address }) => used.push(`${address} at ${(host.node.clock.now / SECOND).toFixed(0)} s`),
  });
  expect(host.ipv4.isLocal(ip('10.0.1.50'))).toBe(false);
  expect(timed(host, 20)).toEqual([
    ...Array(3).fill('is anyone 10.0.1.50?'),
    ...Array(2).fill('10.0.1.50 announces itself at 02:00:00:00:00:0a'),
  ]);
  expect(used.length).toBe(1);
  expect(used[0]).toMatch(/^10\.0\.1\.50 at [4-7] s$/);
  expect(host.ipv4.isLocal(ip('10.0.1.50'))).toBe(true);
  expect(host.queue.pending).toBe(0);
  expectNoLeaks(host.pool);
});

test.each([
  ['somebody has it', '10.0.1.50', '10.0.1.1'],
  ['somebody asks for it in the same moment', '0.0.0.0', '10.0.1.50'],
])('it is not used when %s', (_what, from, to) => {
  const host = testHost();
  host.ipv4.claimAddress(host.eth0, prefix('10.0.1.50/24'));
  host.queue.runUntil(1.5 * SECOND);
  hear(host, from, to);
  host.queue.runUntil(20 * SECOND);
  expect(host.ipv4.isLocal(ip('10.0.1.50'))).toBe(false);
  expect(dropsOf(host.node)['ADDRESS_CONFLICT']).toBe(1);
  expect(host.ipv4.arp.claims.conflicts.map(({ mac }) => mac.toString())).toEqual([OTHER]);
  host.eth0.take();
  expectNoLeaks(host.pool);
});

test('our own probe, heard again, is no conflict', () => {
  const host = testHost();
  host.ipv4.claimAddress(host.eth0, prefix('10.0.1.50/24'));
  hear(host, '0.0.0.0', '10.0.1.50', '02:00:00:00:00:0a');
  host.queue.runUntil(20 * SECOND);
  expect(host.ipv4.isLocal(ip('10.0.1.50'))).toBe(true);
  host.eth0.take();
  expectNoLeaks(host.pool);
});

test('it is defended once, and given up to who takes it again', () => {
  const host = testHost();
  host.ipv4.claimAddress(host.eth0, prefix('10.0.1.50/24'));
  host.queue.runUntil(20 * SECOND);
  host.eth0.take();
  hear(host, '10.0.1.50', '10.0.1.1');
  expect(host.eth0.take()).toEqual(['ff:ff:ff:ff:ff:ff ARP 10.0.1.50 announces itself at 02:00:00:00:00:0a']);
  host.queue.runUntil(40 * SECOND);
  hear(host, '10.0.1.50', '10.0.1.1');
  expect(host.eth0.take().length).toBe(1);
  expect(host.ipv4.isLocal(ip('10.0.1.50'))).toBe(true);
  hear(host, '10.0.1.50', '10.0.1.1');
  expect(host.eth0.take()).toEqual([]);
  expect(host.ipv4.isLocal(ip('10.0.1.50'))).toBe(false);
  expectNoLeaks(host.pool);
});

test('an address that was simply given stays; every 10 s at most it is announced', () => {
  const host = testHost();
  for (let second = 0; second < 25; second++) {
    host.queue.runUntil(second * SECOND);
    hear(host, '10.0.1.10', '10.0.1.1');
  }
  expect(host.eth0.take().length).toBe(3);
  expect(host.ipv4.isLocal(ip('10.0.1.10'))).toBe(true);
  expect(dropsOf(host.node)['ADDRESS_CONFLICT']).toBe(25);
  expect(host.ipv4.arp.claims.conflicts.length).toBe(16);
  expectNoLeaks(host.pool);
});

test('link-local: drawn from the MAC address, given up for another on conflict, once a minute after ten', () => {
  const draw = (mac: string): number => {
    const host = testHost();
    const eth1 = new FakeLink('eth1', mac);
    const own = host.ipv4.useLinkLocal(eth1);
    host.queue.runUntil(20 * SECOND);
    eth1.take();
    expectNoLeaks(host.pool);
    return own.address;
  };
  const [first, second] = [draw('02:00:00:00:00:31'), draw('02:00:00:00:00:32')];
  expect(first).toBe(draw('02:00:00:00:00:31'));
  expect(first).not.toBe(second);
  for (const address of [first, second]) expect(IpAddress.v4(address!).isLinkLocal).toBe(true);

  const host = testHost();
  const own = host.ipv4.useLinkLocal(host.eth0);
  const probed = new Set<string>();
  for (let time = 0; time < 200; time++) {
    host.queue.runUntil((time * SECOND) / 5);
    for (const text of host.eth0.take()) {
      const asked = /is anyone (169\.254\.[\d.]+)\?/.exec(text)?.[1];
      if (asked === undefined || probed.has(asked)) continue;
      probed.add(asked);
      if (probed.size <= 11) hear(host, asked, '10.0.1.1');
    }
  }
  expect(probed.size).toBe(11);
  host.queue.runUntil(120 * SECOND);
  expect(own.address).not.toBe(0);
  const address = IpAddress.v4(own.address);
  expect(host.ipv4.isLocal(address)).toBe(true);
  // RFC 3927 2.5: answers go to everybody.
  host.eth0.take();
  hear(host, '169.254.7.7', `${address}`);
  expect(host.eth0.take()).toEqual([`ff:ff:ff:ff:ff:ff ARP ${address} is at 02:00:00:00:00:0a`]);
  // Defended once, and then given up.
  hear(host, `${address}`, '169.254.7.8');
  hear(host, `${address}`, '169.254.7.8');
  expect(host.ipv4.isLocal(address)).toBe(false);
  own.stop();
  host.queue.runUntil(300 * SECOND);
  host.eth0.take();
  expectNoLeaks(host.pool);
});
