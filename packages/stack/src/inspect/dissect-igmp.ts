import { type Dissection, type Field, named } from './dissection.ts';
import { checksumField } from './transport-checksum.ts';

/**
 * IGMP of versions 1 (RFC 1112), 2 (RFC 2236) and 3 (RFC 3376 4):
 *
 *      0        1          2                 4               8          12
 *     +--------+----------+-----------------+---------------+----------+----------
 *     |  type  | max resp |    checksum     | group         | S, QRV .. | sources     a query; versions 1, 2 end at 8
 *     |  0x22  | reserved |    checksum     | reserved, M   | M records             a report of version 3
 *     +--------+----------+-----------------+---------------+----------+----------
 */
const HEADER = 8;
const QUERY = 12;
const RECORD = 8;
const LABEL = 'Internet Group Management Protocol';

const Type = { Query: 0x11, Report1: 0x12, Report2: 0x16, Leave: 0x17, Report3: 0x22 } as const;

const TYPE_NAMES = new Map<number, string>([
  [Type.Query, 'Membership Query'],
  [Type.Report1, 'Membership Report'],
  [Type.Report2, 'Membership Report'],
  [Type.Leave, 'Leave Group'],
  [Type.Report3, 'Membership Report'],
]);

const RECORD_NAMES = [
  '',
  'Mode Is Include',
  'Mode Is Exclude',
  'Change To Include Mode',
  'Change To Exclude Mode',
  'Allow New Sources',
  'Block Old Sources',
];

export function dissectIgmp(dissection: Dissection, start: number, end: number): boolean {
  dissection.protocol = 'IGMP';
  if (end - start < HEADER) {
    dissection.malformed(3, 'igmp', LABEL, start, end, `${end - start} bytes do not hold a message of 8`);
    return true;
  }
  const { view } = dissection;
  const type = view.getUint8(start);
  const name = TYPE_NAMES.get(type);
  const version = versionOf(view, start, end, type);
  if (version !== 0) dissection.protocol = `IGMPv${version}`;
  const layer = dissection.layer(3, 'igmp', LABEL, start, end, version === 0 ? '' : `version ${version}`);
  if (version !== 0) dissection.generate(layer, 'igmp.version', 'IGMP Version', version);
  dissection.number(layer, 'igmp.type', 'Type', start, 1, named(type, name));
  dissection.info = name ?? `type ${type}`;
  if (type === Type.Report3) {
    dissection.raw(layer, 'igmp.reserved', 'Reserved', start + 1, start + 2);
  } else if (version === 2 || version === 3) {
    maximumResponse(dissection, layer, start + 1, version);
  } else {
    dissection.raw(layer, 'igmp.reserved', 'Reserved', start + 1, start + 2);
  }
  checksumField(dissection, layer, 'igmp', LABEL, start + 2, start, end, 0);
  if (type === Type.Report3) {
    report(dissection, layer, start, end);
    return true;
  }
  const group = dissection.ipv4(layer, 'igmp.maddr', 'Multicast Address', start + 4);
  let at = start + HEADER;
  if (type === Type.Query) {
    if (version > 1) dissection.info += group.isUnspecified ? ', general' : `, specific for group ${group}`;
    if (version === 3) at = queryTail(dissection, layer, start + HEADER, end);
  } else if (type === Type.Leave) {
    dissection.info = `Leave Group ${group}`;
  } else if (name !== undefined) {
    dissection.info += ` group ${group}`;
  }
  if (at < end) dissection.raw(layer, 'igmp.data', 'Data', at, end);
  return true;
}

/** 0: no version is known by it. RFC 3376 7.1: a query tells by its length, and by its response time. */
function versionOf(view: DataView, start: number, end: number, type: number): number {
  switch (type) {
    case Type.Query:
      return end - start >= QUERY ? 3 : view.getUint8(start + 1) === 0 ? 1 : 2;
    case Type.Report1:
      return 1;
    case Type.Report2:
    case Type.Leave:
      return 2;
    case Type.Report3:
      return 3;
    default:
      return 0;
  }
}

/** Tenths of a second; of version 3 with an exponent from 128 on (RFC 3376 4.1.1). */
function maximumResponse(dissection: Dissection, layer: Field, at: number, version: number): void {
  const code = dissection.view.getUint8(at);
  const isLong = version === 3 && code >= 128;
  const tenths = isLong ? ((code & 15) | 16) << (((code >> 4) & 7) + 3) : code;
  const text = `${(tenths / 10).toFixed(1)} sec (0x${code.toString(16).padStart(2, '0')})`;
  dissection.field(layer, 'igmp.max_resp', 'Max Resp Time', at, at + 1, tenths, text);
}

/** What a query of version 3 has behind the group; the offset behind that. */
function queryTail(dissection: Dissection, layer: Field, at: number, end: number): number {
  const { view } = dissection;
  dissection.flag(layer, 'igmp.s', 'S', at, 1, 0x08);
  dissection.bits(layer, 'igmp.qrv', 'QRV', at, 1, 0x07);
  dissection.number(layer, 'igmp.qqic', 'QQIC', at + 1, 1);
  dissection.number(layer, 'igmp.num_src', 'Num Src', at + 2, 2);
  const count = view.getUint16(at + 2);
  const list = sources(dissection, layer, count, at + 4, end);
  if (list.length > 0) dissection.info += `, source${count > 1 ? 's' : ''} {${list.join(', ')}}`;
  return at + 4 + 4 * list.length;
}

function report(dissection: Dissection, layer: Field, start: number, end: number): void {
  const { view } = dissection;
  dissection.raw(layer, 'igmp.reserved', 'Reserved', start + 4, start + 6);
  dissection.number(layer, 'igmp.num_grp_recs', 'Num Group Records', start + 6, 2);
  let at = start + HEADER;
  for (let left = view.getUint16(start + 6); left > 0; left--) {
    const length = end - at < RECORD ? 0 : RECORD + 4 * (view.getUint16(at + 2) + view.getUint8(at + 1));
    if (length === 0 || length > end - at) {
      if (at < end) dissection.raw(layer, 'igmp.data', 'Malformed record', at, end);
      dissection.problem('error', 'malformed', 'IGMP: a record is cut off', at, end);
      return;
    }
    dissection.info += ` / ${record(dissection, layer, at, at + length)}`;
    at += length;
  }
  if (at < end) dissection.raw(layer, 'igmp.data', 'Data', at, end);
}

function record(dissection: Dissection, layer: Field, at: number, end: number): string {
  const { view } = dissection;
  const type = view.getUint8(at);
  const made = dissection.field(layer, 'igmp.record', 'Group Record', at, end, null, '');
  dissection.number(made, 'igmp.record_type', 'Record Type', at, 1, named(type, RECORD_NAMES[type]));
  dissection.number(made, 'igmp.aux_data_len', 'Aux Data Len', at + 1, 1);
  dissection.number(made, 'igmp.num_src', 'Num Src', at + 2, 2);
  const group = dissection.ipv4(made, 'igmp.maddr', 'Multicast Address', at + 4);
  const list = sources(dissection, made, view.getUint16(at + 2), at + RECORD, end);
  const behind = at + RECORD + 4 * list.length;
  if (behind < end) dissection.raw(made, 'igmp.aux_data', 'Aux Data', behind, end);
  made.text = `${group}  ${RECORD_NAMES[type] ?? `type ${type}`}`;
  return recordText(type, `${group}`, list);
}

/** In Wireshark's words. */
function recordText(type: number, group: string, list: readonly string[]): string {
  const all = `{${list.join(', ')}}`;
  const plural = list.length > 1 ? 's' : '';
  switch (type) {
    case 1:
    case 3:
      return list.length === 0 ? `Leave group ${group}` : `Join group ${group} for source${plural} ${all}`;
    case 2:
    case 4:
      return list.length === 0
        ? `Join group ${group} for any sources`
        : `Join group ${group}, for source${plural} not in ${all}`;
    case 5:
      return `Group ${group}, new source${plural} ${all}`;
    case 6:
      return `Group ${group}, block source${plural} ${all}`;
    default:
      return `Group ${group}`;
  }
}

function sources(dissection: Dissection, parent: Field, count: number, at: number, end: number): string[] {
  const list: string[] = [];
  for (let i = 0; i < count && at + 4 * i + 4 <= end; i++) {
    list.push(`${dissection.ipv4(parent, 'igmp.saddr', 'Source Address', at + 4 * i)}`);
  }
  return list;
}
