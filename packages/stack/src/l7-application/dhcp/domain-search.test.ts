import { expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { DomainName } from '../dns/name.ts';
import { readDomainSearch, writeDomainSearch } from './domain-search.ts';
import { DHCP_LIMITS } from './limits.ts';

const names = (...texts: string[]) => texts.map((text) => DomainName.parse(text)!);

it('is written as RFC 3397 2 has it, and read', () => {
  const bytes = writeDomainSearch(names('eng.apple.com', 'marketing.apple.com'));
  expect(Array.from(bytes)).toEqual([
    ...[3, 0x65, 0x6e, 0x67, 5, 0x61, 0x70, 0x70, 0x6c, 0x65, 3, 0x63, 0x6f, 0x6d, 0],
    ...[9, 0x6d, 0x61, 0x72, 0x6b, 0x65, 0x74, 0x69, 0x6e, 0x67, 0xc0, 4],
  ]);
  expect(readDomainSearch(bytes)).toEqual(['eng.apple.com', 'marketing.apple.com']);
  expect(readDomainSearch(writeDomainSearch(names('a.b', 'a.b', 'b')))).toEqual(['a.b', 'a.b', 'b']);
});

it('takes no names that hosts cannot have, and not more than it may', () => {
  expect(readDomainSearch(writeDomainSearch(names('a\\.b.c', 'ok')))).toEqual(['ok']);
  expect(readDomainSearch(new Uint8Array(500)).length).toBe(0);
  const many = Array.from({ length: DHCP_LIMITS.addresses + 1 }, (_, i) => `d${i}`);
  expect(readDomainSearch(writeDomainSearch(names(...many))).length).toBe(DHCP_LIMITS.addresses);
});

it('ends for every prefix and 100,000 mutations', () => {
  const random = Random.from(3397);
  const valid = writeDomainSearch(names('eng.apple.com', 'marketing.apple.com', 'x.y'));
  for (let end = 0; end < valid.length; end++) readDomainSearch(valid.subarray(0, end));
  const bytes = new Uint8Array(valid.length);
  for (let round = 0; round < 100_000; round++) {
    bytes.set(valid);
    bytes[random.below(bytes.length)] = random.below(256);
    bytes[random.below(bytes.length)] = random.below(256);
    for (const domain of readDomainSearch(bytes)) if (domain.length > 253) throw new Error(domain);
  }
});
