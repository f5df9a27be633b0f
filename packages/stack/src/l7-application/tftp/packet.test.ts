import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { TFTP_LIMITS } from './limits.ts';
import { fromNetascii, toNetascii } from './netascii.ts';
import { accept, agree } from './options.ts';
import { ackPacket, dataPacket, errorPacket, oackPacket, parseTftp, requestPacket } from './packet.ts';

const OPTIONS = new Map([
  ['blksize', '1428'],
  ['tsize', '0'],
]);
const PACKETS = [
  requestPacket(1, 'dir/file.bin', 'octet', OPTIONS)!,
  requestPacket(2, 'é', 'NetASCII', new Map())!,
  dataPacket(65_537, Uint8Array.of(1, 2, 3)),
  ackPacket(0x1234),
  errorPacket(1, 'File not found'),
  oackPacket(OPTIONS),
];

describe('packets', () => {
  it('reads what it writes', () => {
    expect(PACKETS.map(parseTftp)).toEqual([
      { op: 1, file: 'dir/file.bin', mode: 'octet', options: OPTIONS },
      { op: 2, file: 'é', mode: 'netascii', options: new Map() },
      { op: 3, block: 1, data: Uint8Array.of(1, 2, 3) },
      { op: 4, block: 0x1234 },
      { op: 5, code: 1, message: 'File not found' },
      { op: 6, options: OPTIONS },
    ]);
    expect([...PACKETS[3]!]).toEqual([0, 4, 0x12, 0x34]);
  });

  it('says why something is none', () => {
    const bytes = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const table: [string, string][] = [
      ['', 'shorter than an opcode'],
      ['\0', 'shorter than an opcode'],
      ['\0\x07', 'opcode 7'],
      ['\x01\x01a\0octet\0', 'opcode 257'],
      ['\0\x01', 'a request without a mode'],
      ['\0\x01a\0', 'a request without a mode'],
      ['\0\x01a\0octet', 'a word without its zero'],
      ['\0\x01a\0octet\0blksize\0', 'an option without a value'],
      ['\0\x01a\0octet\0tsize\x000\0TSIZE\x001\0', 'option tsize twice'],
      [`\0\x01${'a'.repeat(504)}\0octet\0`, 'a request of 513 bytes'],
      ['\0\x03\0', 'no block number'],
      ['\0\x04\0', 'no block number'],
      ['\0\x05\0', 'no error code'],
      ['\0\x06a\0', 'an option without a value'],
      [`\0\x06${'a'.repeat(509)}\0\0`, 'an option acknowledgement of 513 bytes'],
    ];
    for (const [text, reason] of table) expect(parseTftp(bytes(text)), text.slice(0, 30)).toBe(reason);
    expect(parseTftp(bytes(`\0\x01${'a'.repeat(503)}\0octet\0`))).toMatchObject({ op: 1 });
    expect(requestPacket(1, 'a'.repeat(503), 'octet', new Map())).toHaveLength(512);
    expect(requestPacket(1, 'a'.repeat(504), 'octet', new Map())).toBeNull();
    expect(requestPacket(1, 'a\0b', 'octet', new Map())).toBeNull();
    expect(parseTftp(bytes('\0\x05\0\x01no zero'))).toEqual({ op: 5, code: 1, message: 'no zero' });
  });

  it('has a meaning or a reason for every prefix and 100,000 mutations', () => {
    for (const packet of PACKETS) {
      for (let length = 0; length <= packet.length; length++) {
        expect(['string', 'object']).toContain(typeof parseTftp(packet.subarray(0, length)));
      }
    }
    const random = Random.from('tftp');
    let understood = 0;
    for (let i = 0; i < 100_000; i++) {
      const packet = PACKETS[i % PACKETS.length]!;
      const at = random.below(packet.length);
      const was = packet[at]!;
      packet[at] = random.below(256);
      if (typeof parseTftp(packet) !== 'string') understood++;
      packet[at] = was;
    }
    expect(understood).toBeGreaterThan(50_000);
    expect(understood).toBeLessThan(100_000);
  });
});

describe('netascii', () => {
  it('translates the ends of lines, and CRs that end none', () => {
    const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);
    const bytes = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    expect(text(toNetascii(bytes('a\nb\r\nc\r')))).toBe('a\r\nb\r\0\r\nc\r\0');
    expect(text(fromNetascii(bytes('a\r\nb\r\0\r\nc\r\0')))).toBe('a\nb\r\nc\r');
    expect(text(fromNetascii(bytes('a\rb\r')))).toBe('a\rb\r');
  });

  it('gives every file back', () => {
    const bytes = fc.array(fc.constantFrom(0, 10, 13, 65), { maxLength: 30 }).map((list) => Uint8Array.from(list));
    fc.assert(
      fc.property(bytes, (file) => {
        expect(fromNetascii(toNetascii(file))).toEqual(file);
      }),
    );
  });
});

describe('options', () => {
  const asked = (...pairs: [string, string][]) => new Map(pairs);

  it('agrees to what it can, lowers what is too much, and is silent about the rest', () => {
    const all = asked(
      ['blksize', '1428'],
      ['timeout', '3'],
      ['tsize', '0'],
      ['windowsize', '65535'],
      ['multicast', ''],
    );
    expect(agree(all, TFTP_LIMITS, true, 1234)).toEqual({
      terms: { blockBytes: 1428, windowBlocks: 64, timeoutSeconds: 3, size: 1234 },
      answer: asked(['blksize', '1428'], ['timeout', '3'], ['tsize', '1234'], ['windowsize', '64']),
    });
    const wrong = asked(['blksize', '7'], ['timeout', '256'], ['tsize', '-1'], ['windowsize', '0']);
    expect(agree(wrong, TFTP_LIMITS, true, 1).answer.size).toBe(0);
    expect(agree(asked(['blksize', '65465'], ['timeout', '1.5']), TFTP_LIMITS, true, 1).answer.size).toBe(0);
    expect(agree(asked(['tsize', '77']), TFTP_LIMITS, false, null)).toMatchObject({ terms: { size: 77 } });
  });

  it('accepts less than it asked for, and nothing else', () => {
    const wish = asked(['blksize', '1428'], ['timeout', '3'], ['tsize', '0'], ['windowsize', '8']);
    expect(accept(wish, asked(['blksize', '512'], ['windowsize', '4'], ['tsize', '9']))).toEqual({
      blockBytes: 512,
      windowBlocks: 4,
      timeoutSeconds: null,
      size: 9,
    });
    expect(accept(wish, asked(['blksize', '1429']))).toBe('blksize 1429 was not asked for');
    expect(accept(wish, asked(['timeout', '2']))).toBe('timeout 2 was not asked for');
    expect(accept(wish, asked(['windowsize', '9']))).toBe('windowsize 9 was not asked for');
    expect(accept(wish, asked(['tsize', 'x']))).toBe('tsize x was not asked for');
    expect(accept(asked(), asked(['blksize', '512']))).toBe('option blksize was not asked for');
  });
});
