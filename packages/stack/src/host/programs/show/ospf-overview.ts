import { formatIpv4 } from '../../../base/ip-address.ts';
import type { Ospf } from '../../../l3-network/ospf/ospf.ts';
import { NeighbourState } from '../../../l3-network/ospf/states.ts';
import { spanWords } from './ospf-words.ts';

/** The router as a whole: as FRRouting's `show ip ospf`. */
export function ospfOverview(ospf: Ospf): string {
  const { spf, origination, settings } = ospf;
  const { now } = ospf.node.clock;
  const ms = (ns: number): string => `${Math.round(ns / 1e6)} millisec(s)`;
  const lines = [
    ` OSPF Routing Process, Router ID: ${formatIpv4(ospf.routerId)}`,
    ` Initial SPF scheduling delay ${ms(settings.spfDelayNs)}`,
    ` Minimum hold time between consecutive SPFs ${ms(settings.spfHoldNs)}`,
    ` Maximum hold time between consecutive SPFs ${ms(settings.spfMaxHoldNs)}`,
    spf.runs === 0
      ? ' SPF algorithm has not been run'
      : ` SPF algorithm last executed ${spanWords(now - spf.lastRunAt)} ago, ${spf.runs} times in all\n   because: ${spf.lastReasons}`,
  ];
  if (origination.isAreaBorder) lines.push(' This router is an ABR');
  if (origination.isAsBorder) lines.push(' This router is an ASBR (injecting external routing information)');
  if (settings.maxMetric) lines.push(' Router-LSAs with maximum metric (RFC 6987)');
  lines.push(` Number of external LSA ${ospf.externals.size}`);
  lines.push(` Number of areas attached to this router: ${ospf.areas.size}`);
  for (const area of ospf.areas.values()) {
    const kind = area.isBackbone ? ' (Backbone)' : area.settings.stub ? ' (Stub)' : '';
    let full = 0;
    for (const on of area.interfaces) full += on.atLeast(NeighbourState.Full).length;
    lines.push(` Area ID: ${formatIpv4(area.id)}${kind}`);
    lines.push(`   Number of interfaces in this area: ${area.interfaces.length}`);
    lines.push(`   Number of fully adjacent neighbors in this area: ${full}`);
    lines.push(`   Number of LSA ${area.database.size}`);
  }
  return `${lines.join('\n')}\n`;
}
