import { Drop } from '../../base/drop-reasons.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import type { IpInterface } from '../ip-interface.ts';
import { ipv4Source } from '../ipv4-header.ts';
import type { ProtocolHandler } from '../network-layer.ts';
import { ALL_SYSTEMS, type GroupListener, type Groups, type SourceFilter } from './groups.ts';
import { checkIgmp, describeIgmp, IgmpType, igmpGroup, igmpType } from './igmp-header.ts';
import { IgmpInterface } from './igmp-interface.ts';
import type { IgmpOutput } from './igmp-output.ts';

/** A multicast router on the same host, which hears all of IGMP. */
export interface IgmpListener {
  /** A checked message: `packet.start` stands at it, `packet.l3` at its IP header. Does not take it. */
  igmpInput(packet: PacketBuffer, on: IpInterface): void;
}

/**
 * IGMP of a host (RFC 3376 5; RFC 2236 and RFC 1112 where an older querier is): tells the routers of each link which
 * groups this host wants. Nothing runs on an interface without groups.
 */
export class Igmp implements ProtocolHandler, GroupListener {
  /** Set where this host routes multicasts. */
  router: IgmpListener | null = null;
  readonly groups: Groups;
  private readonly node: NodeContext;
  private readonly output: IgmpOutput;
  private readonly interfaces: readonly IpInterface[];
  private readonly states = new Map<IpInterface, IgmpInterface>();

  constructor(node: NodeContext, groups: Groups, output: IgmpOutput, interfaces: readonly IpInterface[]) {
    this.node = node;
    this.groups = groups;
    this.output = output;
    this.interfaces = interfaces;
    groups.listener = this;
  }

  input(packet: PacketBuffer): void {
    const { node } = this;
    const fault = checkIgmp(packet);
    if (fault !== Drop.NONE) {
      node.drop(packet, fault);
      return;
    }
    const { view, start, end, device } = packet;
    if (node.trace !== null) {
      node.trace.event(node.name, 3, What.Receive, packet, 0, describeIgmp(view, start, end), 'RFC 3376 4');
    }
    const on = this.interfaces.find((candidate) => candidate.index === device) ?? null;
    if (on !== null && !on.loopback) this.take(packet, on);
    node.drop(packet, Drop.IGMP_DONE);
  }

  /** What a host does with what it hears: queries are answered, and what another has reported need not be again. */
  private take(packet: PacketBuffer, on: IpInterface): void {
    const { view, start, end } = packet;
    const type = igmpType(view, start);
    if (type === IgmpType.Query) this.stateOf(on).query(view, start, end);
    else if (type === IgmpType.Report1 || type === IgmpType.Report2) {
      const own = on.sourceFor4(0) === ipv4Source(view, packet.l3);
      if (!own) this.states.get(on)?.othersReport(igmpGroup(view, start));
    }
    if (this.router !== null) this.router.igmpInput(packet, on);
  }

  icmpError(): void {
    // Nobody complains about what is sent to groups (RFC 1122 3.2.2).
  }

  groupChanged(on: IpInterface, group: number, before: SourceFilter, now: SourceFilter): void {
    if (on.loopback || group === ALL_SYSTEMS) return;
    this.stateOf(on).changed(group, before, now);
  }

  /** The interface lives again: whoever is at the other end is told anew. */
  linkUp(on: IpInterface): void {
    this.states.get(on)?.tellAll();
  }

  /** Ends what is pending there; the interface is gone, or the host is switched off. */
  stop(on: IpInterface): void {
    this.states.get(on)?.stop();
    this.states.delete(on);
  }

  /** The version that is spoken on an interface now: the querier's. */
  versionOn(on: IpInterface): 1 | 2 | 3 {
    return this.states.get(on)?.version ?? 3;
  }

  private stateOf(on: IpInterface): IgmpInterface {
    let state = this.states.get(on);
    if (state === undefined) {
      state = new IgmpInterface(this.node, on, this.groups, this.output);
      this.states.set(on, state);
    }
    return state;
  }
}
