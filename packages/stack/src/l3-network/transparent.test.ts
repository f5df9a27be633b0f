import { expect, test } from 'vitest';
import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import { dropsOf, expectNoLeaks } from '../testing/test-node.ts';
import { checkIpv4Header } from './ipv4-header.ts';
import { Protocol } from './network-layer.ts';
import { ip, know, payload, prefix, testHost } from './testing/fake-link.ts';

const PEER = '02:00:00:00:00:01';
const TRANSPARENT = { transparent: true };

test("in another's name: the source is what was asked for, whatever the routes say", () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  const flow = host.ipv4.open(ip('10.0.1.1'), Protocol.Udp, ip('203.0.113.5'), TRANSPARENT);
  if (typeof flow === 'number') throw new Error(`no flow: ${flow}`);
  expect([`${flow.local}`, flow.mtu, flow.pseudoSum]).toEqual([
    '203.0.113.5',
    1500,
    0xcb00 + 0x7105 + 0x0a00 + 0x0101 + 17,
  ]);
  const sources: string[] = [];
  const look = () =>
    host.eth0.takePackets(({ packet }) => {
      expect(checkIpv4Header(packet)).toBe(0);
      sources.push(`${IpAddress.read4(packet.view, packet.start + 12)}`);
    });
  expect(flow.send(payload(host, 8))).toBe(0);
  look();
  host.ipv4.addAddress(host.eth0, prefix('10.0.9.1/24')); // the flow finds its way again
  expect(flow.send(payload(host, 8))).toBe(0);
  expect(host.ipv4.send(payload(host, 8), Protocol.Udp, ip('203.0.113.6'), ip('10.0.1.1'), TRANSPARENT)).toBe(0);
  look();
  expect(sources).toEqual(['203.0.113.5', '203.0.113.5', '203.0.113.6']);
  expectNoLeaks(host.pool);
});

test('without asking for it nobody speaks so; and it makes no way where there is none', () => {
  const host = testHost();
  know(host, '10.0.1.1', PEER);
  expect(host.ipv4.open(ip('10.0.1.1'), Protocol.Udp, ip('203.0.113.5'))).toBe(-Errno.EADDRNOTAVAIL);
  const [to, broadcast] = [ip('198.51.100.1'), ip('10.0.1.255')];
  const source = ip('203.0.113.5');
  expect(host.ipv4.open(to, Protocol.Udp, source, TRANSPARENT)).toBe(-Errno.ENETUNREACH);
  expect(host.ipv4.send(payload(host, 8), Protocol.Udp, source, to, TRANSPARENT)).toBe(-Errno.ENETUNREACH);
  expect(host.ipv4.send(payload(host, 8), Protocol.Udp, source, broadcast, TRANSPARENT)).toBe(-Errno.EACCES);
  expect(dropsOf(host.node)).toEqual({ IP_NO_ROUTE: 1, IP_BROADCAST_REFUSED: 1 });
  expectNoLeaks(host.pool);
});
