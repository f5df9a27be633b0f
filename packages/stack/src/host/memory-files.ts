import { Errno, NetError } from '../base/errors.ts';
import { utf8Encode } from '../base/utf8.ts';
import { type FileStat, type Files, resolvePath } from './files.ts';

/**
 * Files in memory: what a page, a test or an example gives a host, and what programs may write to. Directories are
 * where files are; an empty one does not exist.
 */
export class MemoryFiles implements Files {
  /** Whoever makes it slower (a subclass) says so here. */
  readonly immediate: boolean = true;
  private readonly files = new Map<string, Uint8Array>();

  /** `{ '/index.html': '<h1>hello</h1>' }`; a text is stored as UTF-8. */
  constructor(files: Readonly<Record<string, string | Uint8Array>> = {}) {
    for (const [path, content] of Object.entries(files)) {
      this.files.set(resolvePath('/', path), typeof content === 'string' ? utf8Encode(content) : content);
    }
  }

  async stat(path: string): Promise<FileStat | null> {
    const whole = resolvePath('/', path);
    const bytes = this.files.get(whole);
    if (bytes !== undefined) return { kind: 'file', size: bytes.length, modifiedMs: 0 };
    return this.isDirectory(whole) ? { kind: 'directory', size: 0, modifiedMs: 0 } : null;
  }

  async read(path: string): Promise<Uint8Array> {
    const whole = resolvePath('/', path);
    const bytes = this.files.get(whole);
    if (bytes === undefined) throw new NetError(this.isDirectory(whole) ? Errno.EISDIR : Errno.ENOENT, 'open', path);
    return bytes.slice();
  }

  async list(path: string): Promise<string[]> {
    const whole = resolvePath('/', path);
    if (this.files.has(whole)) throw new NetError(Errno.ENOTDIR, 'scandir', path);
    if (!this.isDirectory(whole)) throw new NetError(Errno.ENOENT, 'scandir', path);
    const prefix = whole === '/' ? '/' : `${whole}/`;
    const inside = [...this.files.keys()].filter((file) => file.startsWith(prefix));
    return [...new Set(inside.map((file) => file.slice(prefix.length).split('/')[0]!))].sort();
  }

  /** Makes the directories on the way. */
  async write(path: string, bytes: Uint8Array): Promise<void> {
    const whole = resolvePath('/', path);
    if (this.isDirectory(whole)) throw new NetError(Errno.EISDIR, 'open', path);
    for (let at = whole.indexOf('/', 1); at > 0; at = whole.indexOf('/', at + 1)) {
      if (this.files.has(whole.slice(0, at))) throw new NetError(Errno.ENOTDIR, 'open', path);
    }
    this.files.set(whole, bytes.slice());
  }

  private isDirectory(path: string): boolean {
    if (path === '/') return true;
    for (const file of this.files.keys()) if (file.startsWith(`${path}/`)) return true;
    return false;
  }
}
