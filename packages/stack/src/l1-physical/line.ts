import type { Clock, Task, TimerHandle } from '../base/clock.ts';
import { Drop, type DropReason, dropReasons } from '../base/drop-reasons.ts';
import { assert } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import type { LinkDevice } from '../base/link.ts';
import { FCS_IMPLIED, type PacketBuffer, type PacketPool } from '../base/packet-buffer.ts';
import type { Random } from '../base/random.ts';
import { Direction, type FrameTap, type TraceSink, What } from '../base/trace.ts';
import { ArrivalRing } from './arrival-ring.ts';
import { type ImpairmentOptions, Impairments, NO_IMPAIRMENTS } from './impairments.ts';
import { QUEUE_FULL, Transmitter } from './transmitter.ts';

export interface LineOptions extends ImpairmentOptions {
  /** Bits a second, a whole number, or Infinity. */
  rateBps: number;
  /** Propagation, ns. */
  delayNs: number;
  /** Frames that may wait while another one is being sent. */
  queueFrames: number;
}

/** The way of a cable that a line is: from its end `a` to `b`, or back. */
export const LineDirection = { Forward: 0, Backward: 1 } as const;
export type LineDirection = (typeof LineDirection)[keyof typeof LineDirection];

/** Sees every frame at the moment of its arrival, damaged ones as they are. `frame` is valid during the call only. */
export interface DeliveryObserver {
  delivered(timeNs: number, cable: Medium, direction: LineDirection, frame: PacketBuffer): void;
}

/** What a line, and an observer, know of a cable. */
export interface Medium {
  readonly name: string;
  /** The network's number for this cable: observers tell cables apart without comparing names. */
  number: number;
  trace: TraceSink | null;
  deliveries: DeliveryObserver | null;
}

/** The tag of the event at which the ring's first frame arrives; larger tags name a frame with an event of its own. */
const RING_TAG = 0;

/** In place of a handle while the due frames are being delivered. */
const DELIVERING = -1;

/**
 * One direction of a cable.
 *
 *     transmit -> | queue | -> | bits / rate | -> ~~~~ delay (+ jitter) ~~~~ -> linkInput
 *                 \____ Transmitter ____/         in flight: ArrivalRing
 *
 * All times are known as soon as a frame is handed over, so nothing but arrivals are events; and because frames keep
 * their order, only the earliest arrival of a line stands in the event queue. A frame that is held back to be
 * overtaken has an event of its own.
 *
 * A frame is delivered when its slot ends, the gap behind it included, and has travelled: the gap is counted as part
 * of the store-and-forward time.
 */
export class Line implements Task {
  readonly direction: LineDirection;
  /** Where frames arrive; null while nothing is plugged in. */
  target: LinkDevice | null = null;
  /** Sees each frame as it is handed over (`Direction.Out`), with the reason if it goes no further. */
  tap: FrameTap | null = null;
  /** Whether frames may be sent. The cable's to set. */
  up = false;

  /** Frames and bytes (without preamble, FCS and gap) that were put on the line, and that arrived. */
  sentFrames = 0;
  sentBytes = 0;
  deliveredFrames = 0;
  deliveredBytes = 0;
  /** Frames that this line dropped, by reason. */
  readonly drops: Float64Array = new Float64Array(dropReasons.length);

  private readonly medium: Medium;
  private readonly clock: Clock;
  private readonly pool: PacketPool;
  private readonly maxFrame: number;
  private readonly impairments: Impairments;
  private readonly transmitter = new Transmitter();
  private settings: LineOptions;
  private delayNs = 0;
  private reorderingDelayNs = 0;

  private readonly ring = new ArrivalRing();
  private handle: TimerHandle = 0;
  /** Frames with an event of their own, by tag. */
  private readonly held: (PacketBuffer | null)[] = [null];
  private readonly heldHandles: TimerHandle[] = [0];
  private readonly freeTags: number[] = [];

  constructor(
    medium: Medium,
    direction: LineDirection,
    clock: Clock,
    random: Random,
    pool: PacketPool,
    limits: Limits,
    options: Partial<LineOptions>,
  ) {
    this.medium = medium;
    this.direction = direction;
    this.clock = clock;
    this.pool = pool;
    this.maxFrame = limits.linkFrameBytes;
    this.impairments = new Impairments(random);
    this.settings = { rateBps: 1e9, delayNs: 5000, queueFrames: limits.linkQueueFrames, ...NO_IMPAIRMENTS };
    this.configure(options);
  }

  get options(): Readonly<LineOptions> {
    return this.settings;
  }

  /** Frames that wait for their first bit to be sent. */
  get queued(): number {
    return this.transmitter.queued(this.clock.now);
  }

  /** Frames on their way, those that wait to be sent included. */
  get inFlight(): number {
    return this.ring.count + this.held.length - 1 - this.freeTags.length;
  }

  /** Changes what is named. Frames that were already handed over keep their times; later ones do not overtake them. */
  configure(changes: Partial<LineOptions>): void {
    const settings = { ...this.settings, ...changes };
    const { rateBps, delayNs, queueFrames, reorderingDelayNs } = settings;
    assert(Number.isSafeInteger(delayNs) && delayNs >= 0, `delayNs is ${delayNs}`);
    this.impairments.configure(settings);
    this.transmitter.configure(rateBps, queueFrames);
    this.settings = settings;
    this.delayNs = delayNs;
    this.reorderingDelayNs = reorderingDelayNs ?? Math.max(3 * delayNs, 1e6);
  }

  /** Puts a frame on the line, or in its queue; takes it over. */
  transmit(frame: PacketBuffer): void {
    const length = frame.end - frame.start;
    if (!this.up || this.pool.tight || length > this.maxFrame) {
      this.refuse(frame, !this.up ? Drop.LINK_DOWN : this.pool.tight ? Drop.POOL_EXHAUSTED : Drop.LINK_TOO_LONG, '');
      return;
    }
    const end = this.transmitter.reserve(this.clock.now, length);
    if (end === QUEUE_FULL) {
      this.refuse(frame, Drop.LINK_QUEUE_FULL, '');
      return;
    }
    this.sentFrames++;
    this.sentBytes += length;
    if (this.impairments.active) {
      this.transmitImpaired(frame, end);
      return;
    }
    if (this.tap !== null) this.tap.frame(frame, Direction.Out, 0);
    if (this.medium.trace !== null) this.traceSend(frame, end);
    this.launch(frame, end + this.delayNs);
  }

  /** The due frames arrive: those at the ring's head, or one that was held back. */
  run(tag: number): void {
    if (tag !== RING_TAG) {
      this.deliver(this.takeHeld(tag));
      return;
    }
    const { ring, clock } = this;
    this.handle = DELIVERING;
    if (ring.severalBy(clock.now)) this.deliverDue(clock.now);
    else this.deliver(ring.shift());
    if (this.handle === DELIVERING) this.handle = ring.count > 0 ? this.askFor(ring.nextTime) : 0;
  }

  /** The cable was cut or mended. What is on its way over a cut line is lost. */
  setUp(up: boolean): void {
    if (up === this.up) return;
    this.up = up;
    if (up) return;
    if (this.handle > 0) this.clock.cancel(this.handle);
    this.handle = 0;
    this.transmitter.reset();
    while (this.ring.count > 0) this.drop(this.ring.shift(), Drop.LINK_DOWN, 'it was on its way');
    for (let tag = 1; tag < this.held.length; tag++) {
      if (this.held[tag] === null) continue;
      this.clock.cancel(this.heldHandles[tag]);
      this.drop(this.takeHeld(tag), Drop.LINK_DOWN, 'it was on its way');
    }
  }

  private transmitImpaired(frame: PacketBuffer, end: number): void {
    const { impairments } = this;
    const traced = this.medium.trace !== null;
    if (impairments.loses()) {
      this.refuse(frame, Drop.LINK_LOSS, impairments.inBurst ? 'in a burst' : '');
      return;
    }
    if (this.tap !== null) this.tap.frame(frame, Direction.Out, 0);
    if (traced) this.traceSend(frame, end);
    frame = impairments.damage(frame);
    if (traced && frame.fcs !== FCS_IMPLIED) this.report(What.Decide, frame, 0, 'bits were flipped on the wire');
    const twin = impairments.duplicates() ? frame.copy() : null;
    const overtaken = impairments.holdsBack();
    const arrival = end + this.delayNs + impairments.lateness();
    if (overtaken) {
      if (traced) this.report(What.Decide, frame, 0, `held back for ${this.reorderingDelayNs} ns`);
      this.holdBack(frame, arrival + this.reorderingDelayNs);
    } else {
      this.launch(frame, arrival);
    }
    if (twin === null) return;
    if (traced) this.report(What.Decide, twin, 0, 'duplicated');
    this.launch(twin, arrival);
  }

  /** Lets a frame arrive at `arrival`, or with the one in front of it if that is later. */
  private launch(frame: PacketBuffer, arrival: number): void {
    this.ring.push(frame, arrival);
    if (this.handle === 0) this.handle = this.askFor(arrival);
  }

  /** Asks for the event at which the ring's first frame, which arrives at `arrival`, is taken in by the device. */
  private askFor(arrival: number): TimerHandle {
    return this.clock.at(arrival + (this.target?.coalesceNs ?? 0), this, RING_TAG);
  }

  private holdBack(frame: PacketBuffer, arrival: number): void {
    const tag = this.freeTags.pop() ?? this.held.length;
    this.held[tag] = frame;
    this.heldHandles[tag] = this.clock.at(arrival, this, tag);
  }

  private takeHeld(tag: number): PacketBuffer {
    const frame = this.held[tag];
    assert(frame !== null, 'a held frame arrives twice');
    this.held[tag] = null;
    this.freeTags.push(tag);
    return frame;
  }

  /** Delivers all that have arrived by `now`, and says to who wants to know that they belong together. */
  private deliverDue(now: number): void {
    const { ring } = this;
    const batches = this.target?.batches ?? null;
    if (batches !== null) batches.beginBatch();
    try {
      // Only those that are here now: what a receiver sends back to itself at once gets an event of its own.
      for (let due = ring.count; due > 0 && ring.count > 0 && ring.nextTime <= now; due--) this.deliver(ring.shift());
    } finally {
      if (batches !== null) batches.endBatch();
    }
  }

  private deliver(frame: PacketBuffer): void {
    const { medium, target } = this;
    assert(target !== null, 'a line that is up leads nowhere');
    this.deliveredFrames++;
    this.deliveredBytes += frame.end - frame.start;
    if (medium.deliveries !== null) medium.deliveries.delivered(this.clock.now, medium, this.direction, frame);
    target.linkInput(frame);
  }

  /** Drops a frame that was just handed over. */
  private refuse(frame: PacketBuffer, reason: DropReason, detail: string): void {
    if (this.tap !== null) this.tap.frame(frame, Direction.Out, reason);
    this.drop(frame, reason, detail);
  }

  private drop(frame: PacketBuffer, reason: DropReason, detail: string): void {
    this.drops[reason]++;
    if (this.medium.trace !== null) this.report(What.Drop, frame, reason, detail);
    frame.release();
  }

  private traceSend(frame: PacketBuffer, end: number): void {
    const { start } = this.transmitter;
    const waitNs = start - this.clock.now;
    const waits = waitNs > 0 ? `waits ${waitNs} ns, then ` : '';
    this.report(What.Send, frame, 0, `${waits}${end - start} ns to send, ${this.delayNs} ns on the way`);
  }

  private report(what: What, frame: PacketBuffer, reason: DropReason, detail: string): void {
    this.medium.trace?.event(this.medium.name, 1, what, frame, reason, detail, dropReasons[reason].source);
  }
}
