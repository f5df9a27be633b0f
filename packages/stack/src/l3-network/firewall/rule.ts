/**
 * A firewall's rule as data: what people write, in fields. Names stay names (they are looked up when the rules are
 * compiled), so that a rule can be written out again as it was meant.
 */

/** Where a packet is looked at: it is for this host, passes through, or comes from here. */
export const CHAINS = ['input', 'forward', 'output'] as const;
export type Chain = (typeof CHAINS)[number];

export const ACTIONS = ['allow', 'deny', 'reject', 'log', 'count', 'mark'] as const;
export type Action = (typeof ACTIONS)[number];

/** How a refused sender is told: a TCP reset, or one of ICMP's "unreachable". */
export const REJECTIONS = ['prohibited', 'reset', 'port', 'host', 'net'] as const;
export type Rejection = (typeof REJECTIONS)[number];

export const STATES = ['new', 'established', 'related', 'invalid'] as const;
export type StateWord = (typeof STATES)[number];

/** One bit for each state, as the evaluator has them. */
export const State = { New: 1, Established: 2, Related: 4, Invalid: 8 } as const;

/** One of several things, or none of them. */
export interface Choice {
  readonly not: boolean;
  readonly of: readonly string[];
}

/** TCP flags that must be set and that must not. */
export interface FlagChoice {
  readonly set: readonly string[];
  readonly clear: readonly string[];
}

/** No more often than `count` in a `unit`, and `burst` at once. */
export interface Rate {
  readonly count: number;
  readonly unit: 's' | 'm' | 'h';
  readonly burst: number;
}

export interface FirewallRule {
  /** Where it holds; empty: everywhere. */
  readonly chains: readonly Chain[];
  readonly action: Action;
  /** For `reject`. */
  readonly rejection: Rejection;
  /** For `mark`. */
  readonly mark: number;
  /** 4, 6, or 0 for both. */
  readonly family: 0 | 4 | 6;
  readonly protocols: Choice | null;
  readonly icmpTypes: Choice | null;
  readonly from: Choice | null;
  readonly to: Choice | null;
  readonly sourcePorts: Choice | null;
  readonly destinationPorts: Choice | null;
  readonly in: Choice | null;
  readonly out: Choice | null;
  readonly states: Choice | null;
  readonly flags: FlagChoice | null;
  readonly rate: Rate | null;
  /** Only what carries this mark; -1: whatever. */
  readonly marked: number;
  readonly log: boolean;
  readonly comment: string;
}

export const EMPTY_RULE: FirewallRule = {
  chains: [],
  action: 'allow',
  rejection: 'prohibited',
  mark: 0,
  family: 0,
  protocols: null,
  icmpTypes: null,
  from: null,
  to: null,
  sourcePorts: null,
  destinationPorts: null,
  in: null,
  out: null,
  states: null,
  flags: null,
  rate: null,
  marked: -1,
  log: false,
  comment: '',
};

/** What a chain does with what no rule decided. */
export type Policy = 'allow' | 'deny' | 'reject';
export const POLICIES: readonly Policy[] = ['allow', 'deny', 'reject'];

export const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['icmp', 1],
  ['igmp', 2],
  ['ipip', 4],
  ['tcp', 6],
  ['udp', 17],
  ['gre', 47],
  ['esp', 50],
  ['ah', 51],
  ['icmpv6', 58],
  ['ospf', 89],
  ['sctp', 132],
]);

/** Bits of the flags byte (RFC 9293 3.1, RFC 3168). */
export const TCP_FLAGS: ReadonlyMap<string, number> = new Map([
  ['fin', 0x01],
  ['syn', 0x02],
  ['rst', 0x04],
  ['psh', 0x08],
  ['ack', 0x10],
  ['urg', 0x20],
  ['ece', 0x40],
  ['cwr', 0x80],
]);

const code = (type: number, of: number): readonly [number, number] => [(type << 8) | of, (type << 8) | of];
const all = (type: number): readonly [number, number] => [type << 8, (type << 8) | 255];

/** ICMP types by name (RFC 792, RFC 4443, RFC 4861), as the range of `type << 8 | code` that is meant. */
export const ICMP_TYPES: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['echo-reply', all(0)],
  ['unreachable', all(3)],
  ['net-unreachable', code(3, 0)],
  ['host-unreachable', code(3, 1)],
  ['protocol-unreachable', code(3, 2)],
  ['port-unreachable', code(3, 3)],
  ['fragmentation-needed', code(3, 4)],
  ['prohibited', code(3, 13)],
  ['redirect', all(5)],
  ['echo-request', all(8)],
  ['router-advertisement', all(9)],
  ['router-solicitation', all(10)],
  ['time-exceeded', all(11)],
  ['parameter-problem', all(12)],
  ['timestamp-request', all(13)],
  ['timestamp-reply', all(14)],
]);

export const ICMPV6_TYPES: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['unreachable', all(1)],
  ['net-unreachable', code(1, 0)],
  ['prohibited', code(1, 1)],
  ['host-unreachable', code(1, 3)],
  ['port-unreachable', code(1, 4)],
  ['packet-too-big', all(2)],
  ['time-exceeded', all(3)],
  ['parameter-problem', all(4)],
  ['echo-request', all(128)],
  ['echo-reply', all(129)],
  ['router-solicitation', all(133)],
  ['router-advertisement', all(134)],
  ['neighbour-solicitation', all(135)],
  ['neighbour-advertisement', all(136)],
  ['redirect', all(137)],
]);

/** `80`, `8000-8010`: the first and the last; null when it is neither. A name is not looked up here. */
export function parsePorts(text: string): readonly [number, number] | null {
  const found = /^(\d{1,5})(?:[-:](\d{1,5}))?$/.exec(text);
  if (found === null) return null;
  const first = Number(found[1]);
  const last = found[2] === undefined ? first : Number(found[2]);
  return first <= last && last <= 65_535 ? [first, last] : null;
}
