import { IpAddress } from '../../../base/ip-address.ts';
import { Prefix } from '../../../base/prefix.ts';
import type { Choice, FirewallRule } from '../rule.ts';

/** A packet as a person would write it down. */
export interface Written {
  version: 4 | 6;
  protocol: string;
  from: string;
  to: string;
  sourcePort: number;
  destinationPort: number;
  flags: string[];
  icmp: string;
  state: string;
  in: string;
  out: string;
}

/**
 * Decides by the words of rules, one after the other, as they read: slow, and shares nothing with the compiled rules but
 * `IpAddress` and `Prefix`. -1: no rule decides; else the rule's place.
 */
export function decideNaively(
  rules: readonly FirewallRule[],
  chain: string,
  packet: Written,
  sets: Readonly<Record<string, readonly string[]>>,
): number {
  return rules.findIndex((rule) => {
    if (rule.action !== 'allow' && rule.action !== 'deny' && rule.action !== 'reject') return false;
    return matches(rule, chain, packet, sets);
  });
}

function matches(
  rule: FirewallRule,
  chain: string,
  packet: Written,
  sets: Readonly<Record<string, readonly string[]>>,
): boolean {
  const chosen = (choice: Choice | null, test: (word: string) => boolean) =>
    choice === null || choice.of.some(test) !== choice.not;
  const transport = packet.protocol === 'tcp' || packet.protocol === 'udp';
  const inside = (address: string) => (word: string) => (sets[word] ?? [word]).some((each) => covers(each, address));
  if (rule.chains.length > 0 && !rule.chains.some((each) => each === chain)) return false;
  if (rule.family !== 0 && rule.family !== packet.version) return false;
  if (!chosen(rule.protocols, (word) => word === packet.protocol || Number(word) === NUMBERS[packet.protocol]))
    return false;
  if ((rule.sourcePorts !== null || rule.destinationPorts !== null) && !transport) return false;
  if (!chosen(rule.sourcePorts, (word) => covered(word, packet.sourcePort, packet.protocol))) return false;
  if (!chosen(rule.destinationPorts, (word) => covered(word, packet.destinationPort, packet.protocol))) return false;
  if (!chosen(rule.from, inside(packet.from))) return false;
  if (!chosen(rule.to, inside(packet.to))) return false;
  if (!chosen(rule.in, named(packet.in)) || !chosen(rule.out, named(packet.out))) return false;
  const states = packet.state === 'related' ? ['related', 'established'] : [packet.state];
  if (!chosen(rule.states, (word) => states.includes(word))) return false;
  if (rule.icmpTypes !== null && !chosen(rule.icmpTypes, (word) => word === packet.icmp)) return false;
  if (rule.flags !== null) {
    if (!rule.flags.set.every((flag) => packet.flags.includes(flag))) return false;
    if (rule.flags.clear.some((flag) => packet.flags.includes(flag))) return false;
  }
  return true;
}

const NUMBERS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, gre: 47, icmpv6: 58 };
const SERVICES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  tcp: { http: 80, ssh: 22 },
  udp: { domain: 53 },
};

/** The port of a service in tests; -1: none. */
export function testService(name: string, protocol: 'tcp' | 'udp'): number {
  return SERVICES[protocol]![name] ?? -1;
}

function covered(word: string, port: number, protocol: string): boolean {
  const [first = '', last = first] = word.split('-');
  if (/^\d+$/.test(first)) return port >= Number(first) && port <= Number(last);
  return SERVICES[protocol]?.[word] === port;
}

function covers(word: string, text: string): boolean {
  const address = IpAddress.parse(text)!;
  if (word.includes('/')) return Prefix.parse(word)!.contains(address);
  const [first, last] = word.split('-').map((each) => IpAddress.parse(each)!);
  if (last === undefined) return first!.equals(address);
  return first!.family === address.family && value(first!) <= value(address) && value(address) <= value(last);
}

function value(address: IpAddress): bigint {
  return [address.w0, address.w1, address.w2, address.w3].reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
}

function named(name: string): (word: string) => boolean {
  return (word) => (word.endsWith('*') ? name.startsWith(word.slice(0, -1)) : word === name);
}
