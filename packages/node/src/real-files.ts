import { lstat, readdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { Errno, type ErrnoName, NetError } from '@netarium/stack/base/errors';
import type { FileStat, Files } from '@netarium/stack/host/files';

/**
 * A directory of the real machine as a host's files. Nothing outside of it can be reached, by `..` or by a symbolic
 * link; it is read-only unless asked for otherwise.
 */
export class RealFiles implements Files {
  private readonly root: string;
  private readonly writable: boolean;

  constructor(directory: string, options: { writable?: boolean } = {}) {
    this.root = resolve(directory);
    this.writable = options.writable ?? false;
  }

  async stat(path: string): Promise<FileStat | null> {
    try {
      const found = await stat(await this.inside(path, 'stat'));
      if (!found.isFile() && !found.isDirectory()) return null;
      return {
        kind: found.isDirectory() ? 'directory' : 'file',
        size: found.isDirectory() ? 0 : found.size,
        modifiedMs: Math.floor(found.mtimeMs),
      };
    } catch {
      return null;
    }
  }

  async read(path: string): Promise<Uint8Array> {
    return posix('open', path, async () => readFile(await this.inside(path, 'open')));
  }

  async list(path: string): Promise<string[]> {
    return posix('scandir', path, async () => (await readdir(await this.inside(path, 'scandir'))).sort());
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    if (!this.writable) throw new NetError(Errno.EACCES, 'open', path);
    await posix('open', path, async () => {
      const wanted = this.below(path);
      // A link could lead outside: what exists is checked where it really is.
      const exists = await lstat(wanted).catch(() => null);
      await writeFile(exists === null ? wanted : await this.inside(path, 'open'), bytes);
    });
  }

  private below(path: string): string {
    return join(this.root, ...path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..'));
  }

  private async inside(path: string, call: string): Promise<string> {
    const root = await realpath(this.root);
    const real = await realpath(this.below(path));
    if (real !== root && !real.startsWith(root + sep)) throw new NetError(Errno.EACCES, call, path);
    return real;
  }
}

/** Node's errors in the stack's own class, with the path as the program wrote it. */
async function posix<T>(call: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NetError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const errno = code !== undefined && code in Errno ? Errno[code as ErrnoName] : Errno.EIO;
    throw new NetError(errno, call, path);
  }
}
