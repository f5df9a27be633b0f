import { expect, test } from 'vitest';
import { errnoName } from '../base/errors.ts';
import {
  describeIcmp,
  icmpCode,
  icmpErrno,
  icmpIdentifier,
  icmpNextHopMtu,
  icmpPointer,
  icmpSequence,
  icmpType,
  isIcmpError,
  isIcmpQuery,
  writeIcmpHeader,
} from './icmp-header.ts';

const view = new DataView(new ArrayBuffer(8));

test('what is written is read', () => {
  writeIcmpHeader(view, 0, 8, 0, 0xbeef0007);
  expect([icmpType(view, 0), icmpCode(view, 0), icmpIdentifier(view, 0), icmpSequence(view, 0)]).toEqual([
    8, 0, 0xbeef, 7,
  ]);
  expect(describeIcmp(view, 0)).toBe('echo request, id 48879, seq 7');
  writeIcmpHeader(view, 0, 3, 4, 1400);
  expect(icmpNextHopMtu(view, 0)).toBe(1400);
  expect(describeIcmp(view, 0)).toBe('fragmentation needed and DF set, next-hop MTU 1400');
  writeIcmpHeader(view, 0, 12, 0, 21 << 24);
  expect(icmpPointer(view, 0)).toBe(21);
  expect(describeIcmp(view, 0)).toBe('parameter problem at byte 21');
});

test('errors and questions are told apart; what is neither is not answered as either', () => {
  const types = Array.from({ length: 256 }, (_, type) => type);
  expect(types.filter(isIcmpError)).toEqual([3, 4, 5, 11, 12]);
  expect(types.filter(isIcmpQuery)).toEqual([0, 8, 9, 10, 13, 14, 15, 16, 17, 18]);
});

test('error numbers are those of Linux', () => {
  const told = (type: number, code: number): string => {
    const { errno, hard } = icmpErrno(type, code);
    return `${errno === 0 ? 'nothing' : errnoName(errno)}${hard ? '!' : ''}`;
  };
  expect(Array.from({ length: 16 }, (_, code) => told(3, code))).toEqual([
    'ENETUNREACH',
    'EHOSTUNREACH',
    'ENOPROTOOPT!',
    'ECONNREFUSED!',
    'EMSGSIZE',
    'EOPNOTSUPP',
    'ENETUNREACH!',
    'EHOSTDOWN!',
    'ENONET!',
    'ENETUNREACH!',
    'EHOSTUNREACH!',
    'ENETUNREACH',
    'EHOSTUNREACH',
    'EHOSTUNREACH!',
    'EHOSTUNREACH!',
    'EHOSTUNREACH!',
  ]);
  expect(told(11, 0)).toBe('EHOSTUNREACH');
  expect(told(12, 0)).toBe('EPROTO!');
  expect(told(4, 0)).toBe('nothing');
});
