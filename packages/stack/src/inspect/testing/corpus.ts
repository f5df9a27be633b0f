import { crc32 } from '../../base/crc32.ts';
import { Random } from '../../base/random.ts';
import { dhcpFrames } from './dhcp-frames.ts';
import { discoveryFrames } from './discovery-frames.ts';
import {
  ACK,
  ALICE,
  arp,
  dnsName,
  dnsQuery,
  ethernet,
  FIN,
  icmp,
  icmpv6,
  ip,
  ipv4,
  ipv6,
  mac,
  PSH,
  RST,
  SYN,
  synOptions,
  tcp,
  tcpFrame,
  text,
  timestamps,
  URG,
  u16,
  u32,
  udp,
  WEB,
  zeros,
} from './frames.ts';
import { groupFrames } from './group-frames.ts';
import { ospfFrames } from './ospf-frames.ts';

/** One well-formed frame of each kind that the dissectors know. */
export function sampleFrames(): { name: string; bytes: Uint8Array }[] {
  const all: [string, Uint8Array][] = [
    [
      'arp request',
      ethernet(arp(1, ALICE.mac, ALICE.ip, '00:00:00:00:00:00', WEB.ip), {
        dst: 'ff:ff:ff:ff:ff:ff',
        type: 0x0806,
        pad: true,
      }),
    ],
    [
      'arp reply',
      ethernet(arp(2, WEB.mac, WEB.ip, ALICE.mac, ALICE.ip), { src: WEB.mac, dst: ALICE.mac, type: 0x0806, pad: true }),
    ],
    [
      'arp announcement',
      ethernet(arp(1, ALICE.mac, ALICE.ip, '00:00:00:00:00:00', ALICE.ip), {
        dst: 'ff:ff:ff:ff:ff:ff',
        type: 0x0806,
        pad: true,
      }),
    ],
    [
      'arp probe',
      ethernet(arp(1, ALICE.mac, '0.0.0.0', '00:00:00:00:00:00', WEB.ip), {
        dst: 'ff:ff:ff:ff:ff:ff',
        type: 0x0806,
        pad: true,
      }),
    ],
    ['arp of other sizes', ethernet([...u16(6), ...u16(0x86dd), 2, 16, ...u16(1), ...zeros(36)], { type: 0x0806 })],
    [
      'echo request',
      ethernet(ipv4(icmp(8, 0, [...u16(7), ...u16(1), ...text('abcdefghijklmnopqrstuvwabcdefghi')]), { protocol: 1 })),
    ],
    [
      'echo reply',
      ethernet(ipv4(icmp(0, 0, [...u16(7), ...u16(1), ...text('abcdefgh')]), { protocol: 1, ttl: 63 }), { pad: true }),
    ],
    [
      'icmp timestamp',
      ethernet(ipv4(icmp(13, 0, [...u16(7), ...u16(1), ...u32(1), ...u32(2), ...u32(3)]), { protocol: 1 })),
    ],
    [
      'port unreachable',
      ethernet(ipv4(icmp(3, 3, [...zeros(4), ...ipv4(udp(text('hello')), { protocol: 17 })]), { protocol: 1 })),
    ],
    [
      'fragmentation needed',
      ethernet(
        ipv4(icmp(3, 4, [0, 0, ...u16(1400), ...ipv4(tcp([]).slice(0, 8), { protocol: 6, totalLength: 1500 })]), {
          protocol: 1,
        }),
      ),
    ],
    [
      'time exceeded',
      ethernet(
        ipv4(icmp(11, 0, [...zeros(4), ...ipv4(icmp(8, 0, zeros(8)), { protocol: 1, ttl: 1 })]), { protocol: 1 }),
      ),
    ],
    ['redirect', ethernet(ipv4(icmp(5, 1, [...ip('10.0.1.1'), ...ipv4(udp([]), { protocol: 17 })]), { protocol: 1 }))],
    [
      'parameter problem',
      ethernet(ipv4(icmp(12, 0, [20, 0, 0, 0, ...ipv4(udp([]), { protocol: 17 })]), { protocol: 1 })),
    ],
    ['udp', ethernet(ipv4(udp(text('hello')), { protocol: 17 }), { pad: true })],
    [
      'udp without checksum',
      ethernet(ipv4(udp(text('a much longer datagram than before'), { check: false }), { protocol: 17 })),
    ],
    ['udp empty', ethernet(ipv4(udp([]), { protocol: 17 }), { pad: true })],
    [
      'first fragment',
      ethernet(ipv4(udp(text('0123456789'.repeat(147))).slice(0, 800), { protocol: 17, fragment: 0x2000 })),
    ],
    ['last fragment', ethernet(ipv4(zeros(680), { protocol: 17, fragment: 100, id: 0x4321 }))],
    [
      'ip options',
      ethernet(ipv4(udp([1, 2, 3]), { protocol: 17, options: [148, 4, 0, 0, 7, 7, 4, ...zeros(4), 1, 0, 0, 0, 0] })),
    ],
    ['unknown protocol', ethernet(ipv4(zeros(30), { protocol: 253, tos: 0xb9 }))],
    ['ip in ip', ethernet(ipv4(ipv4(udp([9]), { protocol: 17 }), { protocol: 4 }))],
    ['syn', tcpFrame([], { seq: 0xfffffff0, flags: SYN, options: synOptions() })],
    [
      'syn ack',
      tcpFrame([], {
        src: WEB.ip,
        dst: ALICE.ip,
        sport: 80,
        dport: 52344,
        seq: 7,
        ack: 0xfffffff1,
        flags: SYN | ACK,
        options: synOptions(900, 100),
      }),
    ],
    ['ack', ethernet(ipv4(tcp([], { ack: 8 }), { protocol: 6 }), { pad: true })],
    [
      'http request',
      tcpFrame(text('GET /index.html HTTP/1.1\r\nHost: web\r\nUser-Agent: test\r\n\r\n'), {
        ack: 8,
        flags: PSH | ACK,
        options: timestamps(5, 6),
      }),
    ],
    [
      'http response',
      tcpFrame(text('HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello'), {
        src: WEB.ip,
        dst: ALICE.ip,
        sport: 80,
        dport: 52344,
        flags: PSH | ACK,
      }),
    ],
    [
      'http response without phrase',
      tcpFrame(text('HTTP/1.1 404 \r\n\r\n'), {
        src: WEB.ip,
        dst: ALICE.ip,
        sport: 80,
        dport: 52344,
        flags: PSH | ACK,
      }),
    ],
    ['http that goes on', tcpFrame(text('GET / HTTP/1.0\r\nHost: w'), { flags: PSH | ACK })],
    ['sack', tcpFrame([], { ack: 1, options: [1, 1, 5, 18, ...u32(3000), ...u32(4000), ...u32(5000), ...u32(6000)] })],
    ['urgent', tcpFrame(text('x'), { flags: ACK | URG | PSH, urgent: 1 })],
    ['fin', tcpFrame([], { flags: FIN | ACK })],
    ['rst', tcpFrame([], { flags: RST, window: 0 })],
    [
      'other tcp options',
      tcpFrame([], { options: [28, 4, 0x80, 5, 34, 10, ...zeros(8), 254, 6, 0xf9, 0x89, 1, 2, 0, 0, 0, 0] }),
    ],
    ['dns query', ethernet(ipv4(udp(dnsQuery(0xabcd, 'web.example.com', 1), { dport: 53 }), { protocol: 17 }))],
    ['dns response', ethernet(ipv4(udp(dnsResponse(), { sport: 53 }), { protocol: 17 }))],
    [
      'dns over tcp',
      tcpFrame([...u16(33), ...dnsQuery(0xabcd, 'web.example.com', 28)], { dport: 53, flags: PSH | ACK }),
    ],
    ['no such name', ethernet(ipv4(udp(dnsQuery(1, 'nobody', 1, 0x8183), { sport: 53 }), { protocol: 17 }))],
    [
      'vlan',
      ethernet([...u16(0x6064), ...u16(0x0800), ...ipv4(udp([1, 2]), { protocol: 17 })], { type: 0x8100, pad: true }),
    ],
    ['unknown type', ethernet(text('what is this to anybody who listens here, after all?'), { type: 0x88b5 })],
    ['802.3', ethernet([0x44, 0x44, 3, ...zeros(35), ...zeros(8)], { dst: '01:80:c2:00:00:00', type: 38 })],
    ['ipv6 udp', ethernet(ipv6(udp(text('six'), V6), { ...V6, next: 17 }), { type: 0x86dd })],
    [
      'ipv6 tcp',
      ethernet(ipv6(tcp([], { ...V6, flags: SYN, options: synOptions() }), { ...V6, next: 6, word: 0x6b912345 }), {
        type: 0x86dd,
      }),
    ],
    [
      'icmpv6 echo',
      ethernet(ipv6(icmpv6(128, 0, [...u16(3), ...u16(4), 1, 2, 3], V6.src, V6.dst), { ...V6, next: 58 }), {
        type: 0x86dd,
      }),
    ],
    [
      'neighbour solicitation',
      ethernet(
        ipv6(icmpv6(135, 0, [...zeros(4), ...ip(V6.dst), 1, 1, ...mac(ALICE.mac)], V6.src, V6.dst), {
          ...V6,
          next: 58,
          hops: 255,
        }),
        { type: 0x86dd },
      ),
    ],
    [
      'neighbour advertisement',
      ethernet(
        ipv6(icmpv6(136, 0, [0x60, 0, 0, 0, ...ip(V6.src), 2, 1, ...mac(WEB.mac)], V6.src, V6.dst), {
          ...V6,
          next: 58,
          hops: 255,
        }),
        { type: 0x86dd },
      ),
    ],
    [
      'packet too big',
      ethernet(
        ipv6(icmpv6(2, 0, [...u32(1280), ...ipv6(udp(text('quoted'), V6), { ...V6, next: 17 })], V6.src, V6.dst), {
          ...V6,
          next: 58,
        }),
        { type: 0x86dd },
      ),
    ],
    [
      'ipv6 extensions',
      ethernet(ipv6([60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0, ...udp([1], V6)], { ...V6, next: 0 }), {
        type: 0x86dd,
      }),
    ],
    [
      'ipv6 fragment',
      ethernet(ipv6([17, 0, ...u16(0x0009), ...u32(77), ...zeros(16)], { ...V6, next: 44 }), { type: 0x86dd }),
    ],
    ...discoveryFrames(),
    ...groupFrames(),
    ...ospfFrames(),
    ...dhcpFrames(),
  ];
  return all.map(([name, bytes]) => ({ name, bytes }));
}

const V6 = { src: '2001:db8::10', dst: '2001:db8::80' };

/** An answer with records of every type that is taken apart. */
function dnsResponse(): number[] {
  const name = [0xc0, 0x0c]; // a pointer to the question's name
  const record = (type: number, data: number[]): number[] => [
    ...name,
    ...u16(type),
    ...u16(1),
    ...u32(300),
    ...u16(data.length),
    ...data,
  ];
  return [
    ...[0xab, 0xcd, 0x84, 0x00, ...u16(1), ...u16(8), ...u16(1), ...u16(1)],
    ...dnsName('web.example.com'),
    ...[...u16(255), ...u16(1)],
    ...record(1, ip('10.0.1.80')),
    ...record(28, ip('2001:db8::80')),
    ...record(5, [...dnsName('www').slice(0, -1), 0xc0, 0x10]),
    ...record(15, [...u16(10), ...dnsName('mail.example.com')]),
    ...record(16, [5, ...text('hello'), 2, ...text('hi')]),
    ...record(33, [...u16(1), ...u16(2), ...u16(8080), ...dnsName('srv.example')]),
    ...record(12, dnsName('ptr.example')),
    ...record(65280, [1, 2, 3]),
    ...record(6, [
      ...dnsName('ns.example'),
      ...dnsName('admin.example'),
      ...u32(1),
      ...u32(2),
      ...u32(3),
      ...u32(4),
      ...u32(5),
    ]),
    ...[0, ...u16(41), ...u16(1232), 0, 0, 0x80, 0, ...u16(0)],
  ];
}

/** The same frame as a card at the cable sees it. */
export function withFcs(frame: Uint8Array): Uint8Array {
  const whole = new Uint8Array(frame.length + 4);
  whole.set(frame);
  new DataView(whole.buffer).setUint32(frame.length, crc32(frame), true);
  return whole;
}

/** Frames with random values in every field, checksums right (and in one of sixteen wrong), always the same for a seed. */
export function generatedFrames(count: number, seed: number): Uint8Array[] {
  const random = Random.from(seed);
  const bytes = (most: number): number[] => Array.from({ length: random.below(most + 1) }, () => random.below(256));
  const address = (): string =>
    `${1 + random.below(126)}.${random.below(256)}.${random.below(256)}.${1 + random.below(254)}`;
  const station = (): string => {
    const low = Array.from({ length: 5 }, () => random.below(256).toString(16).padStart(2, '0'));
    return [(random.below(64) * 4).toString(16).padStart(2, '0'), ...low].join(':');
  };
  const port = (): number => 10_000 + random.below(50_000);
  return Array.from({ length: count }, () => {
    const src = address();
    const dst = address();
    const ends = { src, dst };
    const kind = random.below(10);
    let protocol = 6;
    let payload: number[];
    if (kind === 0) {
      const frame = arp(1 + random.below(2), station(), src, station(), dst);
      return ethernet(frame, { src: station(), dst: station(), type: 0x0806, pad: random.below(2) === 0 });
    }
    if (kind < 3) {
      protocol = 1;
      payload = icmp(random.below(2) * 8, 0, [...u16(random.below(65536)), ...u16(random.below(65536)), ...bytes(60)]);
    } else if (kind < 6) {
      protocol = 17;
      payload = udp(bytes(80), { ...ends, sport: port(), dport: port(), check: random.below(4) > 0 });
    } else {
      const flags = random.below(256);
      const stamps = timestamps(random.u32(), random.u32());
      payload = tcp(bytes(80), {
        ...ends,
        sport: port(),
        dport: port(),
        seq: random.u32(),
        ack: random.u32(),
        flags,
        window: random.below(65536),
        urgent: random.below(4) === 0 ? random.below(100) : 0,
        options: [[], stamps, synOptions(random.u32(), random.u32())][random.below(3)]!,
      });
    }
    if (random.below(16) === 0) payload[2]! ^= 0x55;
    const packet = ipv4(payload, {
      ...ends,
      protocol,
      ttl: random.below(256),
      tos: random.below(256),
      id: random.below(65536),
      fragment: random.below(2) * 0x4000,
    });
    if (random.below(16) === 0) packet[11]! ^= 0x55;
    return ethernet(packet, { src: station(), dst: station(), pad: random.below(2) === 0 });
  });
}
