import { finish, sum } from '../base/checksum.ts';
import { dissectLsa, dissectLsaHeader, optionsField } from './dissect-ospf-lsa.ts';
import { type Dissection, type Field, hex, named } from './dissection.ts';

/**
 * OSPF of version 2 (RFC 2328 A.3): a header, what the type says, and behind the length that the header tells a digest
 * (AuType 2) and a block for the link (RFC 5613).
 *
 *      0        1        2                 4            8         12         14        16               24
 *     +--------+--------+-----------------+------------+---------+----------+---------+----------------+-----
 *     |    2   |  type  |     length      | router ID  | area ID | checksum | AuType  | authentication | body
 *     +--------+--------+-----------------+------------+---------+----------+---------+----------------+-----
 */
const HEADER = 24;
const LABEL = 'Open Shortest Path First';

const TYPE_NAMES = ['', 'Hello Packet', 'DB Description', 'LS Request', 'LS Update', 'LS Acknowledge'] as const;
const AUTH_NAMES = ['Null', 'Simple password', 'Cryptographic'] as const;
const LSA_WORDS = [
  '',
  'Router-LSA',
  'Network-LSA',
  'Summary-LSA (IP network)',
  'Summary-LSA (ASBR)',
  'AS-External-LSA',
] as const;

export function dissectOspf(dissection: Dissection, start: number, end: number): boolean {
  const { view } = dissection;
  if (end - start >= 1 && view.getUint8(start) !== 2) return false; // version 3 is IPv6's
  dissection.protocol = 'OSPF';
  const length = end - start >= 4 ? view.getUint16(start + 2) : 0;
  if (end - start < HEADER || length < HEADER) {
    const text = end - start < HEADER ? `${end - start} bytes do not hold its header of 24` : `a length of ${length}`;
    dissection.malformed(3, 'ospf', LABEL, start, end, text);
    return true;
  }
  const type = view.getUint8(start + 1);
  const name = TYPE_NAMES[type];
  const layer = dissection.layer(3, 'ospf', LABEL, start, end);
  dissection.info = name || `Unknown (${type})`;
  const header = dissection.field(layer, 'ospf.header', 'OSPF Header', start, start + HEADER, null, '');
  dissection.number(header, 'ospf.version', 'Version', start, 1);
  dissection.number(header, 'ospf.msg', 'Message Type', start + 1, 1, named(type, name));
  dissection.number(header, 'ospf.packet_length', 'Packet Length', start + 2, 2);
  const router = dissection.ipv4(header, 'ospf.srcrouter', 'Source OSPF Router', start + 4);
  const area = dissection.ipv4(header, 'ospf.area_id', 'Area ID', start + 8);
  layer.text = `${name || `type ${type}`}, router ${router}, area ${area}`;
  const whole = length <= end - start && !dissection.incomplete;
  const authType = view.getUint16(start + 14);
  checksum(dissection, header, start, length, authType, whole);
  const bodyEnd = Math.min(end, start + length);
  authentication(dissection, header, start, authType);
  if (length > end - start && !dissection.incomplete) {
    const text = `${LABEL}: the length says ${length} bytes, ${end - start} are here`;
    dissection.problem('error', 'malformed', text, start + 2, start + 4);
  }
  const body = BODIES[type];
  const read = body === undefined ? start + HEADER : body(dissection, layer, start + HEADER, bodyEnd);
  if (read < bodyEnd) dissection.raw(layer, 'ospf.data', 'Bytes', read, bodyEnd);
  if (read !== bodyEnd && whole) {
    dissection.problem('error', 'malformed', `${LABEL}: its parts do not fill its length`, start + 2, start + 4);
  }
  let rest = bodyEnd;
  const digest = authType === 2 ? view.getUint8(start + 19) : 0;
  if (digest > 0 && rest + digest <= end) {
    dissection.raw(layer, 'ospf.auth.crypt.data', 'Auth Crypt Data', rest, rest + digest);
    rest += digest;
  }
  if (rest < end) dissection.raw(layer, 'ospf.lls', 'OSPF LLS Data Block', rest, end);
  return true;
}

/** The checksum is over all but the authentication (RFC 2328 D.4.1); with a digest there is none. */
function checksum(
  dissection: Dissection,
  parent: Field,
  start: number,
  length: number,
  authType: number,
  whole: boolean,
): void {
  const { view } = dissection;
  const field = dissection.hex(parent, 'ospf.checksum', 'Checksum', start + 12, 2);
  if (authType === 2 || !whole) {
    field.text += authType === 2 ? ' (None)' : ' [unverified]';
    return;
  }
  const good = finish(sum(view, start + HEADER, start + length, sum(view, start, start + 16))) === 0;
  field.text += good ? ' [correct]' : ' [incorrect]';
  if (good) return;
  const text = `${LABEL}: the checksum ${hex(view.getUint16(start + 12), 4)} is wrong`;
  dissection.problem('error', 'checksum', text, start + 12, start + 14);
}

function authentication(dissection: Dissection, header: Field, start: number, type: number): void {
  dissection.number(header, 'ospf.auth.type', 'Auth Type', start + 14, 2, named(type, AUTH_NAMES[type]));
  if (type === 0) {
    dissection.raw(header, 'ospf.auth.none', 'Auth Data (none)', start + 16, start + 24);
  } else if (type === 1) {
    let text = '';
    for (let at = start + 16; at < start + 24; at++) {
      const byte = dissection.bytes[at];
      if (byte === 0) break;
      text += String.fromCharCode(byte);
    }
    dissection.field(header, 'ospf.auth.simple', 'Auth Data (Simple)', start + 16, start + 24, text);
  } else if (type === 2) {
    dissection.raw(header, 'ospf.zero', 'Reserved', start + 16, start + 18);
    dissection.number(header, 'ospf.auth.crypt.key_id', 'Auth Crypt Key id', start + 18, 1);
    dissection.number(header, 'ospf.auth.crypt.data_length', 'Auth Crypt Data Length', start + 19, 1);
    dissection.number(header, 'ospf.auth.crypt.seq_nbr', 'Auth Crypt Sequence Number', start + 20, 4);
  } else {
    dissection.raw(header, 'ospf.auth.unknown', 'Auth Unknown', start + 16, start + 24);
  }
}

/** By type: where what it understood ends; a packet that is in order has nothing behind that. */
const BODIES: readonly (((dissection: Dissection, layer: Field, start: number, end: number) => number) | undefined)[] =
  [undefined, hello, description, requests, update, headers];

function hello(dissection: Dissection, layer: Field, start: number, end: number): number {
  if (end - start < 20) return start;
  const group = dissection.field(layer, 'ospf.hello', 'OSPF Hello Packet', start, end, null, '');
  dissection.ipv4(group, 'ospf.hello.network_mask', 'Network Mask', start);
  const seconds = (at: number, size: number): string => `${dissection.read(at, size)} seconds`;
  dissection.number(group, 'ospf.hello.hello_interval', 'Hello Interval', start + 4, 2, seconds(start + 4, 2));
  optionsField(dissection, group, start + 6);
  dissection.number(group, 'ospf.hello.router_priority', 'Router Priority', start + 7, 1);
  dissection.number(
    group,
    'ospf.hello.router_dead_interval',
    'Router Dead Interval',
    start + 8,
    4,
    seconds(start + 8, 4),
  );
  dissection.ipv4(group, 'ospf.hello.designated_router', 'Designated Router', start + 12);
  dissection.ipv4(group, 'ospf.hello.backup_designated_router', 'Backup Designated Router', start + 16);
  let at = start + 20;
  for (; at + 4 <= end; at += 4) dissection.ipv4(group, 'ospf.hello.active_neighbor', 'Active Neighbor', at);
  group.end = at;
  return at;
}

function description(dissection: Dissection, layer: Field, start: number, end: number): number {
  if (end - start < 8) return start;
  const group = dissection.field(layer, 'ospf.db', 'OSPF DB Description', start, start + 8, null, '');
  dissection.number(group, 'ospf.db.interface_mtu', 'Interface MTU', start, 2);
  optionsField(dissection, group, start + 2);
  const flags = dissection.hex(
    group,
    'ospf.dbd',
    'DB Description',
    start + 3,
    1,
    flagWords(dissection.bytes[start + 3]),
  );
  dissection.flag(flags, 'ospf.dbd.r', '(R) OOBResync', start + 3, 1, 8);
  dissection.flag(flags, 'ospf.dbd.i', '(I) Init', start + 3, 1, 4);
  dissection.flag(flags, 'ospf.dbd.m', '(M) More', start + 3, 1, 2);
  dissection.flag(flags, 'ospf.dbd.ms', '(MS) Master', start + 3, 1, 1);
  dissection.number(group, 'ospf.db.dd_sequence', 'DD Sequence', start + 4, 4);
  return headers(dissection, layer, start + 8, end);
}

function flagWords(flags: number): string {
  return [flags & 8 ? 'R' : '', flags & 4 ? 'I' : '', flags & 2 ? 'M' : '', flags & 1 ? 'MS' : '']
    .filter((word) => word !== '')
    .join(', ');
}

function requests(dissection: Dissection, layer: Field, start: number, end: number): number {
  let at = start;
  for (; at + 12 <= end; at += 12) {
    const type = dissection.view.getUint32(at);
    const group = dissection.field(layer, 'ospf.lsr', 'Link State Request', at, at + 12, null, LSA_WORDS[type] ?? '');
    dissection.number(group, 'ospf.lsa', 'LS Type', at, 4, named(type, LSA_WORDS[type]));
    dissection.ipv4(group, 'ospf.link_state_id', 'Link State ID', at + 4);
    dissection.ipv4(group, 'ospf.advrouter', 'Advertising Router', at + 8);
  }
  return at;
}

function update(dissection: Dissection, layer: Field, start: number, end: number): number {
  if (end - start < 4) return start;
  const group = dissection.field(layer, 'ospf.lsu', 'LS Update Packet', start, end, null, '');
  dissection.number(group, 'ospf.ls.number_of_lsas', 'Number of LSAs', start, 4);
  let at = start + 4;
  for (let left = dissection.view.getUint32(start); left > 0; left--) {
    const next = dissectLsa(dissection, group, at, end);
    if (next < 0) break;
    at = next;
  }
  group.end = at;
  return at;
}

function headers(dissection: Dissection, layer: Field, start: number, end: number): number {
  let at = start;
  for (; at + 20 <= end; at += 20) dissectLsaHeader(dissection, layer, at, at + 20);
  return at;
}
