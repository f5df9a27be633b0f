import { finish, sum, update16 } from '@netarium/stack/base/checksum';
import { Drop } from '@netarium/stack/base/drop-reasons';
import type { IpAddress } from '@netarium/stack/base/ip-address';
import { Checksum, type PacketBuffer } from '@netarium/stack/base/packet-buffer';
import {
  ICMP_HEADER_LENGTH,
  IcmpType,
  icmpChecksum,
  icmpCode,
  icmpNextHopMtu,
  icmpType,
  isIcmpError,
  setIcmpChecksum,
  setIcmpType,
  Unreachable,
} from '@netarium/stack/l3-network/icmp-header';
import {
  IPV4_HEADER_LENGTH,
  ipv4Destination,
  ipv4FragmentOffset,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4TotalLength,
} from '@netarium/stack/l3-network/ipv4-header';
import { Protocol, type ProtocolHandler } from '@netarium/stack/l3-network/network-layer';
import { destinationOf, sourceOf } from '@netarium/stack/l4-transport/tcp/addresses';
import { admit, type GatewayParts } from './gateway-parts.ts';
import type { Ping } from './ping.ts';

/** What an error must quote at least. */
const SHORTEST_QUOTE = IPV4_HEADER_LENGTH + 8;

/**
 * ICMP to the hosts outside: echo requests, which are answered when a real echo of the same size has come back, and the
 * inside's errors about what we sent in the outside's name.
 */
export class IcmpRelay implements ProtocolHandler {
  private readonly parts: GatewayParts;
  private readonly ping: Ping | null;
  private pending = 0;
  private closed = false;

  constructor(parts: GatewayParts, ping: Ping | null) {
    this.parts = parts;
    this.ping = ping;
    parts.outside.register(Protocol.Icmp, this);
  }

  close(): void {
    this.closed = true;
  }

  input(packet: PacketBuffer): void {
    const { node } = this.parts;
    const { view, start, end } = packet;
    if (end - start < ICMP_HEADER_LENGTH) {
      node.drop(packet, Drop.ICMP_MALFORMED);
    } else if (packet.checksum === Checksum.None && finish(sum(view, start, end)) !== 0) {
      node.drop(packet, Drop.ICMP_BAD_CHECKSUM);
    } else if (icmpType(view, start) === IcmpType.Echo) {
      this.echo(packet);
    } else if (isIcmpError(icmpType(view, start))) {
      this.error(packet);
    } else {
      node.drop(packet, Drop.ICMP_UNKNOWN_TYPE, `type ${icmpType(view, start)}`);
    }
  }

  icmpError(): void {
    // About an echo reply: nobody waits for it.
  }

  private echo(request: PacketBuffer): void {
    const { parts, ping } = this;
    const asked = destinationOf(request);
    const asker = sourceOf(request);
    if (!admit(parts, 'icmp', request, asker, { address: asked, port: 0 })) return;
    if (ping === null) {
      parts.node.drop(request, Drop.GATEWAY_UNREACHED, 'this gateway has no way to send an echo');
      return;
    }
    if (this.pending >= parts.limits.echoes) {
      parts.flows.counters.full++;
      parts.node.drop(request, Drop.GATEWAY_FULL, `${parts.limits.echoes} echoes`);
      return;
    }
    parts.flows.counters.echoes++;
    this.pending++;
    const length = request.length - ICMP_HEADER_LENGTH;
    const over = (answered: boolean) => parts.external(() => this.answer(request, asked, asker, answered));
    ping(`${asked}`, length).then(over, () => over(false));
  }

  private answer(request: PacketBuffer, asked: IpAddress, asker: IpAddress, answered: boolean): void {
    const { node, outside, flows } = this.parts;
    this.pending--;
    if (!answered || this.closed) {
      node.drop(request, Drop.GATEWAY_UNREACHED, `no echo from ${asked}`);
      return;
    }
    flows.counters.echoReplies++;
    const reply = node.pool.acquire(request.length);
    reply.append(request.bytes, request.start, request.end);
    node.drop(request, Drop.ICMP_DONE);
    const { view, start } = reply;
    setIcmpType(view, start, IcmpType.EchoReply);
    // Only the type changed (RFC 1624).
    setIcmpChecksum(view, start, update16(icmpChecksum(view, start), IcmpType.Echo << 8, IcmpType.EchoReply << 8));
    outside.send(reply, Protocol.Icmp, asked, asker);
  }

  /** As for errors to the gateway itself, with the difference that the quoted packet's source is the outside. */
  private error(packet: PacketBuffer): void {
    const { node, outside, host } = this.parts;
    const { view, start, end } = packet;
    const quote = start + ICMP_HEADER_LENGTH;
    const headerLength = end - quote < SHORTEST_QUOTE ? 0 : ipv4HeaderLength(view, quote);
    if (headerLength < IPV4_HEADER_LENGTH || view.getUint8(quote) >> 4 !== 4 || end - quote < headerLength + 8) {
      node.drop(packet, Drop.ICMP_IGNORED, 'it quotes too little');
      return;
    }
    const handler = outside.handlers.get(ipv4Protocol(view, quote));
    if (handler === undefined || handler === this || ipv4FragmentOffset(view, quote) !== 0) {
      node.drop(packet, Drop.ICMP_IGNORED);
      return;
    }
    const type = icmpType(view, start);
    const code = icmpCode(view, start);
    const from = sourceOf(packet);
    let mtu = 0;
    if (type === IcmpType.DestinationUnreachable && code === Unreachable.FragmentationNeeded) {
      mtu = icmpNextHopMtu(view, start);
      const learnt = host.ip.mtus.tooBig(ipv4Destination(view, quote), mtu, ipv4TotalLength(view, quote));
      if (learnt !== 0) mtu = learnt;
    }
    packet.l3 = quote;
    packet.l4 = quote + headerLength;
    packet.start = packet.l4;
    handler.icmpError(packet, type, code, mtu, from);
    node.drop(packet, Drop.ICMP_DONE);
  }
}
