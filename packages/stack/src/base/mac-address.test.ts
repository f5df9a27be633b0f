import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MacAddress, writeMac } from './mac-address.ts';

const mac = fc.tuple(fc.nat(0xffff), fc.nat(0xffffffff)).map(([hi, lo]) => new MacAddress(hi, lo));

describe('MacAddress', () => {
  it('reads colons and hyphens, either case', () => {
    const address = MacAddress.parse('02:00:5e:10:00:ff');
    expect(address?.hi).toBe(0x0200);
    expect(address?.lo).toBe(0x5e1000ff);
    expect(MacAddress.parse('02-00-5E-10-00-FF')?.equals(address!)).toBe(true);
  });

  it('refuses everything else', () => {
    const wrong = [
      '',
      '02:00:5e:10:00',
      '02:00:5e:10:00:ff:01',
      '02:00:5e:10:00:f',
      '02:00:5e:10:00:fg',
      '02-00:5e:10:00:ff',
      '0:200:5e:10:00:ff',
      '0200.5e10.00ff',
      ' 02:00:5e:10:00:f',
      '02:00:5e:10:00:+f',
      '02:00:5e:10:00:ff ',
      '０2:00:5e:10:00:ff',
    ];
    for (const text of wrong) expect(MacAddress.parse(text), text).toBeNull();
  });

  it('is total on any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0aF:-g'), maxLength: 18 })), (text) => {
        const address = MacAddress.parse(text);
        if (address !== null) expect(address.toString()).toBe(text.toLowerCase().replaceAll('-', ':'));
      }),
    );
  });

  it('comes back from its text and from its bytes, at any alignment', () => {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    fc.assert(
      fc.property(mac, fc.nat(10), (address, offset) => {
        expect(MacAddress.parse(address.toString())?.equals(address)).toBe(true);
        address.write(view, offset);
        expect(MacAddress.read(view, offset).equals(address)).toBe(true);
        expect(MacAddress.fromBytes(bytes, offset).equals(address)).toBe(true);
        bytes[offset + (address.lo % 6)] ^= 1;
        expect(MacAddress.read(view, offset).equals(address)).toBe(false);
        writeMac(view, offset, address);
        expect(MacAddress.read(view, offset).equals(address)).toBe(true);
      }),
    );
  });

  it('writes six bytes and no more', () => {
    const bytes = new Uint8Array(8);
    MacAddress.BROADCAST.write(new DataView(bytes.buffer), 1);
    expect([...bytes]).toEqual([0, 255, 255, 255, 255, 255, 255, 0]);
  });

  it('knows groups, the broadcast and the locally administered', () => {
    const is = (text: string) => {
      const address = MacAddress.parse(text)!;
      return [address.isMulticast, address.isBroadcast, address.isLocal];
    };
    expect(is('ff:ff:ff:ff:ff:ff')).toEqual([true, true, true]);
    expect(is('01:00:5e:00:00:01')).toEqual([true, false, false]); // RFC 1112 6.4
    expect(is('33:33:00:00:00:01')).toEqual([true, false, true]); // RFC 2464 7
    expect(is('02:00:00:00:00:01')).toEqual([false, false, true]);
    expect(is('00:1b:21:00:00:01')).toEqual([false, false, false]);
    expect(is('ff:ff:ff:ff:ff:fe')).toEqual([true, false, true]);
    expect(MacAddress.ZERO.toString()).toBe('00:00:00:00:00:00');
  });
});
