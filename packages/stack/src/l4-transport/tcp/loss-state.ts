/** What a connection remembers of losses, beside the segments themselves: the variables of RFC 8985 5, RFC 9937 and RFC 3522. */
import type { Segment } from './segment.ts';

/** What was sent as a tail loss probe (RFC 8985 7): nothing, new data, or the last segment again. */
export const Probe = { None: 0, NewData: 1, Retransmission: 2 } as const;

/** What the one timer of the sender is set for: RFC 8985 8 has RTO, TLP, reordering and window probe exclude each other. */
export const TimerMode = { Retransmit: 0, WindowProbe: 1, TailLoss: 2, Reordering: 3 } as const;

/** RFC 8985 6.2: for so many recoveries a widened reordering window stays when no D-SACK asks for it. */
const PERSIST_RECOVERIES = 16;

/** RACK: see rack.ts. */
export class RackState {
  /** SACK was agreed on: losses are found by time. */
  on = false;
  /** The segment sent last of all that were delivered: `Segment.order`, RACK.xmit_ts, RACK.rtt. 0: none yet. */
  order = 0;
  xmitNs = 0;
  rttNs = 0;
  /** Something arrived after what was sent later: the network is known to reorder. */
  reorderingSeen = false;
  /** How many segments at most arrived too early (TCP_INFO's `reordering`; 3 at first, as on Linux). */
  reordering = 3;
  /** The reordering window, in quarters of the least RTT (RACK.reo_wnd_mult), and for how many recoveries it stays. */
  windowQuarters = 1;
  persist = PERSIST_RECOVERIES;
  /** RACK.dsack_round: until SND.UNA is there, further D-SACKs do not widen the window. */
  inRound = false;
  roundEnd = 0;
  /** D-SACKs received, ever, in segments; beyond our retransmissions it was the network that duplicated. */
  duplicates = 0;
  /** The D-SACK block of the ACK at hand. */
  dsack = false;
  dsackLeft = 0;
  dsackRight = 0;
  /** The round trip of the last segment that the ACK at hand SACKed and that was sent once, ns; -1: none. */
  sackRttNs = -1;
  /** Before it, no segment is left that was sent once and may still be found lost; null: at the head. */
  cursor: Segment | null = null;
  /** Segments sent again, in that order. */
  resentHead: Segment | null = null;
  resentTail: Segment | null = null;

  /** A segment was sent again: the last one now. */
  appendResent(s: Segment): void {
    s.resentPrev = this.resentTail;
    s.resentNext = null;
    if (this.resentTail === null) this.resentHead = s;
    else this.resentTail.resentNext = s;
    this.resentTail = s;
  }

  /** `rest` was cut off `s`, that was sent again. */
  splitResent(s: Segment, rest: Segment): void {
    rest.resentPrev = s;
    rest.resentNext = s.resentNext;
    if (s.resentNext === null) this.resentTail = rest;
    else s.resentNext.resentPrev = rest;
    s.resentNext = rest;
  }

  removeResent(s: Segment): void {
    if (s.resentPrev === null) this.resentHead = s.resentNext;
    else s.resentPrev.resentNext = s.resentNext;
    if (s.resentNext === null) this.resentTail = s.resentPrev;
    else s.resentNext.resentPrev = s.resentPrev;
    s.resentNext = null;
    s.resentPrev = null;
  }

  /** RFC 8985 6.2 step 4: a recovery is over; without D-SACKs for 16 of them, the window is narrow again. */
  recoveryEnded(): void {
    if (--this.persist > 0) return;
    this.persist = PERSIST_RECOVERIES;
    this.windowQuarters = 1;
  }

  widen(): void {
    this.windowQuarters++;
    this.persist = PERSIST_RECOVERIES;
  }

  /** Lets go of the segments. */
  forget(): void {
    this.cursor = null;
    this.resentHead = null;
    this.resentTail = null;
  }
}

/** Proportional rate reduction: see prr.ts. Bytes. */
export class PrrState {
  /** RecoverFS: what was in flight as recovery began. */
  flight = 0;
  /** Delivered, and sent, since then. */
  delivered = 0;
  out = 0;
}

/** What a reduction of the window that proves groundless is taken back to: see undo.ts. */
export class UndoState {
  /** A reduction may yet prove groundless. */
  on = false;
  /** SND.UNA, the window and its threshold as they were. */
  una = 0;
  cwnd = 0;
  ssthresh = 0;
  /** Segments sent again since, less those that a D-SACK showed to be needless. */
  retransmissions = 0;
  /** TSval of the first of them (RFC 3522's RetransmitTS). */
  stamped = false;
  stamp = 0;
}
