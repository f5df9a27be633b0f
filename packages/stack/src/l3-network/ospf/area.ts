import { OPTION_EXTERNAL } from './constants.ts';
import { LinkStateTable } from './link-state-table.ts';
import type { Lsa } from './lsa.ts';
import { InterfaceState, type OspfInterface } from './ospf-interface.ts';
import type { AreaSettings } from './settings.ts';
import type { ShortestPaths } from './shortest-paths.ts';

/** One area: its interfaces here, its database, and the ways through it (RFC 2328 6). */
export class Area {
  readonly settings: AreaSettings;
  readonly database = new LinkStateTable<Lsa>();
  readonly interfaces: OspfInterface[] = [];
  /** What the last calculation found; null: it must be calculated anew. */
  paths: ShortestPaths | null = null;
  /** How often that was. */
  calculations = 0;

  constructor(settings: AreaSettings) {
    this.settings = settings;
  }

  get id(): number {
    return this.settings.id;
  }

  get isBackbone(): boolean {
    return this.settings.id === 0;
  }

  /** The options of what this router says in the area. */
  get options(): number {
    return this.settings.stub ? 0 : OPTION_EXTERNAL;
  }

  /** At least one interface here is up. */
  get active(): boolean {
    return this.interfaces.some((each) => each.state !== InterfaceState.Down);
  }
}
