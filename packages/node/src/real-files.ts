import { lstat, readdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { Errno, type ErrnoName, NetError } from '@netarium/stack/base/errors';
import { type FileStat, type Files, resolvePath } from '@netarium/stack/host/files';

export interface RealFilesOptions {
  /** Programs may write. Default false. */
  writable?: boolean;
  /**
   * What every file's last change is said to be, milliseconds since 1970, instead of what the machine says: a network
   * whose servers tell the times of a fresh checkout would not be the same network twice.
   */
  modifiedMs?: number;
}

/**
 * A directory of the real machine as a host's files. Nothing outside of it can be reached, by `..` or by a symbolic
 * link; it is read-only unless asked for otherwise. Devices, pipes and sockets in it are not there.
 */
export class RealFiles implements Files {
  private readonly root: string;
  private readonly writable: boolean;
  private readonly modifiedMs: number | undefined;

  constructor(directory: string, options: RealFilesOptions = {}) {
    this.root = resolve(directory);
    this.writable = options.writable ?? false;
    this.modifiedMs = options.modifiedMs;
  }

  async stat(path: string): Promise<FileStat | null> {
    try {
      const found = await stat(await this.inside(path, 'stat'));
      if (!found.isFile() && !found.isDirectory()) return null;
      return {
        kind: found.isDirectory() ? 'directory' : 'file',
        size: found.isDirectory() ? 0 : found.size,
        modifiedMs: this.modifiedMs ?? Math.floor(found.mtimeMs),
      };
    } catch {
      return null;
    }
  }

  async read(path: string): Promise<Uint8Array> {
    return posix('open', path, async () => {
      const real = await this.inside(path, 'open');
      const found = await stat(real);
      // A pipe would be waited for until somebody writes to it.
      if (!found.isFile() && !found.isDirectory()) throw new NetError(Errno.EACCES, 'open', path);
      return readFile(real);
    });
  }

  async list(path: string): Promise<string[]> {
    return posix('scandir', path, async () => (await readdir(await this.inside(path, 'scandir'))).sort());
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    if (!this.writable) throw new NetError(Errno.EACCES, 'open', path);
    await posix('open', path, async () => {
      const wanted = this.below(path, 'open');
      // A link could lead outside, on the way or at its end: both are looked at where they really are.
      const exists = (await lstat(wanted).catch(() => null)) !== null;
      const real = exists
        ? await this.reallyInside(wanted, path, 'open')
        : join(await this.reallyInside(dirname(wanted), path, 'open'), basename(wanted));
      await writeFile(real, bytes);
    });
  }

  /** Where the path would be, were there no links. */
  private below(path: string, call: string): string {
    const parts = resolvePath('/', path).split('/');
    // What is no separator in the network may be one here.
    if (path.includes('\0') || parts.some((part) => part.includes(sep))) throw new NetError(Errno.ENOENT, call, path);
    return join(this.root, ...parts);
  }

  private inside(path: string, call: string): Promise<string> {
    return this.reallyInside(this.below(path, call), path, call);
  }

  private async reallyInside(wanted: string, path: string, call: string): Promise<string> {
    const root = await realpath(this.root);
    const real = await realpath(wanted);
    if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw new NetError(Errno.EACCES, call, path);
    }
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
