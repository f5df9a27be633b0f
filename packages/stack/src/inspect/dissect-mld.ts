import { type Dissection, type Field, named } from './dissection.ts';

/** Multicast listener discovery within ICMPv6: version 1 (RFC 2710 3) and 2 (RFC 3810 5). */
export const MldType = { Query: 130, Report1: 131, Done1: 132, Report2: 143 } as const;

/** Bytes behind the ICMPv6 header's four, at least. */
const VERSION_1 = 20;
const VERSION_2_QUERY = 24;
const RECORD = 20;

const RECORD_TYPES = [
  '',
  'Include',
  'Exclude',
  'Changed to include',
  'Changed to exclude',
  'Allow new sources',
  'Block old sources',
];
const RECORD_WORDS = ['', 'is in', 'is in', 'leaves', 'joins', 'allows for', 'blocks for'];

export function isMld(type: number): boolean {
  return type === MldType.Report2 || (type >= MldType.Query && type <= MldType.Done1);
}

/** Bytes of the whole message, at least. */
export function mldLength(type: number): number {
  return type === MldType.Report2 ? 8 : 24;
}

/** What stands behind the checksum, from `at` on; the length was looked at. */
export function dissectMld(dissection: Dissection, layer: Field, type: number, at: number, end: number): void {
  if (type === MldType.Report2) {
    report(dissection, layer, at, end);
    return;
  }
  const version2 = type === MldType.Query && end - at >= VERSION_2_QUERY;
  const [name, label] = version2
    ? ['icmpv6.mld.maximum_response_code', 'Maximum Response Code']
    : ['icmpv6.mld.maximum_response_delay', 'Maximum Response Delay [ms]'];
  dissection.number(layer, name, label, at, 2);
  dissection.raw(layer, 'icmpv6.reserved', 'Reserved', at + 2, at + 4);
  const group = dissection.ipv6(layer, 'icmpv6.mld.multicast_address', 'Multicast Address', at + 4);
  if (!group.isUnspecified) dissection.info += ` ${type === MldType.Query ? 'for ' : ''}${group}`;
  if (!version2) {
    if (at + VERSION_1 < end) dissection.raw(layer, 'icmpv6.mld.rest', 'More', at + VERSION_1, end);
    return;
  }
  const flags = dissection.hex(layer, 'icmpv6.mld.flag', 'Flags', at + 20, 1);
  dissection.flag(flags, 'icmpv6.mld.flag.s', 'Suppress Router-Side Processing', at + 20, 1, 0x08);
  dissection.bits(flags, 'icmpv6.mld.flag.qrv', "QRV (Querier's Robustness Variable)", at + 20, 1, 0x07);
  dissection.number(layer, 'icmpv6.mld.qqi', "QQIC (Querier's Query Interval Code)", at + 21, 1);
  dissection.number(layer, 'icmpv6.mld.nb_sources', 'Number of Sources', at + 22, 2);
  sources(dissection, layer, 'icmpv6.mld', dissection.view.getUint16(at + 22), at + 24, end);
}

function report(dissection: Dissection, layer: Field, at: number, end: number): void {
  const { view } = dissection;
  dissection.raw(layer, 'icmpv6.reserved', 'Reserved', at, at + 2);
  dissection.number(layer, 'icmpv6.mldr.nb_mcast_records', 'Number of Multicast Address Records', at + 2, 2);
  let next = at + 4;
  const words: string[] = [];
  for (let left = view.getUint16(at + 2); left > 0; left--) {
    const length = end - next < RECORD ? 0 : RECORD + view.getUint16(next + 2) * 16 + view.getUint8(next + 1) * 4;
    if (length === 0 || length > end - next) {
      if (next < end) dissection.raw(layer, 'icmpv6.mldr.rest', 'Malformed record', next, end);
      dissection.problem('error', 'malformed', 'MLD: a record is cut off', next, end);
      return;
    }
    words.push(record(dissection, layer, next, next + length));
    next += length;
  }
  if (next < end) dissection.raw(layer, 'icmpv6.mldr.rest', 'More', next, end);
  const shown = words.slice(0, 3).join(', ');
  dissection.info += ` ${shown}${words.length > 3 ? ` and ${words.length - 3} more` : ''}`;
}

function record(dissection: Dissection, layer: Field, at: number, end: number): string {
  const { view } = dissection;
  const type = view.getUint8(at);
  const made = dissection.field(layer, 'icmpv6.mldr.mar', 'Multicast Address Record', at, end, null, '');
  dissection.number(made, 'icmpv6.mldr.mar.record_type', 'Record Type', at, 1, named(type, RECORD_TYPES[type]));
  dissection.number(made, 'icmpv6.mldr.mar.aux_data_len', 'Aux Data Len', at + 1, 1);
  dissection.number(made, 'icmpv6.mldr.mar.nb_sources', 'Number of Sources', at + 2, 2);
  const group = dissection.ipv6(made, 'icmpv6.mldr.mar.multicast_address', 'Multicast Address', at + 4);
  const text = `${RECORD_WORDS[type] ?? 'tells of'} ${group}`;
  made.text = text;
  const behind = sources(dissection, made, 'icmpv6.mldr.mar', view.getUint16(at + 2), at + RECORD, end);
  if (behind < end) dissection.raw(made, 'icmpv6.mldr.mar.auxiliary_data', 'Auxiliary Data', behind, end);
  return text;
}

/** Addresses; the offset behind them. */
function sources(dissection: Dissection, parent: Field, name: string, count: number, at: number, end: number): number {
  let next = at;
  for (let left = count; left > 0 && end - next >= 16; left--) {
    dissection.ipv6(parent, `${name}.source_address`, 'Source Address', next);
    next += 16;
  }
  if (name === 'icmpv6.mld' && next < end) dissection.raw(parent, 'icmpv6.mld.rest', 'More', next, end);
  return next;
}
