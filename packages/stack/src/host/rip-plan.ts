import type { RipInterfaceSettings, RipSettings } from '../l3-network/rip/rip-settings.ts';
import type { RouteOrigin } from '../l3-network/routes.ts';

/** How RIP is to run on a machine. */
export interface RipPlan {
  readonly settings: RipSettings;
  /** Routes of these origins others are told of, besides the networks of RIP's own interfaces. */
  readonly redistribute: readonly { readonly from: RouteOrigin; readonly metric: number; readonly tag: number }[];
  /** Others are told of a default route: while this machine has one, or `always`; null: they are not. */
  readonly defaultRoute: { readonly always: boolean; readonly metric: number } | null;
  /** How an interface takes part; null: not at all. */
  settingsOf(name: string): RipInterfaceSettings | null;
}
