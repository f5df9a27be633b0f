import { Prefix } from '../base/prefix.ts';
import { parseDuration } from '../base/units.ts';
import type { Host } from '../host/host.ts';
import type { IpInterface } from '../l3-network/ip-interface.ts';
import type { MulticastRoute } from '../l3-network/multicast/multicast-router.ts';
import { BuildError, listed, quantity, wholeNumber } from './build-error.ts';
import type { MulticastDescription, MulticastRouteDescription } from './description.ts';

/** Makes a multicast router of a host whose interfaces are there. */
export function routeMulticast(host: Host, words: MulticastDescription): void {
  const where = `${host.name}: multicast`;
  const named = (name: string): IpInterface => {
    const found = host.ip.interfaceNamed(name);
    if (found !== null && !found.loopback) return found;
    throw new BuildError(`${where}: there is no interface ${name}; there are ${listed(host.nics.keys())}`);
  };
  const upstream = words.upstream === undefined ? null : named(words.upstream);
  const downstream = (words.downstream ?? []).map(named);
  if (upstream !== null && downstream.includes(upstream)) {
    throw new BuildError(`${where}: ${upstream.name} cannot lead upstream and downstream`);
  }
  const thresholds = new Map<IpInterface, number>();
  for (const [name, ttl] of Object.entries(words.ttl ?? {})) {
    thresholds.set(named(name), wholeNumber(ttl, 1, 255, `${where}: ttl of ${name}`));
  }
  const interval = words.queryInterval;
  host.ip.routeMulticast({
    upstream,
    downstream,
    thresholds,
    routes: (words.routes ?? []).map((route) => readRoute(route, where, named)),
    ...(interval === undefined
      ? {}
      : { queryIntervalNs: quantity(parseDuration(interval), `${where}: queryInterval`) }),
  });
}

function readRoute(
  route: MulticastRouteDescription,
  where: string,
  named: (name: string) => IpInterface,
): MulticastRoute {
  const group = readPrefix(route.group, where);
  if (!group.address.isMulticast)
    throw new BuildError(`${where}: ${route.group} is no multicast group, like 239.1.2.3`);
  const source = route.source === undefined ? null : readPrefix(route.source, where);
  const to = typeof route.to === 'string' ? [route.to] : route.to;
  return { group, source, from: named(route.from), to: to.map(named) };
}

/** A network, or one address. */
function readPrefix(text: string, where: string): Prefix {
  const prefix = Prefix.parse(text.includes('/') ? text : `${text}/32`);
  if (prefix === null || prefix.address.family !== 4) {
    throw new BuildError(`${where}: "${text}" is neither an IPv4 address nor a network`);
  }
  return prefix;
}
