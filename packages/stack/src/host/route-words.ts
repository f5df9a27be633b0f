import { Errno, NetError } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import { Prefix } from '../base/prefix.ts';
import type { IpInterface } from '../l3-network/ip-interface.ts';
import type { RouteOptions, WayOptions } from '../l3-network/ipv4.ts';
import { RouteType } from '../l3-network/routes.ts';
import { parseTable, RuleAction, type RuleOptions } from '../l3-network/rules.ts';

/** What `addRoute` takes: the scenario's words. */
export interface RouteWords {
  to: string;
  via?: string | string[];
  weights?: number[];
  interface?: string;
  metric?: number;
  type?: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit';
  table?: number | string;
}

/** What `addRule` takes: the scenario's words. */
export interface RuleWords {
  priority?: number;
  from?: string;
  to?: string;
  interface?: string;
  tos?: number;
  protocol?: 'tcp' | 'udp' | 'icmp';
  port?: number | string;
  not?: boolean;
  table?: number | string;
  action?: 'blackhole' | 'unreachable' | 'prohibit';
  suppressPrefixLength?: number;
}

const TYPES = {
  unicast: RouteType.Unicast,
  blackhole: RouteType.Blackhole,
  unreachable: RouteType.Unreachable,
  prohibit: RouteType.Prohibit,
} as const;
const ACTIONS = {
  blackhole: RuleAction.Blackhole,
  unreachable: RuleAction.Unreachable,
  prohibit: RuleAction.Prohibit,
} as const;
const PROTOCOLS = { icmp: 1, tcp: 6, udp: 17 } as const;

/** Where a route leads and how. Throws a NetError: EINVAL, ENODEV. */
export function readRoute(
  words: RouteWords,
  named: (name: string) => IpInterface | null,
): { to: Prefix; options: RouteOptions } {
  const what = `${words.to} via ${[words.via ?? []].flat().join(', ') || (words.interface ?? '')}`;
  const refused = (): NetError => new NetError(Errno.EINVAL, 'route add', what);
  const vias = [words.via ?? []].flat().map((text) => IpAddress.parse(text));
  const family6 = vias.some((via) => via?.family === 6);
  const to = Prefix.parse(words.to === 'default' ? (family6 ? '::/0' : '0.0.0.0/0') : words.to);
  if (to === null || vias.some((via) => via === null || via.family !== to.address.family)) throw refused();
  const type = TYPES[words.type ?? 'unicast'];
  if (type === undefined) throw refused();
  const out = words.interface === undefined ? null : named(words.interface);
  if (out === null && words.interface !== undefined) throw new NetError(Errno.ENODEV, 'route add', words.interface);
  const options: RouteOptions = { type };
  if (out !== null) options.interface = out;
  if (words.metric !== undefined) options.metric = words.metric;
  if (words.table !== undefined) options.table = tableOf(words.table);
  const weights = words.weights ?? [];
  if (weights.length > 0 && weights.length !== vias.length) throw refused();
  if (vias.length === 1) options.via = vias[0]!;
  if (vias.length > 1) {
    if (family6) throw new NetError(Errno.EOPNOTSUPP, 'route add', what);
    options.ways = vias.map(
      (via, i): WayOptions => ({ via: via!, weight: weights[i] ?? 1, ...(out === null ? {} : { interface: out }) }),
    );
  }
  return { to, options };
}

/** A rule of which table to ask. Throws a NetError: EINVAL. */
export function readRule(words: RuleWords): RuleOptions {
  const refused = (): NetError => new NetError(Errno.EINVAL, 'rule add', JSON.stringify(words));
  const options: RuleOptions = {};
  for (const side of ['from', 'to'] as const) {
    const text = words[side];
    if (text === undefined) continue;
    const prefix = Prefix.parse(text.includes('/') ? text : `${text}/32`);
    if (prefix === null || prefix.address.family !== 4) throw refused();
    options[side] = { network: prefix.network.v4, length: prefix.length };
  }
  if (words.priority !== undefined) options.priority = words.priority;
  if (words.interface !== undefined) options.inputInterface = words.interface;
  if (words.tos !== undefined) options.tos = words.tos;
  if (words.protocol !== undefined) options.protocol = PROTOCOLS[words.protocol] ?? refuse(refused());
  if (words.port !== undefined) options.destinationPorts = parsePorts(String(words.port)) ?? refuse(refused());
  if (words.not === true) options.not = true;
  if (words.action !== undefined) options.action = ACTIONS[words.action] ?? refuse(refused());
  if (words.table !== undefined) options.table = tableOf(words.table);
  if (words.action === undefined && words.table === undefined) throw refused();
  if (words.suppressPrefixLength !== undefined) options.suppressPrefixLength = words.suppressPrefixLength;
  return options;
}

/** `80` or `8000-8080`; null for anything else. */
export function parsePorts(text: string): { first: number; last: number } | null {
  const [, first, last = first] = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  return first !== undefined && range.first >= 1 && range.first <= range.last && range.last <= 0xffff ? range : null;
}

function tableOf(table: number | string): number {
  return parseTable(String(table)) ?? refuse(new NetError(Errno.EINVAL, 'table', String(table)));
}

function refuse(error: NetError): never {
  throw error;
}
