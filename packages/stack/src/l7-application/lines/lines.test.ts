import { describe, expect, it } from 'vitest';
import { latin1Decode, latin1Encode } from '../../base/utf8.ts';
import { ScriptedStream } from '../http/testing/scripted-stream.ts';
import { DotReader, dotStuffed } from './dot-text.ts';
import { LineFault, LineStream } from './line-stream.ts';

function lines(...script: ConstructorParameters<typeof ScriptedStream>[0]): [LineStream, ScriptedStream] {
  const stream = new ScriptedStream(script);
  return [new LineStream(stream, stream.clock), stream];
}

describe('lines', () => {
  it('come in pieces of any size, with either end, and at the limit and one past it', async () => {
    const [reader] = lines('ab', 'cd\r', '\nx\n12345\r\n123456\r\n123456', '7890\r\nok\r\n', 'left', 'END');
    expect(await reader.readLine(5, 10)).toBe('abcd');
    expect(reader.bareLineFeed).toBe(false);
    expect(await reader.readLine(5, 10)).toBe('x');
    expect(reader.bareLineFeed).toBe(true);
    expect(await reader.readLine(5, 10)).toBe('12345');
    expect(await reader.readLine(5, 10)).toBe(LineFault.TooLong);
    expect(await reader.readLine(5, 10)).toBe(LineFault.TooLong);
    expect(await reader.readLine(5, 10)).toBe('ok');
    expect(await reader.readLine(5, 10)).toBe(LineFault.End);
  });

  it('have one deadline however slowly they drip, and end where no line ends', async () => {
    const [dripping] = lines('a', 4, 'b', 4, 'c', 4, '\r\n');
    expect(await dripping.readLine(100, 10)).toBe(LineFault.Late);
    const endless = lines(...Array.from({ length: 20 }, () => 'x'.repeat(100_000)), 'END')[0];
    expect(await endless.readLine(100, 10)).toBe(LineFault.End);
  });

  it('are sent together when something is waited for', async () => {
    const [reader, stream] = lines('a\r\nb\r\n', 'END');
    await reader.readLine(10, 1);
    reader.writeLine('1');
    await reader.readLine(10, 1);
    reader.writeLine('2');
    expect(stream.sent).toBe('');
    await reader.readLine(10, 1);
    expect(stream.writes).toEqual([6]);
    await reader.end(1);
    expect(stream.closed).toBe(true);
  });
});

describe('texts that end with a dot', () => {
  const read = (text: string, pieces: number, bare = false) => {
    const reader = new DotReader(1000, bare);
    const bytes = latin1Encode(text);
    for (let at = 0; at < bytes.length && !reader.done; at += pieces) reader.push(bytes.subarray(at, at + pieces), 0);
    return reader;
  };

  it('are what was sent, in pieces of any size', () => {
    for (const text of ['', 'a\r\n', '.\r\n', '..\r\n.a\r\n', 'x\r\n\r\n.\r\n', '\x00\xff\r\n']) {
      const sent = latin1Decode(dotStuffed(latin1Encode(text)));
      for (const pieces of [1, 2, 3, 100]) {
        const reader = read(sent, pieces);
        expect([reader.done, reader.malformed, latin1Decode(reader.text())]).toEqual([true, false, text]);
      }
      for (let i = 0; i < sent.length; i++) expect(read(sent.slice(0, i), 1).done).toBe(false);
    }
    expect(latin1Decode(dotStuffed(latin1Encode('a\n.b\rc')))).toBe('a\r\n..b c\r\n.\r\n');
  });

  it('end at CRLF.CRLF and nowhere else: what smugglers send is no end, and is noticed', () => {
    for (const end of ['\n.\n', '\n.\r\n', '\r.\r\n', '\r.\r', '\r\n.\n', '\r\n.\r']) {
      const reader = read(`a${end}MAIL FROM:<x>\r\n`, 100);
      expect([end, reader.done, reader.malformed]).toEqual([end, false, true]);
    }
    expect(read('a\n.\nrest', 100, true)).toMatchObject({ done: true, malformed: false });
    expect(latin1Decode(read('a\n.b\n.\n', 1, true).text())).toBe('a\r\nb\r\n');
  });

  it('have a limit', () => {
    const reader = new DotReader(3, false);
    reader.push(latin1Encode('a\r\n.\r\n'), 0);
    expect(reader).toMatchObject({ done: true, tooLarge: false });
    const larger = new DotReader(3, false);
    expect(larger.push(latin1Encode('ab\r\n.\r\nmore'), 0)).toBe(7);
    expect(larger).toMatchObject({ done: true, tooLarge: true });
  });
});
