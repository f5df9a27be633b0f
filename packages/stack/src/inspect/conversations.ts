import type { IpAddress } from '../base/ip-address.ts';
import { LIMITS } from '../base/limits.ts';
import { tcpInfo } from './dissect-tcp.ts';
import type { Dissection, Layer } from './dissection.ts';
import type { IcmpFacts, TcpFacts, UdpFacts } from './packet-facts.ts';
import { TCP_MARKS, type TcpAnalysis, TcpMark, TcpStream } from './tcp-stream.ts';

export interface Endpoint {
  readonly address: IpAddress;
  /** 0 for ICMP. */
  readonly port: number;
}

/** Packets that belong together: a TCP connection, datagrams between two ports, echo requests with their replies. */
export class Conversation {
  readonly kind: 'tcp' | 'udp' | 'icmp';
  /** From 0, each kind on its own: `tcp.stream`, `udp.stream`. */
  readonly index: number;
  /** Who sent the first packet. */
  readonly a: Endpoint;
  readonly b: Endpoint;
  readonly firstNumber: number;
  readonly firstTimeNs: number;
  lastTimeNs: number;
  /** Packets and bytes on the wire, by sender. */
  packetsA = 0;
  packetsB = 0;
  bytesA = 0;
  bytesB = 0;
  /** TCP's state; null for the others. */
  readonly tcp: TcpStream | null;

  constructor(kind: 'tcp' | 'udp' | 'icmp', index: number, a: Endpoint, b: Endpoint, number: number, timeNs: number) {
    this.kind = kind;
    this.index = index;
    this.a = a;
    this.b = b;
    this.firstNumber = number;
    this.firstTimeNs = timeNs;
    this.lastTimeNs = timeNs;
    this.tcp = kind === 'tcp' ? new TcpStream() : null;
  }
}

/** What the packets before it say about one packet. */
export interface PacketAnalysis {
  readonly number: number;
  readonly timeNs: number;
  readonly conversation: Conversation | null;
  /** The conversation's `a` sent it. */
  readonly fromA: boolean;
  readonly tcp: TcpAnalysis | null;
  /** The how manyth packet of its conversation it is, from 1; 0 when it belongs to none. */
  readonly ordinal: number;
  /** The packet that this one answers (an echo reply's request), 0 for none, and how long that took, -1 for none. */
  readonly answers: number;
  readonly answerNs: number;
  /** The same packet was captured before on another interface, as this number; 0: no. It is then not analysed again. */
  readonly copyOf: number;
  /** The summary line, with relative numbers and marks. */
  readonly info: string;
}

const NOTHING = { conversation: null, fromA: false, tcp: null, ordinal: 0, answers: 0, answerNs: -1 } as const;

export interface AnalysisInput {
  /** From 1, as the file counts. */
  readonly number: number;
  readonly timeNs: number;
  readonly interfaceIndex?: number;
  /** Names the packet on every interface; 0 or absent: not known. */
  readonly packetId?: number;
}

const OUT_OF_TURN =
  TcpMark.Retransmission | TcpMark.FastRetransmission | TcpMark.SpuriousRetransmission | TcpMark.OutOfOrder;

/** Echo requests that are remembered until their reply comes, and packets whose way over interfaces is followed. */
const RECENT_LIMIT = 65_536;

/**
 * Goes over the packets of a capture in their order and tells what each means after those before it: which
 * conversation it belongs to, relative sequence numbers, and what Wireshark would mark it with.
 */
export class Analysis {
  readonly conversations: Conversation[] = [];
  /** Conversations that were not followed because there were too many. */
  notFollowed = 0;
  private readonly byEnds = new Map<string, Conversation>();
  private readonly counts = { tcp: 0, udp: 0, icmp: 0 };
  private readonly limit: number;
  private readonly requests = new Map<string, { number: number; timeNs: number }>();
  private readonly sightings = new Map<number, { number: number; interfaceIndex: number }>();

  /** Follows at most `limit` conversations. */
  constructor(limit: number = LIMITS.inspectConversations) {
    this.limit = limit;
  }

  add(dissection: Dissection, input: AnalysisInput): PacketAnalysis {
    const { number, timeNs, interfaceIndex = 0, packetId = 0 } = input;
    const { network, transport } = dissection.facts;
    const copyOf = packetId === 0 ? 0 : this.sighting(packetId, number, interfaceIndex);
    // An ICMP error is no conversation: it is about one.
    const isError = transport?.kind === 'icmp' && transport.identifier < 0;
    if (network === null || transport === null || network.fragmentOffset > 0 || isError) {
      return { ...NOTHING, number, timeNs, copyOf, info: dissection.info };
    }
    const ports = transport.kind === 'icmp' ? [0, 0] : [transport.sourcePort, transport.destinationPort];
    const source = { address: network.source, port: ports[0]! };
    const destination = { address: network.destination, port: ports[1]! };
    const { conversation, reused } = this.conversationOf(transport, source, destination, number, timeNs, copyOf > 0);
    const fromA = conversation !== null && sameEndpoint(conversation.a, source);
    if (conversation === null || copyOf > 0) {
      return { ...NOTHING, number, timeNs, conversation, fromA, copyOf, info: dissection.info };
    }
    conversation.lastTimeNs = timeNs;
    if (fromA) {
      conversation.packetsA++;
      conversation.bytesA += dissection.originalLength;
    } else {
      conversation.packetsB++;
      conversation.bytesB += dissection.originalLength;
    }
    let tcp: TcpAnalysis | null = null;
    let answers = 0;
    let answerNs = -1;
    let { info } = dissection;
    if (transport.kind === 'tcp' && conversation.tcp !== null) {
      tcp = conversation.tcp.add(transport, fromA, number, timeNs);
      if (reused) tcp = { ...tcp, marks: tcp.marks | TcpMark.PortsReused };
      info = this.tcpLine(dissection, transport, tcp);
      annotate(dissection, conversation, tcp);
    } else if (transport.kind === 'icmp') {
      const request = this.echo(transport, source, destination, number, timeNs);
      answers = request?.number ?? 0;
      if (request !== undefined) answerNs = timeNs - request.timeNs;
      if (answers > 0) info += ` (request in ${answers})`;
    }
    const ordinal = conversation.packetsA + conversation.packetsB;
    return { number, timeNs, conversation, fromA, tcp, ordinal, answers, answerNs, copyOf, info };
  }

  /** The number under which this packet was first seen, when that was on another interface; otherwise 0. */
  private sighting(packetId: number, number: number, interfaceIndex: number): number {
    const first = this.sightings.get(packetId);
    if (first !== undefined && first.interfaceIndex !== interfaceIndex) return first.number;
    if (first === undefined) {
      this.sightings.set(packetId, { number, interfaceIndex });
      forgetOldest(this.sightings);
    }
    return 0;
  }

  private conversationOf(
    transport: TcpFacts | UdpFacts | IcmpFacts,
    source: Endpoint,
    destination: Endpoint,
    number: number,
    timeNs: number,
    copy: boolean,
  ): { conversation: Conversation | null; reused: boolean } {
    const { kind } = transport;
    const ends = [`${source.address} ${source.port}`, `${destination.address} ${destination.port}`];
    const key = `${kind} ${ends[0]! < ends[1]! ? ends.join(' ') : ends.reverse().join(' ')}`;
    const known = this.byEnds.get(key);
    const reused =
      known?.tcp != null &&
      transport.kind === 'tcp' &&
      !copy &&
      known.tcp.isNewConnection(transport, sameEndpoint(known.a, source));
    if (known !== undefined && !reused) return { conversation: known, reused };
    if (this.conversations.length >= this.limit) {
      this.notFollowed++;
      return { conversation: null, reused: false };
    }
    const conversation = new Conversation(kind, this.counts[kind]++, source, destination, number, timeNs);
    this.conversations.push(conversation);
    this.byEnds.set(key, conversation);
    return { conversation, reused };
  }

  /** Pairs echo replies with their requests: a reply gets its request. */
  private echo(
    icmp: IcmpFacts,
    source: Endpoint,
    destination: Endpoint,
    number: number,
    timeNs: number,
  ): { number: number; timeNs: number } | undefined {
    if (icmp.identifier < 0) return undefined;
    const isRequest = icmp.type === 8 || icmp.type === 128 || icmp.type === 13;
    const [from, to] = isRequest ? [source, destination] : [destination, source];
    const key = `${from.address} ${to.address} ${icmp.identifier} ${icmp.sequence}`;
    if (isRequest) {
      this.requests.set(key, { number, timeNs });
      forgetOldest(this.requests);
      return undefined;
    }
    const request = this.requests.get(key);
    this.requests.delete(key);
    return request;
  }

  /** TCP's own line with relative numbers; another protocol's line stays. Marks stand in front of either. */
  private tcpLine(dissection: Dissection, facts: TcpFacts, tcp: TcpAnalysis): string {
    // What was sent before, or came too early, says nothing new to the protocol above.
    if (tcp.marks & OUT_OF_TURN) dissection.protocol = 'TCP';
    const own = dissection.protocol === 'TCP';
    const line = own ? tcpInfo(facts, tcp.window, tcp.sequenceBase, tcp.acknowledgmentBase) : dissection.info;
    return tcpMarkTexts(tcp).reduceRight((text, mark) => `[${mark}] ${text}`, line);
  }
}

/** The marks of a segment in words: `TCP Dup ACK 5#1`. */
export function tcpMarkTexts(tcp: TcpAnalysis): string[] {
  return TCP_MARKS.filter(({ mark }) => (tcp.marks & mark) !== 0).map(({ mark, text }) =>
    mark === TcpMark.DuplicateAck ? `${text} ${tcp.duplicateOf}#${tcp.duplicateCount}` : text,
  );
}

/** Adds what analysis found to the packet's tree, as fields that Wireshark has too. */
function annotate(dissection: Dissection, conversation: Conversation, tcp: TcpAnalysis): void {
  const layer: Layer | undefined = dissection.layers.find((each) => each.name === 'tcp');
  if (layer === undefined) return;
  const add = (name: string, label: string, value: number | boolean, text = String(value)): void => {
    dissection.generate(layer, name, label, value, text);
  };
  add('tcp.stream', 'Stream index', conversation.index);
  add('tcp.seq', 'Sequence Number (relative)', tcp.relativeSequence);
  add('tcp.nxtseq', 'Next Sequence Number (relative)', tcp.nextSequence);
  add('tcp.ack', 'Acknowledgment Number (relative)', tcp.relativeAcknowledgment);
  add('tcp.window_size', 'Calculated window size', tcp.window);
  if (tcp.acknowledges > 0) {
    add('tcp.analysis.acks_frame', 'This is an ACK to the segment in frame', tcp.acknowledges);
    add(
      'tcp.analysis.ack_rtt',
      'The RTT to ACK the segment was',
      tcp.roundTripNs / 1e9,
      `${tcp.roundTripNs / 1e9} seconds`,
    );
  }
  for (const { mark, field, text } of TCP_MARKS) if (tcp.marks & mark) add(field, text, true);
  if (tcp.marks & TcpMark.DuplicateAck) {
    add('tcp.analysis.duplicate_ack_num', 'Duplicate ACK #', tcp.duplicateCount);
    add('tcp.analysis.duplicate_ack_frame', 'Duplicate to the ACK in frame', tcp.duplicateOf);
  }
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address.equals(b.address);
}

function forgetOldest(map: Map<unknown, unknown>): void {
  if (map.size <= RECENT_LIMIT) return;
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
