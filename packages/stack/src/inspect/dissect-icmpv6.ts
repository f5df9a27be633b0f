import { dissectData } from './dissect-data.ts';
import { dissectIpv6 } from './dissect-ipv6.ts';
import { dissectMld, isMld, mldLength } from './dissect-mld.ts';
import { dissectNdOptions } from './dissect-nd-options.ts';
import { type Dissection, type Field, named } from './dissection.ts';
import type { IcmpFacts } from './packet-facts.ts';
import { checksumField, pseudoHeaderSum } from './transport-checksum.ts';

/**
 * ICMPv6 (RFC 4443) with the messages of neighbour discovery (RFC 4861): type, code, checksum over a pseudo header as
 * well, then what the type decides.
 */
const FIXED = 4;
const PROTOCOL = 58;
const LABEL = 'Internet Control Message Protocol v6';

const Type = {
  Unreachable: 1,
  PacketTooBig: 2,
  TimeExceeded: 3,
  ParameterProblem: 4,
  Echo: 128,
  EchoReply: 129,
  RouterSolicitation: 133,
  RouterAdvertisement: 134,
  NeighbourSolicitation: 135,
  NeighbourAdvertisement: 136,
  Redirect: 137,
} as const;

const TYPE_NAMES = new Map<number, string>([
  [Type.Unreachable, 'Destination Unreachable'],
  [Type.PacketTooBig, 'Packet Too Big'],
  [Type.TimeExceeded, 'Time Exceeded'],
  [Type.ParameterProblem, 'Parameter Problem'],
  [Type.Echo, 'Echo (ping) request'],
  [Type.EchoReply, 'Echo (ping) reply'],
  [130, 'Multicast Listener Query'],
  [131, 'Multicast Listener Report'],
  [132, 'Multicast Listener Done'],
  [Type.RouterSolicitation, 'Router Solicitation'],
  [Type.RouterAdvertisement, 'Router Advertisement'],
  [Type.NeighbourSolicitation, 'Neighbor Solicitation'],
  [Type.NeighbourAdvertisement, 'Neighbor Advertisement'],
  [Type.Redirect, 'Redirect'],
  [143, 'Multicast Listener Report Message v2'],
]);

const CODE_NAMES: Record<number, readonly string[]> = {
  [Type.Unreachable]: [
    'no route to destination',
    'Administratively prohibited',
    'Beyond scope of source address',
    'Address unreachable',
    'Port unreachable',
    'Source address failed ingress/egress policy',
    'Reject route to destination',
  ],
  [Type.TimeExceeded]: ['hop limit exceeded in transit', 'fragment reassembly time exceeded'],
  [Type.ParameterProblem]: [
    'erroneous header field encountered',
    'unrecognized Next Header type encountered',
    'unrecognized IPv6 option encountered',
  ],
};

/** Bytes of each type's header, options of neighbour discovery not counted; 8 for others. */
const HEADER_LENGTHS = new Map<number, number>([
  [Type.RouterAdvertisement, 16],
  [Type.NeighbourSolicitation, 24],
  [Type.NeighbourAdvertisement, 24],
  [Type.Redirect, 40],
]);

export function icmpv6TypeName(type: number): string {
  return TYPE_NAMES.get(type) ?? `type ${type}`;
}
export function icmpv6CodeName(type: number, code: number): string | undefined {
  return CODE_NAMES[type]?.[code];
}

export function dissectIcmpv6(dissection: Dissection, start: number, end: number): boolean {
  dissection.protocol = 'ICMPv6';
  const { view } = dissection;
  const type = end > start ? view.getUint8(start) : 0;
  const listens = isMld(type);
  const needed = listens ? mldLength(type) : (HEADER_LENGTHS.get(type) ?? 8);
  if (end - start < needed) {
    dissection.malformed(3, 'icmpv6', LABEL, start, end, `${end - start} bytes do not hold its header of ${needed}`);
    return true;
  }
  const code = view.getUint8(start + 1);
  const typeName = icmpv6TypeName(type);
  const codeName = icmpv6CodeName(type, code);
  const isError = type < 128;
  const discovers = type >= Type.RouterSolicitation && type <= Type.Redirect;
  const headerEnd = isError || discovers || listens ? end : start + needed;
  const layer = dissection.layer(3, 'icmpv6', LABEL, start, headerEnd, typeName);
  dissection.number(layer, 'icmpv6.type', 'Type', start, 1, named(type, TYPE_NAMES.get(type)));
  dissection.number(layer, 'icmpv6.code', 'Code', start + 1, 1, named(code, codeName));
  const pseudo = pseudoHeaderSum(dissection, PROTOCOL, end - start);
  checksumField(dissection, layer, 'icmpv6', LABEL, start + 2, start, end, pseudo);

  dissection.info = codeName ? `${typeName} (${codeName})` : typeName;
  let identifier = -1;
  let sequence = -1;
  let mtu = 0;
  let quoted: IcmpFacts['quoted'] = null;
  const at = start + FIXED;
  if (type === Type.Echo || type === Type.EchoReply) {
    identifier = view.getUint16(at);
    sequence = view.getUint16(at + 2);
    dissection.hex(layer, 'icmpv6.echo.identifier', 'Identifier', at, 2);
    dissection.number(layer, 'icmpv6.echo.sequence_number', 'Sequence', at + 2, 2);
    const hops = dissection.facts.network?.ttl ?? 0;
    const id = `0x${identifier.toString(16).padStart(4, '0')}`;
    dissection.info = `${typeName} id=${id}, seq=${sequence}, hop limit=${hops}`;
  } else if (type === Type.PacketTooBig) {
    mtu = view.getUint32(at);
    dissection.number(layer, 'icmpv6.mtu', 'MTU', at, 4);
  } else if (discovers) {
    discoveryFields(dissection, layer, type, at);
    dissectNdOptions(dissection, layer, start + needed, end);
  } else if (listens) {
    dissectMld(dissection, layer, type, at, end);
  } else {
    dissection.raw(layer, 'icmpv6.reserved', 'Reserved', at, at + 4);
  }
  if (isError && end > start + needed) {
    const facts = dissection.quote(layer, dissectIpv6, start + needed, end);
    quoted = { network: facts.network, transport: facts.transport };
  }
  dissection.facts.transport = { kind: 'icmp', version: 6, type, code, identifier, sequence, mtu, quoted };
  if (!isError && !discovers && !listens) dissectData(dissection, headerEnd, end);
  return true;
}

/** RFC 4861 4: what stands between the checksum and the options. */
function discoveryFields(dissection: Dissection, layer: Field, type: number, at: number): void {
  if (type === Type.RouterAdvertisement) {
    dissection.number(layer, 'icmpv6.nd.ra.cur_hop_limit', 'Cur hop limit', at, 1);
    const flags = dissection.hex(layer, 'icmpv6.nd.ra.flag', 'Flags', at + 1, 1);
    dissection.flag(flags, 'icmpv6.nd.ra.flag.m', 'Managed address configuration', at + 1, 1, 0x80);
    dissection.flag(flags, 'icmpv6.nd.ra.flag.o', 'Other configuration', at + 1, 1, 0x40);
    const preference = ['Medium', 'High', 'Reserved', 'Low'][(dissection.bytes[at + 1]! >> 3) & 3];
    dissection.bits(flags, 'icmpv6.nd.ra.flag.prf', 'Default router preference', at + 1, 1, 0x18, preference);
    dissection.number(layer, 'icmpv6.nd.ra.router_lifetime', 'Router lifetime (s)', at + 2, 2);
    dissection.number(layer, 'icmpv6.nd.ra.reachable_time', 'Reachable time (ms)', at + 4, 4);
    dissection.number(layer, 'icmpv6.nd.ra.retrans_timer', 'Retrans timer (ms)', at + 8, 4);
    return;
  }
  if (type === Type.NeighbourAdvertisement) {
    const flags = dissection.hex(layer, 'icmpv6.nd.na.flag', 'Flags', at, 4);
    dissection.flag(flags, 'icmpv6.nd.na.flag.r', 'Router', at, 4, 0x80000000);
    dissection.flag(flags, 'icmpv6.nd.na.flag.s', 'Solicited', at, 4, 0x40000000);
    dissection.flag(flags, 'icmpv6.nd.na.flag.o', 'Override', at, 4, 0x20000000);
    const target = dissection.ipv6(layer, 'icmpv6.nd.na.target_address', 'Target Address', at + 4);
    const first = dissection.bytes[at]!;
    const set = ['rtr', 'sol', 'ovr'].filter((_, bit) => (first & (0x80 >>> bit)) !== 0);
    dissection.info = `Neighbor Advertisement ${target}${set.length > 0 ? ` (${set.join(', ')})` : ''}`;
    return;
  }
  dissection.raw(layer, 'icmpv6.reserved', 'Reserved', at, at + 4);
  if (type === Type.NeighbourSolicitation) {
    const target = dissection.ipv6(layer, 'icmpv6.nd.ns.target_address', 'Target Address', at + 4);
    dissection.info = `Neighbor Solicitation for ${target}`;
  } else if (type === Type.Redirect) {
    const target = dissection.ipv6(layer, 'icmpv6.nd.rd.target_address', 'Target Address', at + 4);
    const to = dissection.ipv6(layer, 'icmpv6.rd.na.destination_address', 'Destination Address', at + 20);
    dissection.info = target.equals(to) ? `Redirect: ${to} is a neighbor` : `Redirect: ${to} by ${target}`;
  }
}
