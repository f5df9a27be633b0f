import { finish, sum } from '../../base/checksum.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import type { IpInterface } from '../ip-interface.ts';
import { describeIpv4 } from '../ipv4-header.ts';
import { FlowFlag, NONE, STRIDE, TUPLE } from './flow-table.ts';
import type { Nat } from './nat.ts';
import { rewrite } from './nat-rewrite.ts';
import { ICMP, type PacketFacts } from './packet-facts.ts';
import type { Passage } from './passage.ts';
import { State } from './rule.ts';
import type { Tracker } from './tracker.ts';

const ICMP_HEADER = 8;

/**
 * Translates packets of conversations whose tuples say how: where a packet comes from and goes to must be what its
 * answers go to and come from. Destinations at the first hook, sources at the last; in ICMP errors the quoted packet too.
 */
export class Translator {
  private readonly node: NodeContext;
  private readonly tracker: Tracker;
  private readonly nat: Nat;
  /** Of the packet that is on its way. */
  private readonly facts: PacketFacts;

  constructor(node: NodeContext, tracker: Tracker, nat: Nat, facts: PacketFacts) {
    this.node = node;
    this.tracker = tracker;
    this.nat = nat;
    this.facts = facts;
  }

  /** The destination of a packet of a known conversation, and, in an ICMP error, the packet that it quotes. */
  redirect(packet: PacketBuffer, passage: Passage): PacketBuffer {
    const { facts } = this;
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
      if (this.node.trace !== null) this.trace(own, 'destination');
    }
    return own;
  }

  /** Is it addressed as it should be already? What a translating router itself sends has often kept its port. */
  private isThere(facts: PacketFacts, words: Int32Array, answer: number): boolean {
    const port = portFrom(facts, words[answer + 8]!, true);
    const known = facts.icmp >= 0 ? facts.identifier : facts.destinationPort;
    return words[answer + 3]! >>> 0 === facts.d3 && (port < 0 || port === known);
  }

  /** The source of a packet of a known conversation. */
  translateSource(packet: PacketBuffer, passage: Passage): PacketBuffer {
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
    if (this.node.trace !== null) this.trace(own, 'source');
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
  mayLeave(packet: PacketBuffer, passage: Passage, out: IpInterface): PacketBuffer | null {
    const { facts, nat } = this;
    if (!nat.active || passage.state !== State.Invalid) return packet;
    facts.read(packet, packet.start, packet.end);
    if (facts.version !== 4 || !nat.translates(facts.s3, out.index)) return packet;
    this.node.drop(packet, Drop.NAT_UNTRACKED, `from ${formatIpv4(facts.s3)}`);
    return null;
  }

  /** See `PacketFilter.restore`; `arriving` is the passage of what came in last. */
  restore(copy: PacketBuffer, at: number, id: number, arriving: Passage): void {
    const { quoted, table } = this.tracker;
    if (!quoted.readQuote(copy, at, copy.end) || quoted.version !== 4) return;
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

  trace(packet: PacketBuffer, what: string): void {
    const { node } = this;
    const detail = `address translation, new ${what}: ${describeIpv4(packet.view, packet.start)}`;
    node.trace!.event(node.name, 3, What.Decide, packet, 0, detail, 'RFC 3022 4.1');
  }
}

/** The port (or identifier) that a packet gets from the tuple of its answers: its destination is their source. */
function portFrom(facts: PacketFacts, ports: number, destination: boolean): number {
  if (facts.protocol === ICMP) return facts.identifier < 0 ? -1 : ports >>> 16;
  if (facts.sourcePort < 0) return -1;
  return destination ? ports >>> 16 : ports & 0xffff;
}
