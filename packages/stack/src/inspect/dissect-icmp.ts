import { dissectData } from './dissect-data.ts';
import { dissectIpv4 } from './dissect-ipv4.ts';
import { type Dissection, type Field, named } from './dissection.ts';
import type { IcmpFacts } from './packet-facts.ts';
import { checksumField } from './transport-checksum.ts';

/**
 * ICMP (RFC 792, RFC 1191): type, code, checksum, four bytes whose meaning the type decides, and data; an error
 * message's data is the packet that it is about: its IP header and at least 8 bytes of what that carried.
 *
 *      0        1        2                 4                               8
 *     +--------+--------+-----------------+-------------------------------+----------
 *     |  type  |  code  |    checksum     | identifier, sequence | MTU |..| data
 *     +--------+--------+-----------------+-------------------------------+----------
 */
const HEADER = 8;
const LABEL = 'Internet Control Message Protocol';

export const IcmpType = {
  EchoReply: 0,
  Unreachable: 3,
  SourceQuench: 4,
  Redirect: 5,
  Echo: 8,
  TimeExceeded: 11,
  ParameterProblem: 12,
  Timestamp: 13,
  TimestampReply: 14,
} as const;

/** As the summary tells them. */
const TYPE_NAMES = new Map<number, string>([
  [IcmpType.EchoReply, 'Echo (ping) reply'],
  [IcmpType.Unreachable, 'Destination unreachable'],
  [IcmpType.SourceQuench, 'Source quench (flow control)'],
  [IcmpType.Redirect, 'Redirect'],
  [IcmpType.Echo, 'Echo (ping) request'],
  [9, 'Router advertisement'],
  [10, 'Router solicitation'],
  [IcmpType.TimeExceeded, 'Time-to-live exceeded'],
  [IcmpType.ParameterProblem, 'Parameter problem'],
  [IcmpType.Timestamp, 'Timestamp request'],
  [IcmpType.TimestampReply, 'Timestamp reply'],
]);

const CODE_NAMES: Record<number, readonly string[]> = {
  [IcmpType.Unreachable]: [
    'Network unreachable',
    'Host unreachable',
    'Protocol unreachable',
    'Port unreachable',
    'Fragmentation needed',
    'Source route failed',
    'Network unknown',
    'Host unknown',
    'Source host isolated',
    'Network administratively prohibited',
    'Host administratively prohibited',
    'Network unreachable for TOS',
    'Host unreachable for TOS',
    'Communication administratively filtered',
    'Host precedence violation',
    'Precedence cutoff in effect',
  ],
  [IcmpType.Redirect]: [
    'Redirect for network',
    'Redirect for host',
    'Redirect for TOS and network',
    'Redirect for TOS and host',
  ],
  [IcmpType.TimeExceeded]: ['Time to live exceeded in transit', 'Fragment reassembly time exceeded'],
  [IcmpType.ParameterProblem]: ['Pointer indicates the error', 'Required option missing', 'Bad length'],
};

export function icmpTypeName(type: number): string {
  return TYPE_NAMES.get(type) ?? `type ${type}`;
}
/** What a code means; undefined where the type has none. */
export function icmpCodeName(type: number, code: number): string | undefined {
  return CODE_NAMES[type]?.[code];
}

export function dissectIcmp(dissection: Dissection, start: number, end: number): boolean {
  dissection.protocol = 'ICMP';
  if (end - start < HEADER) {
    dissection.malformed(3, 'icmp', LABEL, start, end, `${end - start} bytes do not hold its header of 8`);
    return true;
  }
  const { view } = dissection;
  const type = view.getUint8(start);
  const code = view.getUint8(start + 1);
  const typeName = icmpTypeName(type);
  const codeName = icmpCodeName(type, code);
  const isError =
    type === IcmpType.Unreachable ||
    type === IcmpType.SourceQuench ||
    type === IcmpType.Redirect ||
    type === IcmpType.TimeExceeded ||
    type === IcmpType.ParameterProblem;
  const isTimestamp = (type === IcmpType.Timestamp || type === IcmpType.TimestampReply) && end - start >= 20;
  const headerEnd = isError ? end : start + (isTimestamp ? 20 : HEADER);
  const layer = dissection.layer(3, 'icmp', LABEL, start, headerEnd, codeName ? `${typeName} (${codeName})` : typeName);
  dissection.number(layer, 'icmp.type', 'Type', start, 1, named(type, TYPE_NAMES.get(type)));
  dissection.number(layer, 'icmp.code', 'Code', start + 1, 1, named(code, codeName));
  checksumField(dissection, layer, 'icmp', LABEL, start + 2, start, end, 0);

  let identifier = -1;
  let sequence = -1;
  let mtu = 0;
  let quoted: IcmpFacts['quoted'] = null;
  // Summaries stand in columns: the type takes 20 letters.
  const column = typeName.padEnd(20);
  dissection.info = codeName ? `${column} (${codeName})` : typeName;
  if (type === IcmpType.Echo || type === IcmpType.EchoReply || isTimestamp) {
    identifier = view.getUint16(start + 4);
    sequence = view.getUint16(start + 6);
    dissection.hex(layer, 'icmp.ident', 'Identifier (BE)', start + 4, 2).text += ` (${identifier})`;
    dissection.number(layer, 'icmp.seq', 'Sequence Number (BE)', start + 6, 2);
    const swapped = view.getUint16(start + 6, true);
    // Both byte orders: some systems count in their own.
    const numbers = `id=0x${identifier.toString(16).padStart(4, '0')}, seq=${sequence}/${swapped}`;
    const ttl = dissection.facts.network?.ttl ?? 0;
    dissection.info = `${column} ${numbers}, ttl=${ttl}`;
    if (isTimestamp) {
      dissection.number(layer, 'icmp.originate_timestamp', 'Originate Timestamp', start + 8, 4);
      dissection.number(layer, 'icmp.receive_timestamp', 'Receive Timestamp', start + 12, 4);
      dissection.number(layer, 'icmp.transmit_timestamp', 'Transmit Timestamp', start + 16, 4);
    }
  } else {
    mtu = specificFields(dissection, layer, type, code, start + 4);
  }
  if (isError && headerEnd > start + HEADER) {
    const facts = dissection.quote(layer, dissectIpv4, start + HEADER, end);
    quoted = { network: facts.network, transport: facts.transport };
  }
  dissection.facts.transport = { kind: 'icmp', version: 4, type, code, identifier, sequence, mtu, quoted };
  if (!isError) dissectData(dissection, headerEnd, end);
  return true;
}

/** Bytes 4 to 7 of messages other than echo and timestamp. Returns the next hop's MTU where there is one. */
function specificFields(dissection: Dissection, layer: Field, type: number, code: number, at: number): number {
  if (type === IcmpType.Redirect) {
    dissection.ipv4(layer, 'icmp.redir_gw', 'Gateway Address', at);
  } else if (type === IcmpType.ParameterProblem) {
    dissection.number(layer, 'icmp.pointer', 'Pointer', at, 1);
    dissection.raw(layer, 'icmp.unused', 'Unused', at + 1, at + 4);
  } else if (type === IcmpType.Unreachable && code === 4) {
    dissection.raw(layer, 'icmp.unused', 'Unused', at, at + 2);
    dissection.number(layer, 'icmp.mtu', 'MTU of next hop', at + 2, 2);
    return dissection.view.getUint16(at + 2);
  } else {
    dissection.raw(layer, 'icmp.unused', 'Unused', at, at + 4);
  }
  return 0;
}
