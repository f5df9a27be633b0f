import type { NodeContext } from '../../base/node-context.ts';
import type { LinkStateTable } from './link-state-table.ts';
import type { Lsa } from './lsa.ts';
import type { PacketSender } from './packet-sender.ts';
import type { Area, NeighbourOwner, OspfInterface, OspfNeighbour } from './router-state.ts';
import type { OspfSettings } from './settings.ts';

/** What the other parts want of hellos (`hellos.ts`). */
export interface HelloPart {
  /** Event NeighborChange (RFC 2328 9.2). */
  neighbourChange(on: OspfInterface): void;
}

/** What the other parts want of conversations with neighbours (`adjacencies.ts`); the events of RFC 2328 10.2. */
export interface AdjacencyPart extends NeighbourOwner {
  helloReceived(neighbour: OspfNeighbour): void;
  twoWay(neighbour: OspfNeighbour): void;
  oneWay(neighbour: OspfNeighbour): void;
  reconsider(neighbour: OspfNeighbour): void;
  kill(neighbour: OspfNeighbour, why: string): void;
  restart(neighbour: OspfNeighbour, why: string): void;
  negotiated(neighbour: OspfNeighbour): void;
  exchanged(neighbour: OspfNeighbour): void;
  /** Some of what was wanted of a neighbour is here. */
  wantedChanged(neighbour: OspfNeighbour): void;
  describeNext(neighbour: OspfNeighbour, flags: number): void;
  describeAgain(neighbour: OspfNeighbour): void;
  keepSending(neighbour: OspfNeighbour, lsa: Lsa): void;
}

/** What the other parts want of flooding (`flooding.ts`). */
export interface FloodingPart {
  flood(area: Area | null, lsa: Lsa, from: OspfNeighbour | null): boolean;
  install(area: Area | null, lsa: Lsa): void;
  flush(area: Area | null, lsa: Lsa): void;
}

/** What the other parts want of origination (`origination.ts`). */
export interface OriginationPart {
  receivedOwn(area: Area, lsa: Lsa): void;
  touch(area: Area | null, type: number): void;
}

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
  readonly hellos: HelloPart;
  readonly adjacencies: AdjacencyPart;
  readonly flooding: FloodingPart;
  readonly origination: OriginationPart;

  /** The database that holds advertisements of this type. */
  databaseOf(area: Area, type: number): LinkStateTable<Lsa>;
  /** An advertisement came, changed, or went (`area` null: AS-external). `changed`: it says something else than before. */
  databaseChanged(area: Area | null, lsa: Lsa, changed: boolean): void;
  /** An interface or an adjacency changed: what this router says of itself may have to change. */
  topologyChanged(area: Area, why: string): void;
  /** A neighbour came to another state. */
  neighbourChanged(neighbour: OspfNeighbour, before: number, why: string): void;
}
