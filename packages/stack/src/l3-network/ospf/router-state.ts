import { type Task, Timer } from '../../base/clock.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { maskTo } from '../prefix-trie.ts';
import { OPTION_EXTERNAL } from './constants.ts';
import { LinkStateTable } from './link-state-table.ts';
import type { Lsa } from './lsa.ts';
import type { OspfLink } from './port.ts';
import { type AreaSettings, type InterfaceSettings, NetworkKind } from './settings.ts';
import { InterfaceState, NeighbourState } from './states.ts';

/** One area: its interfaces here, its database, and the ways through it (RFC 2328 6). */
export class Area {
  readonly settings: AreaSettings;
  readonly database = new LinkStateTable<Lsa>();
  readonly interfaces: OspfInterface[] = [];

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

/** Timers of an interface, by tag. */
export const InterfaceTimer = { Hello: 0, Wait: 1, Acknowledge: 2, Update: 3 } as const;

export interface InterfaceOwner {
  interfaceTimer(on: OspfInterface, tag: number): void;
}

/** One of the router's interfaces as OSPF sees it (RFC 2328 9): its state, its neighbours, and what waits to be sent. */
export class OspfInterface implements Task {
  link: OspfLink;
  readonly settings: InterfaceSettings;
  readonly area: Area;
  state: InterfaceState = InterfaceState.Down;
  /** Addresses of the designated router and its backup; 0: none. */
  designated = 0;
  backup = 0;
  /** Keyed by address, on point-to-point links by router ID (RFC 2328 10). */
  readonly neighbours = new Map<number, OspfNeighbour>();
  /** What is flooded and acknowledged together at the end of this moment. */
  updates: Lsa[] = [];
  acknowledgements: Lsa[] = [];
  /** Groups that are joined. */
  joinedSpf = false;
  joinedDesignated = false;
  /** When the last hello was sent, ns. */
  helloSentAt = -Infinity;
  readonly hello: Timer;
  readonly wait: Timer;
  readonly acknowledge: Timer;
  readonly update: Timer;
  private readonly owner: InterfaceOwner;

  constructor(node: NodeContext, owner: InterfaceOwner, link: OspfLink, settings: InterfaceSettings, area: Area) {
    this.owner = owner;
    this.link = link;
    this.settings = settings;
    this.area = area;
    this.hello = new Timer(node.clock, this, InterfaceTimer.Hello);
    this.wait = new Timer(node.clock, this, InterfaceTimer.Wait);
    this.acknowledge = new Timer(node.clock, this, InterfaceTimer.Acknowledge);
    this.update = new Timer(node.clock, this, InterfaceTimer.Update);
  }

  run(tag: number): void {
    this.owner.interfaceTimer(this, tag);
  }

  get name(): string {
    return this.link.name;
  }

  get mask(): number {
    return maskTo(0xffffffff, this.link.length);
  }

  get isBroadcast(): boolean {
    return this.settings.network === NetworkKind.Broadcast;
  }

  /** Speaks with others. */
  get active(): boolean {
    return this.state >= InterfaceState.Waiting && !this.settings.passive;
  }

  get isDesignated(): boolean {
    return this.designated !== 0 && this.designated === this.link.address;
  }

  /** Neighbours in this state at least. */
  atLeast(state: NeighbourState): OspfNeighbour[] {
    const found: OspfNeighbour[] = [];
    for (const neighbour of this.neighbours.values()) if (neighbour.state >= state) found.push(neighbour);
    return found;
  }

  get fullNeighbours(): OspfNeighbour[] {
    return this.atLeast(NeighbourState.Full);
  }

  /** RFC 2328 10.4: with whom the databases are made equal. */
  wantsAdjacency(neighbour: OspfNeighbour): boolean {
    if (!this.isBroadcast) return true;
    if (this.state === InterfaceState.Designated || this.state === InterfaceState.Backup) return true;
    return neighbour.address === this.designated || neighbour.address === this.backup;
  }

  dispose(): void {
    this.hello.dispose();
    this.wait.dispose();
    this.acknowledge.dispose();
    this.update.dispose();
  }

  toString(): string {
    return `${this.name} (${formatIpv4(this.link.address)}/${this.link.length})`;
  }
}

/** A header of an advertisement that the neighbour has and we want. */
export interface Wanted {
  readonly type: number;
  readonly id: number;
  readonly router: number;
  readonly sequence: number;
  readonly checksum: number;
  readonly age: number;
}

/** Timers of a neighbour, by tag. */
export const NeighbourTimer = { Inactivity: 0, Description: 1, Request: 2, Retransmission: 3 } as const;

export interface NeighbourOwner {
  neighbourTimer(neighbour: OspfNeighbour, tag: number): void;
}

/** Another router on a link of ours: what was heard of it, and how far the conversation is (RFC 2328 10). */
export class OspfNeighbour implements Task {
  readonly interface: OspfInterface;
  /** Its router ID. */
  routerId: number;
  /** Its address on the link. */
  address: number;
  state: NeighbourState = NeighbourState.Down;
  priority = 0;
  options = 0;
  /** Whom it takes for the designated router and the backup: addresses. */
  designated = 0;
  backup = 0;
  /** When it came to `state`, ns. */
  since = 0;
  /** How often the conversation began anew. */
  restarts = 0;

  /** This router leads the exchange. */
  master = false;
  sequence = 0;
  /** Flags and options of the last description that was taken, and its number: to know a duplicate by. */
  lastFlags = -1;
  lastOptions = -1;
  lastSequence = -1;
  /** What is told to it, and what part of that stands in the last description sent. */
  summary: Lsa[] = [];
  sentFrom = 0;
  sentTo = 0;
  sentFlags = 0;

  /** What it has and we want; `asked` were in the last request and are not here yet. */
  readonly wanted = new LinkStateTable<Wanted>();
  asked: Wanted[] = [];
  /** What it has not acknowledged. */
  readonly unacknowledged = new Set<Lsa>();

  readonly inactivity: Timer;
  readonly descriptionTimer: Timer;
  readonly requestTimer: Timer;
  readonly retransmission: Timer;
  /** The cryptographic sequence number of its last packet. */
  cryptoSequence = 0;
  private readonly owner: NeighbourOwner;

  constructor(node: NodeContext, on: OspfInterface, owner: NeighbourOwner, routerId: number, address: number) {
    this.interface = on;
    this.owner = owner;
    this.routerId = routerId;
    this.address = address;
    this.inactivity = new Timer(node.clock, this, NeighbourTimer.Inactivity);
    this.descriptionTimer = new Timer(node.clock, this, NeighbourTimer.Description);
    this.requestTimer = new Timer(node.clock, this, NeighbourTimer.Request);
    this.retransmission = new Timer(node.clock, this, NeighbourTimer.Retransmission);
  }

  run(tag: number): void {
    this.owner.neighbourTimer(this, tag);
  }

  /** Forgets the exchange: what is told, wanted and not acknowledged (RFC 2328 10.3: the lists are cleared). */
  clearLists(): void {
    this.summary = [];
    this.sentFrom = 0;
    this.sentTo = 0;
    this.wanted.clear();
    this.asked = [];
    for (const lsa of this.unacknowledged) lsa.pending--;
    this.unacknowledged.clear();
    this.descriptionTimer.clear();
    this.requestTimer.clear();
    this.retransmission.clear();
  }

  keepSending(lsa: Lsa): void {
    if (this.unacknowledged.has(lsa)) return;
    this.unacknowledged.add(lsa);
    lsa.pending++;
  }

  acknowledged(lsa: Lsa): boolean {
    if (!this.unacknowledged.delete(lsa)) return false;
    lsa.pending--;
    if (this.unacknowledged.size === 0) this.retransmission.clear();
    return true;
  }

  dispose(): void {
    this.clearLists();
    this.inactivity.dispose();
    this.descriptionTimer.dispose();
    this.requestTimer.dispose();
    this.retransmission.dispose();
  }
}
