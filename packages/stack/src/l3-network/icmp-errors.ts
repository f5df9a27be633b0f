import { finish, sum } from '../base/checksum.ts';
import { IpAddress } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { What } from '../base/trace.ts';
import {
  ICMP_HEADER_LENGTH,
  IcmpType,
  icmpType,
  icmpTypeText,
  isIcmpQuery,
  setIcmpChecksum,
  Unreachable,
  writeIcmpHeader,
} from './icmp-header.ts';
import {
  IPV4_HEADER_LENGTH,
  ipv4Destination,
  ipv4FragmentOffset,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  ipv4Tos,
} from './ipv4-header.ts';
import type { Ipv4Output } from './ipv4-output.ts';
import type { Ipv4Paths } from './ipv4-paths.ts';
import { Protocol, type ProtocolHandler } from './network-layer.ts';
import { RouteType } from './routes.ts';
import { TokenBucket } from './token-bucket.ts';

/** RFC 1812 4.3.2.3: as much of the packet as fits without the error growing past 576 bytes. */
const LONGEST_ERROR = 576;
const LONGEST_QUOTE = LONGEST_ERROR - IPV4_HEADER_LENGTH - ICMP_HEADER_LENGTH;
/** RFC 1812 4.3.2.5: errors travel with precedence 6, "internetwork control", and the packet's other TOS bits. */
const INTERNETWORK_CONTROL = 0xc0;
const TOS_BITS = 0x1e;

/** ICMP errors: sent about others' packets, and handed to those of ours that they are about. */
export class IcmpErrors {
  private readonly node: NodeContext;
  private readonly paths: Ipv4Paths;
  private readonly output: Ipv4Output;
  private readonly handlers: readonly (ProtocolHandler | null)[];
  private readonly bucket: TokenBucket;

  constructor(node: NodeContext, paths: Ipv4Paths, output: Ipv4Output, handlers: readonly (ProtocolHandler | null)[]) {
    this.node = node;
    this.paths = paths;
    this.output = output;
    this.handlers = handlers;
    this.bucket = new TokenBucket(node.limits.icmpErrorsPerSecond, node.limits.icmpErrorBurst);
  }

  /**
   * Tells the sender of `packet`, whose `l3` stands at an IP header that was checked, what went wrong. `info` is the
   * message's second word's meaning: the next-hop MTU, or the pointer. Silent where RFC 1122 3.2.2 wants silence, and
   * past the rate limit. Does not take the packet.
   */
  send(packet: PacketBuffer, type: number, code: number, info: number): void {
    if (!this.mayComplain(packet)) return;
    if (!this.bucket.take(this.node.clock.now)) return;
    const at = packet.l3;
    const length = Math.min(packet.end - at, LONGEST_QUOTE);
    const error = packet.pool.acquire(ICMP_HEADER_LENGTH + length);
    const header = error.put(ICMP_HEADER_LENGTH);
    error.append(packet.bytes, at, at + length);
    const quote = header + ICMP_HEADER_LENGTH;
    if (this.paths.filter !== null) this.paths.filter.restore(error, quote, packet.id);
    const rest = type === IcmpType.ParameterProblem ? info << 24 : info;
    writeIcmpHeader(error.view, header, type, code, rest);
    setIcmpChecksum(error.view, header, finish(sum(error.view, header, error.end)));
    if (this.node.trace !== null) {
      const detail = `${icmpTypeText(type, code)}, to ${IpAddress.read4(error.view, quote + 12)}`;
      this.node.trace.event(this.node.name, 3, What.Decide, packet, 0, detail, 'RFC 1122 3.2.2');
    }
    // The source is the address that was spoken to, or, where that is another's, the one on the way back.
    const spokenTo = ipv4Destination(error.view, quote);
    const local = this.paths.isLocal(spokenTo) ? spokenTo : 0;
    const tos = INTERNETWORK_CONTROL | (ipv4Tos(packet.view, at) & TOS_BITS);
    this.output.sendTo(error, Protocol.Icmp, local, ipv4Source(error.view, quote), 0, tos, false, false, 0);
  }

  /**
   * RFC 1122 3.2.2: never about an ICMP error, a broadcast or multicast, a fragment that is not the first, or to what
   * is not one host's address.
   */
  private mayComplain(packet: PacketBuffer): boolean {
    const view = packet.view;
    const at = packet.l3;
    if (ipv4FragmentOffset(view, at) !== 0) return false;
    const destination = ipv4Destination(view, at);
    if (destination >= 0xe0000000 || destination === 0) return false;
    const route = this.paths.routes.lookup(destination);
    if (route !== null && route.type === RouteType.Broadcast) return false;
    const source = ipv4Source(view, at);
    if (source === 0 || source >= 0xe0000000) return false;
    const back = this.paths.routes.lookup(source);
    if (back !== null && back.type === RouteType.Broadcast) return false;
    if (ipv4Protocol(view, at) !== Protocol.Icmp) return true;
    const message = at + ipv4HeaderLength(view, at);
    return message < packet.end && isIcmpQuery(icmpType(view, message));
  }

  /** Nobody answered ARP: the packet's sender is told, be it another host or a program here. */
  unresolved(packet: PacketBuffer): void {
    packet.l3 = packet.start;
    if (this.paths.filter !== null) this.paths.filter.restore(packet, packet.l3, packet.id);
    const source = ipv4Source(packet.view, packet.l3);
    this.paths.redirects.unanswered(ipv4Destination(packet.view, packet.l3));
    if (this.paths.isLocal(source)) {
      this.deliver(packet, IcmpType.DestinationUnreachable, Unreachable.Host, 0, IpAddress.v4(source));
    } else {
      this.send(packet, IcmpType.DestinationUnreachable, Unreachable.Host, 0);
    }
  }

  /**
   * Hands an error to the protocol whose packet it is about. `packet.l3` stands at the quoted IP header, of which the
   * 20 bytes and its options and 8 bytes behind it are there. Does not take the packet. False: nobody is interested.
   */
  deliver(packet: PacketBuffer, type: number, code: number, mtu: number, from: IpAddress): boolean {
    if (ipv4FragmentOffset(packet.view, packet.l3) !== 0) return false;
    const handler = this.handlers[ipv4Protocol(packet.view, packet.l3)];
    if (handler === null) return false;
    const start = packet.start;
    packet.l4 = packet.l3 + ipv4HeaderLength(packet.view, packet.l3);
    packet.start = packet.l4;
    handler.icmpError(packet, type, code, mtu, from);
    packet.start = start;
    return true;
  }
}
