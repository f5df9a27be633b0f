import { formatIpv4 } from '../../base/ip-address.ts';

/** Kinds of paths, the best first (RFC 2328 11). */
export const PathType = { IntraArea: 0, InterArea: 1, External1: 2, External2: 3 } as const;
export type PathType = (typeof PathType)[keyof typeof PathType];

/** As FRRouting writes them. */
export const PATH_CODES = ['N', 'N IA', 'N E1', 'N E2'] as const;

/** Where a route leads to next. */
export interface NextHop {
  /** The machine's number of the interface. */
  readonly index: number;
  readonly name: string;
  /** 0: the destination is on the link. */
  readonly gateway: number;
}

/** A route to a network. */
export interface OspfRoute {
  readonly network: number;
  readonly length: number;
  readonly type: PathType;
  readonly area: number;
  /** Of type 2 externals: to the router at the border. */
  readonly cost: number;
  /** Of type 2 externals only. */
  readonly type2Cost: number;
  readonly tag: number;
  /** All equally good, by interface and gateway. */
  readonly nextHops: readonly NextHop[];
}

/** `10.0.2.0/24` as one number: a key. */
export function prefixKey(network: number, length: number): number {
  return network * 64 + length;
}

/** `10.0.2.0/24 intra-area cost 20 via 10.0.1.2 eth0, 10.0.3.2 eth1`. */
export function describeRoute(route: OspfRoute): string {
  const kind = ['intra-area', 'inter-area', 'external 1', 'external 2'][route.type];
  const cost = route.type === PathType.External2 ? `${route.type2Cost} (${route.cost})` : `${route.cost}`;
  const via = route.nextHops.map((hop) => `${hop.gateway === 0 ? 'direct' : formatIpv4(hop.gateway)} ${hop.name}`);
  return `${formatIpv4(route.network)}/${route.length} ${kind} cost ${cost} via ${via.join(', ')}`;
}
