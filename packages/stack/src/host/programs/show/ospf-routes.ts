import { formatIpv4 } from '../../../base/ip-address.ts';
import { FLAG_AREA_BORDER, FLAG_AS_BORDER } from '../../../l3-network/ospf/lsa-bodies.ts';
import type { Ospf } from '../../../l3-network/ospf/ospf.ts';
import { PATH_CODES, PathType } from '../../../l3-network/ospf/ospf-route.ts';
import type { BorderPath, BorderRouter, TableEntry } from '../../../l3-network/ospf/route-calculation.ts';
import type { Hop } from '../../../l3-network/ospf/shortest-paths.ts';

/** OSPF's own routing table: as FRRouting's `show ip ospf route`. */
export function ospfRoutes(ospf: Ospf): string {
  const { result } = ospf.spf;
  const entries = [...(result?.networks.values() ?? [])].sort((a, b) => a.network - b.network || a.length - b.length);
  const inside = entries.filter((entry) => entry.type <= PathType.InterArea);
  const outside = entries.filter((entry) => entry.type > PathType.InterArea);
  const routers = [...(result?.borderRouters ?? [])].sort((a, b) => a.routerId - b.routerId || a.area - b.area);
  const borders = [...(result?.borders.values() ?? [])].filter((path) => path.type === PathType.InterArea);
  return [
    '============ OSPF network routing table ============',
    ...inside.flatMap((entry) => networkLines(entry)),
    '',
    '============ OSPF router routing table =============',
    ...routers.flatMap((path) => routerLines(path)),
    ...borders.sort((a, b) => a.routerId - b.routerId).flatMap((path) => borderLines(path)),
    '',
    '============ OSPF external routing table ===========',
    ...outside.flatMap((entry) => networkLines(entry)),
    '',
  ].join('\n');
}

function networkLines(entry: TableEntry): string[] {
  const { network, length, type, area, cost, type2Cost, tag, hops } = entry;
  const prefix = `${formatIpv4(network)}/${length}`.padEnd(18);
  let about = `[${cost}] area: ${formatIpv4(area)}`;
  if (type === PathType.External1) about = `[${cost}] tag: ${tag}`;
  if (type === PathType.External2) about = `[${cost}/${type2Cost}] tag: ${tag}`;
  return [`${PATH_CODES[type].padEnd(4)} ${prefix}    ${about}`, ...hops.map(hopLine)];
}

function routerLines({ routerId, area, cost, flags, hops }: BorderRouter): string[] {
  const roles = [(flags & FLAG_AREA_BORDER) === 0 ? '' : ', ABR', (flags & FLAG_AS_BORDER) === 0 ? '' : ', ASBR'];
  const about = `[${cost}] area: ${formatIpv4(area)}${roles.join('')}`;
  return [`R    ${formatIpv4(routerId).padEnd(18)}    ${about}`, ...hops.map(hopLine)];
}

function borderLines({ routerId, area, cost, hops }: BorderPath): string[] {
  return [`R IA ${formatIpv4(routerId).padEnd(18)}    [${cost}] area: ${formatIpv4(area)}, ASBR`, ...hops.map(hopLine)];
}

function hopLine({ on, gateway }: Hop): string {
  const way = gateway === 0 ? `directly attached to ${on.name}` : `via ${formatIpv4(gateway)}, ${on.name}`;
  return ' '.repeat(27) + way;
}
