import type { Clock } from './clock.ts';
import { type DropReason, dropReasons } from './drop-reasons.ts';
import type { Limits } from './limits.ts';
import type { PacketBuffer, PacketPool } from './packet-buffer.ts';
import type { Random } from './random.ts';
import { type TraceSink, What } from './trace.ts';

/**
 * What every part of one node is handed: its name, time, randomness, storage and limits, and where to report.
 * Nothing in the stack reaches for any of these by itself.
 */
export class NodeContext {
  readonly name: string;
  readonly clock: Clock;
  /** This node's stream; a part forks its own by name. */
  readonly random: Random;
  readonly pool: PacketPool;
  readonly limits: Limits;
  /** Who watches; null when nobody does. */
  trace: TraceSink | null = null;
  /** How many packets this node dropped, by reason. */
  readonly drops: Float64Array = new Float64Array(dropReasons.length);
  /** By reason: what was said of the last packet that was dropped for it, beside the reason; '' when nothing was. */
  readonly dropDetails: string[] = new Array<string>(dropReasons.length).fill('');

  constructor(name: string, clock: Clock, random: Random, pool: PacketPool, limits: Limits) {
    this.name = name;
    this.clock = clock;
    this.random = random;
    this.pool = pool;
    this.limits = limits;
  }

  /** Ends a packet: counts the reason, tells who watches, releases. */
  drop(packet: PacketBuffer, reason: DropReason, detail = ''): void {
    this.drops[reason]!++;
    if (detail !== '') this.dropDetails[reason] = detail;
    if (this.trace !== null) this.report(packet, reason, detail);
    packet.release();
  }

  /** Counts and reports a drop without a packet to release. */
  dropped(reason: DropReason, detail = ''): void {
    this.drops[reason]!++;
    if (detail !== '') this.dropDetails[reason] = detail;
    if (this.trace !== null) this.report(null, reason, detail);
  }

  private report(packet: PacketBuffer | null, reason: DropReason, detail: string): void {
    const { layer, source } = dropReasons[reason]!;
    this.trace!.event(this.name, layer, What.Drop, packet, reason, detail, source);
  }
}
