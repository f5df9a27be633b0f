import { type Dissection, type Field, named } from './dissection.ts';

/**
 * Link state advertisements (RFC 2328 A.4): a header of 20 bytes, which database descriptions and acknowledgements have
 * alone, and what the type says.
 *
 *      0       2         3        4               8                    12          16         18        20
 *     +-------+---------+--------+---------------+--------------------+-----------+----------+---------+-----
 *     |  age  | options |  type  | link state ID | advertising router | sequence  | checksum | length  | body
 *     +-------+---------+--------+---------------+--------------------+-----------+----------+---------+-----
 */
const HEADER = 20;

const TYPE_NAMES = new Map<number, string>([
  [1, 'Router-LSA'],
  [2, 'Network-LSA'],
  [3, 'Summary-LSA (IP network)'],
  [4, 'Summary-LSA (ASBR)'],
  [5, 'AS-External-LSA (ASBR)'],
  [7, 'NSSA AS-External-LSA'],
  [9, 'Opaque LSA, Link-local scope'],
  [10, 'Opaque LSA, Area-local scope'],
  [11, 'Opaque LSA, AS scope'],
]);

const LINK_NAMES = [
  '',
  'Point-to-point connection to another router',
  'Connection to a transit network',
  'Connection to a stub network',
  'Virtual link',
] as const;

/** RFC 2328 A.2, RFC 4576, RFC 5250, RFC 5613: Wireshark's name, letter, what it says, bit. */
export const OSPF_OPTIONS = [
  ['ospf.v2.options.dn', 'DN', '', 0x80],
  ['ospf.v2.options.o', 'O', '', 0x40],
  ['ospf.v2.options.dc', 'DC', 'Demand Circuits', 0x20],
  ['ospf.v2.options.l', 'L', 'LLS Data block', 0x10],
  ['ospf.v2.options.n', 'N', 'NSSA', 0x08],
  ['ospf.v2.options.mc', 'MC', 'Multicast', 0x04],
  ['ospf.v2.options.e', 'E', 'External Routing', 0x02],
  ['ospf.v2.options.mt', 'MT', 'Multi-Topology Routing', 0x01],
] as const;

export function optionsField(dissection: Dissection, parent: Field, at: number): void {
  const value = dissection.bytes[at];
  const words = OSPF_OPTIONS.filter(([, , , bit]) => (value & bit) !== 0).map(([, letter]) => letter);
  const field = dissection.hex(parent, 'ospf.v2.options', 'Options', at, 1, words.join(', '));
  for (const [name, letter, meaning, bit] of OSPF_OPTIONS) {
    dissection.flag(field, name, meaning === '' ? letter : `(${letter}) ${meaning}`, at, 1, bit);
  }
}

/** The header of an advertisement whose bytes, as far as they are here, end at `end`; 20 of them are. */
export function dissectLsaHeader(dissection: Dissection, parent: Field, at: number, end: number): Field {
  const { view } = dissection;
  const type = view.getUint8(at + 3);
  const name = TYPE_NAMES.get(type);
  const group = dissection.field(parent, 'ospf.lsa_header', name ?? 'LSA', at, end, null, '');
  const age = view.getUint16(at) & 0x7fff;
  dissection.bits(group, 'ospf.lsa.age', 'LS Age', at, 2, 0x7fff, `${age} seconds`);
  dissection.flag(group, 'ospf.lsa.donotage', 'Do Not Age Flag', at, 2, 0x8000);
  optionsField(dissection, group, at + 2);
  dissection.number(group, 'ospf.lsa', 'LS Type', at + 3, 1, named(type, name));
  const id = dissection.ipv4(group, 'ospf.lsa.id', 'Link State ID', at + 4);
  const router = dissection.ipv4(group, 'ospf.advrouter', 'Advertising Router', at + 8);
  dissection.hex(group, 'ospf.lsa.seqnum', 'Sequence Number', at + 12, 4);
  dissection.hex(group, 'ospf.lsa.chksum', 'Checksum', at + 16, 2);
  dissection.number(group, 'ospf.lsa.length', 'Length', at + 18, 2);
  group.text = `${id} of ${router}`;
  return group;
}

/** A whole advertisement; where the next one begins, or -1: it does not fit. */
export function dissectLsa(dissection: Dissection, parent: Field, at: number, end: number): number {
  const { view } = dissection;
  if (at + HEADER > end) return -1;
  const length = view.getUint16(at + 18);
  if (length < HEADER || at + length > end) return -1;
  const next = at + length;
  const group = dissectLsaHeader(dissection, parent, at, next);
  const body = at + HEADER;
  let fits = true;
  switch (view.getUint8(at + 3)) {
    case 1:
      fits = router(dissection, group, body, next);
      break;
    case 2:
      fits = network(dissection, group, body, next);
      break;
    case 3:
    case 4:
      fits = summary(dissection, group, body, next);
      break;
    case 5:
    case 7:
      fits = external(dissection, group, body, next);
      break;
    default:
      fits = false;
  }
  if (!fits && next > body) dissection.raw(group, 'ospf.lsa.data', 'Bytes', body, next);
  return next;
}

function router(dissection: Dissection, group: Field, start: number, end: number): boolean {
  const { view } = dissection;
  if (end - start < 4) return false;
  const flags = dissection.hex(group, 'ospf.v2.router.lsa.flags', 'Flags', start, 1);
  dissection.flag(flags, 'ospf.v2.router.lsa.flags.v', '(V) Virtual link endpoint', start, 1, 0x04);
  dissection.flag(flags, 'ospf.v2.router.lsa.flags.e', '(E) AS boundary router', start, 1, 0x02);
  dissection.flag(flags, 'ospf.v2.router.lsa.flags.b', '(B) Area border router', start, 1, 0x01);
  dissection.raw(group, 'ospf.zero', 'Reserved', start + 1, start + 2);
  dissection.number(group, 'ospf.lsa.number_of_links', 'Number of Links', start + 2, 2);
  let at = start + 4;
  for (let links = view.getUint16(start + 2); links > 0 && at + 12 <= end; links--) {
    const type = view.getUint8(at + 8);
    const name = LINK_NAMES[type];
    const metrics = view.getUint8(at + 9);
    const next = Math.min(end, at + 12 + metrics * 4);
    const link = dissection.field(group, 'ospf.lsa.router.link', 'Link', at, next, null, '');
    const id = dissection.ipv4(link, 'ospf.lsa.router.linkid', 'Link ID', at);
    const data = dissection.ipv4(link, 'ospf.lsa.router.linkdata', 'Link Data', at + 4);
    dissection.number(link, 'ospf.lsa.router.linktype', 'Link Type', at + 8, 1, named(type, name));
    dissection.number(link, 'ospf.lsa.router.nummetrics', 'Number of Metrics', at + 9, 1);
    dissection.number(link, 'ospf.lsa.router.metric0', '0 Metric', at + 10, 2);
    link.text = `${(name ?? `type ${type}`).split(' ')[0]}, ID: ${id}, Data: ${data}, Metric: ${view.getUint16(at + 10)}`;
    if (next > at + 12) dissection.raw(link, 'ospf.lsa.router.tos', 'Metrics of other services', at + 12, next);
    at = next;
  }
  if (at < end) dissection.raw(group, 'ospf.lsa.data', 'Bytes', at, end);
  return true;
}

function network(dissection: Dissection, group: Field, start: number, end: number): boolean {
  if (end - start < 4) return false;
  dissection.ipv4(group, 'ospf.lsa.network.netmask', 'Netmask', start);
  let at = start + 4;
  for (; at + 4 <= end; at += 4) dissection.ipv4(group, 'ospf.lsa.network.attchrtr', 'Attached Router', at);
  if (at < end) dissection.raw(group, 'ospf.lsa.data', 'Bytes', at, end);
  return true;
}

function summary(dissection: Dissection, group: Field, start: number, end: number): boolean {
  if (end - start < 8) return false;
  dissection.ipv4(group, 'ospf.lsa.asbr.netmask', 'Netmask', start);
  metrics(dissection, group, start + 4, end, 4);
  return true;
}

function external(dissection: Dissection, group: Field, start: number, end: number): boolean {
  if (end - start < 16) return false;
  dissection.ipv4(group, 'ospf.lsa.asext.netmask', 'Netmask', start);
  const type2 = dissection.flag(group, 'ospf.lsa.asext.type', 'External Type', start + 4, 1, 0x80);
  type2.text = type2.value === true ? 'Type 2 (metric is larger than any other link state path)' : 'Type 1';
  dissection.bits(group, 'ospf.lsa.tos', 'TOS', start + 4, 1, 0x7f);
  dissection.bits(group, 'ospf.metric', 'Metric', start + 4, 4, 0xffffff);
  dissection.ipv4(group, 'ospf.lsa.asext.fwdaddr', 'Forwarding Address', start + 8);
  dissection.number(group, 'ospf.lsa.asext.extrttag', 'External Route Tag', start + 12, 4);
  if (start + 16 < end) dissection.raw(group, 'ospf.lsa.data', 'Metrics of other services', start + 16, end);
  return true;
}

/** A metric of 24 bits for each type of service, of which there is one nowadays. */
function metrics(dissection: Dissection, group: Field, start: number, end: number, size: number): void {
  let at = start;
  for (; at + size <= end; at += size) {
    dissection.number(group, 'ospf.lsa.tos', 'TOS', at, 1);
    dissection.bits(group, 'ospf.metric', 'Metric', at, 4, 0xffffff);
  }
  if (at < end) dissection.raw(group, 'ospf.lsa.data', 'Bytes', at, end);
}
