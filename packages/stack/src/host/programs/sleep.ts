import { parseDuration } from '../../base/units.ts';
import { type Program, UsageError } from '../program.ts';

export const sleep: Program = {
  name: 'sleep',
  summary: 'wait',
  usage: 'usage: sleep TIME\n  TIME is in seconds, or has a unit: 0.5, 200ms, 2m',
  async main(process) {
    const [text, ...rest] = process.args;
    if (text === undefined || rest.length > 0) throw new UsageError('one time is needed');
    const ns = parseDuration(/^[0-9.]+$/.test(text) ? `${text}s` : text);
    if (typeof ns !== 'number') throw new UsageError(`invalid time interval '${text}': ${ns.problem}`);
    return (await process.sleep(ns / 1e9)) ? 0 : 130;
  },
};
