import { finish, sum } from '../../base/checksum.ts';
import { SECOND } from '../../base/clock.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import type { Prefix } from '../../base/prefix.ts';
import { What } from '../../base/trace.ts';
import type { IpInterface } from '../ip-interface.ts';
import type { Ipv4 } from '../ipv4.ts';
import { describeIpv4, protocolName } from '../ipv4-header.ts';
import type { NetworkLayer } from '../network-layer.ts';
import type { PacketFilter } from '../packet-filter.ts';
import { RouteType } from '../routes.ts';
import { TokenBucket } from '../token-bucket.ts';
import { FlowFlag, type FlowOwner, NONE, STRIDE, TUPLE } from './flow-table.ts';
import { Nat } from './nat.ts';
import { rewrite } from './nat-rewrite.ts';
import { ICMP, PacketFacts, TCP } from './packet-facts.ts';
import { Passage } from './passage.ts';
import { addressAt, refuseByIcmp, refuseByReset } from './refusal.ts';
import { CHAINS, State } from './rule.ts';
import { Decision, RuleBook, type RuleProblem } from './rule-book.ts';
import { kindOf } from './rule-evaluator.ts';
import { KINDS } from './rule-program.ts';
import { Tracker } from './tracker.ts';
import type { Vocabulary } from './vocabulary.ts';

const INPUT = 0;
const FORWARD = 1;
const OUTPUT = 2;
const ICMP_HEADER = 8;
/** Lines that the log keeps. */
const LOG_LINES = 1000;
/** ICMPv6 types of multicast listener discovery and neighbour discovery, which no firewall drops (RFC 4890 4.4.1). */
const FIRST_OF_LINK = 130;
const LAST_OF_LINK = 137;
const MLD2_REPORT = 143;

/** A packet that a rule wanted to be told of. */
export interface LogLine {
  /** ns */
  readonly at: number;
  readonly text: string;
}

/**
 * A stateful packet filter with address translation, at the five hooks of a host or router.
 *
 *     prerouting    which conversation is it? new destination (port forwarding; answers to translated sources)
 *     input, forward, output    the rules decide
 *     postrouting   a conversation that begins is entered in the table; new source
 *
 * What a host says to itself (`lo`) is not looked at.
 */
export class Firewall implements PacketFilter, FlowOwner {
  readonly book: RuleBook;
  readonly tracker: Tracker;
  readonly nat: Nat;
  readonly log: LogLine[] = [];
  /** Packets that rules wanted to be told of and that were not, for there were too many. */
  logsLeftOut = 0;
  private readonly node: NodeContext;
  private readonly ip: Ipv4;
  /** IPv6, where it is spoken. */
  private network6: NetworkLayer | null = null;
  private readonly facts = new PacketFacts();
  private readonly arriving = new Passage();
  private readonly leaving = new Passage();
  private readonly logBucket: TokenBucket;
  /** This very firewall sends: it lets that pass. */
  private refusing = false;
  private generation = -1;
  private known: readonly (readonly unknown[])[] = [];

  constructor(node: NodeContext, ip: Ipv4, vocabulary: Vocabulary) {
    this.node = node;
    this.ip = ip;
    this.book = new RuleBook(node.name, { vocabulary, interfaces: () => ip.interfaces().map(withAddresses) });
    this.tracker = new Tracker(node, this);
    this.nat = new Nat(node, this.tracker, (address) => this.isOwn(address));
    this.logBucket = new TokenBucket(node.limits.firewallLogsPerSecond, node.limits.firewallLogsPerSecond);
  }

  /** IPv6's layer, through which refusals are told. */
  set ipv6(network: NetworkLayer) {
    this.network6 = network;
  }

  /** Adds a rule of address translation; what is wrong with it, or null. */
  addNat(text: string): RuleProblem | null {
    const problem = this.book.addNat(text);
    if (problem === null) this.compile();
    return problem;
  }

  removeNat(index: number): boolean {
    const removed = this.book.removeNat(index);
    this.compile();
    return removed;
  }

  /** Names, interfaces and addresses are looked up anew. */
  compile(): void {
    this.book.compile();
    this.nat.compile(this.book.natRules, this.book.vocabulary, this.book.interfaceNumbers);
  }

  prerouting(packet: PacketBuffer, from: IpInterface): PacketBuffer | null {
    if (from.loopback) return packet;
    if (this.generationNow() !== this.generation) this.look();
    const { facts, arriving } = this;
    facts.read(packet, packet.start, packet.end);
    this.tracker.track(packet, facts, arriving, false, true);
    if (facts.version !== 4) return packet;
    if (arriving.flow !== NONE) return this.redirectKnown(packet, facts, arriving);
    if (!arriving.begins || !this.nat.active || !this.nat.findDestination(facts, from.index)) return packet;
    arriving.redirected = true;
    arriving.mapping = this.nat.mapping;
    const own = packet.writable();
    rewrite(own, own.start, facts.transport, facts.end, facts.protocol, false, this.nat.address, this.nat.port);
    if (this.node.trace !== null) this.traceNat(own, 'destination');
    return own;
  }

  input(packet: PacketBuffer, from: IpInterface): PacketBuffer | null {
    if (from.loopback) return packet;
    const { facts, arriving } = this;
    facts.read(packet, packet.start, packet.end);
    if (!this.judge(packet, INPUT, arriving, from.index, 0)) return null;
    return arriving.begins ? this.enter(packet, arriving, null) : packet;
  }

  forward(packet: PacketBuffer, out: IpInterface): PacketBuffer | null {
    this.facts.read(packet, packet.start, packet.end);
    return this.judge(packet, FORWARD, this.arriving, packet.device, out.index) ? packet : null;
  }

  output(packet: PacketBuffer, out: IpInterface): PacketBuffer | null {
    if (out.loopback || this.refusing) return packet;
    if (this.generationNow() !== this.generation) this.look();
    const { facts, leaving } = this;
    facts.read(packet, packet.start, packet.end);
    this.tracker.track(packet, facts, leaving, true, true);
    return this.judge(packet, OUTPUT, leaving, 0, out.index) ? packet : null;
  }

  postrouting(packet: PacketBuffer, out: IpInterface, forwarded: boolean): PacketBuffer | null {
    if (out.loopback || (this.refusing && !forwarded)) return packet;
    const passage = forwarded ? this.arriving : this.leaving;
    if (passage.begins) return this.enter(packet, passage, out);
    if (passage.flow !== NONE) return this.translateSource(packet, passage);
    return this.mayLeave(packet, passage, out, forwarded);
  }

  restore(copy: PacketBuffer, at: number, id: number): void {
    const { quoted, table } = this.tracker;
    if (!quoted.readQuote(copy, at, copy.end) || quoted.version !== 4) return;
    const { arriving } = this;
    if (arriving.id === id && arriving.redirected && arriving.begins) {
      this.writeBack(copy, at, arriving.key, 0);
      return;
    }
    if (arriving.id === id && arriving.flow !== NONE && !arriving.related) {
      this.writeBack(copy, at, table.words, arriving.flow * STRIDE + arriving.direction * TUPLE);
      return;
    }
    this.tracker.setKey(quoted, true);
    const ref = table.find(this.node.clock.now);
    if (ref !== NONE) this.writeBack(copy, at, table.words, (ref >> 1) * STRIDE + (1 - (ref & 1)) * TUPLE);
  }

  /** For the table: whose mapping is free again. */
  flowEnded(flow: number): void {
    const { table } = this.tracker;
    const mapping = table.mapping(flow);
    if (mapping === NONE) return;
    const { now } = this.node.clock;
    this.nat.mappings.release(mapping, now + Math.min(0, table.left(flow, now)) * SECOND);
  }

  /** Runs the rules of a chain; false: the packet is gone. */
  private judge(packet: PacketBuffer, chain: number, passage: Passage, from: number, to: number): boolean {
    const { book, facts } = this;
    const { evaluator } = book;
    if (passage.id !== packet.id) passage.begin(packet.id);
    if (facts.version === 6 && (isOfLink(facts) || facts.laterFragment)) return true;
    evaluator.in = from;
    evaluator.out = to;
    evaluator.state = passage.state;
    evaluator.mark = passage.mark;
    evaluator.now = this.node.clock.now;
    const program = book.programs[(chain * 2 + (facts.version === 6 ? 1 : 0)) * KINDS + kindOf(facts)]!;
    let at = evaluator.match(program, 0, facts);
    while (at >= 0) {
      const rule = program[at]!;
      const decision = this.hit(packet, rule);
      if (decision <= Decision.Reject) return this.carryOut(packet, passage, rule, decision);
      if (decision === Decision.Mark) this.setMark(passage, book.rules[rule]!.mark);
      at = evaluator.match(program, at + program[at + 1]!, facts);
    }
    const policy = book.rules.length + chain;
    return this.carryOut(packet, passage, policy, this.hit(packet, policy));
  }

  /** Counts, and writes into the log; returns what is to be done. */
  private hit(packet: PacketBuffer, rule: number): number {
    const { book } = this;
    book.packets[rule]! += 1;
    book.bytes[rule]! += this.facts.length;
    if (book.logs[rule] !== 0) this.writeLog(packet, rule);
    return book.decisions[rule]!;
  }

  private setMark(passage: Passage, mark: number): void {
    passage.mark = mark;
    this.book.evaluator.mark = mark;
    if (passage.flow !== NONE) this.tracker.table.setMark(passage.flow, mark);
  }

  private carryOut(packet: PacketBuffer, passage: Passage, rule: number, decision: number): boolean {
    if (decision === Decision.Allow) return true;
    const text = this.book.texts[rule]!;
    if (decision === Decision.Reject) {
      this.refuse(packet, passage, rule);
      this.node.drop(packet, Drop.FIREWALL_REJECTED, text);
    } else {
      this.node.drop(packet, Drop.FIREWALL_DENIED, text);
    }
    return false;
  }

  private refuse(packet: PacketBuffer, passage: Passage, rule: number): void {
    const { facts } = this;
    const network = facts.version === 4 ? this.ip : this.network6;
    if (network === null) return;
    const how = this.book.rules[rule]?.rejection ?? 'prohibited';
    this.refusing = true;
    if (how === 'reset' && facts.protocol === TCP && !facts.malformed) {
      const known = passage.flow !== NONE;
      const words = known ? this.tracker.table.words : passage.key;
      const at = known ? passage.flow * STRIDE + passage.direction * TUPLE : 0;
      if (!known && !passage.begins) {
        this.tracker.setKey(facts, false);
        passage.key.set(this.tracker.table.key);
      }
      const source = addressAt(words, at, facts.version);
      const destination = addressAt(words, at + 4, facts.version);
      const ports = words[at + 8]!;
      refuseByReset(network, packet, facts, source, destination, ports >>> 16, ports & 0xffff);
    } else {
      refuseByIcmp(network, packet, facts.version, how);
    }
    this.refusing = false;
  }

  /** Enters the conversation that begins with this packet, which has been allowed, and sends it on with its source. */
  private enter(packet: PacketBuffer, passage: Passage, out: IpInterface | null): PacketBuffer | null {
    const { facts, nat, tracker } = this;
    if (passage.id !== packet.id) return packet;
    facts.read(packet, packet.start, packet.end);
    let flags = 0;
    if (facts.version === 4 && nat.active) {
      const fault = nat.chooseSource(facts, passage, out, passage === this.arriving ? packet.device : 0);
      if (fault !== Drop.NONE) {
        const detail = this.node.trace === null ? '' : this.exhaustedText(facts);
        this.node.drop(packet, fault, detail);
        return null;
      }
      flags = nat.flags;
    } else {
      tracker.setKey(facts, true);
    }
    const { mapping } = nat;
    if (mapping !== NONE && flags !== 0) nat.mappings.hold(mapping);
    const flow = tracker.enter(facts, passage, tracker.table.key, flags);
    if (flow === NONE) {
      if (mapping !== NONE && flags !== 0) nat.mappings.release(mapping, this.node.clock.now);
      this.node.drop(packet, Drop.CONNTRACK_FULL, `${this.node.name} tracks ${tracker.table.count}`);
      return null;
    }
    if (flags === 0) return packet;
    tracker.table.setMapping(flow, mapping);
    return this.translateSource(packet, passage);
  }

  /** The destination of a packet of a known conversation, and, in an ICMP error, the packet that it quotes. */
  private redirectKnown(packet: PacketBuffer, facts: PacketFacts, passage: Passage): PacketBuffer {
    const { table } = this.tracker;
    const { flow, direction } = passage;
    const flags = table.flags(flow);
    const wanted = direction === 0 ? FlowFlag.Destination : FlowFlag.Source;
    if ((flags & (FlowFlag.Source | FlowFlag.Destination)) === 0) return packet;
    if (!passage.related && (flags & wanted) === 0) return packet;
    const answer = flow * STRIDE + (1 - direction) * TUPLE;
    const { words } = table;
    if (!passage.related && this.isThere(facts, words, answer)) return packet;
    const own = packet.writable();
    if (passage.related) this.translateQuote(own, facts, flow, direction);
    if ((flags & wanted) !== 0) {
      const port = passage.related ? -1 : portFrom(facts, words[answer + 8]!, true);
      const address = words[answer + 3]! >>> 0;
      rewrite(own, own.start, facts.transport, facts.end, facts.protocol, false, address, port);
      if (this.node.trace !== null) this.traceNat(own, 'destination');
    }
    return own;
  }

  /** Is it addressed as it should be already? What a translating router itself sends has often kept its port. */
  private isThere(facts: PacketFacts, words: Int32Array, answer: number): boolean {
    const port = portFrom(facts, words[answer + 8]!, true);
    const known = facts.icmp >= 0 ? facts.identifier : facts.destinationPort;
    return words[answer + 3]! >>> 0 === facts.d3 && (port < 0 || port === known);
  }

  private translateSource(packet: PacketBuffer, passage: Passage): PacketBuffer {
    const { table } = this.tracker;
    const { facts } = this;
    const { flow, direction } = passage;
    if (passage.id !== packet.id) return packet;
    const wanted = direction === 0 ? FlowFlag.Source : FlowFlag.Destination;
    if ((table.flags(flow) & wanted) === 0) return packet;
    facts.read(packet, packet.start, packet.end);
    if (facts.version !== 4) return packet;
    const answer = flow * STRIDE + (1 - direction) * TUPLE;
    const address = table.words[answer + 7]! >>> 0;
    const port = passage.related ? -1 : portFrom(facts, table.words[answer + 8]!, false);
    const known = facts.icmp >= 0 ? facts.identifier : facts.sourcePort;
    if (address === facts.s3 && (port < 0 || port === known)) return packet;
    const own = packet.writable();
    rewrite(own, own.start, facts.transport, facts.end, facts.protocol, true, address, port);
    if (this.node.trace !== null) this.traceNat(own, 'source');
    return own;
  }

  /** Puts the quoted packet back into the form in which its sender knows it; the error's checksum is summed anew. */
  private translateQuote(packet: PacketBuffer, facts: PacketFacts, flow: number, direction: number): void {
    const { quoted, table } = this.tracker;
    const { transport, end } = facts;
    const quote = transport + ICMP_HEADER;
    if (!quoted.readQuote(packet, quote, end)) return;
    this.writeBack(packet, quote, table.words, flow * STRIDE + (1 - direction) * TUPLE);
    packet.view.setUint16(transport + 2, 0);
    packet.view.setUint16(transport + 2, finish(sum(packet.view, transport, end)));
  }

  /** Writes the addresses and ports of the tuple at `at` of `words` into the header at `header`, read into `quoted`. */
  private writeBack(packet: PacketBuffer, header: number, words: Int32Array, at: number): void {
    const { quoted } = this.tracker;
    const { transport, protocol } = quoted;
    const end = packet.end;
    const ports = words[at + 8]!;
    const sourcePort = protocol === ICMP ? (quoted.identifier < 0 ? -1 : ports >>> 16) : ports >>> 16;
    const destinationPort = protocol === ICMP ? -1 : ports & 0xffff;
    const source = words[at + 3]! >>> 0;
    const destination = words[at + 7]! >>> 0;
    rewrite(packet, header, transport, end, protocol, true, source, sourcePort);
    rewrite(packet, header, transport, end, protocol, false, destination, destinationPort);
  }

  /** What belongs to no conversation cannot be translated, and must not show outside what is inside. */
  private mayLeave(packet: PacketBuffer, passage: Passage, out: IpInterface, forwarded: boolean): PacketBuffer | null {
    const { facts, nat } = this;
    if (!forwarded || !nat.active || passage.state !== State.Invalid) return packet;
    facts.read(packet, packet.start, packet.end);
    if (facts.version !== 4 || !nat.translates(facts.s3, out.index)) return packet;
    this.node.drop(packet, Drop.NAT_UNTRACKED, `from ${formatIpv4(facts.s3)}`);
    return null;
  }

  /** Routes or addresses have changed: what was translated to an address that is gone ends. */
  private look(): void {
    this.generation = this.generationNow();
    const now = this.ip.interfaces().flatMap((each) => [each.addresses, each.v6?.addresses ?? NO_ADDRESSES]);
    if (now.length === this.known.length && now.every((each, index) => each === this.known[index])) return;
    this.known = now;
    this.compile();
    const { table } = this.tracker;
    const gone = (outside: number) => !this.isOwn(outside);
    table.removeWhere((flow) => (table.flags(flow) & FlowFlag.Masquerade) !== 0 && gone(table.word(flow, 1, 7) >>> 0));
    if (table.count > 0 || this.nat.mappings.count > 0) this.nat.mappings.removeWhere(gone);
  }

  private generationNow(): number {
    return this.ip.routes.generation + (this.network6 === null ? 0 : this.network6.generation);
  }

  private isOwn(address: number): boolean {
    const route = this.ip.routes.lookup(address);
    return route !== null && route.type === RouteType.Local;
  }

  private writeLog(packet: PacketBuffer, rule: number): void {
    const { node } = this;
    if (!this.logBucket.take(node.clock.now)) {
      this.logsLeftOut++;
      return;
    }
    const what = this.facts.version === 4 ? describeIpv4(packet.view, packet.start) : protocolName(this.facts.protocol);
    const text = `${this.book.texts[rule]}: ${what}`;
    this.log.push({ at: node.clock.now, text });
    if (this.log.length > LOG_LINES) this.log.shift();
    if (node.trace !== null) node.trace.event(node.name, 3, What.Decide, packet, 0, text, '');
  }

  private traceNat(packet: PacketBuffer, what: string): void {
    const { node } = this;
    const detail = `address translation, new ${what}: ${describeIpv4(packet.view, packet.start)}`;
    node.trace!.event(node.name, 3, What.Decide, packet, 0, detail, 'RFC 3022 4.1');
  }

  private exhaustedText(facts: PacketFacts): string {
    const port = facts.sourcePort >= 0 ? `:${facts.sourcePort}` : '';
    const inside = `${protocolName(facts.protocol)} from ${formatIpv4(facts.s3)}${port}`;
    return `${inside}, at ${formatIpv4(this.nat.address)}`;
  }
}

const NO_ADDRESSES: readonly unknown[] = [];

/** An interface with its addresses of both families. */
function withAddresses(on: IpInterface): { name: string; index: number; addresses: readonly Prefix[] } {
  const six = on.v6 === null ? [] : on.v6.addresses.map(({ prefix }) => prefix);
  return { name: on.name, index: on.index, addresses: [...on.addresses, ...six] };
}

/** What ARP and IGMP are to IPv4 is not filtered. Nor are later fragments: nothing comes of them where the first was denied. */
function isOfLink(facts: PacketFacts): boolean {
  const type = facts.icmp >> 8;
  return (type >= FIRST_OF_LINK && type <= LAST_OF_LINK) || type === MLD2_REPORT;
}

/** The port (or identifier) that a packet gets from the tuple of its answers: its destination is their source. */
function portFrom(facts: PacketFacts, ports: number, destination: boolean): number {
  if (facts.protocol === ICMP) return facts.identifier < 0 ? -1 : ports >>> 16;
  if (facts.sourcePort < 0) return -1;
  return destination ? ports >>> 16 : ports & 0xffff;
}

/** The chains' names, in the order of their numbers. */
export const CHAIN_NAMES = CHAINS;
