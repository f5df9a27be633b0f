import { finish, sum } from '../../../base/checksum.ts';
import { Checksum, type PacketBuffer, type PacketPool } from '../../../base/packet-buffer.ts';
import { ipv4AddressSum, writeIpv4Header } from '../../ipv4-header.ts';

const TCP_HEADER = 20;
const UDP_HEADER = 8;
const IP_HEADER = 20;

function finished(packet: PacketBuffer, protocol: number, from: number, to: number): PacketBuffer {
  packet.l4 = packet.start;
  const length = packet.length + IP_HEADER;
  const at = packet.push(IP_HEADER);
  packet.l3 = at;
  writeIpv4Header(packet.view, at, 0, length, 7, 0, 64, protocol, from, to, ipv4AddressSum(from, to));
  return packet;
}

export function tcp(
  pool: PacketPool,
  from: number,
  sourcePort: number,
  to: number,
  destinationPort: number,
  flags: number,
  payload = 0,
): PacketBuffer {
  const packet = pool.acquire(TCP_HEADER + payload);
  const at = packet.put(TCP_HEADER + payload);
  const { view, bytes } = packet;
  bytes.fill(0, at, packet.end);
  for (let i = 0; i < payload; i++) bytes[at + TCP_HEADER + i] = i * 7;
  view.setUint16(at, sourcePort);
  view.setUint16(at + 2, destinationPort);
  view.setUint32(at + 4, 1000);
  view.setUint16(at + 12, (5 << 12) | flags);
  view.setUint16(at + 14, 1000);
  view.setUint16(at + 16, finish(sum(view, at, packet.end, ipv4AddressSum(from, to) + 6 + packet.length)));
  return finished(packet, 6, from, to);
}

/** `checksum` false: none (RFC 768). */
export function udp(
  pool: PacketPool,
  from: number,
  sourcePort: number,
  to: number,
  destinationPort: number,
  checksum = true,
  payload = 11,
): PacketBuffer {
  const packet = pool.acquire(UDP_HEADER + payload);
  const at = packet.put(UDP_HEADER + payload);
  const { view, bytes } = packet;
  bytes.fill(0x5a, at, packet.end);
  view.setUint16(at, sourcePort);
  view.setUint16(at + 2, destinationPort);
  view.setUint16(at + 4, packet.length);
  view.setUint16(at + 6, 0);
  const value = finish(sum(view, at, packet.end, ipv4AddressSum(from, to) + 17 + packet.length));
  if (checksum) view.setUint16(at + 6, value === 0 ? 0xffff : value);
  return finished(packet, 17, from, to);
}

export function icmp(
  pool: PacketPool,
  from: number,
  to: number,
  type: number,
  rest: number,
  quote?: Uint8Array,
): PacketBuffer {
  const packet = pool.acquire(8 + (quote?.length ?? 0));
  const at = packet.put(8);
  packet.view.setUint32(at, type << 24);
  packet.view.setUint32(at + 4, rest);
  if (quote !== undefined) packet.append(quote);
  packet.view.setUint16(at + 2, finish(sum(packet.view, at, packet.end)));
  return finished(packet, 1, from, to);
}

/** What is wrong with the checksums of an IPv4 packet; empty: nothing. A quoted packet's IP header is looked at, too. */
export function checksumFaults(packet: PacketBuffer): string {
  const { view, start, end } = packet;
  const protocol = view.getUint8(start + 9);
  const transport = start + IP_HEADER;
  if (finish(sum(view, start, transport)) !== 0) return 'IP header';
  const pseudo = ipv4AddressSum(view.getUint32(start + 12), view.getUint32(start + 16)) + protocol + (end - transport);
  if (protocol === 17 && view.getUint16(transport + 6) === 0) return '';
  if (packet.checksum === Checksum.Partial) return '';
  if ((protocol === 6 || protocol === 17) && finish(sum(view, transport, end, pseudo)) !== 0) return 'transport';
  if (protocol !== 1) return '';
  if (finish(sum(view, transport, end)) !== 0) return 'ICMP';
  const type = view.getUint8(transport);
  if (type !== 3 && type !== 11) return '';
  return finish(sum(view, transport + 8, transport + 8 + IP_HEADER)) !== 0 ? 'quoted IP header' : '';
}

/** `6 10.0.1.10:1000 > ...` as one text. */
export function tupleOf(packet: PacketBuffer): string {
  const { view, start } = packet;
  const protocol = view.getUint8(start + 9);
  const transport = start + IP_HEADER;
  const [a, b] =
    protocol === 1
      ? [view.getUint16(transport + 4), view.getUint8(transport)]
      : [view.getUint16(transport), view.getUint16(transport + 2)];
  return `${protocol} ${dotted(view.getUint32(start + 12))}:${a} > ${dotted(view.getUint32(start + 16))}:${b}`;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}
