import { Drop } from '../base/drop-reasons.ts';
import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { DEFAULT_TTL, type Ipv4Flow, openFlow, reasonFor } from './flow.ts';
import { effectiveRemote, type Ipv4Paths } from './ipv4-paths.ts';
import { Cast, type SendOptions } from './network-layer.ts';

/** Flows kept for datagrams that have none, so that the second to one address costs no lookup. */
const KEPT_FLOWS = 64;

/** The way out of IPv4: flows for connections, and single datagrams. */
export class Ipv4Output {
  private readonly node: NodeContext;
  private readonly paths: Ipv4Paths;
  /** By hash of what it was opened with; one of the same hash takes the place. */
  private readonly kept: (KeptFlow | null)[] = new Array<KeptFlow | null>(KEPT_FLOWS).fill(null);

  constructor(node: NodeContext, paths: Ipv4Paths) {
    this.node = node;
    this.paths = paths;
  }

  /** See `NetworkLayer.open`. */
  open(remote: IpAddress, protocol: number, local: IpAddress | null, options?: SendOptions): Ipv4Flow | number {
    if (remote.family !== 4 || (local !== null && local.family !== 4)) return -Errno.EAFNOSUPPORT;
    const to = remote.isUnspecified ? IpAddress.LOOPBACK4 : remote;
    const source = local === null ? 0 : local.v4;
    const device = options?.interfaceIndex ?? 0;
    const transparent = options?.transparent === true;
    const flow = openFlow(this.paths, to, protocol, source, device, transparent, options?.tos ?? 0);
    if (typeof flow === 'number') return flow;
    flow.keepSource();
    if (options?.ttl !== undefined) flow.ttl = options.ttl;
    if (options?.dontFragment !== undefined) flow.dontFragment = options.dontFragment;
    if (options?.ipOptions !== undefined) flow.setOptions(options.ipOptions);
    if (options?.multicastLoop !== undefined) flow.multicastLoop = options.multicastLoop;
    return flow;
  }

  /** See `NetworkLayer.send`. */
  send(
    packet: PacketBuffer,
    protocol: number,
    local: IpAddress | null,
    remote: IpAddress,
    options?: SendOptions,
  ): number {
    if (remote.family !== 4 || (local !== null && local.family !== 4)) {
      this.node.drop(packet, Drop.IP_NO_ROUTE, `to ${remote}`);
      return -Errno.EAFNOSUPPORT;
    }
    if (options?.transparent === true || options?.ipOptions !== undefined || options?.multicastLoop === false) {
      return this.sendSpecial(packet, protocol, local, remote, options);
    }
    return this.sendTo(
      packet,
      protocol,
      local === null ? 0 : local.v4,
      remote.v4,
      options?.ttl ?? 0,
      options?.tos ?? 0,
      options?.dontFragment ?? false,
      options?.broadcast ?? false,
      options?.interfaceIndex ?? 0,
    );
  }

  /** In somebody else's name, or with options in the header: rare enough to look for the way each time. */
  private sendSpecial(
    packet: PacketBuffer,
    protocol: number,
    local: IpAddress | null,
    remote: IpAddress,
    options: SendOptions,
  ): number {
    const flow = this.open(remote, protocol, local, options);
    if (typeof flow !== 'number') {
      const toAll = flow.cast === Cast.Multicast || options.broadcast === true;
      if (flow.cast === Cast.Unicast || (toAll && options.transparent !== true)) return flow.send(packet);
    }
    this.node.drop(packet, typeof flow === 'number' ? reasonFor(flow) : Drop.IP_BROADCAST_REFUSED, `to ${remote}`);
    return typeof flow === 'number' ? flow : -Errno.EACCES;
  }

  /** As `send`, for callers inside the layer: addresses are 32 bits (`local` 0: chosen), `ttl` 0 is the default. */
  sendTo(
    packet: PacketBuffer,
    protocol: number,
    local: number,
    remote: number,
    ttl: number,
    tos: number,
    dontFragment: boolean,
    broadcast: boolean,
    device: number,
  ): number {
    const destination = effectiveRemote(remote);
    const slot = (Math.imul(destination ^ Math.imul(local, 5) ^ protocol ^ device, 0x9e3779b1) >>> 26) % KEPT_FLOWS;
    let kept = this.kept[slot];
    if (kept === null || !kept.is(destination, protocol, local, device)) {
      const flow = openFlow(this.paths, IpAddress.v4(destination), protocol, local, device);
      if (typeof flow === 'number') {
        this.node.drop(packet, reasonFor(flow), `to ${IpAddress.v4(destination)}`);
        return flow;
      }
      kept = new KeptFlow(flow, destination, protocol, local, device);
      this.kept[slot] = kept;
    }
    const flow = kept.flow;
    if (flow.cast === Cast.Broadcast && !broadcast) {
      this.node.drop(packet, Drop.IP_BROADCAST_REFUSED, `to ${flow.remote}`);
      return -Errno.EACCES;
    }
    flow.ttl = ttl !== 0 ? ttl : flow.cast === Cast.Multicast ? 1 : DEFAULT_TTL;
    flow.tos = tos;
    flow.dontFragment = dontFragment;
    return flow.send(packet);
  }

  /** See `NetworkLayer.sourceFor`. */
  sourceFor(remote: IpAddress): IpAddress | number {
    if (remote.family !== 4) return -Errno.EAFNOSUPPORT;
    const error = this.paths.find(effectiveRemote(remote.v4), 0, 0);
    return error < 0 ? error : IpAddress.v4(this.paths.source);
  }
}

/** A flow and what it was opened with. */
class KeptFlow {
  readonly flow: Ipv4Flow;
  private readonly remote: number;
  private readonly protocol: number;
  private readonly local: number;
  private readonly device: number;

  constructor(flow: Ipv4Flow, remote: number, protocol: number, local: number, device: number) {
    this.flow = flow;
    this.remote = remote;
    this.protocol = protocol;
    this.local = local;
    this.device = device;
  }

  is(remote: number, protocol: number, local: number, device: number): boolean {
    return this.remote === remote && this.protocol === protocol && this.local === local && this.device === device;
  }
}
