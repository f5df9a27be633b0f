import { assert } from '../base/errors.ts';
import type { EventQueue } from '../base/event-queue.ts';
import type { Wakeups } from '../l5-session/wakeups.ts';
import { OutsideWork } from './outside-work.ts';
import type { Platform } from './platform.ts';

/** How virtual time and real time go together. */
export type Pace =
  /** As fast as the machine can: time jumps from event to event, idle time costs nothing. */
  | 'virtual'
  /** Nanoseconds of network time for each nanosecond of real time: 1 is real time, 0.001 slow motion, 0 a pause. */
  | number;

/** Events between two looks at the outside world, so that a signal, a click or a TAP gets its turn. */
const EVENTS_PER_TURN = 20_000;

/** Why a run ended. */
export type RunEnd =
  /** The time that was asked for has come. */
  | 'time'
  /** The condition that was waited for holds. */
  | 'done'
  /** Nothing is left that could ever happen. */
  | 'idle'
  /** `stop()` was called. */
  | 'stopped';

/**
 * The scheduler: runs events in order and lets application code run to quiescence between them.
 *
 *     +-> programs rest? --no--> wait for the platform, and for work outside, in the order it was asked for
 *     |        | yes
 *     |   done? stopped? nothing left? --> the run ends
 *     |        | no
 *     +-- run events until one wakes a program
 *
 * An event may wake a program that awaits a socket. The session layer reports it by `woken()`; the scheduler then runs
 * no further event until the platform says that the program has come to rest again. So what a program does takes no
 * virtual time, and the order of events never depends on how fast the machine is.
 *
 * An error that an event throws ends the run with it: it is a bug, of netarium or of a callback in the program.
 */
export class Scheduler implements Wakeups {
  readonly queue: EventQueue;
  private readonly platform: Platform | null;
  private applicationAwake = false;
  private holds = 0;
  private readonly outside: OutsideWork = new OutsideWork(() => this.outsideSettled());
  private stopRequested = false;
  private isRunning = false;
  private closed = false;
  /** Paced time: network time `anchorNs` stood at real time `anchorReal`. */
  private speed = Infinity;
  private anchorNs = 0;
  private anchorReal = 0;
  /** Ends what a run is waiting for; null while it is not waiting. */
  private interruptWait: (() => void) | null = null;

  constructor(queue: EventQueue, platform: Platform | null) {
    this.queue = queue;
    this.platform = platform;
  }

  get running(): boolean {
    return this.isRunning;
  }

  /** As it was set last. */
  get pace(): Pace {
    return this.speed === Infinity ? 'virtual' : this.speed;
  }

  /** A program was woken: no event runs before it rests. A run that waits in real time takes notice. */
  woken(): void {
    this.applicationAwake = true;
    this.interrupt();
  }

  /** Time stands still until the matching `release()`: something outside is being waited for. */
  hold(): void {
    this.holds++;
    this.applicationAwake = true;
  }

  release(): void {
    assert(this.holds > 0, 'a release without its hold');
    this.holds--;
    this.applicationAwake = true;
    this.interrupt();
  }

  /**
   * Waits for work outside of the network (a file, a child process) while time stands still. Results come back in the
   * order in which they were asked for, one at a time, the program that got one resting before the next comes: which
   * file was read faster changes nothing. The work must not itself wait for the network.
   */
  waitFor<T>(work: Promise<T>): Promise<T> {
    this.applicationAwake = true;
    return this.outside.add(work);
  }

  /**
   * Something came from outside (a frame from a TAP, a key): runs `deliver` at the network's present time and lets a
   * waiting run take notice of what it did.
   */
  external(deliver: () => void): void {
    if (this.isRunning && this.speed !== Infinity && !this.standsStill) this.queue.advanceTo(this.pacedNow());
    this.applicationAwake = true;
    deliver();
    this.interrupt();
  }

  /** The pace from now on; a run that waits notices. Throws a RangeError for a negative speed. */
  setPace(pace: Pace): void {
    if (pace !== 'virtual' && !(pace >= 0 && pace < Infinity)) throw new RangeError(`a pace of ${pace}`);
    this.speed = pace === 'virtual' ? Infinity : pace;
    this.anchor();
    this.interrupt();
  }

  /** Ends the run that is going on, after the current event. Without one it does nothing. */
  stop(): void {
    this.stopRequested = true;
    this.interrupt();
  }

  /** Time stands still for ever: the run that is going on ends, and others end as they begin. */
  close(): void {
    this.closed = true;
    this.stop();
  }

  /** Runs events up to `untilNs` inclusive without ever waiting for application code: for callback-driven programs. */
  runSync(untilNs: number, done?: () => boolean): RunEnd {
    const { queue } = this;
    if (this.isRunning) throw new Error(RUNNING_ALREADY);
    if (this.closed) return 'stopped';
    while (queue.nextTime <= untilNs && queue.pending > 0) {
      if (done?.()) return 'done';
      queue.runNext();
    }
    if (done?.()) return 'done';
    if (untilNs === Infinity) return 'idle';
    queue.runUntil(untilNs);
    return 'time';
  }

  /**
   * Runs until `untilNs`, or until `done()` holds (it is asked whenever application code has come to rest), or, in
   * virtual time and without a time to end at, until nothing is left to happen. A paced run goes on: something may
   * come from outside.
   */
  async run(untilNs: number, done?: () => boolean): Promise<RunEnd> {
    const { platform, queue } = this;
    if (platform === null) throw new Error(NO_PLATFORM);
    if (this.isRunning) throw new Error(RUNNING_ALREADY);
    if (this.closed) return 'stopped';
    this.isRunning = true;
    this.stopRequested = false;
    this.applicationAwake = true;
    this.anchor();
    try {
      for (;;) {
        await this.rest(platform);
        const virtual = this.speed === Infinity;
        const dueNs = virtual ? untilNs : Math.min(this.pacedNow(), untilNs);
        if (!virtual && !this.standsStill) queue.advanceTo(dueNs);
        if (done?.()) return 'done';
        if (this.stopRequested) return 'stopped';
        if (queue.pending > 0 && queue.nextTime <= dueNs) {
          this.runTurn(dueNs);
          // Between two turns of paced time the platform gets one: what it waits for may have come.
          if (!virtual) this.applicationAwake = true;
          continue;
        }
        if (virtual && untilNs === Infinity) return 'idle';
        queue.advanceTo(dueNs);
        if (dueNs === untilNs) return 'time';
        await this.waitPaced(platform, Math.min(queue.nextTime, untilNs));
      }
    } finally {
      this.isRunning = false;
      this.outside.deliverSettled();
    }
  }

  /** Runs events that are due until a program wakes or the turn is over. */
  private runTurn(untilNs: number): void {
    const { queue } = this;
    for (let budget = EVENTS_PER_TURN; budget > 0; budget--) {
      if (queue.pending === 0 || queue.nextTime > untilNs) return;
      queue.runNext();
      if (this.applicationAwake || this.stopRequested) return;
    }
    this.applicationAwake = true;
  }

  private get standsStill(): boolean {
    return this.holds > 0 || this.outside.pending > 0;
  }

  /** Lets application code run until it waits for the network again. */
  private async rest(platform: Platform): Promise<void> {
    while ((this.applicationAwake || this.standsStill) && !this.stopRequested) {
      this.applicationAwake = false;
      await platform.quiescent();
      if (this.applicationAwake) continue;
      if (this.outside.deliverNext()) {
        this.applicationAwake = true;
      } else if (this.standsStill && !this.stopRequested) {
        await new Promise<void>((resolve) => {
          this.interruptWait = resolve;
        });
        this.interruptWait = null;
        this.anchor();
      }
    }
  }

  private async waitPaced(platform: Platform, dueNs: number): Promise<void> {
    let takeBack: (() => void) | null = null;
    await new Promise<void>((resolve) => {
      this.interruptWait = resolve;
      // A program that something real has woken, a timer or a request, may begin what is due before that.
      this.queue.onEarlier = () => this.woken();
      // With nothing to come but from outside it waits, too: Node ends a program that waits for nothing.
      const never = dueNs === Infinity || this.speed === 0;
      const ns = never ? Infinity : Math.max(0, (dueNs - this.pacedNow()) / this.speed);
      takeBack = platform.wait(ns, resolve);
    });
    this.interruptWait = null;
    this.queue.onEarlier = null;
    (takeBack as (() => void) | null)?.();
  }

  private outsideSettled(): void {
    if (this.isRunning) this.interrupt();
    else this.outside.deliverSettled();
  }

  private interrupt(): void {
    if (this.interruptWait !== null) this.interruptWait();
  }

  private anchor(): void {
    this.anchorNs = this.queue.now;
    this.anchorReal = this.platform === null ? 0 : this.platform.realTimeNs();
  }

  private pacedNow(): number {
    const elapsed = (this.platform!.realTimeNs() - this.anchorReal) * this.speed;
    return this.anchorNs + Math.floor(elapsed);
  }
}

const RUNNING_ALREADY = 'this network is running already: await the first run() before the next';
const NO_PLATFORM =
  'this network has no platform to wait for application code with: import Network from @netarium/node, ' +
  'give { platform }, or drive callbacks with runSync()';
