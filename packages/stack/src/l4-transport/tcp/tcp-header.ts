/**
 * The TCP header (RFC 9293 3.1).
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |          Source Port          |       Destination Port        |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |                        Sequence Number                        |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |                    Acknowledgment Number                      |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |  Data |       |C|E|U|A|P|R|S|F|                               |
 *     | Offset| Rsrvd |W|C|R|C|S|S|Y|I|            Window             |
 *     |       |       |R|E|G|K|H|T|N|N|                               |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |           Checksum            |         Urgent Pointer        |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |                           [Options]                           |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
import { Drop, type DropReason } from '../../base/drop-reasons.ts';

export const SOURCE_PORT = 0;
export const DESTINATION_PORT = 2;
export const SEQUENCE = 4;
export const ACKNOWLEDGMENT = 8;
export const DATA_OFFSET = 12;
export const FLAGS = 13;
export const WINDOW = 14;
export const CHECKSUM = 16;
export const URGENT = 18;
export const OPTIONS = 20;

/** Bytes of a header without options, and with as many as fit. */
export const MIN_HEADER = 20;
export const MAX_HEADER = 60;

/** Control bits (RFC 9293 3.1; CWR and ECE: RFC 3168). */
export const Flag = { Fin: 1, Syn: 2, Rst: 4, Psh: 8, Ack: 16, Urg: 32, Ece: 64, Cwr: 128 } as const;

/** Option kinds: RFC 9293 3.1, RFC 7323 2 and 3, RFC 2018. */
export const Option = { End: 0, Nop: 1, Mss: 2, WindowScale: 3, SackPermitted: 4, Sack: 5, Timestamps: 8 } as const;

/** What Linux puts in front of timestamps so that they are aligned (RFC 7323 appendix A): NOP NOP kind 8 length 10. */
export const ALIGNED_TIMESTAMPS = 0x0101080a;

/** Largest shift of a window (RFC 7323 2.3). */
export const MAX_WINDOW_SCALE = 14;

/** A parsed segment: one object per TCP, filled anew for each. Sequence numbers and timestamps are signed 32 bits. */
export class SegmentFields {
  sourcePort = 0;
  destinationPort = 0;
  seq = 0;
  ack = 0;
  flags = 0;
  /** As it stands in the header, unscaled. */
  window = 0;
  urgent = 0;
  headerLength = 0;
  /** Bytes of payload; SEG.LEN is this plus one each for SYN and FIN. */
  length = 0;
  hasTimestamps = false;
  tsVal = 0;
  tsEcr = 0;
  /** 0: the option is not there. */
  mss = 0;
  /** -1: the option is not there. */
  windowScale = -1;
  sackPermitted = false;
  /** SACK blocks: left and right edges in turn. */
  sackCount = 0;
  readonly sacks: Int32Array = new Int32Array(8);
}

/**
 * Reads the segment in `[start, end)` of `view` into `out`. Returns 0, or the reason why it is none. The checksum is
 * not looked at.
 */
export function readSegment(view: DataView, start: number, end: number, out: SegmentFields): DropReason {
  const total = end - start;
  if (total < MIN_HEADER) return Drop.TCP_TOO_SHORT;
  const headerLength = (view.getUint8(start + DATA_OFFSET) >> 4) << 2;
  if (headerLength < MIN_HEADER || headerLength > total) return Drop.TCP_BAD_OFFSET;
  out.sourcePort = view.getUint16(start);
  out.destinationPort = view.getUint16(start + DESTINATION_PORT);
  out.seq = view.getInt32(start + SEQUENCE);
  out.ack = view.getInt32(start + ACKNOWLEDGMENT);
  out.flags = view.getUint8(start + FLAGS);
  out.window = view.getUint16(start + WINDOW);
  out.urgent = view.getUint16(start + URGENT);
  out.headerLength = headerLength;
  out.length = total - headerLength;
  out.hasTimestamps = false;
  out.sackCount = 0;
  if (headerLength === MIN_HEADER) {
    out.mss = 0;
    out.windowScale = -1;
    out.sackPermitted = false;
    return 0;
  }
  if (headerLength === 32 && view.getInt32(start + OPTIONS) === ALIGNED_TIMESTAMPS) {
    out.hasTimestamps = true;
    out.tsVal = view.getInt32(start + OPTIONS + 4);
    out.tsEcr = view.getInt32(start + OPTIONS + 8);
    out.mss = 0;
    out.windowScale = -1;
    out.sackPermitted = false;
    return 0;
  }
  readOptions(view, start + OPTIONS, start + headerLength, out);
  return 0;
}

/**
 * The options in `[at, end)`. An option whose length is impossible ends the list: what came before it counts
 * (RFC 9293 3.1, MUST-7: "prepared to handle an illegal option length"). Unknown kinds are stepped over.
 */
function readOptions(view: DataView, at: number, end: number, out: SegmentFields): void {
  out.mss = 0;
  out.windowScale = -1;
  out.sackPermitted = false;
  while (at < end) {
    const kind = view.getUint8(at);
    if (kind === Option.End) return;
    if (kind === Option.Nop) {
      at++;
      continue;
    }
    if (at + 2 > end) return;
    const length = view.getUint8(at + 1);
    if (length < 2 || at + length > end) return;
    if (kind === Option.Timestamps && length === 10) {
      out.hasTimestamps = true;
      out.tsVal = view.getInt32(at + 2);
      out.tsEcr = view.getInt32(at + 6);
    } else if (kind === Option.Sack && length >= 10 && (length - 2) % 8 === 0) {
      // 40 bytes of options hold four blocks at most.
      out.sackCount = (length - 2) >> 3;
      for (let i = 0; i < out.sackCount * 2; i++) out.sacks[i] = view.getInt32(at + 2 + i * 4);
    } else if (kind === Option.Mss && length === 4) {
      out.mss = view.getUint16(at + 2);
    } else if (kind === Option.WindowScale && length === 3) {
      // RFC 7323 2.3: "If a Window Scale option is received with a shift.cnt value larger than 14, [...] use 14".
      out.windowScale = Math.min(view.getUint8(at + 2), MAX_WINDOW_SCALE);
    } else if (kind === Option.SackPermitted && length === 2) {
      out.sackPermitted = true;
    }
    at += length;
  }
}

/** Writes a header without its options; the checksum and urgent pointer are 0. `headerLength` counts the options. */
export function writeHeader(
  view: DataView,
  at: number,
  sourcePort: number,
  destinationPort: number,
  seq: number,
  ack: number,
  flags: number,
  window: number,
  headerLength: number,
): void {
  view.setInt32(at, (sourcePort << 16) | destinationPort);
  view.setInt32(at + SEQUENCE, seq);
  view.setInt32(at + ACKNOWLEDGMENT, ack);
  view.setInt32(at + DATA_OFFSET, (headerLength << 26) | (flags << 16) | window);
  view.setInt32(at + CHECKSUM, 0);
}

/** Bytes of the options of a SYN. */
export function synOptionsLength(windowScale: number, sackPermitted: boolean, timestamps: boolean): number {
  return 4 + (timestamps ? 12 : sackPermitted ? 4 : 0) + (windowScale >= 0 ? 4 : 0);
}

/**
 * The options of a SYN in Linux's order: MSS, SACK-permitted, timestamps, NOP, window scale.
 *
 *     02 04 mss mss | 04 02 08 0a | tsval | tsecr | 01 03 03 shift
 */
export function writeSynOptions(
  view: DataView,
  at: number,
  mss: number,
  windowScale: number,
  sackPermitted: boolean,
  timestamps: boolean,
  tsVal: number,
  tsEcr: number,
): void {
  view.setInt32(at, (Option.Mss << 24) | (4 << 16) | mss);
  at += 4;
  if (timestamps) {
    view.setInt32(at, sackPermitted ? 0x0402080a : ALIGNED_TIMESTAMPS);
    view.setInt32(at + 4, tsVal);
    view.setInt32(at + 8, tsEcr);
    at += 12;
  } else if (sackPermitted) {
    view.setInt32(at, 0x01010402);
    at += 4;
  }
  if (windowScale >= 0) view.setInt32(at, 0x01030300 | windowScale);
}

/** NOP, NOP, timestamps: 12 bytes. */
export function writeTimestamps(view: DataView, at: number, tsVal: number, tsEcr: number): void {
  view.setInt32(at, ALIGNED_TIMESTAMPS);
  view.setInt32(at + 4, tsVal);
  view.setInt32(at + 8, tsEcr);
}

/** NOP, NOP, SACK with `count` blocks from `edges` (left and right in turn): 4 + 8 x count bytes (RFC 2018 3). */
export function writeSack(view: DataView, at: number, edges: Int32Array, count: number): void {
  view.setInt32(at, 0x01010500 | (2 + count * 8));
  for (let i = 0; i < count * 2; i++) view.setInt32(at + 4 + i * 4, edges[i]!);
}

const FLAG_LETTERS: readonly (readonly [number, string])[] = [
  [Flag.Syn, 'SYN'],
  [Flag.Fin, 'FIN'],
  [Flag.Rst, 'RST'],
  [Flag.Psh, 'PSH'],
  [Flag.Ack, 'ACK'],
  [Flag.Urg, 'URG'],
  [Flag.Ece, 'ECE'],
  [Flag.Cwr, 'CWR'],
];

/** `SYN+ACK`; `none` without a flag. */
export function describeFlags(flags: number): string {
  const names = FLAG_LETTERS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return names.length === 0 ? 'none' : names.join('+');
}

/** One line for people: `1024 -> 80 SYN seq=1 ack=0 win=64240 len=0 mss=1460 sackOK ts=1,0 ws=7`. */
export function describeSegment(view: DataView, start: number, end: number): string {
  const fields = new SegmentFields();
  if (readSegment(view, start, end, fields) !== 0) return 'malformed TCP segment';
  const parts = [
    `${fields.sourcePort} -> ${fields.destinationPort} ${describeFlags(fields.flags)}`,
    `seq=${fields.seq >>> 0}`,
  ];
  if ((fields.flags & Flag.Ack) !== 0) parts.push(`ack=${fields.ack >>> 0}`);
  parts.push(`win=${fields.window}`, `len=${fields.length}`);
  if (fields.mss > 0) parts.push(`mss=${fields.mss}`);
  if (fields.sackPermitted) parts.push('sackOK');
  if (fields.hasTimestamps) parts.push(`ts=${fields.tsVal >>> 0},${fields.tsEcr >>> 0}`);
  if (fields.windowScale >= 0) parts.push(`ws=${fields.windowScale}`);
  for (let i = 0; i < fields.sackCount; i++) {
    parts.push(`sack=${fields.sacks[i * 2]! >>> 0}-${fields.sacks[i * 2 + 1]! >>> 0}`);
  }
  return parts.join(' ');
}
