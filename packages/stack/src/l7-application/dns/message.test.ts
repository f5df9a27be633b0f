import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IpAddress } from '../../base/ip-address.ts';
import { Random } from '../../base/random.ts';
import { latin1Encode } from '../../base/utf8.ts';
import { answerTo, type DnsMessage, query } from './message.ts';
import { isProblem, readMessage } from './message-reader.ts';
import { writeMessage } from './message-writer.ts';
import { DomainName } from './name.ts';
import { ResourceRecord } from './record.ts';
import { anyMessage } from './testing/arbitrary.ts';
import { name } from './testing/zones.ts';
import { Rcode, Type } from './types.ts';

const A = (text: string) => IpAddress.parse(text)!;
const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const read = (bytes: Uint8Array): DnsMessage => {
  const message = readMessage(bytes);
  if (isProblem(message)) throw new Error(message.problem);
  return message;
};

const WWW = query(0x1234, name('www.example.com.'), Type.A, { recursionDesired: true });

/** One of everything. */
const RICH = answerTo(
  query(0xbeef, name('www.Example.com.'), Type.MX, { udpBytes: 1232 }),
  {
    authoritative: true,
    answers: [
      ResourceRecord.of(name('www.Example.com.'), Type.CNAME, 60, name('web.Example.com.')),
      ResourceRecord.of(name('web.Example.com.'), Type.MX, 3600, 10, name('mail.Example.com.')),
      ResourceRecord.of(name('web.Example.com.'), Type.TXT, 3600, 'v=spf1', '', 'two'),
      ResourceRecord.of(name('_sip._udp.Example.com.'), Type.SRV, 3600, 1, 2, 5060, name('sip.Example.com.')),
      ResourceRecord.of(name('odd.Example.com.'), 731, 1, 'abc\0\xff'),
    ],
    authority: [
      ResourceRecord.of(
        name('Example.com.'),
        Type.SOA,
        300,
        name('ns.Example.com.'),
        name('root.Example.com.'),
        1,
        2,
        3,
        4,
        5,
      ),
      ResourceRecord.of(name('Example.com.'), Type.NS, 300, name('ns.Example.com.')),
    ],
    additional: [
      ResourceRecord.of(name('ns.Example.com.'), Type.A, 300, A('10.0.0.1')),
      ResourceRecord.of(name('ns.Example.com.'), Type.AAAA, 300, A('2001:db8::1')),
      ResourceRecord.of(name('h.Example.com.'), Type.HINFO, 300, 'PC', 'Linux'),
    ],
  },
  1232,
);

describe('a message', () => {
  it('is these bytes', () => {
    expect(hex(writeMessage(WWW))).toBe('12340100000100000000000003777777076578616d706c6503636f6d0000010001');
    const answer = answerTo(
      WWW,
      { answers: [ResourceRecord.of(WWW.questions[0]!.name, Type.A, 300, A('10.0.0.1'))] },
      0,
    );
    expect(hex(writeMessage(answer)).slice(66)).toBe('c00c000100010000012c00040a000001');
    expect(hex(writeMessage(query(1, DomainName.ROOT, Type.NS, { udpBytes: 4096 })))).toBe(
      '000100000001000000000001' + '0000020001' + '0000291000000000000000',
    );
  });

  it('is read as it was written, whatever is in it', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const bytes = writeMessage(message);
        expect(read(bytes)).toEqual(message);
        expect(writeMessage(read(bytes))).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });

  it('points to names in the same letters only, and in no data where RFC 3597 forbids it', () => {
    const record = (owner: string, target: string, type: number = Type.CNAME) =>
      ResourceRecord.of(name(owner), type, 0, ...(type === Type.SRV ? [0, 0, 0] : []), name(target));
    const size = (target: string, type?: number) =>
      writeMessage({ ...answerTo(WWW, {}, 0), answers: [record('www.example.com.', target, type)] }).length;
    expect(size('x.example.com.') - size('www.example.com.')).toBe(2); // a label more
    expect(size('WWW.EXAMPLE.COM.') - size('www.example.com.')).toBe(15);
    expect(size('www.example.com.', Type.SRV) - size('www.example.com.')).toBe(6 + 15);
    // Compressed it is understood all the same.
    const srv = `\0\x01\x80\0\0\0\0\x01\0\0\0\0\x01a\0\0\x21\0\x01\0\0\0\0\0\x08\0\0\0\0\0\0\xc0\x0c`;
    expect(read(latin1Encode(srv)).answers[0]!.target!.toString()).toBe('a.');
  });

  it('has a time to live of 31 bits (RFC 2181 8)', () => {
    const bytes = writeMessage({
      ...WWW,
      questions: [],
      answers: [ResourceRecord.of(name('.'), Type.A, 0, A('1.2.3.4'))],
    });
    bytes[17] = 0x80;
    expect(read(bytes).answers[0]!.ttl).toBe(0);
  });
});

describe('a message that is too long', () => {
  const addresses = (count: number, owner = 'www.example.com.') =>
    Array.from({ length: count }, (_, i) => ResourceRecord.of(name(owner), Type.A, 60, IpAddress.v4(i)));
  const counts = (bytes: Uint8Array) => {
    const message = read(bytes);
    const { answers, authority, additional } = message;
    return [message.truncated, answers.length, authority.length, additional.length];
  };

  it('keeps its sets whole, and says that it was cut', () => {
    const answer = answerTo(WWW, { answers: [...addresses(10), ...addresses(40, 'x.example.com.')] }, 0);
    expect(counts(writeMessage(answer, { limit: 512 }))).toEqual([true, 10, 0, 0]);
    expect(counts(writeMessage(answer))).toEqual([false, 50, 0, 0]);
    expect(counts(writeMessage({ ...answer, answers: addresses(40) }, { limit: 512 }))).toEqual([true, 0, 0, 0]);
    // 12 + 21 bytes of header and question, 16 for each record: 29 fit into 512.
    expect(counts(writeMessage({ ...answer, answers: addresses(29) }, { limit: 512 }))).toEqual([false, 29, 0, 0]);
    expect(counts(writeMessage({ ...answer, answers: addresses(30) }, { limit: 512 }))).toEqual([true, 0, 0, 0]);
  });

  it('does without what is only additional; not without glue (RFC 9471)', () => {
    const servers = [ResourceRecord.of(name('example.com.'), Type.NS, 60, name('ns.example.com.'))];
    const answer = answerTo(WWW, { authority: servers, additional: addresses(40, 'ns.example.com.') }, 0);
    expect(counts(writeMessage(answer, { limit: 512 }))).toEqual([false, 0, 1, 0]);
    expect(counts(writeMessage(answer, { limit: 512, glue: true }))).toEqual([true, 0, 1, 0]);
  });

  it('keeps room for EDNS, and points to no name that went with what was cut', () => {
    const answer = answerTo(query(1, name('a.'), Type.A, { udpBytes: 512 }), {}, 512);
    const big = ResourceRecord.of(name('gone.b.'), Type.TXT, 0, 'x'.repeat(250), 'x'.repeat(250));
    for (let limit = 512; limit < 560; limit++) {
      const message = read(writeMessage({ ...answer, answers: [...addresses(2, 'a.'), big] }, { limit }));
      expect(message.edns).not.toBe(null);
      expect(message.answers.length === 3).toBe(!message.truncated);
    }
    const all = { ...answer, additional: [big, ...addresses(1, 'x.gone.b.')] };
    expect(read(writeMessage(all, { limit: 400 })).additional).toEqual([]);
  });

  it('never exceeds its limit, and what is there is what was there', () => {
    fc.assert(
      fc.property(anyMessage, fc.integer({ min: 1200, max: 3000 }), (message, limit) => {
        const whole = { ...message, questions: message.questions.slice(0, 1), truncated: false };
        const bytes = writeMessage(whole, { limit });
        const cut = read(bytes);
        expect(bytes.length).toBeLessThanOrEqual(limit);
        expect(cut.answers).toEqual(whole.answers.slice(0, cut.answers.length));
        if (!cut.truncated) expect([cut.answers, cut.authority]).toEqual([whole.answers, whole.authority]);
      }),
      { numRuns: 100 },
    );
  });
});

describe('what is no message', () => {
  const bytes = writeMessage(RICH);

  it('every prefix of one', () => {
    for (let end = 0; end < bytes.length; end++) expect(isProblem(readMessage(bytes.subarray(0, end)))).toBe(true);
    const more = new Uint8Array(bytes.length + 1);
    more.set(bytes);
    expect(readMessage(more)).toMatchObject({ problem: 'bytes after the last record', id: 0xbeef });
  });

  it.each([
    ['two OPT records', '\0\x01\0\0\0\0\0\0\0\0\0\x02' + '\0\0\x29\x02\0\0\0\0\0\0\0'.repeat(2)],
    ['OPT among the answers', '\0\x01\0\0\0\0\0\x01\0\0\0\0' + '\0\0\x29\x02\0\0\0\0\0\0\0'],
    ['OPT of another name', '\0\x01\0\0\0\0\0\0\0\0\0\x01' + '\x01a\0\0\x29\x02\0\0\0\0\0\0\0'],
    ['an EDNS option that is cut off', '\0\x01\0\0\0\0\0\0\0\0\0\x01' + '\0\0\x29\x02\0\0\0\0\0\0\x05\0\x0a\0\x02x'],
    ['an address of five bytes', '\0\x01\0\0\0\0\0\x01\0\0\0\0' + '\0\0\x01\0\x01\0\0\0\0\0\x05abcde'],
    ['a text without an end', '\0\x01\0\0\0\0\0\x01\0\0\0\0' + '\0\0\x10\0\x01\0\0\0\0\0\x02\x05a'],
    ['no text at all', '\0\x01\0\0\0\0\0\x01\0\0\0\0' + '\0\0\x10\0\x01\0\0\0\0\0\0'],
    ['data that ends before its name', '\0\x01\0\0\0\0\0\x01\0\0\0\0' + '\0\0\x02\0\x01\0\0\0\0\0\x02\x01a\0'],
  ])('%s', (_what, text) => expect(isProblem(readMessage(latin1Encode(text)))).toBe(true));

  it('a hundred thousand mutations end in a message that can be written again, or in a problem', () => {
    const random = Random.from(1035);
    const mutated = bytes.slice();
    const places = new Int32Array(4);
    let problems = 0;
    for (let round = 0; round < 100_000; round++) {
      const count = 1 + random.below(4);
      for (let i = 0; i < count; i++) {
        places[i] = random.below(mutated.length);
        mutated[places[i]!] = random.below(4) === 0 ? 0xc0 : random.below(256);
      }
      const message = readMessage(mutated);
      if (isProblem(message)) problems++;
      else if (round % 16 === 0) read(writeMessage(message));
      for (let i = 0; i < count; i++) mutated[places[i]!] = bytes[places[i]!]!;
    }
    expect(problems).toBeGreaterThan(10_000);
    expect(problems).toBeLessThan(90_000);
  });

  it('a message of nothing but pointers is read in good time', () => {
    // 5,000 records, each name by a pointer to a name of 127 labels.
    const long = '\x01a'.repeat(126) + '\0';
    const header = `\0\x01\0\0\0\0${String.fromCharCode(5000 >> 8, 5000 & 255)}\0\0\0\0`;
    const first = `${long}\0\x10\0\x01\0\0\0\0\0\x01\0`;
    const message = read(latin1Encode(header + first + '\xc0\x0c\0\x10\0\x01\0\0\0\0\0\x01\0'.repeat(4999)));
    expect([message.answers.length, message.answers[4999]!.name.labelCount, message.rcode]).toEqual([
      5000,
      126,
      Rcode.NoError,
    ]);
  });
});
