import { NetError } from '../../base/errors.ts';
import { resolvePath } from '../files.ts';
import type { Process } from '../process.ts';
import type { Program } from '../program.ts';

export const cat: Program = {
  name: 'cat',
  summary: 'print files',
  usage: 'usage: cat [FILE...]\n  without a file, or for -, what comes in',
  async main(process) {
    let code = 0;
    for (const name of process.args.length === 0 ? ['-'] : process.args) {
      try {
        if (name === '-') await copyInput(process);
        else process.stdout.write(await process.host.files.read(resolvePath('/', name)));
      } catch (error) {
        if (!(error instanceof NetError)) throw error;
        process.complain(`cat: ${name}: ${error.text}\n`);
        code = 1;
      }
    }
    return code;
  },
};

async function copyInput(process: Process): Promise<void> {
  const signal = process.untilSignal().then(() => null);
  for (;;) {
    const bytes = await Promise.race([process.stdin.read(), signal]);
    if (bytes === null) return;
    process.stdout.write(bytes);
  }
}
