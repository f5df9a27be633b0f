import { crc32 } from '../base/crc32.ts';
import { dissectData } from './dissect-data.ts';
import { type Dissection, type Field, hex, hexBytes } from './dissection.ts';

/**
 * Ethernet (IEEE 802.3), with a type field (Ethernet II) or a length field and a header of IEEE 802.2, and the tags of
 * IEEE 802.1Q between address and type.
 *
 *      0      6     12    14                           60..
 *     +------+------+----+----------------------------+-----+
 *     | dst  | src  |type| payload, padded to 46 bytes| FCS |
 *     +------+------+----+----------------------------+-----+
 *
 *     802.1Q: type 0x8100 | priority (3), drop eligible (1), VLAN id (12) | type of what follows
 */
const HEADER = 14;
const VLAN_TAG = 4;
/** From here on the field is a type, below a length (IEEE 802.3 3.2.6). */
const FIRST_TYPE = 0x0600;
/** Bytes of a frame without its frame check sequence that padding fills up to. */
const SHORTEST_FRAME = 60;

export const EtherType = {
  Ipv4: 0x0800,
  Arp: 0x0806,
  Vlan: 0x8100,
  Ipv6: 0x86dd,
  ServiceVlan: 0x88a8,
} as const;

const TYPE_NAMES = new Map<number, string>([
  [EtherType.Ipv4, 'IPv4'],
  [EtherType.Arp, 'ARP'],
  [EtherType.Vlan, '802.1Q Virtual LAN'],
  [EtherType.Ipv6, 'IPv6'],
  [EtherType.ServiceVlan, '802.1ad Provider Bridge'],
  [0x0842, 'Wake-on-LAN'],
  [0x8809, 'Slow Protocols'],
  [0x8863, 'PPPoE Discovery'],
  [0x8864, 'PPPoE Session'],
  [0x888e, '802.1X Authentication'],
  [0x88b5, 'Local Experimental Ethertype 1'],
  [0x88b6, 'Local Experimental Ethertype 2'],
  [0x88cc, 'LLDP'],
]);

/** `IPv4`, or undefined. */
export function etherTypeName(type: number): string | undefined {
  return TYPE_NAMES.get(type);
}

export function dissectEthernet(dissection: Dissection, start: number, end: number): boolean {
  if (end - start < HEADER) {
    dissection.protocol = 'Ethernet';
    dissection.malformed(2, 'eth', 'Ethernet', start, end, `${end - start} bytes do not hold its header of 14`);
    return true;
  }
  const frameEnd = dissection.incomplete ? end : Math.max(start + HEADER, end - dissection.fcsLength);
  const type = dissection.view.getUint16(start + 12);
  const isType = type >= FIRST_TYPE;
  const layer = dissection.layer(2, 'eth', isType ? 'Ethernet II' : 'IEEE 802.3 Ethernet', start, start + HEADER);
  const destination = dissection.mac(layer, 'eth.dst', 'Destination', start);
  addressBits(dissection, layer.children[0]!, start);
  const source = dissection.mac(layer, 'eth.src', 'Source', start + 6);
  addressBits(dissection, layer.children[1]!, start + 6);
  layer.text = `Src: ${source}, Dst: ${destination}`;
  dissection.source = source.toString();
  dissection.destination = dissection.destination = destination.isBroadcast ? 'Broadcast' : destination.toString();
  if (source.isMulticast) {
    dissection.problem('warning', 'protocol', 'The source address is a group address', start + 6, start + 12);
  }
  const vlans: number[] = [];
  dissection.facts.link = { source, destination, type, vlans };
  dissection.claimedEnd = frameEnd;
  if (isType) {
    dissection.hex(layer, 'eth.type', 'Type', start + 12, 2, TYPE_NAMES.get(type));
    dissectTyped(dissection, type, start + HEADER, frameEnd, vlans);
  } else {
    dissection.number(layer, 'eth.len', 'Length', start + 12, 2);
    if (type > frameEnd - start - HEADER && !dissection.incomplete) {
      const text = `The length field says ${type} bytes, the frame carries ${frameEnd - start - HEADER}`;
      dissection.problem('error', 'malformed', text, start + 12, start + 14);
    }
    const payloadEnd = Math.min(frameEnd, start + HEADER + type);
    dissection.claimedEnd = payloadEnd;
    dissectLlc(dissection, start + HEADER, payloadEnd);
  }
  const trailerStart = Math.max(start + HEADER, Math.min(dissection.claimedEnd, frameEnd));
  trailer(dissection, start, trailerStart, frameEnd);
  if (frameEnd < end) frameCheckSequence(dissection, start, frameEnd, end);
  return true;
}

/** What the first byte of an address says: group or individual, assigned locally or by the manufacturer. */
function addressBits(dissection: Dissection, field: Field, at: number): void {
  const first = dissection.bytes[at]!;
  const local = first & 2 ? 'locally administered' : 'globally unique (by the manufacturer)';
  dissection.bits(field, 'eth.lg', 'LG bit', at, 3, 0x020000, local);
  dissection.bits(field, 'eth.ig', 'IG bit', at, 3, 0x010000, first & 1 ? 'group address' : 'individual address');
}

/** What follows a type field: tags, one after the other, and then the payload. */
function dissectTyped(dissection: Dissection, type: number, start: number, end: number, vlans: number[]): void {
  let at = start;
  let inner = type;
  while ((inner === EtherType.Vlan || inner === EtherType.ServiceVlan) && end - at >= VLAN_TAG && vlans.length < 8) {
    const id = dissection.view.getUint16(at) & 0x0fff;
    const tag = dissection.layer(2, 'vlan', '802.1Q Virtual LAN', at, at + VLAN_TAG, `ID: ${id}`);
    dissection.bits(tag, 'vlan.priority', 'Priority', at, 2, 0xe000);
    dissection.bits(tag, 'vlan.dei', 'Drop eligible', at, 2, 0x1000);
    dissection.bits(tag, 'vlan.id', 'VLAN identifier', at, 2, 0x0fff);
    inner = dissection.view.getUint16(at + 2);
    dissection.hex(tag, 'vlan.etype', 'Type', at + 2, 2, TYPE_NAMES.get(inner));
    vlans.push(id);
    at += VLAN_TAG;
  }
  if (vlans.length > 0) dissection.facts.link = { ...dissection.facts.link!, type: inner };
  if (dissection.handOn(dissection.registry.etherTypes, inner, at, end)) return;
  dissection.protocol = hex(inner, 4);
  dissection.info = TYPE_NAMES.get(inner) ?? 'Ethernet II';
  if (at < end) dissectData(dissection, at, end);
}

/** IEEE 802.2: the receiver's and the sender's service access point, and what kind of frame it is. */
function dissectLlc(dissection: Dissection, start: number, end: number): void {
  dissection.protocol = 'LLC';
  if (end - start < 3) {
    dissection.malformed(2, 'llc', 'Logical-Link Control', start, end, 'shorter than its header of 3 bytes');
    return;
  }
  const destination = dissection.bytes[start]!;
  const unnumbered = (dissection.bytes[start + 2]! & 3) === 3;
  const length = unnumbered ? 3 : Math.min(4, end - start);
  const layer = dissection.layer(2, 'llc', 'Logical-Link Control', start, start + length);
  dissection.hex(layer, 'llc.dsap', 'DSAP', start, 1);
  dissection.hex(layer, 'llc.ssap', 'SSAP', start + 1, 1);
  dissection.hex(layer, 'llc.control', 'Control', start + 2, length - 2);
  const source = dissection.bytes[start + 1]!;
  const receiver = `DSAP ${hex(destination, 2)} ${destination & 1 ? 'Group' : 'Individual'}`;
  const sender = `SSAP ${hex(source & 0xfe, 2)} ${source & 1 ? 'Response' : 'Command'}`;
  const control = unnumbered ? (dissection.bytes[start + 2] === 3 ? 'U, func=UI' : 'U') : 'I or S';
  dissection.info = `${control}; ${receiver}, ${sender}`;
  if (!dissection.handOn(dissection.registry.llcSaps, destination, start + length, end)) {
    dissectData(dissection, start + length, end);
  }
}

/** What stands between the packet and the end of the frame: padding up to the shortest frame, then who knows what. */
function trailer(dissection: Dissection, frameStart: number, start: number, end: number): void {
  if (start >= end) return;
  const paddingEnd = Math.min(end, Math.max(start, frameStart + SHORTEST_FRAME));
  const zero = dissection.bytes.subarray(start, paddingEnd).every((byte) => byte === 0);
  const middle = zero ? paddingEnd : start;
  const layer = dissection.layer(2, 'eth.trailing', 'Ethernet trailer', start, end, `${end - start} bytes`);
  if (middle > start) dissection.raw(layer, 'eth.padding', 'Padding', start, middle);
  if (end > middle) dissection.raw(layer, 'eth.trailer', 'Trailer', middle, end);
}

/** The CRC goes out with its highest power first and bytes go out lowest bit first: it is little-endian in memory. */
function frameCheckSequence(dissection: Dissection, frameStart: number, start: number, end: number): void {
  const layer = dissection.layer(2, 'eth.check', 'Ethernet frame check sequence', start, end);
  if (end - start !== 4) {
    dissection.raw(layer, 'eth.fcs', 'Frame check sequence', start, end);
    return;
  }
  const sent = dissection.view.getUint32(start, true);
  const right = crc32(dissection.bytes, frameStart, start);
  const good = sent === right;
  const text = good ? `${hex(sent, 8)} (correct)` : `${hex(sent, 8)} (wrong, should be ${hex(right, 8)})`;
  layer.text = text;
  const field = dissection.field(
    layer,
    'eth.fcs',
    'Frame check sequence',
    start,
    end,
    hexBytes(dissection.bytes, start, end),
    text,
  );
  dissection.generate(field, 'eth.fcs.status', 'FCS status', good ? 1 : 0, good ? 'Good' : 'Bad');
  if (!good) dissection.problem('error', 'checksum', `The frame check sequence is ${text}`, start, end);
}
