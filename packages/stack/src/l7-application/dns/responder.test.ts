import { describe, expect, it } from 'vitest';
import { IpAddress } from '../../base/ip-address.ts';
import { Random } from '../../base/random.ts';
import { latin1Encode } from '../../base/utf8.ts';
import { DNS_LIMITS, type DnsLimits } from './limits.ts';
import { type DnsMessage, type QueryOptions, query } from './message.ts';
import { isProblem, readMessage } from './message-reader.ts';
import { writeMessage } from './message-writer.ts';
import { ResourceRecord } from './record.ts';
import { DnsResponder, type Recursion, type Resolution } from './responder.ts';
import { name, smallZone } from './testing/zones.ts';
import { Class, rcodeName, Type } from './types.ts';
import { Zones } from './zones.ts';

const LAB = smallZone(
  'lab.',
  `www A 10.0.0.1
out CNAME www.other.
sub NS ns.sub
ns.sub A 10.0.0.2
big TXT ${'"0123456789" '.repeat(60)}
many NS ns.many
${'ns.many A 10.9.0.1\n'}`,
);
const CLIENT = IpAddress.parse('192.0.2.1')!;

const clock = { now: 0, at: () => 0, cancel: () => {} };

function responder(limits: Partial<DnsLimits> = {}, recursion: Recursion | null = null): DnsResponder {
  clock.now = 0;
  return new DnsResponder(new Zones([LAB]), { clock, recursion, limits: { ...DNS_LIMITS, ...limits } });
}

async function says(to: DnsResponder, asked: DnsMessage, tcp = false): Promise<DnsMessage | null> {
  const bytes = await to.respond(writeMessage(asked), CLIENT, tcp);
  if (bytes === null) return null;
  const message = readMessage(bytes);
  if (isProblem(message)) throw new Error(message.problem);
  return message;
}
const ask = (text: string, type: number, options: QueryOptions = {}) => query(7, name(text), type, options);
/** `NOERROR aa rd 1/0/0`: code, flags, how many answers, authorities, additionals. */
async function short(to: DnsResponder, asked: DnsMessage, tcp = false): Promise<string> {
  const message = await says(to, asked, tcp);
  if (message === null) return 'nothing';
  const { answers, authority, additional } = message;
  const flags = [
    message.authoritative ? ' aa' : '',
    message.truncated ? ' tc' : '',
    message.recursionAvailable ? ' ra' : '',
  ].join('');
  return `${rcodeName(message.rcode)}${flags} ${answers.length}/${authority.length}/${additional.length}`;
}

describe('what a server answers', () => {
  it('repeats id, question and RD, and answers in the letters that were asked in', async () => {
    const message = (await says(responder(), ask('wWw.LaB.', Type.A, { recursionDesired: true })))!;
    expect([message.id, message.response, message.recursionDesired, message.recursionAvailable]).toEqual([
      7,
      true,
      true,
      false,
    ]);
    expect([String(message.questions[0]!.name), String(message.answers[0]!.name)]).toEqual(['wWw.LaB.', 'wWw.LaB.']);
  });

  it.each<[string, DnsMessage, string]>([
    ['a name of its own', ask('www.lab.', Type.A), 'NOERROR aa 1/0/0'],
    ['another type', ask('www.lab.', Type.MX), 'NOERROR aa 0/1/0'],
    ['a name that there is not', ask('x.lab.', Type.A), 'NXDOMAIN aa 0/1/0'],
    ['a zone that was cut out', ask('x.sub.lab.', Type.A), 'NOERROR 0/1/1'],
    ['an alias that leads out', ask('out.lab.', Type.A), 'NOERROR aa 1/0/0'],
    ['a name of others', ask('www.other.', Type.A), 'REFUSED 0/0/0'],
    ['another class', ask('www.lab.', Type.A, { class: Class.CH }), 'REFUSED 0/0/0'],
    ['any class', ask('www.lab.', Type.A, { class: Class.ANY }), 'NOERROR aa 1/0/0'],
    ['a whole zone', ask('lab.', Type.AXFR), 'REFUSED 0/0/0'],
    ['a part of a zone', ask('lab.', Type.IXFR), 'REFUSED 0/0/0'],
    ['OPT as a question', ask('lab.', Type.OPT), 'FORMERR 0/0/0'],
    ['a type that nobody knows', ask('www.lab.', 65_280), 'NOERROR aa 0/1/0'],
    ['no question', { ...ask('lab.', Type.A), questions: [] }, 'FORMERR 0/0/0'],
    [
      'two questions',
      { ...ask('lab.', Type.A), questions: [...ask('lab.', 1).questions, ...ask('lab.', 2).questions] },
      'FORMERR 0/0/0',
    ],
    ['an update', { ...ask('lab.', Type.SOA), opcode: 5 }, 'NOTIMP 0/0/0'],
    ['another version of EDNS', edns({ version: 1 }), 'BADVERS 0/0/0'],
    ['an answer', { ...ask('www.lab.', Type.A), response: true }, 'nothing'],
  ])('to %s', async (_what, asked, expected) => expect(await short(responder(), asked)).toBe(expected));

  it('EDNS with EDNS, and nothing with nothing; never more than it can take', async () => {
    const to = responder();
    expect((await says(to, ask('www.lab.', Type.A)))!.edns).toBe(null);
    expect((await says(to, edns({ dnssecOk: true })))!.edns).toEqual({
      udpBytes: 1232,
      version: 0,
      dnssecOk: true,
      options: [],
    });
    const size = async (udpBytes: number, tcp = false) => {
      const asked = ask('big.lab.', Type.TXT, { udpBytes });
      const bytes = (await to.respond(writeMessage(asked), CLIENT, tcp))!;
      return [bytes.length, (readMessage(bytes) as DnsMessage).truncated];
    };
    expect(await size(0)).toEqual([25, true]);
    expect(await size(512)).toEqual([36, true]);
    expect(await size(100)).toEqual([36, true]); // RFC 6891 6.2.5: less than 512 is 512
    expect(await size(1232)).toEqual([708, false]);
    expect(await size(65_535)).toEqual([708, false]);
    expect(await size(0, true)).toEqual([697, false]);
  });

  it('to what is no message: a format error, if it was meant as a question', async () => {
    const to = responder();
    const whole = writeMessage(ask('www.lab.', Type.A, { recursionDesired: true }));
    for (let end = 0; end < whole.length; end++) {
      const bytes = await to.respond(whole.subarray(0, end), CLIENT, false);
      if (end < 12) expect(bytes).toBe(null);
      else expect(Array.from(bytes!)).toEqual([0, 7, 0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    expect(to.respond(latin1Encode('\0\x07\x80\0\0\x01\0\0\0\0\0\0'), CLIENT, false)).toBe(null);
  });

  it('a hundred thousand mutated questions are answered or not, and none with more than it may', () => {
    const to = responder();
    const random = Random.from(2181);
    const whole = writeMessage(ask('www.lab.', Type.A, { udpBytes: 1232 }));
    const mutated = whole.slice();
    let answered = 0;
    for (let round = 0; round < 100_000; round++) {
      const places = [random.below(whole.length), random.below(whole.length)];
      for (const place of places) mutated[place] = random.below(256);
      const bytes = to.respond(mutated, CLIENT, false) as Uint8Array | null;
      if (bytes !== null) answered++;
      if (bytes !== null && bytes.length > 1232) throw new Error(`${bytes.length} bytes`);
      for (const place of places) mutated[place] = whole[place]!;
    }
    expect(answered).toBeGreaterThan(50_000);
  });
});

function edns(parts: object): DnsMessage {
  return { ...ask('www.lab.', Type.A), edns: { udpBytes: 1232, version: 0, dnssecOk: false, options: [], ...parts } };
}

describe('recursion', () => {
  const found: Resolution = {
    rcode: 0,
    answers: [ResourceRecord.of(name('www.other.'), Type.A, 60, IpAddress.parse('10.0.0.9')!)],
    authority: [],
    failure: null,
  };
  const asked: string[] = [];
  const recursion = (resolution: Resolution = found, mayAsk = true): Recursion => ({
    resolve: async (owner) => {
      asked.push(String(owner));
      return resolution;
    },
    mayAsk: () => mayAsk,
  });
  const rd = { recursionDesired: true };

  it('is for what the zones do not say, for those who desire it and may', async () => {
    asked.length = 0;
    const to = responder({}, recursion());
    expect(await short(to, ask('www.other.', Type.A, rd))).toBe('NOERROR ra 1/0/0');
    expect(await short(to, ask('www.other.', Type.A))).toBe('REFUSED ra 0/0/0');
    expect(await short(to, ask('www.lab.', Type.A, rd))).toBe('NOERROR aa ra 1/0/0');
    expect(await short(to, ask('out.lab.', Type.A, rd))).toBe('NOERROR aa ra 2/0/0');
    expect(await short(to, ask('x.sub.lab.', Type.A, rd))).toBe('NOERROR ra 1/0/0');
    expect(asked).toEqual(['www.other.', 'www.other.', 'x.sub.lab.']);
    expect(await short(responder({}, recursion(found, false)), ask('www.other.', Type.A, rd))).toBe('REFUSED 0/0/0');
  });

  it('answers in the letters that were asked in', async () => {
    const message = await says(responder({}, recursion()), ask('wWw.other.', Type.A, rd));
    expect(String(message!.answers[0]!.name)).toBe('wWw.other.');
  });

  it('that fails says why, to those who speak EDNS (RFC 8914)', async () => {
    const failed = { ...found, rcode: 2, answers: [], failure: { code: 22, text: 'nobody answered' } };
    const message = await says(responder({}, recursion(failed)), ask('www.other.', Type.A, { ...rd, udpBytes: 1232 }));
    expect([message!.rcode, message!.edns!.options]).toEqual([2, [{ code: 15, data: '\0\x16nobody answered' }]]);
  });

  it('is for so many at once, and no more', async () => {
    const waiting: ((resolution: Resolution) => void)[] = [];
    const slow: Recursion = { resolve: () => new Promise((resolve) => waiting.push(resolve)), mayAsk: () => true };
    const to = responder({ recursiveClients: 2 }, slow);
    const all = [1, 2, 3].map(() => short(to, ask('www.other.', Type.A, rd)));
    expect(await all[2]).toBe('SERVFAIL ra 0/0/0');
    for (const done of waiting) done(found);
    expect(await Promise.all(all)).toEqual(['NOERROR ra 1/0/0', 'NOERROR ra 1/0/0', 'SERVFAIL ra 0/0/0']);
    void short(to, ask('www.other.', Type.A, rd));
    expect(waiting.length).toBe(3);
  });
});

describe('floods', () => {
  const flood = async (to: DnsResponder, count: number, text = 'www.lab.', tcp = false) => {
    const all: string[] = [];
    for (let i = 0; i < count; i++) all.push(await short(to, ask(text.replace('#', String(i)), Type.A), tcp));
    return all;
  };

  it('of the same question get so many answers, then a hint at TCP now and then', async () => {
    const to = responder({ responsesPerSecond: 3 });
    const answer = 'NOERROR aa 1/0/0';
    const hint = 'NOERROR aa tc 0/0/0';
    expect(await flood(to, 7)).toEqual([answer, answer, answer, hint, 'nothing', hint, 'nothing']);
    expect(await flood(to, 5, 'www.lab.', true)).toEqual(Array(5).fill(answer));
    clock.now += 1e9;
    expect(await flood(to, 4)).toEqual([answer, answer, answer, hint]);
  });

  it('of names that there are not are one kind', async () => {
    const to = responder({ responsesPerSecond: 3 });
    const all = await flood(to, 6, 'x#.lab.');
    expect(all.slice(0, 5)).toEqual([...Array(3).fill('NXDOMAIN aa 0/1/0'), 'NXDOMAIN aa tc 0/0/0', 'nothing']);
  });
});
