import { Errno, NetError } from '../base/errors.ts';
import { type FileStat, type Files, resolvePath } from './files.ts';

type Wait = <T>(work: Promise<T>) => Promise<T>;

/**
 * The file tree of one host: other `Files` mounted at directories, the longest mount point wins, and what lies
 * between them exists as directories.
 *
 * Reading takes real time and no network time, and results come back in the order in which they were asked for:
 * `wait` sees to both (`Scheduler.waitFor`), except for files that answer by themselves.
 */
export class Mounts implements Files {
  private readonly mounts: { at: string; files: Files }[] = [];
  private readonly wait: Wait;

  constructor(wait: Wait = (work) => work) {
    this.wait = wait;
  }

  /** Shows `files` at `at` (an absolute directory), instead of whatever was mounted there before. */
  mount(at: string, files: Files): void {
    const path = resolvePath('/', at);
    const known = this.mounts.findIndex((mount) => mount.at === path);
    if (known >= 0) this.mounts.splice(known, 1);
    this.mounts.push({ at: path, files });
    this.mounts.sort((a, b) => b.at.length - a.at.length);
  }

  /** What is mounted at exactly this directory; null: nothing is. */
  mountedAt(at: string): Files | null {
    return this.mounts.find((mount) => mount.at === at)?.files ?? null;
  }

  async stat(path: string): Promise<FileStat | null> {
    const whole = resolvePath('/', path);
    const found = this.find(whole);
    const stat = found === null ? null : await this.result(found.files, found.files.stat(found.rest));
    return stat ?? (this.isBetween(whole) ? DIRECTORY : null);
  }

  async read(path: string): Promise<Uint8Array> {
    const whole = resolvePath('/', path);
    const found = this.find(whole);
    if (this.isBetween(whole)) throw new NetError(Errno.EISDIR, 'open', path);
    if (found === null) throw new NetError(Errno.ENOENT, 'open', path);
    return this.result(found.files, found.files.read(found.rest));
  }

  /** Where nothing is mounted nothing can be written: EACCES. */
  async write(path: string, bytes: Uint8Array): Promise<void> {
    const whole = resolvePath('/', path);
    const found = this.find(whole);
    if (this.isBetween(whole)) throw new NetError(Errno.EISDIR, 'open', path);
    if (found === null) throw new NetError(Errno.EACCES, 'open', path);
    await this.result(found.files, found.files.write(found.rest, bytes));
  }

  async list(path: string): Promise<string[]> {
    const whole = resolvePath('/', path);
    const names = new Set(this.namesBelow(whole));
    const found = this.find(whole);
    const stat = found === null ? null : await this.result(found.files, found.files.stat(found.rest));
    if (found !== null && stat?.kind === 'directory') {
      for (const name of await this.result(found.files, found.files.list(found.rest))) names.add(name);
    } else if (!this.isBetween(whole)) {
      throw new NetError(stat === null ? Errno.ENOENT : Errno.ENOTDIR, 'scandir', path);
    }
    return [...names].sort();
  }

  /** What comes at once always comes in the same order: nobody need wait for it. */
  private result<T>(files: Files, work: Promise<T>): Promise<T> {
    return files.immediate === true ? work : this.wait(work);
  }

  /** The root, and every directory on the way to a mount point (the mount point itself included). */
  private isBetween(path: string): boolean {
    return path === '/' || this.mounts.some(({ at }) => at === path) || this.namesBelow(path).length > 0;
  }

  /** Names that exist in `path` because something is mounted below. */
  private namesBelow(path: string): string[] {
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
}

const DIRECTORY: FileStat = { kind: 'directory', size: 0, modifiedMs: 0 };
