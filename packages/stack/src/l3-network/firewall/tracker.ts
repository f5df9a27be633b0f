import { finish, sum } from '../../base/checksum.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { Checksum, type PacketBuffer } from '../../base/packet-buffer.ts';
import { FlowState, flowTimeout, INVALID, nextTcpState } from './flow-states.ts';
import { FlowFlag, type FlowOwner, FlowTable, NONE, STRIDE, TUPLE } from './flow-table.ts';
import { ICMP, ICMPV6, inverseIcmpType, isError, PacketFacts, TCP, UDP } from './packet-facts.ts';
import type { Passage } from './passage.ts';
import { State } from './rule.ts';
import { TupleHash } from './tuple-hash.ts';

const ICMP_HEADER = 8;

/** Follows conversations: says of each packet to which it belongs, and in which state that is. */
export class Tracker {
  readonly table: FlowTable;
  /** Facts about the packet that an ICMP error quotes, valid while that error is on its way. */
  readonly quoted = new PacketFacts();
  private readonly node: NodeContext;

  constructor(node: NodeContext, owner: FlowOwner) {
    this.node = node;
    const random = node.random.fork('conntrack');
    this.table = new FlowTable(new TupleHash(random.u32(), random.u32()), node.limits.conntrackEntries, owner);
  }

  /**
   * Finds the conversation of a packet, of which `facts` were read, and moves its state on. `own`: this host sends it.
   * `count`: it adds to the conversation's packets and bytes.
   */
  track(packet: PacketBuffer, facts: PacketFacts, passage: Passage, own: boolean, count: boolean): void {
    passage.begin(packet.id);
    if (facts.malformed || facts.laterFragment) return;
    if (facts.icmp >= 0 && isError(facts.icmp >> 8, facts.version)) {
      this.trackError(packet, facts, passage, own);
    } else {
      if (facts.icmp >= 0 && facts.identifier < 0) {
        // Neighbours, routers and groups: whoever hears it answers to others, so there is nothing to wait for.
        passage.state = State.New;
        return;
      }
      this.setKey(facts, false);
      const ref = this.table.find(this.node.clock.now);
      if (ref === NONE) this.begin(facts, passage);
      else this.continue(facts, passage, ref);
    }
    if (passage.flow === NONE) return;
    passage.mark = this.table.mark(passage.flow);
    if (count) this.count(passage, facts.length);
  }

  /** Enters the conversation that a packet begins; `reply` is the tuple of its answers. NONE: the table is full. */
  enter(facts: PacketFacts, passage: Passage, reply: Int32Array, flags: number): number {
    const { table } = this;
    const { now } = this.node.clock;
    const flow = table.add(now);
    if (flow === NONE) return NONE;
    table.words.set(passage.key.subarray(0, TUPLE), flow * STRIDE);
    table.words.set(reply.subarray(0, TUPLE), flow * STRIDE + TUPLE);
    const { protocol } = facts;
    const state = protocol === TCP ? nextTcpState(FlowState.Free, 0, facts.flags) : FlowState.Unreplied;
    table.link(flow, protocol, state, flags);
    table.keep(flow, now, flowTimeout(protocol, state, (flags & FlowFlag.Source) !== 0));
    if (passage.mark !== 0) table.setMark(flow, passage.mark);
    passage.flow = flow;
    passage.direction = 0;
    passage.begins = false;
    this.count(passage, facts.length);
    return flow;
  }

  /** Sets the table's key to the packet's tuple, or to that of its answers. */
  setKey(facts: PacketFacts, inverse: boolean): void {
    const { key } = this.table;
    const from = inverse ? 4 : 0;
    const to = inverse ? 0 : 4;
    key[from] = facts.s0;
    key[from + 1] = facts.s1;
    key[from + 2] = facts.s2;
    key[from + 3] = facts.s3;
    key[to] = facts.d0;
    key[to + 1] = facts.d1;
    key[to + 2] = facts.d2;
    key[to + 3] = facts.d3;
    const { protocol } = facts;
    if (protocol === TCP || protocol === UDP) {
      const { sourcePort, destinationPort } = facts;
      key[8] = inverse ? (destinationPort << 16) | sourcePort : (sourcePort << 16) | destinationPort;
    } else if (facts.identifier >= 0) {
      const type = facts.icmp >> 8;
      key[8] = (facts.identifier << 16) | (inverse ? inverseIcmpType(type) : type);
    } else {
      key[8] = 0;
    }
    key[TUPLE] = protocol;
  }

  private begin(facts: PacketFacts, passage: Passage): void {
    const { protocol } = facts;
    if (protocol === TCP && nextTcpState(FlowState.Free, 0, facts.flags) === INVALID) return;
    if ((protocol === ICMP || protocol === ICMPV6) && isAnswer(facts.icmp >> 8)) return;
    passage.begins = true;
    passage.state = State.New;
    passage.key.set(this.table.key);
  }

  private continue(facts: PacketFacts, passage: Passage, ref: number): void {
    const { table } = this;
    const { now } = this.node.clock;
    const flow = ref >> 1;
    const direction = ref & 1;
    const { protocol } = facts;
    const before = table.state(flow);
    let state: number = FlowState.Unreplied;
    if (protocol === TCP) {
      state = nextTcpState(before, direction, facts.flags);
      if (state === INVALID) return;
      if (state === FlowState.SynSent && before !== FlowState.SynSent && direction === 1) {
        // The other end opens what had ended: another conversation.
        table.remove(flow);
        this.begin(facts, passage);
        return;
      }
      if (state === FlowState.Established && before === FlowState.SynReceived) table.setFlag(flow, FlowFlag.Assured);
    }
    const replied = (table.flags(flow) & FlowFlag.Replied) !== 0;
    if (direction === 1) {
      if (!replied) table.setFlag(flow, FlowFlag.Replied);
    } else if (replied && protocol !== TCP && protocol !== ICMP) {
      table.setFlag(flow, FlowFlag.Assured);
    }
    if (protocol !== TCP && (replied || direction === 1)) state = FlowState.Replied;
    if (state !== before) table.setState(flow, state);
    table.keep(flow, now, flowTimeout(protocol, state, (table.flags(flow) & FlowFlag.Source) !== 0));
    passage.flow = flow;
    passage.direction = direction;
    passage.state = replied || direction === 1 ? State.Established : State.New;
  }

  /**
   * An ICMP error belongs to the conversation whose packet it quotes. The quoted packet is as it was where it came to
   * grief, so the tuple of its answers is in the table. What this host itself tells quotes it as its sender knows it.
   */
  private trackError(packet: PacketBuffer, facts: PacketFacts, passage: Passage, own: boolean): void {
    const { quoted, table } = this;
    const { now } = this.node.clock;
    const { transport, end } = facts;
    if (facts.version === 4 && packet.checksum === Checksum.None && finish(sum(packet.view, transport, end)) !== 0) {
      return;
    }
    const quote = transport + ICMP_HEADER;
    if (!quoted.readQuote(packet, quote, end) || quoted.version !== facts.version) return;
    this.setKey(quoted, true);
    let ref = table.find(now);
    if (ref !== NONE) {
      passage.flow = ref >> 1;
      passage.direction = ref & 1;
      passage.related = true;
      passage.state = State.Related;
      return;
    }
    if (!own) return;
    this.setKey(quoted, false);
    ref = table.find(now);
    // Not found: this host's own firewall has ended what would have begun a conversation, and says so.
    passage.state = ref !== NONE ? State.Related : State.New;
  }

  private count(passage: Passage, length: number): void {
    const ref = passage.flow * 2 + passage.direction;
    this.table.packets[ref]! += 1;
    this.table.bytes[ref]! += length;
  }
}

function isAnswer(type: number): boolean {
  return type === 0 || type === 129 || (type >= 14 && type <= 18 && (type & 1) === 0);
}
