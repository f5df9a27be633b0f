import { describe, expect, it } from 'vitest';
import { MacAddress } from '../base/mac-address.ts';
import { MacAssignment } from './mac-assignment.ts';

describe('MacAssignment', () => {
  it('gives addresses that are local, of one station, and all different', () => {
    const macs = new MacAssignment();
    const given = new Set<string>();
    for (let node = 0; node < 500; node++) {
      for (const name of ['eth0', 'eth1']) {
        const mac = macs.assign(`h${node}`, name);
        expect(mac?.toString()).toMatch(/^02:/);
        given.add(String(mac));
      }
    }
    expect(given.size).toBe(1000);
  });

  it('gives an interface the same address whoever else there is', () => {
    const alone = new MacAssignment();
    const crowd = new MacAssignment();
    for (let node = 0; node < 50; node++) crowd.assign(`other${node}`, 'eth0');
    expect(crowd.assign('alice', 'eth0')).toEqual(alone.assign('alice', 'eth0'));
  });

  it('tells names apart by where one ends and the other begins', () => {
    const macs = new MacAssignment();
    expect(macs.assign('a', 'bc')).not.toEqual(new MacAssignment().assign('ab', 'c'));
  });

  it('gives another one when the address is taken', () => {
    const first = new MacAssignment().assign('alice', 'eth0') as MacAddress;
    const macs = new MacAssignment();
    expect(macs.reserve(first)).toBe(true);
    const second = macs.assign('alice', 'eth0');
    expect(second).not.toEqual(first);
    expect(second?.isMulticast).toBe(false);
  });

  it('takes a wanted address that is free and a station’s', () => {
    const macs = new MacAssignment();
    expect(String(macs.assign('a', 'eth0', '00:1b:21:3a:4f:55'))).toBe('00:1b:21:3a:4f:55');
    expect(macs.assign('b', 'eth0', '00:1b:21:3a:4f:55')).toBeNull();
    for (const bad of ['01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00', 'nonsense', '']) {
      expect(macs.assign('c', 'eth0', bad)).toBeNull();
    }
    macs.release(new MacAddress(0x001b, 0x213a4f55));
    expect(macs.assign('b', 'eth0', '00:1b:21:3a:4f:55')).not.toBeNull();
  });
});
