import { describe, expect, test } from 'vitest';
import { finish, sum } from '../../base/checksum.ts';
import { Errno } from '../../base/errors.ts';
import { Checksum, type PacketBuffer } from '../../base/packet-buffer.ts';
import { Random } from '../../base/random.ts';
import { Cast } from '../../l3-network/network-layer.ts';
import { dropsOf, expectNoLeaks } from '../../testing/test-node.ts';
import { Ready } from '../readiness.ts';
import { address, type Listener, readFrom, UdpHost } from './testing/udp-host.ts';
import type { UdpEndpoint } from './udp-endpoint.ts';

const HELLO = Uint8Array.of(104, 101, 108, 108, 111);

/** Closes the endpoints and looks for what was left. */
function end(host: UdpHost, ...endpoints: UdpEndpoint[]): void {
  for (const endpoint of endpoints) endpoint.close();
  host.ipv4.stop();
  expectNoLeaks(host.pool);
  expect(host.udp.ports.size).toBe(0);
  expect(host.udp.endpoints()).toEqual([]);
}

/** ICMP messages that went out: `type/code`. */
function icmpSent(host: UdpHost): string[] {
  return host.line.sent.filter((packet) => packet[9] === 1).map((packet) => `${packet[20]}/${packet[21]}`);
}

describe('a datagram comes in', () => {
  test('to the endpoint of the interface by which it came, else to one that takes any (SO_BINDTODEVICE)', () => {
    const host = new UdpHost();
    const any = host.endpoint(null, 67, { reuse: true });
    const second = host.endpoint(null, 67, { reuse: true });
    const third = host.endpoint(null, 67, { reuse: true });
    second.flows.device = 2;
    third.flows.device = 3;
    const arrive = (device: number, to: string, cast: Cast) => {
      const packet = host.datagram({ to, toPort: 67, data: Uint8Array.of(device) });
      packet.device = device;
      host.udp.input(packet, cast);
    };
    arrive(2, '10.0.0.1', Cast.Unicast);
    arrive(4, '10.0.0.1', Cast.Unicast);
    arrive(3, '255.255.255.255', Cast.Broadcast);
    expect([readFrom(any), readFrom(any)]).toEqual([[4], [3]]);
    expect([readFrom(second), readFrom(second)]).toEqual([[2], -Errno.EAGAIN]);
    expect([readFrom(third), readFrom(third)]).toEqual([[3], -Errno.EAGAIN]);
    end(host, any, second, third);
  });

  test('to the port that it is for, with its sender and whom it was for', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    host.udp.input(host.datagram({ data: HELLO, fromPort: 1234 }), Cast.Unicast);
    expect((endpoint.owner as Listener).events).toEqual([Ready.In]);
    expect(endpoint.nextLength).toBe(5);
    expect(readFrom(endpoint)).toEqual([...HELLO]);
    expect(`${endpoint.sender}:${endpoint.senderPort} to ${endpoint.destination}`).toBe('10.0.0.2:1234 to 10.0.0.1');
    expect(endpoint.receivedTtl).toBe(64);
    expect(readFrom(endpoint)).toBe(-Errno.EAGAIN);
    end(host, endpoint);
  });

  test('without a checksum, which UDP allows', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    host.udp.input(host.datagram({ data: HELLO, checksum: 0 }), Cast.Unicast);
    expect(readFrom(endpoint)).toEqual([...HELLO]);
    end(host, endpoint);
  });

  test('with a wrong checksum, and is dropped without a word', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    host.udp.input(host.datagram({ data: HELLO, checksum: 0x1111 }), Cast.Unicast);
    host.udp.input(host.datagram({ data: HELLO, checksum: 0x1111, toPort: 8 }), Cast.Unicast);
    expect(dropsOf(host.node)).toEqual({ UDP_BAD_CHECKSUM: 2 });
    expect(icmpSent(host)).toEqual([]);
    expect(host.udp.errors).toBe(2);
    end(host, endpoint);
  });

  test.each([Checksum.Partial, Checksum.Trusted, Checksum.Verified])('that somebody vouches for (%d)', (state) => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    const packet = host.datagram({ data: HELLO, checksum: 0x1111 });
    packet.checksum = state;
    host.udp.input(packet, Cast.Unicast);
    expect(readFrom(endpoint)).toEqual([...HELLO]);
    end(host, endpoint);
  });

  test('whose sum comes out as zero, and is sent as ones', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    // The last word makes the sum 0xffff: its complement is 0, for which 0xffff is sent.
    for (let word = 0; word < 0x10000; word++) {
      const data = Uint8Array.of(word >> 8, word);
      const packet = host.datagram({ data });
      const field = packet.view.getUint16(packet.start + 6);
      if (field !== 0xffff) {
        packet.release();
        continue;
      }
      host.udp.input(packet, Cast.Unicast);
      expect(readFrom(endpoint)).toEqual([...data]);
      endpoint.send(data, 0, 2, address('10.0.0.2'), 5000);
    }
    expect(host.udp.delivered).toBeGreaterThan(0);
    end(host, endpoint);
  });

  test('with padding behind it', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    const packet = host.datagram({ data: HELLO });
    packet.append(new Uint8Array(13));
    host.udp.input(packet, Cast.Unicast);
    expect(readFrom(endpoint)).toEqual([...HELLO]);
    end(host, endpoint);
  });

  test('empty: there is a datagram, of no bytes', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    host.udp.input(host.datagram(), Cast.Unicast);
    expect(endpoint.readiness & Ready.In).toBe(Ready.In);
    expect(readFrom(endpoint)).toEqual([]);
    expect(readFrom(endpoint)).toBe(-Errno.EAGAIN);
    end(host, endpoint);
  });
});

describe('nobody is there', () => {
  test('the sender is told: port unreachable, with what it sent', () => {
    const host = new UdpHost();
    host.udp.input(host.datagram({ data: HELLO, toPort: 9999 }), Cast.Unicast);
    expect(icmpSent(host)).toEqual(['3/3']);
    const [error] = host.line.sent;
    expect(error!.subarray(28 + 20 + 8, 28 + 20 + 8 + 5)).toEqual(HELLO);
    expect(dropsOf(host.node)).toEqual({ UDP_NO_PORT: 1 });
    expect(host.udp.noPorts).toBe(1);
    end(host);
  });

  test('a broadcast or a multicast tells nobody (RFC 1122 3.2.2)', () => {
    const host = new UdpHost();
    host.udp.input(host.datagram({ to: '10.0.0.255', toPort: 9999 }), Cast.Broadcast);
    host.udp.input(host.datagram({ to: '224.0.0.1', toPort: 9999 }), Cast.Multicast);
    expect(host.line.sent).toEqual([]);
    expect(dropsOf(host.node)).toEqual({ UDP_UNHEARD: 2 });
    end(host);
  });

  test('but somebody who speaks with another: the drop says so', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    endpoint.connect(address('10.0.1.2'), 5000);
    host.udp.input(host.datagram({ data: HELLO }), Cast.Unicast);
    expect(dropsOf(host.node)).toEqual({ UDP_NOT_PEER: 1 });
    expect(icmpSent(host)).toEqual(['3/3']);
    end(host, endpoint);
  });
});

describe('several on one port', () => {
  test('the best match: peer and address, peer, address, all', () => {
    const host = new UdpHost();
    const all = host.endpoint(null, 7, { reuse: true });
    const one = host.endpoint('10.0.0.1', 7, { reuse: true });
    const peer = host.endpoint(null, 7, { reuse: true });
    expect(peer.connect(address('10.0.0.2'), 1000)).toBe(0);
    host.udp.input(host.datagram({ fromPort: 1000, data: Uint8Array.of(1) }), Cast.Unicast);
    host.udp.input(host.datagram({ fromPort: 1001, data: Uint8Array.of(2) }), Cast.Unicast);
    host.udp.input(host.datagram({ fromPort: 1000, to: '10.0.1.1', data: Uint8Array.of(3) }), Cast.Unicast);
    expect([readFrom(peer), readFrom(one), readFrom(all)]).toEqual([[1], [2], [3]]);
    end(host, all, one, peer);
  });

  test('a broadcast goes to all that fit, each with its own copy', () => {
    const host = new UdpHost();
    const all = [0, 1, 2].map(() => host.endpoint(null, 7, { reuse: true }));
    const elsewhere = host.endpoint('10.0.0.1', 7, { reuse: true });
    const stranger = host.endpoint(null, 7, { reuse: true });
    stranger.connect(address('10.0.1.2'), 1);
    host.udp.input(host.datagram({ to: '10.0.0.255', data: HELLO }), Cast.Broadcast);
    for (const endpoint of all) expect(readFrom(endpoint)).toEqual([...HELLO]);
    expect(readFrom(elsewhere)).toBe(-Errno.EAGAIN);
    expect(readFrom(stranger)).toBe(-Errno.EAGAIN);
    end(host, ...all, elsewhere, stranger);
  });

  test('one bound to a group hears that group only', () => {
    const host = new UdpHost();
    const group = host.endpoint('224.0.0.251', 5353, { reuse: true });
    host.udp.input(host.datagram({ to: '224.0.0.251', toPort: 5353, data: HELLO }), Cast.Multicast);
    host.udp.input(host.datagram({ to: '224.0.0.252', toPort: 5353, data: HELLO }), Cast.Multicast);
    host.udp.input(host.datagram({ toPort: 5353, data: HELLO }), Cast.Unicast);
    expect(group.pending).toBe(1);
    end(host, group);
  });

  test('those that share by SO_REUSEPORT share the senders, each sender staying with one', () => {
    const host = new UdpHost();
    const workers = [0, 1, 2, 3].map(() => host.endpoint(null, 7, { share: true }));
    for (let round = 0; round < 2; round++) {
      for (let port = 1000; port < 1400; port++) {
        host.udp.input(host.datagram({ fromPort: port, data: HELLO }), Cast.Unicast);
      }
    }
    const seen = workers.map((worker) => {
      const ports: number[] = [];
      while (typeof readFrom(worker) !== 'number') ports.push(worker.senderPort);
      return ports;
    });
    for (const ports of seen) {
      expect(ports.length).toBeGreaterThan(100);
      expect(new Set(ports).size).toBe(ports.length / 2);
    }
    expect(seen.flat().length).toBe(800);
    end(host, ...workers);
  });

  test('an endpoint that closes leaves the others', () => {
    const host = new UdpHost();
    const ends = [0, 1, 2].map(() => host.endpoint(null, 7, { reuse: true }));
    ends[1]!.close();
    ends[2]!.close();
    host.udp.input(host.datagram({ data: HELLO }), Cast.Unicast);
    expect(ends[0]!.pending).toBe(1);
    expect(host.udp.endpoints()).toEqual([ends[0]]);
    end(host, ...ends);
  });
});

describe('ICMP errors', () => {
  /** What the host sent last comes back quoted in an error from 10.0.0.2. */
  function quoteLast(host: UdpHost, type: number, code: number, mtu = 0): void {
    const sent = host.line.sent.at(-1)!;
    const quoted = host.pool.from(sent.subarray(0, 28));
    quoted.l3 = quoted.start;
    quoted.start += 20;
    host.udp.icmpError(quoted, type, code, mtu, address('10.0.0.2'));
    quoted.release();
  }

  test.each([
    [3, 3, Errno.ECONNREFUSED],
    [3, 2, Errno.ENOPROTOOPT],
    [3, 13, Errno.EHOSTUNREACH],
    [3, 6, Errno.ENETUNREACH],
    [3, 1, 0], // soft: it may pass
    [3, 0, 0],
    [11, 0, 0],
    [3, 99, 0],
    [4, 0, 0], // source quench is ignored (RFC 6633)
    [200, 0, 0],
  ])('type %d code %d is error %d to one with a peer', (type, code, errno) => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    endpoint.connect(address('10.0.0.2'), 5000);
    endpoint.send(HELLO, 0, 5);
    quoteLast(host, type, code);
    expect(endpoint.takeError()).toBe(errno);
    expect(endpoint.takeError()).toBe(0);
    expect(endpoint.takeReport()).toBe(null);
    end(host, endpoint);
  });

  test('without a peer there are none, unless asked for', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    endpoint.send(HELLO, 0, 5, address('10.0.0.2'), 5000);
    quoteLast(host, 3, 3);
    expect(endpoint.takeError()).toBe(0);
    endpoint.receiveErrors = true;
    quoteLast(host, 11, 0);
    expect(endpoint.readiness & Ready.Err).toBe(Ready.Err);
    expect(readFrom(endpoint)).toBe(-Errno.EHOSTUNREACH);
    const report = endpoint.takeReport()!;
    expect(`${report.type}/${report.code} from ${report.from} about ${report.remote}:${report.remotePort}`).toBe(
      '11/0 from 10.0.0.2 about 10.0.0.2:5000',
    );
    expect(endpoint.takeReport()).toBe(null);
    end(host, endpoint);
  });

  test('reports are limited like datagrams', () => {
    const host = new UdpHost({ datagramsQueued: 3 });
    const endpoint = host.endpoint(null, 7);
    endpoint.receiveErrors = true;
    endpoint.send(HELLO, 0, 5, address('10.0.0.2'), 5000);
    for (let i = 0; i < 5; i++) quoteLast(host, 3, 3);
    let reports = 0;
    while (endpoint.takeReport() !== null) reports++;
    expect(reports).toBe(3);
    end(host, endpoint);
  });

  test('about another peer, or another port, are not ours', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    const other = host.endpoint(null, 8);
    endpoint.connect(address('10.0.0.2'), 5000);
    other.send(HELLO, 0, 5, address('10.0.0.2'), 5000);
    quoteLast(host, 3, 3);
    endpoint.send(HELLO, 0, 5, address('10.0.0.2'), 5001);
    quoteLast(host, 3, 3);
    expect(endpoint.takeError()).toBe(0);
    end(host, endpoint, other);
  });
});

describe('whatever comes', () => {
  test('every prefix of a datagram ends in a reason', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    for (let length = 0; length < 8 + HELLO.length; length++) {
      const packet = host.datagram({ data: HELLO });
      packet.trim(length);
      host.udp.input(packet, Cast.Unicast);
    }
    expect(dropsOf(host.node)).toEqual({ UDP_TOO_SHORT: 8, UDP_BAD_LENGTH: 5 });
    expect(endpoint.pending).toBe(0);
    end(host, endpoint);
  });

  test('100,000 mutations end in a delivery or a reason, and lose no packet', () => {
    const host = new UdpHost({ icmpErrorsPerSecond: 0, icmpErrorBurst: 0 });
    const endpoint = host.endpoint(null, 7);
    const random = Random.from('mutations');
    const buffer = new Uint8Array(64);
    for (let i = 0; i < 100_000; i++) {
      const packet: PacketBuffer = host.datagram({ data: HELLO, checksum: i & 1 ? 0 : 0xbeef });
      const mutations = 1 + random.below(3);
      for (let m = 0; m < mutations; m++) packet.bytes[packet.start + random.below(13)] = random.u32();
      if (random.below(4) === 0) packet.trim(random.below(14));
      host.udp.input(packet, i & 2 ? Cast.Unicast : Cast.Broadcast);
      while (endpoint.receive(buffer, 0, buffer.length) >= 0);
    }
    const drops = Object.values(dropsOf(host.node)).reduce((all, count) => all + count, 0);
    expect(drops + host.udp.delivered).toBe(100_000);
    expect(host.udp.delivered).toBeGreaterThan(1000);
    end(host, endpoint);
  });

  test('100,000 mutated quotes do nothing worse than an error', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    endpoint.receiveErrors = true;
    endpoint.send(HELLO, 0, 5, address('10.0.0.2'), 5000);
    const sent = host.line.sent[0]!.slice(0, 28);
    const random = Random.from('quotes');
    const from = address('10.0.0.2');
    const packet = host.pool.from(sent);
    packet.l3 = packet.start;
    packet.start += 20;
    let errors = 0;
    for (let i = 0; i < 100_000; i++) {
      packet.bytes.set(sent, packet.l3);
      // The version stays: IP has looked at it. All else may be anything.
      packet.bytes[packet.l3 + 1 + random.below(27)] = random.u32();
      host.udp.icmpError(packet, random.below(16), random.below(20), 0, from);
      if (endpoint.takeError() !== 0) errors++;
      while (endpoint.takeReport() !== null);
    }
    expect(errors).toBeGreaterThan(1000);
    packet.release();
    end(host, endpoint);
  });
});

test('the pseudo header covers addresses: a datagram that went astray is refused', () => {
  const host = new UdpHost();
  const endpoint = host.endpoint(null, 7);
  const packet = host.datagram({ data: HELLO });
  packet.view.setUint32(packet.l3 + 16, address('10.0.1.1').v4);
  expect(finish(sum(packet.view, packet.start, packet.end))).not.toBe(0);
  host.udp.input(packet, Cast.Unicast);
  expect(dropsOf(host.node)).toEqual({ UDP_BAD_CHECKSUM: 1 });
  end(host, endpoint);
});

describe('unclaimed', () => {
  test('goes, checked, to who asked for it; endpoints come first, and what is bad or a broadcast never gets there', () => {
    const host = new UdpHost();
    const endpoint = host.endpoint(null, 7);
    const taken: PacketBuffer[] = [];
    let errors = 0;
    host.udp.unclaimed = { input: (packet) => taken.push(packet), icmpError: () => errors++ };
    host.udp.input(host.datagram({ data: HELLO }), Cast.Unicast);
    host.udp.input(host.datagram({ data: HELLO, toPort: 8, checksum: 0x1111 }), Cast.Unicast);
    host.udp.input(host.datagram({ data: HELLO, toPort: 8 }), Cast.Broadcast);
    expect(taken).toEqual([]);
    host.udp.input(host.datagram({ data: HELLO, toPort: 8 }), Cast.Unicast);
    expect(taken.map((packet) => [packet.length, packet.checksum, packet.l4 - packet.start])).toEqual([
      [13, Checksum.Verified, 0],
    ]);
    expect(icmpSent(host)).toEqual([]);
    host.udp.refuse(taken[0]!);
    expect(icmpSent(host)).toEqual(['3/3']);
    const about = host.datagram({ from: '10.0.0.1', fromPort: 8, to: '10.0.0.2', data: HELLO });
    host.udp.icmpError(about, 3, 3, 0, address('10.0.0.2'));
    about.release();
    expect(errors).toBe(1);
    expect(dropsOf(host.node)).toEqual({ UDP_BAD_CHECKSUM: 1, UDP_NO_PORT: 1, UDP_UNHEARD: 1 });
    end(host, endpoint);
  });
});
