import { Drop } from '../../base/drop-reasons.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import type { Icmp6Handler, Ipv6Control, Ipv6Interface } from './ipv6-interface.ts';
import { Groups6 } from './mld-groups.ts';
import { MldListener } from './mld-listener.ts';
import { describeMld, MldType, mldGroup, mldProblem } from './mld-messages.ts';
import { MldQuerier } from './mld-querier.ts';

/** Multicast listener discovery (RFC 3810): every host tells which groups it is in, routers ask. */
export class Mld implements Icmp6Handler {
  readonly groups: Groups6;
  readonly listener: MldListener;
  readonly querier: MldQuerier;
  private readonly node: NodeContext;

  constructor(node: NodeContext, control: Ipv6Control) {
    this.node = node;
    this.groups = new Groups6(node);
    this.listener = new MldListener(node, control, this.groups);
    this.querier = new MldQuerier(node, control);
    this.groups.listener = this.listener;
  }

  icmp6Input(packet: PacketBuffer, on: Ipv6Interface): void {
    const { node } = this;
    const problem = mldProblem(packet);
    if (problem !== null) {
      node.drop(packet, Drop.MLD_INVALID, problem);
      return;
    }
    const { view, start } = packet;
    if (node.trace !== null) {
      node.trace.event(node.name, 3, What.Receive, packet, 0, describeMld(view, start), 'RFC 3810');
    }
    if (view.getUint8(start) === MldType.Query) {
      this.querier.queried(packet, on);
      this.listener.queried(packet, on);
    } else {
      if (view.getUint8(start) === MldType.Report1) this.listener.heardVersion1(mldGroup(view, start), on);
      this.querier.reported(packet, on);
    }
    node.drop(packet, Drop.MLD_DONE);
  }

  detach(on: Ipv6Interface): void {
    this.listener.detach(on);
    this.querier.stop(on);
    this.groups.removeAll(on);
  }
}
