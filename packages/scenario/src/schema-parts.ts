/** What schemas are made of: values with units and addresses, each with the phrase that stands behind "expected". */
import { parseDuration, parseRate, parseRatio, parseSize, type UnitProblem } from '@netarium/stack/base/units';
import { z } from 'zod';
import type { Advice } from './addresses.ts';

/** What is expected where a schema stands, as the end of the sentence "expected ...". */
export const phrases = z.registry<{ expected: string }>();

export function phrased<T extends z.ZodType>(schema: T, expected: string): T {
  phrases.add(schema, { expected });
  return schema;
}

export function tell(context: z.core.$RefinementCtx, advice: Advice): void {
  const { message, expected, suggestion } = advice;
  context.addIssue({
    code: 'custom',
    message,
    params: suggestion === undefined ? { expected } : { expected, suggestion },
  });
}

type ParseQuantity = (value: string | number) => number | UnitProblem;

export function quantity(parse: ParseQuantity, expected: string, description: string, examples: (string | number)[]) {
  const schema = z.union([z.string(), z.number()]).superRefine((value, context) => {
    const result = parse(value);
    if (typeof result === 'number') return;
    const { problem: message, suggestion } = result;
    // The parser's example is no guess, and the example is in `expected` already.
    tell(context, expected.includes(suggestion) ? { message, expected } : { message, expected, suggestion });
  });
  return phrased(schema.meta({ description, examples }), expected);
}

export function text(
  expected: string,
  description: string,
  advise: (text: string) => Advice | null,
  examples?: string[],
) {
  const schema = z.string().superRefine((value, context) => {
    const advice = advise(value);
    if (advice !== null) tell(context, advice);
  });
  return phrased(schema.meta(examples === undefined ? { description } : { description, examples }), expected);
}

export function whole(least: number, most: number, what: string, description: string) {
  const schema = z.number().int().min(least).max(most).meta({ description });
  return phrased(schema, `${what} from ${least} to ${most}`);
}

export const notEmpty = (what: string, expected: string) => (value: string) =>
  value.trim() === '' ? { message: `an empty text is not ${what}`, expected } : null;

export const duration = (description: string) =>
  quantity(
    parseDuration,
    'a duration such as 10ms, 1.5s or 2m',
    `${description} A duration (ns, us, ms, s, m, h), or a number of seconds.`,
    ['10ms'],
  );
export const rate = (description: string) =>
  quantity(
    parseRate,
    'a rate such as 100Mbit, 1Gbit, 10MB/s or unlimited',
    `${description} A rate (bit, kbit, Mbit, Gbit, MB/s, unlimited), or a number of bits a second.`,
    ['100Mbit'],
  );
export const ratio = (description: string) =>
  quantity(
    parseRatio,
    'a percentage such as 1%, or a number from 0 to 1',
    `${description} A percentage, or a number from 0 to 1.`,
    ['1%', 0.01],
  );
export const size = (description: string) =>
  quantity(
    parseSize,
    'a size such as 64KiB or 1MB',
    `${description} A size (B, kB, MB, KiB, MiB), or a number of bytes.`,
    ['64KiB'],
  );
