import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { getservbyname, getservbyport, services } from './services.ts';

test.each([
  ['ftp-data', 20],
  ['ftp', 21],
  ['ssh', 22],
  ['telnet', 23],
  ['smtp', 25],
  ['time', 37],
  ['domain', 53],
  ['bootps', 67],
  ['bootpc', 68],
  ['tftp', 69],
  ['gopher', 70],
  ['http', 80],
  ['pop2', 109],
  ['pop3', 110],
  ['nntp', 119],
  ['ntp', 123],
  ['https', 443],
  ['echo', 7],
  ['discard', 9],
  ['daytime', 13],
  ['chargen', 19],
  ['sip', 5060],
])('%s is port %d, and the other way round', (name, port) => {
  expect(getservbyname(name)?.port).toBe(port);
  expect(getservbyport(port)?.name).toBe(name);
});

test('aliases lead to the service', () => {
  expect(getservbyname('www')?.name).toBe('http');
  expect(getservbyname('mail', 'tcp')?.port).toBe(25);
});

test('an official name goes before an alias of another', () => {
  expect(getservbyname('syslog')).toMatchObject({ name: 'syslog', protocols: ['udp'] });
  expect(getservbyname('syslog', 'tcp')?.name).toBe('shell');
});

test('the protocol chooses', () => {
  expect(getservbyport(514, 'tcp')?.name).toBe('shell');
  expect(getservbyport(514, 'udp')?.name).toBe('syslog');
  expect(getservbyname('http', 'udp')).toBe(null);
  expect(getservbyname('http', 'sctp')).toBe(null);
  expect(getservbyport(69, 'tcp')).toBe(null);
});

test('what is not known', () => {
  expect(getservbyname('no-such-service')).toBe(null);
  expect(getservbyname('')).toBe(null);
  expect(getservbyname('constructor')).toBe(null);
  expect(getservbyport(4)).toBe(null);
  expect(getservbyport(-1)).toBe(null);
});

test('no name stands for two ports of one protocol', () => {
  const seen = new Set<string>();
  for (const { name, port, protocols } of services) {
    for (const protocol of protocols) {
      expect(seen.has(`${name}/${protocol}`), `${name}/${protocol}`).toBe(false);
      expect(seen.has(`${port}/${protocol}`), `${port}/${protocol}`).toBe(false);
      seen.add(`${name}/${protocol}`);
      seen.add(`${port}/${protocol}`);
    }
  }
});

// What this machine knows and we know as well has to be the same.
describe('this machine', () => {
  test('has the same ports for our names', (context) => {
    if (!existsSync('/etc/services')) context.skip('needs /etc/services');
    let compared = 0;
    for (const line of readFileSync('/etc/services', 'utf8').split('\n')) {
      const match = /^([a-z0-9-]+)\s+(\d+)\/(tcp|udp)/.exec(line);
      if (match === null) continue;
      const [, name = '', port, protocol] = match;
      const ours = getservbyname(name, protocol);
      if (ours === null || ours.name !== name) continue;
      expect(`${name} ${ours.port}`).toBe(`${name} ${port}`);
      compared++;
    }
    expect(compared).toBeGreaterThan(30);
  });
});
