/**
 * The files that a host's programs see. A platform mounts what it has (a real directory, an archive in a page);
 * paths are absolute, with `/` between parts and no `..`, which `resolvePath` sees to.
 */
export interface FileStat {
  readonly kind: 'file' | 'directory';
  /** Bytes; 0 for a directory. */
  readonly size: number;
  /** Last change, milliseconds since 1970; 0 when it is not known. */
  readonly modifiedMs: number;
}

export interface Files {
  /** Answers by itself, without waiting for anything outside of the program: no disk, no network. */
  readonly immediate?: boolean;
  /** Null when there is no such file. */
  stat(path: string): Promise<FileStat | null>;
  /** The whole file. Rejects with a NetError ENOENT, EISDIR or EACCES. */
  read(path: string): Promise<Uint8Array>;
  /** Names in a directory, sorted. Rejects with ENOENT. */
  list(path: string): Promise<string[]>;
  /** Replaces the file. Rejects with a NetError (EACCES on read-only storage, ENOENT without its directory). */
  write(path: string, bytes: Uint8Array): Promise<void>;
}

/** `/srv` + `../../etc/passwd` is `/etc/passwd` and never climbs past the root: the parts are resolved, not trusted. */
export function resolvePath(base: string, path: string): string {
  if (RESOLVED.test(path)) return path;
  const parts: string[] = [];
  const whole = path.startsWith('/') ? path : `${base}/${path}`;
  for (const part of whole.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** What `resolvePath` would leave as it is: parts between single slashes that do not begin with a dot. */
const RESOLVED = /^(?:\/[^/.][^/]*)+$/;
