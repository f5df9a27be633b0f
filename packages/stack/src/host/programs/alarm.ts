import type { Task, TimerHandle } from '../../base/clock.ts';
import type { Process } from '../process.ts';

/**
 * Lets a program wait for what others bring about (`ring`), at most for a time, or until a signal comes. What it waited
 * for it finds out by looking: the alarm says only that it is worth a look.
 */
export class Alarm implements Task {
  private readonly process: Process;
  private timer: TimerHandle = 0;
  private wake: (() => void) | null = null;

  constructor(process: Process) {
    this.process = process;
    process.onSignal(() => this.ring());
  }

  /** Waits until `ring` is called, a signal comes, or `timeNs` has come (Infinity: never). */
  wait(timeNs: number): Promise<void> {
    if (this.process.signalled !== null) return Promise.resolve();
    const { clock } = this.process.host.node;
    if (timeNs <= clock.now) return Promise.resolve();
    if (timeNs !== Infinity) this.timer = clock.at(timeNs, this, 0);
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  ring(): void {
    const { wake } = this;
    if (wake === null) return;
    this.wake = null;
    this.process.host.node.clock.cancel(this.timer);
    this.timer = 0;
    this.process.host.wakeups.woken();
    wake();
  }

  run(): void {
    this.timer = 0;
    this.ring();
  }
}
