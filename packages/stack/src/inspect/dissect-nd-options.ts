import { dissectIpv6 } from './dissect-ipv6.ts';
import { type Dissection, type Field, hexBytes } from './dissection.ts';

/**
 * Options of neighbour discovery: type, length in units of 8 bytes, value (RFC 4861 4.6), those of DNS (RFC 8106), of
 * routes (RFC 4191), and the nonce of duplicate address detection (RFC 7527).
 */
const LABEL = 'Internet Control Message Protocol v6';

const Option = {
  SourceLink: 1,
  TargetLink: 2,
  Prefix: 3,
  Redirected: 4,
  Mtu: 5,
  Nonce: 14,
  Route: 24,
  DnsServers: 25,
  DnsSearch: 31,
} as const;

const NAMES = new Map<number, string>([
  [Option.SourceLink, 'Source link-layer address'],
  [Option.TargetLink, 'Target link-layer address'],
  [Option.Prefix, 'Prefix information'],
  [Option.Redirected, 'Redirected header'],
  [Option.Mtu, 'MTU'],
  [Option.Nonce, 'Nonce'],
  [Option.Route, 'Route Information'],
  [Option.DnsServers, 'Recursive DNS Server'],
  [Option.DnsSearch, 'DNS Search List Option'],
]);

const INFINITE = 0xffffffff;
const PREFERENCES = ['Medium', 'High', 'Reserved', 'Low'];

export function dissectNdOptions(dissection: Dissection, layer: Field, start: number, end: number): void {
  const { bytes } = dissection;
  let at = start;
  while (at < end) {
    const length = at + 1 < end ? bytes[at + 1]! * 8 : 0;
    if (length === 0 || length > end - at) {
      dissection.raw(layer, 'icmpv6.opt.data', 'Malformed option', at, end);
      dissection.problem('error', 'malformed', `${LABEL}: an option has an impossible length`, at, end);
      return;
    }
    const type = bytes[at]!;
    const text = NAMES.get(type) ?? `type ${type}`;
    const option = dissection.field(layer, 'icmpv6.opt', 'ICMPv6 Option', at, at + length, null, text);
    dissection.number(option, 'icmpv6.opt.type', 'Type', at, 1);
    dissection.number(option, 'icmpv6.opt.length', 'Length', at + 1, 1, `${bytes[at + 1]} (${length} bytes)`);
    if (!value(dissection, option, type, at, at + length)) {
      const shown = hexBytes(bytes, at + 2, at + length);
      dissection.field(option, 'icmpv6.opt.data', 'Data', at + 2, at + length, shown);
    }
    at += length;
  }
}

/** The fields behind type and length; false when the length is not the type's: then it is shown as bytes. */
function value(dissection: Dissection, option: Field, type: number, at: number, end: number): boolean {
  const length = end - at;
  switch (type) {
    case Option.SourceLink:
    case Option.TargetLink:
      return length === 8 && linkAddress(dissection, option, type, at);
    case Option.Prefix:
      return length === 32 && prefix(dissection, option, at);
    case Option.Redirected:
      return redirected(dissection, option, at, end);
    case Option.Mtu:
      if (length !== 8) return false;
      reserved(dissection, option, at + 2, at + 4);
      dissection.number(option, 'icmpv6.opt.mtu', 'MTU', at + 4, 4);
      return true;
    case Option.Nonce:
      dissection.field(option, 'icmpv6.opt.nonce', 'Nonce', at + 2, end, hexBytes(dissection.bytes, at + 2, end));
      return true;
    case Option.Route:
      return length <= 24 && route(dissection, option, at, end);
    case Option.DnsServers:
      return length >= 24 && (length - 8) % 16 === 0 && servers(dissection, option, at, end);
    case Option.DnsSearch:
      return length >= 16 && domains(dissection, option, at, end);
    default:
      return false;
  }
}

function reserved(dissection: Dissection, option: Field, from: number, to: number): void {
  dissection.raw(option, 'icmpv6.opt.unused', 'Reserved', from, to);
}

function linkAddress(dissection: Dissection, option: Field, type: number, at: number): boolean {
  const address = dissection.mac(option, 'icmpv6.opt.linkaddr', 'Link-layer address', at + 2);
  if (!dissection.quoted) dissection.info += type === Option.SourceLink ? ` from ${address}` : ` is at ${address}`;
  return true;
}

function prefix(dissection: Dissection, option: Field, at: number): boolean {
  dissection.number(option, 'icmpv6.opt.prefix.length', 'Prefix Length', at + 2, 1);
  const flags = dissection.hex(option, 'icmpv6.opt.prefix.flag', 'Flag', at + 3, 1);
  dissection.flag(flags, 'icmpv6.opt.prefix.flag.l', 'On-link flag (L)', at + 3, 1, 0x80);
  dissection.flag(flags, 'icmpv6.opt.prefix.flag.a', 'Autonomous address-configuration flag (A)', at + 3, 1, 0x40);
  dissection.flag(flags, 'icmpv6.opt.prefix.flag.r', 'Router address flag (R)', at + 3, 1, 0x20);
  lifetime(dissection, option, 'icmpv6.opt.prefix.valid_lifetime', 'Valid Lifetime', at + 4);
  lifetime(dissection, option, 'icmpv6.opt.prefix.preferred_lifetime', 'Preferred Lifetime', at + 8);
  reserved(dissection, option, at + 12, at + 16);
  const address = dissection.ipv6(option, 'icmpv6.opt.prefix', 'Prefix', at + 16);
  option.text += ` (${address}/${dissection.bytes[at + 2]})`;
  return true;
}

function redirected(dissection: Dissection, option: Field, at: number, end: number): boolean {
  if (end - at < 8) return false;
  reserved(dissection, option, at + 2, at + 8);
  const packet = dissection.field(option, 'icmpv6.opt.redirected_packet', 'Redirected Packet', at + 8, end, null, '');
  if (end - at >= 48) dissection.quote(packet, dissectIpv6, at + 8, end);
  else if (end > at + 8) dissection.raw(packet, 'icmpv6.opt.data', 'Data', at + 8, end);
  return true;
}

function route(dissection: Dissection, option: Field, at: number, end: number): boolean {
  const { bytes, view } = dissection;
  dissection.number(option, 'icmpv6.opt.prefix.length', 'Prefix Length', at + 2, 1);
  const flags = dissection.hex(option, 'icmpv6.opt.route_info.flag', 'Flag', at + 3, 1);
  const name = 'icmpv6.opt.route_info.flag.route_preference';
  const preference = PREFERENCES[(bytes[at + 3]! >> 3) & 3];
  dissection.bits(flags, name, 'Route Preference', at + 3, 1, 0x18, preference);
  lifetime(dissection, option, 'icmpv6.opt.route_lifetime', 'Route Lifetime', at + 4);
  if (end - at === 24) dissection.ipv6(option, 'icmpv6.opt.prefix', 'Prefix', at + 8);
  else if (end - at === 16) {
    const groups = [0, 2, 4, 6].map((i) => view.getUint16(at + 8 + i).toString(16));
    dissection.field(option, 'icmpv6.opt.data', 'Prefix (first half)', at + 8, end, `${groups.join(':')}::`);
  }
  return true;
}

function servers(dissection: Dissection, option: Field, at: number, end: number): boolean {
  reserved(dissection, option, at + 2, at + 4);
  lifetime(dissection, option, 'icmpv6.opt.rdnss.lifetime', 'Lifetime', at + 4);
  for (let server = at + 8; server < end; server += 16) {
    option.text += ` ${dissection.ipv6(option, 'icmpv6.opt.rdnss', 'Recursive DNS Server', server)}`;
  }
  return true;
}

function domains(dissection: Dissection, option: Field, at: number, end: number): boolean {
  const { bytes } = dissection;
  reserved(dissection, option, at + 2, at + 4);
  lifetime(dissection, option, 'icmpv6.opt.dnssl.lifetime', 'Lifetime', at + 4);
  let next = at + 8;
  while (next < end && bytes[next] !== 0) {
    const from = next;
    const labels: string[] = [];
    while (next < end && bytes[next] !== 0) {
      const length = bytes[next]!;
      if (length > 63 || length >= end - next) {
        dissection.raw(option, 'icmpv6.opt.data', 'Malformed name', from, end);
        dissection.problem('error', 'malformed', `${LABEL}: a domain name does not end`, from, end);
        return true;
      }
      labels.push(String.fromCharCode(...bytes.subarray(next + 1, next + 1 + length)));
      next += 1 + length;
    }
    if (next < end) next++;
    const name = labels.join('.');
    dissection.field(option, 'icmpv6.opt.dnssl', 'Domain Name', from, next, name);
    option.text += ` ${name.length > 60 ? `${name.slice(0, 60)}...` : name}`;
  }
  if (next < end) dissection.raw(option, 'icmpv6.opt.dnssl.padding', 'Padding', next, end);
  return true;
}

function lifetime(dissection: Dissection, option: Field, name: string, label: string, at: number): void {
  const seconds = dissection.view.getUint32(at);
  dissection.number(option, name, label, at, 4, seconds === INFINITE ? 'infinity' : `${seconds} s`);
}
