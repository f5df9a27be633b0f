/**
 * Time, as the stack knows it: integer nanoseconds since the network began, from a clock that is handed in.
 *
 * Nothing in the stack asks the machine for the time. In virtual time the clock jumps from event to event; on a real
 * wire the same queue is driven by the real clock. A number holds 2^53 ns exactly, which is 104 days.
 */

export const MICROSECOND = 1e3;
export const MILLISECOND = 1e6;
export const SECOND = 1e9;

/** What is called when its time has come. An object rather than a closure: arming a timer allocates nothing. */
export interface Task {
  /** `tag` is the number that was given to `at`: it tells one object's timers apart. */
  run(tag: number): void;
}

/** Names one pending call; 0 names none. A handle that has fired or was cancelled stays harmless. */
export type TimerHandle = number;

export interface Clock {
  /** Nanoseconds since the network began. Constant while an event runs. */
  readonly now: number;
  /**
   * Calls `task.run(tag)` at `time` (integer ns; a past time means now, Infinity never), after all that was asked for the
   * same time before.
   */
  at(time: number, task: Task, tag: number): TimerHandle;
  cancel(handle: TimerHandle): void;
}

/**
 * A timer that is set again and again, as retransmission timers are, without touching the queue each time:
 * setting it later than it already stands only moves `deadline`; when the queued event comes too early, it queues
 * itself again.
 */
export class Timer implements Task {
  /** When it fires, ns; -1 while it is not set. */
  deadline = -1;
  private queuedFor = -1;
  private handle: TimerHandle = 0;
  private readonly clock: Clock;
  private readonly owner: Task;
  private readonly tag: number;

  constructor(clock: Clock, owner: Task, tag: number) {
    this.clock = clock;
    this.owner = owner;
    this.tag = tag;
  }

  get armed(): boolean {
    return this.deadline >= 0;
  }

  /** Fires at `deadline` (ns), instead of whenever it was set for before. */
  set(deadline: number): void {
    this.deadline = deadline;
    if (this.queuedFor >= 0) {
      if (this.queuedFor <= deadline) return;
      this.clock.cancel(this.handle);
    }
    this.queuedFor = deadline;
    this.handle = this.clock.at(deadline, this, 0);
  }

  /** Unsets it; the queued event, if any, will come to nothing. */
  clear(): void {
    this.deadline = -1;
  }

  /** Unsets it and takes its event out of the queue: for an owner that ends. */
  dispose(): void {
    this.deadline = -1;
    if (this.queuedFor >= 0) this.clock.cancel(this.handle);
    this.queuedFor = -1;
  }

  run(): void {
    this.queuedFor = -1;
    if (this.deadline < 0) return;
    if (this.deadline > this.clock.now) {
      this.queuedFor = this.deadline;
      this.handle = this.clock.at(this.deadline, this, 0);
      return;
    }
    this.deadline = -1;
    this.owner.run(this.tag);
  }
}
