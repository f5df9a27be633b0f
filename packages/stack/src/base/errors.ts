/**
 * POSIX error numbers (Linux's values, as in `errno(3)`) and the error that a program sees.
 *
 * Inside the stack a call returns a count (0 or more) or a negated error number: nothing is thrown on a packet's
 * path. At the surface, where a program awaits, the same code becomes a `NetError`.
 */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EEXIST: 17,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EMFILE: 24,
  EPIPE: 32,
  ELOOP: 40,
  ENONET: 64,
  EPROTO: 71,
  ENOTSOCK: 88,
  EDESTADDRREQ: 89,
  EMSGSIZE: 90,
  EPROTOTYPE: 91,
  ENOPROTOOPT: 92,
  EPROTONOSUPPORT: 93,
  ESOCKTNOSUPPORT: 94,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ENETRESET: 102,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  EISCONN: 106,
  ENOTCONN: 107,
  ESHUTDOWN: 108,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTDOWN: 112,
  EHOSTUNREACH: 113,
  EALREADY: 114,
  EINPROGRESS: 115,
  ECANCELED: 125,
} as const;

export type ErrnoName = keyof typeof Errno;

const NAMES = new Map<number, ErrnoName>(Object.entries(Errno).map(([name, number]) => [number, name as ErrnoName]));

/** What `strerror(3)` says on Linux. */
const TEXTS: Record<ErrnoName, string> = {
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  EINTR: 'Interrupted system call',
  EIO: 'Input/output error',
  EBADF: 'Bad file descriptor',
  EAGAIN: 'Resource temporarily unavailable',
  ENOMEM: 'Cannot allocate memory',
  EACCES: 'Permission denied',
  EFAULT: 'Bad address',
  EEXIST: 'File exists',
  ENODEV: 'No such device',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  EINVAL: 'Invalid argument',
  EMFILE: 'Too many open files',
  EPIPE: 'Broken pipe',
  ELOOP: 'Too many levels of symbolic links',
  ENONET: 'Machine is not on the network',
  EPROTO: 'Protocol error',
  ENOTSOCK: 'Socket operation on non-socket',
  EDESTADDRREQ: 'Destination address required',
  EMSGSIZE: 'Message too long',
  EPROTOTYPE: 'Protocol wrong type for socket',
  ENOPROTOOPT: 'Protocol not available',
  EPROTONOSUPPORT: 'Protocol not supported',
  ESOCKTNOSUPPORT: 'Socket type not supported',
  EOPNOTSUPP: 'Operation not supported',
  EAFNOSUPPORT: 'Address family not supported by protocol',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ENETDOWN: 'Network is down',
  ENETUNREACH: 'Network is unreachable',
  ENETRESET: 'Network dropped connection on reset',
  ECONNABORTED: 'Software caused connection abort',
  ECONNRESET: 'Connection reset by peer',
  ENOBUFS: 'No buffer space available',
  EISCONN: 'Transport endpoint is already connected',
  ENOTCONN: 'Transport endpoint is not connected',
  ESHUTDOWN: 'Cannot send after transport endpoint shutdown',
  ETIMEDOUT: 'Connection timed out',
  ECONNREFUSED: 'Connection refused',
  EHOSTDOWN: 'Host is down',
  EHOSTUNREACH: 'No route to host',
  EALREADY: 'Operation already in progress',
  EINPROGRESS: 'Operation now in progress',
  ECANCELED: 'Operation canceled',
};

/** `'ECONNREFUSED'` for 111 or -111; `'E999'` for a number that is not in the table. */
export function errnoName(errno: number): string {
  return NAMES.get(Math.abs(errno)) ?? `E${Math.abs(errno)}`;
}

/** `'Connection refused'` for 111 or -111. */
export function errnoText(errno: number): string {
  const name = NAMES.get(Math.abs(errno));
  return name === undefined ? `Unknown error ${Math.abs(errno)}` : TEXTS[name];
}

/**
 * A call that failed: `connect ECONNREFUSED 10.0.1.1:80: Connection refused`, which is Node's form and what `strerror`
 * says; with `code`, `errno` (positive) and `syscall` as Node has them, and `text` for the words alone.
 */
export class NetError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly text: string;

  /** `errno` with either sign; `detail` is what the call was about (an address), or a sentence. */
  constructor(errno: number, syscall: string, detail = '') {
    const code = errnoName(errno);
    super(`${syscall} ${code}${detail === '' ? '' : ` ${detail}`}: ${errnoText(errno)}`);
    this.name = 'NetError';
    this.code = code;
    this.errno = Math.abs(errno);
    this.syscall = syscall;
    this.text = errnoText(errno);
  }
}

/** A bug in netarium: reports it at once rather than going on with a wrong state. Never for what came off a wire. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`netarium bug: ${what}`);
}
