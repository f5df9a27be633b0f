import { describe, expect, it, test } from 'vitest';
import { Errno } from '../../base/errors.ts';
import { dropsOf, expectNoLeaks } from '../../testing/test-node.ts';
import { Cast } from '../network-layer.ts';
import { bytes, FakeLink, ip, payload, prefix } from '../testing/fake-link.ts';
import {
  icmp6Message,
  know6,
  receive6,
  said,
  speak,
  type TestHost6,
  testHost6,
  testRouter6,
} from './testing/fake-host6.ts';

const NEIGHBOUR = '2001:db8:1::1';
const HOST = '2001:db8:1::10';

function end(host: TestHost6, ...links: FakeLink[]): void {
  host.ipv6.stop();
  host.queue.runUntil(host.queue.now + 100e9);
  for (const link of [host.eth0, ...links]) link.takePackets(() => {});
  expectNoLeaks(host.pool);
}

describe('what comes in', () => {
  it.each<[string, Parameters<typeof receive6>[1], string, (0 | 1 | 2)?]>([
    ['from a group', { from: 'ff02::1', to: HOST }, 'IP_BAD_SOURCE'],
    ['from ourselves', { from: HOST, to: HOST }, 'IP_BAD_SOURCE'],
    ['from nobody', { from: '::', to: HOST }, 'IP_BAD_SOURCE'],
    ['from loopback', { from: '::1', to: HOST }, 'LOOPBACK_ON_WIRE'],
    ['to loopback', { from: NEIGHBOUR, to: '::1' }, 'LOOPBACK_ON_WIRE'],
    ['to nobody', { from: NEIGHBOUR, to: '::' }, 'IP_BAD_DESTINATION'],
    ['a mapped address on a wire', { from: '::ffff:10.0.0.1', to: HOST }, 'IP_BAD_SOURCE'],
    ['a group of no scope', { from: NEIGHBOUR, to: 'ff00::1' }, 'IP_BAD_DESTINATION'],
    ["a group of the sender's interface", { from: NEIGHBOUR, to: 'ff01::1' }, 'LOOPBACK_ON_WIRE'],
    ['a group that we are not in', { from: NEIGHBOUR, to: 'ff02::99' }, 'ND_OTHER_GROUP'],
    ['for others', { from: NEIGHBOUR, to: '2001:db8:9::1' }, 'IP_NOT_FOR_US'],
    ['in a frame for all', { from: NEIGHBOUR, to: HOST }, 'IP_UNICAST_IN_BROADCAST', 2],
    ['nothing behind the header', { from: NEIGHBOUR, to: HOST, next: 59 }, 'IP6_NO_NEXT_HEADER'],
    [
      'an option to drop',
      { from: NEIGHBOUR, to: HOST, next: 60, payload: Uint8Array.of(17, 0, 0x40, 0, 1, 2, 0, 0) },
      'IP6_BAD_EXTENSION',
    ],
  ])('%s', (_, fields, reason, cast = 0) => {
    const host = testHost6();
    host.node.drops.fill(0);
    receive6(host, fields, host.eth0, cast);
    expect(dropsOf(host.node)).toEqual({ [reason]: 1 });
    expect([said(host.eth0), host.udp.received]).toEqual([[], []]);
    end(host);
  });

  it('ours, to a group of ours, to everybody', () => {
    const host = testHost6();
    receive6(host, { from: NEIGHBOUR, to: HOST });
    receive6(host, { from: NEIGHBOUR, to: HOST });
    receive6(host, { from: 'fe80::7', to: 'fe80::10' });
    receive6(host, { from: NEIGHBOUR, to: 'ff02::1' }, host.eth0, 2);
    host.ipv6.groups.join(host.ipv6.interfaces()[1]!.ip, ip('ff02::99'));
    receive6(host, { from: NEIGHBOUR, to: 'ff02::99' }, host.eth0, 2);
    expect(host.udp.received).toEqual([
      `${NEIGHBOUR} 16`,
      `${NEIGHBOUR} 16`,
      'fe80::7 16',
      `${NEIGHBOUR} 16 multicast`,
      `${NEIGHBOUR} 16 multicast`,
    ]);
    end(host);
  });

  it('what nobody here speaks, and options that are to be told of', () => {
    const host = testHost6();
    know6(host, NEIGHBOUR, '02:00:00:00:00:01');
    const option = (type: number) => Uint8Array.of(17, 0, type, 0, 1, 2, 0, 0, ...bytes(8));
    receive6(host, { from: NEIGHBOUR, to: HOST, next: 99 });
    receive6(host, { from: NEIGHBOUR, to: HOST, next: 60, payload: option(0x80) });
    receive6(host, { from: NEIGHBOUR, to: 'ff02::1', next: 60, payload: option(0x80) }, host.eth0, 2);
    receive6(host, { from: NEIGHBOUR, to: 'ff02::1', next: 60, payload: option(0xc0) }, host.eth0, 2);
    receive6(host, { from: NEIGHBOUR, to: HOST, next: 43, payload: Uint8Array.of(17, 0, 0, 1, 0, 0, 0, 0) });
    const head = `02:00:00:00:00:01 ${HOST} > ${NEIGHBOUR} ICMPv6, hop limit 64`;
    expect(said(host.eth0)).toEqual([
      `${head}, 104 bytes: parameter problem: an unknown next header at byte 6`,
      `${head}, 104 bytes: parameter problem: an unknown option at byte 42`,
      `${head}, 104 bytes: parameter problem: an unknown option at byte 42`,
      `${head}, 96 bytes: parameter problem: a header field at byte 42`,
    ]);
    end(host);
  });
});

describe('ICMPv6', () => {
  it('answers echoes from the address that was asked, those to a group from its own', () => {
    const host = testHost6();
    know6(host, NEIGHBOUR, '02:00:00:00:00:01');
    know6(host, 'fe80::7', '02:00:00:00:00:07');
    const ask = (from: string, to: string, cast: 0 | 2 = 0) =>
      receive6(
        host,
        { from, to, next: 58, payload: icmp6Message(from, to, 128, 0, 0x00070001, bytes(32)) },
        host.eth0,
        cast,
      );
    ask(NEIGHBOUR, HOST);
    ask('fe80::7', 'fe80::10');
    ask('fe80::7', 'ff02::1', 2);
    ask(NEIGHBOUR, 'ff02::1', 2);
    const tail = 'ICMPv6, hop limit 64, 80 bytes: echo reply, id 7, seq 1';
    expect(said(host.eth0)).toEqual([
      `02:00:00:00:00:01 ${HOST} > ${NEIGHBOUR} ${tail}`,
      `02:00:00:00:00:07 fe80::10 > fe80::7 ${tail}`,
      `02:00:00:00:00:07 fe80::10 > fe80::7 ${tail}`,
      `02:00:00:00:00:01 ${HOST} > ${NEIGHBOUR} ${tail}`,
    ]);
    end(host);
  });

  it('refuses a wrong checksum, and what is too short', () => {
    const host = testHost6();
    host.node.drops.fill(0);
    const message = icmp6Message(NEIGHBOUR, HOST, 128, 0, 1, bytes(8));
    message[9]! ^= 1;
    receive6(host, { from: NEIGHBOUR, to: HOST, next: 58, payload: message });
    receive6(host, { from: NEIGHBOUR, to: HOST, next: 58, payload: message.subarray(0, 7) });
    receive6(host, {
      from: NEIGHBOUR,
      to: HOST,
      next: 58,
      payload: icmp6Message(NEIGHBOUR, HOST, 200, 0, 0, bytes(8)),
    });
    expect(dropsOf(host.node)).toEqual({ ICMP_BAD_CHECKSUM: 1, ICMP_MALFORMED: 1, ICMP_UNKNOWN_TYPE: 1 });
    end(host);
  });

  it('believes errors that quote a packet of ours, and hands them to its protocol', () => {
    const host = testHost6();
    const quote = (from: string): Uint8Array => {
      const packet = new Uint8Array(48);
      packet.set([0x60, 0, 0, 0, 0, 8, 17, 64]);
      ip(from).write(new DataView(packet.buffer), 8);
      ip('2001:db8:9::9').write(new DataView(packet.buffer), 24);
      packet[40] = 77;
      return packet;
    };
    const tell = (type: number, code: number, rest: number, data: Uint8Array) =>
      receive6(host, {
        from: NEIGHBOUR,
        to: HOST,
        next: 58,
        payload: icmp6Message(NEIGHBOUR, HOST, type, code, rest, data),
      });
    tell(1, 4, 0, quote(HOST));
    tell(1, 4, 0, quote('2001:db8:1::77'));
    tell(2, 0, 1300, quote(HOST));
    tell(2, 0, 1000, quote(HOST)); // less than every link carries
    tell(2, 0, 1400, quote(HOST)); // no news
    tell(1, 0, 0, quote(HOST).subarray(0, 44));
    expect(host.udp.errors).toEqual([
      `1/4 mtu 0 about 2001:db8:9::9 byte 77 from ${NEIGHBOUR}`,
      `2/0 mtu 1300 about 2001:db8:9::9 byte 77 from ${NEIGHBOUR}`,
      `2/0 mtu 1300 about 2001:db8:9::9 byte 77 from ${NEIGHBOUR}`,
      `2/0 mtu 1300 about 2001:db8:9::9 byte 77 from ${NEIGHBOUR}`,
    ]);
    expect(host.ipv6.mtus.find(ip('2001:db8:9::9'))?.mtu).toBe(1300);
    host.queue.runUntil(host.queue.now + 601e9);
    expect(host.ipv6.mtus.find(ip('2001:db8:9::9'))).toBe(null);
    end(host);
  });

  it('keeps errors to the rate, and complains about no errors', () => {
    const host = testHost6({ icmpErrorBurst: 3, icmpErrorsPerSecond: 1 });
    know6(host, NEIGHBOUR, '02:00:00:00:00:01');
    for (let i = 0; i < 10; i++) receive6(host, { from: NEIGHBOUR, to: HOST, next: 99 });
    expect(said(host.eth0).length).toBe(3);
    host.queue.runUntil(host.queue.now + 10e9);
    said(host.eth0);
    // An error about an unknown header inside an error: silence.
    const quoted = icmp6Message(NEIGHBOUR, HOST, 1, 0, 0, bytes(40));
    receive6(host, {
      from: NEIGHBOUR,
      to: HOST,
      next: 60,
      payload: Uint8Array.of(58, 0, 0x80, 0, 1, 2, 0, 0, ...quoted),
    });
    receive6(host, { from: NEIGHBOUR, to: 'ff02::1', next: 99 }, host.eth0, 2);
    expect(said(host.eth0)).toEqual([]);
    end(host);
  });

  it('an error quotes no more than fits into 1,280 bytes', () => {
    const host = testHost6();
    know6(host, NEIGHBOUR, '02:00:00:00:00:01');
    receive6(host, { from: NEIGHBOUR, to: HOST, next: 99, payload: bytes(1400) });
    expect(host.eth0.takeBytes()[0]!.length).toBe(1280);
    end(host);
  });
});

describe('flows', () => {
  it('find the way, ask for the neighbour, and follow changes', () => {
    const host = testHost6();
    host.ipv6.addRoute(prefix('::/0'), { via: ip(NEIGHBOUR) });
    const flow = host.ipv6.open(ip('2001:db8:9::9'), 17, null);
    if (typeof flow === 'number') throw new Error(`${flow}`);
    expect([`${flow.local}`, flow.mtu, flow.headerLength, flow.ttl, flow.cast]).toEqual([
      HOST,
      1500,
      40,
      64,
      Cast.Unicast,
    ]);
    expect(flow.send(payload(host, 100))).toBe(0);
    expect(said(host.eth0)).toEqual([]);
    know6(host, NEIGHBOUR, '02:00:00:00:00:01');
    flow.tos = 0x10;
    flow.ttl = 9;
    flow.send(payload(host, 100));
    expect(said(host.eth0)).toEqual([
      `02:00:00:00:00:01 ${HOST} > 2001:db8:9::9 UDP, hop limit 64, 140 bytes`,
      `02:00:00:00:00:01 ${HOST} > 2001:db8:9::9 UDP, hop limit 9, class 0x10, 140 bytes`,
    ]);
    host.ipv6.removeRoute(prefix('::/0'));
    expect(flow.send(payload(host, 100))).toBe(-Errno.ENETUNREACH);
    host.ipv6.addRoute(prefix('2001:db8:9::/64'), { via: ip('2001:db8:1::2') });
    know6(host, '2001:db8:1::2', '02:00:00:00:00:02');
    expect(flow.send(payload(host, 100))).toBe(0);
    expect(said(host.eth0)[0]).toMatch(/^02:00:00:00:00:02 /);
    host.ipv6.removeAddress(host.eth0, ip(HOST));
    expect(flow.send(payload(host, 100))).toBeLessThan(0);
    end(host);
  });

  it('that cannot be', () => {
    const host = testHost6();
    const { ipv6 } = host;
    expect(ipv6.open(ip('10.0.0.1'), 17, null)).toBe(-Errno.EAFNOSUPPORT);
    expect(ipv6.open(ip('2001:db8:9::9'), 17, null)).toBe(-Errno.ENETUNREACH);
    expect(ipv6.open(ip(NEIGHBOUR), 17, ip('2001:db8:1::77'))).toBe(-Errno.EADDRNOTAVAIL);
    expect(ipv6.open(ip(NEIGHBOUR), 17, null, { interfaceIndex: 77 })).toBe(-Errno.ENODEV);
    ipv6.addRoute(prefix('2001:db8:7::/48'), { type: 3 });
    ipv6.addRoute(prefix('2001:db8:8::/48'), { type: 4 });
    expect(ipv6.open(ip('2001:db8:7::1'), 17, null)).toBe(-Errno.EHOSTUNREACH);
    expect(ipv6.open(ip('2001:db8:8::1'), 17, null)).toBe(-Errno.EACCES);
    expect(ipv6.addRoute(prefix('::/0'), { via: ip('fe80::1') })).toBe(-Errno.EINVAL);
    expect(ipv6.addRoute(prefix('::/0'), { via: ip('2001:db8:5::1') })).toBe(-Errno.ENETUNREACH);
    expect(ipv6.addRoute(prefix('::/0'), {})).toBe(-Errno.ENODEV);
    expect(ipv6.addAddress(host.eth0, prefix('::1/128'))).toBe(-Errno.EINVAL);
    expect(ipv6.addAddress(host.eth0, prefix('ff02::5/64'))).toBe(-Errno.EINVAL);
    expect(ipv6.addAddress(host.eth0, prefix('2001:db8:1::10/64'))).toBe(-Errno.EEXIST);
    end(host);
  });

  it('to oneself, by the event queue', () => {
    const host = testHost6();
    for (const address of ['::1', HOST, 'fe80::10']) {
      const flow = host.ipv6.open(ip(address), 17, null);
      if (typeof flow === 'number') throw new Error(`${flow}`);
      expect(flow.send(payload(host, 10))).toBe(0);
      expect(host.udp.received).toEqual([]);
      host.queue.runUntil(host.queue.now + 1e6);
      expect(host.udp.received.splice(0)).toEqual([`${address} 10`]);
    }
    expect(said(host.eth0)).toEqual([]);
    end(host);
  });

  it('to groups: the link that is asked for, and back to who is in the group', () => {
    const host = testHost6();
    const eth1 = new FakeLink('eth1', '02:00:00:00:01:0a');
    speak(host, eth1, 'fe80::11/64');
    host.queue.runUntil(host.queue.now + 20e9);
    for (const link of [host.eth0, eth1]) said(link);
    const index = host.ipv6.interfaceIndex('eth1');
    host.ipv6.groups.join(host.ipv6.interfaces()[2]!.ip, ip('ff02::99'));
    const flow = host.ipv6.open(ip('ff02::99'), 17, null, { interfaceIndex: index });
    if (typeof flow === 'number') throw new Error(`${flow}`);
    expect([`${flow.local}`, flow.ttl, flow.cast]).toEqual(['fe80::11', 1, Cast.Multicast]);
    flow.send(payload(host, 10));
    host.queue.runUntil(host.queue.now + 1e6);
    expect(said(eth1)).toEqual(['33:33:00:00:00:99 fe80::11 > ff02::99 UDP, hop limit 1, 50 bytes']);
    expect(host.udp.received).toEqual(['fe80::11 10 multicast']);
    expect(said(host.eth0)).toEqual([]);
    // With a hop limit of 0, or to a group of the interface itself, it is heard here alone; in fragments, too.
    flow.ttl = 0;
    flow.send(payload(host, 2000));
    const own = host.ipv6.open(ip('ff01::1'), 17, null, { interfaceIndex: index });
    if (typeof own === 'number') throw new Error(`${own}`);
    own.send(payload(host, 10));
    host.queue.runUntil(host.queue.now + 1e6);
    expect(said(eth1)).toEqual([]);
    expect(host.udp.received.slice(1)).toEqual(['fe80::11 2000 multicast', 'fe80::11 10 multicast']);
    end(host, eth1);
  });

  it('a link-local address belongs to one link', () => {
    const host = testHost6();
    const eth1 = new FakeLink('eth1', '02:00:00:00:01:0a');
    speak(host, eth1, 'fe80::11/64');
    host.queue.runUntil(host.queue.now + 20e9);
    for (const link of [host.eth0, eth1]) said(link);
    know6(host, 'fe80::7', '02:00:00:00:00:07', eth1);
    const index = host.ipv6.interfaceIndex('eth1');
    const asked = host.ipv6.open(ip('fe80::7'), 17, null, { interfaceIndex: index });
    const answering = host.ipv6.open(ip('fe80::7'), 17, ip('fe80::11'));
    for (const flow of [asked, answering]) {
      if (typeof flow === 'number') throw new Error(`${flow}`);
      flow.send(payload(host, 10));
      expect(said(eth1)).toEqual(['02:00:00:00:00:07 fe80::11 > fe80::7 UDP, hop limit 64, 50 bytes']);
    }
    // What is ours on eth0 is not ours on eth1.
    receive6(host, { from: 'fe80::7', to: 'fe80::10' }, eth1);
    expect(host.udp.received).toEqual([]);
    end(host, eth1);
  });

  it('too long: in fragments, or not at all', () => {
    const host = testHost6();
    know6(host, NEIGHBOUR, '02:00:00:00:00:01');
    const flow = host.ipv6.open(ip(NEIGHBOUR), 17, null);
    if (typeof flow === 'number') throw new Error(`${flow}`);
    expect(flow.send(payload(host, 3000))).toBe(0);
    const pieces = host.eth0.takeBytes();
    expect(pieces.map((piece) => piece.length)).toEqual([1496, 1496, 152]);
    flow.dontFragment = true;
    expect(flow.send(payload(host, 3000))).toBe(-Errno.EMSGSIZE);
    expect(flow.send(payload(host, 1460))).toBe(0);
    expect(flow.send(payload(host, 1461))).toBe(-Errno.EMSGSIZE);
    flow.dontFragment = false;
    expect(flow.send(payload(host, 65_535))).toBe(0);
    expect(flow.send(payload(host, 65_536))).toBe(-Errno.EMSGSIZE);
    end(host);
  });
});

describe('forwarding', () => {
  const router = () => {
    const host = testRouter6();
    know6(host, NEIGHBOUR, '02:00:00:00:00:01');
    know6(host, '2001:db8:2::20', '02:00:00:00:00:20', host.eth1);
    return host;
  };
  const TO = '2001:db8:2::20';

  it('lowers the hop limit and leaves the rest', () => {
    const host = router();
    receive6(host, { from: NEIGHBOUR, to: TO, hopLimit: 9, payload: bytes(50) });
    const [sent] = host.eth1.takeBytes();
    expect(sent!.length).toBe(90);
    expect(sent![7]).toBe(8);
    expect([...sent!.subarray(40)]).toEqual([...bytes(50)]);
    expect(host.ipv6.forwarded).toBe(1);
    // Extension headers for the destination are none of a router's business.
    receive6(host, { from: NEIGHBOUR, to: TO, next: 60, payload: Uint8Array.of(17, 0, 0xc0, 9, 1, 2, 0, 0) });
    expect(said(host.eth1).length).toBe(1);
    end(host, host.eth1);
  });

  it.each<[string, Parameters<typeof receive6>[1], string, string]>([
    [
      'the hop limit runs out',
      { from: NEIGHBOUR, to: TO, hopLimit: 1 },
      'hop limit exceeded in transit',
      'IP_TTL_EXPIRED',
    ],
    ['no route', { from: NEIGHBOUR, to: '2001:db8:9::1' }, 'no route to destination', 'IP_NO_ROUTE'],
    ['too big', { from: NEIGHBOUR, to: TO, payload: bytes(1400) }, 'packet too big, MTU 1300', 'IP6_PACKET_TOO_BIG'],
    [
      'a source that does not reach so far',
      { from: 'fe80::7', to: TO },
      'beyond the scope of the source address',
      'IP6_BEYOND_SCOPE',
    ],
    [
      'a hop-by-hop option that is not known',
      { from: NEIGHBOUR, to: TO, next: 0, payload: Uint8Array.of(17, 0, 0x80, 0, 1, 2, 0, 0) },
      'parameter problem: an unknown option at byte 42',
      'IP6_BAD_EXTENSION',
    ],
  ])('%s', (_, fields, words, reason) => {
    const host = router();
    know6(host, 'fe80::7', '02:00:00:00:00:07');
    host.eth1.mtu = 1300;
    host.node.drops.fill(0);
    receive6(host, fields);
    expect(said(host.eth0).map((line) => line.split(': ').slice(1).join(': '))).toEqual([words]);
    expect(dropsOf(host.node)).toEqual({ [reason]: 1 });
    expect(said(host.eth1)).toEqual([]);
    end(host, host.eth1);
  });

  it.each([
    ['to a link-local address', NEIGHBOUR, 'fe80::77'],
    ['from nobody', '::', TO],
    ['to a group', NEIGHBOUR, 'ff0e::1'],
  ])('not %s', (_, from, to) => {
    const host = router();
    receive6(host, { from, to });
    expect([said(host.eth0), said(host.eth1)]).toEqual([[], []]);
    end(host, host.eth1);
  });

  it('nobody answers for the next hop: its sender is told', () => {
    const host = router();
    receive6(host, { from: NEIGHBOUR, to: '2001:db8:2::77' });
    host.queue.runUntil(host.queue.now + 5e9);
    expect(said(host.eth0)).toEqual([
      `02:00:00:00:00:01 ${HOST} > ${NEIGHBOUR} ICMPv6, hop limit 64, 104 bytes: address unreachable`,
    ]);
    end(host, host.eth1);
  });
});

test('interfaces come and go', () => {
  const host = testHost6();
  host.ipv6.addRoute(prefix('::/0'), { via: ip(NEIGHBOUR) });
  const on = host.ipv6.interfaces()[1]!.ip;
  host.eth0.up = false;
  on.up = false;
  host.ipv6.linkChanged(on);
  expect(host.ipv6.open(ip('2001:db8:9::9'), 17, null)).toBe(-Errno.ENETUNREACH);
  host.eth0.up = true;
  on.up = true;
  host.ipv6.linkChanged(on);
  expect(typeof host.ipv6.open(ip('2001:db8:9::9'), 17, null)).toBe('object');
  host.ipv6.removeInterface(host.eth0);
  expect(host.ipv6.isLocal(ip(HOST))).toBe(false);
  expect(host.ipv6.routes.list().map(String)).toEqual(['local ::1 dev lo']);
  receive6(host, { from: NEIGHBOUR, to: HOST });
  expect(host.udp.received).toEqual([]);
  end(host);
});
