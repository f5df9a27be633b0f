import { Errno, NetError } from '../base/errors.ts';
import { utf8Encode } from '../base/utf8.ts';

/** What a program may pass as data: bytes, or a text, which is sent as UTF-8. */
export type Data = Uint8Array | string;

/** The bytes of what a program passed. Throws EFAULT, as for a bad pointer, for what is neither bytes nor a text. */
export function bytesOf(syscall: string, data: Data): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (typeof data === 'string') return utf8Encode(data);
  throw new NetError(Errno.EFAULT, syscall, 'the data is neither bytes nor a text');
}
