import { ALICE, type Bytes, ethernet, icmpv6, ip, ipv6, mac, text, u16, u32, zeros } from './frames.ts';

const V6 = { src: '2001:db8::10', dst: '2001:db8::80' };
const ROUTER = 'fe80::1';
const ALL_NODES = 'ff02::1';

function discovery(type: number, body: Bytes, src: string, dst: string): Uint8Array {
  return ethernet(ipv6(icmpv6(type, 0, body, src, dst), { src, dst, next: 58, hops: 255 }), { type: 0x86dd });
}

/** Behind a hop-by-hop header with a router alert (RFC 2711). */
function listening(type: number, body: Bytes, src: string, dst: string): Uint8Array {
  const alert = [58, 0, 5, 2, 0, 0, 1, 0];
  const packet = ipv6([...alert, ...icmpv6(type, 0, body, src, dst)], { src, dst, next: 0, hops: 1 });
  return ethernet(packet, { type: 0x86dd });
}

/** The messages of neighbour discovery and of multicast listener discovery, with all options. */
export function discoveryFrames(): [name: string, frame: Uint8Array][] {
  const link = [...mac(ALICE.mac)];
  const prefix = (length: number, flags: number, network: string) => [
    ...[3, 4, length, flags],
    ...u32(2_592_000),
    ...u32(0xffff_ffff),
    ...zeros(4),
    ...ip(network),
  ];
  const options = [
    ...[1, 1, ...link],
    ...[5, 1, 0, 0, ...u32(1400)],
    ...prefix(64, 0xc0, '2001:db8:1::'),
    ...prefix(56, 0x80, '2001:db8:2::'),
    ...[24, 3, 48, 0x08, ...u32(600), ...ip('2001:db8:9::')],
    ...[24, 1, 0, 0x18, ...u32(0xffff_ffff)],
    ...[25, 5, 0, 0, ...u32(1800), ...ip('2001:db8::53'), ...ip('fe80::53')],
    ...[31, 3, 0, 0, ...u32(1800), 3, ...text('lab'), 4, ...text('test'), 0, ...zeros(6)],
    ...[200, 1, 1, 2, 3, 4, 5, 6],
  ];
  const quoted = ipv6(text('sixteen bytes...'), { ...V6, next: 59 });
  const record = (type: number, group: string, sources: readonly string[] = []) => [
    ...[type, 0, ...u16(sources.length)],
    ...ip(group),
    ...sources.flatMap((source) => [...ip(source)]),
  ];
  const query = (group: string, rest: Bytes) => [...u16(1000), ...zeros(2), ...ip(group), ...rest];
  return [
    ['router solicitation', discovery(133, [...zeros(4), 1, 1, ...link], ROUTER, 'ff02::2')],
    ['router solicitation from nobody', discovery(133, zeros(4), '::', 'ff02::2')],
    [
      'router advertisement',
      discovery(134, [64, 0xc8, ...u16(1800), ...u32(30_000), ...u32(1000), ...options], ROUTER, ALL_NODES),
    ],
    ['goodbye', discovery(134, [64, 0, ...u16(0), ...u32(0), ...u32(0)], ROUTER, ALL_NODES)],
    [
      'duplicate address detection',
      discovery(135, [...zeros(4), ...ip('fe80::9'), 14, 1, 1, 2, 3, 4, 5, 6], '::', 'ff02::1:ff00:9'),
    ],
    [
      'redirect of ipv6',
      discovery(
        137,
        [...zeros(4), ...ip('fe80::2'), ...ip(V6.dst), 2, 1, ...link, 4, 8, ...zeros(6), ...quoted],
        ROUTER,
        V6.src,
      ),
    ],
    ['mld 2 query', listening(130, query('::', [0x02, 125, 0, 0]), ROUTER, ALL_NODES)],
    ['mld 2 query with sources', listening(130, query('ff05::9', [0x0a, 125, 0, 1, ...ip(V6.src)]), ROUTER, 'ff05::9')],
    ['mld 1 query', listening(130, query('::', []), ROUTER, ALL_NODES)],
    ['mld 1 report', listening(131, [...zeros(4), ...ip('ff05::9')], ROUTER, 'ff05::9')],
    ['mld 1 done', listening(132, [...zeros(4), ...ip('ff05::9')], ROUTER, 'ff02::2')],
    [
      'mld 2 report',
      listening(
        143,
        [0, 0, ...u16(2), ...record(4, 'ff02::1:ff00:9'), ...record(1, 'ff05::9', [V6.src, V6.dst])],
        ROUTER,
        'ff02::16',
      ),
    ],
    ['mld 2 report from nobody', listening(143, [0, 0, ...u16(1), ...record(3, 'ff05::9')], '::', 'ff02::16')],
  ];
}
