import { describe, expect, it } from 'vitest';
import { MacAddress } from '../../base/mac-address.ts';
import { Random } from '../../base/random.ts';
import { prefix } from '../testing/fake-link.ts';
import { isReserved, StableIdentifiers } from './stable-identifier.ts';

const MAC = MacAddress.parse('02:00:00:00:00:01')!;

describe('Stable identifiers (RFC 7217)', () => {
  const made = new StableIdentifiers(Random.from(7));
  const lan = prefix('2001:db8:1::/64');

  it('are the same for the same prefix, interface and try', () => {
    const first = made.addressIn(lan, MAC, 0);
    expect(made.addressIn(lan, MAC, 0).equals(first)).toBe(true);
    expect(new StableIdentifiers(Random.from(7)).addressIn(lan, MAC, 0).equals(first)).toBe(true);
    expect(lan.contains(first)).toBe(true);
  });

  it('differ by prefix, interface, try and secret, and do not show the MAC address', () => {
    const first = made.addressIn(lan, MAC, 0);
    const others = [
      made.addressIn(prefix('2001:db8:2::/64'), MAC, 0),
      made.addressIn(lan, MacAddress.parse('02:00:00:00:00:02')!, 0),
      made.addressIn(lan, MAC, 1),
      new StableIdentifiers(Random.from(8)).addressIn(lan, MAC, 0),
    ];
    const identifiers = new Set([first, ...others].map(({ w2, w3 }) => `${w2}:${w3}`));
    expect(identifiers.size).toBe(5);
    expect(first.w3 & 0xffffff).not.toBe(MAC.lo & 0xffffff);
  });

  it('are none of the reserved ones (RFC 5453)', () => {
    expect(isReserved(0, 0)).toBe(true);
    expect(isReserved(0, 1)).toBe(false);
    expect(isReserved(0xfdffffff, 0xffffff80)).toBe(true);
    expect(isReserved(0xfdffffff, 0xffffff7f)).toBe(false);
    expect(isReserved(0xfdffffff, 0xffffffff)).toBe(true);
    expect(isReserved(0x02005eff, 0xfe000000)).toBe(true);
    expect(isReserved(0x02005eff, 0xfd000000)).toBe(false);
  });
});
