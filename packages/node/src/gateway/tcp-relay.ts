import { Drop } from '@netarium/stack/base/drop-reasons';
import type { PacketBuffer } from '@netarium/stack/base/packet-buffer';
import { IcmpType, Unreachable } from '@netarium/stack/l3-network/icmp-header';
import type { ProtocolHandler } from '@netarium/stack/l3-network/network-layer';
import type { PortBinding } from '@netarium/stack/l4-transport/ports';
import { destinationOf, sourceOf } from '@netarium/stack/l4-transport/tcp/addresses';
import { EndpointTable } from '@netarium/stack/l4-transport/tcp/demux';
import { SOCKET_OPTIONS, Tcp, type TcpConnection, type TcpSocketOptions } from '@netarium/stack/l4-transport/tcp/tcp';
import { Flag, readSegment, SegmentFields } from '@netarium/stack/l4-transport/tcp/tcp-header';
import { unreachableCode } from './failures.ts';
import { admit, type GatewayParts, hasRoom } from './gateway-parts.ts';
import { TcpFlow, type TcpFlowRelay } from './tcp-flow.ts';

/**
 * TCP of all the hosts outside: a second TCP on the gateway's node, for which every address is local, and a real socket
 * behind each of its connections.
 */
export class TcpRelay implements TcpFlowRelay {
  readonly parts: GatewayParts;
  readonly options: TcpSocketOptions;
  readonly tcp: Tcp;
  /** Takes what the gateway's own TCP has nobody for. */
  readonly forOwnAddresses: ProtocolHandler;
  private readonly connecting: EndpointTable<TcpFlow>;
  /** Flows whose handshakes are not over, in the order of their deadlines. */
  private readonly unsettled = new Set<TcpFlow>();
  private readonly bindings = new Map<number, PortBinding>();
  private readonly fields = new SegmentFields();

  constructor(parts: GatewayParts) {
    this.parts = parts;
    const { flowBufferBytes } = parts.limits;
    const { keepAlive } = SOCKET_OPTIONS;
    this.options = {
      ...SOCKET_OPTIONS,
      noDelay: true, // who wrote has waited already, if it wanted to
      keepAlive: { ...keepAlive, enabled: true }, // an inside host that is gone would hold its flow for ever
      receiveBuffer: flowBufferBytes,
      sendBuffer: flowBufferBytes,
    };
    this.tcp = new Tcp(parts.node, parts.outside);
    this.tcp.unclaimed = {
      input: (packet) => this.unclaimed(packet),
      icmpError: () => {}, // nobody's
    };
    this.forOwnAddresses = {
      input: (packet, cast) => this.tcp.input(packet, cast),
      icmpError: (packet, type, code, mtu, from) => this.tcp.icmpError(packet, type, code, mtu, from),
    };
    this.connecting = new EndpointTable<TcpFlow>(parts.node.random.fork('gateway tcp').u32());
  }

  /** Gives up what has taken too long. True: there is more to wait for. */
  sweep(nowNs: number): boolean {
    for (const flow of this.unsettled) {
      if (flow.deadlineNs > nowNs && !flow.settled) break;
      this.unsettled.delete(flow);
      if (!flow.settled) flow.abort();
    }
    return this.unsettled.size > 0;
  }

  /** Ends every connection, those included that only wait for their last acknowledgement. */
  close(): void {
    for (const connection of [...this.tcp.connections()]) connection.abort();
    for (const waiting of [...this.tcp.timeWaits]) this.tcp.timeWaits.end(waiting, 'the gateway was closed');
    for (const binding of this.bindings.values()) binding.release();
    this.bindings.clear();
  }

  accept(flow: TcpFlow, syn: PacketBuffer): TcpConnection | null {
    this.connecting.remove(flow);
    return this.tcp.answer(syn, flow);
  }

  refuse(flow: TcpFlow, syn: PacketBuffer, code: string): void {
    const { node, outside, flows } = this.parts;
    this.connecting.remove(flow);
    const meaning = unreachableCode(code);
    if (meaning === Unreachable.Port) {
      flows.counters.refused++;
      this.tcp.refuse(syn);
      return;
    }
    flows.counters.failed++;
    if (meaning >= 0) outside.sendIcmpError(syn, IcmpType.DestinationUnreachable, meaning);
    node.drop(syn, Drop.GATEWAY_UNREACHED, code);
  }

  ended(flow: TcpFlow): void {
    this.connecting.remove(flow);
    this.unsettled.delete(flow);
    this.parts.flows.remove(flow);
  }

  /** A segment of no connection: a SYN begins one, a RST ends one that has not begun, the rest is refused. */
  private unclaimed(packet: PacketBuffer): void {
    const { fields } = this;
    readSegment(packet.view, packet.start, packet.end, fields);
    const { flags } = fields;
    const known = this.connecting.findIn(packet.view.getInt32(packet.start), packet.view, packet.l3);
    if ((flags & (Flag.Syn | Flag.Ack | Flag.Rst | Flag.Fin)) === Flag.Syn) {
      if (known === null) this.begin(packet, fields.sourcePort, fields.destinationPort);
      else this.again(known, packet);
      return;
    }
    if (known !== null && (flags & Flag.Rst) !== 0) known.abandon();
    this.tcp.refuse(packet);
  }

  private again(flow: TcpFlow, syn: PacketBuffer): void {
    const old = flow.replaceSyn(syn);
    if (old !== null) this.parts.node.drop(old, Drop.GATEWAY_WAITS);
  }

  private begin(syn: PacketBuffer, sourcePort: number, destinationPort: number): void {
    const { parts } = this;
    const source = sourceOf(syn);
    const destination = destinationOf(syn);
    const target = parts.destinations.of('tcp', destination, destinationPort);
    if (target === null || target.port === 0) {
      this.tcp.refuse(syn);
      return;
    }
    if (!admit(parts, 'tcp', syn, source, target)) return;
    if (this.connecting.size >= parts.limits.connecting) {
      parts.flows.counters.full++;
      parts.node.drop(syn, Drop.GATEWAY_FULL, `${parts.limits.connecting} connections are being opened`);
      return;
    }
    if (!hasRoom(parts, 'tcp', syn, source)) return;
    const binding = this.bindingFor(destinationPort);
    const flow = new TcpFlow(this, binding, syn, source, sourcePort, destination, destinationPort, target);
    this.connecting.add(flow);
    this.unsettled.add(flow);
    parts.flows.add(flow);
    parts.watchTime();
  }

  /** The hold on a port that connections share: of a TCP for which all addresses are local, one a port is enough. */
  private bindingFor(port: number): PortBinding {
    let binding = this.bindings.get(port);
    if (binding === undefined) {
      const made = this.tcp.ports.bind(null, port, { privileged: true });
      if (typeof made === 'number') throw new Error(`netarium bug: port ${port} of the outside is taken`);
      binding = made;
      this.bindings.set(port, binding);
    }
    return binding;
  }
}
