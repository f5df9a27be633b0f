import { describe, expect, it } from 'vitest';
import { IpAddress } from '../../base/ip-address.ts';
import { HostsFile } from '../../host/hosts-file.ts';
import { zonesOf } from './scenario-zones.ts';
import { name, zone } from './testing/zones.ts';
import { Type } from './types.ts';
import { Zone } from './zone.ts';

const HEAD = '$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\n';
const problems = (text: string): string[] => {
  const made = Zone.parse(text, name('lab.'));
  return made instanceof Zone ? [] : made.problems.map(({ line, what }) => `${line}: ${what}`);
};

describe('a zone', () => {
  it('has a table of its names, with those on the way to others', () => {
    const made = zone(`${HEAD}a.b.c A 10.0.0.1\nns A 10.0.0.2\n`, 'lab.');
    expect([made.origin.toString(), made.size]).toEqual(['lab.', 5]);
    expect(made.find(name('b.c.lab.'), Type.A).kind).toBe('no-data');
    expect(made.find(name('x.c.lab.'), Type.A).kind).toBe('no-name');
    expect(made.setAt(name('ns.lab.'), Type.A)!.length).toBe(1);
    expect(made.setAt(name('ns.lab.'), Type.MX)).toBe(null);
  });

  it('is written as a master file that is read as the same zone', () => {
    const text = zone(
      `${HEAD}a A 10.0.0.1\na A 10.0.0.2\n* TXT "x"\nsub NS ns.sub\nns.sub A 10.0.0.3\n`,
      'lab.',
    ).toString();
    expect(zone(text, 'elsewhere.').toString()).toBe(text);
    expect(text.split('\n')[0]).toBe('lab. 60 IN SOA ns.lab. host.lab. 1 2 3 4 5');
  });

  it('has each record once, and one time to live for a set (RFC 2181 5)', () => {
    const made = zone(`${HEAD}a A 10.0.0.1\nA 30 A 10.0.0.1\na 30 A 10.0.0.2\n`, 'lab.');
    expect(made.setAt(name('a.lab.'), Type.A)!.map(String)).toEqual([
      'a.lab. 60 IN A 10.0.0.1',
      'a.lab. 60 IN A 10.0.0.2',
    ]);
  });

  it.each([
    ['', ['1: there is no SOA record, with which a zone begins']],
    ['$TTL 1\n@ SOA ns host 1 2 3 4 5\n', ['2: lab. has no NS record: no server would serve it']],
    [`${HEAD}@ SOA ns host 1 2 3 4 5\n`, ['4: a second SOA; the first is on line 2']],
    [`${HEAD}www.other. A 10.0.0.1\n`, ['4: www.other. does not belong to the zone lab.']],
    [`${HEAD}a CNAME b\na A 10.0.0.1\n`, ['5: a.lab. is an alias (CNAME), so it cannot have a record of type A']],
    [`${HEAD}a A 10.0.0.1\na CNAME b\n`, ['5: a.lab. has other records, so it cannot be an alias (CNAME)']],
    [`${HEAD}@ CNAME b\n`, ['4: lab. has other records, so it cannot be an alias (CNAME)']],
    [`${HEAD}a CNAME b\na CNAME c\n`, ['5: a.lab. is an alias (CNAME) of two names']],
    [`${HEAD}a CNAME b\na CNAME B\n`, []],
    [`${HEAD}* NS ns.other.\n`, ['4: a wildcard cannot be delegated (RFC 4592 4.2)']],
    [
      `${HEAD}a A x\nb A y\n`,
      ['4: "x" is not an IPv4 address, like 10.0.0.1', '5: "y" is not an IPv4 address, like 10.0.0.1'],
    ],
  ])('is none: %j', (text, expected) => expect(problems(text)).toEqual(expected));

  it('that was cut twice on the way to a name ends at the upper cut', () => {
    const made = zone(`${HEAD}b NS ns.b\na.b NS ns.a.b\nns.a.b A 10.0.0.1\n`, 'lab.');
    const found = made.find(name('x.a.b.lab.'), Type.A);
    expect(found.kind === 'referral' && String(found.set[0])).toBe('b.lab. 60 IN NS ns.b.lab.');
  });

  it('a large one is made and asked in good time', () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `h${i} A 10.0.${(i >> 8) & 255}.${i & 255}`);
    const made = zone(HEAD + lines.join('\n'), 'lab.');
    expect(made.find(name('h19999.lab.'), Type.A)).toMatchObject({ kind: 'answer' });
  });
});

describe("the zones of a network's names", () => {
  const names = new HostsFile();
  names.add(IpAddress.parse('10.0.1.10')!, 'alice');
  names.add(IpAddress.parse('10.0.2.10')!, 'Web', 'www', 'shop.example');
  names.add(IpAddress.parse('10.0.1.1')!, 'r1');
  names.add(IpAddress.parse('10.0.2.1')!, 'r1');
  names.add(IpAddress.parse('2001:db8::10')!, 'web');

  it('are one with addresses, and a reverse zone for each network', () => {
    const zones = zonesOf(names.entries(), 'lab', { nameServers: ['r1'] });
    expect(zones.map((each) => each.origin.toString())).toEqual([
      'lab.',
      '1.0.10.in-addr.arpa.',
      '2.0.10.in-addr.arpa.',
      '0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.',
    ]);
    const lines = zones.map((each) => each.toString().split('\n'));
    expect(lines[0]).toEqual([
      'lab. 3600 IN SOA r1.lab. hostmaster.lab. 1 1200 120 1209600 300',
      'lab. 3600 IN NS r1.lab.',
      'alice.lab. 3600 IN A 10.0.1.10',
      'web.lab. 3600 IN A 10.0.2.10',
      'web.lab. 3600 IN AAAA 2001:db8::10',
      'www.lab. 3600 IN A 10.0.2.10',
      'shop.example.lab. 3600 IN A 10.0.2.10',
      'r1.lab. 3600 IN A 10.0.1.1',
      'r1.lab. 3600 IN A 10.0.2.1',
      '',
    ]);
    expect(lines[2]!.slice(2)).toEqual([
      '10.2.0.10.in-addr.arpa. 3600 IN PTR web.lab.',
      '1.2.0.10.in-addr.arpa. 3600 IN PTR r1.lab.',
      '',
    ]);
    expect(lines[3]![2]).toMatch(/^0\.1\.0\..*\.2\.ip6\.arpa\. 3600 IN PTR web\.lab\.$/);
  });

  it('are served by the first host when nobody says by whom; of no names there are none', () => {
    expect(zonesOf(names.entries(), 'lab.')[0]!.soa.target!.toString()).toBe('alice.lab.');
    expect(zonesOf([], 'lab')).toEqual([]);
    expect(zonesOf([[IpAddress.parse('10.0.0.1')!, ['käse', 'x']]], 'lab')).toEqual([]);
    expect(() => zonesOf(names.entries(), 'a..b')).toThrow(RangeError);
  });

  it('a name that says its domain is not put into it twice', () => {
    const [forward] = zonesOf([[IpAddress.parse('10.0.0.1')!, ['web.lab', 'web']]], 'lab');
    expect(forward!.toString()).toContain('\nweb.lab. 3600 IN A 10.0.0.1\n');
  });
});
