import { expect, it } from 'vitest';
import { finish, sum } from '../../base/checksum.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { MacAddress } from '../../base/mac-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { Random } from '../../base/random.ts';
import { expectNoLeaks } from '../../testing/test-node.ts';
import { ip, prefix } from '../testing/fake-link.ts';
import { ipv6AddressSum } from './ipv6-header.ts';
import { putQuery, putRecord, putReport, putVersion1, RecordType } from './mld-messages.ts';
import { NdType, REDIRECT_LENGTH, writeRedirect, writeRouterSolicitation } from './nd-messages.ts';
import { NdOption, putLinkAddressOption } from './nd-options.ts';
import { putRouterAdvertisement } from './nd-router-message.ts';
import { advertisedPrefix } from './router-advertiser.ts';
import { icmp6Packet, neighbourMessage } from './testing/icmp6-packets.ts';
import { Host6, type Lan6, World6 } from './testing/lan6.ts';

const MAC = '02:00:00:00:00:99';

/** Messages that are right, and what a forger begins with. */
function originals(world: World6, host: Host6): Uint8Array[] {
  const { pool } = world;
  const own = `${host.eth0.addresses[1]!.address}`;
  const local = `${host.linkLocal}`;
  const made = (fill: (packet: PacketBuffer) => void): PacketBuffer => {
    const packet = pool.acquire(512);
    fill(packet);
    return packet;
  };
  const link = { type: NdOption.SourceLinkAddress, mac: MAC };
  const packets = [
    icmp6Packet(
      made((packet) =>
        putRouterAdvertisement(packet, {
          hopLimit: 64,
          managed: false,
          other: false,
          preference: 'medium',
          lifetimeSeconds: 1800,
          reachableMs: 1000,
          retransmitMs: 1000,
          linkAddress: MacAddress.parse(MAC),
          mtu: 1400,
          prefixes: [advertisedPrefix(prefix('2001:db8:5::/64')), advertisedPrefix(prefix('2001:db8:6::/64'))],
          routes: [{ prefix: prefix('2001:db8:7::/48'), preference: 'high', lifetimeSeconds: 60 }],
          servers: [{ lifetimeSeconds: 60, servers: [ip('2001:db8::53')] }],
          domains: [{ lifetimeSeconds: 60, domains: ['lab.test'] }],
        }),
      ),
      'fe80::99',
      'ff02::1',
    ),
    icmp6Packet(
      made((packet) => {
        writeRouterSolicitation(packet.view, packet.put(8));
        putLinkAddressOption(packet, NdOption.SourceLinkAddress, MacAddress.parse(MAC)!);
      }),
      'fe80::99',
      'ff02::2',
    ),
    icmp6Packet(neighbourMessage(pool, NdType.NeighbourSolicitation, 0, own, link), '2001:db8::99', own),
    icmp6Packet(
      neighbourMessage(pool, NdType.NeighbourAdvertisement, 0x60, '2001:db8::99', { ...link, type: 2 }),
      '2001:db8::99',
      own,
    ),
    icmp6Packet(
      made((packet) => writeRedirect(packet.view, packet.put(REDIRECT_LENGTH), ip('fe80::98'), ip('2001:db8:8::1'))),
      'fe80::99',
      local,
    ),
    icmp6Packet(
      made((packet) => putQuery(packet, ip('::'), 1000, false, 2, 125)),
      'fe80::99',
      'ff02::1',
      1,
    ),
    icmp6Packet(
      made((packet) => {
        putReport(packet, 2);
        putRecord(packet, RecordType.ToExclude, ip('ff05::1'));
        putRecord(packet, RecordType.ToInclude, ip('ff05::2'));
      }),
      'fe80::99',
      'ff02::16',
      1,
    ),
    icmp6Packet(
      made((packet) => putVersion1(packet, 131, ip('ff05::3'))),
      'fe80::99',
      'ff05::3',
      1,
    ),
  ];
  return packets.map((packet) => {
    const bytes = packet.slice().slice();
    packet.release();
    return bytes;
  });
}

/** Sends one of them, some bytes of it changed, the checksum made right again. */
function forge(world: World6, lan: Lan6, original: Uint8Array, random: Random): void {
  const packet = world.pool.from(original);
  const { bytes, view, start, end } = packet;
  for (let n = random.below(4); n > 0; n--) {
    // Sources, and everything in the message; not the length, nor what protocol it is.
    const at = random.below(3) === 0 ? 20 + random.below(4) : 41 + random.below(end - start - 41);
    bytes[start + at] = random.u32();
  }
  const message = start + 40;
  const source = IpAddress.read6(view, start + 8);
  const destination = IpAddress.read6(view, start + 24);
  view.setUint16(message + 2, 0);
  const pseudo = ipv6AddressSum(source, destination) + 58 + end - message;
  view.setUint16(message + 2, finish(sum(view, message, end, pseudo)));
  lan.inject(packet, destination.isMulticast ? new MacAddress(0x3333, destination.w3) : lan.stations[0]!.mac);
}

it.each([
  ['host', false],
  ['router', true],
])('a %s that is sent 30,000 forged messages keeps its limits, and works afterwards', (_name, router) => {
  const limits = {
    interfaceAddresses: 8,
    neighbourEntries: 64,
    advertisedRoutes: 16,
    advertisedNames: 4,
    redirects: 8,
    multicastGroups: 32,
  };
  const world = new World6(limits);
  const lan = world.lan();
  const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a', { router }).add('2001:db8::1/64');
  if (router) host.ipv6.links.advertise(host.eth0, { intervalSeconds: 1800 });
  world.pass(5);
  const messages = originals(world, host);
  const random = Random.from(11);
  lan.silent = true;
  for (let i = 0; i < 30_000; i++) {
    forge(world, lan, messages[i % messages.length]!, random);
    if (i % 10 === 0) world.pass(0.01);
    host.said.length = 0;
  }
  const { ipv6, eth0 } = host;
  expect(eth0.addresses.length).toBeLessThanOrEqual(limits.interfaceAddresses);
  expect(ipv6.neighbours.size).toBeLessThanOrEqual(limits.neighbourEntries);
  expect(ipv6.routes.list().length).toBeLessThanOrEqual(limits.advertisedRoutes + limits.redirects + 12);
  expect(ipv6.links.mld.querier.listenedOn(eth0).length).toBeLessThanOrEqual(limits.multicastGroups);
  expect(eth0.mtu).toBeGreaterThanOrEqual(1280);
  expect(world.queue.pending).toBeLessThan(500);
  // Everything that was told of ends, and a neighbour finds it as ever.
  const other = new Host6(world, lan, 'b', '02:00:00:00:00:0b').add('2001:db8::2/64');
  world.pass(200); // what was forged may let it wait for a minute between questions
  const echo = world.pool.acquire(16);
  echo.bytes.fill(0, echo.put(8), echo.end);
  other.ipv6.send(echo, 17, null, ip('2001:db8::1'));
  world.pass(5);
  const { w0, w1, w2, w3 } = ip('2001:db8::1');
  expect(`${other.ipv6.neighbours.find(w0, w1, w2, w3, other.eth0.ip)!.mac}`).toBe('02:00:00:00:00:0a');
  world.pass(600); // three questions with the longest wait between them, and what is asked for next
  expectNoLeaks(world.pool);
});
