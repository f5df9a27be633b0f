import { finish, sum } from '../../base/checksum.ts';
import { Drop, type DropReason } from '../../base/drop-reasons.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';

/**
 * IGMP messages: version 1 (RFC 1112), 2 (RFC 2236) and 3 (RFC 3376 4). All begin alike:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------------+---------------+-------------------------------+
 *     |     Type      | Max Resp Code |           Checksum            |
 *     +---------------+---------------+-------------------------------+
 *     |                         Group Address                         |  versions 1 and 2 end here
 *     +-------+-+-----+---------------+-------------------------------+
 *     | Resv  |S| QRV |     QQIC      |     Number of Sources (N)     |  a query of version 3
 *     +-------+-+-----+---------------+-------------------------------+
 *     |                       Source Address [1..N]                   |
 *
 * A report of version 3 has group records instead:
 *
 *     |  Type = 0x22  |   Reserved    |           Checksum            |
 *     |           Reserved            |  Number of Group Records (M)  |
 *     +---------------+---------------+-------------------------------+
 *     |  Record Type  |  Aux Data Len |     Number of Sources (N)     |  M times
 *     |                         Group Address                         |
 *     |                       Source Address [1..N]                   |
 *     |                  Auxiliary Data (Aux Data Len words)          |
 */
export const IGMP_LENGTH = 8;
export const IGMP3_QUERY_LENGTH = 12;
const RECORD_LENGTH = 8;

export const IgmpType = { Query: 0x11, Report1: 0x12, Report2: 0x16, Leave: 0x17, Report3: 0x22 } as const;

/** Kinds of group records (RFC 3376 4.2.12): what is, what it changed to, and which sources came and went. */
export const RecordType = {
  IsInclude: 1,
  IsExclude: 2,
  ToInclude: 3,
  ToExclude: 4,
  Allow: 5,
  Block: 6,
} as const;

const CODE = 1;
const CHECKSUM = 2;
const GROUP = 4;
const FLAGS = 8;
const INTERVAL = 9;
const SOURCES = 10;
const FIRST_SOURCE = 12;
const RECORDS = 6;
const FIRST_RECORD = 8;

/** Checks length and checksum of the message in [packet.start, packet.end): NONE, or why not. */
export function checkIgmp(packet: PacketBuffer): DropReason {
  const { view, start, end } = packet;
  return checkIgmpMessage(view, start, end);
}

/** The same for bytes that are in no packet's keeping: a switch looks into frames. */
export function checkIgmpMessage(view: DataView, start: number, end: number): DropReason {
  if (end - start < IGMP_LENGTH) return Drop.IGMP_MALFORMED;
  if (finish(sum(view, start, end)) !== 0) return Drop.IGMP_BAD_CHECKSUM;
  const type = view.getUint8(start);
  if (type === IgmpType.Query) return queryFits(view, start, end) ? Drop.NONE : Drop.IGMP_MALFORMED;
  if (type === IgmpType.Report3) return recordsFit(view, start, end) ? Drop.NONE : Drop.IGMP_MALFORMED;
  return Drop.NONE;
}

/** RFC 3376 7.1: a query of 8 bytes is an old one's; from 12 on it is version 3's; between is nothing. */
function queryFits(view: DataView, start: number, end: number): boolean {
  const length = end - start;
  if (length === IGMP_LENGTH) return true;
  return length >= IGMP3_QUERY_LENGTH && FIRST_SOURCE + 4 * view.getUint16(start + SOURCES) <= length;
}

function recordsFit(view: DataView, start: number, end: number): boolean {
  let at = start + FIRST_RECORD;
  for (let left = view.getUint16(start + RECORDS); left > 0; left--) {
    if (at + RECORD_LENGTH > end) return false;
    at = nextRecord(view, at);
    if (at > end) return false;
  }
  return true;
}

export function igmpType(view: DataView, at: number): number {
  return view.getUint8(at);
}
/** The group (32 bits); 0 in a query about all groups. */
export function igmpGroup(view: DataView, at: number): number {
  return view.getUint32(at + GROUP);
}
/** A checked query's version, by its length and its code. */
export function queryVersion(view: DataView, at: number, end: number): 1 | 2 | 3 {
  if (end - at >= IGMP3_QUERY_LENGTH) return 3;
  return view.getUint8(at + CODE) === 0 ? 1 : 2;
}
/** Within which time a host answers, ns. Version 1 has no field: 10 s. */
export function queryResponseNs(view: DataView, at: number, version: 1 | 2 | 3): number {
  const code = view.getUint8(at + CODE);
  if (version === 1) return 10e9;
  return (version === 3 ? decodeTime(code) : code) * 100e6;
}
/** S: routers that hear it do not renew their timers by it. */
export function querySuppresses(view: DataView, at: number): boolean {
  return (view.getUint8(at + FLAGS) & 8) !== 0;
}
/** QRV: how many losses the querier reckons with; 0: more than 7. */
export function queryRobustness(view: DataView, at: number): number {
  return view.getUint8(at + FLAGS) & 7;
}
/** QQI: how often the querier asks, ns. */
export function queryIntervalNs(view: DataView, at: number): number {
  return decodeTime(view.getUint8(at + INTERVAL)) * 1e9;
}
export function querySourceCount(view: DataView, at: number): number {
  return view.getUint16(at + SOURCES);
}
export function querySource(view: DataView, at: number, index: number): number {
  return view.getUint32(at + FIRST_SOURCE + 4 * index);
}

/** How many group records a checked report of version 3 has, where the first begins, and where the next does. */
export function recordCount(view: DataView, at: number): number {
  return view.getUint16(at + RECORDS);
}
export function firstRecord(at: number): number {
  return at + FIRST_RECORD;
}
export function nextRecord(view: DataView, at: number): number {
  return at + RECORD_LENGTH + 4 * (view.getUint16(at + 2) + view.getUint8(at + 1));
}
export function recordType(view: DataView, at: number): number {
  return view.getUint8(at);
}
export function recordGroup(view: DataView, at: number): number {
  return view.getUint32(at + GROUP);
}
export function recordSourceCount(view: DataView, at: number): number {
  return view.getUint16(at + 2);
}
export function recordSource(view: DataView, at: number, index: number): number {
  return view.getUint32(at + RECORD_LENGTH + 4 * index);
}

/** RFC 3376 4.1.1: up to 127 as it is, above with an exponent: |1|exp|mant| is (mant | 0x10) << (exp + 3). */
export function decodeTime(code: number): number {
  return code < 128 ? code : ((code & 15) | 16) << (((code >> 4) & 7) + 3);
}

/** The code of the largest time that is no longer than `value`. */
export function encodeTime(value: number): number {
  if (value < 128) return value;
  for (let exponent = 7; exponent >= 0; exponent--) {
    const mantissa = value >> (exponent + 3);
    if (mantissa >= 16) return 0x80 | (exponent << 4) | (Math.min(mantissa, 31) & 15);
  }
  return 127;
}

/** Appends a message of versions 1 and 2: a report, a leave, or (with a response time in ns, of version 2) a query. */
export function writeIgmp(packet: PacketBuffer, type: number, group: number, responseNs = 0): void {
  const at = packet.put(IGMP_LENGTH);
  packet.view.setUint32(at, (type << 24) | ((responseNs / 100e6) << 16));
  packet.view.setUint32(at + GROUP, group);
  setChecksum(packet, at);
}

export interface QueryFields {
  /** 0: all groups. */
  readonly group: number;
  readonly responseNs: number;
  readonly suppress: boolean;
  readonly robustness: number;
  readonly intervalNs: number;
  readonly sources: readonly number[];
}

/** Appends a query of version 3. */
export function writeQuery3(packet: PacketBuffer, query: QueryFields): void {
  const { sources } = query;
  const at = packet.put(IGMP3_QUERY_LENGTH + 4 * sources.length);
  const { view } = packet;
  view.setUint32(at, (IgmpType.Query << 24) | (encodeTime(query.responseNs / 100e6) << 16));
  view.setUint32(at + GROUP, query.group);
  view.setUint8(at + FLAGS, (query.suppress ? 8 : 0) | (query.robustness > 7 ? 0 : query.robustness));
  view.setUint8(at + INTERVAL, encodeTime(query.intervalNs / 1e9));
  view.setUint16(at + SOURCES, sources.length);
  for (let i = 0; i < sources.length; i++) view.setUint32(at + FIRST_SOURCE + 4 * i, sources[i]!);
  setChecksum(packet, at);
}

export interface GroupRecord {
  readonly type: number;
  readonly group: number;
  readonly sources: readonly number[];
}

export function recordBytes(record: GroupRecord): number {
  return RECORD_LENGTH + 4 * record.sources.length;
}

/** Appends a report of version 3. */
export function writeReport3(packet: PacketBuffer, records: readonly GroupRecord[]): void {
  const start = packet.put(IGMP_LENGTH);
  packet.view.setUint32(start, IgmpType.Report3 << 24);
  packet.view.setUint32(start + 4, records.length);
  for (const { type, group, sources } of records) {
    const at = packet.put(RECORD_LENGTH + 4 * sources.length);
    packet.view.setUint32(at, (type << 24) | sources.length);
    packet.view.setUint32(at + GROUP, group);
    for (let i = 0; i < sources.length; i++) packet.view.setUint32(at + RECORD_LENGTH + 4 * i, sources[i]!);
  }
  setChecksum(packet, packet.start);
}

function setChecksum(packet: PacketBuffer, at: number): void {
  packet.view.setUint16(at + CHECKSUM, 0);
  packet.view.setUint16(at + CHECKSUM, finish(sum(packet.view, at, packet.end)));
}

const RECORD_TEXTS = ['?', 'is in', 'is ex', 'to in', 'to ex', 'allow', 'block'];

/** `IGMPv3 report, 239.1.2.3 to ex {}`: for people; the message was checked. */
export function describeIgmp(view: DataView, at: number, end: number): string {
  switch (view.getUint8(at)) {
    case IgmpType.Query: {
      const version = queryVersion(view, at, end);
      const group = igmpGroup(view, at);
      const count = version === 3 ? querySourceCount(view, at) : 0;
      const sources = Array.from({ length: count }, (_, i) => querySource(view, at, i));
      const about = group === 0 ? 'about all groups' : `about ${formatIpv4(group)}`;
      return `IGMPv${version} query ${about}${count === 0 ? '' : ` from ${sourceList(sources)}`}`;
    }
    case IgmpType.Report1:
      return `IGMPv1 report, ${formatIpv4(igmpGroup(view, at))}`;
    case IgmpType.Report2:
      return `IGMPv2 report, ${formatIpv4(igmpGroup(view, at))}`;
    case IgmpType.Leave:
      return `IGMPv2 leave, ${formatIpv4(igmpGroup(view, at))}`;
    case IgmpType.Report3: {
      const records: string[] = [];
      let record = firstRecord(at);
      for (let left = recordCount(view, at); left > 0; left--) {
        const sources = Array.from({ length: recordSourceCount(view, record) }, (_, i) =>
          recordSource(view, record, i),
        );
        const what = RECORD_TEXTS[recordType(view, record)] ?? `record type ${recordType(view, record)}`;
        records.push(`${formatIpv4(recordGroup(view, record))} ${what} ${sourceList(sources)}`);
        record = nextRecord(view, record);
      }
      return `IGMPv3 report, ${records.join(', ')}`;
    }
    default:
      return `IGMP type ${view.getUint8(at)}`;
  }
}

function sourceList(sources: readonly number[]): string {
  return `{${sources.map(formatIpv4).join(' ')}}`;
}
