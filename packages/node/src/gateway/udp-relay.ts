import { Drop } from '@netarium/stack/base/drop-reasons';
import type { PacketBuffer } from '@netarium/stack/base/packet-buffer';
import { IcmpType, Unreachable } from '@netarium/stack/l3-network/icmp-header';
import { Protocol, type ProtocolHandler } from '@netarium/stack/l3-network/network-layer';
import { destinationOf, sourceOf } from '@netarium/stack/l4-transport/tcp/addresses';
import { EndpointTable, portsKey } from '@netarium/stack/l4-transport/tcp/demux';
import { quotedLocal, quotedRemote } from '@netarium/stack/l4-transport/tcp/icmp';
import { Udp } from '@netarium/stack/l4-transport/udp/udp';
import { udpDestinationPort, udpSourcePort } from '@netarium/stack/l4-transport/udp/udp-header';
import { admit, type GatewayParts, hasRoom } from './gateway-parts.ts';
import { UdpFlow } from './udp-flow.ts';

/**
 * UDP of all the hosts outside: a second UDP on the gateway's node checks what comes and, having no endpoints, hands it
 * all over; behind each pair of ports is a real socket.
 */
export class UdpRelay implements ProtocolHandler {
  readonly udp: Udp;
  private readonly parts: GatewayParts;
  private readonly flows: EndpointTable<UdpFlow>;

  constructor(parts: GatewayParts) {
    this.parts = parts;
    this.udp = new Udp(parts.node, parts.outside);
    this.udp.unclaimed = this;
    this.flows = new EndpointTable<UdpFlow>(parts.node.random.fork('gateway udp').u32());
  }

  /** Ends flows that nobody uses any more. True: there are others. */
  sweep(nowNs: number): boolean {
    for (const flow of [...this.flows]) if (flow.isIdle(nowNs)) flow.close('idle');
    return this.flows.size > 0;
  }

  /** A datagram from the inside, checked, that no endpoint of the gateway's own takes. */
  input(packet: PacketBuffer): void {
    const flow = this.flows.findIn(packet.view.getInt32(packet.l4), packet.view, packet.l3) ?? this.begin(packet);
    if (flow !== null) flow.toOutside(packet);
  }

  /** Of the inside, about an answer that came from outside: nobody waits for more. */
  icmpError(packet: PacketBuffer, type: number, code: number): void {
    if (type !== IcmpType.DestinationUnreachable || code !== Unreachable.Port) return;
    const { view, start, l3 } = packet;
    const ports = portsKey(udpDestinationPort(view, start), udpSourcePort(view, start));
    this.flows.find(ports, quotedRemote(view, l3), quotedLocal(view, l3))?.close('the inside host has closed its port');
  }

  private begin(packet: PacketBuffer): UdpFlow | null {
    const { parts } = this;
    const source = sourceOf(packet);
    const destination = destinationOf(packet);
    const sourcePort = udpSourcePort(packet.view, packet.l4);
    const destinationPort = udpDestinationPort(packet.view, packet.l4);
    const target = parts.destinations.of('udp', destination, destinationPort);
    if (target === null || target.port === 0 || sourcePort === 0) {
      this.udp.refuse(packet);
      return null;
    }
    if (!admit(parts, 'udp', packet, source, target) || !hasRoom(parts, 'udp', packet, source)) return null;
    const back = parts.outside.open(source, Protocol.Udp, destination);
    if (typeof back === 'number') {
      parts.node.drop(packet, Drop.IP_NO_ROUTE, `back to ${source}`);
      return null;
    }
    const flow = new UdpFlow(parts, back, sourcePort, destinationPort, target, (ended) => {
      this.flows.remove(ended);
      parts.flows.remove(ended);
    });
    this.flows.add(flow);
    parts.flows.add(flow);
    parts.watchTime();
    return flow;
  }
}
