import { Drop } from '@netarium/stack/base/drop-reasons';
import type { IpAddress } from '@netarium/stack/base/ip-address';
import type { NodeContext } from '@netarium/stack/base/node-context';
import type { PacketBuffer } from '@netarium/stack/base/packet-buffer';
import { What } from '@netarium/stack/base/trace';
import type { Host } from '@netarium/stack/host/host';
import { IcmpType, Unreachable } from '@netarium/stack/l3-network/icmp-header';
import type { Chunks } from './chunks.ts';
import type { Destinations, Target } from './destinations.ts';
import type { Doorbell } from './doorbell.ts';
import type { FlowTable } from './flow-table.ts';
import type { GatewayLimits } from './limits.ts';
import type { OutsideNetwork } from './outside-network.ts';
import type { RuleProtocol, Rules } from './rules.ts';

/** What the relays of one gateway share. */
export interface GatewayParts {
  readonly node: NodeContext;
  readonly host: Host;
  readonly outside: OutsideNetwork;
  readonly rules: Rules;
  readonly destinations: Destinations;
  readonly flows: FlowTable;
  readonly limits: GatewayLimits;
  readonly doorbell: Doorbell;
  readonly chunks: Chunks;
  /** The name of the interface that leads outside. */
  readonly outsideName: string;
  /** Runs what came from a real socket at the network's present time. */
  readonly external: (deliver: () => void) => void;
  /** Something has begun whose time may run out. */
  readonly watchTime: () => void;
}

/**
 * May the packet, a first one for `target`, come in? Otherwise it is dropped: its source is not an inside host's (such a
 * thing would be answered to the outside, RFC 2827), or the rules forbid it, and the sender is told (RFC 1812 5.3.9:
 * "communication administratively prohibited").
 */
export function admit(
  parts: GatewayParts,
  protocol: RuleProtocol,
  packet: PacketBuffer,
  source: IpAddress,
  target: Target,
): boolean {
  const { node, rules, flows, outside } = parts;
  const { address, port } = target;
  const back = parts.host.ip.routes.lookup(source.v4);
  if (back?.interface == null || back.interface.name === parts.outsideName) {
    node.drop(packet, Drop.IP_BAD_SOURCE, `${source} is not inside`);
    return false;
  }
  if (!rules.allows(protocol, address, port)) {
    flows.counters.denied++;
    outside.sendIcmpError(packet, IcmpType.DestinationUnreachable, Unreachable.Prohibited);
    const what = `${protocol} to ${describeEnd(address, port)}: ${rules.why(protocol, address, port)}`;
    node.drop(packet, Drop.GATEWAY_DENIED, what);
    return false;
  }
  return true;
}

/** Is there room for one more flow? Otherwise the packet is dropped: whoever sends again may be luckier. */
export function hasRoom(
  parts: GatewayParts,
  protocol: 'tcp' | 'udp',
  packet: PacketBuffer,
  source: IpAddress,
): boolean {
  const full = parts.flows.full(protocol, source);
  if (full === '') return true;
  parts.flows.counters.full++;
  parts.node.drop(packet, Drop.GATEWAY_FULL, full);
  return false;
}

/** Tells who watches what became of a flow. */
export function tell(parts: GatewayParts, flow: string, what: string): void {
  const { node } = parts;
  node.trace?.event(node.name, 4, What.State, null, 0, `${flow}: ${what}`, '');
}

/** `127.0.0.1:80`; without a port, the address alone. */
export function describeEnd(address: IpAddress, port: number): string {
  if (port === 0) return `${address}`;
  return address.family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
