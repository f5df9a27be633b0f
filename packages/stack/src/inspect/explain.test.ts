import { describe, expect, it } from 'vitest';
import { IpAddress } from '../base/ip-address.ts';
import { Random } from '../base/random.ts';
import { readCapture } from './capture-reader.ts';
import { Analysis } from './conversations.ts';
import { dissect, formatTree } from './dissect.ts';
import { explainCapture, explainPacket, Names } from './explain.ts';
import { LinkType } from './link-types.ts';
import { PcapngWriter } from './pcapng-writer.ts';
import { generatedFrames, sampleFrames } from './testing/corpus.ts';
import { ACK, ALICE, FIN, PSH, RST, SYN, synOptions, type TcpGiven, tcpFrame, text, WEB } from './testing/frames.ts';
import { tcpTraffic } from './testing/tcp-traffic.ts';
import { count, ordinal, table, wrap } from './text-layout.ts';

const names = new Names([
  ['10.0.1.10', ['alice']],
  ['10.0.1.80', ['web']],
]);

function explained(name: string): string[] {
  const { bytes } = sampleFrames().find((each) => each.name === name)!;
  return explainPacket(dissect(bytes, LinkType.Ethernet), null, names);
}

/** A capture of frames, with comments on some. */
function captured(frames: readonly { bytes: Uint8Array; timeNs: number; comments?: string[] }[]): Uint8Array {
  const writer = new PcapngWriter();
  writer.addInterface({ name: 'alice:eth0', linkType: LinkType.Ethernet, fcsLength: 0 });
  writer.addNames([
    { address: IpAddress.parse(ALICE.ip)!, names: ['alice'] },
    { address: IpAddress.parse(WEB.ip)!, names: ['web'] },
  ]);
  for (const { bytes, timeNs, comments = [] } of frames) writer.addPacket(0, timeNs, bytes, { comments });
  return writer.take();
}

const alice = (given: TcpGiven, data = ''): Uint8Array => tcpFrame(text(data), { flags: ACK, ...given });
const web = (given: TcpGiven, data = ''): Uint8Array =>
  tcpFrame(text(data), { flags: ACK, src: WEB.ip, dst: ALICE.ip, sport: 80, dport: 52344, ...given });

/** A page, with one segment that is lost and sent again. */
function page(): { bytes: Uint8Array; timeNs: number; comments?: string[] }[] {
  const [a, b] = [1000, 7000];
  const get = 'GET / HTTP/1.1\r\nHost: web\r\n\r\n';
  const body = `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n${'x'.repeat(400)}`;
  const frames = [
    alice({ seq: a, flags: SYN, options: synOptions() }),
    web({ seq: b, ack: a + 1, flags: SYN | ACK, options: synOptions() }),
    alice({ seq: a + 1, ack: b + 1 }),
    alice({ seq: a + 1, ack: b + 1, flags: PSH | ACK }, get),
    alice({ seq: a + 1, ack: b + 1, flags: PSH | ACK }, get),
    web({ seq: b + 1, ack: a + 30, flags: PSH | ACK }, body),
    alice({ seq: a + 30, ack: b + 1 + body.length, flags: FIN | ACK }),
    web({ seq: b + 1 + body.length, ack: a + 31, flags: FIN | ACK }),
    alice({ seq: a + 31, ack: b + 2 + body.length }),
  ];
  return frames.map((bytes, i) => ({
    bytes,
    timeNs: i < 4 ? i * 10e6 : 300e6 + i * 10e6,
    ...(i === 3 ? { comments: ['dropped by alice:eth0-web:eth0: lost on the line (the scenario says so)'] } : {}),
  }));
}

describe('explainPacket', () => {
  it.each([
    [
      'arp request',
      'Layer 3, packet: ARP: alice (10.0.1.10), at 02:00:00:00:00:0a, asks all stations of this link: who has web (10.0.1.80).',
    ],
    ['arp reply', 'Layer 3, packet: ARP: web (10.0.1.80) is at 02:00:00:00:00:50, it answers.'],
    ['arp announcement', 'Layer 3, packet: ARP: alice (10.0.1.10) tells everybody that it is at 02:00:00:00:00:0a.'],
    ['arp probe', 'Layer 3, packet: ARP: 02:00:00:00:00:0a wants to know whether 10.0.1.80 is free.'],
    ['echo request', 'Layer 3, message: ICMP, Echo (ping) request, identifier 7, sequence number 1.'],
    [
      'port unreachable',
      'Layer 3, message: ICMP, Destination unreachable: Port unreachable. alice says this about a packet of alice to web: UDP port 5000 to port 6000.',
    ],
    [
      'fragmentation needed',
      'Layer 3, message: ICMP, Destination unreachable: Fragmentation needed, the next link carries 1400 bytes. alice says this about a packet of alice to web: TCP port 52344 to port 80.',
    ],
    ['udp', "Layer 7, data: 5 bytes of a program's data."],
    ['dns query', 'Layer 7, data: DNS asks: Standard query 0xabcd A web.example.com.'],
    [
      'last fragment',
      'Layer 3, packet: IPv4 from alice (10.0.1.10) to web (10.0.1.80), 700 bytes with its header of 20; time to live 64: it may pass 63 more routers; the last fragment of packet 17185, from byte 800 on.',
    ],
    [
      'vlan',
      'Layer 2, frame: Ethernet from 02:00:00:00:00:0a to 02:00:00:00:00:50, 60 bytes, inside is IPv4, VLAN 100.',
    ],
    ['icmpv6 echo', 'Layer 3, message: ICMPv6, Echo (ping) request, identifier 3, sequence number 4.'],
  ])('%s', (name, line) => expect(explained(name)).toContain(line));

  it('goes from the highest layer down to the bits', () => {
    for (const { name } of sampleFrames()) {
      const layers = explained(name).flatMap((line) => /^Layer (\d)/.exec(line)?.[1] ?? []);
      expect(layers).toEqual([...layers].sort().reverse());
      expect(layers.slice(-2)).toEqual(['2', '1']);
    }
  });

  it('tells what is wrong', () => {
    const bytes = alice({}).slice();
    bytes[50]! ^= 1;
    expect(explainPacket(dissect(bytes, LinkType.Ethernet)).at(-1)).toMatch(
      /^Attention: Transmission Control Protocol: the checksum 0x\w+ is wrong\.$/,
    );
  });

  it('tells a segment in the light of those before it', () => {
    const analysis = new Analysis();
    const told = page().map(({ bytes, timeNs }, i) => {
      const dissection = dissect(bytes, LinkType.Ethernet);
      return explainPacket(dissection, analysis.add(dissection, { number: i + 1, timeNs }), names);
    });
    expect(told[4]).toEqual([
      'Layer 7, data: HTTP asks: GET / HTTP/1.1.',
      'Layer 4, segment: TCP from port 52344 to port 80 (http), flags PSH, ACK, the 5th of the connection alice:52344 -> web:80.',
      '  it carries bytes 1 to 29 of what alice sends.',
      "  ACK: alice has got web's SYN and expects byte 1.",
      '  window: web may have up to 8388480 bytes under way to alice (65535 times 128, as agreed in the SYNs).',
      '  PSH: hand it to the program without waiting for more.',
      '  a retransmission: these bytes were sent before and not acknowledged in time.',
      ...told[3]!.slice(-3),
    ]);
    expect(told[7]).toContain('  ACK: web has got all bytes of alice up to 29 and its FIN, 10ms after packet 7.');
  });
});

describe('explainCapture', () => {
  it('tells a page that was lost and sent again', () => {
    expect(`\n${explainCapture(readCapture(captured(page())))}\n`).toMatchInlineSnapshot(`
      "
      The capture
        9 packets of 1028 bytes in 380ms
        seen on alice:eth0
        TCP 7, HTTP 2

      Hosts
        address    name   sent  received  at
        10.0.1.10  alice     6         3
        10.0.1.80  web       3         6

      Conversations
        tcp 0: alice:52344 -> web:80, 9 packets
            alice opened it with a three-way handshake (packets 1, 2, 3) in 20ms
            alice sent 29 bytes, web 444 bytes
            alice sent 1 segment again
            alice (7) and then web (8) said that they send no more (FIN); both were acknowledged: closed
            in order

      Trouble
        packet 4, alice -> web: dropped by alice:eth0-web:eth0: lost on the line (the scenario says so)
        packet 5, alice -> web: TCP Retransmission

      Packet by packet, tcp 0: alice:52344 and web:80
        1  0s     alice -> web  asks for a connection (SYN)
        2  10ms   web -> alice  accepts the connection (SYN, ACK)
        3  20ms   alice -> web  acknowledges: the connection is open
        4  30ms   alice -> web  sends 29 bytes, 1 to 29: GET / HTTP/1.1
        5  340ms  alice -> web  sends again 29 bytes, 1 to 29: GET / HTTP/1.1
        6  350ms  web -> alice  sends 444 bytes, 1 to 444: HTTP/1.1 200 OK
        7  360ms  alice -> web  says that it sends no more (FIN), has got all up to 444
        8  370ms  web -> alice  says that it sends no more (FIN), has got all up to 29 and the FIN
        9  380ms  alice -> web  acknowledges, has got all up to 444 and the FIN
      "
    `);
  });

  it.each([
    [
      'refused',
      [alice({ seq: 1, flags: SYN }), web({ seq: 0, ack: 2, flags: RST | ACK })],
      /web refuses: nobody listens there \(RST, packet 2\)/,
    ],
    [
      'unanswered',
      [alice({ seq: 1, flags: SYN }), alice({ seq: 1, flags: SYN })],
      /again 1 time: no answer in this capture/,
    ],
    ['from the middle', [alice({ seq: 5 }, 'abc'), web({ ack: 8 })], /it was open before the capture began/],
    [
      'half closed',
      [alice({ seq: 5, flags: FIN | ACK }), web({ ack: 6 })],
      /only alice has closed its side \(FIN, packet 1\)/,
    ],
  ])('tells a connection: %s', (_, frames, story) => {
    const file = readCapture(captured(frames.map((bytes, i) => ({ bytes, timeNs: i * 1e9 }))));
    expect(explainCapture(file)).toMatch(story);
  });

  it('keeps to the width, and to its limits', () => {
    const frames = [...sampleFrames(), ...generatedFrames(300, 9).map((bytes) => ({ bytes })), ...tcpTraffic(3, 200)];
    const file = readCapture(captured(frames.map(({ bytes }, i) => ({ bytes, timeNs: i * 1e6 }))));
    const told = explainCapture(file, { width: 80, listLimit: 10 });
    expect(Math.max(...told.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(told).toMatch(/\.\.\. and \d+ more hosts/);
    expect(told).toMatch(/\.\.\. and \d+ more conversations/);
    expect(told.split('\n').length).toBeLessThan(100);
  });

  it('keeps control characters of packets, names and comments away from the terminal', () => {
    const writer = new PcapngWriter({ comment: 'a\x1b[2Jb' });
    writer.addInterface({ name: 'eth\x07', linkType: LinkType.Ethernet });
    writer.addNames([{ address: IpAddress.parse(ALICE.ip)!, names: ['al\x1b[31mice'] }]);
    const evil = alice({}, 'GET /\x1b]0;x\x07 HTTP/1.1\r\nHost: \x9bA\r\n\r\n');
    writer.addPacket(0, 0, evil, { comments: ['\x1b[H'] });
    const file = readCapture(writer.take());
    const dissection = dissect(evil, LinkType.Ethernet);
    const all = [
      explainCapture(file),
      ...explainPacket(dissection, null, new Names(file.names)),
      ...formatTree(dissection),
    ];
    expect(all.join('\n')).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    expect(all.join('\n')).toContain('GET /·]0;x· HTTP/1.1');
  });

  it('tells any file something', () => {
    const whole = captured(page());
    const random = Random.from(5);
    for (let i = 0; i < 2000; i++) {
      const bytes = whole.slice(0, random.below(8) === 0 ? random.below(whole.length) : whole.length);
      for (let k = random.below(6); k > 0 && bytes.length > 0; k--) bytes[random.below(bytes.length)] = random.u32();
      if (explainCapture(readCapture(bytes)) === '') throw new Error('nothing was told');
    }
    expect(explainCapture(readCapture(new Uint8Array(0)))).toContain('the file is damaged');
  });
});

describe('text', () => {
  it('is wrapped between words, and within those that are too long', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('abcdefghij kl', 4)).toEqual(['abcd', 'efgh', 'ij', 'kl']);
    expect(wrap('', 4)).toEqual(['']);
  });
  it('stands in columns', () => {
    expect(
      table([
        ['a', 'bb', 3],
        ['aaa', 'b', 40],
      ]),
    ).toEqual(['a    bb   3', 'aaa  b   40']);
  });
  it('counts', () => {
    expect([1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal)).toEqual([
      '1st',
      '2nd',
      '3rd',
      '4th',
      '11th',
      '12th',
      '13th',
      '21st',
      '112th',
    ]);
    expect([count(1, 'byte'), count(0, 'byte')]).toEqual(['1 byte', '0 bytes']);
  });
});
