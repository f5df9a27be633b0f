import { finish, sum } from '../../base/checksum.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { Errno } from '../../base/errors.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { Checksum, type PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import { EchoEndpoint, type EchoOwner, type EchoService } from '../icmp.ts';
import { Cast, Protocol, type ProtocolHandler, type SendOptions } from '../network-layer.ts';
import type { Icmp6Errors } from './icmp6-errors.ts';
import {
  describeIcmp6,
  ICMP6_HEADER_LENGTH,
  Icmp6Type,
  icmp6Code,
  icmp6Identifier,
  icmp6Rest,
  icmp6Sequence,
  icmp6Type,
  isIcmp6Error,
  setIcmp6Checksum,
  writeIcmp6Header,
} from './icmp6-header.ts';
import {
  IPV6_HEADER_LENGTH,
  ipv6AddressSum,
  ipv6AddressSumAt,
  ipv6Destination,
  ipv6HopLimit,
  ipv6Source,
  ipv6TrafficClass,
} from './ipv6-header.ts';
import type { Icmp6Handler } from './ipv6-interface.ts';
import type { Ipv6Output } from './ipv6-output.ts';
import type { Ipv6Paths } from './ipv6-paths.ts';
import type { PathMtus6 } from './path-mtu6.ts';

const ECHO_IDENTIFIERS = 0x10000;

/**
 * ICMPv6 (RFC 4443): answers echoes, and passes errors on. Neighbour discovery and multicast listener discovery are
 * messages of it, too: their handlers register by type.
 */
export class Icmp6 implements ProtocolHandler, EchoService {
  private readonly node: NodeContext;
  private readonly paths: Ipv6Paths;
  private readonly output: Ipv6Output;
  private readonly errors: Icmp6Errors;
  private readonly mtus: PathMtus6;
  private readonly handlers = new Array<Icmp6Handler | null>(256).fill(null);
  private readonly endpoints = new Map<number, EchoEndpoint>();
  private nextIdentifier: number;

  constructor(node: NodeContext, paths: Ipv6Paths, output: Ipv6Output, errors: Icmp6Errors, mtus: PathMtus6) {
    this.node = node;
    this.paths = paths;
    this.output = output;
    this.errors = errors;
    this.mtus = mtus;
    this.nextIdentifier = node.random.fork('icmp6 echo').below(ECHO_IDENTIFIERS);
  }

  /** From now on messages of this type go to `handler`. */
  register(type: number, handler: Icmp6Handler): void {
    this.handlers[type] = handler;
  }

  input(packet: PacketBuffer, cast: Cast): void {
    const { node } = this;
    const view = packet.view;
    const at = packet.start;
    const length = packet.end - at;
    if (length < ICMP6_HEADER_LENGTH) {
      // RFC 4443 2.1 gives every message at least four bytes; the shortest that is defined has eight.
      node.drop(packet, Drop.ICMP_MALFORMED);
      return;
    }
    if (packet.checksum === Checksum.None) {
      const pseudo = ipv6AddressSumAt(view, packet.l3) + Protocol.Icmpv6 + length;
      if (finish(sum(view, at, packet.end, pseudo)) !== 0) {
        node.drop(packet, Drop.ICMP_BAD_CHECKSUM);
        return;
      }
    }
    if (node.trace !== null) {
      node.trace.event(node.name, 3, What.Receive, packet, 0, `ICMPv6 ${describeIcmp6(view, at)}`, 'RFC 4443');
    }
    const type = icmp6Type(view, at);
    const handler = this.handlers[type]!;
    if (handler !== null) this.handOver(packet, handler, cast);
    else if (type === Icmp6Type.EchoRequest) this.echo(packet);
    else if (type === Icmp6Type.EchoReply) this.echoReply(packet);
    else if (isIcmp6Error(type)) this.error(packet, cast);
    else node.drop(packet, Drop.ICMP_UNKNOWN_TYPE, `type ${type}`); // RFC 4443 2.4 (b)
  }

  /** To neighbour discovery and the like, which want to know the interface. */
  private handOver(packet: PacketBuffer, handler: Icmp6Handler, cast: Cast): void {
    const from = this.paths.byIndex(packet.device)?.v6 ?? null;
    if (from === null) this.node.drop(packet, Drop.ICMP_IGNORED, 'from no interface that speaks IPv6');
    else handler.icmp6Input(packet, from, cast);
  }

  /** RFC 4443 4.2: the data is sent back as it came, from the address that was asked, or, for a group, from one's own. */
  private echo(request: PacketBuffer): void {
    const { view, l3 } = request;
    const asked = ipv6Destination(view, l3);
    const asker = ipv6Source(view, l3);
    if (asker.isUnspecified || asker.isMulticast) {
      this.node.drop(request, Drop.IP_BAD_SOURCE);
      return;
    }
    const device = asker.isLinkLocal || asked.isMulticast ? request.device : 0;
    const trafficClass = ipv6TrafficClass(view, l3);
    const reply = this.node.pool.acquire(request.length);
    reply.append(request.bytes, request.start, request.end);
    reply.view.setUint8(reply.start, Icmp6Type.EchoReply);
    this.node.drop(request, Drop.ICMP_DONE);
    this.sendMessage(reply, asked.isMulticast ? null : asked, asker, 0, trafficClass, device, false);
  }

  /** Sums a message and sends it; takes it over. 0 or a negated error number. */
  private sendMessage(
    message: PacketBuffer,
    wanted: IpAddress | null,
    remote: IpAddress,
    hopLimit: number,
    trafficClass: number,
    device: number,
    dontFragment: boolean,
  ): number {
    const error = this.paths.find(remote, wanted, device);
    if (error < 0) {
      this.node.drop(message, Drop.IP_NO_ROUTE, `to ${remote}`);
      return error;
    }
    const { source } = this.paths;
    setIcmp6Checksum(message.view, message.start, 0);
    const pseudo = ipv6AddressSum(source, remote) + Protocol.Icmpv6 + message.length;
    setIcmp6Checksum(message.view, message.start, finish(sum(message.view, message.start, message.end, pseudo)));
    return this.output.sendTo(message, Protocol.Icmpv6, source, remote, hopLimit, trafficClass, dontFragment, device);
  }

  private echoReply(packet: PacketBuffer): void {
    const view = packet.view;
    const at = packet.start;
    const endpoint = this.endpoints.get(icmp6Identifier(view, at));
    if (endpoint === undefined) {
      this.node.drop(packet, Drop.ICMP_IGNORED, 'nobody here asked');
      return;
    }
    packet.pull(ICMP6_HEADER_LENGTH);
    const from = ipv6Source(view, packet.l3);
    endpoint.owner.echoReply(packet, from, icmp6Sequence(view, at), ipv6HopLimit(view, packet.l3));
  }

  /** An error that came in: believed only when it quotes a packet that this host can have sent (RFC 5927 4). */
  private error(packet: PacketBuffer, cast: Cast): void {
    const { node } = this;
    const view = packet.view;
    const at = packet.start;
    const type = icmp6Type(view, at);
    const code = icmp6Code(view, at);
    const quote = at + ICMP6_HEADER_LENGTH;
    const whole = packet.end - quote >= IPV6_HEADER_LENGTH && view.getUint8(quote) >> 4 === 6;
    if (cast !== Cast.Unicast || !whole || !this.paths.isLocal(ipv6Source(view, quote))) {
      node.drop(packet, Drop.ICMP_IGNORED);
      return;
    }
    const from = ipv6Source(view, packet.l3);
    let mtu = 0;
    if (type === Icmp6Type.PacketTooBig) mtu = this.learnMtu(packet, quote, icmp6Rest(view, at), from);
    packet.l3 = quote;
    this.errors.deliver(packet, type, code, mtu, from);
    node.drop(packet, Drop.ICMP_DONE);
  }

  private learnMtu(packet: PacketBuffer, quote: number, told: number, from: IpAddress): number {
    const destination = ipv6Destination(packet.view, quote);
    const mtu = this.mtus.tooBig(destination, told);
    if (mtu !== 0 && this.node.trace !== null) {
      const detail = `path MTU to ${destination} is ${mtu}, says ${from}`;
      this.node.trace.event(this.node.name, 3, What.Decide, packet, 0, detail, 'RFC 8201 4');
    }
    return mtu !== 0 ? mtu : (this.mtus.find(destination)?.mtu ?? 0);
  }

  /** An error about an echo of ours: the way back of `EchoEndpoint.send`. */
  icmpError(packet: PacketBuffer, type: number, code: number, mtu: number, from: IpAddress): void {
    if (icmp6Type(packet.view, packet.start) !== Icmp6Type.EchoRequest) return;
    const endpoint = this.endpoints.get(icmp6Identifier(packet.view, packet.start));
    endpoint?.owner.echoError(icmp6Sequence(packet.view, packet.start), type, code, from, mtu);
  }

  /** An identifier to send echo requests with, or EAGAIN (negated) when all are in use. */
  openEcho(owner: EchoOwner): EchoEndpoint | number {
    if (this.endpoints.size >= ECHO_IDENTIFIERS) return -Errno.EAGAIN;
    while (this.endpoints.has(this.nextIdentifier)) this.nextIdentifier = (this.nextIdentifier + 1) & 0xffff;
    const endpoint = new EchoEndpoint(this, this.nextIdentifier, owner);
    this.endpoints.set(endpoint.identifier, endpoint);
    this.nextIdentifier = (this.nextIdentifier + 1) & 0xffff;
    return endpoint;
  }

  /** For `EchoEndpoint.close`. */
  closeEcho(endpoint: EchoEndpoint): void {
    if (this.endpoints.get(endpoint.identifier) === endpoint) this.endpoints.delete(endpoint.identifier);
  }

  /** For `EchoEndpoint.send`. */
  sendEcho(
    identifier: number,
    remote: IpAddress,
    sequence: number,
    data: Uint8Array,
    options: SendOptions | undefined,
  ): number {
    const packet = this.node.pool.acquire(ICMP6_HEADER_LENGTH + data.length);
    const at = packet.put(ICMP6_HEADER_LENGTH);
    packet.append(data);
    writeIcmp6Header(packet.view, at, Icmp6Type.EchoRequest, 0, (identifier << 16) | (sequence & 0xffff));
    return this.sendMessage(
      packet,
      null,
      remote,
      options?.ttl ?? 0,
      options?.tos ?? 0,
      options?.interfaceIndex ?? 0,
      options?.dontFragment ?? false,
    );
  }
}
