import { type Task, Timer } from '../../base/clock.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { LinkStateTable } from './link-state-table.ts';
import type { Lsa } from './lsa.ts';
import type { OspfInterface } from './ospf-interface.ts';

/** States of a conversation (RFC 2328 10.1), in order. */
export const NeighbourState = {
  Down: 0,
  /** It was heard. */
  Init: 1,
  /** It hears us as well. */
  TwoWay: 2,
  /** Who leads, and from which sequence number on. */
  ExStart: 3,
  /** Both tell what they have. */
  Exchange: 4,
  /** Asking for what the other one has that is newer. */
  Loading: 5,
  /** Both have the same. */
  Full: 6,
} as const;
export type NeighbourState = (typeof NeighbourState)[keyof typeof NeighbourState];

export const NEIGHBOUR_STATE_NAMES = ['Down', 'Init', '2-Way', 'ExStart', 'Exchange', 'Loading', 'Full'] as const;

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
