import type { EventQueue } from '../base/event-queue.ts';
import type { Wakeups } from '../l5-session/wakeups.ts';
import type { Platform } from './platform.ts';

/** How virtual time and real time go together. */
export type Pace =
  /** As fast as the machine can: time jumps from event to event, idle time costs nothing. */
  | 'virtual'
  /** Nanoseconds of network time for each nanosecond of real time: 1 is real time, 0.001 slow motion. */
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
 * An event may wake a program that awaits a socket. The session layer reports it by `woken()`; the scheduler then runs
 * no further event until the platform says that the program has come to rest again. So what a program does takes no
 * virtual time, and the order of events never depends on how fast the machine is. Work on the outside (a file that is
 * being read) is held by `hold()`/`release()`, and time stands still for it too.
 */
export class Scheduler implements Wakeups {
  readonly queue: EventQueue;
  private readonly platform: Platform | null;
  private applicationAwake = false;
  private holds = 0;
  private released: (() => void) | null = null;
  private stopRequested = false;
  private running = false;
  /** Paced time: network time `anchorNs` stood at real time `anchorReal`. */
  private speed = Infinity;
  private anchorNs = 0;
  private anchorReal = 0;
  private interruptWait: (() => void) | null = null;

  constructor(queue: EventQueue, platform: Platform | null) {
    this.queue = queue;
    this.platform = platform;
  }

  /** A program was woken: no event runs before it rests. */
  woken(): void {
    this.applicationAwake = true;
  }

  /** Time stands still until the matching `release()`: something outside is being waited for. */
  hold(): void {
    this.holds++;
  }

  release(): void {
    this.holds--;
    this.applicationAwake = true;
    if (this.holds === 0 && this.released !== null) this.released();
  }

  /** The pace from now on; a run that waits notices. */
  setPace(pace: Pace): void {
    this.speed = pace === 'virtual' ? Infinity : pace;
    this.anchor();
    if (this.interruptWait !== null) this.interruptWait();
  }

  /** Ends the run that is going on, after the current event. */
  stop(): void {
    this.stopRequested = true;
    if (this.interruptWait !== null) this.interruptWait();
  }

  /**
   * Something came from outside (a frame from a TAP, a key): runs `deliver` at the network's present time and lets a
   * waiting run take notice of what it queued.
   */
  external(deliver: () => void): void {
    if (this.speed !== Infinity) this.queue.advanceTo(this.pacedNow());
    deliver();
    if (this.interruptWait !== null) this.interruptWait();
  }

  /** Runs events up to `untilNs` inclusive without ever waiting for application code: for callback-driven programs. */
  runSync(untilNs: number, done?: () => boolean): RunEnd {
    const { queue } = this;
    while (queue.nextTime <= untilNs) {
      if (done?.()) return 'done';
      queue.runNext();
    }
    if (done?.()) return 'done';
    if (untilNs === Infinity) return 'idle';
    queue.runUntil(untilNs);
    return 'time';
  }

  /**
   * Runs until `untilNs`, or until `done()` holds (it is asked whenever application code has come to rest), or until
   * nothing is left to happen when no time was given.
   */
  async run(untilNs: number, done?: () => boolean): Promise<RunEnd> {
    const { platform, queue } = this;
    if (platform === null) {
      throw new Error(
        'this network has no platform to wait for application code with: import Network from @netarium/node, ' +
          'give { platform }, or drive callbacks with runSync()',
      );
    }
    if (this.running) throw new Error('this network is running already: await the first run() before the next');
    this.running = true;
    this.stopRequested = false;
    this.applicationAwake = true;
    this.anchor();
    try {
      for (;;) {
        await this.rest(platform);
        if (done?.()) return 'done';
        if (this.stopRequested) return 'stopped';
        if (this.speed === Infinity) {
          if (queue.nextTime > untilNs || queue.nextTime === Infinity) {
            if (untilNs === Infinity) return 'idle';
            queue.runUntil(untilNs);
            return 'time';
          }
          this.runTurn(untilNs);
        } else {
          const now = this.pacedNow();
          this.runTurn(Math.min(now, untilNs));
          if (this.applicationAwake || this.stopRequested || queue.nextTime <= this.pacedNow()) continue;
          queue.advanceTo(Math.min(now, untilNs));
          if (queue.now >= untilNs) return 'time';
          await this.waitPaced(platform, Math.min(queue.nextTime, untilNs));
        }
      }
    } finally {
      this.running = false;
    }
  }

  /** Runs events that are due until a program wakes or the turn is over. */
  private runTurn(untilNs: number): void {
    const { queue } = this;
    for (let budget = EVENTS_PER_TURN; budget > 0; budget--) {
      if (queue.nextTime > untilNs) return;
      queue.runNext();
      if (this.applicationAwake || this.stopRequested) return;
    }
    this.applicationAwake = true;
  }

  /** Lets application code run until it waits for the network again. */
  private async rest(platform: Platform): Promise<void> {
    while (this.applicationAwake || this.holds > 0) {
      this.applicationAwake = false;
      if (this.holds > 0) {
        await new Promise<void>((resolve) => {
          this.released = resolve;
          this.interruptWait = resolve;
        });
        this.released = null;
        this.interruptWait = null;
        if (this.stopRequested) return;
      }
      await platform.quiescent();
    }
  }

  private waitPaced(platform: Platform, dueNs: number): Promise<void> {
    return new Promise((resolve) => {
      let takeBack: (() => void) | null = null;
      const resume = () => {
        this.interruptWait = null;
        if (takeBack !== null) takeBack();
        this.applicationAwake = true;
        resolve();
      };
      this.interruptWait = resume;
      if (dueNs !== Infinity) takeBack = platform.wait(Math.max(0, (dueNs - this.pacedNow()) / this.speed), resume);
    });
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
