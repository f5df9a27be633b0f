import { Errno } from '../base/errors.ts';
import { SO_RCVTIMEO, SO_SNDTIMEO, SOL_SOCKET } from './constants.ts';

/**
 * What a program may pass as the value of an option: a number, a switch, a text, or a structure, either as its bytes
 * on a little-endian machine or as the numbers in it, in order.
 */
export type OptionValue = number | boolean | string | readonly number[] | Uint8Array;

/** The `int`s of a value; none when it is too short to hold one. */
export function intsOf(value: Exclude<OptionValue, string>): readonly number[] {
  if (typeof value === 'number') return [value];
  if (typeof value === 'boolean') return [Number(value)];
  if (!(value instanceof Uint8Array)) return value;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  const values: number[] = [];
  for (let at = 0; at + 4 <= value.length; at += 4) values.push(view.getInt32(at, true));
  if (values.length === 0 && value.length > 0) values.push(value[0]!); // Linux takes a single byte for some
  return values;
}

/** Is it one of the two options that are a time? */
export function isTimeout(level: number, name: number): boolean {
  return level === SOL_SOCKET && (name === SO_RCVTIMEO || name === SO_SNDTIMEO);
}

/** The time of a `struct timeval` in ns: seconds and microseconds, as a pair or as two 64-bit numbers. Or -EINVAL. */
export function timevalOf(value: Exclude<OptionValue, string>): number {
  const values = intsOf(value);
  const [seconds = 0] = values;
  const microseconds = (value instanceof Uint8Array ? values[2] : values[1]) ?? 0;
  if (values.length === 0 || microseconds < 0 || microseconds >= 1e6) return -Errno.EINVAL;
  return Math.max(0, seconds) * 1e9 + microseconds * 1e3;
}

/** A time in ns as a `struct timeval`. */
export function timevalBytes(ns: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, Math.floor(ns / 1e9), true);
  view.setInt32(8, Math.floor((ns % 1e9) / 1e3), true);
  return bytes;
}
