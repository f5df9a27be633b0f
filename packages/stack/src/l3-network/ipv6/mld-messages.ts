import { IpAddress } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';

/**
 * Multicast listener discovery: version 2 (RFC 3810 5), and version 1 (RFC 2710 3), whose messages are 24 bytes.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------------+---------------+-------------------------------+
 *     |  Type = 130   |     Code      |           Checksum            |  query; version 1's report (131), done (132)
 *     +---------------+---------------+-------------------------------+
 *     |     Maximum Response Code     |           Reserved            |
 *     +-------------------------------+-------------------------------+
 *     |               Multicast Address (16 bytes); ::: all           |
 *     +-------+-+-----+---------------+-------------------------------+
 *     | Resv  |S| QRV |     QQIC      |     Number of Sources (N)     |  version 2 only, then N addresses
 *     +-------+-+-----+---------------+-------------------------------+
 *
 *     +---------------+---------------+-------------------------------+
 *     |  Type = 143   |   Reserved    |           Checksum            |  version 2's report
 *     +---------------+---------------+-------------------------------+
 *     |           Reserved            |  Number of Records (M)        |  then M records:
 *     +---------------+---------------+-------------------------------+
 *     |  Record Type  |  Aux Data Len |     Number of Sources (N)     |
 *     +---------------+---------------+-------------------------------+
 *     |              Multicast Address (16 bytes)                     |  then N addresses, then Aux Data Len words
 *     +---------------------------------------------------------------+
 */
export const MldType = { Query: 130, Report1: 131, Done1: 132, Report2: 143 } as const;

/** Kinds of records (RFC 3810 5.2.12). */
export const RecordType = {
  ModeIsInclude: 1,
  ModeIsExclude: 2,
  ToInclude: 3,
  ToExclude: 4,
  Allow: 5,
  Block: 6,
} as const;

export const MLD1_LENGTH = 24;
export const MLD2_QUERY_LENGTH = 28;
const REPORT_LENGTH = 8;
const RECORD_LENGTH = 20;

/** All MLDv2-capable routers (RFC 3810 5.2.14). */
export const MLD_ROUTERS = IpAddress.v6(0xff020000, 0, 0, 0x16);

const MAX_RESPONSE = 4;
const GROUP = 8;
const ROBUSTNESS = 24;
const INTERVAL = 25;
const QUERY_SOURCES = 26;
const RECORDS = 6;
const SUPPRESS = 0x08;

/** Offsets in the IPv6 header. */
const IP_HOP_LIMIT = 7;
const IP_SOURCE = 8;

/**
 * What is wrong with the message at `packet.start`, whose IPv6 header `packet.l3` stands at (RFC 3810 5.1.14, 6.2): it
 * must come from a link-local address (a report may come from none) with a hop limit of 1, and hold what it says.
 */
export function mldProblem(packet: PacketBuffer): string | null {
  const { view, start, end, l3 } = packet;
  const length = end - start;
  if (length < REPORT_LENGTH) return 'shorter than its header';
  const type = view.getUint8(start);
  if (view.getUint8(l3 + IP_HOP_LIMIT) !== 1) return 'its hop limit is not 1';
  const source = IpAddress.read6(view, l3 + IP_SOURCE);
  if (!source.isLinkLocal && !(source.isUnspecified && type !== MldType.Query)) return 'its source is not link-local';
  if (type === MldType.Report2) return reportProblem(view, start, end);
  if (length < MLD1_LENGTH) return 'shorter than its header';
  const group = mldGroup(view, start);
  if (!group.isMulticast && !(group.isUnspecified && type === MldType.Query)) return 'it is about no group';
  if (type !== MldType.Query || length === MLD1_LENGTH) return null;
  if (length < MLD2_QUERY_LENGTH) return 'it has the length of neither version';
  const sources = view.getUint16(start + QUERY_SOURCES);
  return sources * 16 > length - MLD2_QUERY_LENGTH ? 'its sources are cut off' : null;
}

function reportProblem(view: DataView, start: number, end: number): string | null {
  let at = start + REPORT_LENGTH;
  for (let left = view.getUint16(start + RECORDS); left > 0; left--) {
    if (end - at < RECORD_LENGTH) return 'a record is cut off';
    const length = recordLength(view, at);
    if (length > end - at) return 'a record is cut off';
    at += length;
  }
  return null;
}

/** Bytes of the record at `at`, of which the first 20 are there. */
export function recordLength(view: DataView, at: number): number {
  return RECORD_LENGTH + view.getUint16(at + 2) * 16 + view.getUint8(at + 1) * 4;
}
export function recordType(view: DataView, at: number): number {
  return view.getUint8(at);
}
export function recordSources(view: DataView, at: number): number {
  return view.getUint16(at + 2);
}
export function recordGroup(view: DataView, at: number): IpAddress {
  return IpAddress.read6(view, at + 4);
}
/** Where a report's first record stands, and how many there are. */
export function firstRecord(at: number): number {
  return at + REPORT_LENGTH;
}
export function recordCount(view: DataView, at: number): number {
  return view.getUint16(at + RECORDS);
}

/** The group of a query (::: all), or of version 1's messages. */
export function mldGroup(view: DataView, at: number): IpAddress {
  return IpAddress.read6(view, at + GROUP);
}
/** A query of version 1: it is 24 bytes long, and has no more to say (RFC 3810 8.1). */
export function isVersion1Query(packet: PacketBuffer): boolean {
  return packet.length === MLD1_LENGTH;
}
/** How long answers may take, ms: of version 1 as it stands, of version 2 as a kind of floating point (RFC 3810 5.1.3). */
export function maxResponseMs(view: DataView, at: number, version1: boolean): number {
  const code = view.getUint16(at + MAX_RESPONSE);
  if (version1 || code < 0x8000) return code;
  return ((code & 0xfff) | 0x1000) << (((code >> 12) & 7) + 3);
}
/** Its routers need not restart their timers: the querier asks again for its own sake (S). */
export function suppresses(view: DataView, at: number): boolean {
  return (view.getUint8(at + ROBUSTNESS) & SUPPRESS) !== 0;
}
/** How often things are said, so that one lost packet does no harm; 0: more than 7. */
export function robustness(view: DataView, at: number): number {
  return view.getUint8(at + ROBUSTNESS) & 7;
}
/** Seconds between general queries (RFC 3810 5.1.9). */
export function queryIntervalSeconds(view: DataView, at: number): number {
  const code = view.getUint8(at + INTERVAL);
  return code < 0x80 ? code : ((code & 0xf) | 0x10) << (((code >> 4) & 7) + 3);
}
export function querySources(view: DataView, at: number): number {
  return view.getUint16(at + QUERY_SOURCES);
}

/** Appends a query of version 2; the checksum as 0. `maxMs` below 32,768, `intervalSeconds` below 128. */
export function putQuery(
  packet: PacketBuffer,
  group: IpAddress,
  maxMs: number,
  suppress: boolean,
  robust: number,
  intervalSeconds: number,
): void {
  const at = packet.put(MLD2_QUERY_LENGTH);
  const { view } = packet;
  view.setUint32(at, MldType.Query << 24);
  view.setUint32(at + MAX_RESPONSE, maxMs << 16);
  group.write(view, at + GROUP);
  view.setUint32(at + ROBUSTNESS, (((suppress ? SUPPRESS : 0) | robust) << 24) | (intervalSeconds << 16));
}

/** Appends a report or done of version 1. */
export function putVersion1(packet: PacketBuffer, type: number, group: IpAddress): void {
  const at = packet.put(MLD1_LENGTH);
  packet.view.setUint32(at, type << 24);
  packet.view.setUint32(at + MAX_RESPONSE, 0);
  group.write(packet.view, at + GROUP);
}

/** Appends the header of a report of version 2 with so many records, which `putRecord` appends. */
export function putReport(packet: PacketBuffer, records: number): void {
  const at = packet.put(REPORT_LENGTH);
  packet.view.setUint32(at, MldType.Report2 << 24);
  packet.view.setUint32(at + 4, records);
}

/** A record without sources. */
export function putRecord(packet: PacketBuffer, type: number, group: IpAddress): void {
  const at = packet.put(RECORD_LENGTH);
  packet.view.setUint32(at, type << 24);
  group.write(packet.view, at + 4);
}

const RECORD_WORDS = ['', 'is in', 'is in', 'leaves', 'joins', 'allows for', 'blocks for'];

/** `MLD report: joins ff02::1:ff00:1`: the message at `at`, which `mldProblem` found nothing wrong with. */
export function describeMld(view: DataView, at: number): string {
  const type = view.getUint8(at);
  if (type === MldType.Report2) {
    const parts: string[] = [];
    let record = firstRecord(at);
    for (let left = Math.min(recordCount(view, at), 3); left > 0; left--) {
      parts.push(`${RECORD_WORDS[recordType(view, record)] ?? 'record of'} ${recordGroup(view, record)}`);
      record += recordLength(view, record);
    }
    const more = recordCount(view, at) - parts.length;
    return `MLD report: ${parts.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  }
  const group = mldGroup(view, at);
  if (type === MldType.Query) return `MLD query${group.isUnspecified ? '' : ` for ${group}`}`;
  return `MLD ${type === MldType.Report1 ? 'report: is in' : 'done: leaves'} ${group} (version 1)`;
}
