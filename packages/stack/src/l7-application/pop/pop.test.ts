import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { latin1Decode, latin1Encode } from '../../base/utf8.ts';
import { type Act, ScriptedStream } from '../http/testing/scripted-stream.ts';
import { Mailboxes } from '../mail/mailboxes.ts';
import { POP_LIMITS } from './limits.ts';
import { apopDigest } from './maildrop.ts';
import { servePop2 } from './pop2-server.ts';
import { Pop3Client, PopError, parsePopUrl } from './pop3-client.ts';
import { parseAccount, servePop3 } from './pop3-server.ts';

const ONE = 'Subject: 1\r\n\r\na\r\n.b\r\nc\r\n';
const TWO = 'Subject: 2\r\n\r\n';

function mailboxes(): Mailboxes {
  const made = new Mailboxes();
  const box = made.open('bob')!;
  box.add(latin1Encode(ONE), 'a@b', 0);
  box.add(latin1Encode(TWO), 'a@b', 0);
  return made;
}

async function talk(serve: typeof servePop3, script: Act[], boxes = mailboxes()) {
  const stream = new ScriptedStream(script);
  const accounts = { mailboxes: boxes, passwords: new Map([['bob', 'se cret']]) };
  await serve(stream, {
    clock: stream.clock,
    accounts,
    name: 'mx',
    nonce: 'n',
    limits: { ...POP_LIMITS, badCommands: 50 },
  });
  expect(stream.closed).toBe(true);
  return stream.sent;
}

const LOGIN = 'USER bob\r\nPASS se cret\r\n';
const after = (sent: string) => sent.split('\r\n').slice(3).join('|');

describe('POP3', () => {
  it('shows a mailbox, all commands of it', async () => {
    const sent = await talk(servePop3, [
      `${LOGIN}STAT\r\nLIST\r\nlist 2\r\nUIDL\r\nUIDL 1\r\nTOP 1 1\r\nRETR 1\r\nNOOP\r\n`,
      'END',
    ]);
    expect(after(sent)).toBe(
      '+OK 2 38|+OK list follows|1 24|2 14|.|+OK 2 14|+OK list follows|1 0.1|2 0.2|.|+OK 1 0.1|' +
        '+OK 24 octets|Subject: 1||a|.|+OK 24 octets|Subject: 1||a|..b|c|.|+OK|',
    );
    expect(await talk(servePop3, ['CAPA\r\nQUIT\r\n', 'END'])).toMatch(
      /^\+OK POP3[^\n]*<n@mx>\r\n\+OK .*\r\nTOP\r\n[^.]*\.\r\n\+OK bye/,
    );
  });

  it('deletes at QUIT and at nothing else', async () => {
    for (const [end, left] of [
      ['QUIT\r\n', 1],
      ['RSET\r\nQUIT\r\n', 2],
      ['END', 2],
      ['NOOP', 2],
    ] as const) {
      const boxes = mailboxes();
      const sent = await talk(servePop3, [`${LOGIN}DELE 1\r\nDELE 1\r\nRETR 1\r\nLIST\r\nSTAT\r\n`, end, 'END'], boxes);
      expect(after(sent)).toContain(
        '+OK message 1 deleted|-ERR no such message|-ERR no such message|+OK list follows|2 14|.|+OK 1 14',
      );
      expect([end, boxes.find('bob')!.messages.length, boxes.find('bob')!.locked]).toEqual([end, left, false]);
    }
    const boxes = mailboxes();
    await talk(servePop3, [`${LOGIN}DELE 1\r\n`, 601], boxes);
    expect(boxes.find('bob')!.messages.length).toBe(2);
  });

  it('lets in who knows the password, and one at a time', async () => {
    // RFC 1939 7's example.
    expect(apopDigest('<1896.697170952@dbc.mtview.ca.us>', 'tanstaaf')).toBe('c4c9334bac560ecc979e58001b3e22fb');
    expect(await talk(servePop3, [`APOP bob ${apopDigest('<n@mx>', 'se cret')}\r\n`, 'END'])).toContain('+OK 2 38');
    expect(await talk(servePop3, ['APOP bob 00\r\n', 'END'])).toContain('-ERR [AUTH]');
    expect(await talk(servePop3, ['USER eve\r\nPASS x\r\n'.repeat(3)])).toMatch(
      /(\+OK send PASS\r\n-ERR \[AUTH\][^\r]*\r\n){3}$/,
    );
    const boxes = mailboxes();
    boxes.find('bob')!.locked = true;
    expect(await talk(servePop3, [LOGIN, 'END'], boxes)).toContain('-ERR [IN-USE]');
    expect(boxes.find('bob')!.locked).toBe(true);
  });

  it('answers whatever comes with an error', async () => {
    const before = [
      'PASS x',
      'STAT',
      'USER',
      'APOP x',
      'AUTH PLAIN',
      'STLS',
      '',
      '\x00\xff',
      `USER ${'x'.repeat(251)}`,
    ];
    const inside = [
      'USER bob',
      'LIST 0',
      'LIST x',
      'LIST 1 2',
      'RETR',
      'RETR 3',
      'TOP 1',
      'TOP 1 -1',
      'DELE 9999999999',
      'XYZ',
    ];
    const lines = [...before.map((line) => `${line}\r\n`), LOGIN, ...inside.map((line) => `${line}\r\n`), 'END'];
    const sent = await talk(servePop3, lines);
    expect(sent.match(/^-ERR /gm)).toHaveLength(before.length + inside.length);
    const random = new Random(3);
    const valid = latin1Encode(`${LOGIN}TOP 1 1\r\nRETR 1\r\nLIST\r\nDELE 2\r\nRSET\r\n`);
    for (let i = 0; i < 2000; i++) {
      const bytes = valid.slice();
      for (let n = 0; n < 3; n++) bytes[random.below(bytes.length)] = random.below(256);
      const boxes = mailboxes();
      await talk(servePop3, [latin1Decode(bytes, 0, random.below(bytes.length + 1)), 'END'], boxes);
      expect(boxes.find('bob')!.messages.length).toBe(2);
    }
  });
});

describe('POP2', () => {
  const lines = (sent: string) => sent.split('\r\n').slice(1, -1);

  it('has the conversation of RFC 937', async () => {
    const boxes = mailboxes();
    boxes.open('bob')!;
    const script = ['HELO bob se', 'HELO bob secret'];
    expect(lines(await talk(servePop2, [`${script[0]}\r\n`, 'END'], boxes))).toEqual(['- wrong user or password']);
    const accounts = { mailboxes: boxes, passwords: new Map([['bob', 'secret']]) };
    const stream = new ScriptedStream([
      `${script[1]}\r\nREAD\r\nRETR\r\nNACK\r\nRETR\r\nACKD\r\nRETR\r\nACKS\r\nFOLD other\r\nREAD 1\r\nQUIT\r\n`,
    ]);
    await servePop2(stream, { clock: stream.clock, accounts, name: 'mx', nonce: '' });
    expect(stream.sent).toBe(
      `+ POP2 mx server\r\n#2 messages\r\n=24 characters\r\n${ONE}=24 characters\r\n${ONE}=14 characters\r\n${TWO}=0 characters\r\n` +
        '#0 messages\r\n=0 characters\r\n+ bye\r\n',
    );
    expect(boxes.find('bob')!.messages.map(({ bytes }) => latin1Decode(bytes))).toEqual([TWO]);
    expect(boxes.find('bob')!.locked).toBe(false);
  });

  it('ends at a mistake', async () => {
    for (const line of ['READ', '\x00', '', 'HELO', 'x'.repeat(256), 'QUIT now']) {
      expect(lines(await talk(servePop2, [`${line}\r\n`]))).toEqual([expect.stringMatching(/^- /)]);
    }
  });
});

describe('a client of POP3', () => {
  const client = async (script: Act[]) => {
    const stream = new ScriptedStream(script);
    const made = new Pop3Client(stream, stream.clock);
    await made.login('bob', 'pw');
    return { made, stream };
  };

  it('logs in without showing the password where it can, lists and fetches', async () => {
    const { made, stream } = await client([
      '+OK <1@x>\r\n',
      '+OK\r\n',
      '+OK\r\n1 10\r\n3 20 x\r\n.\r\n',
      '+OK\r\n..a\r\n.\r\n',
    ]);
    expect(stream.sent).toBe(`APOP bob ${apopDigest('<1@x>', 'pw')}\r\n`);
    expect(await made.list()).toEqual([
      { number: 1, bytes: 10 },
      { number: 3, bytes: 20 },
    ]);
    expect(latin1Decode(await made.retrieve(3))).toBe('.a\r\n');
    expect((await client(['+OK\r\n', '+OK\r\n', '+OK\r\n'])).stream.sent).toBe('USER bob\r\nPASS pw\r\n');
  });

  it('tells of refusals and of nonsense', async () => {
    for (const script of [['-ERR no\r\n'], ['220 smtp\r\n'], ['END'], [61], ['x'.repeat(2001)]] as Act[][]) {
      await expect(client([...script, 'END'])).rejects.toThrow(PopError);
    }
  });

  it('reads where to go', () => {
    expect(parsePopUrl('pop3://bob:a@host:1110/')).toEqual({ user: 'bob', password: 'a', host: 'host', port: 1110 });
    expect(parsePopUrl('pop3://bob:a@[2001:db8::1]')).toMatchObject({ host: '2001:db8::1', port: 110 });
    for (const text of ['pop3://bob@host', 'http://a:b@c', 'pop3://a:b@c:0', 'pop3://a:b@c:65536'])
      expect(parsePopUrl(text)).toBe(null);
    expect([parseAccount('Bob:a:b'), parseAccount('bob'), parseAccount(':x'), parseAccount('a:')]).toEqual([
      ['bob', 'a:b'],
      null,
      null,
      null,
    ]);
  });
});
