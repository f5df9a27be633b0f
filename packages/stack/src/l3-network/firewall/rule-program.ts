import type { Choice, FirewallRule, StateWord } from './rule.ts';
import { type Chain, ICMP_TYPES, ICMPV6_TYPES, PROTOCOLS, parsePorts, State, TCP_FLAGS } from './rule.ts';
import { type AddressRange, compare, lookUp, type Vocabulary } from './vocabulary.ts';

/**
 * Rules compiled to numbers. A chain's program is a list of blocks, one for each rule that can match at all there:
 *
 *     +------+--------+-----------+-----------+---
 *     | rule | length | condition | condition |        length: of the whole block, in words
 *     +------+--------+-----------+-----------+---
 *
 *     | op | not | count | first, last, first, last ...      sorted and disjoint; addresses of IPv6: four words each
 *
 * Words are signed: an IPv4 address has its highest bit turned over, so that addresses compare as their words do.
 *
 * There is one program for each chain, version and kind of protocol, so that no rule about TCP costs a UDP packet
 * anything.
 */
export const Op = {
  Source4: 1,
  Destination4: 2,
  Source6: 3,
  Destination6: 4,
  SourcePort: 5,
  DestinationPort: 6,
  Icmp: 7,
  Protocol: 8,
  In: 9,
  Out: 10,
  State: 11,
  Flags: 12,
  Marked: 13,
  Rate: 14,
} as const;

/** Kinds of protocols that have programs of their own. */
export const Kind = { Tcp: 0, Udp: 1, Icmp: 2, Other: 3 } as const;
export const KINDS = 4;

/** Which numbers interfaces have: those of a name, or of a beginning with a star. */
export type InterfaceNumbers = (name: string) => readonly number[];

type Range = readonly [first: number, last: number];

/** The program of a chain for one version (4 or 6) and kind of protocol. */
export function compileProgram(
  rules: readonly FirewallRule[],
  chain: Chain,
  version: 4 | 6,
  kind: number,
  vocabulary: Vocabulary,
  interfaces: InterfaceNumbers,
): Int32Array {
  const words: number[] = [];
  rules.forEach((rule, index) => {
    if (rule.chains.length > 0 && !rule.chains.includes(chain)) return;
    const block = compileRule(rule, version, kind, vocabulary, interfaces);
    if (block !== null) words.push(index, block.length + 2, ...block);
  });
  return Int32Array.from(words);
}

/** The conditions of a rule; null: it never matches such a packet. */
function compileRule(
  rule: FirewallRule,
  version: 4 | 6,
  kind: number,
  vocabulary: Vocabulary,
  interfaces: InterfaceNumbers,
): number[] | null {
  if (rule.family !== 0 && rule.family !== version) return null;
  const words: number[] = [];
  if (!protocolCondition(rule, version, kind, words)) return null;
  if (!portCondition(rule.sourcePorts, Op.SourcePort, kind, vocabulary, words)) return null;
  if (!portCondition(rule.destinationPorts, Op.DestinationPort, kind, vocabulary, words)) return null;
  if (!addressCondition(rule.from, version, true, vocabulary, words)) return null;
  if (!addressCondition(rule.to, version, false, vocabulary, words)) return null;
  interfaceCondition(rule.in, Op.In, interfaces, words);
  interfaceCondition(rule.out, Op.Out, interfaces, words);
  if (rule.states !== null) words.push(Op.State, rule.states.not ? 1 : 0, stateMask(rule.states.of as StateWord[]));
  if (rule.icmpTypes !== null && !icmpCondition(rule.icmpTypes, version, words)) return null;
  if (rule.flags !== null) {
    const set = flagBits(rule.flags.set);
    words.push(Op.Flags, set | flagBits(rule.flags.clear), set);
  }
  if (rule.marked >= 0) words.push(Op.Marked, rule.marked);
  // Last: only what the rest matches costs a token.
  if (rule.rate !== null) words.push(Op.Rate);
  return words;
}

/** `established` means what belongs to a conversation: packets both ways, and errors about it. */
export function stateMask(states: readonly StateWord[]): number {
  let mask = 0;
  for (const state of states) {
    if (state === 'new') mask |= State.New;
    else if (state === 'established') mask |= State.Established | State.Related;
    else if (state === 'related') mask |= State.Related;
    else mask |= State.Invalid;
  }
  return mask;
}

function flagBits(names: readonly string[]): number {
  return names.reduce((bits, name) => bits | TCP_FLAGS.get(name)!, 0);
}

export function protocolNumber(word: string): number {
  return PROTOCOLS.get(word) ?? Number(word);
}

function protocolCondition(rule: FirewallRule, version: 4 | 6, kind: number, words: number[]): boolean {
  const { protocols } = rule;
  if (protocols === null) {
    const ports = rule.sourcePorts !== null || rule.destinationPorts !== null;
    return !ports || kind === Kind.Tcp || kind === Kind.Udp;
  }
  const numbers = protocols.of.map(protocolNumber);
  if (kind !== Kind.Other) {
    const own = kind === Kind.Tcp ? 6 : kind === Kind.Udp ? 17 : version === 4 ? 1 : 58;
    return numbers.includes(own) !== protocols.not;
  }
  pushRanges(words, Op.Protocol, protocols.not, mergeRanges(numbers.map((number) => [number, number])));
  return true;
}

function portCondition(
  ports: Choice | null,
  op: number,
  kind: number,
  vocabulary: Vocabulary,
  words: number[],
): boolean {
  if (ports === null) return true;
  if (kind === Kind.Icmp) return false;
  const protocol = kind === Kind.Udp ? 'udp' : 'tcp';
  const ranges: Range[] = [];
  for (const word of ports.of) {
    const numbers = parsePorts(word);
    const port = numbers === null ? vocabulary.service(word, protocol) : -1;
    if (numbers !== null) ranges.push(numbers);
    else if (port >= 0) ranges.push([port, port]);
  }
  if (ranges.length === 0 && !ports.not) return false;
  pushRanges(words, op, ports.not, mergeRanges(ranges));
  return true;
}

function icmpCondition(types: Choice, version: 4 | 6, words: number[]): boolean {
  const known = version === 4 ? ICMP_TYPES : ICMPV6_TYPES;
  const ranges: Range[] = [];
  for (const word of types.of) {
    const named = known.get(word);
    const number = Number(word);
    if (named !== undefined) ranges.push(named);
    else if (Number.isInteger(number)) ranges.push([number << 8, (number << 8) | 255]);
  }
  if (ranges.length === 0 && !types.not) return false;
  pushRanges(words, Op.Icmp, types.not, mergeRanges(ranges));
  return true;
}

function interfaceCondition(names: Choice | null, op: number, interfaces: InterfaceNumbers, words: number[]): void {
  if (names === null) return;
  const ranges = names.of.flatMap((name) => interfaces(name).map((index): Range => [index, index]));
  pushRanges(words, op, names.not, mergeRanges(ranges));
}

function addressCondition(
  names: Choice | null,
  version: 4 | 6,
  source: boolean,
  vocabulary: Vocabulary,
  words: number[],
): boolean {
  if (names === null) return true;
  const found = names.of.flatMap((name) => lookUp(name, vocabulary) ?? []);
  const ranges = mergeAddresses(found.filter(({ first }) => first.family === version));
  if (ranges.length === 0) return names.not;
  const op = version === 4 ? (source ? Op.Source4 : Op.Destination4) : source ? Op.Source6 : Op.Destination6;
  words.push(op, names.not ? 1 : 0, ranges.length);
  for (const { first, last } of ranges) {
    if (version === 4) words.push(ordered(first.w3), ordered(last.w3));
    else words.push(first.w0, first.w1, first.w2, first.w3, last.w0, last.w1, last.w2, last.w3);
  }
  return true;
}

/** An IPv4 address as a signed word in the same order. */
export function ordered(address: number): number {
  return address ^ -0x80000000;
}

function pushRanges(words: number[], op: number, not: boolean, ranges: readonly Range[]): void {
  words.push(op, not ? 1 : 0, ranges.length);
  for (const [first, last] of ranges) words.push(first, last);
}

/** Sorted, and such that overlap or touch made one. */
function mergeRanges(ranges: readonly Range[]): Range[] {
  const merged: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** The same for addresses of one family. */
function mergeAddresses(ranges: readonly AddressRange[]): AddressRange[] {
  const merged: AddressRange[] = [];
  for (const range of [...ranges].sort((a, b) => compare(a.first, b.first))) {
    const before = merged.at(-1);
    if (before === undefined || compare(range.first, before.last) > 0) merged.push(range);
    else if (compare(range.last, before.last) > 0)
      merged[merged.length - 1] = { first: before.first, last: range.last };
  }
  return merged;
}
