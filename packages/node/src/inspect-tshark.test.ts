import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Drop } from '../../stack/src/base/drop-reasons.ts';
import { EventQueue } from '../../stack/src/base/event-queue.ts';
import { IpAddress } from '../../stack/src/base/ip-address.ts';
import { PacketPool } from '../../stack/src/base/packet-buffer.ts';
import { Direction } from '../../stack/src/base/trace.ts';
import { Capture } from '../../stack/src/inspect/capture.ts';
import { Analysis } from '../../stack/src/inspect/conversations.ts';
import { dissect, findFields } from '../../stack/src/inspect/dissect.ts';
import type { Dissection, Field } from '../../stack/src/inspect/dissection.ts';
import { compileFilter, isMistaken } from '../../stack/src/inspect/filter.ts';
import { LinkType } from '../../stack/src/inspect/link-types.ts';
import { PcapngWriter } from '../../stack/src/inspect/pcapng-writer.ts';
import { generatedFrames, sampleFrames } from '../../stack/src/inspect/testing/corpus.ts';
import { tcpTraffic } from '../../stack/src/inspect/testing/tcp-traffic.ts';
import { describeWithTcpdump } from './testing/tcpdump.ts';
import { describeWithTshark, expertProblems, tshark } from './testing/tshark.ts';

const directory = mkdtempSync(join(tmpdir(), 'netarium-inspect-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Writes a capture file; returns its path. */
function capture(name: string, frames: readonly { bytes: Uint8Array; timeNs?: number }[]): string {
  const writer = new PcapngWriter();
  writer.addInterface({ name: 'eth0', linkType: LinkType.Ethernet, fcsLength: 0 });
  for (const [i, { bytes, timeNs }] of frames.entries()) writer.addPacket(0, timeNs ?? i * 1e6, bytes);
  const path = join(directory, name);
  writeFileSync(path, writer.take());
  return path;
}

/** Every packet for itself: no relative numbers, nothing put together again. */
const ALONE = [
  'tcp.relative_sequence_numbers:FALSE',
  'tcp.analyze_sequence_numbers:FALSE',
  'tcp.desegment_tcp_streams:FALSE',
  'tcp.try_heuristic_first:FALSE',
  'ip.defragment:FALSE',
  'ipv6.defragment:FALSE',
].flatMap((preference) => ['-o', preference]);

/** Streams are not put together, so that each segment has its own line. */
const SEGMENTS = ['-o', 'tcp.desegment_tcp_streams:FALSE'];

/** Packets whose line differs, and why that is no mistake of ours. */
const UNLIKE = new Map([
  ['arp of other sizes', 'both addresses are zeros'],
  ['urgent', 'tshark takes all data on port 80 for HTTP'],
  ['other tcp options', 'tshark tells two options more'],
  ['igmp 1 report', 'tshark does not name the group'],
  ['redirect of ipv6', 'tshark does not tell who is to go by whom'],
  ...['mld 1 report', 'mld 1 done', 'mld 2 query with sources', 'mld 2 report', 'mld 2 report from nobody'].map(
    (name) => [name, 'tshark does not name the groups'] as const,
  ),
]);

/** Field values as both sides write them: numbers in decimal, bytes in hexadecimal. */
function normal(value: string): string {
  if (value === 'True') return '1';
  if (value === 'False') return '0';
  if (/^(0x[0-9a-f]{1,8}|0|[1-9]\d{0,9})$/.test(value)) return String(Number(value));
  return value.replaceAll('\\r', '\r').replaceAll('\\n', '\n');
}

function ours(field: Field): string {
  const { value } = field;
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (value instanceof Uint8Array) return [...value].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return normal(String(value));
}

/** The names of all fields with a value, in the first packet's order. */
function fieldNames(dissections: readonly Dissection[]): string[] {
  const names = new Set<string>();
  const visit = (field: Field): void => {
    if (field.value !== null) names.add(field.name);
    field.children.forEach(visit);
  };
  for (const dissection of dissections) dissection.layers.forEach(visit);
  return [...names];
}

/** What tshark's fields of these names are, by packet and name; several of one packet in a list. */
function theirs(path: string, names: readonly string[], preferences = ALONE): Map<string, string[]>[] {
  const separators = ['-E', 'separator=|', '-E', 'aggregator=\u0001', '-E', 'occurrence=a'];
  const lines = tshark(path, ['-T', 'fields', ...separators, ...preferences, ...names.flatMap((name) => ['-e', name])]);
  return lines.map((line) => {
    const cells = line.split('|');
    return new Map(names.map((name, i) => [name, cells[i] === '' ? [] : cells[i]!.split('\u0001').map(normal)]));
  });
}

/** Where tshark says otherwise, and why that is no mistake of ours. */
const EXPECTED = new Map([
  ['arp of other sizes: arp.isgratuitous', 'both addresses are zeros'],
  ['fragmentation needed: tcp.seq_raw', 'the quotation ends behind it'],
  ['time exceeded: icmp.checksum.status', 'the quoted message is whole, so it can be judged'],
  ['other tcp options: tcp.option_kind', 'what follows the end of the options is padding'],
  ['dns response: dns.resp.name', 'tshark does not name the record of a type that it does not know'],
  ...['dhcp discover', 'dhcp ack', 'dhcp nak', 'dhcp inform', 'dhcp offer with domains', 'bootp reply'].map(
    (name) => [`${name}: dhcp.option.type`, 'tshark counts End as an option 0'] as const,
  ),
  ['http response: data.data', 'the body: tshark calls it by its content type'],
  ['http response: data.len', 'the same'],
]);

function differences(frames: readonly { name: string; bytes: Uint8Array }[]): string[] {
  const path = capture('fields.pcapng', frames);
  const known = new Set(
    spawnSync('tshark', ['-G', 'fields'], { encoding: 'utf8', maxBuffer: 1 << 28 })
      .stdout.split('\n')
      .map((line) => line.split('\t')[2]),
  );
  const dissections = frames.map((frame) => dissect(frame.bytes, LinkType.Ethernet));
  const names = fieldNames(dissections).filter((name) => known.has(name));
  expect(names.length).toBeGreaterThan(60);
  const expected = theirs(path, names);
  expect(expected).toHaveLength(frames.length);
  return dissections.flatMap((dissection, i) =>
    names.flatMap((name) => {
      const here = findFields(dissection, name).map(ours).join(',');
      const there = expected[i]!.get(name)!.join(',');
      // IPv6's version stands in IPv4's field as well; a text in a RST is the reason for it (RFC 9293 3.5.3).
      if (name === 'ip.version' && dissection.facts.network?.version === 6) return [];
      if (name.startsWith('data.') && expected[i]!.get('tcp.flags.reset')![0] === '1') return [];
      return here === there || EXPECTED.has(`${frames[i]!.name}: ${name}`)
        ? []
        : [`${frames[i]!.name}: ${name} is ${there}, we say ${here}`];
    }),
  );
}

describeWithTshark('dissection, compared with tshark', () => {
  it('gives the fields of every kind of frame the same values', () => {
    expect(differences(sampleFrames())).toEqual([]);
  });

  it('gives the fields of 400 random frames the same values', () => {
    const frames = generatedFrames(400, 1).map((bytes, i) => ({ name: `frame ${i + 1}`, bytes }));
    expect(differences(frames)).toEqual([]);
  });

  it('sums packets up in the same words', () => {
    const frames = [
      ...sampleFrames(),
      ...generatedFrames(200, 2).map((bytes, i) => ({ name: `frame ${i + 1}`, bytes })),
    ];
    expect(lineDifferences(frames)).toEqual([]);
  });

  it('marks the segments of TCP connections in the same way', () => {
    const different: string[] = [];
    for (let seed = 1; seed <= 30; seed++) different.push(...lineDifferences(tcpTraffic(seed, 60)));
    expect(different).toEqual([]);
  });

  it('counts and times the segments of TCP connections in the same way', () => {
    const frames = [1, 2, 3, 4, 5, 6].flatMap((seed) => tcpTraffic(seed, 80));
    frames.sort((a, b) => a.timeNs - b.timeNs);
    const names = ['tcp.stream', 'tcp.seq', 'tcp.ack', 'tcp.nxtseq', 'tcp.window_size', 'tcp.len'];
    names.push('tcp.analysis.acks_frame', 'tcp.analysis.ack_rtt', 'tcp.analysis.duplicate_ack_frame');
    const expected = theirs(capture('tcp.pcapng', frames), names, SEGMENTS);
    const analysis = new Analysis();
    const different = frames.flatMap(({ name, bytes, timeNs }, i) => {
      const dissection = dissect(bytes, LinkType.Ethernet);
      analysis.add(dissection, { number: i + 1, timeNs });
      return names.flatMap((field) => {
        const here = findFields(dissection, field).map(ours).join(',');
        const there = expected[i]!.get(field)!
          .map((value) => (field.endsWith('rtt') ? String(Number(value)) : value))
          .join(',');
        return here === there ? [] : [`${name}: ${field} is ${there}, we say ${here}`];
      });
    });
    expect(different).toEqual([]);
  });
});

describeWithTshark('captures, read by others', () => {
  it('carry interfaces, times, directions, comments, names and check sequences', () => {
    const clock = new EventQueue();
    const pool = new PacketPool({ poolBytes: 1 << 20, poolFreeBuffers: 8 });
    const made = new Capture(clock, { fcs: true, comment: 'two interfaces', epochSeconds: 1_700_000_000 });
    made.name([{ address: IpAddress.parse('10.0.1.10')!, names: ['alice'] }]);
    const taps = [made.tap('alice:eth0', { speedBps: 1e9 }), made.tap('r1:eth1', { node: 'r1' })];
    for (const [i, { bytes }] of sampleFrames().entries()) {
      clock.runUntil(i * 1_000_001);
      const packet = pool.from(bytes);
      taps[i & 1]!.frame(packet, i & 1 ? Direction.In : Direction.Out, i === 3 ? Drop.IP_TTL_EXPIRED : 0);
      packet.release();
    }
    made.finish();
    const path = join(directory, 'capture.pcapng');
    writeFileSync(path, made.take());

    const fields = [
      'frame.interface_name',
      'frame.packet_flags_direction',
      'frame.comment',
      'eth.fcs.status',
      'frame.time_epoch',
    ];
    const lines = tshark(path, ['-T', 'fields', '-E', 'separator=|', ...fields.flatMap((field) => ['-e', field])]);
    expect(lines).toHaveLength(sampleFrames().length);
    expect(lines.slice(0, 4)).toEqual([
      'alice:eth0|0x00000002||1|1700000000.000000000',
      'r1:eth1|0x00000001||1|1700000000.001000001',
      'alice:eth0|0x00000002||1|1700000000.002000002',
      'r1:eth1|0x00000001|dropped by r1: the time to live ran out (RFC 791 3.2)|1|1700000000.003000003',
    ]);
    expect(expertProblems(path, { allowRetransmissions: true })).toEqual([]);
    const { stdout } = spawnSync('capinfos', [path], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
    expect(stdout).toContain('Name = alice:eth0');
    expect(stdout).toContain('Capture comment:     two interfaces');
    expect(stdout).toMatch(/Number of interfaces in file: 2/);
  });
});

describeWithTcpdump('capture filters, compared with tcpdump', () => {
  const frames = [
    ...sampleFrames(),
    ...tcpTraffic(1, 20),
    ...generatedFrames(100, 3).map((bytes) => ({ name: '', bytes })),
  ];
  const filters = [
    ...[
      'tcp',
      'udp',
      'icmp',
      'arp',
      'ip',
      'ip6',
      'icmp6',
      'not ip',
      'ip proto 4',
      'ip6 proto 17',
      'ether proto 0x88b5',
      'proto 17',
    ],
    ...[
      'host 10.0.1.10',
      'src host 10.0.1.80',
      'dst 10.0.1.80',
      'arp host 10.0.1.80',
      'ip host 10.0.1.80',
      'host 2001:db8::80',
    ],
    ...[
      'net 10.0.1.0/24',
      'net 10.0.1',
      'src net 10',
      'net 64.0.0.0 mask 192.0.0.0',
      'ip6 net 2001:db8::/32',
      'dst net 128.0.0.0/1',
    ],
    ...[
      'port 80',
      'tcp port 80',
      'udp dst port 53',
      'src port 53 or 80',
      'portrange 40000-50000',
      'udp src portrange 1-20000',
    ],
    ...[
      'ether src 02:00:00:00:00:50',
      'ether dst ff:ff:ff:ff:ff:ff',
      'broadcast',
      'multicast',
      'ether multicast',
      'ip multicast',
      'ip6 multicast',
    ],
    ...[
      'less 60',
      'greater 100',
      'len > 100 and len < 120',
      'tcp and not port 80',
      'tcp or udp and port 53',
      'not tcp and not udp',
    ],
    ...[
      'tcp[tcpflags] & tcp-syn != 0',
      'tcp[tcpflags] == tcp-ack',
      'tcp[13] & 7 != 0 and tcp[13] & 16 = 0',
      'icmp[icmptype] = icmp-echo',
    ],
    ...[
      'ip[8] < 64',
      'ip[6:2] & 0x1fff != 0',
      '(ip[0] & 0xf) * 4 > 20',
      'ip[2:2] - ((ip[0] & 0xf) << 2) > 60',
      'tcp[4:4] > 0x7fffffff',
    ],
    ...[
      'udp[4:2] > 20',
      'ether[0] & 1 = 1',
      'ip6[6] = 58',
      'vlan',
      'vlan 100 and udp',
      'arp[6:2] = 2',
      'icmp[0] = 3 and icmp[1] = 3',
    ],
    ...[
      'src and dst net 10.0.0.0/8',
      'src or dst host 10.0.1.10',
      '!(tcp || udp) && ip',
      'tcp src port 80 and dst portrange 50000-60000',
    ],
  ];

  it.each(filters)('%s', (text) => {
    const path = capture('filter.pcapng', frames);
    const { stdout, stderr } = spawnSync('tcpdump', ['-n', '-tt', '-r', path, text], { encoding: 'utf8' });
    const expected = stdout.split('\n').filter((line) => /^\d+\.\d+ /.test(line)).length;
    const filter = compileFilter(text);
    if (isMistaken(filter)) throw new Error(filter.message);
    const times = frames.flatMap(({ bytes }, i) => (filter.matches(bytes, bytes.length) ? [i] : []));
    expect(times.length, stderr).toBe(expected);
    const wanted = stdout.split('\n').flatMap((line) => /^(\d+\.\d+) /.exec(line)?.[1] ?? []);
    const timeNs = (i: number): number => (frames[i] as { timeNs?: number }).timeNs ?? i * 1e6;
    expect(times.map((i) => (Math.floor(timeNs(i) / 1000) / 1e6).toFixed(6))).toEqual(wanted);
  });
});

/** Packet lists that differ: protocol and summary of each packet, after all that came before it. */
function lineDifferences(frames: readonly { name: string; bytes: Uint8Array; timeNs?: number }[]): string[] {
  const path = capture('lines.pcapng', frames);
  const columns = ['-e', '_ws.col.Protocol', '-e', '_ws.col.Info'];
  const lines = tshark(path, ['-T', 'fields', '-E', 'separator=|', ...columns, ...SEGMENTS]);
  const analysis = new Analysis();
  return frames.flatMap(({ name, bytes, timeNs }, i) => {
    const dissection = dissect(bytes, LinkType.Ethernet);
    const { info } = analysis.add(dissection, { number: i + 1, timeNs: timeNs ?? i * 1e6 });
    const here = `${dissection.protocol}|${info}`;
    return here === lines[i]!.trim() || UNLIKE.has(name) ? [] : [`${name}: ${lines[i]} <> ${here}`];
  });
}
