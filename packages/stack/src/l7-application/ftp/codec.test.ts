import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { latin1Encode } from '../../base/utf8.ts';
import {
  formatExtendedPort,
  formatPort,
  parseExtendedPassive,
  parseExtendedPort,
  parsePassive,
  parsePort,
} from './data-address.ts';
import { clientPath, FACTS, factsLine, fromAscii, listLine, matches, toAscii } from './files.ts';
import { FtpLineReader, TOO_LONG } from './line-reader.ts';
import { formatReply, ReplyReader } from './reply.ts';

function lines(bytes: Uint8Array, limit = 20): (string | typeof TOO_LONG)[] {
  const reader = new FtpLineReader(limit);
  reader.push(bytes);
  const all = [];
  for (let line = reader.next(); line !== null; line = reader.next()) all.push(line);
  return all;
}

describe('lines of a control connection', () => {
  it('ends with CR LF, or LF; those too long are thrown away whole', () => {
    const text = `USER x\r\nNOOP\n\r\n${'a'.repeat(20)}\r\n${'a'.repeat(21)}\r\n${'a'.repeat(9999)}\nQUIT\r\nno end`;
    expect(lines(latin1Encode(text))).toEqual(['USER x', 'NOOP', '', 'a'.repeat(20), TOO_LONG, TOO_LONG, 'QUIT']);
  });

  it('takes Telnet out, and refuses its options (RFC 854)', () => {
    const reader = new FtpLineReader(20);
    reader.push(
      Uint8Array.of(255, 244, 255, 242, ...latin1Encode('AB'), 255, 253, 1, 255, 251, 3, 255, 252, 3, 255, 254, 3),
    );
    reader.push(latin1Encode('OR\r\n'));
    expect(reader.next()).toBe('ABOR');
    expect(reader.refusals).toEqual([255, 252, 1, 255, 254, 3]);
  });

  it('reads the same in pieces of any size, every prefix and 100,000 mutations', () => {
    const bytes = latin1Encode('USER anonymous\r\nPASS x@y\r\n\xff\xf4\xff\xf2ABOR\r\nRETR a b\nQUIT\r\n');
    const whole = lines(bytes);
    const reader = new FtpLineReader(20);
    for (let i = 0; i < bytes.length; i++) reader.push(bytes.subarray(i, i + 1));
    for (const line of whole) expect(reader.next()).toBe(line);
    for (let length = 0; length <= bytes.length; length++) {
      const some = lines(bytes.subarray(0, length));
      expect(whole.slice(0, some.length)).toEqual(some);
    }
    const random = Random.from('ftp');
    for (let i = 0; i < 100_000; i++) {
      const at = random.below(bytes.length);
      const was = bytes[at]!;
      bytes[at] = random.below(256);
      if (lines(bytes).length > whole.length + 1) throw new Error('more lines than line ends');
      bytes[at] = was;
    }
  });
});

describe('replies', () => {
  it('are read as they are written', () => {
    const reader = new ReplyReader(10);
    const feed = (text: string) =>
      text
        .split('\r\n')
        .slice(0, -1)
        .map((line) => reader.take(line));
    expect(feed(formatReply(220, 'hello'))).toEqual([{ code: 220, lines: ['hello'] }]);
    expect(formatReply(211, ['a', '211 b', 'c'])).toBe('211-a\r\n 211 b\r\n211 c\r\n');
    expect(feed(formatReply(211, ['a', '211 b', 'c']))).toEqual([
      null,
      null,
      { code: 211, lines: ['a', ' 211 b', 'c'] },
    ]);
    expect(formatReply(550, 'a\r\nb')).toBe('550 a??b\r\n');
    expect(reader.take('hello')).toBe('no reply: hello');
    reader.take('211-x');
    for (let i = 0; i < 9; i++) expect(reader.take('211-y')).toBeNull();
    expect(reader.take('z')).toBe('a reply of more than 10 lines');
  });
});

describe('addresses of data connections', () => {
  it('are read as they are written', () => {
    const v4 = { host: '10.0.0.2', port: 5001 };
    const v6 = { host: '2001:db8::2', port: 6446 };
    expect(formatPort(v4)).toBe('10,0,0,2,19,137');
    expect(parsePort('10,0,0,2,19,137')).toEqual(v4);
    expect(parsePassive('Entering Passive Mode (10,0,0,2,19,137).')).toEqual(v4);
    expect(parsePassive('=10,0,0,2,19,137')).toEqual(v4);
    expect(formatExtendedPort(v6)).toBe('|2|2001:db8::2|6446|');
    for (const address of [v4, v6]) expect(parseExtendedPort(formatExtendedPort(address))).toEqual(address);
    expect(parseExtendedPort('$1$10.0.0.2$5001$')).toEqual(v4);
    expect(parseExtendedPort('|3|x|1|')).toBe('protocol');
    expect(parseExtendedPassive('Entering Extended Passive Mode (|||6446|)')).toBe(6446);
    expect(parseExtendedPassive('(!!!6446!)')).toBe(6446);
  });

  it('are not what they are not', () => {
    for (const text of [
      '',
      '1,2,3,4,5',
      '256,0,0,1,1,1',
      '1,2,3,4,0,0',
      'x1,2,3,4,5,6',
      '1,2,3,4,5,6,7',
      '1,2,3,4,5,1000',
    ]) {
      expect(parsePort(text), text).toBeNull();
    }
    for (const text of [
      '',
      '|',
      '|1|10.0.0.2|0|',
      '|1|10.0.0.2|65536|',
      '|1|::1|5|',
      '|2|10.0.0.2|5|',
      '|1|10.0.0.2|5',
      '|1|x|5|',
      '|1|10.0.0.2|5|x',
      '|x|1|1|',
    ]) {
      expect(parseExtendedPort(text), text).toBeNull();
    }
    for (const text of ['', '(|||0|)', '(|||65536|)', '(||6446|)', '(|||6446!)'])
      expect(parseExtendedPassive(text), text).toBeNull();
  });
});

describe('names and listings', () => {
  it('never leave the root', () => {
    const table: [string, string, string | null][] = [
      ['/', '..', '/'],
      ['/a/b', '../c', '/a/c'],
      ['/a', '../../../etc/passwd', '/etc/passwd'],
      ['/a', '/../..//x/./y/', '/x/y'],
      ['/a', 'b\0c', null],
      ['/a', 'b\nc', null],
    ];
    for (const [current, path, is] of table) expect(clientPath(current, path)).toBe(is);
  });

  it('write lines of LIST and MLSD', () => {
    const stat = { kind: 'file', size: 12, modifiedMs: 1_795_262_400_000 } as const;
    const directory = { kind: 'directory', size: 0, modifiedMs: 0 } as const;
    expect(listLine('a b', stat, 1_795_262_500)).toBe('-rw-r--r--    1 ftp      ftp              12 Nov 21 12:00 a b');
    expect(listLine('sub', directory, 1_795_262_500)).toBe(
      'drwxr-xr-x    1 ftp      ftp               0 Jan  1  1970 sub',
    );
    const all = new Set(FACTS);
    expect(factsLine('a b', stat, all, true)).toBe('type=file;size=12;modify=20261121120000;perm=raw; a b');
    expect(factsLine('sub', directory, all, false)).toBe('type=dir;perm=el; sub');
    expect(factsLine('x\r\n226 y', stat, new Set(), false)).toBe(' x??226 y');
  });

  it('match patterns, in bounded time', () => {
    expect(['a.txt', 'b.txt', 'a.bin', '.txt'].filter((name) => matches(name, '*.txt'))).toEqual([
      'a.txt',
      'b.txt',
      '.txt',
    ]);
    expect(matches('abc', 'a?c') && matches('abc', 'a*') && matches('', '*') && !matches('abc', 'a?')).toBe(true);
    expect(matches('a'.repeat(5000), `${'*a'.repeat(500)}b`)).toBe(false);
  });

  it('translate text', () => {
    const bytes = latin1Encode('a\nb\r\nc\r');
    expect(toAscii(bytes)).toEqual(latin1Encode('a\r\nb\r\r\nc\r'));
    expect(fromAscii(toAscii(bytes))).toEqual(bytes);
  });
});
