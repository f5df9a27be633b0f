import type { NodeContext } from '../../base/node-context.ts';
import type { Adjacencies } from './adjacencies.ts';
import type { Area } from './area.ts';
import type { Flooding } from './flooding.ts';
import type { Hellos } from './hellos.ts';
import type { LinkStateTable } from './link-state-table.ts';
import type { Lsa } from './lsa.ts';
import type { Origination } from './origination.ts';
import type { OspfInterface } from './ospf-interface.ts';
import type { OspfNeighbour } from './ospf-neighbour.ts';
import type { PacketSender } from './packet-sender.ts';
import type { OspfSettings } from './settings.ts';

/** The parts of one OSPF router, as they know each other. `Ospf` joins them. */
export interface RouterParts {
  readonly node: NodeContext;
  readonly settings: OspfSettings;
  readonly routerId: number;
  readonly areas: ReadonlyMap<number, Area>;
  readonly interfaces: readonly OspfInterface[];
  /** AS-external advertisements: of all areas but stubs. */
  readonly externals: LinkStateTable<Lsa>;
  readonly sender: PacketSender;
  readonly hellos: Hellos;
  readonly adjacencies: Adjacencies;
  readonly flooding: Flooding;
  readonly origination: Origination;

  /** The database that holds advertisements of this type. */
  databaseOf(area: Area, type: number): LinkStateTable<Lsa>;
  /** An advertisement came, changed, or went (`area` null: AS-external). `changed`: it says something else than before. */
  databaseChanged(area: Area | null, lsa: Lsa, changed: boolean): void;
  /** An interface or an adjacency changed: what this router says of itself may have to change. */
  topologyChanged(area: Area, why: string): void;
  /** A neighbour came to another state. */
  neighbourChanged(neighbour: OspfNeighbour, before: number, why: string): void;
}
