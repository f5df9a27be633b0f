import { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import type { IpInterface } from '../ip-interface.ts';
import { ROUTER_ALERT } from '../ipv4-options.ts';
import type { Ipv4Output } from '../ipv4-output.ts';
import { Protocol } from '../network-layer.ts';
import { describeIgmp } from './igmp-header.ts';

/** RFC 3376 4: "internetwork control" (an older TOS byte's precedence 6). */
const TOS = 0xc0;

/** Sends IGMP messages: with a time to live of 1 and a router alert (RFC 3376 4), and not back to this host. */
export class IgmpOutput {
  private readonly node: NodeContext;
  private readonly output: Ipv4Output;

  constructor(node: NodeContext, output: Ipv4Output) {
    this.node = node;
    this.output = output;
  }

  /** Sends the message that `packet` holds; takes it over. */
  send(packet: PacketBuffer, on: IpInterface, to: number, source: string): void {
    const { node } = this;
    if (node.trace !== null) {
      const detail = `${describeIgmp(packet.view, packet.start, packet.end)}, dev ${on.name}`;
      node.trace.event(node.name, 3, What.Send, packet, 0, detail, source);
    }
    this.output.send(packet, Protocol.Igmp, null, IpAddress.v4(to), {
      ttl: 1,
      tos: TOS,
      interfaceIndex: on.index,
      ipOptions: ROUTER_ALERT,
      multicastLoop: false,
    });
  }
}
