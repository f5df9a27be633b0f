import { fold, sum } from '../base/checksum.ts';
import { dissectData } from './dissect-data.ts';
import { type Dissection, type Field, hex, named } from './dissection.ts';
import { ecnName, ipProtocolName } from './ip-names.ts';

/**
 * The IPv4 header (RFC 791 3.1, RFC 2474, RFC 3168):
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   0 |Version|  IHL  |   DSCP    |ECN|          Total Length         |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   4 |         Identification        |0|D|M|     Fragment Offset     |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   8 |  Time to Live |    Protocol   |         Header Checksum       |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  12 |                       Source Address                          |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  16 |                    Destination Address                        |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  20 |              Options, up to 40 bytes          |    Padding    |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const FIXED = 20;
const LABEL = 'Internet Protocol Version 4';

export function dissectIpv4(dissection: Dissection, start: number, end: number): boolean {
  const { view } = dissection;
  dissection.protocol = 'IPv4';
  const first = end > start ? view.getUint8(start) : 0;
  const headerLength = (first & 0x0f) * 4;
  if (end - start < FIXED) {
    dissection.malformed(3, 'ip', LABEL, start, end, `${end - start} bytes do not hold its header of 20`);
    return true;
  }
  if (first >>> 4 !== 4 || headerLength < FIXED || headerLength > end - start) {
    const text =
      first >>> 4 !== 4 ? `the version is ${first >>> 4}` : `a header of ${headerLength} bytes is impossible here`;
    dissection.malformed(3, 'ip', LABEL, start, end, text);
    return true;
  }
  const totalLength = view.getUint16(start + 2);
  const fragment = view.getUint16(start + 6);
  const fragmentOffset = (fragment & 0x1fff) * 8;
  const moreFragments = (fragment & 0x2000) !== 0;
  const protocol = view.getUint8(start + 9);
  const identification = view.getUint16(start + 4);
  const tos = view.getUint8(start + 1);
  const ttl = view.getUint8(start + 8);
  const protocolName = ipProtocolName(protocol);

  const layer = dissection.layer(3, 'ip', LABEL, start, start + headerLength);
  dissection.bits(layer, 'ip.version', 'Version', start, 1, 0xf0);
  dissection.bits(layer, 'ip.hdr_len', 'Header Length', start, 1, 0x0f, `${headerLength} bytes`, 4);
  const services = dissection.hex(layer, 'ip.dsfield', 'Differentiated Services Field', start + 1, 1);
  dissection.bits(services, 'ip.dsfield.dscp', 'Differentiated Services Codepoint', start + 1, 1, 0xfc);
  dissection.bits(services, 'ip.dsfield.ecn', 'Explicit Congestion Notification', start + 1, 1, 0x03, ecnName(tos & 3));
  dissection.number(layer, 'ip.len', 'Total Length', start + 2, 2);
  dissection.hex(layer, 'ip.id', 'Identification', start + 4, 2).text += ` (${identification})`;
  const flags = dissection.bits(layer, 'ip.flags', 'Flags', start + 6, 1, 0xe0, flagsText(fragment));
  dissection.flag(flags, 'ip.flags.rb', 'Reserved bit', start + 6, 1, 0x80);
  dissection.flag(flags, 'ip.flags.df', "Don't fragment", start + 6, 1, 0x40);
  dissection.flag(flags, 'ip.flags.mf', 'More fragments', start + 6, 1, 0x20);
  dissection.bits(layer, 'ip.frag_offset', 'Fragment Offset', start + 6, 2, 0x1fff, `${fragmentOffset} bytes`);
  dissection.number(layer, 'ip.ttl', 'Time to Live', start + 8, 1);
  dissection.number(layer, 'ip.proto', 'Protocol', start + 9, 1, named(protocol, protocolName));
  headerChecksum(dissection, layer, start, headerLength);
  const source = dissection.ipv4(layer, 'ip.src', 'Source Address', start + 12);
  const destination = dissection.ipv4(layer, 'ip.dst', 'Destination Address', start + 16);
  layer.text = `Src: ${source}, Dst: ${destination}`;
  if (headerLength > FIXED) options(dissection, layer, start + FIXED, start + headerLength);
  dissection.source = source.toString();
  dissection.destination = destination.toString();
  dissection.info = named(protocol, protocolName ?? 'Unknown');
  dissection.facts.network = {
    version: 4,
    source,
    destination,
    protocol,
    ttl,
    tos,
    identification,
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments,
    fragmentOffset,
    headerLength,
    totalLength,
  };

  const { incomplete } = dissection;
  const payloadStart = start + headerLength;
  let payloadEnd = Math.min(end, start + totalLength);
  if (totalLength < headerLength) {
    const text = `The total length of ${totalLength} bytes is shorter than the header`;
    dissection.problem('error', 'malformed', text, start + 2, start + 4);
    payloadEnd = end;
  } else if (totalLength > end - start) {
    if (!incomplete && !dissection.quoted) {
      const text = `The total length says ${totalLength} bytes, ${end - start} are here`;
      dissection.problem('error', 'malformed', text, start + 2, start + 4);
    }
    dissection.incomplete = true;
  }
  dissection.claimedEnd = Math.min(dissection.claimedEnd, payloadEnd);
  if (fragmentOffset > 0 || moreFragments) dissection.incomplete = true;
  // Only the first fragment begins with the transport's header.
  const handed =
    fragmentOffset === 0 && dissection.handOn(dissection.registry.ipProtocols, protocol, payloadStart, payloadEnd);
  if (!handed) dissectData(dissection, payloadStart, payloadEnd);
  if (fragmentOffset > 0 || moreFragments) {
    const what = protocolName ? `${protocolName} ${protocol}` : String(protocol);
    const id = identification.toString(16).padStart(4, '0');
    dissection.protocol = 'IPv4';
    dissection.info = `Fragmented IP protocol (proto=${what}, off=${fragmentOffset}, ID=${id})`;
  }
  dissection.incomplete = incomplete;
  return true;
}

function flagsText(fragment: number): string {
  const names: string[] = [];
  if (fragment & 0x8000) names.push('Reserved bit');
  if (fragment & 0x4000) names.push("Don't fragment");
  if (fragment & 0x2000) names.push('More fragments');
  return names.length === 0 ? hex(fragment >>> 13, 1) : `${hex(fragment >>> 13, 1)}, ${names.join(', ')}`;
}

function headerChecksum(dissection: Dissection, layer: Field, start: number, headerLength: number): void {
  const stored = dissection.view.getUint16(start + 10);
  const good = fold(sum(dissection.view, start, start + headerLength)) === 0xffff;
  const field = dissection.hex(layer, 'ip.checksum', 'Header Checksum', start + 10, 2);
  field.text = `${hex(stored, 4)} (${good ? 'correct' : 'incorrect'})`;
  const status = 'Header checksum status';
  dissection.generate(field, 'ip.checksum.status', status, good ? 1 : 0, good ? 'Good' : 'Bad');
  if (!good) dissection.problem('error', 'checksum', 'IPv4: the header checksum is wrong', start + 10, start + 12);
}

const OPTION = { RecordRoute: 7, Timestamp: 68 } as const;

const OPTION_NAMES = new Map<number, string>([
  [0, 'End of Options List'],
  [1, 'No-Operation'],
  [7, 'Record Route'],
  [68, 'Time Stamp'],
  [130, 'Security'],
  [131, 'Loose Source Route'],
  [136, 'Stream ID'],
  [137, 'Strict Source Route'],
  [148, 'Router Alert'],
]);

/** RFC 791 3.1: a type byte alone, or type, length (of all of it), data. */
function options(dissection: Dissection, layer: Field, start: number, end: number): void {
  const group = dissection.field(layer, 'ip.options', 'Options', start, end, null, `${end - start} bytes`);
  let at = start;
  while (at < end) {
    const type = dissection.bytes[at]!;
    const single = type <= 1;
    const length = single ? 1 : at + 1 < end ? dissection.bytes[at + 1]! : 0;
    if (!single && (length < 2 || length > end - at)) {
      dissection.raw(group, 'ip.opt.data', 'Malformed option', at, end);
      dissection.problem('error', 'malformed', 'IPv4: an option is longer than the options', at, end);
      return;
    }
    const name = OPTION_NAMES.get(type);
    const option = dissection.field(group, 'ip.opt', 'Option', at, at + length, null, name ?? `type ${type}`);
    const kind = dissection.number(option, 'ip.opt.type', 'Type', at, 1, named(type, name));
    dissection.flag(kind, 'ip.opt.type.copy', 'Copy on fragmentation', at, 1, 0x80);
    dissection.bits(kind, 'ip.opt.type.class', 'Class', at, 1, 0x60);
    dissection.bits(kind, 'ip.opt.type.number', 'Number', at, 1, 0x1f);
    if (!single) dissection.number(option, 'ip.opt.len', 'Length', at + 1, 1);
    if (type === OPTION.RecordRoute && length >= 3) recordRoute(dissection, option, at, length);
    else if (type === OPTION.Timestamp && length >= 4) timestamps(dissection, option, at, length);
    else if (type === 136 && length === 4) dissection.number(option, 'ip.opt.sid', 'Stream Identifier', at + 2, 2);
    else if (type === 148 && length === 4) dissection.number(option, 'ip.opt.ra', 'Router Alert', at + 2, 2);
    else if (length > 2) dissection.raw(option, 'ip.opt.data', 'Data', at + 2, at + length);
    at += length;
    if (type === 0 && at < end) {
      dissection.raw(group, 'ip.options.padding', 'Padding', at, end);
      return;
    }
  }
}

/** Addresses that were written, and room for more; the pointer counts from the option's first byte, which is 1. */
function recordRoute(dissection: Dissection, option: Field, at: number, length: number): void {
  dissection.number(option, 'ip.opt.ptr', 'Pointer', at + 2, 1);
  const filled = dissection.bytes[at + 2]! - 1;
  let entry = 3;
  for (; entry + 4 <= length; entry += 4) {
    const isFilled = entry < filled;
    const name = isFilled ? 'ip.rec_rt' : 'ip.empty_rt';
    dissection.ipv4(option, name, isFilled ? 'Recorded Route' : 'Empty Route', at + entry);
  }
  if (entry < length) dissection.raw(option, 'ip.opt.data', 'Data', at + entry, at + length);
}

/** RFC 791 3.1: how many found no room, what is written, and the times; addresses before them unless the flag is 0. */
function timestamps(dissection: Dissection, option: Field, at: number, length: number): void {
  dissection.number(option, 'ip.opt.ptr', 'Pointer', at + 2, 1);
  dissection.bits(option, 'ip.opt.overflow', 'Overflow', at + 3, 1, 0xf0);
  dissection.bits(option, 'ip.opt.flag', 'Flag', at + 3, 1, 0x0f);
  const withAddress = (dissection.bytes[at + 3]! & 15) !== 0;
  const size = withAddress ? 8 : 4;
  let entry = 4;
  for (; entry + size <= length; entry += size) {
    if (withAddress) dissection.ipv4(option, 'ip.opt.time_stamp_addr', 'Address', at + entry);
    dissection.number(option, 'ip.opt.time_stamp', 'Time stamp', at + entry + size - 4, 4);
  }
  if (entry < length) dissection.raw(option, 'ip.opt.data', 'Data', at + entry, at + length);
}
