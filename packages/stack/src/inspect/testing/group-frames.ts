import { ALICE, type Bytes, ethernet, icmp, ip, ipv4, text, u16, u32, WEB, zeros } from './frames.ts';

const ALERT = [0x94, 4, 0, 0];
const GROUP = '239.1.2.3';

function igmp(type: number, code: number, rest: Bytes, dst = '224.0.0.22'): Uint8Array {
  // IGMP's header is ICMP's: type, code, checksum.
  const packet = ipv4(icmp(type, code, rest), { dst, protocol: 2, ttl: 1, tos: 0xc0, options: ALERT });
  return ethernet(packet, { dst: '01:00:5e:00:00:16' });
}

const record = (type: number, group: string, ...sources: string[]): Bytes => [
  ...[type, 0],
  ...u16(sources.length),
  ...ip(group),
  ...sources.flatMap((source) => ip(source)),
];
const report = (...records: Bytes[]): Uint8Array => igmp(0x22, 0, [0, 0, ...u16(records.length), ...records.flat()]);
const query = (group: string, code: number, ...sources: string[]): Uint8Array =>
  igmp(0x11, code, [...ip(group), 0x0a, 125, ...u16(sources.length), ...sources.flatMap((source) => ip(source))]);

const withOptions = (options: Bytes): Uint8Array =>
  ethernet(ipv4(text('abcdefghijklmnop'), { src: '10.0.7.7', dst: '10.0.8.8', protocol: 253, options }));

/** IGMP of all versions, and IPv4 options. */
export function groupFrames(): [name: string, frame: Uint8Array][] {
  return [
    ['igmp 1 query', igmp(0x11, 0, ip('0.0.0.0'), '224.0.0.1')],
    ['igmp 1 report', igmp(0x12, 0, ip(GROUP), GROUP)],
    ['igmp 2 query', igmp(0x11, 100, ip('0.0.0.0'), '224.0.0.1')],
    ['igmp 2 query for a group', igmp(0x11, 10, ip(GROUP), GROUP)],
    ['igmp 2 report', igmp(0x16, 0, ip(GROUP), GROUP)],
    ['igmp 2 leave', igmp(0x17, 0, ip(GROUP), '224.0.0.2')],
    ['igmp 3 query', query('0.0.0.0', 0x8f)],
    ['igmp 3 query for a group', query(GROUP, 10)],
    ['igmp 3 query for sources', query(GROUP, 10, ALICE.ip, WEB.ip)],
    ['igmp 3 join', report(record(4, GROUP))],
    ['igmp 3 leave', report(record(3, GROUP))],
    [
      'igmp 3 report',
      report(
        record(1, GROUP, ALICE.ip),
        record(2, '239.4.4.4', ALICE.ip, WEB.ip),
        record(5, '239.5.5.5', ALICE.ip),
        record(6, '239.6.6.6', ALICE.ip, WEB.ip),
      ),
    ],
    ['record route', withOptions([1, 7, 39, 12, ...ip(ALICE.ip), ...ip(WEB.ip), ...zeros(28)])],
    ['record route, empty', withOptions([7, 11, 4, ...zeros(8), 0])],
    ['timestamps alone', withOptions([68, 12, 9, 0x10, ...u32(1000), ...zeros(4)])],
    ['timestamps with addresses', withOptions([68, 20, 13, 1, ...ip(ALICE.ip), ...u32(5000), ...zeros(8)])],
    [
      'timestamps prespecified',
      withOptions([68, 20, 13, 3, ...ip(ALICE.ip), ...u32(5000), ...ip(WEB.ip), ...zeros(4)]),
    ],
    ['stream id', withOptions([136, 4, 0, 7])],
  ];
}
