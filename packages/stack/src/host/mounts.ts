import { Errno, NetError } from '../base/errors.ts';
import { type FileStat, type Files, resolvePath } from './files.ts';

/**
 * The file tree of one host: other `Files` mounted at directories, the longest mount point wins, and what lies
 * between them exists as directories.
 */
export class Mounts implements Files {
  private readonly mounts: { at: string; files: Files }[] = [];

  /** Shows `files` at `at` (an absolute directory), instead of whatever was mounted there before. */
  mount(at: string, files: Files): void {
    const path = resolvePath('/', at);
    const known = this.mounts.findIndex((mount) => mount.at === path);
    if (known >= 0) this.mounts.splice(known, 1);
    this.mounts.push({ at: path, files });
    this.mounts.sort((a, b) => b.at.length - a.at.length);
  }

  async stat(path: string): Promise<FileStat | null> {
    const whole = resolvePath('/', path);
    const found = this.find(whole);
    const stat = found === null ? null : await found.files.stat(found.rest);
    if (stat !== null) return stat;
    return this.names(whole).length > 0 || whole === '/' ? { kind: 'directory', size: 0, modifiedMs: 0 } : null;
  }

  async read(path: string): Promise<Uint8Array> {
    return this.need('open', path).files.read(this.need('open', path).rest);
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    const found = this.find(resolvePath('/', path));
    if (found === null) throw new NetError(Errno.EACCES, 'open', path);
    await found.files.write(found.rest, bytes);
  }

  async list(path: string): Promise<string[]> {
    const whole = resolvePath('/', path);
    const names = new Set(this.names(whole));
    const found = this.find(whole);
    if (found !== null) {
      const stat = await found.files.stat(found.rest);
      if (stat?.kind === 'directory') for (const name of await found.files.list(found.rest)) names.add(name);
      else if (names.size === 0) throw new NetError(Errno.ENOENT, 'scandir', path);
    } else if (names.size === 0 && whole !== '/') {
      throw new NetError(Errno.ENOENT, 'scandir', path);
    }
    return [...names].sort();
  }

  /** Names that exist in `path` because something is mounted below. */
  private names(path: string): string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    return this.mounts
      .filter(({ at }) => at.startsWith(prefix) && at.length > prefix.length)
      .map(({ at }) => at.slice(prefix.length).split('/')[0]!);
  }

  private find(path: string): { files: Files; rest: string } | null {
    for (const { at, files } of this.mounts) {
      if (at === '/') return { files, rest: path };
      if (path === at) return { files, rest: '/' };
      if (path.startsWith(`${at}/`)) return { files, rest: path.slice(at.length) };
    }
    return null;
  }

  private need(call: string, path: string): { files: Files; rest: string } {
    const found = this.find(resolvePath('/', path));
    if (found === null) throw new NetError(Errno.ENOENT, call, path);
    return found;
  }
}
