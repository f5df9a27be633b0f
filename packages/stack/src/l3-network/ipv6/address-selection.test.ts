import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IpAddress } from '../../base/ip-address.ts';
import { ip } from '../testing/fake-link.ts';
import {
  commonPrefixLength,
  compareSources,
  type DestinationCandidate,
  labelOf,
  precedenceOf,
  Scope,
  type SourceCandidate,
  scopeOf,
  selectSource,
  sortDestinations,
} from './address-selection.ts';

const source = (address: string, more: Partial<SourceCandidate> = {}): SourceCandidate => ({
  address: ip(address),
  length: 64,
  deprecated: false,
  onOutgoing: true,
  ...more,
});

function chosen(destination: string, ...candidates: SourceCandidate[]): string {
  return `${selectSource(candidates, ip(destination))?.address}`;
}

function ordered(...pairs: [destination: string, source: string | null][]): string[] {
  const candidates = pairs.map(([address, from]) => ({
    address: ip(address),
    source: from === null ? null : ip(from),
  }));
  return sortDestinations(candidates).map(({ address }) => `${address}`);
}

describe('Scopes and policies (RFC 6724 2.1, 3)', () => {
  it.each([
    ['::1', Scope.Link, 50, 0],
    ['fe80::1', Scope.Link, 40, 1],
    ['2001:db8::1', Scope.Global, 40, 1],
    ['2002:c000:201::1', Scope.Global, 30, 2],
    ['2001::1', Scope.Global, 5, 5],
    ['fc00::1', Scope.Global, 3, 13],
    ['fec0::1', Scope.Site, 1, 11],
    ['::ffff:10.0.0.1', Scope.Global, 35, 4],
    ['10.0.0.1', Scope.Global, 35, 4],
    ['169.254.1.1', Scope.Link, 35, 4],
    ['127.0.0.1', Scope.Link, 35, 4],
    ['::10.0.0.1', Scope.Global, 1, 3],
    ['3ffe::1', Scope.Global, 1, 12],
    ['ff05::1', Scope.Site, 40, 1],
    ['ff02::1', Scope.Link, 40, 1],
  ])('%s', (text, scope, precedence, label) => {
    expect([scopeOf(ip(text)), precedenceOf(ip(text)), labelOf(ip(text))]).toEqual([scope, precedence, label]);
  });

  it('counts the bits that two addresses share', () => {
    expect(commonPrefixLength(ip('2001:db8::1'), ip('2001:db8::1'), 128)).toBe(128);
    expect(commonPrefixLength(ip('2001:db8::1'), ip('2001:db8::1'), 64)).toBe(64);
    expect(commonPrefixLength(ip('2001:db8:1::1'), ip('2001:db8:3::1'), 64)).toBe(46);
    expect(commonPrefixLength(ip('8000::'), ip('::'), 64)).toBe(0);
  });
});

describe('Source addresses: the examples of RFC 6724 10.1', () => {
  it.each<[string, string, SourceCandidate[]]>([
    ['2001:db8:1::1', '2001:db8:3::1', [source('2001:db8:3::1'), source('fe80::1')]],
    ['ff05::1', '2001:db8:3::1', [source('2001:db8:3::1'), source('fe80::1')]],
    ['2001:db8:1::1', '2001:db8:1::1', [source('2001:db8:1::1', { deprecated: true }), source('2001:db8:2::1')]],
    ['fe80::1', 'fe80::2', [source('fe80::2', { deprecated: true }), source('2001:db8:1::1')]],
    ['2001:db8:1::1', '2001:db8:1::2', [source('2001:db8:1::2'), source('2001:db8:3::2')]],
    ['2001:db8:1::1', '2001:db8:3::2', [source('2001:db8:1::2', { deprecated: true }), source('2001:db8:3::2')]],
    [
      '2002:c633:6401::1',
      '2002:c633:6401::d5e3:7953:13eb:22e8',
      [source('2002:c633:6401::d5e3:7953:13eb:22e8', { temporary: true }), source('2001:db8:1::2')],
    ],
    ['2001:db8:1::d5e3:0:0:1', '2001:db8:1::2', [source('2001:db8:1::2'), source('2001:db8:2::d5e3:7953:13eb:22e8')]],
  ])('to %s from %s', (destination, expected, candidates) => {
    expect(chosen(destination, ...candidates)).toBe(`${ip(expected)}`);
    expect(chosen(destination, ...[...candidates].reverse())).toBe(`${ip(expected)}`);
  });

  it('prefers the outgoing interface, then the prefix of the next hop', () => {
    const elsewhere = source('2001:db8:1::1', { onOutgoing: false });
    expect(chosen('2001:db8:1::9', elsewhere, source('2001:db8:2::1'))).toBe('2001:db8:2::1');
    const hop = source('2001:db8:2::1', { fromNextHop: true });
    expect(chosen('2001:db8:1::9', source('2001:db8:1::1'), hop)).toBe('2001:db8:2::1');
  });

  it('takes the first of those that no rule tells apart, and none of none', () => {
    expect(chosen('2001:db8::9', source('2001:db8::1'), source('2001:db8::2'))).toBe('2001:db8::1');
    expect(selectSource([], ip('::1'))).toBeNull();
  });
});

describe('Destination addresses: the examples of RFC 6724 10.2', () => {
  it.each<[string, string[], [string, string | null][]]>([
    [
      'IPv6 first',
      ['2001:db8:1::1', '198.51.100.121'],
      [
        ['198.51.100.121', '169.254.13.78'],
        ['2001:db8:1::1', '2001:db8:1::2'],
      ],
    ],
    [
      'a source of the same scope',
      ['198.51.100.121', '2001:db8:1::1'],
      [
        ['2001:db8:1::1', 'fe80::1'],
        ['198.51.100.121', '198.51.100.117'],
      ],
    ],
    [
      'higher precedence',
      ['2001:db8:1::1', '10.1.2.3'],
      [
        ['10.1.2.3', '10.1.2.4'],
        ['2001:db8:1::1', '2001:db8:1::2'],
      ],
    ],
    [
      'smaller scope',
      ['fe80::1', '2001:db8:1::1'],
      [
        ['2001:db8:1::1', '2001:db8:1::2'],
        ['fe80::1', 'fe80::2'],
      ],
    ],
    [
      'the same label',
      ['2001:db8:1::1', '2002:c633:6401::1'],
      [
        ['2002:c633:6401::1', '2001:db8:1::2'],
        ['2001:db8:1::1', '2001:db8:1::2'],
      ],
    ],
    [
      'what can be reached',
      ['10.0.0.1', '2001:db8::1'],
      [
        ['2001:db8::1', null],
        ['10.0.0.1', '10.0.0.2'],
      ],
    ],
    [
      'the longest prefix',
      ['2001:db8:1::1', '2001:db8:8000::1'],
      [
        ['2001:db8:8000::1', '2001:db8:1::2'],
        ['2001:db8:1::1', '2001:db8:1::2'],
      ],
    ],
    [
      'as they came',
      ['10.0.0.9', '10.0.0.1'],
      [
        ['10.0.0.9', '10.0.0.2'],
        ['10.0.0.1', '10.0.0.2'],
      ],
    ],
  ])('%s', (_rule, expected, pairs) => expect(ordered(...pairs)).toEqual(expected));

  it('puts deprecated sources last', () => {
    const candidates: DestinationCandidate[] = [
      { address: ip('2001:db8:1::1'), source: ip('2001:db8:1::2'), sourceDeprecated: true },
      { address: ip('2001:db8:2::1'), source: ip('2001:db8:3::2') },
    ];
    expect(sortDestinations(candidates).map(({ address }) => `${address}`)).toEqual(['2001:db8:2::1', '2001:db8:1::1']);
  });
});

it('the choice is one of the candidates, none is better, and no order of theirs changes which rules hold', () => {
  const word = fc.constantFrom(0, 1, 0x20010db8, 0xfe800000, 0xfc000000, 0x20020000, 0xffff);
  const address = fc.tuple(word, word, word, word).map(([a, b, c, d]) => IpAddress.v6(a, b, c, d));
  const flag = fc.boolean();
  const candidate = fc.record({
    address,
    length: fc.constant(64),
    deprecated: flag,
    onOutgoing: flag,
    temporary: flag,
  });
  fc.assert(
    fc.property(fc.array(candidate, { minLength: 1, maxLength: 8 }), address, (candidates, destination) => {
      const best = selectSource(candidates, destination)!;
      expect(candidates).toContain(best);
      for (const each of candidates) {
        expect(compareSources(best, each, destination)).toBeLessThanOrEqual(0);
        expect(Math.sign(compareSources(best, each, destination))).toBe(
          0 - Math.sign(compareSources(each, best, destination)),
        );
      }
    }),
    { numRuns: 500 },
  );
});
