import type { UnitProblem } from '../base/units.ts';

/** A description that cannot be built: an unknown node, an interface used twice, an impossible quantity. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
}

/** The number that was read, or a BuildError that says what is wrong at `where` and what would be right. */
export function quantity(result: number | UnitProblem, where: string): number {
  if (typeof result === 'number') return result;
  throw new BuildError(`${where}: ${result.problem}; write it like ${result.suggestion}`);
}

/** `value` when it is a whole number from `least` to `most`, or a BuildError. */
export function wholeNumber(value: number, least: number, most: number, where: string): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new BuildError(`${where}: ${value} is not a whole number from ${least} to ${most}`);
}

/** `a, b, c`, or `(none)`; long lists are cut. */
export function listed(words: Iterable<string>): string {
  const all = [...words];
  if (all.length === 0) return '(none)';
  return all.length <= 20 ? all.join(', ') : `${all.slice(0, 20).join(', ')} and ${all.length - 20} more`;
}
