import { formatIpv4, IpAddress } from '../../base/ip-address.ts';
import { protocolName } from '../ipv4-header.ts';
import { FlowState, flowStateName } from './flow-states.ts';
import { FlowFlag, type FlowTable } from './flow-table.ts';

/** One end's view of a conversation. */
export interface TupleText {
  readonly source: string;
  readonly destination: string;
  /** -1: it has none. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly packets: number;
  readonly bytes: number;
}

/** A tracked conversation, for people and tools. */
export interface FlowText {
  readonly protocol: string;
  readonly protocolNumber: number;
  readonly state: string;
  /** Seconds that it is kept for without another packet. */
  readonly seconds: number;
  readonly replied: boolean;
  readonly assured: boolean;
  readonly mark: number;
  /** As it began, and as answers come. */
  readonly original: TupleText;
  readonly reply: TupleText;
}

/** The conversations that are tracked now, `most` of them at most, in the order of the table. */
export function listFlows(table: FlowTable, now: number, most = Infinity): FlowText[] {
  const found: FlowText[] = [];
  for (let flow = 0; flow < table.end && found.length < most; flow++) {
    if (table.state(flow) === FlowState.Free || table.expired(flow, now)) continue;
    const protocol = table.protocol(flow);
    const flags = table.flags(flow);
    found.push({
      protocol: protocolName(protocol).toLowerCase(),
      protocolNumber: protocol,
      state: protocol === 6 ? flowStateName(table.state(flow)) : '',
      seconds: Math.floor(table.left(flow, now)),
      replied: (flags & FlowFlag.Replied) !== 0 || table.packets[flow * 2 + 1]! > 0,
      assured: (flags & FlowFlag.Assured) !== 0,
      mark: table.mark(flow),
      original: tupleText(table, flow, 0, protocol),
      reply: tupleText(table, flow, 1, protocol),
    });
  }
  return found;
}

function tupleText(table: FlowTable, flow: number, direction: number, protocol: number): TupleText {
  const word = (n: number) => table.word(flow, direction, n);
  const ports = word(8);
  const none = protocol !== 6 && protocol !== 17 && protocol !== 1 && protocol !== 58;
  return {
    source: address(word(0), word(1), word(2), word(3)),
    destination: address(word(4), word(5), word(6), word(7)),
    sourcePort: none ? -1 : ports >>> 16,
    destinationPort: none ? -1 : ports & 0xffff,
    packets: table.packets[flow * 2 + direction]!,
    bytes: table.bytes[flow * 2 + direction]!,
  };
}

function address(w0: number, w1: number, w2: number, w3: number): string {
  if (w0 === 0 && w1 === 0 && w2 === 0xffff) return formatIpv4(w3 >>> 0);
  return IpAddress.v6(w0 >>> 0, w1 >>> 0, w2 >>> 0, w3 >>> 0).toString();
}
