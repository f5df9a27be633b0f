import { formatIpv4 } from '../base/ip-address.ts';

/**
 * IPv4 options (RFC 791 3.1), which follow the fixed header in up to 40 bytes.
 *
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+- - - - - - - -
 *     |C|Cls|  Number |    Length     |  data ...           C: copied into every fragment
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+- - - - - - - -      Length: of the whole option, type and length included
 *
 * End of list (0) and no operation (1) are single bytes without a length.
 */
export const IpOption = {
  EndOfList: 0,
  NoOperation: 1,
  RecordRoute: 7,
  Timestamp: 68,
  Security: 130,
  LooseSourceRoute: 131,
  StreamId: 136,
  StrictSourceRoute: 137,
  RouterAlert: 148,
} as const;

const COPIED = 0x80;

const NAMES = new Map<number, string>([
  [IpOption.EndOfList, 'end'],
  [IpOption.NoOperation, 'nop'],
  [IpOption.RecordRoute, 'record route'],
  [IpOption.Timestamp, 'timestamp'],
  [IpOption.Security, 'security'],
  [IpOption.LooseSourceRoute, 'loose source route'],
  [IpOption.StreamId, 'stream id'],
  [IpOption.StrictSourceRoute, 'strict source route'],
  [IpOption.RouterAlert, 'router alert'],
]);

/** What `checkOptions` says of options that are in order. */
export const OPTIONS_GOOD = 0;
/** There is a source route among them. */
export const OPTIONS_SOURCE_ROUTE = -1;

/** Where the pointer of a route or timestamp option stands, and where its entries begin. */
const POINTER = 2;
const FIRST_ROUTE_POINTER = 4;
const OVERFLOW_FLAGS = 3;
const FIRST_TIME_POINTER = 5;

/**
 * What is written into a timestamp option (RFC 791 3.1): times only, addresses and times, or times of the addresses
 * that its sender wrote there.
 */
export const TimestampFlag = { Only: 0, WithAddress: 1, Prespecified: 3 } as const;

/**
 * Walks the options from `start` to `end`: OPTIONS_GOOD, OPTIONS_SOURCE_ROUTE, or the offset, counted from the
 * header's first byte (`start` - 20), of the byte that is wrong: what a "parameter problem" points at.
 */
export function checkOptions(view: DataView, start: number, end: number): number {
  let sourceRoute = false;
  for (let at = start; at < end; ) {
    const type = view.getUint8(at);
    if (type === IpOption.EndOfList) break;
    if (type === IpOption.NoOperation) {
      at++;
      continue;
    }
    // A length below 2 would not get on; a length past the end would leave the header.
    if (at + 1 >= end) return at - start + 20;
    const length = view.getUint8(at + 1);
    if (length < 2 || at + length > end) return at + 1 - start + 20;
    if (type === IpOption.LooseSourceRoute || type === IpOption.StrictSourceRoute) sourceRoute = true;
    const fault =
      type === IpOption.RecordRoute
        ? checkRecordRoute(view, at, length)
        : type === IpOption.Timestamp
          ? checkTimestamp(view, at, length)
          : 0;
    if (fault !== 0) return at + fault - start + 20;
    at += length;
  }
  return sourceRoute ? OPTIONS_SOURCE_ROUTE : OPTIONS_GOOD;
}

/** The offset of the byte that is wrong, or 0: what Linux's `ip_options_compile` complains of. */
function checkRecordRoute(view: DataView, at: number, length: number): number {
  if (length < 3) return 1;
  const pointer = view.getUint8(at + POINTER);
  if (pointer < FIRST_ROUTE_POINTER) return POINTER;
  return pointer <= length && pointer + 3 > length ? POINTER : 0;
}

function checkTimestamp(view: DataView, at: number, length: number): number {
  if (length < 4) return 1;
  const pointer = view.getUint8(at + POINTER);
  if (pointer < FIRST_TIME_POINTER) return POINTER;
  const flag = view.getUint8(at + OVERFLOW_FLAGS) & 15;
  if (flag > TimestampFlag.WithAddress && flag !== TimestampFlag.Prespecified) return OVERFLOW_FLAGS;
  // Full: hosts that find no room are counted, as far as the four bits go.
  if (pointer > length) return view.getUint8(at + OVERFLOW_FLAGS) >> 4 === 15 ? OVERFLOW_FLAGS : 0;
  return pointer - 1 + entryLength(flag) > length ? POINTER : 0;
}

function entryLength(flag: number): number {
  return flag === TimestampFlag.Only ? 4 : 8;
}

/**
 * Writes this node into the record route and timestamp options from `start` to `end`, which were checked: `address` is
 * its own there (32 bits), `now` ns since midnight began some day. For prespecified entries, `isOurs` says whose one is.
 * True when something changed: the header's checksum is then to be summed anew.
 *
 *     RFC 1812 5.2.4.1 and 4.2.2.2: a router writes the address of the interface that the packet leaves by,
 *     the one whom it is for the address that it was sent to.
 */
export function recordOptions(
  view: DataView,
  start: number,
  end: number,
  address: number,
  now: number,
  isOurs: (address: number) => boolean,
): boolean {
  let changed = false;
  for (let at = start; at < end; ) {
    const type = view.getUint8(at);
    if (type === IpOption.EndOfList) break;
    const length = type === IpOption.NoOperation ? 1 : view.getUint8(at + 1);
    if (type === IpOption.RecordRoute) changed = recordRoute(view, at, length, address) || changed;
    else if (type === IpOption.Timestamp) changed = recordTime(view, at, length, address, now, isOurs) || changed;
    at += length;
  }
  return changed;
}

function recordRoute(view: DataView, at: number, length: number, address: number): boolean {
  const pointer = view.getUint8(at + POINTER);
  if (pointer + 3 > length) return false;
  view.setUint32(at + pointer - 1, address);
  view.setUint8(at + POINTER, pointer + 4);
  return true;
}

function recordTime(
  view: DataView,
  at: number,
  length: number,
  address: number,
  now: number,
  isOurs: (address: number) => boolean,
): boolean {
  const pointer = view.getUint8(at + POINTER);
  const overflowAndFlag = view.getUint8(at + OVERFLOW_FLAGS);
  const flag = overflowAndFlag & 15;
  const entry = entryLength(flag);
  if (pointer - 1 + entry > length) {
    // A prespecified list that is used up has all that it asked for.
    if (flag === TimestampFlag.Prespecified || overflowAndFlag >> 4 === 15) return false;
    view.setUint8(at + OVERFLOW_FLAGS, overflowAndFlag + 0x10);
    return true;
  }
  const to = at + pointer - 1;
  if (flag === TimestampFlag.Prespecified && !isOurs(view.getUint32(to))) return false;
  if (flag === TimestampFlag.WithAddress) view.setUint32(to, address);
  view.setUint32(to + entry - 4, millisecondsOfDay(now));
  view.setUint8(at + POINTER, pointer + entry);
  return true;
}

const MILLISECONDS_A_DAY = 86_400_000;

/** RFC 791 3.1 and RFC 792: milliseconds since midnight UT. Virtual time begins at a midnight. */
export function millisecondsOfDay(nowNs: number): number {
  return Math.floor(nowNs / 1e6) % MILLISECONDS_A_DAY;
}

/**
 * The options of a packet that an answer takes along (RFC 1122 3.2.2.6): record route and timestamp, as far as they
 * are filled in; null when there is none of them. The options were checked.
 */
export function optionsToReturn(bytes: Uint8Array, start: number, end: number): Uint8Array | null {
  let kept: number[] = [];
  for (let at = start; at < end; ) {
    const type = bytes[at]!;
    if (type === IpOption.EndOfList) break;
    const length = type === IpOption.NoOperation ? 1 : bytes[at + 1]!;
    if (type === IpOption.RecordRoute || type === IpOption.Timestamp)
      kept = [...kept, ...bytes.subarray(at, at + length)];
    at += length;
  }
  while ((kept.length & 3) !== 0) kept.push(IpOption.EndOfList);
  return kept.length === 0 ? null : Uint8Array.from(kept);
}

/** Is this option among them? For a router, "router alert" (RFC 2113) says: look at this packet, whoever it is for. */
export function hasOption(view: DataView, start: number, end: number, wanted: number): boolean {
  for (let at = start; at < end; ) {
    const type = view.getUint8(at);
    if (type === wanted) return true;
    if (type === IpOption.EndOfList) return false;
    at += type === IpOption.NoOperation ? 1 : view.getUint8(at + 1);
  }
  return false;
}

/** A router alert (RFC 2113): `94 04 00 00`, every router shall examine the packet. */
export const ROUTER_ALERT = Uint8Array.of(IpOption.RouterAlert, 4, 0, 0);

/** A record route option with room for as many addresses as fit, 9, and a byte in front so that they stand aligned. */
export function recordRouteOption(): Uint8Array {
  const option = new Uint8Array(40);
  option.set([IpOption.NoOperation, IpOption.RecordRoute, 39, FIRST_ROUTE_POINTER]);
  return option;
}

/** A timestamp option; with `addresses`, asks those for their times (four at most). */
export function timestampOption(flag: number, addresses: readonly number[] = []): Uint8Array {
  const option = new Uint8Array(flag === TimestampFlag.Prespecified ? 4 + 8 * addresses.length : flag === 0 ? 40 : 36);
  option.set([IpOption.Timestamp, option.length, FIRST_TIME_POINTER, flag]);
  const view = new DataView(option.buffer);
  for (let i = 0; i < addresses.length; i++) view.setUint32(4 + 8 * i, addresses[i]!);
  return option;
}

/**
 * Writes to `to` the options that belong into every fragment after the first, padded to 32 bits with "end of list";
 * returns how many bytes. The options were checked.
 */
export function copyOptions(from: Uint8Array, start: number, end: number, into: Uint8Array, to: number): number {
  let length = 0;
  for (let at = start; at < end; ) {
    const type = from[at];
    if (type === IpOption.EndOfList) break;
    const size = type === IpOption.NoOperation ? 1 : from[at + 1];
    if ((type & COPIED) !== 0) {
      for (let i = 0; i < size; i++) into[to + length + i] = from[at + i];
      length += size;
    }
    at += size;
  }
  while ((length & 3) !== 0) into[to + length++] = IpOption.EndOfList;
  return length;
}

/** `nop, record route 10.0.0.1 10.0.0.2`: for people; total, also over options that are malformed. */
export function describeOptions(view: DataView, start: number, end: number): string {
  const parts: string[] = [];
  for (let at = start; at < end; ) {
    const type = view.getUint8(at);
    if (type === IpOption.EndOfList) break;
    const name = NAMES.get(type) ?? `option ${type}`;
    if (type === IpOption.NoOperation) {
      parts.push(name);
      at++;
      continue;
    }
    const length = at + 1 < end ? view.getUint8(at + 1) : 0;
    if (length < 2 || at + length > end) {
      parts.push(`${name} (malformed)`);
      break;
    }
    parts.push(name + describeRoute(view, at, type, length) + describeTimes(view, at, type, length));
    at += length;
  }
  return parts.join(', ');
}

/** The addresses of a route option; its third byte points, counted from 1, behind those that are filled in. */
function describeRoute(view: DataView, at: number, type: number, length: number): string {
  const isRoute =
    type === IpOption.RecordRoute || type === IpOption.LooseSourceRoute || type === IpOption.StrictSourceRoute;
  if (!isRoute || length < 3) return '';
  const all = type !== IpOption.RecordRoute;
  const filled = all ? length : Math.min(length, view.getUint8(at + 2) - 1);
  let text = '';
  for (let entry = 3; entry + 4 <= filled; entry += 4) text += ` ${formatIpv4(view.getUint32(at + entry))}`;
  return text;
}

/** The times of a timestamp option that are filled in, each behind its address if it has one. */
function describeTimes(view: DataView, at: number, type: number, length: number): string {
  if (type !== IpOption.Timestamp || length < 4) return '';
  const overflowAndFlag = view.getUint8(at + OVERFLOW_FLAGS);
  const flag = overflowAndFlag & 15;
  const entry = entryLength(flag);
  const filled = Math.min(length, view.getUint8(at + POINTER) - 1);
  let text = '';
  for (let from = 4; from + entry <= filled; from += entry) {
    const whose = entry === 8 ? ` ${formatIpv4(view.getUint32(at + from))}` : '';
    text += `${whose} ${view.getUint32(at + from + entry - 4)} ms`;
  }
  return overflowAndFlag >> 4 === 0 ? text : `${text} and ${overflowAndFlag >> 4} without room`;
}
