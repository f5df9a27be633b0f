import { CandidateHeap } from './candidate-heap.ts';
import { LsaType } from './constants.ts';
import type { Lsa } from './lsa.ts';
import { LinkType, type NetworkBody, type RouterBody, type RouterLink } from './lsa-bodies.ts';
import { prefixKey } from './ospf-route.ts';
import type { Area, OspfInterface } from './router-state.ts';
import { NeighbourState } from './states.ts';

/** Where a path goes first: an interface here, and a neighbour there; gateway 0: the destination is on the link. */
export interface Hop {
  readonly on: OspfInterface;
  readonly gateway: number;
}

/** The way to a router of the area. */
export interface RouterPath {
  readonly routerId: number;
  readonly cost: number;
  readonly hops: readonly Hop[];
  /** Of its router LSA: is it at a border? */
  readonly flags: number;
}

/** The way to a network of the area. */
export interface NetworkPath {
  readonly network: number;
  readonly length: number;
  cost: number;
  hops: readonly Hop[];
}

/** What Dijkstra's algorithm found in one area. */
export interface ShortestPaths {
  readonly routers: ReadonlyMap<number, RouterPath>;
  /** By `prefixKey`. */
  readonly networks: ReadonlyMap<number, NetworkPath>;
}

/** A router or a network with a designated router, on the way into the tree. */
interface Vertex {
  readonly lsa: Lsa;
  readonly isNetwork: boolean;
  cost: number;
  hops: readonly Hop[];
  done: boolean;
}

/**
 * The shortest paths through one area from this router, with all that are equally good (RFC 2328 16.1): first over the
 * links between routers, then the networks at which they end. `most` next hops are kept of each.
 */
export function shortestPaths(area: Area, routerId: number, now: number, most: number): ShortestPaths {
  return new PathFinder(area, routerId, now, most).find();
}

class PathFinder {
  private readonly area: Area;
  private readonly routerId: number;
  private readonly most: number;
  private readonly routers = new Map<number, Vertex>();
  /** By the address of the designated router. */
  private readonly networks = new Map<number, Vertex>();
  private readonly tree: Vertex[] = [];
  private readonly candidates = new CandidateHeap<Vertex>();
  /** The same hop is the same object, so that sets are compared by identity. */
  private readonly hops = new Map<number, Hop>();

  constructor(area: Area, routerId: number, now: number, most: number) {
    this.area = area;
    this.routerId = routerId;
    this.most = most;
    const { database } = area;
    for (const lsa of database.list(LsaType.Router)) {
      if (lsa.id === lsa.router && !lsa.isMaxAge(now)) this.routers.set(lsa.router, newVertex(lsa, false));
    }
    for (const lsa of database.list(LsaType.Network)) {
      if (lsa.isMaxAge(now)) continue;
      const other = this.networks.get(lsa.id);
      // Two for one network: of a router that had another ID before. The younger one is meant.
      if (other !== undefined && other.lsa.age(now) <= lsa.age(now)) continue;
      this.networks.set(lsa.id, newVertex(lsa, true));
    }
  }

  find(): ShortestPaths {
    const root = this.routers.get(this.routerId);
    if (root === undefined) return { routers: new Map(), networks: new Map() };
    root.cost = 0;
    this.candidates.push(root);
    while (this.candidates.size > 0) {
      const vertex = this.candidates.pop();
      if (vertex.done) continue;
      vertex.done = true;
      this.tree.push(vertex);
      if (vertex.isNetwork) this.leaveNetwork(vertex);
      else this.leaveRouter(vertex, vertex === root);
    }
    return this.result();
  }

  private leaveRouter(vertex: Vertex, isRoot: boolean): void {
    for (const link of (vertex.lsa.body as RouterBody).links) {
      let to: Vertex | undefined;
      if (link.type === LinkType.PointToPoint) to = this.routers.get(link.id);
      else if (link.type === LinkType.Transit) to = this.networks.get(link.id);
      if (to === undefined || to.done) continue;
      const cost = vertex.cost + link.metric;
      if (cost > to.cost || !linksBack(to, vertex)) continue;
      const hops = isRoot ? this.firstHops(link) : vertex.hops;
      if (hops.length > 0) this.offer(to, cost, hops);
    }
  }

  private leaveNetwork(vertex: Vertex): void {
    const direct = vertex.hops.length === 0 || vertex.hops.some((hop) => hop.gateway === 0);
    for (const id of (vertex.lsa.body as NetworkBody).routers) {
      const to = this.routers.get(id);
      if (to === undefined || to.done || vertex.cost > to.cost) continue;
      const back = (to.lsa.body as RouterBody).links.find(
        (link) => link.type === LinkType.Transit && link.id === vertex.lsa.id,
      );
      if (back === undefined) continue;
      this.offer(to, vertex.cost, direct ? this.hopsAcross(vertex, back.data) : vertex.hops);
    }
  }

  /** RFC 2328 16.1.1: from a network that is here, straight to the router there. */
  private hopsAcross(network: Vertex, gateway: number): readonly Hop[] {
    return network.hops.map((hop) => (hop.gateway === 0 ? this.hop(hop.on, gateway) : hop));
  }

  /** RFC 2328 16.1.1: out of an interface of our own. */
  private firstHops(link: RouterLink): readonly Hop[] {
    for (const on of this.area.interfaces) {
      if (on.link.address !== link.data) continue;
      if (link.type === LinkType.Transit) return [this.hop(on, 0)];
      for (const neighbour of on.neighbours.values()) {
        if (neighbour.routerId === link.id && neighbour.state >= NeighbourState.Full) {
          return [this.hop(on, neighbour.address)];
        }
      }
    }
    return [];
  }

  /** A way to `to` at `cost`, which is at most what it has. */
  private offer(to: Vertex, cost: number, hops: readonly Hop[]): void {
    if (cost < to.cost) {
      to.cost = cost;
      to.hops = hops;
      this.candidates.push(to);
    } else {
      to.hops = mergeHops(to.hops, hops, this.most);
    }
  }

  private hop(on: OspfInterface, gateway: number): Hop {
    const key = gateway * 65_536 + on.link.index;
    let hop = this.hops.get(key);
    if (hop === undefined) {
      hop = { on, gateway };
      this.hops.set(key, hop);
    }
    return hop;
  }

  private result(): ShortestPaths {
    const routers = new Map<number, RouterPath>();
    const networks = new Map<number, NetworkPath>();
    for (const { lsa, isNetwork, cost, hops } of this.tree) {
      if (isNetwork) {
        const { mask } = lsa.body as NetworkBody;
        this.addNetwork(networks, lsa.id, mask, cost, hops);
        continue;
      }
      const { flags, links } = lsa.body as RouterBody;
      if (lsa.router !== this.routerId) routers.set(lsa.router, { routerId: lsa.router, cost, hops, flags });
      for (const link of links) {
        if (link.type !== LinkType.Stub) continue;
        const own = lsa.router === this.routerId ? this.ownStub(link) : hops;
        this.addNetwork(networks, link.id, link.data, cost + link.metric, own);
      }
    }
    return { routers, networks };
  }

  private addNetwork(
    networks: Map<number, NetworkPath>,
    address: number,
    mask: number,
    cost: number,
    hops: readonly Hop[],
  ): void {
    const length = maskLength(mask);
    if (length < 0) return;
    const network = (address & mask) >>> 0;
    const key = prefixKey(network, length);
    const known = networks.get(key);
    if (known === undefined || cost < known.cost) {
      networks.set(key, { network, length, cost, hops });
    } else if (cost === known.cost) {
      known.hops = mergeHops(known.hops, hops, this.most);
    }
  }

  /** Of a stub network of our own: the interface that it is on. */
  private ownStub(link: RouterLink): readonly Hop[] {
    for (const on of this.area.interfaces) {
      if (((on.link.address ^ link.id) & link.data) === 0) return [this.hop(on, 0)];
      for (const { network } of on.link.secondary) if (network === link.id) return [this.hop(on, 0)];
    }
    return [];
  }
}

function newVertex(lsa: Lsa, isNetwork: boolean): Vertex {
  return { lsa, isNetwork, cost: Infinity, hops: [], done: false };
}

/** RFC 2328 16.1 (2)(b): a link counts when both ends tell of it. */
function linksBack(from: Vertex, to: Vertex): boolean {
  if (from.isNetwork) return (from.lsa.body as NetworkBody).routers.includes(to.lsa.router);
  for (const link of (from.lsa.body as RouterBody).links) {
    if (link.type === LinkType.PointToPoint && link.id === to.lsa.router) return true;
  }
  return false;
}

/** Both sets as one, without doubles, at most so many; the same array when nothing is new. */
export function mergeHops(a: readonly Hop[], b: readonly Hop[], most: number): readonly Hop[] {
  let merged: Hop[] | null = null;
  for (const hop of b) {
    const known = merged ?? a;
    if (known.some((each) => each.on === hop.on && each.gateway === hop.gateway)) continue;
    if (known.length >= most) break;
    merged ??= [...a];
    merged.push(hop);
  }
  return merged ?? a;
}

/** 24 of 255.255.255.0; -1: its ones do not stand in front. */
export function maskLength(mask: number): number {
  const length = Math.clz32(~mask);
  const good = length === 32 ? mask === 0xffffffff : mask === (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0);
  return good ? length : -1;
}
