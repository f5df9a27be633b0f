import { dissectData } from './dissect-data.ts';
import { type TcpOptions, tcpOptions } from './dissect-tcp-options.ts';
import { handToPorts } from './dissect-udp.ts';
import { type Dissection, type Field, hex } from './dissection.ts';
import { type TcpFacts, TcpFlag } from './packet-facts.ts';
import { ChecksumStatus, checksumField, pseudoHeaderSum } from './transport-checksum.ts';

/**
 * The TCP header (RFC 9293 3.1):
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   0 |          Source Port          |       Destination Port        |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   4 |                        Sequence Number                        |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   8 |                    Acknowledgment Number                      |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |  Data |     |A|C|E|U|A|P|R|S|F|                               |
 *  12 | Offset| Rsrv|E|W|C|R|C|S|S|Y|I|            Window             |
 *     |       |     | |R|E|G|K|H|T|N|N|                               |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  16 |           Checksum            |         Urgent Pointer        |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  20 |                           [Options]                           |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const FIXED = 20;
const PROTOCOL = 6;
const LABEL = 'Transmission Control Protocol';

const NO_OPTIONS: TcpOptions = {
  mss: -1,
  windowScale: -1,
  sackPermitted: false,
  timestampValue: -1,
  timestampEcho: -1,
  sack: [],
  text: '',
};

export function dissectTcp(dissection: Dissection, start: number, end: number): boolean {
  dissection.protocol = 'TCP';
  const { view } = dissection;
  if (end - start < FIXED) {
    if (dissection.quoted && end - start >= 8) quotedHeader(dissection, start, end);
    else dissection.malformed(4, 'tcp', LABEL, start, end, `${end - start} bytes do not hold its header of 20`);
    return true;
  }
  const headerLength = (view.getUint8(start + 12) >>> 4) * 4;
  const sourcePort = view.getUint16(start);
  const destinationPort = view.getUint16(start + 2);
  const sequence = view.getUint32(start + 4);
  const acknowledgment = view.getUint32(start + 8);
  const flags = view.getUint16(start + 12) & 0x01ff;
  const window = view.getUint16(start + 14);
  const urgentPointer = view.getUint16(start + 18);
  const possible = headerLength >= FIXED && headerLength <= end - start;
  const shownHeader = possible ? headerLength : FIXED;

  const layer = dissection.layer(4, 'tcp', LABEL, start, start + shownHeader);
  dissection.number(layer, 'tcp.srcport', 'Source Port', start, 2);
  dissection.number(layer, 'tcp.dstport', 'Destination Port', start + 2, 2);
  dissection.number(layer, 'tcp.seq_raw', 'Sequence Number (raw)', start + 4, 4);
  dissection.number(layer, 'tcp.ack_raw', 'Acknowledgment number (raw)', start + 8, 4);
  dissection.bits(layer, 'tcp.hdr_len', 'Header Length', start + 12, 1, 0xf0, `${headerLength} bytes`, 4);
  flagFields(dissection, layer, start + 12, flags);
  dissection.number(layer, 'tcp.window_size_value', 'Window', start + 14, 2);
  const status = checksumField(
    dissection,
    layer,
    'tcp',
    LABEL,
    start + 16,
    start,
    end,
    pseudoHeaderSum(dissection, PROTOCOL, end - start),
  );
  dissection.number(layer, 'tcp.urgent_pointer', 'Urgent Pointer', start + 18, 2);
  let options = NO_OPTIONS;
  if (!possible) {
    const text = `${LABEL}: a header of ${headerLength} bytes is impossible here`;
    dissection.problem(dissection.incomplete ? 'note' : 'error', 'malformed', text, start + 12, start + 13);
  } else if (headerLength > FIXED) {
    options = tcpOptions(dissection, layer, start + FIXED, start + headerLength);
  }

  const payloadStart = start + shownHeader;
  const payloadLength = payloadBytes(dissection, shownHeader, end - payloadStart);
  dissection.generate(layer, 'tcp.len', 'TCP Segment Len', payloadLength);
  layer.text = `Src Port: ${sourcePort}, Dst Port: ${destinationPort}, Seq: ${sequence}, Len: ${payloadLength}`;
  dissection.facts.transport = {
    kind: 'tcp',
    sourcePort,
    destinationPort,
    sequence,
    acknowledgment,
    flags,
    window,
    urgentPointer,
    mss: options.mss,
    windowScale: options.windowScale,
    sackPermitted: options.sackPermitted,
    timestampValue: options.timestampValue,
    timestampEcho: options.timestampEcho,
    sack: options.sack,
    headerLength,
    payloadStart,
    payloadLength,
    optionsText: options.text,
    checksumBad: status === ChecksumStatus.Bad,
  };
  dissection.info = tcpInfo(dissection.facts.transport);
  flagProblems(dissection, flags, start + 12);
  if (payloadStart < end) {
    const { tcpPorts } = dissection.registry;
    const handed = possible && handToPorts(dissection, tcpPorts, sourcePort, destinationPort, payloadStart, end);
    if (!handed) dissectData(dissection, payloadStart, end);
  }
  return true;
}

/** Payload bytes by IP's length, which counts what was not captured as well. */
function payloadBytes(dissection: Dissection, headerLength: number, captured: number): number {
  const { network } = dissection.facts;
  if (network === null || !dissection.incomplete) return captured;
  const byLength = network.totalLength - network.headerLength - headerLength;
  return byLength >= captured ? byLength : captured;
}

/** The 8 bytes that an ICMP error must quote (RFC 792): ports and sequence number. */
function quotedHeader(dissection: Dissection, start: number, end: number): void {
  const { view } = dissection;
  const sourcePort = view.getUint16(start);
  const destinationPort = view.getUint16(start + 2);
  const layer = dissection.layer(4, 'tcp', LABEL, start, end, `Src Port: ${sourcePort}, Dst Port: ${destinationPort}`);
  dissection.number(layer, 'tcp.srcport', 'Source Port', start, 2);
  dissection.number(layer, 'tcp.dstport', 'Destination Port', start + 2, 2);
  dissection.number(layer, 'tcp.seq_raw', 'Sequence Number (raw)', start + 4, 4);
  if (end > start + 8) dissection.raw(layer, 'tcp.segment_data', 'The rest that is quoted', start + 8, end);
  dissection.facts.transport = {
    kind: 'tcp',
    sourcePort,
    destinationPort,
    sequence: view.getUint32(start + 4),
    acknowledgment: 0,
    flags: 0,
    window: 0,
    urgentPointer: 0,
    ...NO_OPTIONS,
    headerLength: end - start,
    payloadStart: end,
    payloadLength: 0,
    optionsText: '',
    checksumBad: false,
  };
}

/** Lowest bit first, as summaries list them. */
const FLAG_NAMES: readonly [number, string][] = [
  [TcpFlag.Fin, 'FIN'],
  [TcpFlag.Syn, 'SYN'],
  [TcpFlag.Rst, 'RST'],
  [TcpFlag.Psh, 'PSH'],
  [TcpFlag.Ack, 'ACK'],
  [TcpFlag.Urg, 'URG'],
  [TcpFlag.Ece, 'ECE'],
  [TcpFlag.Cwr, 'CWR'],
  [TcpFlag.Ae, 'AE'],
];

/** `SYN, ACK`; `<None>` when no flag is set. */
export function tcpFlagsText(flags: number): string {
  const names = FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return names.length === 0 ? '<None>' : names.join(', ');
}

/** The line of a packet list. `Analysis` makes it with relative numbers (what to subtract) and the scaled window. */
export function tcpInfo(tcp: TcpFacts, window = tcp.window, sequenceBase = 0, acknowledgmentBase = 0): string {
  const sequence = (tcp.sequence - sequenceBase) >>> 0;
  let text = `${tcp.sourcePort} → ${tcp.destinationPort} [${tcpFlagsText(tcp.flags)}] Seq=${sequence}`;
  if (tcp.flags & TcpFlag.Ack) text += ` Ack=${(tcp.acknowledgment - acknowledgmentBase) >>> 0}`;
  text += ` Win=${window}`;
  if (tcp.checksumBad) text += ' [TCP CHECKSUM INCORRECT]';
  if (tcp.flags & TcpFlag.Urg) text += ` Urg=${tcp.urgentPointer}`;
  text += ` Len=${tcp.payloadLength}${tcp.optionsText}`;
  for (let i = 0; i + 1 < tcp.sack.length; i += 2) {
    text += ` SLE=${(tcp.sack[i]! - acknowledgmentBase) >>> 0} SRE=${(tcp.sack[i + 1]! - acknowledgmentBase) >>> 0}`;
  }
  return text;
}

function flagFields(dissection: Dissection, layer: Field, at: number, flags: number): void {
  const text = `${hex(dissection.view.getUint16(at) & 0x0fff, 3)} (${tcpFlagsText(flags)})`;
  const group = dissection.bits(layer, 'tcp.flags', 'Flags', at, 2, 0x0fff, text);
  dissection.flag(group, 'tcp.flags.res', 'Reserved', at, 2, 0x0e00);
  dissection.flag(group, 'tcp.flags.ae', 'Accurate ECN', at, 2, TcpFlag.Ae);
  dissection.flag(group, 'tcp.flags.cwr', 'Congestion Window Reduced', at, 2, TcpFlag.Cwr);
  dissection.flag(group, 'tcp.flags.ece', 'ECN-Echo', at, 2, TcpFlag.Ece);
  dissection.flag(group, 'tcp.flags.urg', 'Urgent', at, 2, TcpFlag.Urg);
  dissection.flag(group, 'tcp.flags.ack', 'Acknowledgment', at, 2, TcpFlag.Ack);
  dissection.flag(group, 'tcp.flags.push', 'Push', at, 2, TcpFlag.Psh);
  dissection.flag(group, 'tcp.flags.reset', 'Reset', at, 2, TcpFlag.Rst);
  dissection.flag(group, 'tcp.flags.syn', 'Syn', at, 2, TcpFlag.Syn);
  dissection.flag(group, 'tcp.flags.fin', 'Fin', at, 2, TcpFlag.Fin);
}

/** What the flags tell: the events of a connection, and combinations that no sender makes. */
function flagProblems(dissection: Dissection, flags: number, at: number): void {
  if (dissection.quoted) return;
  const { Syn, Fin, Rst, Ack } = TcpFlag;
  const say = (severity: 'chat' | 'warning', group: 'sequence' | 'protocol', text: string): void =>
    dissection.problem(severity, group, text, at, at + 2);
  if (flags & Syn && flags & (Fin | Rst)) say('warning', 'protocol', `TCP: ${tcpFlagsText(flags)} makes no sense`);
  else if (flags & Syn)
    say(
      'chat',
      'sequence',
      `Connection ${flags & Ack ? 'establish acknowledge (SYN+ACK)' : 'establish request (SYN)'}`,
    );
  else if (flags & Rst) say('warning', 'sequence', 'Connection reset (RST)');
  else if (flags & Fin) say('chat', 'sequence', 'Connection finish (FIN)');
}
