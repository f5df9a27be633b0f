import { parseDuration, parseRate, parseRatio } from '../base/units.ts';
import type { LineOptions } from '../l1-physical/line.ts';
import { quantity, wholeNumber } from './build-error.ts';
import type { LinkDescription, LinkDirectionDescription } from './description.ts';

/** A link's words as the cable's numbers, for each direction; what is absent keeps the cable's defaults. */
export function cableOptions(
  link: Omit<LinkDescription, 'endpoints'>,
  where: string,
): { forward: Partial<LineOptions>; backward: Partial<LineOptions> } {
  const both = lineChanges(link, where);
  return {
    forward: { ...both, ...lineChanges(link.forward ?? {}, `${where}: forward`) },
    backward: { ...both, ...lineChanges(link.backward ?? {}, `${where}: backward`) },
  };
}

/** The numbers of those words that are there. Throws a BuildError for an impossible quantity; `where` begins it. */
export function lineChanges(words: LinkDirectionDescription, where: string): Partial<LineOptions> {
  const changes: Partial<LineOptions> = {};
  const { rate, delay, queue, loss, burst, bitErrors, corruption, duplication } = words;
  const { reordering, reorderingDelay, jitter } = words;
  const ratio = (value: string | number, word: string) => quantity(parseRatio(value), `${where}: ${word}`);
  const duration = (value: string | number, word: string) => quantity(parseDuration(value), `${where}: ${word}`);
  if (rate !== undefined) changes.rateBps = quantity(parseRate(rate), `${where}: rate`);
  if (delay !== undefined) changes.delayNs = duration(delay, 'delay');
  if (queue !== undefined) changes.queueFrames = wholeNumber(queue, 0, 1_000_000, `${where}: queue`);
  if (loss !== undefined) changes.loss = ratio(loss, 'loss');
  if (burst !== undefined) {
    changes.burst = {
      enter: ratio(burst.enter, 'burst.enter'),
      leave: ratio(burst.leave, 'burst.leave'),
      loss: ratio(burst.loss ?? 1, 'burst.loss'),
    };
  }
  if (bitErrors !== undefined) changes.bitErrors = ratio(bitErrors, 'bitErrors');
  if (corruption !== undefined) changes.corruption = ratio(corruption, 'corruption');
  if (duplication !== undefined) changes.duplication = ratio(duplication, 'duplication');
  if (reordering !== undefined) changes.reordering = ratio(reordering, 'reordering');
  if (reorderingDelay !== undefined) changes.reorderingDelayNs = duration(reorderingDelay, 'reorderingDelay');
  if (jitter !== undefined) changes.jitterNs = duration(jitter, 'jitter');
  return changes;
}
