import type { Clock, Task } from '../base/clock.ts';

/**
 * Calls `action` at `timeNs`: for what happens once in a scenario (a fault, a program's start). A closure each, which is
 * fine for these and wrong for packets.
 */
export function callAt(clock: Clock, timeNs: number, action: () => void): void {
  const task: Task = { run: action };
  clock.at(timeNs, task, 0);
}
