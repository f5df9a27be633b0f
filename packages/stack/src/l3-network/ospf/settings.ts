import { REFERENCE_RATE_BPS } from './constants.ts';

/** How an interface takes part. */
export const NetworkKind = { Broadcast: 'broadcast', PointToPoint: 'point-to-point', Loopback: 'loopback' } as const;
export type NetworkKind = (typeof NetworkKind)[keyof typeof NetworkKind];

export interface CryptographicKey {
  /** 0 to 255. */
  readonly id: number;
  /** Up to 16 bytes. */
  readonly secret: Uint8Array;
}

/** How packets on a link are authenticated (RFC 2328 D). */
export type Authentication =
  | { readonly type: 'none' }
  | { readonly type: 'password'; readonly password: Uint8Array }
  /** Sent with the first key, accepted with each of them, so that keys can be changed. */
  | { readonly type: 'md5'; readonly keys: readonly CryptographicKey[] };

/** What RFC 2328 C.3 lets one set of an interface. */
export interface InterfaceSettings {
  area: number;
  network: NetworkKind;
  /** 1 to 65,535. */
  cost: number;
  /** 0 to 255; 0: never the designated router. */
  priority: number;
  helloSeconds: number;
  deadSeconds: number;
  retransmitSeconds: number;
  transmitDelaySeconds: number;
  /** Told of, but nobody is spoken with. */
  passive: boolean;
  authentication: Authentication;
  /** Takes database descriptions of neighbours whose MTU is larger. */
  mtuIgnore: boolean;
}

export const INTERFACE_DEFAULTS: InterfaceSettings = {
  area: 0,
  network: NetworkKind.Broadcast,
  cost: 1,
  priority: 1,
  helloSeconds: 10,
  deadSeconds: 40,
  retransmitSeconds: 5,
  transmitDelaySeconds: 1,
  passive: false,
  authentication: { type: 'none' },
  mtuIgnore: false,
};

/** Networks of an area that are told to other areas as one (RFC 2328 C.2). */
export interface AreaRange {
  readonly network: number;
  readonly length: number;
  /** False: not told at all. */
  readonly advertise: boolean;
}

export interface AreaSettings {
  id: number;
  /** Knows no external routes, but a default route (RFC 2328 3.6). */
  stub: boolean;
  /** A stub area that is told of no other area either. */
  noSummary: boolean;
  /** Of the default route that border routers tell a stub area of. */
  defaultCost: number;
  ranges: readonly AreaRange[];
}

export const AREA_DEFAULTS: AreaSettings = { id: 0, stub: false, noSummary: false, defaultCost: 1, ranges: [] };

/** A route from elsewhere, that this router tells of. */
export interface ExternalRoute {
  readonly network: number;
  readonly length: number;
  readonly metric: number;
  readonly type2: boolean;
  /** 0: this router. */
  readonly forwarding: number;
  readonly tag: number;
}

export interface OspfSettings {
  /** Not 0. */
  routerId: number;
  areas: readonly AreaSettings[];
  /** All links that others might use cost 65,535: no transit traffic (RFC 6987). */
  maxMetric: boolean;
  /** SPF: the wait after a change, and the least and the largest time between two calculations, ns. */
  spfDelayNs: number;
  spfHoldNs: number;
  spfMaxHoldNs: number;
}

export const OSPF_DEFAULTS: Omit<OspfSettings, 'routerId' | 'areas'> = {
  maxMetric: false,
  spfDelayNs: 50e6,
  spfHoldNs: 50e6,
  spfMaxHoldNs: 5e9,
};

/** RFC 2328 C.3 leaves it open; as others do it: inverse to the rate, 1 at least. `rateBps` 0: not known. */
export function costOfRate(rateBps: number, referenceBps: number = REFERENCE_RATE_BPS): number {
  if (!(rateBps > 0)) return 10;
  return Math.max(1, Math.min(0xffff, Math.floor(referenceBps / rateBps)));
}
