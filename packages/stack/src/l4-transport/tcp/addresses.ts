/** What a segment's IP header, checked by layer 3, says about its ends; and the sum that it adds to the checksum. */
import { finish, sum } from '../../base/checksum.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { Protocol, type SendOptions } from '../../l3-network/network-layer.ts';

/** The pseudo header's sum (RFC 9293 3.1) without the length; the words that map IPv4 sum up to nothing (0xffff). */
export function pseudoSum(local: IpAddress, remote: IpAddress): number {
  return local.w0 + local.w1 + local.w2 + local.w3 + remote.w0 + remote.w1 + remote.w2 + remote.w3 + Protocol.Tcp;
}

export function rightChecksum(packet: PacketBuffer): boolean {
  const { view, start, end, l3 } = packet;
  const v4 = view.getUint8(l3) >> 4 === 4;
  const addresses = v4 ? view.getUint32(l3 + 12) + view.getUint32(l3 + 16) : sum(view, l3 + 8, l3 + 40);
  return finish(sum(view, start, end, addresses + Protocol.Tcp + end - start)) === 0;
}

export function sourceOf(packet: PacketBuffer): IpAddress {
  const { view, l3 } = packet;
  return view.getUint8(l3) >> 4 === 4 ? IpAddress.read4(view, l3 + 12) : IpAddress.read6(view, l3 + 8);
}

export function destinationOf(packet: PacketBuffer): IpAddress {
  const { view, l3 } = packet;
  return view.getUint8(l3) >> 4 === 4 ? IpAddress.read4(view, l3 + 16) : IpAddress.read6(view, l3 + 24);
}

/** The number of the interface that answers go out by, where the sender's address means something on its link only. */
export function deviceOf(packet: PacketBuffer, remote: IpAddress): number {
  return remote.family === 6 && remote.isLinkLocal ? packet.device : 0;
}

/** For `NetworkLayer.open`: only out of this interface; 0: whichever the routes say. */
export function scopeOf(device: number): SendOptions | undefined {
  return device === 0 ? undefined : { interfaceIndex: device };
}
