import { Drop, type DropReason } from '../../base/drop-reasons.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { Random } from '../../base/random.ts';
import type { IpInterface } from '../ip-interface.ts';
import { FlowFlag, NONE } from './flow-table.ts';
import { NatMappings } from './nat-mappings.ts';
import type { NatRule } from './nat-rule.ts';
import { type PacketFacts, TCP, UDP } from './packet-facts.ts';
import type { Passage } from './passage.ts';
import type { InterfaceNumbers } from './rule-program.ts';
import type { Tracker } from './tracker.ts';
import { TupleHash } from './tuple-hash.ts';
import { lookUp, parseRange, type Vocabulary } from './vocabulary.ts';

/** RFC 4787 4.2.2 (REQ-3): a port below 1024 becomes one below 1024, another one of the others. */
const FIRST_FREE_PORT = 1024;
const LAST_PORT = 65_535;
const FIRST_GROUP = 0xe0000000;
/** For so long nobody looks again for a port where all were taken. */
const EXHAUSTED_NS = 1e9;
/** Other ports tried for a conversation that has no mapping. */
const ATTEMPTS = 128;

/** A rule with its names looked up: read for the first packet of a conversation only. */
interface Compiled {
  readonly rule: NatRule;
  /** First and last address in turn; null: any. */
  readonly from: readonly number[] | null;
  readonly in: readonly number[] | null;
  readonly out: readonly number[] | null;
  /** The outside's first address and how many there are; for `forward`: the target, 1. */
  readonly to: number;
  readonly size: number;
  readonly on: number;
}

/** Which addresses and ports take the place of others, for conversations that begin. IPv4 only. */
export class Nat {
  readonly mappings: NatMappings;
  /** What was decided: the new address and port (or identifier; -1: as it was), flags of the flow, its mapping. */
  address = 0;
  port = -1;
  flags = 0;
  mapping = NONE;
  private readonly node: NodeContext;
  private readonly tracker: Tracker;
  private readonly random: Random;
  private readonly hash: TupleHash;
  private readonly words = new Int32Array(1);
  private rules: readonly Compiled[] = [];
  private anyOpen = false;
  /** Until when no port is looked for, by protocol and outside address. */
  private readonly exhausted = new Map<number, number>();
  private readonly isOwn: (address: number) => boolean;

  constructor(node: NodeContext, tracker: Tracker, isOwn: (address: number) => boolean) {
    this.node = node;
    this.tracker = tracker;
    this.isOwn = isOwn;
    this.random = node.random.fork('nat');
    this.hash = new TupleHash(this.random.u32(), this.random.u32());
    this.mappings = new NatMappings(this.hash, node.limits.conntrackEntries);
  }

  get active(): boolean {
    return this.rules.length > 0;
  }

  compile(rules: readonly NatRule[], vocabulary: Vocabulary, interfaces: InterfaceNumbers): void {
    this.rules = rules.map((rule) => compileRule(rule, vocabulary, interfaces));
    this.anyOpen = rules.some(({ open }) => open);
  }

  /** Whom a packet that begins a conversation is really for: true when that is another, in `address` and `port`. */
  findDestination(facts: PacketFacts, from: number): boolean {
    this.mapping = NONE;
    for (const each of this.rules) {
      const { rule } = each;
      if (rule.kind === 'forward' && this.forwards(each, facts, from)) return true;
      if (rule.kind !== 'map' || facts.d3 < each.to || facts.d3 >= each.to + each.size) continue;
      this.address = each.from![0]! + (facts.d3 - each.to);
      this.port = -1;
      return true;
    }
    return this.anyOpen && this.knowsOutside(facts);
  }

  /**
   * Which source a packet that begins a conversation leaves with, in the fields; the tuple of its answers is left in the
   * table's key. 0, or why it cannot leave.
   */
  chooseSource(facts: PacketFacts, passage: Passage, out: IpInterface | null, device: number): DropReason {
    this.flags = passage.redirected ? FlowFlag.Destination : 0;
    this.mapping = passage.mapping;
    this.address = facts.s3;
    this.port = portOf(facts);
    this.tracker.setKey(facts, true);
    // Groups and broadcasts stay on their link, and who has no address yet asks for one.
    const plain = facts.d3 >= FIRST_GROUP || facts.s3 === 0;
    const chosen = out === null || plain ? null : this.sourceRule(facts.s3, out.index);
    // Answers must come back this way, and not go straight to a neighbour that asked somebody else.
    const hairpin = passage.redirected && out !== null && device === out.index;
    if (out === null || (chosen === null && !hairpin)) return this.makeUnique(facts);
    const outside = this.outsideFor(chosen, facts, passage, out);
    if (outside === 0) return Drop.NAT_EXHAUSTED;
    this.flags |= FlowFlag.Source;
    if (chosen === null || chosen.rule.kind === 'masquerade') this.flags |= FlowFlag.Masquerade;
    return this.map(facts, outside, chosen);
  }

  /** Is this an address that a rule gives to others, there? */
  hasOutside(address: number, out: number): boolean {
    return this.rules.some(({ rule, out: exits, to, size }) => {
      if (rule.kind !== 'source' && rule.kind !== 'map') return false;
      return (exits === null || exits.includes(out)) && address >= to && address < to + size;
    });
  }

  /** Does a rule translate what leaves there from this address? */
  translates(source: number, out: number): boolean {
    return this.sourceRule(source, out) !== null;
  }

  private forwards({ rule, on, to, in: entries }: Compiled, facts: PacketFacts, from: number): boolean {
    const protocol = facts.protocol === TCP ? 'tcp' : facts.protocol === UDP ? 'udp' : null;
    const [first, last] = rule.ports!;
    const port = facts.destinationPort;
    if (protocol === null || !rule.protocols.includes(protocol) || port < first || port > last) return false;
    if (entries !== null && !entries.includes(from)) return false;
    if (on !== 0 ? facts.d3 !== on : !this.isOwn(facts.d3)) return false;
    this.address = to;
    this.port = rule.toPort === 0 ? port : (rule.toPort + port - first) & 0xffff;
    return true;
  }

  /** Somebody whom the inside did not speak to uses a mapping that is open to everybody. */
  private knowsOutside(facts: PacketFacts): boolean {
    const port = facts.protocol === TCP || facts.protocol === UDP ? facts.destinationPort : facts.identifier;
    if (port < 0) return false;
    const found = this.mappings.findOutside(facts.protocol, facts.d3, port, this.node.clock.now);
    if (found === NONE || this.mappings.inside(found) === facts.d3) return false;
    this.address = this.mappings.inside(found);
    this.port = this.mappings.insidePort(found);
    this.mapping = found;
    return true;
  }

  private sourceRule(source: number, out: number): Compiled | null {
    for (const each of this.rules) {
      if (each.rule.kind === 'forward' || (each.out !== null && !each.out.includes(out))) continue;
      if (each.from === null || inRanges(each.from, source) !== (each.rule.from?.not === true)) return each;
    }
    return null;
  }

  private outsideFor(chosen: Compiled | null, facts: PacketFacts, passage: Passage, out: IpInterface): number {
    if (chosen === null) {
      const spokenTo = passage.key[7]! >>> 0;
      return this.isOwn(spokenTo) ? spokenTo : out.sourceFor4(facts.s3);
    }
    if (chosen.rule.kind === 'masquerade') return out.sourceFor4(facts.d3);
    if (chosen.rule.kind === 'map') return chosen.to + (facts.s3 - chosen.from![0]!);
    // RFC 4787 4.1 (REQ-2): one inside address has one outside address, whatever it speaks of.
    this.words[0] = facts.s3;
    return chosen.size === 1 ? chosen.to : chosen.to + (this.hash.of(this.words, 0, 1) % chosen.size);
  }

  private map(facts: PacketFacts, outside: number, chosen: Compiled | null): DropReason {
    const { now } = this.node.clock;
    const { protocol } = facts;
    this.address = outside;
    if (this.port < 0) return this.takes(facts, outside, -1) ? Drop.NONE : Drop.NAT_CLASH;
    const known = this.mappings.findInside(protocol, facts.s3, this.port, outside, now);
    if (known !== NONE) {
      this.mapping = known;
      this.port = this.mappings.outsidePort(known);
      return this.takes(facts, outside, this.port) ? Drop.NONE : Drop.NAT_CLASH;
    }
    const port = this.findPort(facts, outside, chosen);
    if (port < 0) return Drop.NAT_EXHAUSTED;
    const inside = this.port;
    this.port = port;
    this.mapping = this.mappings.add(protocol, facts.s3, inside, outside, port, now);
    if (this.mapping === NONE && this.tracker.table.makeRoom(now)) {
      this.mapping = this.mappings.add(protocol, facts.s3, inside, outside, port, now);
    }
    return this.mapping === NONE ? Drop.CONNTRACK_FULL : Drop.NONE;
  }

  /** The port itself when it is free; else one that is; -1: all are taken. */
  private findPort(facts: PacketFacts, outside: number, chosen: Compiled | null): number {
    const ports = chosen === null ? null : chosen.rule.ports;
    const wanted = this.port;
    const free = facts.protocol === TCP || facts.protocol === UDP;
    const low = free && wanted < FIRST_FREE_PORT;
    const first = ports !== null ? ports[0] : !free ? 0 : low ? 1 : FIRST_FREE_PORT;
    const last = ports !== null ? ports[1] : low ? FIRST_FREE_PORT - 1 : LAST_PORT;
    if (wanted >= first && wanted <= last && this.isFree(facts, outside, wanted)) return wanted;
    if (chosen?.rule.kind === 'map') return -1;
    const { now } = this.node.clock;
    const pool = facts.protocol * 2 ** 33 + outside * 2 + (low ? 1 : 0);
    if ((this.exhausted.get(pool) ?? -1) > now) return -1;
    let port = this.searchPort(facts, outside, first, last);
    if (port < 0) {
      // What has expired and was not met since may hold ports.
      this.tracker.table.sweepAll(now);
      port = this.searchPort(facts, outside, first, last);
    }
    if (port < 0) this.exhausted.set(pool, now + EXHAUSTED_NS);
    return port;
  }

  /** A free one of these ports, from a place on that cannot be foretold (RFC 6056 3.3); -1: there is none. */
  private searchPort(facts: PacketFacts, outside: number, first: number, last: number): number {
    const count = last - first + 1;
    const begin = this.random.below(count);
    for (let i = 0; i < count; i++) {
      const port = first + ((begin + i) % count);
      if (this.isFree(facts, outside, port)) return port;
    }
    return -1;
  }

  private isFree(facts: PacketFacts, outside: number, port: number): boolean {
    if (this.mappings.findOutside(facts.protocol, outside, port, this.node.clock.now) !== NONE) return false;
    return this.takes(facts, outside, port);
  }

  /** Makes the table's key the tuple of the answers to this source; false: it is that of another conversation. */
  private takes(facts: PacketFacts, address: number, port: number): boolean {
    const { key } = this.tracker.table;
    key[7] = address;
    if (facts.protocol === TCP || facts.protocol === UDP) key[8] = (key[8]! & ~0xffff) | port;
    else if (facts.identifier >= 0) key[8] = (port << 16) | (key[8]! & 0xffff);
    return this.tracker.table.find(this.node.clock.now) === NONE;
  }

  /** No rule wants another source: it keeps its own, unless the answers could then not be told from another's. */
  private makeUnique(facts: PacketFacts): DropReason {
    const { table } = this.tracker;
    if (table.find(this.node.clock.now) === NONE) return Drop.NONE;
    if (this.port < 0) return Drop.NAT_CLASH;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const port = FIRST_FREE_PORT + this.random.below(LAST_PORT + 1 - FIRST_FREE_PORT);
      if (!this.takes(facts, facts.s3, port)) continue;
      this.flags |= FlowFlag.Source;
      this.port = port;
      return Drop.NONE;
    }
    return Drop.NAT_EXHAUSTED;
  }
}

/** What stands for the sender besides its address: a port, an identifier; -1: nothing does. */
function portOf(facts: PacketFacts): number {
  return facts.protocol === TCP || facts.protocol === UDP ? facts.sourcePort : facts.identifier;
}

function inRanges(ranges: readonly number[], address: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) if (address >= ranges[i]! && address <= ranges[i + 1]!) return true;
  return false;
}

function compileRule(rule: NatRule, vocabulary: Vocabulary, interfaces: InterfaceNumbers): Compiled {
  const rangesOf = (word: string) =>
    (lookUp(word, vocabulary) ?? []).filter(({ first }) => first.family === 4).flatMap((r) => [r.first.v4, r.last.v4]);
  const target = rule.kind === 'forward' ? rangesOf(rule.to) : [];
  const range = rule.kind === 'source' || rule.kind === 'map' ? parseRange(rule.to) : null;
  return {
    rule,
    from: rule.from === null ? null : rule.from.of.flatMap(rangesOf),
    in: rule.in === null ? null : rule.in.of.flatMap((name) => interfaces(name)),
    out: rule.out === null ? null : rule.out.of.flatMap((name) => interfaces(name)),
    to: range === null ? (target[0] ?? 0) : range.first.v4,
    size: range === null ? 1 : range.last.v4 - range.first.v4 + 1,
    on: rule.on === '' ? 0 : (parseRange(rule.on)?.first.v4 ?? 0),
  };
}
