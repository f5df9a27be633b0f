import { expect, it } from 'vitest';
import { IpAddress } from '../base/ip-address.ts';
import { NameServers } from './name-servers.ts';

const A = IpAddress.parse('10.0.0.1')!;
const B = IpAddress.parse('10.0.0.2')!;

it('lists what each source says, the first first, each once, and forgets what is taken back', () => {
  const names = new NameServers();
  expect(String(names)).toBe('');
  names.set('dhcp eth0', [A, B], 'lab');
  names.set('dhcp eth1', [B], 'lab');
  names.set('hand', [A], 'home');
  expect(String(names)).toBe('search lab home\nnameserver 10.0.0.1\nnameserver 10.0.0.2\n');
  names.remove('dhcp eth0');
  expect(names.servers.map(String)).toEqual(['10.0.0.2', '10.0.0.1']);
  names.set('dhcp eth1', []);
  names.set('hand', [B]);
  expect(String(names)).toBe('nameserver 10.0.0.2\n');
});
