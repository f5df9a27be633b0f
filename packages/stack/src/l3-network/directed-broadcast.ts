import { Drop } from '../base/drop-reasons.ts';
import { formatIpv4 } from '../base/ip-address.ts';
import { MacAddress } from '../base/mac-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { What } from '../base/trace.ts';
import { EtherType } from '../l2-link/ethernet.ts';
import { fragmentIpv4 } from './fragmentation.ts';
import type { IpInterface } from './ip-interface.ts';
import { decrementIpv4Ttl, ipv4Destination, ipv4DontFragment, ipv4Ttl } from './ipv4-header.ts';

/**
 * Sends on a packet to everybody on a link of ours, for who is not there (RFC 2644: off unless `IpInterface` says so, for
 * a stranger could make all hosts of a link answer someone else). Takes the packet over.
 */
export function forwardBroadcast(node: NodeContext, packet: PacketBuffer, out: IpInterface): void {
  const { view, start } = packet;
  const { link } = out;
  if (ipv4Ttl(view, start) <= 1) {
    node.drop(packet, Drop.IP_TTL_EXPIRED);
    return;
  }
  if (packet.length > link.mtu && ipv4DontFragment(view, start)) {
    node.drop(packet, Drop.IP_FRAGMENTATION_NEEDED, `${packet.length} bytes, ${link.name} carries ${link.mtu}`);
    return;
  }
  decrementIpv4Ttl(view, start);
  if (node.trace !== null) {
    const detail = `to everybody on ${out.name}: ${formatIpv4(ipv4Destination(view, start))}`;
    node.trace.event(node.name, 3, What.Forward, packet, 0, detail, 'RFC 2644');
  }
  let piece: PacketBuffer | null = packet.length > link.mtu ? fragmentIpv4(packet, link.mtu) : packet;
  while (piece !== null) {
    const next: PacketBuffer | null = piece.next;
    piece.next = null;
    link.output(piece, MacAddress.BROADCAST, EtherType.Ipv4);
    piece = next;
  }
}
