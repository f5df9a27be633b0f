import { describe, expect, it } from 'vitest';
import { IpAddress } from '../base/ip-address.ts';
import { HostsFile } from './hosts-file.ts';

const A = IpAddress.parse('10.0.0.1')!;
const B = IpAddress.parse('10.0.0.2')!;

describe('a hosts file', () => {
  it('finds all addresses of a name, in any case, and the canonical name of an address', () => {
    const file = new HostsFile();
    file.add(A, 'Web', 'www');
    file.add(B, 'web');
    file.add(B, 'web');
    file.add(A, 'other');
    expect(file.lookup('WEB').map(String)).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(file.lookup('www').map(String)).toEqual(['10.0.0.1']);
    expect(file.lookup('nobody')).toEqual([]);
    expect([file.reverse(A), file.reverse(B), file.reverse(IpAddress.LOOPBACK4)]).toEqual(['Web', 'web', null]);
  });

  it('forgets an address with all its names', () => {
    const file = new HostsFile();
    file.add(A, 'web', 'www');
    file.add(B, 'web');
    file.remove(A);
    expect([file.lookup('web').map(String), file.lookup('www'), file.reverse(A)]).toEqual([['10.0.0.2'], [], null]);
    file.add(A, 'mail');
    expect(file.toString()).toBe('10.0.0.2\tweb\n10.0.0.1\tmail\n');
  });

  it('reads as the file does', () => {
    const file = new HostsFile();
    file.add(A, 'web', 'www');
    file.add(B, 'mail');
    expect(file.toString()).toBe('10.0.0.1\tweb www\n10.0.0.2\tmail\n');
  });
});
