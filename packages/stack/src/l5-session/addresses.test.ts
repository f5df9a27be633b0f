import { describe, expect, test } from 'vitest';
import { NetError } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import {
  addressText,
  htonl,
  htons,
  inet_aton,
  inet_ntoa,
  inet_ntop,
  inet_pton,
  ntohl,
  ntohs,
  parseInetAton,
  socketAddress,
} from './addresses.ts';
import { AF_INET, AF_INET6, AF_UNIX } from './constants.ts';

describe('inet_aton', () => {
  test.each([
    ['10.0.0.1', 0x0a000001],
    ['127.1', 0x7f000001],
    ['127.0.1', 0x7f000001],
    ['10.1.258', 0x0a010102],
    ['1', 1],
    ['4294967295', 0xffffffff],
    ['0x7f.1', 0x7f000001],
    ['0x7F000001', 0x7f000001],
    ['010.0.0.1', 0x08000001],
    ['0', 0],
    ['0.0.0.0', 0],
  ])('%s', (text, address) => {
    expect(parseInetAton(text)).toBe(address);
    expect(new DataView(inet_aton(text).buffer).getUint32(0)).toBe(address);
  });

  test.each([
    '',
    '.',
    '1.',
    '.1',
    '1.2.3.4.5',
    '256.0.0.1',
    '1.2.3.256',
    '1.2.65536',
    '1.16777216',
    '4294967296',
    '09',
    '0xg',
    'a.b',
    '1 ',
    '-1',
    '1e3',
  ])('refuses %j', (text) => {
    expect(parseInetAton(text)).toBe(-1);
    expect(() => inet_aton(text)).toThrow(NetError);
  });
});

test('inet_ntoa is the way back', () => {
  expect(inet_ntoa(inet_aton('192.0.2.200'))).toBe('192.0.2.200');
  expect(() => inet_ntoa(new Uint8Array(3))).toThrow('inet_ntoa EINVAL');
});

describe('inet_pton and inet_ntop', () => {
  test.each([
    [AF_INET, '10.0.0.1', 4],
    [AF_INET6, '2001:db8::1', 16],
    [AF_INET6, '::', 16],
    [AF_INET6, '::ffff:10.0.0.1', 16],
  ])('family %d: %s', (family, text, length) => {
    const bytes = inet_pton(family, text);
    expect(bytes.length).toBe(length);
    expect(inet_ntop(family, bytes)).toBe(text);
  });

  test.each([
    [AF_INET, '127.1', 'EINVAL'],
    [AF_INET, '::1', 'EINVAL'],
    [AF_INET6, '10.0.0.1', 'EINVAL'],
    [AF_UNIX, '10.0.0.1', 'EAFNOSUPPORT'],
  ])('family %d refuses %s: %s', (family, text, code) => {
    expect(() => inet_pton(family, text)).toThrow(`inet_pton ${code}`);
  });

  test('wrong lengths and families', () => {
    expect(() => inet_ntop(AF_INET, new Uint8Array(16))).toThrow('inet_ntop EINVAL');
    expect(() => inet_ntop(AF_INET6, new Uint8Array(4))).toThrow('inet_ntop EINVAL');
    expect(() => inet_ntop(AF_UNIX, new Uint8Array(4))).toThrow('inet_ntop EAFNOSUPPORT');
  });

  test('bytes in the midst of others', () => {
    const bytes = Uint8Array.of(9, 9, 10, 0, 0, 1, 9).subarray(2, 6);
    expect(inet_ntop(AF_INET, bytes)).toBe('10.0.0.1');
    expect(inet_ntoa(bytes)).toBe('10.0.0.1');
  });
});

test('byte order is that of a little-endian host', () => {
  expect(htons(80)).toBe(20_480);
  expect(ntohs(htons(0xabcd))).toBe(0xabcd);
  expect(htonl(0x0a000001)).toBe(0x0100000a);
  expect(htonl(0x000000ff)).toBe(0xff000000);
  expect(ntohl(htonl(0xdeadbeef))).toBe(0xdeadbeef);
});

test('how addresses are shown', () => {
  expect(socketAddress(IpAddress.LOOPBACK4, 80)).toEqual(['127.0.0.1', 80]);
  expect(socketAddress(IpAddress.LOOPBACK6, 80)).toEqual(['::1', 80, 0, 0]);
  expect(addressText('10.0.0.1', 80)).toBe('10.0.0.1:80');
  expect(addressText('::1', 80)).toBe('[::1]:80');
});
