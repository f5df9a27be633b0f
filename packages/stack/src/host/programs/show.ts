import type { Ospf } from '../../l3-network/ospf/ospf.ts';
import { ospfOf } from '../ospf-daemon.ts';
import { type Program, UsageError } from '../program.ts';
import { nearest } from './options.ts';
import { ospfDatabase } from './show/ospf-database.ts';
import { ospfInterfaces } from './show/ospf-interfaces.ts';
import { ospfNeighbours } from './show/ospf-neighbours.ts';
import { ospfOverview } from './show/ospf-overview.ts';
import { ospfRoutes } from './show/ospf-routes.ts';

/** What `show ip ospf` shows: each is given the words behind its name. */
const OSPF: Readonly<Record<string, (ospf: Ospf, words: readonly string[]) => string>> = {
  neighbor: ospfNeighbours,
  interface: ospfInterfaces,
  database: ospfDatabase,
  route: ospfRoutes,
};

export const show: Program = {
  name: 'show',
  summary: 'show what routing protocols know, in the words of routers',
  usage: `usage: show ip ospf                       the router, its areas, and when routes were calculated
       show ip ospf neighbor [NAME]       who is there, and in what state
       show ip ospf interface [NAME]
       show ip ospf database [router|network|summary|asbr-summary|external|self-originate]
       show ip ospf route`,
  async main(process) {
    const [ip, protocol, what, ...words] = process.args;
    if (ip !== 'ip' || protocol !== 'ospf') throw new UsageError('it shows: ip ospf');
    const daemon = ospfOf(process.host);
    if (daemon === null) {
      process.complain('OSPF does not run here; a scenario starts it with "routing: ospf"\n');
      return 1;
    }
    if (what === undefined) {
      process.print(ospfOverview(daemon.engine));
      return 0;
    }
    // Routers take words that are cut short.
    const name =
      Object.keys(OSPF).find((each) => each === what) ?? Object.keys(OSPF).find((each) => each.startsWith(what));
    if (name === undefined) {
      const near = nearest(what, Object.keys(OSPF));
      throw new UsageError(
        `ospf ${what}: there is ${Object.keys(OSPF).join(', ')}${near === null ? '' : `; did you mean ${near}?`}`,
      );
    }
    process.print(OSPF[name](daemon.engine, words));
    return 0;
  },
};
