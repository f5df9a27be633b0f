import { SECOND } from '../../base/clock.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import type { Prefix } from '../../base/prefix.ts';
import { What } from '../../base/trace.ts';
import type { ArpProxy } from '../arp.ts';
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
import { PacketFacts, TCP } from './packet-facts.ts';
import { Passage } from './passage.ts';
import { addressAt, refuseByIcmp, refuseByReset } from './refusal.ts';
import { CHAINS } from './rule.ts';
import { Decision, RuleBook, type RuleProblem } from './rule-book.ts';
import { kindOf } from './rule-evaluator.ts';
import { KINDS } from './rule-program.ts';
import { Tracker } from './tracker.ts';
import { Translator } from './translator.ts';
import type { Vocabulary } from './vocabulary.ts';

const INPUT = 0;
const FORWARD = 1;
const OUTPUT = 2;
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
export class Firewall implements PacketFilter, FlowOwner, ArpProxy {
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
  private readonly translator: Translator;
  private readonly logBucket: TokenBucket;
  /** This very firewall sends: it lets that pass. */
  private refusing = false;
  private generation = -1;
  private known: readonly (readonly unknown[])[] = [];

  constructor(node: NodeContext, ip: Ipv4, vocabulary: Vocabulary) {
    this.node = node;
    this.ip = ip;
    this.book = new RuleBook(
      node.name,
      { vocabulary, interfaces: () => ip.interfaces().map(withAddresses) },
      node.limits,
    );
    this.tracker = new Tracker(node, this);
    this.nat = new Nat(node, this.tracker, (address) => this.isOwn(address));
    this.translator = new Translator(node, this.tracker, this.nat, this.facts);
    this.logBucket = new TokenBucket(node.limits.firewallLogsPerSecond, node.limits.firewallLogsPerSecond);
  }

  /** IPv6's layer, through which refusals are told. */
  set ipv6(network: NetworkLayer) {
    this.network6 = network;
  }

  /** Adds a rule of address translation; what is wrong with it, or null. */
  addNat(text: string): RuleProblem | null {
    return this.book.addNat(text);
  }

  removeNat(index: number): boolean {
    return this.book.removeNat(index);
  }

  /** Names, interfaces and addresses are looked up anew. */
  private compile(): void {
    this.book.compile();
    this.nat.compile(this.book.natRules, this.book.vocabulary, this.book.interfaceNumbers);
  }

  prerouting(packet: PacketBuffer, from: IpInterface): PacketBuffer | null {
    if (from.loopback) return packet;
    if (this.book.stale || this.generationNow() !== this.generation) this.look();
    const { facts, arriving } = this;
    facts.read(packet, packet.start, packet.end);
    this.tracker.track(packet, facts, arriving, false, true);
    if (facts.version !== 4) return packet;
    if (arriving.flow !== NONE) return this.translator.redirect(packet, arriving);
    if (!arriving.begins || !this.nat.active || !this.nat.findDestination(facts, from.index)) return packet;
    arriving.redirected = true;
    arriving.mapping = this.nat.mapping;
    const own = packet.writable();
    rewrite(own, own.start, facts.transport, facts.end, facts.protocol, false, this.nat.address, this.nat.port);
    if (this.node.trace !== null) this.translator.trace(own, 'destination');
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
    if (this.book.stale || this.generationNow() !== this.generation) this.look();
    const { facts, leaving } = this;
    facts.read(packet, packet.start, packet.end);
    this.tracker.track(packet, facts, leaving, true, true);
    return this.judge(packet, OUTPUT, leaving, 0, out.index) ? packet : null;
  }

  postrouting(packet: PacketBuffer, out: IpInterface, forwarded: boolean): PacketBuffer | null {
    if (out.loopback || (this.refusing && !forwarded)) return packet;
    const passage = forwarded ? this.arriving : this.leaving;
    if (passage.begins) return this.enter(packet, passage, out);
    if (passage.flow !== NONE) return this.translator.translateSource(packet, passage);
    return forwarded ? this.translator.mayLeave(packet, passage, out) : packet;
  }

  restore(copy: PacketBuffer, at: number, id: number): void {
    this.translator.restore(copy, at, id, this.arriving);
  }

  /** For ARP: an outside address of a translation, in the network of this interface. */
  standsFor(address: number, on: IpInterface): boolean {
    if (this.book.stale) this.look();
    if (!this.nat.hasOutside(address, on.index)) return false;
    return on.addresses.some(({ network, mask4 }) => network.family === 4 && ((network.v4 ^ address) & mask4) === 0);
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
        const exhausted = fault !== Drop.CONNTRACK_FULL;
        const detail = this.node.trace === null ? '' : exhausted ? this.exhaustedText(facts) : this.fullText();
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
      this.node.drop(packet, Drop.CONNTRACK_FULL, this.fullText());
      return null;
    }
    if (flags === 0) return packet;
    tracker.table.setMapping(flow, mapping);
    return this.translator.translateSource(packet, passage);
  }

  /** Routes or addresses have changed: what was translated to an address that is gone ends. */
  private look(): void {
    this.generation = this.generationNow();
    const now = this.ip.interfaces().flatMap((each) => [each.addresses, each.v6?.addresses ?? NO_ADDRESSES]);
    const same = now.length === this.known.length && now.every((each, index) => each === this.known[index]);
    if (same && !this.book.stale) return;
    this.known = now;
    this.compile();
    if (same) return;
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

  private fullText(): string {
    return `${this.node.name} tracks ${this.tracker.table.count}`;
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

/** The chains' names, in the order of their numbers. */
export const CHAIN_NAMES = CHAINS;
