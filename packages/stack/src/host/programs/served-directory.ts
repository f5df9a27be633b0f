import { MemoryFiles } from '../memory-files.ts';
import type { Process } from '../process.ts';

/**
 * A directory that a server is to serve is there. One that is not, where clients may write, is made, in memory: most hosts
 * have no files that can be written. False: it cannot be served, as has been said.
 */
export async function servedDirectory(process: Process, directory: string, writable: boolean): Promise<boolean> {
  const { files } = process.host;
  const stat = await files.stat(directory);
  if (stat?.kind === 'directory') return true;
  if (stat === null && writable) {
    files.mount(directory, new MemoryFiles());
    return true;
  }
  const why = stat === null ? 'No such file or directory' : 'Not a directory';
  process.complain(`${process.name}: ${directory}: ${why}\n`);
  return false;
}
