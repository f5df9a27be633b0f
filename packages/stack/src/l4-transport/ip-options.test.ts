import { expect, test } from 'vitest';
import { Errno } from '../base/errors.ts';
import { wantedIpOptions } from './ip-options.ts';

test('what a program may ask for', () => {
  expect(wantedIpOptions(Uint8Array.of(7, 7, 4, 0, 0, 0, 0))).toEqual(Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 0));
  expect(wantedIpOptions(new Uint8Array(0))).toEqual(new Uint8Array(0));
  expect(wantedIpOptions(new Uint8Array(40))).toEqual(new Uint8Array(40));
  expect(wantedIpOptions(new Uint8Array(41))).toBe(-Errno.EINVAL);
  expect(wantedIpOptions(Uint8Array.of(7, 9, 4, 0))).toBe(-Errno.EINVAL);
  expect(wantedIpOptions(Uint8Array.of(131, 7, 4, 10, 0, 0, 1))).toBe(-Errno.EPERM);
});
