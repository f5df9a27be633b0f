import { errnoText } from '../../../base/errors.ts';
import { formatIpv4, IpAddress } from '../../../base/ip-address.ts';
import { Prefix } from '../../../base/prefix.ts';
import { Nic } from '../../../l2-link/nic.ts';
import type { RouteOptions } from '../../../l3-network/ipv4.ts';
import { type Route, RouteOrigin, RouteType } from '../../../l3-network/routes.ts';
import type { Process } from '../../process.ts';
import { UsageError } from '../../program.ts';
import { answered, interfaceNamed, pairs } from './words.ts';

const TYPES: Readonly<Record<string, RouteType>> = {
  unreachable: RouteType.Unreachable,
  prohibit: RouteType.Prohibit,
  blackhole: RouteType.Blackhole,
};

export function ipRoute(process: Process, [verb = 'show', ...words]: readonly string[]): number {
  if ('show'.startsWith(verb) || 'list'.startsWith(verb)) return show(process, words);
  if ('get'.startsWith(verb)) return get(process, words);
  const adds = 'add'.startsWith(verb);
  if (!adds && !'delete'.startsWith(verb)) throw new UsageError(`"${verb}" is none of show, get, add and del`);
  const { ip } = process.host;
  const [to, options] = parseRoute(process, words);
  return answered(process, adds ? ip.addRoute(to, options) : ip.removeRoute(to, options));
}

/** `table all` shows the host's own addresses and broadcasts too. */
function show(process: Process, words: readonly string[]): number {
  const all = words.join(' ') === 'table all';
  for (const route of process.host.ip.routes.list()) {
    const own =
      route.type === RouteType.Local || route.type === RouteType.Broadcast || route.interface?.loopback === true;
    if (all || !own) process.print(`${routeText(route)} \n`);
  }
  return 0;
}

function routeText(route: Route): string {
  const parts = [String(route)];
  if (route.origin === RouteOrigin.Kernel && route.gateway === 0) {
    parts.push('proto kernel scope link');
    if (route.source !== 0) parts.push(`src ${formatIpv4(route.source)}`);
  } else if (route.origin !== RouteOrigin.Static) {
    parts.push(`proto ${route.origin}`);
  }
  const link = route.interface?.link;
  if (link instanceof Nic && !link.running) parts.push('linkdown');
  return parts.join(' ');
}

/** Where a packet to an address would go. */
function get(process: Process, [text = '']: readonly string[]): number {
  const to = IpAddress.parse(text);
  if (to === null || to.family !== 4) throw new UsageError(`"${text}" is not an address`);
  const { ip, network } = process.host;
  const source = network.sourceFor(to);
  const route = ip.routes.lookup(to.v4);
  if (typeof source === 'number' || route === null || route.interface === null) {
    process.complain(
      `RTNETLINK answers: ${typeof source === 'number' ? errnoText(source) : 'Network is unreachable'}\n`,
    );
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

function parseRoute(process: Process, words: readonly string[]): [Prefix, RouteOptions] {
  const [first = '', ...others] = words;
  const type = Object.hasOwn(TYPES, first) ? TYPES[first]! : RouteType.Unicast;
  const [text = '', ...rest] = type === RouteType.Unicast ? words : others;
  const written = text === 'default' ? '0.0.0.0/0' : text.includes('/') ? text : `${text}/32`;
  const to = Prefix.parse(written);
  if (to === null) throw new UsageError(`"${text}" is not a prefix like 10.0.0.0/8, nor default`);
  const given = pairs(rest, ['via', 'dev', 'metric', 'src']);
  const via = IpAddress.parse(given.get('via') ?? '');
  if (given.has('via') && via === null) throw new UsageError(`"${given.get('via')}" is not an address`);
  const source = IpAddress.parse(given.get('src') ?? '');
  const metric = given.get('metric');
  if (metric !== undefined && !/^[0-9]{1,9}$/.test(metric)) throw new UsageError(`"${metric}" is not a metric`);
  return [
    to,
    {
      type,
      ...(via === null ? {} : { via }),
      ...(given.has('dev') ? { interface: interfaceNamed(process, given.get('dev')) } : {}),
      ...(metric === undefined ? {} : { metric: Number(metric) }),
      ...(source === null ? {} : { source }),
    },
  ];
}
