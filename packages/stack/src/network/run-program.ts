import { parseDuration } from '../base/units.ts';
import { quantity } from './build-error.ts';
import type { RunEnd, Scheduler } from './scheduler.ts';

export interface RunOptions {
  /** How long, in network time: `'10s'` or seconds. Absent: until nothing is left to happen. */
  for?: string | number;
  /** Asked whenever the programs rest: the run ends when it is true. */
  until?: () => boolean;
}

/** When a run is over, ns. */
export function endOfRun(scheduler: Scheduler, options: RunOptions): number {
  return options.for === undefined ? Infinity : scheduler.queue.now + quantity(parseDuration(options.for), 'for');
}

/** Lets time run until `program` has settled, and gives its value. Fails when that can never happen, or did not in time. */
export async function runProgram<T>(
  scheduler: Scheduler,
  program: () => Promise<T> | T,
  options: RunOptions,
): Promise<T> {
  let settled = false;
  const result = (async () => program())();
  const mark = () => {
    settled = true;
    scheduler.woken();
  };
  // Both functions: whoever gives up on the program must not die of its late failure.
  result.then(mark, mark);
  const end = await scheduler.run(endOfRun(scheduler, options), () => settled || options.until?.() === true);
  return settled ? result : gaveUp(scheduler, end);
}

function gaveUp(scheduler: Scheduler, end: RunEnd): never {
  const at = `after ${(scheduler.queue.now / 1e9).toFixed(3)} s of network time`;
  if (end === 'idle') {
    throw new Error(`the program waits for something that can never happen: no event is left ${at}`);
  }
  throw new Error(`the program had not ended ${end === 'stopped' ? 'when the run was stopped, ' : ''}${at}`);
}
