import { NetError } from '../../base/errors.ts';
import { resolvePath } from '../files.ts';
import type { Process } from '../process.ts';
import type { Program } from '../program.ts';
import { parseOptions } from './options.ts';

export const ls: Program = {
  name: 'ls',
  summary: 'list files',
  usage: 'usage: ls [-l] [PATH...]\n  -l  with kind and size',
  async main(process) {
    const options = parseOptions(process.args, { flags: 'l' });
    const paths = options.words.length === 0 ? ['/'] : options.words;
    let code = 0;
    for (const path of paths) {
      try {
        const lines = await list(process, resolvePath('/', path), path, options.has('l'));
        process.print((paths.length > 1 ? `${path}:\n` : '') + lines.map((line) => `${line}\n`).join(''));
      } catch (error) {
        if (!(error instanceof NetError)) throw error;
        process.complain(`ls: cannot access '${path}': ${error.text}\n`);
        code = 2;
      }
    }
    return code;
  },
};

async function list(process: Process, path: string, written: string, long: boolean): Promise<string[]> {
  const { files } = process.host;
  const stat = await files.stat(path);
  const names = stat?.kind === 'file' ? [written] : await files.list(path);
  if (!long) return names;
  const entries = await Promise.all(
    names.map(async (name) => {
      const entry = stat?.kind === 'file' ? stat : await files.stat(resolvePath(path, name));
      return { name, kind: entry?.kind === 'directory' ? 'd' : '-', size: String(entry?.size ?? 0) };
    }),
  );
  const width = Math.max(0, ...entries.map(({ size }) => size.length));
  return entries.map(({ name, kind, size }) => `${kind} ${size.padStart(width)} ${name}`);
}
