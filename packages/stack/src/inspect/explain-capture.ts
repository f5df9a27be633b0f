import { formatDuration } from '../base/units.ts';
import type { CapturedPacket, CaptureFile } from './capture-file.ts';
import { Analysis, type Conversation, type PacketAnalysis, tcpMarkTexts } from './conversations.ts';
import { dissect } from './dissect.ts';
import type { Dissection, DissectorRegistry } from './dissection.ts';
import { conversationStory } from './explain-conversation.ts';
import { Names } from './explain-names.ts';
import { addressesGiven, namesAskedFor } from './explain-services.ts';
import { tcpPurpose } from './explain-tcp.ts';
import { TcpMark } from './tcp-stream.ts';
import { count, plain, printable, type Style, table, wrap } from './text-layout.ts';

export interface ExplainOptions {
  /** Columns of the terminal; default 100. */
  width?: number;
  style?: Style;
  registry?: DissectorRegistry;
  /** Lines of each list; then the rest is only counted. Default 40. */
  listLimit?: number;
}

/** A packet with all that is known of it. */
interface Known {
  readonly packet: CapturedPacket;
  readonly dissection: Dissection;
  readonly analysis: PacketAnalysis;
}

/** Marks that tell of trouble. */
const TROUBLE =
  TcpMark.Retransmission |
  TcpMark.FastRetransmission |
  TcpMark.SpuriousRetransmission |
  TcpMark.OutOfOrder |
  TcpMark.PreviousSegmentLost |
  TcpMark.ZeroWindow |
  TcpMark.WindowFull;

/**
 * A whole capture in words, for `netarium explain FILE`: what it is, who is in it, what each conversation came to, what
 * went wrong, and the first conversation packet by packet.
 */
export function explainCapture(file: CaptureFile, options: ExplainOptions = {}): string {
  const { width = 100, style = plain, listLimit = 40 } = options;
  const names = new Names(file.names, options.registry);
  const analysis = new Analysis();
  const known = file.packets.map((packet) => examine(file, packet, analysis, options.registry));
  const sections: [string, string[]][] = [
    ['The capture', describeFile(file, known).flatMap((line) => wrap(printable(line), width - 2))],
    ['Hosts', hosts(known, names, listLimit)],
    ['Conversations', conversations(analysis.conversations, names, width, listLimit)],
    ['Addresses given by DHCP', listed(addressesGiven(known, names), width, listLimit)],
    ['Names asked for', listed(namesAskedFor(known, names), width, listLimit)],
    ['Trouble', trouble(known, names, width, listLimit)],
    narrative(known, analysis.conversations, names, width, listLimit),
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([heading, lines]) =>
      [style(heading, 'heading'), ...lines.map((line) => cutTo(`  ${line}`, width))].join('\n'),
    )
    .join('\n\n');
}

function examine(
  file: CaptureFile,
  packet: CapturedPacket,
  analysis: Analysis,
  registry: DissectorRegistry | undefined,
): Known {
  const fcs = file.interfaces[packet.interfaceIndex]?.fcsLength ?? 0;
  const dissection = dissect(packet.bytes, packet.linkType, {
    originalLength: packet.originalLength,
    fcsLength: Math.max(0, fcs),
    ...(registry === undefined ? {} : { registry }),
  });
  return { packet, dissection, analysis: analysis.add(dissection, packet) };
}

function describeFile(file: CaptureFile, known: readonly Known[]): string[] {
  const bytes = known.reduce((sum, { packet }) => sum + packet.originalLength, 0);
  const last = known.reduce((latest, { packet }) => Math.max(latest, packet.timeNs), 0);
  const lines = [`${count(known.length, 'packet')} of ${count(bytes, 'byte')} in ${formatDuration(last)}`];
  const interfaces = file.interfaces.map((each) => each.name).filter((name) => name !== '');
  if (interfaces.length > 0) lines.push(`seen on ${interfaces.join(', ')}`);
  const copies = known.filter(({ analysis }) => analysis.copyOf > 0).length;
  if (copies > 0) lines.push(`${copies} of them are the same packets, seen again on another interface`);
  for (const comment of file.comments) lines.push(comment);
  for (const problem of file.problems) lines.push(`the file is damaged: ${problem}`);
  const layers = new Map<string, number>();
  for (const { dissection } of known) layers.set(dissection.protocol, (layers.get(dissection.protocol) ?? 0) + 1);
  const kinds = [...layers].sort((a, b) => b[1] - a[1]).map(([name, packets]) => `${name} ${packets}`);
  if (kinds.length > 0) lines.push(kinds.join(', '));
  return lines;
}

function hosts(known: readonly Known[], names: Names, limit: number): string[] {
  const found = new Map<string, { name: string; macs: Set<string>; sent: number; received: number }>();
  const of = (address: Parameters<Names['known']>[0]): { macs: Set<string>; sent: number; received: number } => {
    const text = address.toString();
    let host = found.get(text);
    if (host === undefined) {
      host = { name: names.known(address) ?? '', macs: new Set(), sent: 0, received: 0 };
      found.set(text, host);
    }
    return host;
  };
  for (const { dissection, analysis } of known) {
    const { network, arp } = dissection.facts;
    // Only ARP says which station an address is at: behind a router every packet comes from the router's.
    if (arp !== null && !arp.senderIp.isUnspecified) of(arp.senderIp).macs.add(arp.senderMac.toString());
    if (network === null || analysis.copyOf > 0) continue;
    of(network.source).sent++;
    of(network.destination).received++;
  }
  if (found.size === 0) return [];
  const rows: (string | number)[][] = [['address', 'name', 'sent', 'received', 'at']];
  for (const [address, host] of found)
    rows.push([address, host.name, host.sent, host.received, [...host.macs].join(', ')]);
  return shorten(table(rows), limit + 1, 'host');
}

function conversations(all: readonly Conversation[], names: Names, width: number, limit: number): string[] {
  const lines: string[] = [];
  for (const conversation of all.slice(0, limit)) {
    const { a, b, kind, index, packetsA, packetsB } = conversation;
    const ends =
      kind === 'icmp'
        ? `${names.host(a.address)} and ${names.host(b.address)}`
        : `${names.endpoint(a.address, a.port)} -> ${names.endpoint(b.address, b.port)}`;
    lines.push(`${kind} ${index}: ${ends}, ${count(packetsA + packetsB, 'packet')}`);
    for (const sentence of conversationStory(conversation, names)) {
      if (sentence !== '') lines.push(...wrap(sentence, width - 6).map((line) => `    ${line}`));
    }
  }
  if (all.length > limit) lines.push(`... and ${count(all.length - limit, 'more conversation')}`);
  return lines;
}

/** Sentences as lines, the further lines of one drawn in. */
function listed(sentences: readonly string[], width: number, limit: number): string[] {
  const lines = sentences.flatMap((sentence) =>
    wrap(printable(sentence), width - 4).map((line, index) => (index === 0 ? line : `  ${line}`)),
  );
  return shorten(lines, limit, 'line');
}

/** What was dropped, sent again, damaged: a line each. */
function trouble(known: readonly Known[], names: Names, width: number, limit: number): string[] {
  const lines: string[] = [];
  for (const { packet, dissection, analysis } of known) {
    const said = packet.comments.filter((comment) => comment !== '').map(printable);
    if (analysis.tcp !== null && analysis.tcp.marks & TROUBLE) said.push(...tcpMarkTexts(analysis.tcp));
    const icmp = dissection.facts.transport;
    if (icmp?.kind === 'icmp' && icmp.quoted !== null && analysis.copyOf === 0) said.push(dissection.info);
    for (const problem of dissection.problems) if (problem.severity === 'error') said.push(problem.text);
    if (said.length === 0) continue;
    const who = `packet ${packet.number}, ${between(dissection, names)}: `;
    lines.push(...wrap(who + said.join('; '), width - 4).map((line, index) => (index === 0 ? line : `  ${line}`)));
  }
  return shorten(lines, limit, 'line');
}

/** The first TCP connection, or else the first conversation, packet by packet. */
function narrative(
  known: readonly Known[],
  all: readonly Conversation[],
  names: Names,
  width: number,
  limit: number,
): [string, string[]] {
  const told = all.find((conversation) => conversation.kind === 'tcp') ?? all[0];
  if (told === undefined) return ['', []];
  const rows: string[][] = [];
  for (const { packet, dissection, analysis } of known) {
    if (analysis.conversation !== told || analysis.copyOf > 0) continue;
    const time = formatDuration(packet.timeNs - told.firstTimeNs);
    rows.push([String(packet.number), time, between(dissection, names), deed(dissection, analysis)]);
  }
  const lines = table(rows);
  const ends =
    told.kind === 'icmp'
      ? ''
      : `: ${names.endpoint(told.a.address, told.a.port)} and ${names.endpoint(told.b.address, told.b.port)}`;
  return [`Packet by packet, ${told.kind} ${told.index}${ends}`, shorten(lines, limit, 'packet')];
}

/** What one packet of the story does. */
function deed(dissection: Dissection, analysis: PacketAnalysis): string {
  const { transport, application } = dissection.facts;
  if (transport === null) return analysis.info;
  if (transport.kind !== 'tcp' || analysis.tcp === null) return analysis.info;
  const { tcp } = analysis;
  let text = tcpPurpose(transport, tcp);
  if (analysis.conversation?.tcp?.handshakeNumber === analysis.number) text += ': the connection is open';
  const { relativeSequence: first, relativeAcknowledgment: next } = tcp;
  if (transport.payloadLength > 0) text += `, ${first} to ${first + transport.payloadLength - 1}`;
  if (application !== null && transport.payloadLength > 0) text += `: ${application.text}`;
  const bytes = tcp.acknowledgesFin ? next - 2 : next - 1;
  if (transport.payloadLength === 0 && bytes > 0) text += `, has got all up to ${bytes}`;
  if (tcp.acknowledgesFin) text += bytes > 0 ? ' and the FIN' : ', has got the FIN';
  return text;
}

function between(dissection: Dissection, names: Names): string {
  const { network, arp, link } = dissection.facts;
  if (network !== null) return `${names.host(network.source)} -> ${names.host(network.destination)}`;
  if (arp !== null) return `${names.host(arp.senderIp)} -> ${names.host(arp.targetIp)}`;
  return link === null ? 'somebody' : `${link.source} -> ${link.destination}`;
}

/** A line of a table may be too long for the terminal: its end is cut. */
function cutTo(line: string, width: number): string {
  return line.length > width ? `${line.slice(0, width - 3)}...` : line;
}

function shorten(lines: string[], limit: number, noun: string): string[] {
  if (lines.length <= limit) return lines;
  return [...lines.slice(0, limit), `... and ${count(lines.length - limit, `more ${noun}`)}`];
}
