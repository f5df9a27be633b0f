import { type Task, Timer } from '../../base/clock.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { maskTo } from '../prefix-trie.ts';
import type { Area } from './area.ts';
import type { Lsa } from './lsa.ts';
import { NeighbourState, type OspfNeighbour } from './ospf-neighbour.ts';
import type { OspfLink } from './port.ts';
import { type InterfaceSettings, NetworkKind } from './settings.ts';

/** States of an interface (RFC 2328 9.1). */
export const InterfaceState = {
  Down: 0,
  Loopback: 1,
  /** Listening who is the designated router already. */
  Waiting: 2,
  PointToPoint: 3,
  DrOther: 4,
  Backup: 5,
  Designated: 6,
} as const;
export type InterfaceState = (typeof InterfaceState)[keyof typeof InterfaceState];

export const INTERFACE_STATE_NAMES = [
  'Down',
  'Loopback',
  'Waiting',
  'Point-To-Point',
  'DROther',
  'Backup',
  'DR',
] as const;

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
