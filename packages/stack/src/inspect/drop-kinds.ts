import { type DropReason, dropReasons } from '../base/drop-reasons.ts';

/** By number: the reasons that say "the packet did its work here". */
const DONE = new Set(dropReasons.filter(({ name }) => name.endsWith('_DONE')).map(({ number }) => number));

/** Did the packet end because it had arrived, and not because something went wrong? */
export function isDone(reason: DropReason): boolean {
  return DONE.has(reason);
}
