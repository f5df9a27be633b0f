import { finish, sum } from '../../base/checksum.ts';
import { fletcherChecksum } from '../../l3-network/ospf/fletcher.ts';
import { ALICE, type Bytes, ethernet, ip, ipv4, text, u16, u32, zeros } from './frames.ts';

const ROUTER = '10.0.0.1';
const AREA = '0.0.0.1';
const ALL = '224.0.0.5';

/** A packet of this type; `auth`: type and eight bytes, `tail` stands behind the length. */
function ospf(type: number, body: Bytes, auth: Bytes = [0, 0, ...zeros(8)], tail: Bytes = []): Uint8Array {
  const bytes = Uint8Array.from([
    ...[2, type],
    ...u16(24 + body.length),
    ...ip(ROUTER),
    ...ip(AREA),
    ...[0, 0],
    ...auth,
    ...body,
  ]);
  const view = new DataView(bytes.buffer);
  if (view.getUint16(14) !== 2) view.setUint16(12, finish(sum(view, 24, bytes.length, sum(view, 0, 16))));
  const packet = ipv4([...bytes, ...tail], { dst: ALL, protocol: 89, ttl: 1, tos: 0xc0 });
  return ethernet(packet, { src: ALICE.mac, dst: '01:00:5e:00:00:05' });
}

function lsa(type: number, id: string, body: Bytes): Bytes {
  const bytes = Uint8Array.from([
    ...[0, 7, 2, type],
    ...ip(id),
    ...ip(ROUTER),
    ...u32(0x80000003),
    ...[0, 0],
    ...u16(20 + body.length),
    ...body,
  ]);
  const checksum = fletcherChecksum(bytes, 2, bytes.length, 16);
  bytes[16] = checksum >> 8;
  bytes[17] = checksum & 255;
  return [...bytes];
}

const link = (type: number, id: string, data: string, metric: number): Bytes => [
  ...ip(id),
  ...ip(data),
  ...[type, 0],
  ...u16(metric),
];

const LSAS: readonly Bytes[] = [
  lsa(1, ROUTER, [
    ...[3, 0],
    ...u16(4),
    ...link(1, '10.0.0.2', '10.0.12.1', 10),
    ...link(2, '10.0.13.3', '10.0.13.1', 1),
    ...link(3, '10.1.0.0', '255.255.255.0', 20),
    ...link(4, '10.0.0.9', '10.0.19.1', 7),
  ]),
  lsa(2, '10.0.13.3', [...ip('255.255.255.0'), ...ip(ROUTER), ...ip('10.0.0.3')]),
  lsa(3, '10.2.0.0', [...ip('255.255.0.0'), ...u32(30)]),
  lsa(4, '10.0.0.4', [...zeros(4), ...u32(12)]),
  lsa(5, '10.9.0.0', [...ip('255.255.0.0'), ...u32(0x80000014), ...ip('10.0.13.9'), ...u32(77)]),
  lsa(5, '0.0.0.0', [...zeros(4), ...u32(10), ...zeros(8)]),
];
const headers = LSAS.flatMap((each) => each.slice(0, 20));
const hello = [
  ...ip('255.255.255.0'),
  ...u16(10),
  ...[2, 1],
  ...u32(40),
  ...ip('10.0.13.3'),
  ...ip('10.0.13.1'),
  ...ip('10.0.0.3'),
  ...ip('10.0.0.4'),
];

/** OSPF: packets of each type, with each kind of advertisement, and authenticated in each way. */
export function ospfFrames(): [name: string, frame: Uint8Array][] {
  return [
    ['ospf hello', ospf(1, hello)],
    ['ospf hello of nobody', ospf(1, hello.slice(0, 20))],
    ['ospf hello with a password', ospf(1, hello, [...u16(1), ...text('secret'), 0, 0])],
    ['ospf hello with a digest', ospf(1, hello, [...u16(2), 0, 0, 7, 16, ...u32(99)], zeros(16))],
    ['ospf description, the first', ospf(2, [...u16(1500), 2, 7, ...u32(1000)])],
    ['ospf description', ospf(2, [...u16(1500), 2, 3, ...u32(1001), ...headers])],
    ['ospf request', ospf(3, [...u32(1), ...ip(ROUTER), ...ip(ROUTER), ...u32(5), ...ip('10.9.0.0'), ...ip(ROUTER)])],
    ...LSAS.map((each, i): [string, Uint8Array] => [`ospf update ${i + 1}`, ospf(4, [...u32(1), ...each])]),
    ['ospf update of all', ospf(4, [...u32(LSAS.length), ...LSAS.flat()])],
    ['ospf acknowledgement', ospf(5, headers)],
  ];
}
