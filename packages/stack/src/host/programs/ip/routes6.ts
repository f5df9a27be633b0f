import { errnoText } from '../../../base/errors.ts';
import { IpAddress } from '../../../base/ip-address.ts';
import { Prefix } from '../../../base/prefix.ts';
import type { RouteOptions6 } from '../../../l3-network/ipv6/ipv6.ts';
import { preferenceOfMetric } from '../../../l3-network/ipv6/router-discovery-routes.ts';
import { ADVERTISED, type Route6 } from '../../../l3-network/ipv6/routes6.ts';
import { RouteOrigin, RouteType } from '../../../l3-network/routes.ts';
import type { Process } from '../../process.ts';
import { UsageError } from '../../program.ts';
import { answered, deadText, interfaceNamed, pairs } from './words.ts';

const TYPES: Readonly<Record<string, RouteType>> = {
  unreachable: RouteType.Unreachable,
  prohibit: RouteType.Prohibit,
  blackhole: RouteType.Blackhole,
};

/** `ip -6 route` */
export function ipRoute6(process: Process, [verb = 'show', ...words]: readonly string[]): number {
  if ('show'.startsWith(verb) || 'list'.startsWith(verb)) return show(process, words);
  if ('get'.startsWith(verb)) return get(process, words);
  const adds = 'add'.startsWith(verb);
  if (!adds && !'delete'.startsWith(verb)) throw new UsageError(`"${verb}" is none of show, get, add and del`);
  const { ip6 } = process.host;
  const [to, options] = parseRoute(process, words);
  return answered(process, adds ? ip6.addRoute(to, options) : ip6.removeRoute(to, options));
}

/** `table all` shows the host's own addresses too. */
function show(process: Process, words: readonly string[]): number {
  const all = words.join(' ') === 'table all';
  const { now } = process.host.node.clock;
  for (const route of process.host.ip6.routes.list()) {
    if (all || route.type !== RouteType.Local) process.print(`${routeText(route, now)} \n`);
  }
  return 0;
}

function routeText(route: Route6, now: number): string {
  const parts = [String(route)];
  if (route.origin === RouteOrigin.Kernel) parts.push('proto kernel');
  else if (route.origin !== RouteOrigin.Static && route.origin !== ADVERTISED) parts.push(`proto ${route.origin}`);
  if (route.expiresAt !== Infinity) parts.push(`expires ${Math.floor((route.expiresAt - now) / 1e9)}sec`);
  parts.push(...deadText(route.interface));
  parts.push(`pref ${route.origin === ADVERTISED ? preferenceOfMetric(route.metric) : 'medium'}`);
  return parts.join(' ');
}

/** Where a packet to an address would go. */
function get(process: Process, [text = '', ...words]: readonly string[]): number {
  const [bare = '', zone] = text.split('%');
  const to = IpAddress.parse(bare);
  if (to === null || to.family !== 6) throw new UsageError(`"${text}" is not an address`);
  const given = pairs(words, ['from', 'oif']);
  const device = given.get('oif') ?? zone;
  const { ip6 } = process.host;
  const index = device === undefined ? 0 : interfaceNamed(process, device).index;
  const flow = ip6.open(to, 0, null, index === 0 ? {} : { interfaceIndex: index });
  if (typeof flow === 'number') {
    process.complain(`RTNETLINK answers: ${errnoText(flow)}\n`);
    return 2;
  }
  const route = ip6.routes.lookup(to);
  const local = route?.type === RouteType.Local ? 'local ' : '';
  const via = route?.gateway == null || to.isLinkLocal ? '' : ` via ${route.gateway}`;
  const name = process.host.ip.interfaces().find((each) => each.index === flow.interfaceIndex)!.name;
  process.print(
    `${local}${to} from ::${via} dev ${name} src ${flow.local} metric ${route?.metric ?? 0} pref medium \n`,
  );
  return 0;
}

function parseRoute(process: Process, words: readonly string[]): [Prefix, RouteOptions6] {
  const [first = '', ...others] = words;
  const type = Object.hasOwn(TYPES, first) ? TYPES[first]! : RouteType.Unicast;
  const [text = '', ...rest] = type === RouteType.Unicast ? words : others;
  const written = text === 'default' ? '::/0' : text.includes('/') ? text : `${text}/128`;
  const to = Prefix.parse(written);
  if (to === null) throw new UsageError(`"${text}" is not a prefix like 2001:db8::/32, nor default`);
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
