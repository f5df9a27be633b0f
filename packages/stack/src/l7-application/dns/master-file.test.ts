import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { DNS_LIMITS } from './limits.ts';
import { includesIn, problemText, readMasterFile } from './master-file.ts';
import { anyRecord } from './testing/arbitrary.ts';
import { EDU_ZONE, ROOT_ZONE } from './testing/rfc1034.ts';
import { name } from './testing/zones.ts';

const read = (text: string, origin = 'lab.') => {
  const { records, problems } = readMasterFile(text, name(origin));
  return [...records.map(({ record }) => String(record)), ...problems.map((problem) => problemText('z', problem))];
};

describe('a master file', () => {
  it('is read as RFC 1035 5.3 prints it', () => {
    const text = `@   IN  SOA     VENERA      Action\\.domains (
                                 20     ; SERIAL
                                 7200   ; REFRESH
                                 600    ; RETRY
                                 3600000; EXPIRE
                                 60)    ; MINIMUM

        NS      A.ISI.EDU.
        NS      VENERA
        NS      VAXA
        MX      10      VENERA
        MX      20      VAXA

A       A       26.3.0.103

VENERA  A       10.1.0.52
        A       128.9.0.32
`;
    expect(read(text, 'ISI.EDU.')).toEqual([
      'ISI.EDU. 60 IN SOA VENERA.ISI.EDU. Action\\.domains.ISI.EDU. 20 7200 600 3600000 60',
      'ISI.EDU. 60 IN NS A.ISI.EDU.',
      'ISI.EDU. 60 IN NS VENERA.ISI.EDU.',
      'ISI.EDU. 60 IN NS VAXA.ISI.EDU.',
      'ISI.EDU. 60 IN MX 10 VENERA.ISI.EDU.',
      'ISI.EDU. 60 IN MX 20 VAXA.ISI.EDU.',
      'A.ISI.EDU. 60 IN A 26.3.0.103',
      'VENERA.ISI.EDU. 60 IN A 10.1.0.52',
      'VENERA.ISI.EDU. 60 IN A 128.9.0.32',
    ]);
  });

  it('knows origins, times to live, classes in either order, quotes and escapes', () => {
    const text = `$TTL 1h30m ; of all that say nothing
a 60 IN A 10.0.0.1
a IN 61 A 10.0.0.2
a A 10.0.0.3
$ORIGIN sub ; below the one before
b TXT "two words" plain "a;b" "say \\"so\\"" \\100 ""
$ORIGIN other.
@ MX 10 mail
* AAAA 2001:DB8::1
c TYPE731 \\# 3 0a 0b0c
d A \\# 4 0A000001
e TYPE1 10.0.0.4
f SRV 0 5 80 www.
g CLASS1 SPF "x"
`;
    expect(read(text)).toEqual([
      'a.lab. 60 IN A 10.0.0.1',
      'a.lab. 61 IN A 10.0.0.2',
      'a.lab. 5400 IN A 10.0.0.3',
      'b.sub.lab. 5400 IN TXT "two words" "plain" "a;b" "say \\"so\\"" "d" ""',
      'other. 5400 IN MX 10 mail.other.',
      '*.other. 5400 IN AAAA 2001:db8::1',
      'c.other. 5400 IN TYPE731 \\# 3 0A0B0C',
      'd.other. 5400 IN A 10.0.0.1',
      'e.other. 5400 IN A 10.0.0.4',
      'f.other. 5400 IN SRV 0 5 80 www.',
      'z:14:14: "x" is not \\# and the data in hexadecimal, for of this type nothing else is known here',
    ]);
  });

  it('takes the time to live of the record before, without $TTL (RFC 1035 5.1)', () => {
    expect(read('a 60 A 10.0.0.1\nb A 10.0.0.2')).toEqual(['a.lab. 60 IN A 10.0.0.1', 'b.lab. 60 IN A 10.0.0.2']);
  });

  it('may have lines that end as in Windows, tabs, and no end of the last line', () => {
    expect(read('a\t60\tA\t10.0.0.1\r\n\r\n  \r\n\tA 10.0.0.2 ; x\r\n')).toEqual([
      'a.lab. 60 IN A 10.0.0.1',
      'a.lab. 60 IN A 10.0.0.2',
    ]);
    expect(read('')).toEqual([]);
    expect(read('; nothing\n\n( )\n')).toEqual([]);
  });

  it('other letters in a text are UTF-8', () => {
    expect(read('a 1 TXT "ä𝄞" \\228')).toEqual(['a.lab. 1 IN TXT "\\195\\164\\240\\157\\132\\158" "\\228"']);
  });

  it.each([
    ['$INCLUDE other.zone', '1:10: there is no file other.zone to include'],
    ['$INCLUD x', '1:1: there is no $INCLUD; there are $ORIGIN, $TTL, $INCLUDE and $GENERATE'],
    ['$ORIGIN', '1:8: $ORIGIN wants a name'],
    ['$ORIGIN a..b', '1:9: a..b: a label is empty'],
    ['$TTL soon', '1:6: "soon" is not a time'],
    ['$TTL 1h 2h', '1:9: nothing stands behind'],
    ['$TTL 2147483648', '1:6: "2147483648" is not a time'],
    ['  A 10.0.0.1', '1:3: a line that begins with a blank'],
    ['a 60 A 10.0.0.256', '1:8: "10.0.0.256" is not an IPv4 address'],
    ['a 60 A 2001:db8::1', '1:8: "2001:db8::1" is not an IPv4 address'],
    ['a 60 AAAA 10.0.0.1', '1:11: "10.0.0.1" is not an IPv6 address'],
    ['a 60 A', '1:7: A wants an IPv4 address'],
    ['a 60 A 10.0.0.1 10.0.0.2', '1:17: A has no more than 1 words'],
    ['a A 10.0.0.1', '1:3: no time to live'],
    ['a 60', '1:5: the type of the record is missing'],
    ['a 60 AAA 10.0.0.1', '1:6: "AAA" is no type of record; there is AAAA'],
    ['a 60 ADDRESS 10.0.0.1', '1:6: "ADDRESS" is no type of record; there are A, AAAA'],
    ['a 60 IN "A" 10.0.0.1', '1:9: "A" is no type'],
    ['a 60 ANY x', '1:6: ANY can be asked for'],
    ['a 60 OPT x', '1:6: OPT can be asked for'],
    ['a 60 CH A 10.0.0.1', '1:6: only class IN'],
    ['a 60 MX mail', '1:9: "mail" is not a number up to 65535'],
    ['a 60 MX 65536 mail', '1:9: "65536" is not a number'],
    ['a 60 MX 10', '1:11: MX wants a name'],
    ['a 60 MX 10 a..b', '1:12: a..b: a label is empty'],
    [`a 60 TXT ${'x'.repeat(256)}`, '1:10: a text has 255 bytes at most'],
    ['a 60 TXT "\\256"', '1:10: after \\'],
    ['a 60 TXT', '1:9: TXT wants a text'],
    ['a 60 TXT "open', '1:10: this quote is not closed'],
    ['a 60 SOA a b 1 2 3 4', '1:21: SOA wants a time'],
    ['a 60 SOA a b (1 2\n 3 4', '1:14: this parenthesis is not closed'],
    ['a 60 A ) 10.0.0.1', '1:8: this parenthesis was not opened'],
    ['a 60 A ( ( 10.0.0.1 ) )', '1:10: a parenthesis within another'],
    ['a 60 TYPE731 \\# 2 0a', '1:17: there are 1 bytes of data, not 2'],
    ['a 60 TYPE731 \\# 1 zz', '1:19: the data is hexadecimal'],
    ['a 60 TYPE731 \\#', '1:16: after \\# stands how many'],
    ['a 60 A \\# 3 010203', '1:11: these bytes are no data of type A'],
    ['a 60 TYPE65536 \\# 0', '1:6: "TYPE65536" is no type'],
    ['\x01 60 A 10.0.0.1', ''],
  ])('%s: %s', (text, problem) => expect(read(text)[0]).toContain(problem));

  it('includes others, whose origin and owner end with them', () => {
    const files: Record<string, string> = {
      'hosts.inc': 'a A 10.0.0.1\n$ORIGIN deep\nb A 10.0.0.2\n',
      'more.inc': '$INCLUDE hosts.inc other\n A 10.0.0.3\n',
      'bad.inc': 'a A 10.0.0.1\nb A nonsense\n',
      'ring.inc': '$INCLUDE ring.inc\n',
    };
    const lines = (text: string) => {
      const include = (file: string) => files[file] ?? null;
      const { records, problems } = readMasterFile(text, name('lab.'), DNS_LIMITS, include);
      return [...records.map(({ record }) => String(record)), ...problems.map((problem) => problemText('z', problem))];
    };
    expect(lines('$TTL 1m\nx A 10.0.0.9\n$INCLUDE "more.inc"\n A 10.0.0.8\n')).toEqual([
      'x.lab. 60 IN A 10.0.0.9',
      'a.other.lab. 60 IN A 10.0.0.1',
      'b.deep.other.lab. 60 IN A 10.0.0.2',
      'x.lab. 60 IN A 10.0.0.3',
      'x.lab. 60 IN A 10.0.0.8',
    ]);
    expect(lines('$TTL 1m\n$INCLUDE bad.inc\n').at(-1)).toBe(
      'bad.inc:2:5: "nonsense" is not an IPv4 address, like 10.0.0.1',
    );
    expect(lines('$INCLUDE ring.inc\n')).toEqual([
      'ring.inc:1:10: files that include one another are too many, or go in a circle',
    ]);
    expect(includesIn('$INCLUDE a.inc\n$include "b c" x. ; d\n $INCLUDE no\n')).toEqual(['a.inc', 'b c']);
  });

  it('counts: $GENERATE', () => {
    expect(read('$GENERATE 8-12/2 h$ 60 A 10.0.0.$')).toEqual([
      'h8.lab. 60 IN A 10.0.0.8',
      'h10.lab. 60 IN A 10.0.0.10',
      'h12.lab. 60 IN A 10.0.0.12',
    ]);
    expect(read(`$GENERATE 254-255 \${0,4,x}.\${-4,2} 60 CNAME $$`)).toEqual([
      '00fe.250.lab. 60 IN CNAME \\$.lab.',
      '00ff.251.lab. 60 IN CNAME \\$.lab.',
    ]);
    expect(read('$GENERATE 2-1 h$ 60 A 10.0.0.$')).toEqual(['z:1:11: $GENERATE wants a range like 1-254 or 0-100/2']);
    expect(read('$GENERATE 1-65536 h$ 60 TXT x').length).toBe(65_536);
    expect(read('$GENERATE 1-65537 h$ 60 TXT x').length).toBe(1);
    expect(read(`$GENERATE 1-9 h\${x} 60 TXT x`)[0]).toBe(
      `z:1:15: h\${x}: in braces stand an offset, a width and d, o, x or X`,
    );
    expect(read('$GENERATE 250-256 h$ 60 A 10.0.0.$').at(-1)).toBe(
      'z:1:27: "10.0.0.256" is not an IPv4 address, like 10.0.0.1',
    );
  });

  it('has CAA', () => {
    expect(read('a 60 CAA 0 issue "ca.test; x=1"')).toEqual(['a.lab. 60 IN CAA 0 issue "ca.test; x=1"']);
    expect(read('a 60 CAA 256 issue x')[0]).toBe('z:1:10: "256" is not a number up to 255');
    expect(read('a 60 CAA 0 is-sue x')[0]).toBe('z:1:12: "is-sue" is not a word of letters and digits, like issue');
  });

  it('tells several mistakes, each with its place, and gives up after so many', () => {
    expect(read('a 1 A x\nb 1 A 10.0.0.1\n(\nc 1 A 10.0.0.2\n').slice(1)).toEqual([
      'z:1:7: "x" is not an IPv4 address, like 10.0.0.1',
      'z:3:1: this parenthesis is not closed',
    ]);
    const { problems } = readMasterFile('a\n'.repeat(100), name('.'));
    expect(problems.length).toBe(DNS_LIMITS.zoneProblems);
  });

  it('has as many bytes and records as it may, and no more', () => {
    const text = 'a 1 A 10.0.0.1\nb 1 A 10.0.0.2\n';
    const problems = (limits: object) => readMasterFile(text, name('.'), { ...DNS_LIMITS, ...limits }).problems;
    expect(problems({ zoneRecords: 2, zoneFileBytes: text.length })).toEqual([]);
    expect(problems({ zoneRecords: 1 })[0]).toEqual({
      line: 2,
      column: 1,
      what: 'the file has more than 1 records',
    });
    expect(problems({ zoneFileBytes: text.length - 1 })[0]!.what).toMatch(/longer than/);
  });

  it('that was made of records is read as the same', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const { records, problems } = readMasterFile(`${record}\n`, name('other.'));
        expect(problems).toEqual([]);
        expect(records[0]!.record).toEqual(record);
      }),
    );
  });

  it('that was mutated ends in records or problems', () => {
    const random = Random.from(1034);
    const letters = [...'()";\\@$ \n\t.0aA\x00ä'];
    const text = ROOT_ZONE + EDU_ZONE;
    let problems = 0;
    for (let round = 0; round < 1000; round++) {
      const at = random.below(text.length);
      const mutated = text.slice(0, at) + letters[random.below(letters.length)] + text.slice(at + random.below(3));
      const file = readMasterFile(mutated, name('.'));
      if (file.problems.length > 0) problems++;
      for (const { line, column } of file.problems) expect(Math.min(line, column)).toBeGreaterThan(0);
    }
    expect(problems).toBeGreaterThan(100);
    for (let end = 0; end < EDU_ZONE.length; end += 7) readMasterFile(EDU_ZONE.slice(0, end), name('.'));
  });
});
