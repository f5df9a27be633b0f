import { dissectData } from './dissect-data.ts';
import { dissectIpv6Options } from './dissect-ipv6-options.ts';
import { type Dissection, type Field, hex, named } from './dissection.ts';
import { ecnName, ipProtocolName } from './ip-names.ts';

/**
 * The IPv6 header (RFC 8200 3) and the extension headers that may follow it (4):
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   0 |Version| Traffic Class |           Flow Label                  |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   4 |         Payload Length        |  Next Header  |   Hop Limit   |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   8 |                   Source Address (16 bytes)                   |
 *  24 |                Destination Address (16 bytes)                 |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const HEADER = 40;
const LABEL = 'Internet Protocol Version 6';

const NextHeader = { HopByHop: 0, Routing: 43, Fragment: 44, None: 59, DestinationOptions: 60 } as const;

/** More of them than any honest packet has. */
const EXTENSION_LIMIT = 16;

const EXTENSIONS = new Map<number, readonly [name: string, label: string]>([
  [NextHeader.HopByHop, ['ipv6.hopopts', 'IPv6 Hop-by-Hop Option']],
  [NextHeader.Routing, ['ipv6.routing', 'Routing Header for IPv6']],
  [NextHeader.DestinationOptions, ['ipv6.dstopts', 'Destination Options for IPv6']],
]);

export function dissectIpv6(dissection: Dissection, start: number, end: number): boolean {
  dissection.protocol = 'IPv6';
  if (end - start < HEADER) {
    dissection.malformed(3, 'ipv6', LABEL, start, end, `${end - start} bytes do not hold its header of 40`);
    return true;
  }
  const { view } = dissection;
  const word = view.getUint32(start);
  if (word >>> 28 !== 6) {
    dissection.malformed(3, 'ipv6', LABEL, start, end, `the version is ${word >>> 28}`);
    return true;
  }
  const payloadLength = view.getUint16(start + 4);
  const next = view.getUint8(start + 6);
  const ttl = view.getUint8(start + 7);
  const tos = (word >>> 20) & 0xff;
  const layer = dissection.layer(3, 'ipv6', LABEL, start, start + HEADER);
  dissection.bits(layer, 'ipv6.version', 'Version', start, 1, 0xf0);
  const services = dissection.bits(layer, 'ipv6.tclass', 'Traffic Class', start, 4, 0x0ff00000, hex(tos, 2));
  dissection.bits(services, 'ipv6.tclass.dscp', 'Differentiated Services Codepoint', start, 4, 0x0fc00000);
  dissection.bits(
    services,
    'ipv6.tclass.ecn',
    'Explicit Congestion Notification',
    start,
    4,
    0x00300000,
    ecnName(tos & 3),
  );
  dissection.bits(layer, 'ipv6.flow', 'Flow Label', start, 4, 0x000fffff, hex(word & 0xfffff, 5));
  dissection.number(layer, 'ipv6.plen', 'Payload Length', start + 4, 2);
  dissection.number(layer, 'ipv6.nxt', 'Next Header', start + 6, 1, named(next, ipProtocolName(next)));
  dissection.number(layer, 'ipv6.hlim', 'Hop Limit', start + 7, 1);
  const source = dissection.ipv6(layer, 'ipv6.src', 'Source Address', start + 8);
  const destination = dissection.ipv6(layer, 'ipv6.dst', 'Destination Address', start + 24);
  layer.text = `Src: ${source}, Dst: ${destination}`;
  dissection.source = source.toString();
  dissection.destination = destination.toString();

  const { incomplete } = dissection;
  const payloadEnd = Math.min(end, start + HEADER + payloadLength);
  if (payloadLength > end - start - HEADER) {
    if (!incomplete && !dissection.quoted) {
      const text = `The payload length says ${payloadLength} bytes, ${end - start - HEADER} are here`;
      dissection.problem('error', 'malformed', text, start + 4, start + 6);
    }
    dissection.incomplete = true;
  }
  dissection.claimedEnd = Math.min(dissection.claimedEnd, payloadEnd);
  const chain = extensions(dissection, layer, next, start + HEADER, payloadEnd);
  layer.end = chain.at;
  dissection.info = named(chain.next, ipProtocolName(chain.next) ?? 'Unknown');
  dissection.facts.network = {
    version: 6,
    source,
    destination,
    protocol: chain.next,
    ttl,
    tos,
    identification: chain.identification,
    dontFragment: true, // routers never fragment IPv6 (RFC 8200 5)
    moreFragments: chain.moreFragments,
    fragmentOffset: chain.fragmentOffset,
    headerLength: chain.at - start,
    totalLength: HEADER + payloadLength,
  };
  const isFragment = chain.fragmentOffset > 0 || chain.moreFragments;
  if (isFragment) dissection.incomplete = true;
  const handed =
    chain.fragmentOffset === 0 &&
    chain.next !== NextHeader.None &&
    dissection.handOn(dissection.registry.ipProtocols, chain.next, chain.at, payloadEnd);
  if (!handed) dissectData(dissection, chain.at, payloadEnd);
  if (isFragment) {
    dissection.protocol = 'IPv6';
    const more = chain.moreFragments ? 'y' : 'n';
    const id = hex(chain.identification, 8);
    dissection.info = `IPv6 fragment (off=${chain.fragmentOffset} more=${more} ident=${id} nxt=${chain.next})`;
  }
  dissection.incomplete = incomplete;
  return true;
}

interface Chain {
  /** The protocol after the extension headers, and where it begins. */
  next: number;
  at: number;
  fragmentOffset: number;
  moreFragments: boolean;
  identification: number;
}

/** Walks the extension headers: each names the next one and, in units of 8 bytes beyond the first, its own length. */
function extensions(dissection: Dissection, layer: Field, first: number, start: number, end: number): Chain {
  const chain: Chain = { next: first, at: start, fragmentOffset: 0, moreFragments: false, identification: 0 };
  layer.end = end;
  for (let count = 0; count < EXTENSION_LIMIT && end - chain.at >= 8; count++) {
    const { at } = chain;
    const next = dissection.bytes[at]!;
    if (chain.next === NextHeader.Fragment) {
      fragmentHeader(dissection, layer, chain);
    } else {
      const names = EXTENSIONS.get(chain.next);
      if (names === undefined) break;
      const length = (dissection.bytes[at + 1]! + 1) * 8;
      if (length > end - at) {
        const text = `${names[1]}: its length of ${length} bytes is impossible, ${end - at} are here`;
        dissection.problem(dissection.incomplete ? 'note' : 'error', 'malformed', text, at, at + 2);
        break;
      }
      const header = dissection.field(layer, names[0], names[1], at, at + length, null, `${length} bytes`);
      dissection.number(header, `${names[0]}.nxt`, 'Next Header', at, 1, named(next, ipProtocolName(next)));
      dissection.number(
        header,
        `${names[0]}.len`,
        'Length',
        at + 1,
        1,
        `${dissection.bytes[at + 1]} (${length} bytes)`,
      );
      if (chain.next === NextHeader.Routing) {
        dissection.number(header, 'ipv6.routing.type', 'Type', at + 2, 1);
        dissection.number(header, 'ipv6.routing.segleft', 'Segments Left', at + 3, 1);
        dissection.raw(header, 'ipv6.routing.unknown.data', 'Type-Specific Data', at + 4, at + length);
      } else {
        dissectIpv6Options(dissection, header, at + 2, at + length);
      }
      chain.at = at + length;
    }
    chain.next = next;
    if (chain.fragmentOffset > 0) break; // what follows is from the middle of the packet
  }
  return chain;
}

/** RFC 8200 4.5: next header, reserved, offset (13 bits of 8 bytes), reserved, more, identification. */
function fragmentHeader(dissection: Dissection, layer: Field, chain: Chain): void {
  const { at } = chain;
  const { view } = dissection;
  const next = dissection.bytes[at]!;
  const header = dissection.field(layer, 'ipv6.fraghdr', 'Fragment Header for IPv6', at, at + 8, null, '8 bytes');
  dissection.number(header, 'ipv6.fraghdr.nxt', 'Next header', at, 1, named(next, ipProtocolName(next)));
  dissection.hex(header, 'ipv6.fraghdr.reserved_octet', 'Reserved octet', at + 1, 1);
  chain.fragmentOffset = view.getUint16(at + 2) & 0xfff8;
  chain.moreFragments = (view.getUint16(at + 2) & 1) !== 0;
  chain.identification = view.getUint32(at + 4);
  dissection.bits(header, 'ipv6.fraghdr.offset', 'Offset', at + 2, 2, 0xfff8, `${chain.fragmentOffset} bytes`);
  dissection.flag(header, 'ipv6.fraghdr.more', 'More Fragments', at + 2, 2, 0x0001);
  dissection.hex(header, 'ipv6.fraghdr.ident', 'Identification', at + 4, 4);
  chain.at = at + 8;
}
