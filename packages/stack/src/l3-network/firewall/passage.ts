import { NONE, TUPLE } from './flow-table.ts';
import { State } from './rule.ts';

/**
 * A packet's way through the hooks: what was found at the first of them, for those that follow. There are two: one for
 * packets that came in, one for those of this host, for while one is on its way, this host may send an ICMP error.
 */
export class Passage {
  /** The packet's number; whoever comes with another has not been at the first hook. */
  id = -1;
  /** The conversation that it belongs to; NONE: to none, or to one that is not in the table yet. */
  flow = NONE;
  /** 0: it goes the way of the first packet. */
  direction = 0;
  /** One of `State`. */
  state: number = State.Invalid;
  /** It begins a conversation, which is entered when the packet leaves or arrives: not before rules have allowed it. */
  begins = false;
  /** An ICMP error about the conversation. */
  related = false;
  /** The tuple with which it came, and its protocol. */
  readonly key = new Int32Array(TUPLE + 1);
  /** Its destination was changed. */
  redirected = false;
  /** The mapping by which it came in, NONE otherwise. */
  mapping = NONE;
  mark = 0;

  begin(id: number): void {
    this.id = id;
    this.flow = NONE;
    this.direction = 0;
    this.state = State.Invalid;
    this.begins = false;
    this.related = false;
    this.redirected = false;
    this.mapping = NONE;
    this.mark = 0;
  }
}
