import { finish, sum } from '../../base/checksum.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { Errno } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { Checksum, type PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import { EtherType } from '../../l2-link/ethernet.ts';
import { reasonFor } from '../flow.ts';
import { Protocol, type SendOptions } from '../network-layer.ts';
import { NextHeader, ROUTER_ALERT_LENGTH, writeRouterAlert } from './extension-headers.ts';
import { type Ipv6Flow, openFlow6 } from './flow6.ts';
import { describeIcmp6, setIcmp6Checksum } from './icmp6-header.ts';
import { IPV6_HEADER_LENGTH, ipv6AddressSum, writeIpv6Header } from './ipv6-header.ts';
import type { Ipv6Interface } from './ipv6-interface.ts';
import { type Ipv6Paths, multicastMac6 } from './ipv6-paths.ts';

/** Flows kept for datagrams that have none, so that the second to one address costs no lookup. */
const KEPT_FLOWS = 64;

/** The way out of IPv6: flows for connections, single datagrams, and ICMPv6's own messages. */
export class Ipv6Output {
  private readonly node: NodeContext;
  private readonly paths: Ipv6Paths;
  /** By hash of what it was opened with; one of the same hash takes the place. */
  private readonly kept: (KeptFlow6 | null)[] = new Array<KeptFlow6 | null>(KEPT_FLOWS).fill(null);

  constructor(node: NodeContext, paths: Ipv6Paths) {
    this.node = node;
    this.paths = paths;
  }

  /** See `NetworkLayer.open`. */
  open(remote: IpAddress, protocol: number, local: IpAddress | null, options?: SendOptions): Ipv6Flow | number {
    if (remote.family !== 6 || (local !== null && local.family !== 6)) return -Errno.EAFNOSUPPORT;
    const to = remote.isUnspecified ? IpAddress.LOOPBACK6 : remote;
    const source = local === null || local.isUnspecified ? null : local;
    const device = options?.interfaceIndex ?? 0;
    const flow = openFlow6(this.paths, to, protocol, source, device, options?.transparent === true);
    if (typeof flow === 'number') return flow;
    flow.keepSource();
    if (options?.ttl !== undefined) flow.ttl = options.ttl;
    if (options?.tos !== undefined) flow.tos = options.tos;
    if (options?.dontFragment !== undefined) flow.dontFragment = options.dontFragment;
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
    if (remote.family !== 6 || (local !== null && local.family !== 6)) {
      this.node.drop(packet, Drop.IP_NO_ROUTE, `to ${remote}`);
      return -Errno.EAFNOSUPPORT;
    }
    if (options?.transparent === true || options?.multicastLoop === false) {
      const flow = this.open(remote, protocol, local, options);
      if (typeof flow !== 'number') return flow.send(packet);
      this.node.drop(packet, reasonFor(flow), `to ${remote}`);
      return flow;
    }
    return this.sendTo(
      packet,
      protocol,
      local,
      remote,
      options?.ttl ?? 0,
      options?.tos ?? 0,
      options?.dontFragment ?? false,
      options?.interfaceIndex ?? 0,
    );
  }

  /** As `send`, for callers inside the layer: `local` null: chosen, `hopLimit` 0 is the default. */
  sendTo(
    packet: PacketBuffer,
    protocol: number,
    local: IpAddress | null,
    remote: IpAddress,
    hopLimit: number,
    trafficClass: number,
    dontFragment: boolean,
    device: number,
  ): number {
    const destination = remote.isUnspecified ? IpAddress.LOOPBACK6 : remote;
    const hash =
      destination.w3 ^ Math.imul(destination.w1, 3) ^ (local === null ? 0 : local.w3 * 5) ^ protocol ^ device;
    const slot = (Math.imul(hash, 0x9e3779b1) >>> 26) % KEPT_FLOWS;
    let kept = this.kept[slot]!;
    if (kept === null || !kept.is(destination, protocol, local, device)) {
      const flow = openFlow6(this.paths, destination, protocol, local, device);
      if (typeof flow === 'number') {
        this.node.drop(packet, reasonFor(flow), `to ${destination}`);
        return flow;
      }
      kept = new KeptFlow6(flow, destination, protocol, local, device);
      this.kept[slot] = kept;
    }
    const { flow } = kept;
    flow.ttl = hopLimit !== 0 ? hopLimit : kept.hopLimit;
    flow.tos = trafficClass;
    flow.dontFragment = dontFragment;
    return flow.send(packet);
  }

  /** See `NetworkLayer.sourceFor`. */
  sourceFor(remote: IpAddress): IpAddress | number {
    if (remote.family !== 6) return -Errno.EAFNOSUPPORT;
    const error = this.paths.find(remote.isUnspecified ? IpAddress.LOOPBACK6 : remote, null, 0);
    return error < 0 ? error : this.paths.source;
  }

  /** See `Ipv6Control.sendControl`: no route is asked, the message stays on its link. */
  sendControl(
    packet: PacketBuffer,
    source: IpAddress,
    destination: IpAddress,
    out: Ipv6Interface,
    hopLimit: number,
    routerAlert: boolean,
  ): number {
    const { node } = this;
    const length = packet.length;
    packet.l4 = packet.start;
    const pseudo = ipv6AddressSum(source, destination) + Protocol.Icmpv6 + length;
    setIcmp6Checksum(packet.view, packet.start, finish(sum(packet.view, packet.start, packet.end, pseudo)));
    packet.checksum = Checksum.Verified;
    const detail = node.trace === null ? '' : describeIcmp6(packet.view, packet.start);
    let next: number = Protocol.Icmpv6;
    if (routerAlert) {
      writeRouterAlert(packet.view, packet.push(ROUTER_ALERT_LENGTH), next);
      next = NextHeader.HopByHop;
    }
    const payload = packet.length;
    packet.l3 = packet.push(IPV6_HEADER_LENGTH);
    writeIpv6Header(packet.view, packet.l3, 0, 0, payload, next, hopLimit, source, destination);
    if (node.trace !== null) {
      const text = `${source} > ${destination} ${detail}, dev ${out.name}`;
      node.trace.event(node.name, 3, What.Send, packet, 0, text, 'RFC 4443');
    }
    if (destination.isMulticast) return out.link.output(packet, multicastMac6(destination), EtherType.Ipv6);
    const neighbour = this.paths.neighbours.obtain(destination, out.ip);
    if (neighbour !== null) return neighbour.output(packet);
    node.drop(packet, Drop.NEIGHBOUR_TABLE_FULL, `${destination}`);
    return -Errno.ENOBUFS;
  }
}

/** A flow and what it was opened with. */
class KeptFlow6 {
  readonly flow: Ipv6Flow;
  /** What it had when it was opened. */
  readonly hopLimit: number;
  private readonly remote: IpAddress;
  private readonly protocol: number;
  private readonly local: IpAddress | null;
  private readonly device: number;

  constructor(flow: Ipv6Flow, remote: IpAddress, protocol: number, local: IpAddress | null, device: number) {
    this.flow = flow;
    this.hopLimit = flow.ttl;
    this.remote = remote;
    this.protocol = protocol;
    this.local = local;
    this.device = device;
  }

  is(remote: IpAddress, protocol: number, local: IpAddress | null, device: number): boolean {
    if (this.protocol !== protocol || this.device !== device || !this.remote.equals(remote)) return false;
    return this.local === null ? local === null : local !== null && this.local.equals(local);
  }
}
