import { NetError } from '../base/errors.ts';
import type { IpAddress } from '../base/ip-address.ts';
import { EAI_AGAIN, EAI_BADFLAGS, EAI_FAIL, EAI_FAMILY, EAI_NONAME, EAI_SERVICE, EAI_SOCKTYPE } from './constants.ts';

/**
 * Who knows names: the host gives it (its hosts file, and DNS where there is one).
 *
 * A number is why there is no address: EAI_NONAME (no such name), EAI_AGAIN (nobody answered), EAI_FAIL.
 */
export interface NameResolver {
  /** All addresses of a name, best first. */
  lookup(name: string): Promise<IpAddress[] | number> | IpAddress[] | number;
  /** The name of an address; null when there is none. */
  reverse?(address: IpAddress): Promise<string | null> | string | null;
}

const CODES: Readonly<Record<number, readonly [code: string, text: string]>> = {
  [EAI_BADFLAGS]: ['EAI_BADFLAGS', 'Bad value for ai_flags'],
  [EAI_NONAME]: ['EAI_NONAME', 'Name or service not known'],
  [EAI_AGAIN]: ['EAI_AGAIN', 'Temporary failure in name resolution'],
  [EAI_FAIL]: ['EAI_FAIL', 'Non-recoverable failure in name resolution'],
  [EAI_FAMILY]: ['EAI_FAMILY', 'ai_family not supported'],
  [EAI_SOCKTYPE]: ['EAI_SOCKTYPE', 'ai_socktype not supported'],
  [EAI_SERVICE]: ['EAI_SERVICE', 'Servname not supported for ai_socktype'],
};

/**
 * A name that could not be resolved: Python's `socket.gaierror`. `errno` is the positive number of the `EAI_` code,
 * which is not an error number of POSIX's.
 */
export class NameError extends NetError {
  override readonly code: string;
  override readonly text: string;

  /** `failure` is one of the `EAI_` numbers. */
  constructor(failure: number, syscall: string, name: string) {
    super(failure, syscall, name);
    const [code, text] = CODES[failure] ?? CODES[EAI_FAIL]!;
    this.name = 'NameError';
    this.code = code;
    this.text = text;
    this.message = `${syscall} ${code}${name === '' ? '' : ` ${name}`}: ${text}`;
  }
}
