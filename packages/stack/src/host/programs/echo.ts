import type { Program } from '../program.ts';

/** `echo [-n] [WORD...]`: prints its words. */
export const echo: Program = {
  name: 'echo',
  summary: 'print words',
  usage: 'usage: echo [-n] [WORD...]\n  -n  do not end the line',
  async main(process) {
    const open = process.args[0] === '-n';
    process.print(process.args.slice(open ? 1 : 0).join(' ') + (open ? '' : '\n'));
    return 0;
  },
};
