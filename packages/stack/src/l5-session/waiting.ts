import type { Clock, Task, TimerHandle } from '../base/clock.ts';
import { type Descriptor, ENDS_ANY_WAIT, type SocketObserver } from './descriptor.ts';
import type { Wakeups } from './wakeups.ts';

/** Time, and who has to know when a program wakes: what every wait needs. */
export interface WaitingRoom {
  readonly clock: Clock;
  readonly wakeups: Wakeups;
}

/**
 * Waits until one of `events` (bits of `Ready`) happens to a descriptor, or an error, or its end: then true. False when
 * `deadlineNs` came first (Infinity: never). What is true already is not waited for: try the call first.
 */
export function untilReady(
  room: WaitingRoom,
  descriptor: Descriptor,
  events: number,
  deadlineNs: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    new ReadyWait(room, descriptor, events, deadlineNs, resolve);
  });
}

class ReadyWait implements SocketObserver, Task {
  private readonly room: WaitingRoom;
  private readonly descriptor: Descriptor;
  private readonly events: number;
  private readonly resolve: (ready: boolean) => void;
  private timer: TimerHandle = 0;

  constructor(
    room: WaitingRoom,
    descriptor: Descriptor,
    events: number,
    deadlineNs: number,
    resolve: (ready: boolean) => void,
  ) {
    this.room = room;
    this.descriptor = descriptor;
    this.events = events | ENDS_ANY_WAIT;
    this.resolve = resolve;
    descriptor.watch(this);
    if (deadlineNs !== Infinity) this.timer = room.clock.at(deadlineNs, this, 0);
  }

  socketReady(events: number): void {
    if ((events & this.events) === 0) {
      this.descriptor.watch(this);
      return;
    }
    this.room.clock.cancel(this.timer);
    this.room.wakeups.woken();
    this.resolve(true);
  }

  run(): void {
    this.descriptor.unwatch(this);
    this.room.wakeups.woken();
    this.resolve(false);
  }
}

/** One descriptor among those that are waited for together, and what for. */
export interface Interest {
  readonly descriptor: Descriptor;
  readonly events: number;
}

/** Waits until something happens to one of several descriptors that might interest, or until the deadline. */
export function untilAnyReady(room: WaitingRoom, interests: readonly Interest[], deadlineNs: number): Promise<boolean> {
  return new Promise((resolve) => {
    new AnyWait(room, interests, deadlineNs, resolve);
  });
}

class AnyWait implements Task {
  private readonly room: WaitingRoom;
  private readonly parts: { descriptor: Descriptor; observer: SocketObserver }[];
  private readonly resolve: (ready: boolean) => void;
  private timer: TimerHandle = 0;

  constructor(
    room: WaitingRoom,
    interests: readonly Interest[],
    deadlineNs: number,
    resolve: (ready: boolean) => void,
  ) {
    this.room = room;
    this.resolve = resolve;
    this.parts = interests.map(({ descriptor, events }) => {
      const observer: SocketObserver = {
        socketReady: (happened) => {
          if (happened & (events | ENDS_ANY_WAIT)) this.settle(true);
          else descriptor.watch(observer);
        },
      };
      descriptor.watch(observer);
      return { descriptor, observer };
    });
    if (deadlineNs !== Infinity) this.timer = room.clock.at(deadlineNs, this, 0);
  }

  run(): void {
    this.settle(false);
  }

  private settle(ready: boolean): void {
    for (const { descriptor, observer } of this.parts) descriptor.unwatch(observer);
    this.room.clock.cancel(this.timer);
    this.room.wakeups.woken();
    this.resolve(ready);
  }
}

/** Waits until a time has come, ns. */
export function untilTime(room: WaitingRoom, timeNs: number): Promise<void> {
  return new Promise((resolve) => {
    room.clock.at(
      timeNs,
      {
        run() {
          room.wakeups.woken();
          resolve();
        },
      },
      0,
    );
  });
}
