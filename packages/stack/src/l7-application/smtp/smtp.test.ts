import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { latin1Decode, latin1Encode } from '../../base/utf8.ts';
import { type Act, ScriptedStream } from '../http/testing/scripted-stream.ts';
import { Mailboxes } from '../mail/mailboxes.ts';
import { sendMail } from './client.ts';
import { parseCommand, parsePathArgument } from './command.ts';
import { SMTP_LIMITS, type SmtpLimits } from './limits.ts';
import { serveSmtp } from './server.ts';
import { MailTransfer } from './transfer.ts';

const HELLO = 'EHLO client.example\r\n';
const NOT_NEEDED = async (): Promise<never> => {
  throw new Error('not needed');
};

/** What a server answers to a script, without the greeting; and where mail goes. */
async function answers(script: Act[], limits: Partial<SmtpLimits> = {}, client = '10.9.9.9', users = ['bob', 'eve']) {
  const stream = new ScriptedStream([...script]);
  const mailboxes = new Mailboxes();
  const system = new MailTransfer({
    name: 'mx.example',
    domains: ['mx.example', 'example'],
    mailboxes,
    users: new Set(users),
    clock: stream.clock,
    isOwn: (address) => address.toString() === '10.0.0.1',
    mayRelay: (address) => address.toString() === '10.0.0.2',
    route: async () => ({ kind: 'temporary', text: 'nowhere' }),
    dial: NOT_NEEDED,
    sleep: async () => false,
    onError: (error) => {
      throw error;
    },
  });
  await serveSmtp(stream, {
    clock: stream.clock,
    system,
    client,
    limits: { ...SMTP_LIMITS, ...limits },
    messageBytes: 2000,
  });
  expect(stream.closed).toBe(true);
  const lines = stream.sent.split('\r\n').slice(1, -1);
  return { codes: lines.filter((line) => line[3] === ' ').map((line) => Number(line.slice(0, 3))), lines, mailboxes };
}

describe('a server', () => {
  it('takes a message, and says who brought it', async () => {
    const { codes, lines, mailboxes } = await answers([
      HELLO,
      'MAIL FROM:<alice@lab.example> SIZE=20 BODY=8BITMIME\r\nRCPT TO:<Bob@Example>\r\nDATA\r\n',
      'Subject: hi\r\n\r\n..dot\r\n.\r\nQUIT\r\n',
      'END',
    ]);
    expect(lines.slice(0, 5)).toEqual([
      '250-mx.example greets client.example',
      '250-PIPELINING',
      '250-SIZE 2000',
      '250-8BITMIME',
      '250 HELP',
    ]);
    expect(codes).toEqual([250, 250, 250, 354, 250, 221]);
    expect(latin1Decode(mailboxes.find('bob')!.messages[0]!.bytes)).toBe(
      'Return-Path: <alice@lab.example>\r\nReceived: from client.example ([10.9.9.9])\r\n\tby mx.example with ESMTP\r\n' +
        '\tfor <Bob@example>;\r\n\tThu, 01 Jan 1970 00:00:00 +0000\r\nSubject: hi\r\n\r\n.dot\r\n',
    );
  });

  it('answers every command, in any order', async () => {
    const table: [string, number][] = [
      ['MAIL FROM:<a@b>', 503],
      ['NOOP anything', 250],
      ['HELP', 214],
      ['HELO', 501],
      ['HELO [10.0.0.5]', 250],
      ['RCPT TO:<bob@example>', 503],
      ['DATA', 503],
      ['MAIL FROM:a@b', 501],
      ['MAIL FROM:<a>', 501],
      ['MAIL FROM:<a@b> SIZE=2001', 552],
      ['MAIL FROM:<a@b> BODY=BINARYMIME', 501],
      ['MAIL FROM:<a@b> AUTH=<>', 555],
      ['MAIL FROM:<a@b> RET=HDRS', 555],
      ['mail from:<> size=2000', 250],
      ['MAIL FROM:<a@b>', 503],
      ['DATA', 554],
      ['RCPT TO:<>', 501],
      ['RCPT TO:<nobody@example>', 550],
      ['RCPT TO:<bob@far.example>', 550],
      ['RCPT TO:<bob%far.example@example>', 550],
      ['RCPT TO:<@example:bob@far.example>', 550],
      ['RCPT TO:<Postmaster>', 250],
      ['RCPT TO:<"bob"@[10.0.0.1]>', 250],
      ['RCPT TO:<@relay.example,@other:bob@example>', 250],
      ['VRFY bob', 250],
      ['VRFY nobody', 550],
      ['VRFY', 501],
      ['EXPN list', 502],
      ['STARTTLS', 502],
      ['AUTH PLAIN', 502],
      ['TURN', 502],
      ['GET / HTTP/1.1', 500],
      ['\x00\xff\x01', 500],
      ['', 500],
      [`NOOP ${'x'.repeat(1020)}`, 500],
      ['RSET', 250],
      ['RCPT TO:<bob@example>', 503],
      ['QUIT now', 501],
      ['QUIT', 221],
    ];
    const { codes } = await answers([...table.map(([line]) => `${line}\r\n`), 'END'], { badCommands: 100 });
    expect(codes).toEqual(table.map(([, code]) => code));
  });

  it('relays for its own networks only', async () => {
    const talk = [`${HELLO}MAIL FROM:<a@b>\r\nRCPT TO:<x@far.example>\r\nQUIT\r\n`, 'END'];
    expect((await answers(talk, {}, '10.0.0.2')).codes).toEqual([250, 250, 250, 221]);
    expect((await answers(talk, {}, '10.0.0.3')).codes).toEqual([250, 250, 550, 221]);
  });

  it('refuses what is too large, too much, too late, or means two things', async () => {
    const start = `${HELLO}MAIL FROM:<a@b>\r\nRCPT TO:<bob@example>\r\n`;
    const after = async (text: string, limits: Partial<SmtpLimits> = {}) =>
      (await answers([start, `DATA\r\n${text}\r\n.\r\nNOOP\r\n`, 'END'], limits)).codes.slice(3);
    expect(await after('x'.repeat(1998))).toEqual([354, 250, 250]);
    expect(await after('x'.repeat(1999))).toEqual([354, 552, 250]);
    expect(await after('a\n.\nMAIL FROM:<evil@b>')).toEqual([354, 554, 250]);
    expect(await after('a\rb')).toEqual([354, 554, 250]);
    expect(await after('Received: x\r\n'.repeat(3), { hops: 3 })).toEqual([354, 250, 250]);
    expect(await after('Received: x\r\n'.repeat(4), { hops: 3 })).toEqual([354, 554, 250]);
    const two = [`${start}RCPT TO:<eve@example>\r\n`, 'END'];
    expect((await answers(two, { recipients: 2 })).codes.at(-1)).toBe(250);
    expect((await answers(two, { recipients: 1 })).codes.at(-1)).toBe(452);
    expect((await answers([HELLO, 301])).codes).toEqual([250, 421]);
    expect((await answers([start, 'DATA\r\nhalf', 301])).codes.at(-1)).toBe(421);
    expect((await answers([start, 'DATA\r\nhalf', 'END'])).mailboxes.find('bob')!.messages.length).toBe(0);
    expect((await answers(Array(21).fill('X\r\n'))).codes).toEqual([...Array(20).fill(500), 421]);
    await expect(answers([start, 'RESET'])).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('takes what a person types at a terminal, without carriage returns', async () => {
    const { codes } = await answers(['HELO me\nMAIL FROM:<a@b>\nRCPT TO:<bob@example>\nDATA\nhi\n.\nQUIT\n', 'END']);
    expect(codes).toEqual([250, 250, 250, 354, 250, 221]);
  });
});

describe('command lines', () => {
  it('end in a command or in none, whatever they are', () => {
    const random = new Random(7);
    const valid = latin1Encode('MAIL FROM:<@a,@b:"x y"@[10.0.0.1]> SIZE=12 BODY=7BIT');
    const bytes = valid.slice();
    let understood = 0;
    for (let i = 0; i < 100_000; i++) {
      const at = random.below(bytes.length);
      bytes[at] = random.below(256);
      const { verb, rest } = parseCommand(latin1Decode(bytes, 0, random.below(bytes.length + 1)));
      if (verb === 'MAIL' && parsePathArgument(rest, 'FROM') !== null) understood++;
      bytes[at] = valid[at]!;
    }
    expect(understood).toBeGreaterThan(100);
  });
});

describe('a client', () => {
  const to = (local: string) => ({ local, domain: 'example' });
  const send = async (script: Act[], text = 'hi\r\n', recipients = [to('bob'), to('eve')]) => {
    const stream = new ScriptedStream([...script]);
    const results = await sendMail(stream, stream.clock, 'me', { sender: to('a'), recipients }, latin1Encode(text));
    expect(stream.closed).toBe(true);
    return { sent: stream.sent, outcomes: results.map(({ recipient, outcome }) => `${recipient.local} ${outcome}`) };
  };

  it('pipelines where it may, and tells what became of each', async () => {
    const { sent, outcomes } = await send([
      '220 x\r\n',
      '250-x\r\n250-SIZE 1000\r\n250 PIPELINING\r\n',
      '250 ok\r\n250 ok\r\n550 no\r\n',
      '354 go\r\n',
      '250 done\r\n',
      '221 bye\r\n',
    ]);
    expect(sent).toBe(
      'EHLO me\r\nMAIL FROM:<a@example> SIZE=7\r\nRCPT TO:<bob@example>\r\nRCPT TO:<eve@example>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n',
    );
    expect(outcomes).toEqual(['eve permanent', 'bob delivered']);
  });

  it('says HELO to those who are old, and never sends 8 bits to them', async () => {
    const old: Act[] = ['220 x\r\n', '500 what\r\n', '250 x\r\n'];
    const ok: Act[] = ['250 ok\r\n', '250 ok\r\n', '250 ok\r\n', '354 go\r\n', '250 done\r\n', 'END'];
    expect((await send([...old, ...ok])).outcomes).toEqual(['bob delivered', 'eve delivered']);
    expect((await send(old, '\xff\r\n')).outcomes).toEqual(['bob permanent', 'eve permanent']);
  });

  it('leaves for later whatever breaks, and gives up what is refused', async () => {
    for (const script of [
      ['END'],
      ['RESET'],
      [301],
      ['220 x\r\n', '421 x\r\n', 'END'],
      ['HTTP/1.1 400\r\n'],
    ] as Act[][]) {
      expect((await send(script)).outcomes).toEqual(['bob temporary', 'eve temporary']);
    }
    expect((await send(['554 no\r\n', 'END'])).outcomes).toEqual(['bob permanent', 'eve permanent']);
    const small: Act[] = ['220 x\r\n', '250-x\r\n250 SIZE 6\r\n'];
    expect((await send(small)).outcomes).toEqual(['bob permanent', 'eve permanent']);
  });
});
