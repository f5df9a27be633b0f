import { parseDuration, parseRate, parseRatio, unitOrThrow } from '../base/units.ts';
import type { LineOptions } from '../l1-physical/line.ts';
import type { LinkDescription, LinkDirectionDescription } from './description.ts';

/** A link's words as the cable's numbers, for each direction; what is absent keeps the cable's defaults. */
export function cableOptions(link: Omit<LinkDescription, 'endpoints'>): {
  forward: Partial<LineOptions>;
  backward: Partial<LineOptions>;
} {
  const both = lineChanges(link);
  return {
    forward: { ...both, ...(link.forward === undefined ? {} : lineChanges(link.forward)) },
    backward: { ...both, ...(link.backward === undefined ? {} : lineChanges(link.backward)) },
  };
}

/** The numbers of those words that are there. Throws a UnitError for an impossible quantity. */
export function lineChanges(words: LinkDirectionDescription): Partial<LineOptions> {
  const changes: Partial<LineOptions> = {};
  const { burst } = words;
  if (words.rate !== undefined) changes.rateBps = unitOrThrow(parseRate(words.rate), 'rate');
  if (words.delay !== undefined) changes.delayNs = unitOrThrow(parseDuration(words.delay), 'delay');
  if (words.queue !== undefined) changes.queueFrames = words.queue;
  if (words.loss !== undefined) changes.loss = unitOrThrow(parseRatio(words.loss), 'loss');
  if (burst !== undefined) {
    changes.burst = {
      enter: unitOrThrow(parseRatio(burst.enter), 'burst.enter'),
      leave: unitOrThrow(parseRatio(burst.leave), 'burst.leave'),
      loss: unitOrThrow(parseRatio(burst.loss ?? 1), 'burst.loss'),
    };
  }
  if (words.bitErrors !== undefined) changes.bitErrors = unitOrThrow(parseRatio(words.bitErrors), 'bitErrors');
  if (words.corruption !== undefined) changes.corruption = unitOrThrow(parseRatio(words.corruption), 'corruption');
  if (words.duplication !== undefined) changes.duplication = unitOrThrow(parseRatio(words.duplication), 'duplication');
  if (words.reordering !== undefined) changes.reordering = unitOrThrow(parseRatio(words.reordering), 'reordering');
  if (words.reorderingDelay !== undefined) {
    changes.reorderingDelayNs = unitOrThrow(parseDuration(words.reorderingDelay), 'reorderingDelay');
  }
  if (words.jitter !== undefined) changes.jitterNs = unitOrThrow(parseDuration(words.jitter), 'jitter');
  return changes;
}
