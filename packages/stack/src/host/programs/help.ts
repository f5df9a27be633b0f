import type { Program } from '../program.ts';
import { nearest } from './options.ts';

/** `help [PROGRAM]`: what there is, or how one of them is used. It is given the list, which holds it too. */
export const helpFor = (programs: ReadonlyMap<string, Program>): Program => ({
  name: 'help',
  summary: 'list the programs, or tell how one is used',
  usage: 'usage: help [PROGRAM]',
  async main(process) {
    const [name] = process.args;
    if (name === undefined) {
      const width = Math.max(...[...programs.keys()].map((each) => each.length));
      const sorted = [...programs.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const program of sorted) process.print(`${program.name.padEnd(width)}  ${program.summary}\n`);
      process.print('\nPROGRAM --help tells how it is used.\n');
      return 0;
    }
    const program = programs.get(name);
    if (program === undefined) {
      const near = nearest(name, [...programs.keys()]);
      process.complain(`help: there is no ${name}${near === null ? '' : `; did you mean ${near}?`}\n`);
      return 1;
    }
    process.print(`${program.usage}\n`);
    return 0;
  },
});
