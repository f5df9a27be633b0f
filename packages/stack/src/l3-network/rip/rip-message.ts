import { formatIpv4 } from '../../base/ip-address.ts';

/**
 * A RIP message, version 2 (RFC 2453 4): a header of 4 bytes and up to 25 entries of 20 bytes, in a UDP datagram.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------------+---------------+-------------------------------+
 *     |    command    |    version    |              0                |
 *     +---------------+---------------+-------------------------------+
 *     |  address family (2, IP)       |          route tag            |  an entry
 *     +-------------------------------+-------------------------------+
 *     |                          IP address                           |
 *     +---------------------------------------------------------------+
 *     |                          subnet mask                          |
 *     +---------------------------------------------------------------+
 *     |                 next hop (0: who sends this)                  |
 *     +---------------------------------------------------------------+
 *     |                       metric (1 to 16)                        |
 *     +---------------------------------------------------------------+
 *
 * The address family 0xffff makes the first entry one that authenticates: see `rip-authentication.ts`.
 */
export const RIP_PORT = 520;
/** 224.0.0.9: all routers that speak RIP version 2. */
export const RIP_GROUP = 0xe0000009;
export const RIP_HEADER_LENGTH = 4;
export const RIP_ENTRY_LENGTH = 20;
export const RIP_MAX_ENTRIES = 25;
/** So far away that it cannot be reached. */
export const RIP_INFINITY = 16;

export const RipCommand = { Request: 1, Response: 2 } as const;
export const RipFamily = { Unspecified: 0, Ip: 2, Authentication: 0xffff } as const;

const VERSION = 2;
const COMMAND_AT = 0;
const VERSION_AT = 1;
const FAMILY_AT = 0;
const TAG_AT = 2;
const ADDRESS_AT = 4;
const MASK_AT = 8;
const NEXT_HOP_AT = 12;
const METRIC_AT = 16;

/** Why a message is not taken. */
export const RipFault = {
  None: 0,
  TooShort: 1,
  BadLength: 2,
  OldVersion: 3,
  UnknownCommand: 4,
  TooManyEntries: 5,
} as const;
export type RipFault = (typeof RipFault)[keyof typeof RipFault];

const FAULT_TEXTS = [
  '',
  'it is shorter than a header',
  'it ends within an entry',
  'it is of version 1',
  'the command is neither request nor response',
  'it has more than 25 entries',
];

export function ripFaultText(fault: RipFault): string {
  return FAULT_TEXTS[fault]!;
}

/** Whether `[at, end)` has the form of a message; authentication data behind the entries is taken off before. */
export function checkRip(view: DataView, at: number, end: number): RipFault {
  const length = end - at;
  if (length < RIP_HEADER_LENGTH) return RipFault.TooShort;
  // RFC 2453 4.6: higher versions are read as version 2.
  if (view.getUint8(at + VERSION_AT) < VERSION) return RipFault.OldVersion;
  const command = view.getUint8(at + COMMAND_AT);
  if (command !== RipCommand.Request && command !== RipCommand.Response) return RipFault.UnknownCommand;
  const entries = length - RIP_HEADER_LENGTH;
  if (entries % RIP_ENTRY_LENGTH !== 0) return RipFault.BadLength;
  return entries / RIP_ENTRY_LENGTH > RIP_MAX_ENTRIES ? RipFault.TooManyEntries : RipFault.None;
}

export function ripCommand(view: DataView, at: number): number {
  return view.getUint8(at + COMMAND_AT);
}
export function ripVersion(view: DataView, at: number): number {
  return view.getUint8(at + VERSION_AT);
}
export function writeRipHeader(view: DataView, at: number, command: number): void {
  view.setUint32(at, (command << 24) | (VERSION << 16));
}

export function ripFamily(view: DataView, at: number): number {
  return view.getUint16(at + FAMILY_AT);
}
export function ripTag(view: DataView, at: number): number {
  return view.getUint16(at + TAG_AT);
}
export function ripAddress(view: DataView, at: number): number {
  return view.getUint32(at + ADDRESS_AT);
}
export function ripMask(view: DataView, at: number): number {
  return view.getUint32(at + MASK_AT);
}
export function ripNextHop(view: DataView, at: number): number {
  return view.getUint32(at + NEXT_HOP_AT);
}
export function ripMetric(view: DataView, at: number): number {
  return view.getUint32(at + METRIC_AT);
}
export function setRipMetric(view: DataView, at: number, metric: number): void {
  view.setUint32(at + METRIC_AT, metric);
}

export function writeRipEntry(
  view: DataView,
  at: number,
  family: number,
  tag: number,
  address: number,
  length: number,
  nextHop: number,
  metric: number,
): void {
  view.setUint16(at + FAMILY_AT, family);
  view.setUint16(at + TAG_AT, tag);
  view.setUint32(at + ADDRESS_AT, address);
  view.setUint32(at + MASK_AT, maskOf(length));
  view.setUint32(at + NEXT_HOP_AT, nextHop);
  view.setUint32(at + METRIC_AT, metric);
}

export function maskOf(length: number): number {
  return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
}

/** The length of a prefix by its mask (32 bits); -1: its ones are not at the front. */
export function lengthOf(mask: number): number {
  const zeros = ~mask >>> 0;
  return (zeros & (zeros + 1)) === 0 ? Math.clz32(zeros) : -1;
}

/** Why an entry says nothing (RFC 2453 3.9.2); empty: it does. */
export function ripEntryFault(view: DataView, at: number): string {
  if (ripFamily(view, at) !== RipFamily.Ip) return `address family ${ripFamily(view, at)}`;
  const address = ripAddress(view, at);
  const mask = ripMask(view, at);
  const metric = ripMetric(view, at);
  if (lengthOf(mask) < 0) return `the mask ${formatIpv4(mask)} has holes`;
  if ((address & ~mask) !== 0) return `${formatIpv4(address)} has bits beyond its mask`;
  const net = address >>> 24;
  if (net === 127 || net >= 224 || (net === 0 && (address !== 0 || mask !== 0))) {
    return `${formatIpv4(address)} is no network of hosts`;
  }
  if (metric < 1 || metric > RIP_INFINITY) return `the metric is ${metric}`;
  return '';
}

/** `response, version 2, 3 entries`. */
export function describeRip(view: DataView, at: number, end: number): string {
  if (checkRip(view, at, end) !== RipFault.None) return 'RIP, malformed';
  const command = ripCommand(view, at) === RipCommand.Request ? 'request' : 'response';
  const entries = (end - at - RIP_HEADER_LENGTH) / RIP_ENTRY_LENGTH;
  return `RIP ${command}, version ${ripVersion(view, at)}, ${entries} ${entries === 1 ? 'entry' : 'entries'}`;
}
