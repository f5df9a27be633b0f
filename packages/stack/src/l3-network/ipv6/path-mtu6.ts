import { SECOND } from '../../base/clock.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { IPV6_MAX_LENGTH } from './ipv6-header.ts';
import { IPV6_MIN_MTU } from './ipv6-interface.ts';
import type { RoutingTable6 } from './routes6.ts';

/** RFC 8201 5.3: not before 5 minutes a larger one is tried, 10 are recommended. */
const LIFETIME_NS = 600 * SECOND;

/** What a path was found to carry. */
export interface PathMtu6 {
  /** Bytes, 1,280 or more. */
  mtu: number;
  /** Until when it holds, ns. */
  until: number;
}

/**
 * Path MTUs that were learnt from "packet too big" (RFC 8201), by destination. They are forgotten when their time has
 * come: not by a timer, but because whoever looks no longer believes them.
 */
export class PathMtus6 {
  private readonly node: NodeContext;
  private readonly routes: RoutingTable6;
  /** By the destination's text, in the order in which they were learnt. Looked at when a flow finds its way. */
  private readonly entries = new Map<string, PathMtu6>();

  constructor(node: NodeContext, routes: RoutingTable6) {
    this.node = node;
    this.routes = routes;
  }

  get size(): number {
    return this.entries.size;
  }

  /** What is known of the path to `destination`; null when nothing is. */
  find(destination: IpAddress): PathMtu6 | null {
    if (this.entries.size === 0) return null;
    const key = destination.toString();
    const entry = this.entries.get(key);
    if (entry === undefined) return null;
    if (this.node.clock.now < entry.until) return entry;
    this.entries.delete(key);
    return null;
  }

  /**
   * A router says that the path carries `mtu` bytes. Less than every link has to carry is not believed (RFC 8201 4).
   * Returns the path MTU now believed in, or 0 when what it says is no news.
   */
  tooBig(destination: IpAddress, mtu: number): number {
    if (mtu < IPV6_MIN_MTU || mtu >= (this.find(destination)?.mtu ?? IPV6_MAX_LENGTH)) return 0;
    const key = destination.toString();
    this.entries.delete(key);
    if (this.entries.size >= this.node.limits.pathMtuEntries) {
      for (const oldest of this.entries.keys()) {
        this.entries.delete(oldest);
        break;
      }
    }
    this.entries.set(key, { mtu, until: this.node.clock.now + LIFETIME_NS });
    this.routes.generation++; // flows look again
    return mtu;
  }
}
