import type { Limits } from '../base/limits.ts';
import type { ProcessStreams } from '../host/streams.ts';
import type { Platform } from './platform.ts';

export interface NetworkOptions {
  /** Seeds every random stream; default 1. */
  seed?: number | string;
  /** All hosts and routers speak IPv6, but for those that say otherwise; as a description's `ipv6`. Default false. */
  ipv6?: boolean;
  /** How to wait for application code; `@netarium/node` and the lab give theirs. Without it only `runSync` works. */
  platform?: Platform;
  /** Limits other than the defaults. */
  limits?: Partial<Limits>;
  /** Hash every delivery: costs about a nanosecond for each byte. Default false. */
  fingerprint?: boolean;
  /** Where a description's services write to; default nowhere. */
  serviceStreams?: (node: string, command: string) => ProcessStreams;
  /** Told when one of them has ended. */
  serviceEnded?: (node: string, command: string, exitCode: number) => void;
}
