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
    at += length;
  }
  return sourceRoute ? OPTIONS_SOURCE_ROUTE : OPTIONS_GOOD;
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
    parts.push(name + describeRoute(view, at, type, length));
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
