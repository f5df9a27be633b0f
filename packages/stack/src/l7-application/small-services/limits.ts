import type { ConnectionLimits } from '../stream-server.ts';

export interface SmallServiceLimits extends ConnectionLimits {
  /** Seconds without a byte from or to the peer after which a connection is closed. */
  readonly idleSeconds: number;
  /** UDP answers that one service gives to one client address in a second: a forged question must not make a flood. */
  readonly datagramsPerSecond: number;
  /** Client addresses that a service remembers for that. */
  readonly clients: number;
}

export const SMALL_SERVICE_LIMITS: SmallServiceLimits = {
  connections: 256,
  connectionsPerClient: 64,
  idleSeconds: 600,
  datagramsPerSecond: 256, // `inetd`'s default for how often a service may be asked
  clients: 4096,
};
