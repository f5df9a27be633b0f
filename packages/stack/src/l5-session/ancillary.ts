import {
  AF_INET6,
  IP_RECVOPTS,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_HOPLIMIT,
  IPV6_PKTINFO,
  IPV6_TCLASS,
} from './constants.ts';
import type { Descriptor } from './descriptor.ts';

/** What comes beside a datagram: level and type as for `setsockopt`, and the bytes of a structure. */
export type AncillaryData = [level: number, type: number, data: Uint8Array];

/** What options of a socket asked to be told of the datagram that it received last. */
export function ancillaryOf(descriptor: Descriptor): AncillaryData[] {
  const { sender, receivedTtl, receivedTos } = descriptor;
  // Over an IPv6 socket an IPv4 datagram is told of in IPv4's words, as on Linux.
  const is6 = descriptor.family === AF_INET6 && !sender.isMapped;
  const told: AncillaryData[] = [];
  if (descriptor.receivePacketInfo && is6) told.push([IPPROTO_IPV6, IPV6_PKTINFO, packetInfo(descriptor)]);
  if (descriptor.receiveTtl) {
    told.push(is6 ? [IPPROTO_IPV6, IPV6_HOPLIMIT, int(receivedTtl)] : [IPPROTO_IP, IP_TTL, int(receivedTtl)]);
  }
  if (descriptor.receiveTos) {
    told.push(is6 ? [IPPROTO_IPV6, IPV6_TCLASS, int(receivedTos)] : [IPPROTO_IP, IP_TOS, Uint8Array.of(receivedTos)]);
  }
  if (descriptor.receiveOptions && descriptor.receivedOptions !== null) {
    told.push([IPPROTO_IP, IP_RECVOPTS, descriptor.receivedOptions]);
  }
  return told;
}

function int(value: number): Uint8Array {
  return Uint8Array.of(value, value >> 8, value >> 16, value >> 24);
}

/** `struct in6_pktinfo` (RFC 3542 6): the address that it was sent to, and the interface's number. */
function packetInfo({ receivedDestination, receivedDevice }: Descriptor): Uint8Array {
  const bytes = new Uint8Array(20);
  receivedDestination.write(new DataView(bytes.buffer), 0);
  bytes.set(int(receivedDevice), 16);
  return bytes;
}
