import { SECOND } from '../../base/clock.ts';
import { type PacketFacts, TCP, UDP } from './packet-facts.ts';
import type { FirewallRule } from './rule.ts';
import { Kind, Op, ordered } from './rule-program.ts';

/** How many ranges are looked through one by one; of more, the middle is tried first. */
const FEW = 8;
const UNIT_NS = { s: SECOND, m: 60 * SECOND, h: 3600 * SECOND } as const;

/** What a packet's protocol counts as: which program is for it. */
export function kindOf(facts: PacketFacts): number {
  if (facts.protocol === TCP) return Kind.Tcp;
  if (facts.protocol === UDP) return Kind.Udp;
  return facts.protocol === (facts.version === 4 ? 1 : 58) ? Kind.Icmp : Kind.Other;
}

/** Runs programs. Keeps what conditions remember: how many tokens a rule has left. */
export class RuleEvaluator {
  /** What is asked besides the packet itself. */
  in = 0;
  out = 0;
  state = 0;
  mark = 0;
  now = 0;
  private readonly tokens: Float64Array;
  private readonly filledAt: Float64Array;
  private readonly perNs: Float64Array;
  private readonly bursts: Float64Array;

  constructor(rules: readonly FirewallRule[]) {
    this.tokens = new Float64Array(rules.length);
    this.filledAt = new Float64Array(rules.length);
    this.perNs = new Float64Array(rules.length);
    this.bursts = new Float64Array(rules.length);
    rules.forEach(({ rate }, index) => {
      if (rate === null) return;
      this.tokens[index] = rate.burst;
      this.bursts[index] = rate.burst;
      this.perNs[index] = rate.count / UNIT_NS[rate.unit];
    });
  }

  /** The offset of the first block from `from` on whose conditions all hold; -1: there is none. */
  match(program: Int32Array, from: number, facts: PacketFacts): number {
    const { length } = program;
    let block = from;
    while (block < length) {
      const end = block + program[block + 1]!;
      let at = block + 2;
      while (at < end) {
        const next = this.condition(program, block, at, facts);
        if (next < 0) break;
        at = next;
      }
      if (at === end) return block;
      block = end;
    }
    return -1;
  }

  /** Where the next condition stands when the one at `at` holds; -1: it does not. */
  private condition(program: Int32Array, block: number, at: number, facts: PacketFacts): number {
    let value = 0;
    switch (program[at]) {
      case Op.DestinationPort:
        value = facts.destinationPort;
        break;
      case Op.SourcePort:
        value = facts.sourcePort;
        break;
      case Op.Destination4:
        value = ordered(facts.d3);
        break;
      case Op.Source4:
        value = ordered(facts.s3);
        break;
      case Op.State:
        return ((program[at + 2]! & this.state) !== 0) === (program[at + 1] === 1) ? -1 : at + 3;
      case Op.Flags:
        return (facts.flags & program[at + 1]!) === program[at + 2] ? at + 3 : -1;
      case Op.Marked:
        return this.mark === program[at + 1] ? at + 2 : -1;
      case Op.Rate:
        return this.take(program[block]!) ? at + 1 : -1;
      case Op.Source6:
      case Op.Destination6:
        return wide(program, at, facts);
      case Op.Icmp:
        value = facts.icmp;
        break;
      case Op.In:
        value = this.in;
        break;
      case Op.Out:
        value = this.out;
        break;
      default:
        value = facts.protocol;
    }
    const count = program[at + 2]!;
    const inside =
      count === 1 ? value >= program[at + 3]! && value <= program[at + 4]! : inRanges(program, at + 3, count, value);
    return inside === (program[at + 1] === 1) ? -1 : at + 3 + 2 * count;
  }

  /** A token of this rule, if it has one. */
  private take(rule: number): boolean {
    const grown = this.tokens[rule]! + (this.now - this.filledAt[rule]!) * this.perNs[rule]!;
    const tokens = Math.min(this.bursts[rule]!, grown);
    this.filledAt[rule] = this.now;
    this.tokens[rule] = tokens >= 1 ? tokens - 1 : tokens;
    return tokens >= 1;
  }
}

/** Is `value` in one of the ranges? */
function inRanges(program: Int32Array, at: number, count: number, value: number): boolean {
  if (count <= FEW) {
    for (let i = at, end = at + 2 * count; i < end; i += 2) {
      if (value >= program[i]! && value <= program[i + 1]!) return true;
    }
    return false;
  }
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (value >= program[at + 2 * middle]!) low = middle;
    else high = middle - 1;
  }
  return value >= program[at + 2 * low]! && value <= program[at + 2 * low + 1]!;
}

/** `RuleEvaluator.condition` for IPv6's addresses. */
function wide(program: Int32Array, at: number, facts: PacketFacts): number {
  const count = program[at + 2]!;
  const inside =
    program[at] === Op.Source6
      ? inWide(program, at + 3, count, facts.s0, facts.s1, facts.s2, facts.s3)
      : inWide(program, at + 3, count, facts.d0, facts.d1, facts.d2, facts.d3);
  return inside === (program[at + 1] === 1) ? -1 : at + 3 + 8 * count;
}

/** The same for addresses of four words. */
function inWide(p: Int32Array, at: number, count: number, w0: number, w1: number, w2: number, w3: number): boolean {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (order(p, at + 8 * middle, w0, w1, w2, w3) >= 0) low = middle;
    else high = middle - 1;
  }
  const found = at + 8 * low;
  return order(p, found, w0, w1, w2, w3) >= 0 && order(p, found + 4, w0, w1, w2, w3) <= 0;
}

/** Does the address come before (negative) or after the one that stands at `at`? */
function order(p: Int32Array, at: number, w0: number, w1: number, w2: number, w3: number): number {
  return w0 - (p[at]! >>> 0) || w1 - (p[at + 1]! >>> 0) || w2 - (p[at + 2]! >>> 0) || w3 - (p[at + 3]! >>> 0);
}
