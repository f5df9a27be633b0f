import { IP_TTL, IPPROTO_IP } from './constants.ts';
import type { Descriptor } from './descriptor.ts';

/** What comes beside a datagram: level and type as for `setsockopt`, and the bytes of a structure. */
export type AncillaryData = [level: number, type: number, data: Uint8Array];

/** What options of a socket asked to be told of the datagram that it received last. */
export function ancillaryOf(descriptor: Descriptor): AncillaryData[] {
  if (!descriptor.receiveTtl) return [];
  return [[IPPROTO_IP, IP_TTL, Uint8Array.of(descriptor.receivedTtl, 0, 0, 0)]];
}
