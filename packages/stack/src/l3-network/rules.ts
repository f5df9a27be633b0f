import { formatIpv4 } from '../base/ip-address.ts';
import type { FlowKey } from './flow-key.ts';
import { protocolName } from './ipv4-header.ts';
import { maskTo } from './prefix-trie.ts';
import { Route, RouteType } from './route.ts';

/** The tables that have names (Linux's `/etc/iproute2/rt_tables`). Others are numbers from 1 on. */
export const Table = { Default: 253, Main: 254, Local: 255 } as const;
export const MAX_TABLE = 0xffff_ffff;

const TABLE_NAMES = new Map<number, string>([
  [Table.Default, 'default'],
  [Table.Main, 'main'],
  [Table.Local, 'local'],
]);

export function tableName(table: number): string {
  return TABLE_NAMES.get(table) ?? String(table);
}

/** A table's number by its name or its digits; null for anything else. */
export function parseTable(text: string): number | null {
  for (const [number, name] of TABLE_NAMES) if (name === text) return number;
  if (!/^[0-9]{1,10}$/.test(text)) return null;
  const number = Number(text);
  return number >= 1 && number <= MAX_TABLE ? number : null;
}

/** What becomes of a packet that a rule fits. */
export const RuleAction = { Lookup: 0, Blackhole: 1, Unreachable: 2, Prohibit: 3 } as const;
export type RuleAction = (typeof RuleAction)[keyof typeof RuleAction];

const ACTION_NAMES = ['lookup', 'blackhole', 'unreachable', 'prohibit'];
const ACTION_TYPES = [RouteType.Unicast, RouteType.Blackhole, RouteType.Unreachable, RouteType.Prohibit];

/** A network, as rules name them: `network` without bits beyond `length`. */
export interface RulePrefix {
  readonly network: number;
  readonly length: number;
}

/** Ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** A rule as a person gives it. What is absent fits everything. */
export interface RuleOptions {
  /** Rules are asked from the lowest number on; absent: just before the lowest that was given so far (as `ip rule add`). */
  priority?: number;
  from?: RulePrefix;
  to?: RulePrefix;
  /** It came in by this interface; `lo`: this host sends it. */
  inputInterface?: string;
  /** It may leave by this interface only: a socket was bound to it. */
  outputInterface?: string;
  /** The whole TOS byte; 0: any. */
  tos?: number;
  protocol?: number;
  sourcePorts?: PortRange;
  destinationPorts?: PortRange;
  /** It fits what the rest does not. */
  not?: boolean;
  action?: RuleAction;
  /** For `lookup`; default main. */
  table?: number;
  /** What the table says by a prefix of at most this length does not count. */
  suppressPrefixLength?: number;
}

/** One rule of which table to ask, as `ip rule` knows them. */
export class Rule {
  readonly priority: number;
  readonly action: RuleAction;
  readonly table: number;
  readonly options: RuleOptions;
  /** What a rule that refuses answers. */
  readonly answer: Route | null;
  /** The interfaces' indices, looked up when interfaces come and go; -1: there is none of this name. */
  input = 0;
  output = 0;
  private readonly fromMask: number;
  private readonly from: number;
  private readonly toMask: number;
  private readonly to: number;
  private readonly tos: number;
  private readonly protocol: number;
  private readonly sourceFirst: number;
  private readonly sourceLast: number;
  private readonly destinationFirst: number;
  private readonly destinationLast: number;
  readonly suppress: number;
  private readonly not: boolean;

  constructor(priority: number, options: RuleOptions) {
    this.priority = priority;
    this.options = options;
    this.action = options.action ?? RuleAction.Lookup;
    this.table = options.table ?? Table.Main;
    this.answer = this.action === RuleAction.Lookup ? null : new Route(0, 0, ACTION_TYPES[this.action]!, null);
    this.fromMask = maskTo(0xffffffff, options.from?.length ?? 0) | 0;
    this.from = (options.from?.network ?? 0) & this.fromMask;
    this.toMask = maskTo(0xffffffff, options.to?.length ?? 0) | 0;
    this.to = (options.to?.network ?? 0) & this.toMask;
    this.tos = options.tos ?? 0;
    this.protocol = options.protocol ?? 0;
    this.sourceFirst = options.sourcePorts?.first ?? 0;
    this.sourceLast = options.sourcePorts?.last ?? 0xffff;
    this.destinationFirst = options.destinationPorts?.first ?? 0;
    this.destinationLast = options.destinationPorts?.last ?? 0xffff;
    this.suppress = options.suppressPrefixLength ?? -1;
    this.not = options.not === true;
  }

  get asksForPorts(): boolean {
    return this.options.sourcePorts !== undefined || this.options.destinationPorts !== undefined;
  }

  matches(key: FlowKey): boolean {
    return this.fits(key) !== this.not;
  }

  private fits(key: FlowKey): boolean {
    if (((key.source ^ this.from) & this.fromMask) !== 0) return false;
    if (((key.destination ^ this.to) & this.toMask) !== 0) return false;
    if (this.input !== 0 && this.input !== key.input) return false;
    if (this.output !== 0 && this.output !== key.output) return false;
    if (this.tos !== 0 && this.tos !== key.tos) return false;
    if (this.protocol !== 0 && this.protocol !== key.protocol) return false;
    const source = key.ports >>> 16;
    if (source < this.sourceFirst || source > this.sourceLast) return false;
    const destination = key.ports & 0xffff;
    return destination >= this.destinationFirst && destination <= this.destinationLast;
  }

  /** As `ip rule` shows it, without the priority: `from 10.0.1.0/24 lookup 100`. */
  toString(): string {
    const { options } = this;
    const parts = [this.not ? 'not from' : 'from', prefixText(options.from)];
    if (options.to !== undefined && options.to.length > 0) parts.push('to', prefixText(options.to));
    if (this.tos !== 0) parts.push('tos', `0x${this.tos.toString(16).padStart(2, '0')}`);
    if (options.inputInterface !== undefined) parts.push('iif', options.inputInterface);
    if (options.outputInterface !== undefined) parts.push('oif', options.outputInterface);
    if (this.protocol !== 0) parts.push('ipproto', protocolName(this.protocol).toLowerCase());
    if (options.sourcePorts !== undefined) parts.push('sport', rangeText(options.sourcePorts));
    if (options.destinationPorts !== undefined) parts.push('dport', rangeText(options.destinationPorts));
    parts.push(ACTION_NAMES[this.action]!);
    if (this.action === RuleAction.Lookup) parts.push(tableName(this.table));
    if (this.suppress >= 0) parts.push(`suppress_prefixlength ${this.suppress}`);
    return parts.join(' ');
  }
}

function prefixText(prefix: RulePrefix | undefined): string {
  if (prefix === undefined || prefix.length === 0) return 'all';
  return prefix.length === 32 ? formatIpv4(prefix.network) : `${formatIpv4(prefix.network)}/${prefix.length}`;
}

function rangeText({ first, last }: PortRange): string {
  return first === last ? String(first) : `${first}-${last}`;
}
