import { userInfo } from 'node:os';
import { getSystemErrorName } from 'node:util';

const EPERM = 1;
const ENOENT = 2;
const EACCES = 13;
const EBUSY = 16;
const EINVAL = 22;

/** A TAP could not be opened: a sentence that says what is missing and how to get it. `code` is `EPERM`, ... */
export class TunError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'TunError';
    this.code = code;
  }
}

export function cannotOpen(error: number): TunError {
  if (error === EACCES || error === EPERM) {
    return new TunError(
      codeOf(error),
      'this user may not open /dev/net/tun: run as root, or "sudo chmod 0666 /dev/net/tun" (what it is on most machines)',
    );
  }
  if (error === ENOENT || codeOf(error) === 'ENODEV' || codeOf(error) === 'ENXIO') {
    return new TunError(
      codeOf(error),
      'there is no /dev/net/tun here: "sudo modprobe tun" loads it; a container needs --device /dev/net/tun',
    );
  }
  return failed('opening /dev/net/tun', error);
}

export function cannotAttach(
  error: number,
  { device, mode = 'tap', namespace }: { device: string; mode?: 'tap' | 'tun'; namespace?: string },
): TunError {
  const what = `the ${mode.toUpperCase()} ${device}`;
  if (error === EPERM) {
    const inside = namespace === undefined ? '' : `-n ${namespace.slice(namespace.lastIndexOf('/') + 1)} `;
    return new TunError(
      'EPERM',
      `${what} needs CAP_NET_ADMIN or an owner: ` +
        `"sudo ip ${inside}tuntap add dev ${device} mode ${mode} user ${userName()}" makes it for you`,
    );
  }
  if (error === EBUSY) return new TunError('EBUSY', `${what} is held by another program`);
  if (error === EINVAL)
    return new TunError('EINVAL', `there is an interface ${device} already that is no ${mode.toUpperCase()}`);
  return failed(`opening ${what}`, error);
}

export function failed(what: string, error: number): TunError {
  return new TunError(codeOf(error), `${what} failed with ${codeOf(error)}`);
}

export function codeOf(error: number): string {
  try {
    return getSystemErrorName(-error);
  } catch {
    return `E${error}`;
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return '$USER';
  }
}
