import { describe, expect, test } from 'vitest';
import { NetError } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import * as c from './constants.ts';
import { addressOf, getaddrinfo, getnameinfo, numericHost, serviceName, servicePort } from './name-lookup.ts';
import { NameError, type NameResolver } from './names.ts';

const V4 = IpAddress.parse('192.0.2.7')!;
const V6 = IpAddress.parse('2001:db8::7')!;

const resolver: NameResolver = {
  lookup(name) {
    if (name === 'both.example') return [V6, V4];
    if (name === 'later.example') return Promise.resolve([V4]);
    if (name === 'six.example') return [V6];
    if (name === 'down.example') return c.EAI_AGAIN;
    if (name === 'empty.example') return [];
    return Promise.resolve(c.EAI_NONAME);
  },
  reverse: (address) => (address.equals(V4) ? 'both.example' : null),
};

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(NetError);
  return (error as NetError).code;
}

describe('a host that needs no asking', () => {
  test.each([
    ['', c.AF_INET, '0.0.0.0'],
    ['', c.AF_INET6, '::'],
    ['<broadcast>', c.AF_INET, '255.255.255.255'],
    ['10.0.0.1', c.AF_INET, '10.0.0.1'],
    ['127.1', c.AF_INET, '127.0.0.1'],
    ['localhost', c.AF_INET, '127.0.0.1'],
    ['LOCALHOST', c.AF_INET, '127.0.0.1'],
    ['a.localhost', c.AF_INET, '127.0.0.1'],
    ['localhost', c.AF_INET6, '::1'],
    ['::1', c.AF_INET6, '::1'],
  ])('%j in family %d', (host, family, address) => {
    expect(numericHost(host, family)?.toString()).toBe(address);
    expect(addressOf(null, host, family).toString()).toBe(address);
  });

  test('names are not among them', () => {
    expect(numericHost('localhost.example', c.AF_INET)).toBe(null);
    expect(() => addressOf(null, 'both.example', c.AF_INET)).toThrow('getaddrinfo EAI_NONAME both.example');
  });

  test('an address of the other family is none for this socket', () => {
    expect(() => addressOf(null, '::1', c.AF_INET)).toThrow('EAI_FAMILY');
  });
});

describe('a host by name', () => {
  test('at once or later, as the resolver answers', async () => {
    expect(addressOf(resolver, 'both.example', c.AF_INET)).toBe(V4);
    expect(addressOf(resolver, 'both.example', c.AF_INET6)).toBe(V6);
    const later = addressOf(resolver, 'later.example', c.AF_INET);
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toBe(V4);
  });

  test('of IPv4, from an IPv6 socket: as a mapped address', async () => {
    expect((await addressOf(resolver, 'later.example', c.AF_INET6)).toString()).toBe('::ffff:192.0.2.7');
  });

  test('that cannot be had', async () => {
    expect(() => addressOf(resolver, 'six.example', c.AF_INET)).toThrow('EAI_FAMILY');
    expect(() => addressOf(resolver, 'down.example', c.AF_INET)).toThrow('EAI_AGAIN');
    expect(() => addressOf(resolver, 'empty.example', c.AF_INET)).toThrow('EAI_NONAME');
    expect(await codeOf(addressOf(resolver, 'nobody.example', c.AF_INET) as Promise<unknown>)).toBe('EAI_NONAME');
  });
});

describe('getaddrinfo', () => {
  const shown = async (...args: Parameters<typeof getaddrinfo> extends [unknown, ...infer R] ? R : never) =>
    (await getaddrinfo(resolver, ...args)).map(([family, type, protocol, name, address]) =>
      [family, type, protocol, name, ...address].join(' ').replace('  ', ' '),
    );

  test('each address with each type of socket', async () => {
    expect(await shown('10.0.0.1', 80)).toEqual(['2 1 6 10.0.0.1 80', '2 2 17 10.0.0.1 80', '2 3 0 10.0.0.1 80']);
    expect(await shown('both.example', 'http', 0, c.SOCK_STREAM)).toEqual([
      '10 1 6 2001:db8::7 80 0 0',
      '2 1 6 192.0.2.7 80',
    ]);
  });

  test('only what was asked for', async () => {
    expect(await shown('both.example', 53, c.AF_INET, 0, c.IPPROTO_UDP)).toEqual([
      '2 2 17 192.0.2.7 53',
      '2 3 17 192.0.2.7 53',
    ]);
    expect(await shown('both.example', '53', c.AF_INET6, c.SOCK_DGRAM)).toEqual(['10 2 17 2001:db8::7 53 0 0']);
    expect(await shown('later.example', 'tftp')).toEqual(['2 2 17 192.0.2.7 69']);
  });

  test('this host: to connect to, or to listen', async () => {
    expect(await shown(null, 80, 0, c.SOCK_STREAM)).toEqual(['10 1 6 ::1 80 0 0', '2 1 6 127.0.0.1 80']);
    expect(await shown(null, 80, c.AF_INET, c.SOCK_STREAM, 0, c.AI_PASSIVE)).toEqual(['2 1 6 0.0.0.0 80']);
  });

  test('the canonical name stands in the first answer', async () => {
    expect(await shown('later.example', 80, 0, 0, 0, c.AI_CANONNAME)).toEqual([
      '2 1 6 later.example 192.0.2.7 80',
      '2 2 17 192.0.2.7 80',
      '2 3 0 192.0.2.7 80',
    ]);
  });

  test.each([
    ['no such name', ['nobody.example', 80], 'EAI_NONAME'],
    ['an empty name', ['', 80], 'EAI_NONAME'],
    ['nobody answers', ['down.example', 80], 'EAI_AGAIN'],
    ['no address of this family', ['six.example', 80, c.AF_INET], 'EAI_NONAME'],
    ['a number of another family', ['10.0.0.1', 80, c.AF_INET6], 'EAI_FAMILY'],
    ['an unknown family', ['10.0.0.1', 80, 77], 'EAI_FAMILY'],
    ['an unknown type', ['10.0.0.1', 80, 0, 77], 'EAI_SOCKTYPE'],
    ['a type without such a protocol', ['10.0.0.1', 80, 0, c.SOCK_STREAM, c.IPPROTO_UDP], 'EAI_SOCKTYPE'],
    ['a service that is not known', ['10.0.0.1', 'no-such-service'], 'EAI_SERVICE'],
    ['a service of another type', ['10.0.0.1', 'tftp', 0, c.SOCK_STREAM], 'EAI_SERVICE'],
    ['an unknown flag', ['10.0.0.1', 80, 0, 0, 0, 0x8000], 'EAI_BADFLAGS'],
    ['the canonical name of nobody', [null, 80, 0, 0, 0, c.AI_CANONNAME], 'EAI_BADFLAGS'],
    ['neither a host nor a service', [null, null], 'EAI_NONAME'],
    ['a name where a number has to be', ['both.example', 80, 0, 0, 0, c.AI_NUMERICHOST], 'EAI_NONAME'],
    ['a service where a number has to be', ['10.0.0.1', 'http', 0, 0, 0, c.AI_NUMERICSERV], 'EAI_SERVICE'],
  ] as const)('%s', async (_, args, code) => {
    const [host, service, ...more] = args;
    expect(await codeOf(getaddrinfo(resolver, host, service, ...more))).toBe(code);
  });
});

describe('getnameinfo', () => {
  test.each([
    [['192.0.2.7', 80], 0, 'both.example http'],
    [['192.0.2.7', 80], c.NI_NUMERICHOST, '192.0.2.7 http'],
    [['192.0.2.7', 80], c.NI_NUMERICHOST | c.NI_NUMERICSERV, '192.0.2.7 80'],
    [['192.0.2.8', 514], 0, '192.0.2.8 shell'],
    [['192.0.2.8', 514], c.NI_DGRAM, '192.0.2.8 syslog'],
    [['192.0.2.8', 4], 0, '192.0.2.8 4'],
  ] as const)('%j with flags %d', async (address, flags, answer) => {
    expect((await getnameinfo(resolver, [...address], flags)).join(' ')).toBe(answer);
  });

  test('what there is no name for', async () => {
    expect(await codeOf(getnameinfo(resolver, ['192.0.2.8', 80], c.NI_NAMEREQD))).toBe('EAI_NONAME');
    expect(await codeOf(getnameinfo(resolver, ['both.example', 80]))).toBe('EAI_NONAME');
  });
});

test('services by name and by port', () => {
  expect(servicePort('http')).toBe(80);
  expect(servicePort('domain', 'udp')).toBe(53);
  expect(serviceName(25)).toBe('smtp');
  expect(() => servicePort('http', 'udp')).toThrow('getservbyname ENOENT http/udp');
  expect(() => serviceName(4)).toThrow('getservbyport ENOENT 4');
});

test('a NameError tells code, text and name', () => {
  const error = new NameError(c.EAI_AGAIN, 'getaddrinfo', 'example.com');
  expect(error).toBeInstanceOf(NetError);
  expect(error).toMatchObject({
    name: 'NameError',
    code: 'EAI_AGAIN',
    errno: 3,
    syscall: 'getaddrinfo',
    message: 'getaddrinfo EAI_AGAIN example.com: Temporary failure in name resolution',
  });
});
