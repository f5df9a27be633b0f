import { civilTime, MONTH_NAMES } from '../calendar.ts';

export interface FtpStat {
  readonly kind: 'file' | 'directory';
  readonly size: number;
  /** Milliseconds since 1970, 0 when unknown. */
  readonly modifiedMs: number;
}

/** The files that are served; a host's files have this shape. Paths are absolute and hold no `..`. */
export interface FtpFiles {
  stat(path: string): Promise<FtpStat | null>;
  read(path: string): Promise<Uint8Array>;
  list(path: string): Promise<string[]>;
  write(path: string, bytes: Uint8Array): Promise<void>;
}

/** A path as the client sees it: absolute, `..` at the root is the root. Null: it holds what no name may hold. */
export function clientPath(current: string, path: string): string | null {
  if (/[\0-\x1f\x7f\ufffd]/.test(path)) return null;
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${current}/${path}`).split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

const two = (value: number) => String(value).padStart(2, '0');

/** `20261121120000` (RFC 3659 2.3), in UTC. */
export function timeValue(ms: number): string {
  const { year, month, day, hour, minute, second } = civilTime(ms / 1000);
  return [String(year).padStart(4, '0'), ...[month, day, hour, minute, second].map(two)].join('');
}

const HALF_A_YEAR = 180 * 86_400;

/** A line of LIST, as `ls -l` writes it; `now`: seconds since 1970. */
export function listLine(name: string, stat: FtpStat, now: number): string {
  const seconds = Math.floor(stat.modifiedMs / 1000);
  const { year, month, day, hour, minute } = civilTime(seconds);
  const recent = seconds <= now && seconds > now - HALF_A_YEAR;
  const when = recent ? `${two(hour)}:${two(minute)}` : String(year).padStart(5);
  const mode = stat.kind === 'directory' ? 'drwxr-xr-x' : '-rw-r--r--';
  const date = `${MONTH_NAMES[month - 1]} ${String(day).padStart(2)} ${when}`;
  return `${mode}    1 ftp      ftp      ${String(stat.size).padStart(10)} ${date} ${shown(name)}`;
}

/** Facts of MLSD and MLST (RFC 3659 7.5). */
export const FACTS = ['type', 'size', 'modify', 'perm'] as const;
export type Fact = (typeof FACTS)[number];

/** `type=file;size=12;modify=19700101000000;perm=r; hello.txt`. `type`: cdir and pdir for `.` and `..`. */
export function factsLine(
  name: string,
  stat: FtpStat,
  facts: ReadonlySet<Fact>,
  writable: boolean,
  type: 'cdir' | 'pdir' | null = null,
): string {
  const isFile = stat.kind === 'file';
  const values: Record<Fact, string> = {
    type: type ?? (isFile ? 'file' : 'dir'),
    size: isFile ? String(stat.size) : '',
    modify: stat.modifiedMs === 0 ? '' : timeValue(stat.modifiedMs),
    perm: isFile ? (writable ? 'raw' : 'r') : writable ? 'elc' : 'el',
  };
  const written = FACTS.filter((fact) => facts.has(fact) && values[fact] !== '');
  return `${written.map((fact) => `${fact}=${values[fact]};`).join('')} ${shown(name)}`;
}

/** A name within a line. */
export function shown(name: string): string {
  return name.replace(/[\r\n\0]/g, '?');
}

/** `*.txt`, `a?c`: in time proportional to both lengths. */
export function matches(name: string, pattern: string): boolean {
  let at = 0;
  let p = 0;
  let star = -1;
  let resume = 0;
  while (at < name.length) {
    if (p < pattern.length && (pattern[p] === '?' || (pattern[p] === name[at] && pattern[p] !== '*'))) {
      at++;
      p++;
    } else if (pattern[p] === '*') {
      star = p++;
      resume = at;
    } else if (star >= 0) {
      p = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

const CR = 0x0d;
const LF = 0x0a;

/** TYPE A on the wire: a line ends with CR LF (RFC 959 3.1.1.1). */
export function toAscii(bytes: Uint8Array): Uint8Array {
  let more = 0;
  for (const byte of bytes) if (byte === LF) more++;
  const out = new Uint8Array(bytes.length + more);
  let at = 0;
  for (const byte of bytes) {
    if (byte === LF) out[at++] = CR;
    out[at++] = byte;
  }
  return out;
}

export function fromAscii(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  let at = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === CR && bytes[i + 1] === LF) continue;
    out[at++] = bytes[i]!;
  }
  return out.subarray(0, at);
}
