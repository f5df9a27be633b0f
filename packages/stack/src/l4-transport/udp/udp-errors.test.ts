import { expect, test } from 'vitest';
import { Errno } from '../../base/errors.ts';
import { meaningOfIcmp } from './udp-errors.ts';

test.each([
  [4, 3, 3, Errno.ECONNREFUSED, true],
  [4, 3, 4, Errno.EMSGSIZE, false],
  [4, 3, 15, Errno.EHOSTUNREACH, true],
  [4, 11, 1, Errno.EHOSTUNREACH, false],
  [4, 12, 0, Errno.EPROTO, true],
  [6, 1, 0, Errno.ENETUNREACH, false],
  [6, 1, 4, Errno.ECONNREFUSED, true],
  [6, 1, 6, Errno.EACCES, true],
  [6, 2, 0, Errno.EMSGSIZE, false],
  [6, 3, 0, Errno.EHOSTUNREACH, false],
  [6, 4, 1, Errno.EPROTO, true],
] as const)('IPv%d, type %d code %d: errno %d, hard: %s', (family, type, code, errno, hard) => {
  expect(meaningOfIcmp(family, type, code)).toEqual({ errno, hard });
});

test.each([
  [4, 3, 16],
  [4, 4, 0],
  [4, 5, 1],
  [4, 0, 0],
  [6, 1, 7],
  [6, 128, 0],
] as const)('IPv%d, type %d code %d says nothing about a datagram', (family, type, code) => {
  expect(meaningOfIcmp(family, type, code)).toBe(null);
});
