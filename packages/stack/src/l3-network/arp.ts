import { Drop } from '../base/drop-reasons.ts';
import { formatIpv4, IpAddress } from '../base/ip-address.ts';
import { MacAddress } from '../base/mac-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { What } from '../base/trace.ts';
import { EtherType } from '../l2-link/ethernet.ts';
import { AddressClaims, type ClaimOutput } from './address-claims.ts';
import {
  ARP_LENGTH,
  ArpOperation,
  arpOperation,
  arpSenderIp,
  arpSenderMac,
  arpTargetIp,
  checkArp,
  describeArp,
  writeArp,
} from './arp-header.ts';
import type { IpInterface } from './ip-interface.ts';
import type { IpLink, LinkHandler } from './ip-link.ts';
import type { Neighbour } from './neighbour.ts';
import { NeighbourTable, REACHABLE_NS, RETRANSMIT_NS, type Solicitor } from './neighbours.ts';

/** Bytes in front of an ARP packet: an Ethernet header with a VLAN tag, and some. */
const ARP_HEADROOM = 32;
const MAPPED = 0xffff;
/** 169.254.0.0/16 */
const LINK_LOCAL = 0xa9fe;

/** Who watches ARP: a tool. */
export interface ArpListener {
  /** An ARP packet came in: addresses are 32 bits. */
  arpHeard(on: IpInterface, operation: number, sender: number, mac: MacAddress, target: number): void;
}

/** Who is told that a packet waited for an address in vain. */
export interface UnresolvedHandler {
  unresolved(packet: PacketBuffer): void;
}

/** Who stands for addresses that are nobody's: a translator for those of its outside (RFC 3022 4.4). */
export interface ArpProxy {
  standsFor(address: number, on: IpInterface): boolean;
}

/**
 * The Address Resolution Protocol (RFC 826; RFC 1122 2.3.2): asks everybody on a link who has an IPv4 address, and
 * answers for this host's own.
 */
export class Arp implements Solicitor, ClaimOutput {
  /** Who says for which addresses besides its own this host answers; null: for none. */
  proxy: ArpProxy | null = null;
  readonly name = 'ARP';
  readonly etherType = EtherType.Ipv4;
  readonly unresolvedReason = Drop.ARP_UNRESOLVED;
  readonly queueFullReason = Drop.ARP_QUEUE_FULL;
  readonly neighbours: NeighbourTable;
  /** Addresses that are asked for before they are used, and conflicts. */
  readonly claims: AddressClaims;
  readonly listeners: ArpListener[] = [];
  /** Set once, by who composes the layer. */
  errors: UnresolvedHandler | null = null;
  private readonly node: NodeContext;

  constructor(node: NodeContext) {
    this.node = node;
    this.neighbours = new NeighbourTable(node, this);
    this.claims = new AddressClaims(node, this);
  }

  /** From now on takes the ARP packets that come in there. */
  attach(to: IpInterface): void {
    to.link.register(EtherType.Arp, new ArpPort(this, to));
  }

  detach(from: IpInterface): void {
    from.link.register(EtherType.Arp, null);
    this.neighbours.removeAll(from);
    this.claims.stop(from);
  }

  /**
   * Takes an ARP packet: "Packet Reception" of RFC 826. Whoever speaks to us is learnt; what others say among
   * themselves only renews what is known already, so that nobody fills the table by talking.
   */
  input(packet: PacketBuffer, on: IpInterface, cast: 0 | 1 | 2): void {
    const { node } = this;
    const view = packet.view;
    const at = packet.start;
    if (!checkArp(packet)) {
      node.drop(packet, Drop.ARP_MALFORMED);
      return;
    }
    if (node.trace !== null) node.trace.event(node.name, 3, What.Receive, packet, 0, describeArp(view, at), 'RFC 826');
    const sender = arpSenderIp(view, at);
    const target = arpTargetIp(view, at);
    const mac = arpSenderMac(view, at);
    if (!canBeHost(sender) || !canBeHost(target) || mac.isMulticast) {
      node.drop(packet, Drop.ARP_MALFORMED, 'an address that no host has');
      return;
    }
    const isRequest = arpOperation(view, at) === ArpOperation.Request;
    const forUs = on.has(IpAddress.v4(target)) || this.proxy?.standsFor(target, on) === true;
    for (const listener of this.listeners) listener.arpHeard(on, arpOperation(view, at), sender, mac, target);
    this.claims.heard(on, sender, target, mac);
    if (sender !== 0 && on.has(IpAddress.v4(sender))) {
      node.drop(packet, Drop.ARP_DONE, `${mac} has our ${formatIpv4(sender)}`);
      this.claims.conflict(on, sender, mac);
      return;
    }
    this.merge(sender, mac, on, isRequest ? forUs : false, !isRequest && cast === 0 && forUs);
    if (!forUs) {
      node.drop(packet, Drop.ARP_NOT_FOR_US);
      return;
    }
    node.drop(packet, Drop.ARP_DONE);
    if (isRequest) this.send(on, ArpOperation.Reply, target, mac, sender, mac);
  }

  /** RFC 826's merge flag: what is known is renewed; `create` and `confirmed` say what else is allowed. */
  private merge(sender: number, mac: MacAddress, on: IpInterface, create: boolean, confirmed: boolean): void {
    if (sender === 0) return; // a probe: the sender has no address yet (RFC 5227 2.1.1)
    let entry = this.neighbours.find(0, 0, MAPPED, sender, on);
    if (entry === null && create) {
      entry = this.neighbours.obtain(IpAddress.v4(sender), on);
      if (entry === null) this.node.dropped(Drop.NEIGHBOUR_TABLE_FULL, formatIpv4(sender));
    }
    if (entry !== null) this.neighbours.learn(entry, mac, confirmed);
  }

  reachableNs(): number {
    return REACHABLE_NS;
  }

  retransmitNs(): number {
    return RETRANSMIT_NS;
  }

  solicit(neighbour: Neighbour, unicast: boolean): void {
    const on = neighbour.interface;
    const target = neighbour.address.v4;
    const to = unicast ? neighbour.mac : MacAddress.BROADCAST;
    this.send(on, ArpOperation.Request, on.sourceFor4(target), MacAddress.ZERO, target, to);
  }

  unresolved(packet: PacketBuffer): void {
    this.errors?.unresolved(packet);
  }

  /** Tells everybody on the link whose address this now is (RFC 5227 2.3: an announcement). */
  announce(on: IpInterface, address: IpAddress): void {
    this.announceNow(on, address.v4);
  }

  /** As `announce`, from 32 bits. */
  announceNow(on: IpInterface, address: number): void {
    this.send(on, ArpOperation.Request, address, MacAddress.ZERO, address, MacAddress.BROADCAST);
  }

  /** Asks whether anybody has an address, without saying who asks (RFC 5227 2.1.1). */
  probe(on: IpInterface, address: number): void {
    this.send(on, ArpOperation.Request, 0, MacAddress.ZERO, address, MacAddress.BROADCAST);
  }

  /** An ARP packet as it is asked for, to whom it is asked for: for tools. */
  sendRaw(
    on: IpInterface,
    operation: number,
    senderIp: number,
    targetMac: MacAddress,
    targetIp: number,
    to: MacAddress,
  ): void {
    this.send(on, operation, senderIp, targetMac, targetIp, to);
  }

  private send(
    on: IpInterface,
    operation: number,
    senderIp: number,
    targetMac: MacAddress,
    targetIp: number,
    to: MacAddress,
  ): void {
    const { node } = this;
    const packet = node.pool.acquire(ARP_LENGTH, ARP_HEADROOM);
    const at = packet.put(ARP_LENGTH);
    packet.l3 = at;
    writeArp(packet.view, at, operation, on.link.mac, senderIp, targetMac, targetIp);
    if (node.trace !== null) {
      node.trace.event(node.name, 3, What.Send, packet, 0, describeArp(packet.view, at), 'RFC 826');
    }
    // RFC 3927 2.5: whose address is his own choice lets everybody hear of it, so that conflicts are found.
    on.link.output(packet, senderIp >>> 16 === LINK_LOCAL ? MacAddress.BROADCAST : to, EtherType.Arp);
  }
}

/** The way in from one interface. */
class ArpPort implements LinkHandler {
  private readonly arp: Arp;
  private readonly on: IpInterface;

  constructor(arp: Arp, on: IpInterface) {
    this.arp = arp;
    this.on = on;
  }

  etherInput(packet: PacketBuffer, _link: IpLink, cast: 0 | 1 | 2): void {
    this.arp.input(packet, this.on, cast);
  }
}

/** Neither loopback, multicast, reserved nor broadcast; 0.0.0.0 is who has no address yet. */
function canBeHost(address: number): boolean {
  return address >>> 24 !== 127 && address < 0xe0000000;
}
