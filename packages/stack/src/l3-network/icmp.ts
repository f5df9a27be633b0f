import { finish, sum, update16 } from '../base/checksum.ts';
import { Drop } from '../base/drop-reasons.ts';
import { Errno } from '../base/errors.ts';
import { formatIpv4, IpAddress } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import { Checksum, type PacketBuffer } from '../base/packet-buffer.ts';
import { What } from '../base/trace.ts';
import type { IcmpErrors } from './icmp-errors.ts';
import {
  describeIcmp,
  ICMP_HEADER_LENGTH,
  ICMP_RECEIVE_TIMESTAMP,
  ICMP_TIMESTAMP_LENGTH,
  ICMP_TRANSMIT_TIMESTAMP,
  IcmpType,
  icmpChecksum,
  icmpCode,
  icmpGateway,
  icmpIdentifier,
  icmpNextHopMtu,
  icmpSequence,
  icmpType,
  isIcmpError,
  setIcmpChecksum,
  setIcmpType,
  Unreachable,
  writeIcmpHeader,
} from './icmp-header.ts';
import {
  IPV4_HEADER_LENGTH,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Source,
  ipv4Tos,
  ipv4TotalLength,
  ipv4Ttl,
} from './ipv4-header.ts';
import { millisecondsOfDay, optionsToReturn } from './ipv4-options.ts';
import type { Ipv4Output } from './ipv4-output.ts';
import type { Ipv4Paths } from './ipv4-paths.ts';
import { Cast, Protocol, type ProtocolHandler, type SendOptions } from './network-layer.ts';
import type { PathMtus } from './path-mtu.ts';

const ECHO_IDENTIFIERS = 0x10000;
/** What an error must quote at least: an IP header and 8 bytes (RFC 792). */
const SHORTEST_QUOTE = IPV4_HEADER_LENGTH + 8;

/** Who sent echo requests: `ping`. */
export interface EchoOwner {
  /** An answer. `packet.start` stands at the data that came back; the owner owns the packet. `ttl` as it arrived. */
  echoReply(packet: PacketBuffer, from: IpAddress, sequence: number, ttl: number): void;
  /** The request with this sequence number came to grief: an ICMP error from `from` (this host, if ARP failed). */
  echoError(sequence: number, type: number, code: number, from: IpAddress, mtu: number): void;
}

/** Who sends for an `EchoEndpoint`: ICMP, or ICMPv6. */
export interface EchoService {
  sendEcho(
    identifier: number,
    remote: IpAddress,
    sequence: number,
    data: Uint8Array,
    options: SendOptions | undefined,
  ): number;
  openEcho(owner: EchoOwner): EchoEndpoint | number;
  closeEcho(endpoint: EchoEndpoint): void;
}

/** One user of echo, with an identifier of its own: what Linux's "ping sockets" are made of. */
export class EchoEndpoint {
  /** 16 bits; answers carry it back. */
  readonly identifier: number;
  readonly owner: EchoOwner;
  private readonly icmp: EchoService;

  constructor(icmp: EchoService, identifier: number, owner: EchoOwner) {
    this.icmp = icmp;
    this.identifier = identifier;
    this.owner = owner;
  }

  /** Sends a request with a copy of `data`; 0 or a negated error number. */
  send(remote: IpAddress, sequence: number, data: Uint8Array, options?: SendOptions): number {
    return this.icmp.sendEcho(this.identifier, remote, sequence, data, options);
  }

  close(): void {
    this.icmp.closeEcho(this);
  }
}

/** The Internet Control Message Protocol (RFC 792, RFC 1122 3.2.2): answers echoes, and passes errors on. */
export class Icmp implements ProtocolHandler, EchoService {
  /** Answers echo requests to groups and broadcasts, too (RFC 1122 3.2.2.6 allows both; Linux does not by default). */
  answersGroups = false;
  private readonly node: NodeContext;
  private readonly paths: Ipv4Paths;
  private readonly output: Ipv4Output;
  private readonly errors: IcmpErrors;
  private readonly mtus: PathMtus;
  private readonly endpoints = new Map<number, EchoEndpoint>();
  private nextIdentifier: number;

  constructor(node: NodeContext, paths: Ipv4Paths, output: Ipv4Output, errors: IcmpErrors, mtus: PathMtus) {
    this.node = node;
    this.paths = paths;
    this.output = output;
    this.errors = errors;
    this.mtus = mtus;
    this.nextIdentifier = node.random.fork('icmp echo').below(ECHO_IDENTIFIERS);
  }

  input(packet: PacketBuffer, cast: Cast): void {
    const { node } = this;
    const view = packet.view;
    const at = packet.start;
    if (packet.end - at < ICMP_HEADER_LENGTH) {
      node.drop(packet, Drop.ICMP_MALFORMED);
      return;
    }
    if (packet.checksum === Checksum.None && finish(sum(view, at, packet.end)) !== 0) {
      node.drop(packet, Drop.ICMP_BAD_CHECKSUM);
      return;
    }
    if (node.trace !== null) {
      node.trace.event(node.name, 3, What.Receive, packet, 0, `ICMP ${describeIcmp(view, at)}`, 'RFC 792');
    }
    const type = icmpType(view, at);
    if (type === IcmpType.Echo) this.echo(packet, cast);
    else if (type === IcmpType.EchoReply) this.echoReply(packet);
    else if (type === IcmpType.Timestamp) this.timestamp(packet, cast);
    else if (isIcmpError(type)) this.error(packet, cast);
    else node.drop(packet, Drop.ICMP_UNKNOWN_TYPE, `type ${type}`);
  }

  /** RFC 792: the data is sent back as it came, from the address that was asked. */
  private echo(request: PacketBuffer, cast: Cast): void {
    if (cast !== Cast.Unicast && !this.answersGroups) {
      this.node.drop(request, Drop.ICMP_BROADCAST);
      return;
    }
    const reply = this.node.pool.acquire(request.length);
    reply.append(request.bytes, request.start, request.end);
    const { view, start } = reply;
    setIcmpType(view, start, IcmpType.EchoReply);
    // Only the type changed, so the checksum need not be summed again (RFC 1624).
    const changed = update16(icmpChecksum(view, start), IcmpType.Echo << 8, IcmpType.EchoReply << 8);
    setIcmpChecksum(view, start, changed);
    this.answer(request, reply, cast);
  }

  /** RFC 792, RFC 1122 3.2.2.8: when the question left there, when it came here, and when the answer leaves. */
  private timestamp(request: PacketBuffer, cast: Cast): void {
    const { node } = this;
    if (cast !== Cast.Unicast) {
      node.drop(request, Drop.ICMP_BROADCAST);
      return;
    }
    if (request.length < ICMP_TIMESTAMP_LENGTH) {
      node.drop(request, Drop.ICMP_MALFORMED);
      return;
    }
    const reply = node.pool.acquire(ICMP_TIMESTAMP_LENGTH);
    reply.append(request.bytes, request.start, request.start + ICMP_TIMESTAMP_LENGTH);
    const { view, start } = reply;
    const time = millisecondsOfDay(node.clock.now);
    view.setUint32(start + ICMP_RECEIVE_TIMESTAMP, time);
    view.setUint32(start + ICMP_TRANSMIT_TIMESTAMP, time);
    setIcmpType(view, start, IcmpType.TimestampReply);
    setIcmpChecksum(view, start, 0);
    setIcmpChecksum(view, start, finish(sum(view, start, reply.end)));
    this.answer(request, reply, cast);
  }

  /** Sends the answer back to who asked, with what its packet recorded of its way (RFC 1122 3.2.2.6); ends the question. */
  private answer(request: PacketBuffer, reply: PacketBuffer, cast: Cast): void {
    const { view, l3 } = request;
    // A group or broadcast cannot be a source (RFC 1122 3.2.1.3): the answer is from an address of ours.
    const asked = cast === Cast.Unicast ? ipv4Destination(view, l3) : 0;
    const asker = ipv4Source(view, l3);
    const tos = ipv4Tos(view, l3);
    const payload = l3 + ipv4HeaderLength(view, l3);
    const options = optionsToReturn(request.bytes, l3 + IPV4_HEADER_LENGTH, payload);
    this.node.drop(request, Drop.ICMP_DONE);
    if (options === null) {
      this.output.sendTo(reply, Protocol.Icmp, asked, asker, 0, tos, false, false, 0);
    } else {
      const from = asked === 0 ? null : IpAddress.v4(asked);
      this.output.send(reply, Protocol.Icmp, from, IpAddress.v4(asker), { tos, ipOptions: options });
    }
  }

  private echoReply(packet: PacketBuffer): void {
    const view = packet.view;
    const at = packet.start;
    const endpoint = this.endpoints.get(icmpIdentifier(view, at));
    if (endpoint === undefined) {
      this.node.drop(packet, Drop.ICMP_IGNORED, 'nobody here asked');
      return;
    }
    packet.pull(ICMP_HEADER_LENGTH);
    const from = IpAddress.v4(ipv4Source(view, packet.l3));
    endpoint.owner.echoReply(packet, from, icmpSequence(view, at), ipv4Ttl(view, packet.l3));
  }

  /** An error that came in: believed only when it quotes a packet that this host can have sent (RFC 5927 4). */
  private error(packet: PacketBuffer, cast: Cast): void {
    const { node } = this;
    const view = packet.view;
    const at = packet.start;
    const type = icmpType(view, at);
    const code = icmpCode(view, at);
    const quote = at + ICMP_HEADER_LENGTH;
    if (cast !== Cast.Unicast || type === IcmpType.SourceQuench) {
      node.drop(packet, Drop.ICMP_IGNORED);
      return;
    }
    if (!this.quotesOurs(packet, quote)) {
      node.drop(packet, Drop.ICMP_IGNORED);
      return;
    }
    const from = IpAddress.v4(ipv4Source(view, packet.l3));
    if (type === IcmpType.Redirect) {
      this.redirected(packet, quote, from);
      return;
    }
    let mtu = 0;
    if (type === IcmpType.DestinationUnreachable && code === Unreachable.FragmentationNeeded) {
      mtu = this.learnMtu(packet, quote, icmpNextHopMtu(view, at), from);
    }
    packet.l3 = quote;
    this.errors.deliver(packet, type, code, mtu, from);
    node.drop(packet, Drop.ICMP_DONE);
  }

  /** RFC 1122 3.2.2.2: a router tells of a better one; no transport need know. */
  private redirected(packet: PacketBuffer, quote: number, from: IpAddress): void {
    const { node, paths } = this;
    const gateway = icmpGateway(packet.view, packet.start);
    const destination = ipv4Destination(packet.view, quote);
    const on = paths.byIndex(packet.device);
    if (on === null || !paths.redirects.learn(destination, gateway, from.v4, on)) {
      node.drop(packet, Drop.ICMP_IGNORED, `a redirect of ${from} that is not believed`);
      return;
    }
    if (node.trace !== null) {
      const detail = `to ${formatIpv4(destination)} by ${formatIpv4(gateway)} from now on, says ${from}`;
      node.trace.event(node.name, 3, What.Decide, packet, 0, detail, 'RFC 1122 3.2.2.2');
    }
    node.drop(packet, Drop.ICMP_DONE);
  }

  private quotesOurs(packet: PacketBuffer, quote: number): boolean {
    const view = packet.view;
    if (packet.end - quote < SHORTEST_QUOTE || view.getUint8(quote) >> 4 !== 4) return false;
    const headerLength = ipv4HeaderLength(view, quote);
    if (headerLength < IPV4_HEADER_LENGTH || packet.end - quote < headerLength + 8) return false;
    return this.paths.isLocal(ipv4Source(view, quote));
  }

  private learnMtu(packet: PacketBuffer, quote: number, told: number, from: IpAddress): number {
    const view = packet.view;
    const destination = ipv4Destination(view, quote);
    const mtu = this.mtus.tooBig(destination, told, ipv4TotalLength(view, quote));
    if (mtu !== 0 && this.node.trace !== null) {
      const detail = `path MTU to ${IpAddress.v4(destination)} is ${mtu}, says ${from}`;
      this.node.trace.event(this.node.name, 3, What.Decide, packet, 0, detail, 'RFC 1191 3');
    }
    return mtu !== 0 ? mtu : (this.mtus.find(destination)?.mtu ?? told);
  }

  /** An error about an echo of ours: the way back of `EchoEndpoint.send`. */
  icmpError(packet: PacketBuffer, type: number, code: number, mtu: number, from: IpAddress): void {
    if (icmpType(packet.view, packet.start) !== IcmpType.Echo) return;
    const endpoint = this.endpoints.get(icmpIdentifier(packet.view, packet.start));
    endpoint?.owner.echoError(icmpSequence(packet.view, packet.start), type, code, from, mtu);
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
    const packet = this.node.pool.acquire(ICMP_HEADER_LENGTH + data.length);
    const at = packet.put(ICMP_HEADER_LENGTH);
    packet.append(data);
    writeIcmpHeader(packet.view, at, IcmpType.Echo, 0, (identifier << 16) | (sequence & 0xffff));
    setIcmpChecksum(packet.view, at, finish(sum(packet.view, at, packet.end)));
    return this.output.send(packet, Protocol.Icmp, null, remote, options);
  }
}
