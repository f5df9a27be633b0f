import { Errno, errnoText } from '../../../base/errors.ts';
import { formatIpv4, IpAddress } from '../../../base/ip-address.ts';
import { Prefix } from '../../../base/prefix.ts';
import { FlowKey } from '../../../l3-network/flow-key.ts';
import type { IpInterface } from '../../../l3-network/ip-interface.ts';
import type { RouteOptions, WayOptions } from '../../../l3-network/ipv4.ts';
import { type Route, RouteOrigin, RouteType, routeTypeName } from '../../../l3-network/routes.ts';
import { parseTable, Table, tableName } from '../../../l3-network/rules.ts';
import type { Process } from '../../process.ts';
import { UsageError } from '../../program.ts';
import { protocolNumber, tableNumber } from './rules.ts';
import { answered, deadText, interfaceNamed, pairs } from './words.ts';

const TYPES: Readonly<Record<string, RouteType>> = {
  unreachable: RouteType.Unreachable,
  prohibit: RouteType.Prohibit,
  blackhole: RouteType.Blackhole,
};

/** What a program is told whose packet such a route matches. */
const ERRORS: Readonly<Record<number, number>> = {
  [RouteType.Unreachable]: -Errno.EHOSTUNREACH,
  [RouteType.Prohibit]: -Errno.EACCES,
  [RouteType.Blackhole]: -Errno.EINVAL,
};

export function ipRoute(process: Process, [verb = 'show', ...words]: readonly string[]): number {
  if ('show'.startsWith(verb) || 'list'.startsWith(verb)) return show(process, words);
  if ('get'.startsWith(verb)) return get(process, words);
  const adds = 'add'.startsWith(verb);
  const replaces = verb === 'replace' || verb === 'change';
  if (!adds && !replaces && !'delete'.startsWith(verb)) {
    throw new UsageError(`"${verb}" is none of show, get, add, replace and del`);
  }
  const { ip } = process.host;
  const [to, options] = parseRoute(process, words);
  if (replaces) options.replace = true;
  if (adds || replaces) return answered(process, ip.addRoute(to, options));
  if (options.type === RouteType.Unicast) delete options.type;
  return answered(process, ip.removeRoute(to, options));
}

/** The main table, or the one that is named: `table 100`, `table local`, `table all`. */
function show(process: Process, words: readonly string[]): number {
  const name = pairs(words, ['table']).get('table') ?? 'main';
  const number = name === 'all' ? 0 : parseTable(name);
  if (number === null) throw new UsageError(`"${name}" is not a table: a number, or main, local, default, all`);
  for (const [id, table] of process.host.ip.policy.allTables()) {
    if (number !== 0 && number !== id && !(number === Table.Local && id === Table.Main)) continue;
    for (const route of table.list()) {
      const own =
        route.type === RouteType.Local || route.type === RouteType.Broadcast || route.interface?.loopback === true;
      if (number !== 0 && id === Table.Main && own !== (number === Table.Local)) continue;
      const where = number !== 0 || (id === Table.Main && !own) ? '' : ` table ${tableName(own ? Table.Local : id)}`;
      process.print(routeText(route, where));
    }
  }
  return 0;
}

/** As ip(8) has it: one line, and one more for each of several ways. */
function routeText(route: Route, table: string): string {
  const parts: string[] = [];
  if (route.type !== RouteType.Unicast) parts.push(routeTypeName(route.type));
  parts.push(route.length === 0 ? 'default' : `${formatIpv4(route.network)}/${route.length}`);
  if (route.hops === null && route.gateway !== 0) parts.push(`via ${formatIpv4(route.gateway)}`);
  if (route.hops === null && route.interface !== null) parts.push(`dev ${route.interface.name}`);
  const text = `${parts.join(' ')}${table}`;
  const more: string[] = [];
  if (route.origin === RouteOrigin.Kernel && route.gateway === 0) {
    more.push('proto kernel scope link');
    if (route.source !== 0) more.push(`src ${formatIpv4(route.source)}`);
  } else if (route.origin !== RouteOrigin.Static) {
    more.push(`proto ${route.origin}`);
  } else if (route.source !== 0) {
    more.push(`src ${formatIpv4(route.source)}`);
  }
  if (route.metric !== 0) more.push(`metric ${route.metric}`);
  if (route.hops === null) more.push(...deadText(route.interface));
  let all = [text, ...more, '\n'].join(' ');
  for (const hop of route.hops?.all ?? []) {
    const via = hop.gateway === 0 ? [] : [`via ${formatIpv4(hop.gateway)}`];
    const words = [
      'nexthop',
      ...via,
      `dev ${hop.interface!.name}`,
      `weight ${hop.weight}`,
      ...deadText(hop.interface),
      '\n',
    ];
    all += `\t${words.join(' ')}`;
  }
  return all;
}

/** Where a packet to an address would go. */
function get(process: Process, [text = '', ...words]: readonly string[]): number {
  const to = IpAddress.parse(text);
  if (to === null || to.family !== 4) throw new UsageError(`"${text}" is not an address`);
  const { ip, network } = process.host;
  const given = pairs(words, ['from', 'iif', 'oif', 'tos', 'ipproto', 'sport', 'dport']);
  const from = IpAddress.parse(given.get('from') ?? '0.0.0.0');
  if (from === null) throw new UsageError(`"${given.get('from')}" is not an address`);
  const key = flowKey(process, to, from, given);
  const found = ip.policy.lookup(key);
  // Said by a rule, it is the network that cannot be reached.
  const isNetwork = found?.type === RouteType.Unreachable && ip.policy.refusedByRule(found);
  const route =
    found === null || found.hops === null ? found : ip.policy.pick(found, ip.policy.hashOf(key), ip.neighbours);
  const on = route?.interface;
  const source = given.has('from') ? from : on ? sourceOf(route, on, to) : network.sourceFor(to);
  if (route === null || route.interface === null || typeof source === 'number') {
    const refused = route === null || isNetwork ? undefined : ERRORS[route.type];
    const error = refused ?? (typeof source === 'number' && route === null ? source : -Errno.ENETUNREACH);
    process.complain(`RTNETLINK answers: ${errnoText(error)}\n`);
    return 2;
  }
  const local = route.type === RouteType.Local ? 'local ' : route.type === RouteType.Broadcast ? 'broadcast ' : '';
  const redirect = route.gateway === 0 ? null : ip.redirects.find(to.v4);
  const leftS = redirect === null ? 0 : Math.floor((redirect.until - process.host.node.clock.now) / 1e9);
  const cached = redirect === null ? '' : `<redirected> expires ${leftS}sec `;
  const gateway = redirect?.gateway ?? route.gateway;
  const via = gateway === 0 ? '' : ` via ${formatIpv4(gateway)}`;
  process.print(
    `${local}${to}${via} dev ${local === 'local ' ? 'lo' : route.interface.name} src ${source} uid 0 \n    cache ${cached}\n`,
  );
  return 0;
}

/** The address that what takes this route is sent from. */
function sourceOf(route: Route, on: IpInterface, to: IpAddress): IpAddress {
  if (route.type === RouteType.Local) return to;
  return IpAddress.v4(route.source !== 0 ? route.source : on.sourceFor4(route.gateway !== 0 ? route.gateway : to.v4));
}

function flowKey(process: Process, to: IpAddress, from: IpAddress, given: ReadonlyMap<string, string>): FlowKey {
  const key = new FlowKey();
  const input = given.get('iif');
  const output = given.get('oif');
  key.destination = to.v4;
  key.source = from.v4;
  key.input = input === undefined ? 1 : interfaceNamed(process, input).index;
  key.output = output === undefined ? 0 : interfaceNamed(process, output).index;
  key.tos = number(given, 'tos', 255);
  key.protocol = protocolNumber(given.get('ipproto') ?? 'udp'); // as the kernel has it
  key.ports = ((number(given, 'sport', 0xffff) << 16) | number(given, 'dport', 0xffff)) >>> 0;
  return key;
}

function number(given: ReadonlyMap<string, string>, word: string, most: number): number {
  const text = given.get(word) ?? '0';
  const value = /^(0x[0-9a-f]{1,2}|[0-9]{1,5})$/i.test(text) ? Number(text) : -1;
  if (value < 0 || value > most) throw new UsageError(`"${text}" is not a number for ${word}`);
  return value;
}

function parseRoute(process: Process, words: readonly string[]): [Prefix, RouteOptions] {
  const [first = '', ...others] = words;
  const type = Object.hasOwn(TYPES, first) ? TYPES[first]! : RouteType.Unicast;
  const [text = '', ...rest] = type === RouteType.Unicast ? words : others;
  const written = text === 'default' ? '0.0.0.0/0' : text.includes('/') ? text : `${text}/32`;
  const to = Prefix.parse(written);
  if (to === null) throw new UsageError(`"${text}" is not a prefix like 10.0.0.0/8, nor default`);
  const ways = rest.indexOf('nexthop');
  const given = pairs(ways < 0 ? rest : rest.slice(0, ways), [
    'via',
    'dev',
    'metric',
    'src',
    'table',
    'proto',
    'scope',
  ]);
  const options: RouteOptions = { type, ...parseWay(process, given) };
  if (ways >= 0) options.ways = parseWays(process, rest.slice(ways));
  const source = IpAddress.parse(given.get('src') ?? '');
  const metric = given.get('metric');
  const table = given.get('table');
  if (metric !== undefined && !/^[0-9]{1,9}$/.test(metric)) throw new UsageError(`"${metric}" is not a metric`);
  if (metric !== undefined) options.metric = Number(metric);
  if (source !== null) options.source = source;
  if (table !== undefined) options.table = tableNumber(table);
  return [to, options];
}

/** `nexthop via 10.0.1.2 weight 2 nexthop via ...`. */
function parseWays(process: Process, words: readonly string[]): WayOptions[] {
  const ways: WayOptions[] = [];
  for (let i = 0; i < words.length; ) {
    const next = words.indexOf('nexthop', i + 1);
    const end = next < 0 ? words.length : next;
    const given = pairs(words.slice(i + 1, end), ['via', 'dev', 'weight']);
    const weight = given.get('weight') ?? '1';
    if (!/^[0-9]{1,3}$/.test(weight)) throw new UsageError(`"${weight}" is not a weight from 1 to 256`);
    ways.push({ ...parseWay(process, given), weight: Number(weight) });
    i = end;
  }
  return ways;
}

function parseWay(process: Process, given: ReadonlyMap<string, string>): WayOptions {
  const via = IpAddress.parse(given.get('via') ?? '');
  if (given.has('via') && via === null) throw new UsageError(`"${given.get('via')}" is not an address`);
  return {
    ...(via === null ? {} : { via }),
    ...(given.has('dev') ? { interface: interfaceNamed(process, given.get('dev')) } : {}),
  };
}
