import { IpAddress } from '../../base/ip-address.ts';
import { latin1Decode, latin1Encode, utf8Encode } from '../../base/utf8.ts';
import type { Word } from './master-words.ts';
import { MESSAGE_BYTES } from './message-writer.ts';
import { type DomainName, parseName, readEscape } from './name.ts';
import { type DataField, type FieldKind, formatOf } from './record.ts';
import { readData } from './record-reader.ts';
import { typeName } from './types.ts';

/** What is wrong, and with which word; null: with the end of the entry. */
export interface DataProblem {
  readonly word: Word | null;
  readonly what: string;
}

/** The longest character-string (RFC 1035 3.3). */
const STRING_BYTES = 255;

/** What one field of each kind is called, for those who wrote something else. */
const KIND_TEXT: Readonly<Record<FieldKind, string>> = {
  ipv4: 'an IPv4 address, like 10.0.0.1',
  ipv6: 'an IPv6 address, like 2001:db8::1',
  name: 'a name',
  target: 'a name',
  u8: 'a number up to 255',
  u16: 'a number up to 65535',
  u32: 'a number up to 4294967295',
  seconds: 'a time in seconds, or like 1h30m',
  string: 'a text',
  strings: 'a text',
  tag: 'a word of letters and digits, like issue',
  text: 'a text',
  bytes: '\\# and the data in hexadecimal, for of this type nothing else is known here',
};

/** The data of a record from the words after its type (RFC 1035 5.1; RFC 3597 5 for any type). */
export function parseData(
  type: number,
  klass: number,
  words: readonly Word[],
  origin: DomainName,
): readonly DataField[] | DataProblem {
  if (words[0]?.text === '\\#' && !words[0].quoted) return parseHex(type, klass, words);
  const fields: DataField[] = [];
  const format = formatOf(type, klass);
  let next = 0;
  for (const kind of format) {
    do {
      const word = words[next++];
      if (word === undefined) return { word: null, what: `${typeName(type)} wants ${KIND_TEXT[kind]} here` };
      const field = parseField(kind, word, origin);
      if (typeof field === 'object' && 'what' in field) return field;
      fields.push(field);
    } while (kind === 'strings' && next < words.length);
  }
  if (next < words.length)
    return { word: words[next], what: `${typeName(type)} has no more than ${next} words of data` };
  if (
    format[0] === 'strings' &&
    fields.reduce<number>((sum, text) => sum + (text as string).length + 1, 0) > MESSAGE_BYTES
  ) {
    return { word: words[0], what: 'the data of a record has 65535 bytes at most' };
  }
  return fields;
}

function parseField(kind: FieldKind, word: Word, origin: DomainName): DataField | DataProblem {
  const wrong = { word, what: `${JSON.stringify(word.text)} is not ${KIND_TEXT[kind]}` };
  switch (kind) {
    case 'ipv4':
    case 'ipv6': {
      const address = IpAddress.parse(word.text);
      return address === null || address.family !== (kind === 'ipv4' ? 4 : 6) ? wrong : address;
    }
    case 'name':
    case 'target': {
      const name = readMasterName(word, origin);
      return typeof name === 'string' ? { word, what: name } : name;
    }
    case 'u8':
    case 'u16':
    case 'u32': {
      const value = /^[0-9]{1,10}$/.test(word.text) ? Number(word.text) : Infinity;
      return value <= MOST[kind] ? value : wrong;
    }
    case 'seconds': {
      const value = parseSeconds(word.text);
      return value < 0 ? wrong : value;
    }
    case 'text': {
      const text = unescaped(word.text);
      return text ?? { word, what: 'after \\ there are three digits up to 255, or a character' };
    }
    case 'tag':
    case 'string':
    case 'strings': {
      if (kind === 'tag' && !word.quoted && !/^[A-Za-z0-9]+$/.test(word.text)) return wrong;
      const text = unescaped(word.text);
      if (text === null) return { word, what: 'after \\ there are three digits up to 255, or a character' };
      return text.length > STRING_BYTES ? { word, what: `a text has ${STRING_BYTES} bytes at most` } : text;
    }
    case 'bytes':
      return wrong;
  }
}

/** A name as a word of a master file: `@` is the origin. Else the reason why it is none. */
export function readMasterName(word: Word, origin: DomainName): DomainName | string {
  return word.text === '@' && !word.quoted ? origin : parseName(word.text, origin);
}

/** `3600`, `1h`, `1w2d` (BIND's units): seconds, -1 for what is none. */
export function parseSeconds(text: string): number {
  if (/^[0-9]{1,10}$/.test(text)) return Number(text) <= 0xffffffff ? Number(text) : -1;
  if (!/^(?:[0-9]{1,10}[smhdw])+$/i.test(text)) return -1;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/([0-9]+)([smhdw])/gi)) {
    seconds += Number(count) * SECONDS[unit.toLowerCase()];
  }
  return seconds <= 0xffffffff ? seconds : -1;
}

const MOST = { u8: 0xff, u16: 0xffff, u32: 0xffffffff } as const;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `\# 4 0A000001`: what the data of a type is in bytes, whatever the type. */
function parseHex(type: number, klass: number, words: readonly Word[]): readonly DataField[] | DataProblem {
  const [, length, ...rest] = words;
  if (length === undefined || !/^[0-9]{1,5}$/.test(length.text)) {
    return { word: length ?? null, what: 'after \\# stands how many bytes of data there are' };
  }
  const digits = rest.map((word) => word.text).join('');
  if (!/^(?:[0-9a-f]{2})*$/i.test(digits))
    return { word: rest[0] ?? null, what: 'the data is hexadecimal, two digits a byte' };
  if (digits.length !== Number(length.text) * 2) {
    return { word: length, what: `there are ${digits.length / 2} bytes of data, not ${Number(length.text)}` };
  }
  let bytes = '';
  for (let i = 0; i < digits.length; i += 2) bytes += String.fromCharCode(Number.parseInt(digits.slice(i, i + 2), 16));
  if (formatOf(type, klass)[0] === 'bytes') return [bytes];
  const read = latin1Encode(bytes);
  const fields = readData(read, new DataView(read.buffer), type, klass, 0, read.length);
  return fields ?? { word: length, what: `these bytes are no data of type ${typeName(type)}` };
}

/** Escapes read; a character above U+007F stands for its bytes in UTF-8. Null for a wrong escape. */
function unescaped(written: string): string | null {
  if (/^[ -[\]-~]*$/.test(written)) return written;
  const text = written.replace(/[^\0-\x7f]+/g, (run) => latin1Decode(utf8Encode(run)));
  let bytes = '';
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '\\') {
      bytes += text[i];
      continue;
    }
    const escaped = readEscape(text, i);
    if (escaped === null) return null;
    bytes += escaped.character;
    i = escaped.end - 1;
  }
  return bytes;
}
