import { finish, sum } from '../../base/checksum.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import { Protocol, type ProtocolHandler } from '../network-layer.ts';
import { TokenBucket } from '../token-bucket.ts';
import { ExtensionHeaders, findTransport } from './extension-headers.ts';
import {
  ICMP6_HEADER_LENGTH,
  Icmp6Type,
  icmp6Type,
  icmp6TypeText,
  isIcmp6Error,
  setIcmp6Checksum,
  Unreachable6,
  writeIcmp6Header,
} from './icmp6-header.ts';
import { IPV6_HEADER_LENGTH, ipv6AddressSum, ipv6Destination, ipv6Source, ipv6TrafficClass } from './ipv6-header.ts';
import { IPV6_MIN_MTU } from './ipv6-interface.ts';
import type { Ipv6Output } from './ipv6-output.ts';
import type { Ipv6Paths } from './ipv6-paths.ts';

/** RFC 4443 2.4 (c): as much of the packet as fits without the error growing past what every link carries. */
const LONGEST_QUOTE = IPV6_MIN_MTU - IPV6_HEADER_LENGTH - ICMP6_HEADER_LENGTH;
/** Linux's: the class of the packet that is complained about, without its ECN bits. */
const DS_BITS = 0xfc;

/** ICMPv6 errors: sent about others' packets, and handed to those of ours that they are about. */
export class Icmp6Errors {
  private readonly node: NodeContext;
  private readonly paths: Ipv6Paths;
  private readonly output: Ipv6Output;
  private readonly handlers: readonly (ProtocolHandler | null)[];
  private readonly bucket: TokenBucket;
  private readonly chain = new ExtensionHeaders();

  constructor(node: NodeContext, paths: Ipv6Paths, output: Ipv6Output, handlers: readonly (ProtocolHandler | null)[]) {
    this.node = node;
    this.paths = paths;
    this.output = output;
    this.handlers = handlers;
    this.bucket = new TokenBucket(node.limits.icmpErrorsPerSecond, node.limits.icmpErrorBurst);
  }

  /**
   * Tells the sender of `packet`, whose `l3` stands at an IPv6 header that was checked, what went wrong. `info` is the
   * message's second word: the MTU, or the pointer. `evenToGroups`: a packet to a group is complained about as well
   * (RFC 4443 2.4 (e.3): packet too big, and options that want it). Silent where RFC 4443 wants silence, and past the
   * rate limit. Does not take the packet.
   */
  send(packet: PacketBuffer, type: number, code: number, info: number, evenToGroups = false): void {
    const { view, l3 } = packet;
    const source = ipv6Source(view, l3);
    const spokenTo = ipv6Destination(view, l3);
    if (!this.mayComplain(packet, source, spokenTo, evenToGroups)) return;
    if (!this.bucket.take(this.node.clock.now)) return;
    const length = Math.min(packet.end - l3, LONGEST_QUOTE);
    const error = packet.pool.acquire(ICMP6_HEADER_LENGTH + length);
    writeIcmp6Header(error.view, error.put(ICMP6_HEADER_LENGTH), type, code, info);
    error.append(packet.bytes, l3, l3 + length);
    if (this.node.trace !== null) {
      const detail = `${icmp6TypeText(type, code)}, to ${source}`;
      this.node.trace.event(this.node.name, 3, What.Decide, packet, 0, detail, 'RFC 4443 2.4');
    }
    // RFC 4443 2.2: from the address that was spoken to, or, where that is another's, one that fits the way back.
    const device = source.isLinkLocal || spokenTo.isLinkLocal ? packet.device : 0;
    const local = this.paths.isLocal(spokenTo) ? spokenTo : null;
    this.sendFrom(error, local, source, ipv6TrafficClass(view, l3) & DS_BITS, device);
  }

  /** Puts the checksum in, which needs the source address, and sends. */
  private sendFrom(
    error: PacketBuffer,
    local: IpAddress | null,
    remote: IpAddress,
    trafficClass: number,
    device: number,
  ): void {
    if (local === null && this.paths.find(remote, null, device) < 0) {
      error.release();
      return;
    }
    const from = local ?? this.paths.source;
    const pseudo = ipv6AddressSum(from, remote) + Protocol.Icmpv6 + error.length;
    setIcmp6Checksum(error.view, error.start, finish(sum(error.view, error.start, error.end, pseudo)));
    this.output.sendTo(error, Protocol.Icmpv6, from, remote, 0, trafficClass, false, device);
  }

  /**
   * RFC 4443 2.4 (e): never about an ICMPv6 error or a redirect, a packet to a group (but for the exceptions), or to
   * what is not one node's address.
   */
  private mayComplain(packet: PacketBuffer, source: IpAddress, to: IpAddress, evenToGroups: boolean): boolean {
    if (to.isMulticast && !evenToGroups) return false;
    if (source.isUnspecified || source.isMulticast) return false;
    const { view, l3, end } = packet;
    const message = findTransport(view, l3, end, this.chain);
    if (message < 0 || this.chain.protocol !== Protocol.Icmpv6 || l3 + message >= end) return true;
    const type = icmp6Type(view, l3 + message);
    return !isIcmp6Error(type) && type !== Icmp6Type.Redirect;
  }

  /** Nobody answered neighbour solicitations: the packet's sender is told, be it another host or a program here. */
  unresolved(packet: PacketBuffer): void {
    packet.l3 = packet.start;
    const source = ipv6Source(packet.view, packet.l3);
    if (this.paths.isLocal(source)) {
      this.deliver(packet, Icmp6Type.DestinationUnreachable, Unreachable6.Address, 0, source);
    } else {
      this.send(packet, Icmp6Type.DestinationUnreachable, Unreachable6.Address, 0);
    }
  }

  /**
   * Hands an error to the protocol whose packet it is about. `packet.l3` stands at the quoted IPv6 header, of which the
   * 40 bytes are there. Does not take the packet. False: nobody is interested, or too little is quoted.
   */
  deliver(packet: PacketBuffer, type: number, code: number, mtu: number, from: IpAddress): boolean {
    const offset = findTransport(packet.view, packet.l3, packet.end, this.chain);
    if (offset < 0 || packet.l3 + offset + 8 > packet.end) return false;
    const handler = this.handlers[this.chain.protocol] ?? null;
    if (handler === null) return false;
    const start = packet.start;
    packet.l4 = packet.l3 + offset;
    packet.start = packet.l4;
    handler.icmpError(packet, type, code, mtu, from);
    packet.start = start;
    return true;
  }
}
