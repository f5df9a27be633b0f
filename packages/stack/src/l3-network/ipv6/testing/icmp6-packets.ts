import { finish, sum } from '../../../base/checksum.ts';
import { MacAddress } from '../../../base/mac-address.ts';
import type { PacketBuffer, PacketPool } from '../../../base/packet-buffer.ts';
import { ip } from '../../testing/fake-link.ts';
import { ipv6AddressSum, writeIpv6Header } from '../ipv6-header.ts';
import { NS_LENGTH, writeNeighbourMessage } from '../nd-messages.ts';
import { putLinkAddressOption } from '../nd-options.ts';

/** A neighbour's solicitation or advertisement, with or without a link-layer address. */
export function neighbourMessage(
  pool: PacketPool,
  type: number,
  flags: number,
  target: string,
  option: { type: number; mac: string } | null,
): PacketBuffer {
  const packet = pool.acquire(64);
  writeNeighbourMessage(packet.view, packet.put(NS_LENGTH), type, flags, ip(target));
  if (option !== null) putLinkAddressOption(packet, option.type, MacAddress.parse(option.mac)!);
  return packet;
}

/** Puts an IPv6 header in front of an ICMPv6 message, and the checksum in; `start` and `l3` stand at the header. */
export function icmp6Packet(message: PacketBuffer, from: string, to: string, hopLimit = 255): PacketBuffer {
  const [source, destination] = [ip(from), ip(to)];
  const { view, start, end } = message;
  view.setUint16(start + 2, 0);
  view.setUint16(start + 2, finish(sum(view, start, end, ipv6AddressSum(source, destination) + 58 + end - start)));
  const length = end - start;
  message.l3 = message.push(40);
  writeIpv6Header(message.view, message.l3, 0, 0, length, 58, hopLimit, source, destination);
  return message;
}
