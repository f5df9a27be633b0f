import { SECOND } from '../../base/clock.ts';
import type { RipAuthentication } from './rip-authentication.ts';

/** Times in nanoseconds. */
export interface RipSettings {
  /** Between two updates, give or take a sixth, so that routers do not speak in step (RFC 2453 3.8). */
  readonly updateNs: number;
  /** A route that nobody told of for so long is dead. */
  readonly timeoutNs: number;
  /** For so long others are told that it is dead, before it is forgotten. */
  readonly garbageNs: number;
  /** Between two triggered updates: at least and at most (RFC 2453 3.10.1). */
  readonly triggerLeastNs: number;
  readonly triggerMostNs: number;
  /** Equally good ways to one network that are used together; 1: the first that was heard of. */
  readonly ways: number;
}

/** RFC 2453 3.8. */
export const RIP_DEFAULTS: RipSettings = {
  updateNs: 30 * SECOND,
  timeoutNs: 180 * SECOND,
  garbageNs: 120 * SECOND,
  triggerLeastNs: 1 * SECOND,
  triggerMostNs: 5 * SECOND,
  ways: 1,
};

/** How routes are told of on the link that they were learnt from. */
export const SplitHorizon = {
  /** As unreachable, so that a loop of two ends at once. */
  Poison: 'poison',
  /** Not at all. */
  Simple: 'simple',
  Off: 'off',
} as const;
export type SplitHorizon = (typeof SplitHorizon)[keyof typeof SplitHorizon];

export interface RipInterfaceSettings {
  /** It is told of on others, and listens, but does not speak. */
  readonly passive: boolean;
  /** What a hop by this interface counts, 1 to 15. */
  readonly cost: number;
  readonly splitHorizon: SplitHorizon;
  readonly authentication: RipAuthentication | null;
}

export const RIP_INTERFACE_DEFAULTS: RipInterfaceSettings = {
  passive: false,
  cost: 1,
  splitHorizon: SplitHorizon.Poison,
  authentication: null,
};
