import type { IpAddress } from '../base/ip-address.ts';
import type { AreaSettings, InterfaceSettings } from '../l3-network/ospf/settings.ts';
import type { RouteOrigin } from '../l3-network/routes.ts';

/** Routes of one origin that others are told of. */
export interface Redistribution {
  readonly from: RouteOrigin;
  readonly metric: number;
  readonly type2: boolean;
  readonly tag: number;
}

/** How OSPF is to run on a machine. */
export interface OspfPlan {
  /** 0: the highest address. */
  readonly routerId: number;
  readonly areas: readonly AreaSettings[];
  readonly redistribute: readonly Redistribution[];
  readonly defaultRoute: { readonly always: boolean; readonly metric: number; readonly type2: boolean } | null;
  readonly referenceBps: number;
  readonly maxMetric: boolean;
  /** How an interface with this primary address takes part; null: not at all. `costGiven`: the cost is no default. */
  settingsOf(name: string, address: IpAddress): { settings: InterfaceSettings; costGiven: boolean } | null;
}
