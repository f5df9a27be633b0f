import { Prefix } from '../../../base/prefix.ts';
import { parseTable, type Rule, RuleAction, type RuleOptions } from '../../../l3-network/rules.ts';
import type { Process } from '../../process.ts';
import { UsageError } from '../../program.ts';
import { parsePorts } from '../../route-words.ts';
import { answered, pairs } from './words.ts';

const WORDS =
  'from to iif oif dev tos dsfield ipproto sport dport table lookup pref priority preference type suppress_prefixlength';
const ACTIONS: Readonly<Record<string, RuleAction>> = {
  blackhole: RuleAction.Blackhole,
  unreachable: RuleAction.Unreachable,
  prohibit: RuleAction.Prohibit,
};
const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, dccp: 33, ospf: 89, sctp: 132 };

/** Which routing table is asked for which packets: ip-rule(8). */
export function ipRule(process: Process, [verb = 'show', ...words]: readonly string[]): number {
  const { policy } = process.host.ip;
  if ('show'.startsWith(verb) || 'list'.startsWith(verb)) {
    for (const rule of policy.list()) process.print(`${rule.priority}:\t${rule}\n`);
    return 0;
  }
  const adds = 'add'.startsWith(verb);
  if (!adds && !'delete'.startsWith(verb)) throw new UsageError(`"${verb}" is none of show, add and del`);
  const options = parseRule(words);
  if (adds) return answered(process, policy.addRule(options));
  const found = policy.list().find((rule) => fits(rule, options));
  if (found === undefined) return answered(process, -2);
  return answered(process, policy.removeRule(found));
}

/** Throws a UsageError: it is not a table. */
export function tableNumber(text: string): number {
  const table = parseTable(text);
  if (table === null) throw new UsageError(`"${text}" is not a table: a number, or main, local, default`);
  return table;
}

/** Absent is 0: any. */
export function protocolNumber(text: string | undefined): number {
  if (text === undefined) return 0;
  const known = Object.hasOwn(PROTOCOLS, text) ? PROTOCOLS[text]! : /^[0-9]{1,3}$/.test(text) ? Number(text) : 256;
  if (known > 255)
    throw new UsageError(`"${text}" is not a protocol: ${Object.keys(PROTOCOLS).join(', ')}, or a number`);
  return known;
}

function parseRule(words: readonly string[]): RuleOptions {
  const options: RuleOptions = {};
  const left = words.filter((word) => {
    if (word === 'not') options.not = true;
    else if (Object.hasOwn(ACTIONS, word)) options.action = ACTIONS[word]!;
    else return true;
    return false;
  });
  for (const [word, value] of pairs(left, WORDS.split(' '))) setWord(options, word, value);
  return options;
}

function setWord(options: RuleOptions, word: string, value: string): void {
  switch (word) {
    case 'from':
      options.from = network(value);
      break;
    case 'to':
      options.to = network(value);
      break;
    case 'iif':
    case 'dev':
      options.inputInterface = value;
      break;
    case 'oif':
      options.outputInterface = value;
      break;
    case 'tos':
    case 'dsfield':
      options.tos = whole(value, 255, word);
      break;
    case 'ipproto':
      options.protocol = protocolNumber(value);
      break;
    case 'sport':
      options.sourcePorts = ports(value);
      break;
    case 'dport':
      options.destinationPorts = ports(value);
      break;
    case 'table':
    case 'lookup':
      options.table = tableNumber(value);
      break;
    case 'type':
      if (!Object.hasOwn(ACTIONS, value))
        throw new UsageError(`"${value}" is none of ${Object.keys(ACTIONS).join(', ')}`);
      options.action = ACTIONS[value]!;
      break;
    case 'suppress_prefixlength':
      options.suppressPrefixLength = whole(value, 32, word);
      break;
    default:
      options.priority = whole(value, 0xffff_ffff, word);
  }
}

function network(text: string): { network: number; length: number } {
  if (text === 'all' || text === 'default') return { network: 0, length: 0 };
  const prefix = Prefix.parse(text.includes('/') ? text : `${text}/32`);
  if (prefix === null || prefix.address.family !== 4)
    throw new UsageError(`"${text}" is not a network like 10.0.0.0/8`);
  return { network: prefix.network.v4, length: prefix.length };
}

function ports(text: string): { first: number; last: number } {
  const range = parsePorts(text);
  if (range === null) throw new UsageError(`"${text}" is not a port, nor some like 8000-8080`);
  return range;
}

function whole(text: string, most: number, word: string): number {
  const value = /^(0x[0-9a-f]{1,8}|[0-9]{1,10})$/i.test(text) ? Number(text) : -1;
  if (value < 0 || value > most) throw new UsageError(`${word} is from 0 to ${most}, not "${text}"`);
  return value;
}

/** Whether a rule is the one that is to go: what is not said may be anything. */
function fits(rule: Rule, wanted: RuleOptions): boolean {
  const { options } = rule;
  if (wanted.priority !== undefined && wanted.priority !== rule.priority) return false;
  if (wanted.table !== undefined && (wanted.table !== rule.table || rule.action !== RuleAction.Lookup)) return false;
  if (wanted.action !== undefined && wanted.action !== rule.action) return false;
  if (wanted.not === true && options.not !== true) return false;
  for (const word of ['from', 'to'] as const) {
    const [mine, other] = [options[word], wanted[word]];
    if (other === undefined) continue;
    if ((mine?.network ?? 0) !== other.network || (mine?.length ?? 0) !== other.length) return false;
  }
  for (const word of ['inputInterface', 'outputInterface', 'tos', 'protocol', 'suppressPrefixLength'] as const) {
    if (wanted[word] !== undefined && wanted[word] !== options[word]) return false;
  }
  for (const word of ['sourcePorts', 'destinationPorts'] as const) {
    const other = wanted[word];
    if (other === undefined) continue;
    if (options[word]?.first !== other.first || options[word]?.last !== other.last) return false;
  }
  return true;
}
