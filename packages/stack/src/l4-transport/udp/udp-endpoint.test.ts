import { describe, expect, test } from 'vitest';
import { finish, sum } from '../../base/checksum.ts';
import { Errno } from '../../base/errors.ts';
import { Prefix } from '../../base/prefix.ts';
import { Cast } from '../../l3-network/network-layer.ts';
import { dropsOf, expectNoLeaks } from '../../testing/test-node.ts';
import { Ready } from '../readiness.ts';
import { address, type Listener, readFrom, UdpHost } from './testing/udp-host.ts';

const PEER = address('10.0.0.2');
const DATA = Uint8Array.of(1, 2, 3, 4, 5);

/** The UDP datagrams among the packets that went out. */
function datagramsOf(
  host: UdpHost,
): { from: string; to: string; ttl: number; tos: number; df: boolean; udp: number[] }[] {
  return host.line.sent.map((packet) => {
    const quad = (at: number): string => packet.subarray(at, at + 4).join('.');
    const port = (at: number): number => packet[at]! * 256 + packet[at + 1]!;
    return {
      from: `${quad(12)}:${port(20)}`,
      to: `${quad(16)}:${port(22)}`,
      ttl: packet[8]!,
      tos: packet[1]!,
      df: (packet[6]! & 0x40) !== 0,
      udp: [...packet.subarray(20)],
    };
  });
}

describe('send', () => {
  test('puts the header on, with a right checksum', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 53);
    expect(endpoint.send(DATA, 1, 3, PEER, 5000)).toBe(3);
    const [packet] = host.line.sent;
    const [sent] = datagramsOf(host);
    expect(sent).toMatchObject({ from: '10.0.0.1:53', to: '10.0.0.2:5000', ttl: 64, tos: 0, df: false });
    expect(sent!.udp.slice(0, 6)).toEqual([0, 53, 0x13, 0x88, 0, 11]);
    expect(sent!.udp.slice(8)).toEqual([2, 3, 4]);
    const view = new DataView(packet!.buffer);
    expect(finish(sum(view, 20, 31, sum(view, 12, 20) + 17 + 11))).toBe(0);
    endpoint.close();
    expectNoLeaks(host.pool);
  });

  test('a sum of zero is sent as ones, and "no checksum" as zero', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 53);
    const data = new Uint8Array(2);
    endpoint.send(data, 0, 2, PEER, 5000);
    // What the checksum of zeros was, as data, makes the sum all ones: its complement is zero.
    const [first] = datagramsOf(host);
    data.set(first!.udp.slice(6, 8));
    endpoint.send(data, 0, 2, PEER, 5000);
    expect(datagramsOf(host)[1]!.udp.slice(6, 8)).toEqual([0xff, 0xff]);
    endpoint.noChecksum = true;
    endpoint.send(data, 0, 2, PEER, 5000);
    expect(datagramsOf(host)[2]!.udp.slice(6, 8)).toEqual([0, 0]);
    endpoint.close();
    expectNoLeaks(host.pool);
  });

  test('leaves the sum to an interface that makes it', () => {
    const host = new UdpHost();
    host.line.checksumOffload = true;
    const endpoint = host.endpoint(null, 53);
    endpoint.send(DATA, 0, 5, PEER, 5000);
    const view = new DataView(host.line.sent[0]!.buffer);
    // The pseudo header's sum stands in the field: summed with the rest, the complement is the checksum.
    const pseudo = sum(view, 12, 20) + 17 + 13;
    expect(view.getUint16(26)).toBe(~finish(pseudo) & 0xffff);
    endpoint.close();
    expectNoLeaks(host.pool);
  });

  test('refuses what cannot be sent', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 53);
    const large = new Uint8Array(65_536);
    expect(endpoint.send(DATA, 0, 5)).toBe(-Errno.EDESTADDRREQ);
    expect(endpoint.send(DATA, 0, 5, PEER, 0)).toBe(-Errno.EINVAL);
    expect(endpoint.send(large, 0, 65_508, PEER, 9)).toBe(-Errno.EMSGSIZE);
    expect(endpoint.send(large, 0, 65_536, PEER, 9)).toBe(-Errno.EMSGSIZE);
    expect(endpoint.send(DATA, 0, 5, address('255.255.255.255'), 9)).toBe(-Errno.EACCES);
    expect(endpoint.send(DATA, 0, 5, address('10.0.0.255'), 9)).toBe(-Errno.EACCES);
    expect(endpoint.send(DATA, 0, 5, address('2001:db8::1'), 9)).toBeLessThan(0);
    host.ipv4.removeRoute(Prefix.parse('0.0.0.0/0')!);
    expect(endpoint.send(DATA, 0, 5, address('192.0.2.1'), 9)).toBe(-Errno.ENETUNREACH);
    expect(host.line.sent).toEqual([]);
    endpoint.close();
    expect(endpoint.send(DATA, 0, 5, PEER, 9)).toBe(-Errno.EBADF);
    expectNoLeaks(host.pool);
  });

  test('fragments the largest datagram', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 53);
    expect(endpoint.send(new Uint8Array(65_507), 0, 65_507, PEER, 9)).toBe(65_507);
    expect(host.line.sent.length).toBe(Math.ceil(65_515 / 1480));
    endpoint.close();
    expectNoLeaks(host.pool);
  });

  test('does not fragment what must not be', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 53);
    endpoint.flows.dontFragment = true;
    expect(endpoint.send(new Uint8Array(1473), 0, 1473, PEER, 9)).toBe(-Errno.EMSGSIZE);
    expect(endpoint.send(new Uint8Array(1472), 0, 1472, PEER, 9)).toBe(1472);
    expect(datagramsOf(host)[0]!.df).toBe(true);
    endpoint.close();
    expectNoLeaks(host.pool);
  });

  test('with header fields that may change at any time, peer or not', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 53);
    endpoint.send(DATA, 0, 5, PEER, 9);
    endpoint.flows.ttl = 3;
    endpoint.flows.tos = 0xb8;
    endpoint.send(DATA, 0, 5, PEER, 9);
    endpoint.connect(PEER, 9);
    endpoint.send(DATA, 0, 5);
    endpoint.flows.ttl = 4;
    endpoint.send(DATA, 0, 5);
    endpoint.send(DATA, 0, 5, address('224.0.0.9'), 520);
    endpoint.flows.multicastTtl = 2;
    endpoint.send(DATA, 0, 5, address('224.0.0.9'), 520);
    endpoint.flows.ttl = -1;
    endpoint.send(DATA, 0, 5);
    expect(datagramsOf(host).map(({ ttl, tos }) => `${ttl} ${tos}`)).toEqual([
      '64 0',
      '3 184',
      '3 184',
      '4 184',
      '1 184',
      '2 184',
      '64 184',
    ]);
    endpoint.close();
    expectNoLeaks(host.pool);
  });

  test('a broadcast, with SO_BROADCAST; and no longer without', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 53);
    const everybody = address('10.0.0.255');
    endpoint.flows.broadcast = true;
    expect(endpoint.send(DATA, 0, 5, everybody, 9)).toBe(5);
    expect(endpoint.connect(everybody, 9)).toBe(0);
    expect(endpoint.send(DATA, 0, 5)).toBe(5);
    endpoint.flows.broadcast = false;
    expect(endpoint.send(DATA, 0, 5)).toBe(-Errno.EACCES);
    expect(endpoint.send(DATA, 0, 5, everybody, 9)).toBe(-Errno.EACCES);
    expect(endpoint.connect(everybody, 9)).toBe(-Errno.EACCES);
    endpoint.close();
    host.queue.runUntil(1e9); // a host hears its own broadcasts
    expectNoLeaks(host.pool);
  });

  test('from the address that the routes say now, not the one they said before', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 53);
    const far = address('192.0.2.1');
    endpoint.send(DATA, 0, 5, far, 9);
    host.ipv4.removeRoute(Prefix.parse('0.0.0.0/0')!);
    host.ipv4.addRoute(Prefix.parse('0.0.0.0/0')!, { via: address('10.0.1.2'), source: address('10.0.1.1') });
    endpoint.send(DATA, 0, 5, far, 9);
    expect(datagramsOf(host).map(({ from }) => from)).toEqual(['10.0.0.1:53', '10.0.1.1:53']);
    endpoint.close();
    expectNoLeaks(host.pool);
  });

  test('from the address that it is bound to', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint('10.0.1.1', 53);
    endpoint.send(DATA, 0, 5, PEER, 9);
    expect(datagramsOf(host)[0]!.from).toBe('10.0.1.1:53');
    endpoint.close();
    expectNoLeaks(host.pool);
  });

  test('to many by turns', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 53);
    for (let round = 0; round < 3; round++) {
      for (let last = 2; last < 40; last++) endpoint.send(DATA, 0, 5, address(`198.51.100.${last}`), 9);
    }
    const told = datagramsOf(host).map(({ to }) => to);
    expect(told.length).toBe(114);
    expect(told[0]).toBe('198.51.100.2:9');
    expect(told[113]).toBe('198.51.100.39:9');
    expect(new Set(told).size).toBe(38);
    endpoint.close();
    expectNoLeaks(host.pool);
  });

  test('when the network holds as many packets as it may', () => {
    const host = new UdpHost({ poolBytes: 1000 });
    const endpoint = host.endpoint(null, 53);
    const hold = [host.pool.acquire(500), host.pool.acquire(500)];
    expect(endpoint.send(DATA, 0, 5, PEER, 9)).toBe(-Errno.ENOBUFS);
    for (const packet of hold) packet.release();
    expect(endpoint.send(DATA, 0, 5, PEER, 9)).toBe(5);
    endpoint.close();
    expectNoLeaks(host.pool);
  });
});

describe('the queue', () => {
  test('holds as many datagrams as it may, and one more is dropped', () => {
    const host = new UdpHost({ datagramsQueued: 4 });
    const endpoint = host.endpoint(null, 7);
    for (let i = 0; i < 5; i++) host.udp.input(host.datagram({ data: Uint8Array.of(i) }), Cast.Unicast);
    expect(dropsOf(host.node)).toEqual({ UDP_BUFFER_FULL: 1 });
    expect([0, 1, 2, 3].map(() => readFrom(endpoint))).toEqual([[0], [1], [2], [3]]);
    expect(readFrom(endpoint)).toBe(-Errno.EAGAIN);
    host.udp.input(host.datagram({ data: Uint8Array.of(9) }), Cast.Unicast);
    expect(readFrom(endpoint)).toEqual([9]);
    endpoint.close();
    expectNoLeaks(host.pool);
  });

  test('holds as many bytes as it may, and one more is dropped', () => {
    const host = new UdpHost({ receiveBufferBytes: 1000 });
    const endpoint = host.endpoint(null, 7);
    host.udp.input(host.datagram({ data: new Uint8Array(600) }), Cast.Unicast);
    host.udp.input(host.datagram({ data: new Uint8Array(401) }), Cast.Unicast);
    host.udp.input(host.datagram({ data: new Uint8Array(400) }), Cast.Unicast);
    expect(endpoint.pendingBytes).toBe(1000);
    expect(dropsOf(host.node)).toEqual({ UDP_BUFFER_FULL: 1 });
    endpoint.close();
    expect(dropsOf(host.node)).toEqual({ UDP_BUFFER_FULL: 1, SOCKET_CLOSED: 2 });
    expectNoLeaks(host.pool);
  });

  test('lets in one that is larger than all of it, when nothing else is there', () => {
    const host = new UdpHost({ receiveBufferBytes: 1000 });
    const endpoint = host.endpoint(null, 7);
    host.udp.input(host.datagram({ data: new Uint8Array(1200) }), Cast.Unicast);
    expect((readFrom(endpoint) as number[]).length).toBe(1200);
    endpoint.close();
    expectNoLeaks(host.pool);
  });

  test('tells its owner once, when it is no longer empty', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    const owner = endpoint.owner as Listener;
    host.udp.input(host.datagram(), Cast.Unicast);
    host.udp.input(host.datagram(), Cast.Unicast);
    expect(owner.events).toEqual([Ready.In]);
    readFrom(endpoint);
    readFrom(endpoint);
    host.udp.input(host.datagram(), Cast.Unicast);
    expect(owner.events).toEqual([Ready.In, Ready.In]);
    endpoint.close();
    expectNoLeaks(host.pool);
  });

  test('gives datagrams without copying to those who ask', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    host.udp.input(host.datagram({ data: DATA }), Cast.Unicast);
    const packet = endpoint.take()!;
    expect([...packet.bytes.subarray(packet.l4 + 8, packet.end)]).toEqual([...DATA]);
    packet.release();
    expect(endpoint.take()).toBe(null);
    endpoint.close();
    expectNoLeaks(host.pool);
  });

  test('a look takes nothing, and what does not fit is lost', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    const buffer = new Uint8Array(10);
    host.udp.input(host.datagram({ data: DATA }), Cast.Unicast);
    expect(endpoint.receive(buffer, 2, 3, true)).toBe(3);
    expect([...buffer]).toEqual([0, 0, 1, 2, 3, 0, 0, 0, 0, 0]);
    expect(endpoint.fullLength).toBe(5);
    expect(endpoint.receive(buffer, 0, 2)).toBe(2);
    expect(endpoint.receive(buffer, 0, 2)).toBe(-Errno.EAGAIN);
    endpoint.close();
    expectNoLeaks(host.pool);
  });

  test('an owner may answer and close from inside', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    endpoint.owner = {
      datagramReady() {
        const buffer = new Uint8Array(10);
        const n = endpoint.receive(buffer, 0, 10);
        endpoint.send(buffer, 0, n, endpoint.sender, endpoint.senderPort);
        endpoint.close();
      },
    };
    host.udp.input(host.datagram({ data: DATA }), Cast.Unicast);
    expect(datagramsOf(host)[0]!.udp.slice(8)).toEqual([...DATA]);
    expectNoLeaks(host.pool);
    expect(host.udp.ports.size).toBe(0);
  });
});

describe('a peer', () => {
  test('comes and goes, and with it the address', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    expect(endpoint.local).toBe(null);
    expect(endpoint.pathMtu).toBe(0);
    endpoint.connect(PEER, 5000);
    expect(`${endpoint.local} ${endpoint.remote}:${endpoint.remotePort} ${endpoint.pathMtu}`).toBe(
      '10.0.0.1 10.0.0.2:5000 1500',
    );
    endpoint.disconnect();
    expect(endpoint.local).toBe(null);
    expect(endpoint.send(DATA, 0, 5)).toBe(-Errno.EDESTADDRREQ);
    endpoint.close();
    expectNoLeaks(host.pool);
  });

  test('that cannot be reached is refused, and the old one stays', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    endpoint.connect(PEER, 5000);
    host.ipv4.removeRoute(Prefix.parse('0.0.0.0/0')!);
    expect(endpoint.connect(address('192.0.2.1'), 1)).toBe(-Errno.ENETUNREACH);
    expect(endpoint.send(DATA, 0, 5)).toBe(5);
    expect(datagramsOf(host)[0]!.to).toBe('10.0.0.2:5000');
    endpoint.close();
    expectNoLeaks(host.pool);
  });
});
