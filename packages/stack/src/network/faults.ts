import type { Clock } from '../base/clock.ts';
import { parseDuration, unitOrThrow } from '../base/units.ts';
import type { Cable } from '../l1-physical/cable.ts';
import type { LineOptions } from '../l1-physical/line.ts';
import { callAt } from './clockwork.ts';
import type { FaultDescription } from './description.ts';
import { lineChanges } from './line-options.ts';

/** Puts a fault, and its end if it has one, into the queue. */
export function scheduleFault(clock: Clock, cable: Cable, fault: FaultDescription): void {
  const atNs = unitOrThrow(parseDuration(fault.at), 'at');
  const endNs = fault.for === undefined ? Infinity : atNs + unitOrThrow(parseDuration(fault.for), 'for');
  if (fault.down === true) {
    callAt(clock, atNs, () => cable.setUp(false));
    if (endNs < Infinity) callAt(clock, endNs, () => cable.setUp(true));
  }
  if (fault.set !== undefined) {
    const changes = lineChanges(fault.set);
    callAt(clock, atNs, () => {
      const { forward, backward } = cable;
      const before = [forward.options, backward.options] as const;
      cable.configure('both', changes);
      if (endNs < Infinity) {
        callAt(clock, endNs, () => {
          forward.configure(only(before[0], changes));
          backward.configure(only(before[1], changes));
        });
      }
    });
  }
}

/** What `changes` changes, as it was: other words may have been changed meanwhile. */
function only(before: Readonly<LineOptions>, changes: Partial<LineOptions>): Partial<LineOptions> {
  return Object.fromEntries(Object.entries(before).filter(([word]) => word in changes));
}
