import type { RipLink } from './rip-interface.ts';
import type { RipRoute } from './rip-route.ts';

/** What RIP needs of the machine that it runs on. */
export interface RipPort {
  /**
   * Sends `bytes[0, length)` from port 520 and the address `source` out of an interface: to a host, or to the group of
   * RIP routers.
   */
  send(bytes: Uint8Array, length: number, link: RipLink, source: number, destination: number, port: number): void;
  /** From now on RIP's group is received on this interface, or is not. */
  join(link: RipLink): void;
  leave(link: RipLink): void;
  /** All routes that lead somewhere and were learnt. */
  install(routes: readonly RipRoute[]): void;
}
