import { formatDuration } from '../base/units.ts';
import type { PacketAnalysis } from './conversations.ts';
import { etherTypeName } from './dissect-ethernet.ts';
import { icmpCodeName, icmpTypeName } from './dissect-icmp.ts';
import { icmpv6CodeName, icmpv6TypeName } from './dissect-icmpv6.ts';
import { tcpFlagsText } from './dissect-tcp.ts';
import type { Dissection } from './dissection.ts';
import { discoverySentence } from './explain-discovery.ts';
import { Names } from './explain-names.ts';
import { ospfSentence } from './explain-ospf.ts';
import { tcpSentences } from './explain-tcp.ts';
import { ipProtocolName } from './ip-names.ts';
import type { IcmpFacts, NetworkFacts, TransportFacts } from './packet-facts.ts';
import { count, ordinal } from './text-layout.ts';

/** Preamble and start delimiter, frame check sequence; a frame without them has at least 60 bytes (IEEE 802.3 3.1.1). */
const PREAMBLE_AND_FCS = 12;
const SHORTEST_FRAME = 60;

/**
 * One packet in words, layer by layer from the highest that it has down to the bits: a line each, beginning with the
 * layer's number and what it calls its unit.
 */
export function explainPacket(
  dissection: Dissection,
  analysis: PacketAnalysis | null = null,
  names: Names = new Names(),
): string[] {
  const { facts } = dissection;
  const lines: string[] = [];
  if (analysis !== null && analysis.copyOf > 0) {
    lines.push(`The same packet as number ${analysis.copyOf}, seen again on another interface.`);
  }
  const top = applicationLine(dissection);
  if (top !== '') lines.push(top);
  if (facts.transport !== null) lines.push(...transportLines(dissection, facts.transport, analysis, names));
  if (facts.arp !== null) lines.push(arpLine(dissection, names));
  if (dissection.protocol.startsWith('IGMP')) {
    lines.push(`Layer 3, message: ${dissection.protocol}, to tell multicast routers: ${dissection.info}.`);
  }
  const routing = ospfSentence(dissection);
  if (routing !== null) lines.push(`Layer 3, message: OSPF: ${routing}.`);
  if (facts.network !== null) lines.push(networkLine(facts.network, names));
  lines.push(...frameLines(dissection));
  for (const problem of dissection.problems) {
    if (problem.severity === 'error' || problem.severity === 'warning') lines.push(`Attention: ${problem.text}.`);
  }
  return lines;
}

function applicationLine(dissection: Dissection): string {
  const { application, transport } = dissection.facts;
  if (application !== null) {
    const what = application.isRequest === null ? 'says' : application.isRequest ? 'asks' : 'answers';
    return `Layer 7, data: ${application.protocol.toUpperCase()} ${what}: ${application.text}.`;
  }
  if (transport === null || transport.kind === 'icmp' || transport.payloadLength === 0) return '';
  return `Layer 7, data: ${count(transport.payloadLength, 'byte')} of a program's data.`;
}

function transportLines(
  dissection: Dissection,
  transport: TransportFacts,
  analysis: PacketAnalysis | null,
  names: Names,
): string[] {
  const network = dissection.facts.network;
  if (transport.kind === 'icmp') {
    const said = discoverySentence(dissection, transport, names);
    if (said !== null) return [`Layer 3, message: ICMPv6: ${said}.`];
    return [icmpLine(transport, network, analysis, names)];
  }
  const ports = `from port ${names.port(transport.kind, transport.sourcePort)} to port ${names.port(transport.kind, transport.destinationPort)}`;
  const conversation = analysis?.conversation ?? null;
  const which = analysis !== null && conversation !== null ? placeIn(analysis, names) : '';
  if (transport.kind === 'udp') {
    const check = transport.checksumBad ? ', the checksum is wrong' : '';
    return [
      `Layer 4, datagram: UDP ${ports}, ${count(transport.length, 'byte')} with its header of 8${which}${check}.`,
    ];
  }
  const told = tcpSentences(transport, analysis, names);
  const first = `Layer 4, segment: TCP ${ports}, flags ${tcpFlagsText(transport.flags)}${which}.`;
  return [first, ...told.map((sentence) => `  ${sentence}.`)];
}

/** `, the 3rd packet of the connection alice:49152 -> web:80`. */
function placeIn(analysis: PacketAnalysis, names: Names): string {
  const { conversation, ordinal: place } = analysis;
  if (conversation === null || place === 0) return '';
  const { a, b, kind } = conversation;
  const what = kind === 'tcp' ? 'connection' : 'conversation';
  return `, the ${ordinal(place)} of the ${what} ${names.endpoint(a.address, a.port)} -> ${names.endpoint(b.address, b.port)}`;
}

function icmpLine(
  icmp: IcmpFacts,
  network: NetworkFacts | null,
  analysis: PacketAnalysis | null,
  names: Names,
): string {
  const typeName = icmp.version === 4 ? icmpTypeName(icmp.type) : icmpv6TypeName(icmp.type);
  const codeName = icmp.version === 4 ? icmpCodeName(icmp.type, icmp.code) : icmpv6CodeName(icmp.type, icmp.code);
  let text = `Layer 3, message: ICMP${icmp.version === 6 ? 'v6' : ''}, ${codeName ? `${typeName}: ${codeName}` : typeName}`;
  if (icmp.identifier >= 0) text += `, identifier ${icmp.identifier}, sequence number ${icmp.sequence}`;
  if (analysis !== null && analysis.answers > 0) {
    const after = analysis.answerNs >= 0 ? ` after ${formatDuration(analysis.answerNs)}` : '';
    text += `, the answer to packet ${analysis.answers}${after}`;
  }
  if (icmp.mtu > 0) text += `, the next link carries ${icmp.mtu} bytes`;
  if (icmp.quoted?.network) {
    const { source, destination, protocol } = icmp.quoted.network;
    const { transport } = icmp.quoted;
    const ports =
      transport === null || transport.kind === 'icmp'
        ? ''
        : ` port ${transport.sourcePort} to port ${transport.destinationPort}`;
    const said = network === null ? 'It' : names.host(network.source);
    text += `. ${said} says this about a packet of ${names.host(source)} to ${names.host(destination)}: `;
    text += `${ipProtocolName(protocol) ?? `protocol ${protocol}`}${ports}`;
  }
  return `${text}.`;
}

function networkLine(network: NetworkFacts, names: Names): string {
  const between = `from ${both(names, network.source)} to ${both(names, network.destination)}`;
  const size = `${count(network.totalLength, 'byte')} with its header of ${network.headerLength}`;
  const life = `${network.version === 4 ? 'time to live' : 'hop limit'} ${network.ttl}`;
  let text = `Layer 3, packet: IPv${network.version} ${between}, ${size}; ${life}: `;
  text +=
    network.ttl <= 1 ? 'the next router will not pass it on' : `it may pass ${count(network.ttl - 1, 'more router')}`;
  if (network.fragmentOffset > 0 || network.moreFragments) {
    const which = network.moreFragments ? (network.fragmentOffset === 0 ? 'the first' : 'a') : 'the last';
    text += `; ${which} fragment of packet ${network.identification}, from byte ${network.fragmentOffset} on`;
  } else if (network.version === 4 && network.dontFragment) {
    text += '; it must not be cut into fragments (DF)';
  }
  if ((network.tos & 3) === 3) text += '; a router on the way was congested (ECN)';
  return `${text}.`;
}

function arpLine(dissection: Dissection, names: Names): string {
  const arp = dissection.facts.arp!;
  const { senderIp, senderMac, targetIp } = arp;
  let text: string;
  if (arp.operation === 1 && senderIp.equals(targetIp))
    text = `${both(names, senderIp)} tells everybody that it is at ${senderMac}`;
  else if (arp.operation === 1 && senderIp.isUnspecified)
    text = `${senderMac} wants to know whether ${targetIp} is free`;
  else if (arp.operation === 1) {
    text = `${both(names, senderIp)}, at ${senderMac}, asks all stations of this link: who has ${both(names, targetIp)}`;
  } else if (arp.operation === 2) text = `${both(names, senderIp)} is at ${senderMac}, it answers`;
  else text = `operation ${arp.operation}`;
  return `Layer 3, packet: ARP: ${text}.`;
}

function frameLines(dissection: Dissection): string[] {
  const { link } = dissection.facts;
  const bytes = dissection.originalLength - dissection.fcsLength;
  if (link === null) return [];
  const to = link.destination.isBroadcast
    ? 'all stations of the link'
    : link.destination.isMulticast
      ? `the group ${link.destination}`
      : String(link.destination);
  const carries = etherTypeName(link.type);
  const inside = carries === undefined ? '' : `, inside is ${carries}`;
  const vlan = link.vlans.length === 0 ? '' : `, VLAN ${link.vlans.join(' in ')}`;
  const bits = (Math.max(SHORTEST_FRAME, bytes) + PREAMBLE_AND_FCS) * 8;
  return [
    `Layer 2, frame: Ethernet from ${link.source} to ${to}, ${count(bytes, 'byte')}${inside}${vlan}.`,
    `Layer 1, bits: ${bits} with preamble and frame check sequence.`,
  ];
}

/** `alice (10.0.1.10)`. */
function both(names: Names, address: NetworkFacts['source']): string {
  const name = names.known(address);
  return name === undefined ? String(address) : `${name} (${address})`;
}
