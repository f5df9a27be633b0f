import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { latin1Decode, latin1Encode } from '../../base/utf8.ts';
import { type Act, ScriptedStream } from '../http/testing/scripted-stream.ts';
import { ServiceLab } from '../testing/service-lab.ts';
import { NNTP_LIMITS, type NntpLimits } from './limits.ts';
import { NewsStore } from './news-store.ts';
import { serveNntp } from './server.ts';
import { matchesWildmat, parseNewsTime, parseRange } from './words.ts';

const article = (subject: string, more = '', groups = 'lab.test') =>
  latin1Encode(`From: a@b\r\nNewsgroups: ${groups}\r\nSubject: ${subject}\r\n${more}\r\n.line\r\nlast\r\n`);

function store(limits: Partial<NntpLimits> = {}): NewsStore {
  const made = new NewsStore('news', { ...NNTP_LIMITS, ...limits });
  made.addGroup('lab.test', 'for tests', true, 0);
  made.addGroup('lab.empty', '', true, 0);
  made.addGroup('lab.news', 'read', false, 86_400);
  for (const n of [1, 2, 3]) made.add(article(`no ${n}`, `Message-ID: <${n}@x>\r\nDate: d${n}\r\n`), 'person', n);
  return made;
}

async function talk(script: Act[], kept = store(), posting = true): Promise<string[]> {
  const stream = new ScriptedStream([...script]);
  await serveNntp(stream, { clock: stream.clock, store: kept, posting });
  expect(stream.closed).toBe(true);
  return stream.sent.split('\r\n').slice(1, -1);
}

const says = async (...commands: string[]) => talk([commands.map((line) => `${line}\r\n`).join(''), 'END']);

describe('a server of news', () => {
  it('selects groups, and goes through them', async () => {
    expect(
      await says('GROUP lab.test', 'STAT', 'NEXT', 'NEXT', 'NEXT', 'LAST', 'STAT 3', 'STAT', 'STAT <1@x>', 'STAT'),
    ).toEqual([
      '211 3 1 3 lab.test',
      '223 1 <1@x>',
      '223 2 <2@x>',
      '223 3 <3@x>',
      '421 No next article in this group',
      '223 2 <2@x>',
      '223 3 <3@x>',
      '223 3 <3@x>',
      '223 0 <1@x>',
      '223 3 <3@x>',
    ]);
    expect(await says('GROUP lab.empty', 'STAT', 'NEXT', 'LISTGROUP')).toEqual([
      '211 0 1 0 lab.empty',
      '420 Current article number is invalid',
      '420 Current article number is invalid',
      '211 0 1 0 lab.empty list follows',
      '.',
    ]);
    expect(await says('LISTGROUP lab.test 2-', 'LAST')).toEqual([
      '211 3 1 3 lab.test list follows',
      '2',
      '3',
      '.',
      '422 No previous article in this group',
    ]);
  });

  it('shows articles, whole and in parts', async () => {
    const head =
      'Path: news!not-for-mail|Xref: news lab.test:1|From: a@b|Newsgroups: lab.test|Subject: no 1|Message-ID: <1@x>|Date: d1';
    expect((await says('ARTICLE <1@x>')).join('|')).toBe(`220 0 <1@x>|${head}||..line|last|.`);
    expect((await says('GROUP lab.test', 'HEAD', 'BODY 1')).slice(1).join('|')).toBe(
      `221 1 <1@x>|${head}|.|222 1 <1@x>|..line|last|.`,
    );
    expect(
      await says('GROUP lab.test', 'OVER 2-', 'HDR subject 1-2', 'HDR :lines', 'XHDR From <3@x>', 'OVER 9-'),
    ).toEqual([
      '211 3 1 3 lab.test',
      '224 Overview information follows',
      '2\tno 2\ta@b\td2\t<2@x>\t\t140\t2\tXref: news lab.test:2',
      '3\tno 3\ta@b\td3\t<3@x>\t\t140\t2\tXref: news lab.test:3',
      '.',
      '225 Headers follow',
      '1 no 1',
      '2 no 2',
      '.',
      '225 Headers follow',
      '1 2',
      '.',
      '221 Headers follow',
      '0 a@b',
      '.',
      '423 No articles in that range',
    ]);
  });

  it('lists groups, and what is new', async () => {
    expect(await says('LIST', 'LIST NEWSGROUPS lab.t*', 'LIST ACTIVE.TIMES *,!lab.[', 'LIST MOTD', 'LIST X')).toEqual([
      '215 Information follows',
      'lab.empty 0 1 y',
      'lab.news 0 1 n',
      'lab.test 3 1 y',
      '.',
      '215 Information follows',
      'lab.test\tfor tests',
      '.',
      '215 Information follows',
      'lab.empty 0 netarium',
      'lab.news 86400 netarium',
      'lab.test 0 netarium',
      '.',
      '503 Not kept here',
      '501 Syntax error',
    ]);
    expect(
      await says('NEWNEWS lab.* 19700101 000002 GMT', 'NEWNEWS *,!lab.test 700101 000000', 'NEWGROUPS 19700102 000000'),
    ).toEqual([
      '230 List of new articles follows',
      '<2@x>',
      '<3@x>',
      '.',
      '230 List of new articles follows',
      '.',
      '231 List of new newsgroups follows',
      'lab.news 0 1 n',
      '.',
    ]);
    expect((await says('DATE'))[0]).toBe('111 19700101000000');
    expect(await says('CAPABILITIES')).toContain('VERSION 2');
  });

  it('answers every command, and whatever else comes', async () => {
    const table: [string, string][] = [
      ['MODE READER', '200'],
      ['MODE x', '501'],
      ['GROUP', '501'],
      ['GROUP no.such', '411'],
      ['LISTGROUP', '412'],
      ['NEXT', '412'],
      ['ARTICLE', '412'],
      ['ARTICLE 1', '412'],
      ['ARTICLE x', '501'],
      ['ARTICLE <no@x>', '430'],
      ['OVER', '412'],
      ['OVER 1-', '412'],
      ['HDR', '501'],
      ['HDR Subject', '412'],
      ['NEWNEWS * x', '501'],
      ['NEWGROUPS 19701301 000000', '501'],
      ['IHAVE x', '501'],
      ['IHAVE <1@x>', '435'],
      ['SLAVE', '202'],
      ['AUTHINFO USER x', '500'],
      ['', '500'],
      ['\x00\xff', '500'],
      ['x'.repeat(511), '501'],
      ['GROUP lab.test', '211'],
      ['ARTICLE 4', '423'],
      ['QUIT', '205'],
    ];
    const sent = await says(...table.map(([line]) => line));
    expect(sent.map((line) => line.slice(0, 3))).toEqual(table.map(([, code]) => code));
    expect((await talk(['X\r\n'.repeat(51)])).slice(-2)).toEqual([
      '500 Unknown command',
      '400 Too many errors, closing',
    ]);
    expect(await talk([601])).toEqual([]);
  });

  it('takes articles that are some', async () => {
    const post = async (text: string, kept = store(), posting = true) =>
      (await talk([`POST\r\n`, `${text}.\r\n`, 'END'], kept, posting)).at(-1);
    const header = 'From: me\r\nNewsgroups: lab.test,lab.empty,else.where\r\nSubject: s\r\n';
    const kept = store();
    expect(await post(`${header}Path: x\r\n folded\r\nXref: forged\r\n\r\n..dot\r\n`, kept)).toMatch(
      /^240 .*<0\.1@news>/,
    );
    expect(latin1Decode(kept.article('<0.1@news>')!.bytes)).toBe(
      'Path: news!x folded\r\nMessage-ID: <0.1@news>\r\nDate: Thu, 01 Jan 1970 00:00:00 +0000\r\n' +
        `Xref: news lab.test:4 lab.empty:1\r\n${header}\r\n.dot\r\n`,
    );
    for (const [text, why] of [
      ['hello\r\n', 'no header'],
      [`${header}hello\r\n`, 'no header'],
      ['From: me\r\nSubject: s\r\n\r\n', 'no Newsgroups'],
      [`${header}Subject: t\r\n\r\n`, 'two Subject'],
      [header.replace('lab.test,lab.empty', 'no.such').concat('\r\n'), 'no such group'],
      [header.replace('lab.empty', 'lab.news').concat('\r\n'), 'not allowed'],
      [`${header}Message-ID: <1@x>\r\n\r\n`, 'already'],
      [`${header}Message-ID: x\r\n\r\n`, 'Message-ID'],
      [`${header}\r\na\nb\r\n`, 'CR and LF'],
      [`${header}\r\n\0\r\n`, 'NUL'],
    ] as const) {
      expect(await post(text)).toMatch(new RegExp(`^441 .*${why}`));
    }
    expect((await talk(['POST\r\n', 'END'], store(), false)).at(-1)).toMatch(/^440/);
    const offer = `From: a\r\nNewsgroups: lab.news\r\nSubject: s\r\nMessage-ID: <9@y>\r\n\r\nx\r\n.\r\n`;
    const codes = (await talk(['IHAVE <9@y>\r\n', offer, 'IHAVE <9@y>\r\n', 'IHAVE <8@y>\r\n', '.\r\n', 'END'])).map(
      (l) => l.slice(0, 3),
    );
    expect(codes).toEqual(['335', '235', '435', '335', '437']);
    expect(await talk(['POST\r\n', 'From: half', 'END'])).toEqual(['340 Send article to be posted']);
  });

  it('lets the oldest articles go when there are too many', () => {
    const kept = store({ articles: 3 });
    kept.add(article('no 4'), 'person', 4);
    expect([...kept.group('lab.test')!.articles.keys()]).toEqual([2, 3, 4]);
    expect(kept.article('<1@x>')).toBe(null);
    expect([...kept.articles]).toHaveLength(3);
  });

  it('stays a server whatever is sent', async () => {
    const random = new Random(11);
    const valid = latin1Encode(
      'GROUP lab.test\r\nOVER 1-2\r\nNEWNEWS * 19700101 000000\r\nLIST ACTIVE *\r\nHDR From 1\r\nHEAD 1\r\n',
    );
    for (let i = 0; i < 2000; i++) {
      const bytes = valid.slice();
      for (let n = 0; n < 3; n++) bytes[random.below(bytes.length)] = random.below(256);
      const sent = await talk([latin1Decode(bytes, 0, random.below(bytes.length + 1)), 'END']);
      expect(sent.every((line) => !line.includes('undefined'))).toBe(true);
    }
  });
});

describe('words', () => {
  it('mean what RFC 3977 says', () => {
    const fits = (wildmat: string) => matchesWildmat(wildmat, 'a.bcd');
    expect([fits('*'), fits('a.*'), fits('a.?cd'), fits('*,!a.*'), fits('!*,a.b*'), fits('a.bc'), fits('')]).toEqual([
      true,
      true,
      true,
      false,
      true,
      false,
      false,
    ]);
    expect(matchesWildmat('*a'.repeat(200), 'a'.repeat(150))).toBe(false);
    expect([parseRange('5'), parseRange('5-'), parseRange('5-3'), parseRange('-5'), parseRange('x')]).toEqual([
      { first: 5, last: 5 },
      { first: 5, last: Infinity },
      { first: 5, last: 3 },
      null,
      null,
    ]);
    expect([
      parseNewsTime('700101', '000001', 0),
      parseNewsTime('991231', '000000', 0),
      parseNewsTime('19700101', '240000', 0),
    ]).toEqual([1, -2_209_075_200, null]);
  });
});

describe('the programs', () => {
  it('post and read over a network', async () => {
    const lab = new ServiceLab();
    lab.serve('nntpd -v "lab.test=for tests" lab.other');
    const run = (words: string) => lab.run('alice', `news ${words}`);
    expect(await run('-w -s hello -m text server lab.test')).toEqual({ out: '', err: '', code: 0 });
    expect((await lab.run('bob', 'news -w server lab.test,lab.other', '.dot\n')).code).toBe(0);
    expect((await run('server')).out).toMatch(/^lab\.other +1 {2}\nlab\.test +2 {2}for tests\n$/);
    expect((await run('server lab.test')).out).toMatch(
      /^ {3}1 user@alice .* hello\n {3}2 user@bob .*\(no subject\)\n$/,
    );
    expect((await run('server lab.test 2')).out).toMatch(/^Path: server!not-for-mail\n[\s\S]*\n\n\.dot\n$/);
    expect((await run('server no.such')).err).toBe('news: server: 411 No such newsgroup\n');
    expect((await run('bob')).err).toBe('news: bob: Connection refused\n');
    expect((await run('-w server')).code).toBe(2);
    expect(lab.said).toMatch(/^<[^>]+> in lab\.test\n<[^>]+> in lab\.test, lab\.other\n$/);
    await lab.pass(300);
    expect(lab.network.pool.outstanding).toBe(0);
  });
});
