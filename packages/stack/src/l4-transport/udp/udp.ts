import { finish, sum } from '../../base/checksum.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { Checksum, type PacketBuffer } from '../../base/packet-buffer.ts';
import { sipHash24 } from '../../base/siphash.ts';
import type { GroupService6 } from '../../l3-network/ipv6/socket-groups6.ts';
import type { GroupService } from '../../l3-network/multicast/socket-groups.ts';
import { Cast, type NetworkLayer, Protocol, type ProtocolHandler } from '../../l3-network/network-layer.ts';
import { type PortBinding, PortTable } from '../ports.ts';
import { type DatagramOwner, UdpEndpoint, type UdpLayer } from './udp-endpoint.ts';
import { meaningOfIcmp } from './udp-errors.ts';
import { checkUdp, udpChecksum, udpDestinationPort, udpLength, udpSourcePort } from './udp-header.ts';

/** How well an endpoint fits a datagram: a peer weighs more than an interface, and that more than an address of its own. */
const NO_MATCH = -1;
const MATCHES_LOCAL = 1;
const MATCHES_DEVICE = 2;
const MATCHES_REMOTE = 4;

const DESTINATION_UNREACHABLE = 3;
const PORT_UNREACHABLE = 3;
const DESTINATION_UNREACHABLE6 = 1;
const PORT_UNREACHABLE6 = 4;

/**
 * UDP, the User Datagram Protocol (RFC 768; RFC 1122 4.1; RFC 8085): datagrams between ports, with a checksum and
 * without any promise.
 *
 * A datagram goes to the endpoint that fits it best: one that is connected to its sender, else one bound to the very
 * address, else one bound to all. Broadcasts and multicasts go to all that fit.
 */
export class Udp implements ProtocolHandler, UdpLayer {
  readonly node: NodeContext;
  readonly network: NetworkLayer;
  readonly ports: PortTable;
  /**
   * Who takes datagrams to this host, checked, for which there is no endpoint, and which would be answered with "port
   * unreachable": a gateway that stands for others. `packet.l4` stands at the header; it owns them.
   */
  unclaimed: ProtocolHandler | null = null;
  /** Multicast groups, where the network layer has them; set by who composes the host. */
  groups: GroupService | null = null;
  groups6: GroupService6 | null = null;
  /** Datagrams sent, received, handed to an endpoint's queue, for ports without one, and bad ones (RFC 4113). */
  sent = 0;
  received = 0;
  delivered = 0;
  noPorts = 0;
  errors = 0;
  private readonly heads = new Map<number, UdpEndpoint>();
  private readonly hashKey: Uint32Array;
  private readonly hashWords = new Uint32Array(3);

  /** Registers itself with the network layer as protocol 17. */
  constructor(node: NodeContext, network: NetworkLayer) {
    this.node = node;
    this.network = network;
    this.ports = new PortTable(node, 'udp ports');
    const random = node.random.fork('udp hash');
    this.hashKey = Uint32Array.of(random.u32(), random.u32(), random.u32(), random.u32());
    network.register(Protocol.Udp, this);
  }

  /** An endpoint on a port that was bound in `ports`; takes over the hold on the binding. */
  open(binding: PortBinding, owner: DatagramOwner | null, family: 4 | 6 | 0 = 4): UdpEndpoint {
    const endpoint = new UdpEndpoint(this, binding, owner, family);
    endpoint.next = this.heads.get(binding.port) ?? null;
    this.heads.set(binding.port, endpoint);
    return endpoint;
  }

  /** All endpoints, by port: for tools that list them. */
  endpoints(): UdpEndpoint[] {
    const all: UdpEndpoint[] = [];
    for (const port of [...this.heads.keys()].sort((a, b) => a - b)) {
      for (let endpoint = this.heads.get(port) ?? null; endpoint !== null; endpoint = endpoint.next) all.push(endpoint);
    }
    return all;
  }

  /** Takes an endpoint out: called by its `close`. */
  detach(endpoint: UdpEndpoint): void {
    const head = this.heads.get(endpoint.localPort);
    if (head === endpoint) {
      if (endpoint.next === null) this.heads.delete(endpoint.localPort);
      else this.heads.set(endpoint.localPort, endpoint.next);
    } else {
      let before = head;
      while (before !== undefined && before.next !== endpoint) before = before.next ?? undefined;
      if (before !== undefined) before.next = endpoint.next;
    }
    endpoint.next = null;
  }

  input(packet: PacketBuffer, cast: Cast): void {
    const { node } = this;
    const { view } = packet;
    const at = packet.start;
    this.received++;
    const wrong = checkUdp(view, at, packet.end);
    if (wrong !== 0) {
      this.errors++;
      node.drop(packet, wrong);
      return;
    }
    packet.l4 = at;
    packet.trim(udpLength(view, at)); // what follows is padding
    if (!checksumIsRight(packet)) {
      this.errors++;
      node.drop(packet, Drop.UDP_BAD_CHECKSUM);
      return;
    }
    const head = this.heads.get(udpDestinationPort(view, at)) ?? null;
    if (cast !== Cast.Unicast) {
      this.deliverToAll(packet, head, cast === Cast.Multicast);
      return;
    }
    const endpoint = head === null ? null : this.best(packet, head);
    if (endpoint !== null) {
      endpoint.deliver(packet);
      return;
    }
    if (this.unclaimed !== null) {
      this.unclaimed.input(packet, cast);
      return;
    }
    this.refuse(packet);
  }

  /** Tells a datagram's sender that nobody takes it, and drops it. For `input`, and for who was given it as unclaimed. */
  refuse(packet: PacketBuffer): void {
    const { view } = packet;
    this.noPorts++;
    // RFC 1122 4.1.3.1: the sender should hear that nobody is here.
    if (view.getUint8(packet.l3) >> 4 === 4) {
      this.network.sendIcmpError(packet, DESTINATION_UNREACHABLE, PORT_UNREACHABLE);
    } else {
      this.network.sendIcmpError(packet, DESTINATION_UNREACHABLE6, PORT_UNREACHABLE6);
    }
    const known = this.heads.has(udpDestinationPort(view, packet.start));
    this.node.drop(packet, known ? Drop.UDP_NOT_PEER : Drop.UDP_NO_PORT);
  }

  /** RFC 1122 4.1.3.3: an ICMP error goes to the endpoint that sent what is quoted. */
  icmpError(packet: PacketBuffer, type: number, code: number, mtu: number, from: IpAddress): void {
    const { view, l3, start } = packet;
    const family = view.getUint8(l3) >> 4 === 6 ? 6 : 4;
    const meaning = meaningOfIcmp(family, type, code);
    if (meaning === null) return;
    const localAt = family === 4 ? l3 + 12 : l3 + 8;
    const remoteAt = family === 4 ? l3 + 16 : l3 + 24;
    let endpoint = this.heads.get(udpSourcePort(view, start)) ?? null;
    let best: UdpEndpoint | null = null;
    let bestScore = NO_MATCH;
    while (endpoint !== null) {
      // By whichever interface the error came: what it quotes says whose it is.
      const score = scoreOf(endpoint, 0, view, family, localAt, remoteAt, udpDestinationPort(view, start));
      if (score > bestScore) {
        best = endpoint;
        bestScore = score;
      }
      endpoint = endpoint.next;
    }
    if (best !== null) best.failed(meaning, type, code, mtu, from, packet);
    else if (this.unclaimed !== null) this.unclaimed.icmpError(packet, type, code, mtu, from);
  }

  /** The endpoint that fits best; of several that share the port by SO_REUSEPORT, the one that the hash of the sender says. */
  private best(packet: PacketBuffer, head: UdpEndpoint): UdpEndpoint | null {
    const { view, l3, l4 } = packet;
    const family = view.getUint8(l3) >> 4 === 6 ? 6 : 4;
    const localAt = family === 4 ? l3 + 16 : l3 + 24;
    const remoteAt = family === 4 ? l3 + 12 : l3 + 8;
    const port = udpSourcePort(view, l4);
    let best: UdpEndpoint | null = null;
    let bestScore = NO_MATCH;
    let equals = 0;
    for (let endpoint: UdpEndpoint | null = head; endpoint !== null; endpoint = endpoint.next) {
      const score = scoreOf(endpoint, packet.device, view, family, localAt, remoteAt, port);
      if (score > bestScore) {
        best = endpoint;
        bestScore = score;
        equals = 1;
      } else if (score === bestScore && score !== NO_MATCH && endpoint.binding.reusePort) {
        equals++;
      }
    }
    if (equals < 2 || best === null || !best.binding.reusePort) return best;
    this.hashWords[0] = view.getUint32(remoteAt + (family === 4 ? 0 : 12));
    this.hashWords[1] = family === 4 ? 0 : view.getUint32(remoteAt + 4);
    this.hashWords[2] = port;
    let chosen = sipHash24(this.hashKey, this.hashWords) % equals;
    for (let endpoint: UdpEndpoint | null = head; endpoint !== null; endpoint = endpoint.next) {
      if (!endpoint.binding.reusePort) continue;
      const score = scoreOf(endpoint, packet.device, view, family, localAt, remoteAt, port);
      if (score === bestScore && chosen-- === 0) return endpoint;
    }
    return best;
  }

  /** RFC 1122 4.1.3.5, 8085 3.1: a broadcast or multicast goes to everybody who waits for it; nobody is told if nobody does. */
  private deliverToAll(packet: PacketBuffer, head: UdpEndpoint | null, isGroup: boolean): void {
    const { view, l3, l4 } = packet;
    const family = view.getUint8(l3) >> 4 === 6 ? 6 : 4;
    const localAt = family === 4 ? l3 + 16 : l3 + 24;
    const remoteAt = family === 4 ? l3 + 12 : l3 + 8;
    const port = udpSourcePort(view, l4);
    let last: UdpEndpoint | null = null;
    for (let endpoint = head; endpoint !== null; endpoint = endpoint.next) {
      if (scoreOf(endpoint, packet.device, view, family, localAt, remoteAt, port) === NO_MATCH) continue;
      if (isGroup && !(family === 4 ? hears(endpoint, packet) : hears6(endpoint, packet))) continue;
      if (last !== null) last.deliver(packet.copy());
      last = endpoint;
    }
    if (last !== null) {
      last.deliver(packet);
      return;
    }
    this.noPorts++;
    this.node.drop(packet, Drop.UDP_UNHEARD);
  }
}

/**
 * How well `endpoint` fits a datagram between the address at `localAt` and the one at `remoteAt` with `remotePort`, that
 * came in by the interface `device` (0: by whichever). One that is bound to an interface hears no other
 * (SO_BINDTODEVICE), and fits better than one that is not.
 */
function scoreOf(
  endpoint: UdpEndpoint,
  device: number,
  view: DataView,
  family: 4 | 6,
  localAt: number,
  remoteAt: number,
  remotePort: number,
): number {
  if (endpoint.family !== family && endpoint.family !== 0) return NO_MATCH;
  let score = 0;
  const only = endpoint.flows.device;
  if (only !== 0) {
    if (device !== 0 && device !== only) return NO_MATCH;
    score = MATCHES_DEVICE;
  }
  if (endpoint.local !== null) {
    if (!addressIs(view, localAt, family, endpoint.local)) return NO_MATCH;
    score += MATCHES_LOCAL;
  }
  if (endpoint.remote !== null) {
    if (endpoint.remotePort !== remotePort || !addressIs(view, remoteAt, family, endpoint.remote)) return NO_MATCH;
    score += MATCHES_REMOTE;
  }
  return score;
}

/** RFC 3376 3.1: a group's packets go to those who want what this source sends. */
function hears({ groups }: UdpEndpoint, { view, l3, device }: PacketBuffer): boolean {
  return groups === null || groups.hears(view.getUint32(l3 + 16), view.getUint32(l3 + 12), device);
}

/** A group's packets go to those who joined it there, and to those who joined nothing (IPV6_MULTICAST_ALL). */
function hears6({ groups6 }: UdpEndpoint, { view, l3, device }: PacketBuffer): boolean {
  return groups6 === null || groups6.hears(IpAddress.read6(view, l3 + 24), device);
}

function addressIs(view: DataView, at: number, family: 4 | 6, address: IpAddress): boolean {
  if (address.family !== family) return false;
  if (family === 4) return view.getUint32(at) === address.w3;
  return (
    view.getUint32(at) === address.w0 &&
    view.getUint32(at + 4) === address.w1 &&
    view.getUint32(at + 8) === address.w2 &&
    view.getUint32(at + 12) === address.w3
  );
}

/** RFC 1122 4.1.3.4. Over IPv6 there is no datagram without a checksum (RFC 8200 8.1). */
function checksumIsRight(packet: PacketBuffer): boolean {
  if (packet.checksum !== Checksum.None) return true;
  const { view, l3, l4 } = packet;
  const overIpv4 = view.getUint8(l3) >> 4 === 4;
  if (udpChecksum(view, l4) === 0) return overIpv4;
  const length = packet.end - l4;
  const pseudo = overIpv4 ? sum(view, l3 + 12, l3 + 20) : sum(view, l3 + 8, l3 + 40);
  if (finish(sum(view, l4, packet.end, pseudo + Protocol.Udp + length)) !== 0) return false;
  packet.checksum = Checksum.Verified;
  return true;
}
