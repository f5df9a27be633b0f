import { formatIpv4 } from '../../../base/ip-address.ts';
import type { LabRouter, OspfLab, Segment } from './ospf-lab.ts';

/**
 * The forwarding tables of a lab by another way than OSPF's: Bellman-Ford over the wires that are up, knowing nothing of
 * packets or databases. `10.0.3.0/24 -> 30 via 10.0.1.2, 10.0.2.2` a line; own networks left out.
 */
export function referenceTables(lab: OspfLab): Map<LabRouter, string[]> {
  const wires = lab.wires.filter((wire) => wire.up);
  /** Cost from each router to each wire's network, the wire's own cost included. */
  const tables = new Map<LabRouter, Map<Segment, number>>();
  for (const router of lab.routers) {
    const costs = new Map<Segment, number>();
    for (const wire of router.wires.values()) if (wire.up) costs.set(wire, router.on(wire).settings.cost);
    tables.set(router, costs);
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const router of lab.routers) {
      const own = tables.get(router)!;
      for (const wire of router.wires.values()) {
        if (!wire.up || wire.broken) continue;
        const step = router.on(wire).settings.cost;
        for (const { router: other } of wire.ends) {
          if (other === router) continue;
          for (const [target, cost] of tables.get(other)!) {
            if (step + cost >= (own.get(target) ?? Infinity)) continue;
            own.set(target, step + cost);
            changed = true;
          }
        }
      }
    }
  }
  const result = new Map<LabRouter, string[]>();
  for (const router of lab.routers) {
    const lines: string[] = [];
    const own = tables.get(router)!;
    for (const target of wires) {
      const cost = own.get(target);
      if (cost === undefined || [...router.wires.values()].includes(target)) continue;
      const hops: number[] = [];
      for (const wire of router.wires.values()) {
        if (!wire.up || wire.broken) continue;
        const step = router.on(wire).settings.cost;
        for (const { router: other, link } of wire.ends) {
          if (other === router || step + (tables.get(other)!.get(target) ?? Infinity) !== cost) continue;
          hops.push(link.address);
        }
      }
      lines.push(line(target.network, target.length, cost, hops));
    }
    result.set(router, lines.sort());
  }
  return result;
}

/** What OSPF installed, in the same words. */
export function installedTables(lab: OspfLab): Map<LabRouter, string[]> {
  const result = new Map<LabRouter, string[]>();
  for (const router of lab.routers) {
    const lines = router.installed.map(({ network, length, cost, nextHops }) => {
      return line(
        network,
        length,
        cost,
        nextHops.map((hop) => hop.gateway),
      );
    });
    result.set(router, lines.sort());
  }
  return result;
}

/** What each router's database says of this area, header by header; equal in all routers of the area when all is well. */
export function databaseText(router: LabRouter, area = 0): string {
  const { ospf } = router;
  const lsas = [...(ospf.areas.get(area)?.database.list() ?? []), ...ospf.externals.list()];
  return lsas
    .map((lsa) => `${lsa} ${lsa.sequence.toString(16)} ${lsa.checksum.toString(16)}`)
    .sort()
    .join('\n');
}

function line(network: number, length: number, cost: number, hops: number[]): string {
  const via = [...new Set(hops)].sort((a, b) => a - b).map(formatIpv4);
  return `${formatIpv4(network)}/${length} -> ${cost} via ${via.join(', ')}`;
}
