import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IpAddress } from '../../base/ip-address.ts';
import { MacAddress } from '../../base/mac-address.ts';
import type { PacketBuffer, PacketPool } from '../../base/packet-buffer.ts';
import { Prefix } from '../../base/prefix.ts';
import { Random } from '../../base/random.ts';
import { expectNoLeaks, testNode } from '../../testing/test-node.ts';
import { ip, prefix } from '../testing/fake-link.ts';
import { isDomainName } from './nd-dns-options.ts';
import {
  describeNd,
  NaFlag,
  NdType,
  ndHeaderLength,
  ndProblem,
  REDIRECT_LENGTH,
  writeRedirect,
  writeRouterSolicitation,
} from './nd-messages.ts';
import {
  findNdOption,
  hasNonce,
  NdOption,
  putLinkAddressOption,
  putNonceOption,
  putRedirectedHeader,
} from './nd-options.ts';
import { putRouterAdvertisement, type RouterAdvertisement, readRouterAdvertisement } from './nd-router-message.ts';
import { advertisedPrefix } from './router-advertiser.ts';
import { icmp6Packet, neighbourMessage } from './testing/icmp6-packets.ts';

const MAC = '02:00:00:00:00:01';

const FULL: RouterAdvertisement = {
  hopLimit: 64,
  managed: true,
  other: true,
  preference: 'high',
  lifetimeSeconds: 1800,
  reachableMs: 30_000,
  retransmitMs: 1000,
  linkAddress: MacAddress.parse(MAC),
  mtu: 1400,
  prefixes: [advertisedPrefix(prefix('2001:db8:1::/64')), advertisedPrefix(prefix('2001:db8:2::/56'))],
  routes: [
    { prefix: prefix('::/0'), preference: 'low', lifetimeSeconds: 5 },
    { prefix: prefix('2001:db8:9::/48'), preference: 'high', lifetimeSeconds: 600 },
    { prefix: prefix('2001:db8:9::1/128'), preference: 'medium', lifetimeSeconds: 0xffff_ffff },
  ],
  servers: [{ lifetimeSeconds: 1800, servers: [ip('2001:db8::53'), ip('fe80::53')] }],
  domains: [{ lifetimeSeconds: 1800, domains: ['lab.test', 'a.very.long.name.campus.test'] }],
};

function pool(): PacketPool {
  return testNode().pool;
}

function advertisement(of: PacketPool, message = FULL): PacketBuffer {
  const packet = of.acquire(512);
  putRouterAdvertisement(packet, message);
  return packet;
}

/** Each message once, as it may come off a wire: `start` at the ICMPv6 header. */
function messages(of: PacketPool): PacketBuffer[] {
  const solicitation = of.acquire(64);
  writeRouterSolicitation(solicitation.view, solicitation.put(8));
  putLinkAddressOption(solicitation, NdOption.SourceLinkAddress, MacAddress.parse(MAC)!);
  const probe = neighbourMessage(of, NdType.NeighbourSolicitation, 0, 'fe80::1', null);
  putNonceOption(probe, 1, 2);
  const redirect = of.acquire(256);
  writeRedirect(redirect.view, redirect.put(REDIRECT_LENGTH), ip('fe80::2'), ip('2001:db8::9'));
  putLinkAddressOption(redirect, NdOption.TargetLinkAddress, MacAddress.parse(MAC)!);
  putRedirectedHeader(redirect, new Uint8Array(100).fill(0x60), 0, 100);
  const source = { type: NdOption.SourceLinkAddress, mac: MAC };
  const target = { type: NdOption.TargetLinkAddress, mac: MAC };
  const flags = NaFlag.Solicited | NaFlag.Override;
  const packets = [
    icmp6Packet(solicitation, 'fe80::1', 'ff02::2'),
    icmp6Packet(advertisement(of), 'fe80::1', 'ff02::1'),
    icmp6Packet(neighbourMessage(of, NdType.NeighbourSolicitation, 0, 'fe80::2', source), 'fe80::1', 'ff02::1:ff00:2'),
    icmp6Packet(neighbourMessage(of, NdType.NeighbourAdvertisement, flags, 'fe80::2', target), 'fe80::2', 'fe80::1'),
    icmp6Packet(probe, '::', 'ff02::1:ff00:1'),
    icmp6Packet(redirect, 'fe80::1', 'fe80::9'),
  ];
  for (const packet of packets) packet.pull(40);
  return packets;
}

/** Reads all that there is to read of a message that is right. */
function readAll(packet: PacketBuffer): void {
  const { view, start, end } = packet;
  describeNd(view, start);
  const options = start + ndHeaderLength(view.getUint8(start));
  for (let type = 0; type < 40; type++) findNdOption(view, options, end, type);
  hasNonce(view, options, end, 0, 0);
  if (view.getUint8(start) === NdType.RouterAdvertisement) readRouterAdvertisement(view, start, end);
}

describe("A router's advertisement", () => {
  it('is read as it was written', () => {
    const packet = advertisement(pool());
    expect(readRouterAdvertisement(packet.view, packet.start, packet.end)).toEqual(FULL);
  });

  it('is read as it was written, whatever is in it', () => {
    const of = pool();
    const seconds = fc.integer({ min: 0, max: 0xffff_ffff });
    const word = fc.integer({ min: 0, max: 0xffff_ffff });
    const address = fc.tuple(word, word, word, word).map(([a, b, c, d]) => IpAddress.v6(a | 0x2000_0000, b, c, d));
    const network = fc.tuple(address, fc.integer({ min: 0, max: 128 })).map(([written, length]) => {
      return new Prefix(new Prefix(written, length).network, length);
    });
    const preference = fc.constantFrom('high', 'medium', 'low');
    const label = fc.stringMatching(/^[a-z0-9]{1,20}$/);
    const message = fc.record({
      hopLimit: fc.integer({ min: 0, max: 255 }),
      managed: fc.boolean(),
      other: fc.boolean(),
      preference,
      lifetimeSeconds: fc.integer({ min: 0, max: 0xffff }),
      reachableMs: word,
      retransmitMs: word,
      linkAddress: fc.constantFrom(MacAddress.parse(MAC), null),
      mtu: word,
      prefixes: fc.array(
        fc.record({
          prefix: network,
          onLink: fc.boolean(),
          autonomous: fc.boolean(),
          validSeconds: seconds,
          preferredSeconds: seconds,
        }),
        { maxLength: 5 },
      ),
      routes: fc.array(fc.record({ prefix: network, preference, lifetimeSeconds: seconds }), { maxLength: 5 }),
      servers: fc.array(
        fc.record({
          lifetimeSeconds: seconds,
          servers: fc.array(
            address.filter((each) => !each.isMulticast),
            { minLength: 1, maxLength: 4 },
          ),
        }),
        { maxLength: 3 },
      ),
      domains: fc.array(
        fc.record({
          lifetimeSeconds: seconds,
          domains: fc.array(
            fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
            {
              minLength: 1,
              maxLength: 4,
            },
          ),
        }),
        { maxLength: 3 },
      ),
    });
    fc.assert(
      fc.property(message, (written) => {
        const packet = advertisement(of, written);
        const read = readRouterAdvertisement(packet.view, packet.start, packet.end);
        packet.release();
        expect(read).toEqual(written);
      }),
      { numRuns: 300 },
    );
    expectNoLeaks(of);
  });

  it('skips options that it does not know, and those that are malformed', () => {
    const packet = pool().acquire(512);
    putRouterAdvertisement(packet, { ...FULL, prefixes: [], routes: [], servers: [], domains: [], mtu: 0 });
    const options: number[][] = [
      [200, 1, 0, 0, 0, 0, 0, 0],
      [NdOption.PrefixInformation, 1, 64, 0xc0, 0, 0, 0, 0], // too short
      [NdOption.DnsServers, 2, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0], // half an address
      [NdOption.DnsServers, 1, 0, 0, 0, 0, 0, 9],
      [NdOption.DnsSearchList, 2, 0, 0, 0, 0, 0, 9, 40, 97, 97, 97, 97, 97, 97, 97], // a label that does not end
      [NdOption.DnsSearchList, 2, 0, 0, 0, 0, 0, 9, 1, 0x20, 0, 0, 0, 0, 0, 0], // a blank
      [NdOption.Mtu, 2, 0, 0, 0, 0, 5, 0xdc, 0, 0, 0, 0, 0, 0, 0, 0],
      [NdOption.RouteInformation, 1, 64, 0, 0, 0, 0, 9], // a prefix of 64 bits in none
      [NdOption.RouteInformation, 2, 64, 0x10, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0], // the reserved preference
    ];
    for (const option of options) packet.append(Uint8Array.from(option));
    const read = readRouterAdvertisement(packet.view, packet.start, packet.end);
    expect([read.prefixes, read.routes, read.servers, read.domains, read.mtu]).toEqual([[], [], [], [], 0]);
  });

  it('may have a preference that is reserved: medium (RFC 4191 2.2)', () => {
    const packet = advertisement(pool());
    packet.view.setUint8(packet.start + 5, 0x10);
    expect(readRouterAdvertisement(packet.view, packet.start, packet.end).preference).toBe('medium');
  });
});

describe('What is wrong with a message (RFC 4861 6.1, 7.1, 8.1)', () => {
  const of = pool();
  const problem = (message: PacketBuffer, from: string, to: string, hopLimit = 255): string | null => {
    const packet = icmp6Packet(message, from, to, hopLimit);
    packet.pull(40);
    const found = ndProblem(packet);
    packet.release();
    return found;
  };
  const ns = (target = 'fe80::2', mac: string | null = null) =>
    neighbourMessage(of, NdType.NeighbourSolicitation, 0, target, mac === null ? null : { type: 1, mac });
  const na = (flags: number, target = 'fe80::2') =>
    neighbourMessage(of, NdType.NeighbourAdvertisement, flags, target, null);
  const redirect = (target: string, destination: string) => {
    const packet = of.acquire(64);
    writeRedirect(packet.view, packet.put(REDIRECT_LENGTH), ip(target), ip(destination));
    return packet;
  };
  const withCode = (packet: PacketBuffer) => {
    packet.view.setUint8(packet.start + 1, 1);
    return packet;
  };

  it('is nothing with those that are right', () => {
    for (const packet of messages(of)) {
      expect(ndProblem(packet), describeNd(packet.view, packet.start)).toBeNull();
      packet.release();
    }
    expect(problem(ns(), '::', 'ff02::1:ff00:2')).toBeNull();
    expect(problem(redirect('2001:db8::9', '2001:db8::9'), 'fe80::1', '2001:db8::2')).toBeNull();
  });

  it.each<[string, () => string | null]>([
    ['its hop limit is not 255: it comes from another link', () => problem(ns(), 'fe80::1', 'ff02::1:ff00:2', 254)],
    ['its code is not 0', () => problem(withCode(ns()), 'fe80::1', 'ff02::1:ff00:2')],
    ['its target is a multicast group', () => problem(ns('ff02::1'), 'fe80::1', 'ff02::1:ff00:1')],
    ['it has no source address and is not for a solicited-node group', () => problem(ns(), '::', 'ff02::1')],
    ['it has a link-layer address and no source address', () => problem(ns('fe80::2', MAC), '::', 'ff02::1:ff00:2')],
    ['its target is a multicast group', () => problem(na(0, 'ff02::5'), 'fe80::2', 'ff02::1')],
    ['an answer to a question is not sent to a group', () => problem(na(NaFlag.Solicited), 'fe80::2', 'ff02::1')],
    ['its source is not link-local', () => problem(advertisement(of), '2001:db8::1', 'ff02::1')],
    ['its source is not link-local', () => problem(redirect('fe80::2', '2001:db8::9'), '2001:db8::1', 'fe80::9')],
    ['it redirects a multicast group', () => problem(redirect('fe80::2', 'ff05::9'), 'fe80::1', 'fe80::9')],
    [
      'its target is neither a router nor the destination',
      () => problem(redirect('2001:db8::7', '2001:db8::9'), 'fe80::1', 'fe80::9'),
    ],
  ])('%s', (expected, found) => expect(found()).toBe(expected));

  it('an option of length 0, one that is too long, one that is cut off', () => {
    const broken = (change: (packet: PacketBuffer) => void): string | null => {
      const message = ns('fe80::2', MAC);
      change(message);
      return problem(message, 'fe80::1', 'ff02::1:ff00:2');
    };
    expect(broken((packet) => packet.view.setUint8(packet.start + 25, 0))).toBe('an option has the length 0');
    expect(broken((packet) => packet.view.setUint8(packet.start + 25, 2))).toBe('an option is longer than the message');
    expect(broken((packet) => packet.trim(25))).toBe('an option is cut off');
  });

  it('leaves nothing behind', () => expectNoLeaks(of));
});

describe('Bad input', () => {
  it('every prefix of every message is right or has its reason', () => {
    const of = pool();
    for (const packet of messages(of)) {
      const { end } = packet;
      for (packet.end = packet.start; packet.end <= end; packet.end++) {
        if (ndProblem(packet) === null) readAll(packet);
      }
      packet.release();
    }
    expectNoLeaks(of);
  });

  it('100,000 mutations are right or have their reason', () => {
    const of = pool();
    const random = Random.from(42);
    const packets = messages(of);
    const originals = packets.map((packet) => packet.bytes.slice());
    let right = 0;
    for (let i = 0; i < 100_000; i++) {
      const which = i % packets.length;
      const packet = packets[which]!;
      packet.bytes.set(originals[which]!);
      // Mostly in the message; the hop limit and addresses are touched, too.
      for (let n = 1 + random.below(4); n > 0; n--) {
        packet.bytes[packet.l3 + 7 + random.below(packet.end - packet.l3 - 7)] = random.u32();
      }
      if (ndProblem(packet) !== null) continue;
      right++;
      readAll(packet);
    }
    expect(right).toBeGreaterThan(1000);
    for (const packet of packets) packet.release();
    expectNoLeaks(of);
  });
});

it('knows names that can stand in a search list', () => {
  expect(['lab.test', 'a', '_x.y'].every(isDomainName)).toBe(true);
  expect(
    ['', '.', 'a..b', 'a b', `${'a'.repeat(64)}.test`, 'ä.test', `${'abcdefg.'.repeat(40)}x`].some(isDomainName),
  ).toBe(false);
});
