import { Drop } from '../../base/drop-reasons.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { MacAddress } from '../../base/mac-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import { EtherType } from '../../l2-link/ethernet.ts';
import type { UnresolvedHandler } from '../arp.ts';
import type { IpInterface } from '../ip-interface.ts';
import { type Neighbour, NeighbourState } from '../neighbour.ts';
import { NeighbourTable, type Solicitor } from '../neighbours.ts';
import type { InterfaceAddress } from './interface-address.ts';
import {
  type Icmp6Handler,
  type Ipv6Control,
  type Ipv6Interface,
  REACHABLE_NS,
  RETRANSMIT_NS,
} from './ipv6-interface.ts';
import {
  ALL_NODES,
  describeNd,
  NA_LENGTH,
  NaFlag,
  ND_HOP_LIMIT,
  NdType,
  NS_LENGTH,
  naFlags,
  ndProblem,
  ndTarget,
  solicitedNode,
  writeNeighbourMessage,
} from './nd-messages.ts';
import {
  LINK_ADDRESS_OPTION,
  linkAddressOption,
  NdOption,
  putLinkAddressOption,
  putNonceOption,
} from './nd-options.ts';

/** Who asks whether addresses are free, and is told of signs that they are not. */
export interface AddressWatcher {
  /** `tentative` was asked for by a host that is about to take it; the options stand in `[options, end)`. */
  askedFor(on: Ipv6Interface, tentative: InterfaceAddress, packet: PacketBuffer, options: number): void;
  /** Somebody at `mac` says that an address of ours is his. */
  claimed(on: Ipv6Interface, address: InterfaceAddress, mac: MacAddress | null): void;
}

/** Who keeps the routers to send by default. */
export interface RouterWatcher {
  /** What was a router said that it is one no longer (RFC 4861 7.2.5). */
  routerLost(on: Ipv6Interface, address: IpAddress): void;
  /** A neighbour can be reached again, or no more. */
  routerReachable(on: Ipv6Interface, address: IpAddress, reachable: boolean): void;
}

/**
 * Neighbour discovery (RFC 4861 7): asks a group, which as a rule has one member, for the MAC address of an IPv6
 * address, and answers for this host's own.
 */
export class NeighbourDiscovery implements Solicitor, Icmp6Handler {
  readonly name = 'neighbour discovery';
  readonly etherType = EtherType.Ipv6;
  readonly unresolvedReason = Drop.ND_UNRESOLVED;
  readonly queueFullReason = Drop.ND_QUEUE_FULL;
  readonly neighbours: NeighbourTable;
  /** Set once, by who composes the layer. */
  errors: UnresolvedHandler | null = null;
  addresses: AddressWatcher | null = null;
  routers: RouterWatcher | null = null;
  private readonly node: NodeContext;
  private readonly control: Ipv6Control;

  constructor(node: NodeContext, control: Ipv6Control) {
    this.node = node;
    this.control = control;
    this.neighbours = new NeighbourTable(node, this);
  }

  reachableNs(on: IpInterface): number {
    return on.v6?.reachableNs ?? REACHABLE_NS;
  }

  retransmitNs(on: IpInterface): number {
    return on.v6?.retransmitNs ?? RETRANSMIT_NS;
  }

  /** Takes solicitations and advertisements of neighbours. */
  icmp6Input(packet: PacketBuffer, from: Ipv6Interface): void {
    const { node } = this;
    const { view, start } = packet;
    const problem = ndProblem(packet);
    if (problem !== null) {
      node.drop(packet, Drop.ND_INVALID, problem);
      return;
    }
    if (node.trace !== null) {
      node.trace.event(node.name, 3, What.Receive, packet, 0, describeNd(view, start), 'RFC 4861 7.2');
    }
    if (view.getUint8(start) === NdType.NeighbourSolicitation) this.solicited(packet, from);
    else this.advertised(packet, from);
  }

  /** RFC 4861 7.2.3: who asks is learnt, and answered. */
  private solicited(packet: PacketBuffer, on: Ipv6Interface): void {
    const { node } = this;
    const { view, start, end, l3 } = packet;
    const own = on.find(ndTarget(view, start));
    const options = start + NS_LENGTH;
    if (own === null || own.state === 'duplicate') {
      node.drop(packet, Drop.ND_NOT_FOR_US);
      return;
    }
    const asker = IpAddress.read6(view, l3 + 8);
    if (own.state === 'tentative') {
      // RFC 4862 5.4.3: who asks from an address resolves ours, which we have not; who asks from none wants to have it.
      if (asker.isUnspecified) this.addresses?.askedFor(on, own, packet, options);
      node.drop(packet, Drop.ND_NOT_FOR_US, `${own.address} is tentative here`);
      return;
    }
    const mac = linkAddressOption(view, options, end, NdOption.SourceLinkAddress);
    if (on.has(asker)) {
      const other = on.find(asker)!;
      this.addresses?.claimed(on, other, mac);
      node.drop(packet, Drop.ND_DONE, `${asker} is ours`);
      return;
    }
    if (!asker.isUnspecified && mac !== null) this.learn(asker, on, mac);
    node.drop(packet, Drop.ND_DONE);
    if (asker.isUnspecified) this.advertise(on, own.address, ALL_NODES, NaFlag.Override);
    else this.advertise(on, own.address, asker, NaFlag.Override | NaFlag.Solicited);
  }

  /** `mac` was heard of as somebody's who spoke to us. Its entry is made if there is none (RFC 4861 7.2.3, 6.2.6). */
  learn(address: IpAddress, on: Ipv6Interface, mac: MacAddress): Neighbour | null {
    const entry = this.neighbours.obtain(address, on.ip);
    if (entry === null) this.node.dropped(Drop.NEIGHBOUR_TABLE_FULL, `${address}`);
    else this.neighbours.learn(entry, mac, false);
    return entry;
  }

  /** The entry of who spoke to us: renewed when he told his MAC address, else only if there is one. */
  heardOf(address: IpAddress, on: Ipv6Interface, mac: MacAddress | null): Neighbour | null {
    if (mac !== null) return this.learn(address, on, mac);
    return this.neighbours.find(address.w0, address.w1, address.w2, address.w3, on.ip);
  }

  /** RFC 4861 7.2.5, with the rules of its appendix C. */
  private advertised(packet: PacketBuffer, on: Ipv6Interface): void {
    const { node, neighbours } = this;
    const { view, start, end } = packet;
    const target = ndTarget(view, start);
    const mac = linkAddressOption(view, start + NA_LENGTH, end, NdOption.TargetLinkAddress);
    const own = on.find(target);
    if (own !== null) {
      if (own.state !== 'duplicate') this.addresses?.claimed(on, own, mac);
      node.drop(packet, Drop.ND_DONE, `${target} is ours`);
      return;
    }
    const entry = neighbours.find(target.w0, target.w1, target.w2, target.w3, on.ip);
    if (entry === null || entry.state === NeighbourState.None || entry.state === NeighbourState.Failed) {
      node.drop(packet, Drop.ND_DONE, `nobody here asked for ${target}`);
      return;
    }
    const flags = naFlags(view, start);
    const solicited = (flags & NaFlag.Solicited) !== 0;
    const asked = entry.state === NeighbourState.Incomplete;
    if (asked) {
      if (mac === null) {
        node.drop(packet, Drop.ND_IGNORED, 'it tells no link-layer address');
        return;
      }
    } else if (mac !== null && !mac.equals(entry.mac) && (flags & NaFlag.Override) === 0) {
      neighbours.doubt(entry, mac);
      node.drop(packet, Drop.ND_IGNORED, `${mac} does not override ${entry.mac}`);
      return;
    }
    this.setRouter(entry, on, (flags & NaFlag.Router) !== 0);
    node.drop(packet, Drop.ND_DONE);
    if (asked || solicited || (mac !== null && !mac.equals(entry.mac)))
      neighbours.learn(entry, mac ?? entry.mac, solicited);
  }

  private setRouter(entry: Neighbour, on: Ipv6Interface, router: boolean): void {
    const was = entry.router;
    entry.router = router;
    if (was && !router) this.routers?.routerLost(on, entry.address);
  }

  reachabilityChanged(neighbour: Neighbour, reachable: boolean): void {
    const on = neighbour.interface.v6;
    if (on !== null) this.routers?.routerReachable(on, neighbour.address, reachable);
  }

  /** RFC 4861 7.2.2: from the address that the waiting packet has, if it is ours. */
  solicit(neighbour: Neighbour, unicast: boolean): void {
    const on = neighbour.interface.v6;
    if (on === null) return;
    const source = this.sourceFor(on, neighbour);
    if (source === null) return; // no address is ours yet: it counts as a question without an answer
    this.ask(on, neighbour.address, source, unicast ? neighbour.address : solicitedNode(neighbour.address));
  }

  private sourceFor(on: Ipv6Interface, neighbour: Neighbour): IpAddress | null {
    const waiting = neighbour.waiting.first;
    if (waiting !== null && waiting.length >= 40) {
      const source = IpAddress.read6(waiting.view, waiting.start + 8);
      if (on.has(source)) return source;
    }
    return speaksTo(on, neighbour.address);
  }

  /** Sends a solicitation for `target`, with the sender's MAC address. */
  private ask(on: Ipv6Interface, target: IpAddress, source: IpAddress, to: IpAddress): void {
    const packet = this.message(NdType.NeighbourSolicitation, 0, target);
    putLinkAddressOption(packet, NdOption.SourceLinkAddress, on.link.mac);
    this.send(packet, source, to, on);
  }

  /** Asks whether anybody has `target`: from nobody, with a nonce by which the question is known (RFC 4862 5.4.2, RFC 7527). */
  probe(on: Ipv6Interface, target: IpAddress, nonceHigh: number, nonceLow: number): void {
    const packet = this.message(NdType.NeighbourSolicitation, 0, target);
    putNonceOption(packet, nonceHigh, nonceLow);
    this.send(packet, IpAddress.ANY6, solicitedNode(target), on);
  }

  /** Tells that `address` is here. With flags 0 nobody replaces what he knows; `to` may be all nodes (RFC 4861 7.2.6). */
  advertise(on: Ipv6Interface, address: IpAddress, to: IpAddress, flags: number): void {
    const all = flags | (this.control.forwarding ? NaFlag.Router : 0);
    const packet = this.message(NdType.NeighbourAdvertisement, all, address);
    putLinkAddressOption(packet, NdOption.TargetLinkAddress, on.link.mac);
    this.send(packet, address, to, on);
  }

  unresolved(packet: PacketBuffer): void {
    this.errors?.unresolved(packet);
  }

  private message(type: number, flags: number, target: IpAddress): PacketBuffer {
    const packet = this.node.pool.acquire(NS_LENGTH + LINK_ADDRESS_OPTION);
    const at = packet.put(NS_LENGTH);
    writeNeighbourMessage(packet.view, at, type, flags, target);
    return packet;
  }

  private send(packet: PacketBuffer, source: IpAddress, to: IpAddress, on: Ipv6Interface): void {
    const { node } = this;
    if (node.trace !== null) {
      node.trace.event(node.name, 3, What.Send, packet, 0, describeNd(packet.view, packet.start), 'RFC 4861 7.2');
    }
    this.control.sendControl(packet, source, to, on, ND_HOP_LIMIT, false);
  }
}

/** The address to speak with to a neighbour: link-local to link-local, else of its network, else what there is. */
export function speaksTo(on: Ipv6Interface, neighbour: IpAddress): IpAddress | null {
  let any: IpAddress | null = null;
  for (const each of on.addresses) {
    if (!each.usable) continue;
    if (each.address.isLinkLocal === neighbour.isLinkLocal && each.prefix.contains(neighbour)) return each.address;
    if (any === null || each.address.isLinkLocal) any = each.address;
  }
  return any;
}
