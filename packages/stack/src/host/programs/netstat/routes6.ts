import { ADVERTISED, type Route6 } from '../../../l3-network/ipv6/routes6.ts';
import { RouteType } from '../../../l3-network/routes.ts';
import type { Machine } from '../../machine.ts';

/** What `route -6` and `netstat -r6` print. */
export function routeTable6(host: Machine): string {
  let text = 'Kernel IPv6 routing table\n';
  text += 'Destination                    Next Hop                   Flag Met Ref Use If\n';
  for (const route of host.ip6.routes.list()) {
    const name = route.type === RouteType.Local ? 'lo' : (route.interface?.name ?? 'lo');
    const to = route.length === 0 ? '[::]/0' : `${route.prefix}`;
    const hop = route.gateway === null ? '[::]' : `${route.gateway}`;
    const numbers = `${String(route.metric).padEnd(4)}1     0 ${name}`;
    text += `${to.padEnd(30)} ${hop.padEnd(26)} ${flags(route).padEnd(4)} ${numbers}\n`;
  }
  return text;
}

function flags(route: Route6): string {
  if (route.type === RouteType.Local) return 'Un';
  if (route.type !== RouteType.Unicast) return '!n';
  const learnt = route.origin === ADVERTISED ? 'A' : '';
  return `U${route.gateway === null ? '' : 'G'}${route.length === 128 ? 'H' : ''}${learnt}`;
}
