import { DHCP_LIMITS } from './limits.ts';

/**
 * Routes of option 121 (RFC 3442): where it is given, the routers of option 3 do not count.
 *
 *     +---------+------------------------+----------+
 *     | length  | network, as many bytes | router   |   the next one
 *     | 0 to 32 | as the length needs    | 4 bytes  |   follows
 *     +---------+------------------------+----------+
 */
export interface ClasslessRoute {
  /** The network (32 bits) and the length of its prefix. */
  readonly network: number;
  readonly length: number;
  /** The next hop (32 bits); 0: the network is on the link. */
  readonly router: number;
}

/** The routes; null when the bytes are not in order, and then none of them counts. */
export function readClasslessRoutes(bytes: Uint8Array): ClasslessRoute[] | null {
  const routes: ClasslessRoute[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = bytes[at++]!;
    const significant = Math.ceil(length / 8);
    if (length > 32 || bytes.length - at < significant + 4) return null;
    let network = 0;
    for (let i = 0; i < 4; i++) network = network * 256 + (i < significant ? bytes[at + i]! : 0);
    at += significant;
    let router = 0;
    for (let i = 0; i < 4; i++) router = router * 256 + bytes[at + i]!;
    at += 4;
    const mask = length === 0 ? 0 : 0xffffffff << (32 - length);
    if (routes.length < DHCP_LIMITS.addresses) routes.push({ network: (network & mask) >>> 0, length, router });
  }
  return routes;
}

export function writeClasslessRoutes(routes: readonly ClasslessRoute[]): Uint8Array {
  const bytes: number[] = [];
  for (const { network, length, router } of routes) {
    bytes.push(length);
    for (let i = 0; i < Math.ceil(length / 8); i++) bytes.push((network >>> (24 - 8 * i)) & 255);
    for (let i = 0; i < 4; i++) bytes.push((router >>> (24 - 8 * i)) & 255);
  }
  return Uint8Array.from(bytes);
}
