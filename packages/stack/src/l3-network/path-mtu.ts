import { SECOND } from '../base/clock.ts';
import type { NodeContext } from '../base/node-context.ts';
import { IPV4_MAX_LENGTH } from './ipv4-header.ts';
import type { RoutingTable } from './routes.ts';

/** RFC 1191 6.3 wants at least 5 minutes before a larger one is tried; Linux's `mtu_expires`. */
const LIFETIME_NS = 600 * SECOND;
/** Linux's `min_pmtu`: who believed less could be made to send crumbs by anyone who forges an ICMP error. */
export const MIN_PATH_MTU = 552;
/** RFC 1191 7: the MTUs that links really have, for routers too old to tell theirs. */
const PLATEAUS = [32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68];

/** What a path was found to carry. */
export interface PathMtu {
  /** Bytes. */
  mtu: number;
  /** The path carries less than we believe (MIN_PATH_MTU): DF is no longer set, so that routers may fragment. */
  locked: boolean;
  /** Until when it holds, ns. */
  until: number;
}

/**
 * Path MTUs that were learnt from "fragmentation needed" (RFC 1191), by destination. They are forgotten when their
 * time has come: not by a timer, but because whoever looks no longer believes them.
 */
export class PathMtus {
  private readonly node: NodeContext;
  private readonly routes: RoutingTable;
  /** In the order in which they were learnt: the first is the one to forget when there are too many. */
  private readonly entries = new Map<number, PathMtu>();

  constructor(node: NodeContext, routes: RoutingTable) {
    this.node = node;
    this.routes = routes;
  }

  get size(): number {
    return this.entries.size;
  }

  /** What is known of the path to `destination` (32 bits); null when nothing is. */
  find(destination: number): PathMtu | null {
    const entry = this.entries.get(destination);
    if (entry === undefined) return null;
    if (this.node.clock.now < entry.until) return entry;
    this.entries.delete(destination);
    return null;
  }

  /**
   * A router says that a packet of `length` bytes was too large for a link that carries `mtu` (0: it does not say).
   * Returns the path MTU now believed in, or 0 when what it says is no news.
   */
  tooBig(destination: number, mtu: number, length: number): number {
    let told = mtu;
    if (told < 68) told = plateauBelow(length);
    const believed = Math.max(told, MIN_PATH_MTU);
    const known = this.find(destination);
    if (believed >= (known?.mtu ?? IPV4_MAX_LENGTH)) {
      const locks = told < MIN_PATH_MTU && known !== null && !known.locked;
      if (!locks) return 0;
    }
    this.entries.delete(destination);
    if (this.entries.size >= this.node.limits.pathMtuEntries) {
      for (const oldest of this.entries.keys()) {
        this.entries.delete(oldest);
        break;
      }
    }
    const locked = told < MIN_PATH_MTU;
    this.entries.set(destination, { mtu: believed, locked, until: this.node.clock.now + LIFETIME_NS });
    this.routes.generation++; // flows look again
    return believed;
  }
}

function plateauBelow(length: number): number {
  for (const plateau of PLATEAUS) if (plateau < length) return plateau;
  return 68;
}
