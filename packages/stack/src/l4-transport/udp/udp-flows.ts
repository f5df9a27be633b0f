import { Errno } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import { Cast, type Flow, type NetworkLayer, Protocol } from '../../l3-network/network-layer.ts';

/** Flows remembered beside the peer's: one for each of this many classes of addresses. */
const CACHE = 8;

/**
 * The ways that the datagrams of one endpoint go: to its peer, and to those it sent to last, so that who sends to the
 * same again looks up no route. And the options that their IP headers have.
 */
export class UdpFlows {
  /** The way to the peer; null without one. */
  peer: Flow | null = null;
  /** SO_BROADCAST */
  broadcast = false;
  private readonly network: NetworkLayer;
  private cache: (Flow | null)[] | null = null;
  /** The network's `generation` for which the cached flows are right: their sources were the routes' choice. */
  private cacheGeneration = 0;
  private ttlWanted = -1;
  /** What the network layer gives to a new flow. */
  private defaultTtl = 64;
  private multicastTtlWanted = 1;
  private multicastLoopWanted = true;
  private multicastDeviceIndex = 0;
  private multicastSource: IpAddress | null = null;
  private tosWanted = 0;
  private dontFragmentWanted = false;
  private deviceIndex = 0;
  /** IPV6_MULTICAST_IF: the number of the interface that IPv6 groups are spoken to on; 0: what the routes say. */
  private multicastDevice6Index = 0;
  /** The scopes of the peer, and of what is cached. */
  peerScope = 0;
  private cacheScope = 0;

  constructor(network: NetworkLayer) {
    this.network = network;
  }

  /** IP_TTL for single hosts; -1: the network layer's default. Like those below, for what is sent from now on. */
  get ttl(): number {
    return this.ttlWanted;
  }
  set ttl(ttl: number) {
    this.ttlWanted = ttl;
    this.optionsChanged();
  }

  /** IP_MULTICAST_TTL */
  get multicastTtl(): number {
    return this.multicastTtlWanted;
  }
  set multicastTtl(ttl: number) {
    this.multicastTtlWanted = ttl;
    this.optionsChanged();
  }

  /** IP_MULTICAST_LOOP: this host hears what is sent to groups that it is in. */
  get multicastLoop(): boolean {
    return this.multicastLoopWanted;
  }
  set multicastLoop(on: boolean) {
    this.multicastLoopWanted = on;
    this.optionsChanged();
  }

  /** IP_MULTICAST_IF: the number of the interface that groups are sent to by; 0: what the routes say. */
  get multicastDevice(): number {
    return this.multicastDeviceIndex;
  }
  /** `source`: the address to send from, or null. */
  setMulticastDevice(index: number, source: IpAddress | null): void {
    this.multicastDeviceIndex = index;
    this.multicastSource = source;
    this.cache = null;
  }

  /** IP_TOS */
  get tos(): number {
    return this.tosWanted;
  }
  set tos(tos: number) {
    this.tosWanted = tos;
    this.optionsChanged();
  }

  /** Nobody may fragment what is sent (IP_MTU_DISCOVER). */
  get dontFragment(): boolean {
    return this.dontFragmentWanted;
  }
  set dontFragment(on: boolean) {
    this.dontFragmentWanted = on;
    this.optionsChanged();
  }

  /** SO_BINDTODEVICE: the number of the interface to send by; 0: what the routes say. */
  get device(): number {
    return this.deviceIndex;
  }
  set device(index: number) {
    this.deviceIndex = index;
    this.cache = null;
  }

  get multicastDevice6(): number {
    return this.multicastDevice6Index;
  }
  set multicastDevice6(index: number) {
    this.multicastDevice6Index = index;
    this.cache = null;
  }

  /** The way to the peer, -EDESTADDRREQ without one, -EACCES when it is a broadcast that is no longer allowed. */
  toPeer(): Flow | number {
    if (this.peer === null) return -Errno.EDESTADDRREQ;
    return this.allowed(this.peer);
  }

  /**
   * The way to `remote`, from `local` (null: as the routes say); or a negated error number. `scope`: the interface's
   * number, when `remote` is one that means something on one link only.
   */
  to(remote: IpAddress, local: IpAddress | null, scope = 0): Flow | number {
    const { generation } = this.network;
    if (generation !== this.cacheGeneration) {
      this.cache = null;
      this.cacheGeneration = generation;
    }
    if (this.peer?.remote.equals(remote) && scope === this.peerScope) return this.allowed(this.peer);
    if (scope !== this.cacheScope) {
      this.cache = null;
      this.cacheScope = scope;
    }
    const slot = (remote.w3 ^ (remote.w3 >>> 8)) & (CACHE - 1);
    const known = this.cache === null ? null : this.cache[slot]!;
    if (known?.remote.equals(remote)) return this.allowed(known);
    const opened = this.open(remote, local, scope);
    if (typeof opened === 'number') return opened;
    if (this.cache === null) this.cache = new Array<Flow | null>(CACHE).fill(null);
    this.cache[slot] = opened;
    return opened;
  }

  /** A new flow; or a negated error number: -EACCES for a broadcast without SO_BROADCAST. */
  open(remote: IpAddress, local: IpAddress | null, scope = 0): Flow | number {
    // Bound to a group or to a broadcast address, it listens there, but does not send from there.
    let source = local !== null && this.network.isLocal(local) ? local : null;
    let index = this.deviceIndex;
    if (index === 0) index = scope;
    if (index === 0 && remote.isMulticast && remote.family === 6) index = this.multicastDevice6;
    if (index === 0 && remote.isMulticast && remote.family === 4) {
      index = this.multicastDeviceIndex;
      source ??= this.multicastSource;
    }
    const flow = this.network.open(remote, Protocol.Udp, source, index === 0 ? undefined : { interfaceIndex: index });
    if (typeof flow === 'number') return flow;
    if (flow.cast !== Cast.Multicast) this.defaultTtl = flow.ttl;
    this.applyOptions(flow);
    return this.allowed(flow);
  }

  /** Forgets all. */
  clear(): void {
    this.peer = null;
    this.cache = null;
  }

  private allowed(flow: Flow): Flow | number {
    return flow.cast === Cast.Broadcast && !this.broadcast ? -Errno.EACCES : flow;
  }

  private applyOptions(flow: Flow): void {
    if (flow.cast === Cast.Multicast) {
      flow.ttl = this.multicastTtlWanted;
      flow.multicastLoop = this.multicastLoopWanted;
    } else flow.ttl = this.ttlWanted >= 0 ? this.ttlWanted : this.defaultTtl;
    flow.tos = this.tosWanted;
    flow.dontFragment = this.dontFragmentWanted;
  }

  private optionsChanged(): void {
    this.cache = null;
    if (this.peer !== null) this.applyOptions(this.peer);
  }
}
