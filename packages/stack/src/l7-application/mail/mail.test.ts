import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { latin1Decode, latin1Encode } from '../../base/utf8.ts';
import { formatMailAddress, parseMailAddress } from './address.ts';
import { MAIL_LIMITS } from './limits.ts';
import { Mailboxes } from './mailboxes.ts';
import { readMbox, writeMbox } from './mbox.ts';
import { fieldOf, formatMailDate, parseMessage } from './message.ts';

describe('addresses', () => {
  it('are read and written', () => {
    for (const text of ['bob', 'a.b+c@Host.Example', '"a b\\"c"@x', 'x@[10.0.0.1]', 'x@[IPv6:2001:DB8::1]']) {
      const address = parseMailAddress(text)!;
      expect(parseMailAddress(formatMailAddress(address))).toEqual(address);
    }
    expect(parseMailAddress('Bob@EXAMPLE')).toEqual({ local: 'Bob', domain: 'example' });
    expect(parseMailAddress('x@[IPv6:2001:DB8::1]')!.domain).toBe('[ipv6:2001:db8::1]');
  });

  it('are refused', () => {
    const wrong = ['', '@x', 'a@', 'a..b@x', '.a@x', 'a b@x', 'a@x y', 'a@-x', 'a@x..y', '"a', '"a\r"@x', 'a@[1.2.3]'];
    for (const text of [
      ...wrong,
      `${'a'.repeat(65)}@x`,
      `a@${'x.'.repeat(128)}x`,
      'a@b@c',
      'a@[IPv6:1.2.3.4]',
      'a@[::1]',
    ]) {
      expect([text, parseMailAddress(text)]).toEqual([text, null]);
    }
    expect(parseMailAddress('a'.repeat(64))).not.toBe(null);
  });
});

describe('messages', () => {
  it('have fields, folded ones in one line, and a body', () => {
    const bytes = latin1Encode('From: a\r\nSUBJECT: long\r\n  and longer\r\n\r\nbody\r\n');
    const message = parseMessage(bytes);
    expect(fieldOf(message, 'subject')).toBe('long and longer');
    expect(fieldOf(message, 'to')).toBe(null);
    expect(latin1Decode(bytes, message.bodyStart)).toBe('body\r\n');
    expect(parseMessage(latin1Encode('no header\r\n'))).toEqual({ fields: [], bodyStart: 0 });
  });

  it('are read whatever they are', () => {
    const random = new Random(1);
    const valid = latin1Encode('From: a\r\nSubject: long\r\n  and longer\r\n\r\nbody\r\n');
    for (let i = 0; i <= valid.length; i++) expect(parseMessage(valid.subarray(0, i)).bodyStart).toBeLessThanOrEqual(i);
    const bytes = valid.slice();
    let fields = 0;
    for (let i = 0; i < 100_000; i++) {
      const at = random.below(bytes.length);
      bytes[at] = random.below(256);
      fields += parseMessage(bytes).fields.length;
      bytes[at] = valid[at]!;
    }
    expect(fields).toBeGreaterThan(100_000);
  });

  it('have dates of RFC 5322', () => {
    expect(formatMailDate(5)).toBe('Thu, 01 Jan 1970 00:00:05 +0000');
  });
});

describe('mailboxes', () => {
  it('hold what their limits say, and no more', () => {
    const boxes = new Mailboxes({ ...MAIL_LIMITS, mailboxes: 1, messages: 2, mailboxBytes: 10 });
    const box = boxes.open('Bob')!;
    expect(boxes.open('bob')).toBe(box);
    expect(boxes.open('eve')).toBe(null);
    expect(box.add(new Uint8Array(11), '', 0)).toBe(false);
    expect(box.add(new Uint8Array(5), '', 0)).toBe(true);
    expect(box.add(new Uint8Array(5), '', 0)).toBe(true);
    box.remove(new Set([box.messages[0]!.uid]));
    expect(box.bytes).toBe(5);
    expect(box.add(new Uint8Array(0), '', 0)).toBe(true);
    expect(box.add(new Uint8Array(0), '', 0)).toBe(false);
    expect(new Set(box.messages.map(({ uid }) => uid)).size).toBe(2);
  });

  it('are written as files and read again', () => {
    const texts = ['Subject: 1\r\n\r\nFrom here on\r\n>From there\r\n', 'Subject: 2\r\n\r\n'];
    const stored = texts.map((text, i) => ({ uid: `${i}`, bytes: latin1Encode(text), sender: 'a@b', seconds: 5 }));
    const file = writeMbox(stored);
    expect(latin1Decode(file)).toContain(
      'From a@b Thu Jan  1 00:00:05 1970\nSubject: 1\n\n>From here on\n>>From there',
    );
    expect(readMbox(file).map(({ sender, bytes }) => [sender, latin1Decode(bytes)])).toEqual(
      texts.map((text) => ['a@b', text]),
    );
    expect(readMbox(latin1Encode('nothing'))).toEqual([]);
  });
});
