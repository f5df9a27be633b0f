import { IpAddress } from '../../base/ip-address.ts';
import { latin1Decode, latin1Encode } from '../../base/utf8.ts';

/** RFC 1035 2.3.4, in bytes: a label, and a whole name with the lengths of its labels and the empty one at its end. */
export const LABEL_BYTES = 63;
export const NAME_BYTES = 255;

const BACKSLASH = 0x5c;
const DOT = 0x2e;

/**
 * A domain name: labels of any bytes, compared without regard to the case of ASCII letters (RFC 4343).
 *
 *     www.example.com.      3 w w w 7 e x a m p l e 3 c o m 0
 *
 * It is kept as it stands in a message, one character for each byte. `key` is the same in lower case, and serves as
 * key of tables: no length of a label is the number of a letter, so lower case touches letters only. The names above
 * it are ends of the same text.
 */
export class DomainName {
  readonly wire: string;
  readonly key: string;

  static readonly ROOT = new DomainName('\0');

  /** `wire` is well formed: for those who have read it. Others: `parse`, `fromLabels`. */
  constructor(wire: string) {
    this.wire = wire;
    this.key = lowerCase(wire);
  }

  /** From text; a name without a dot at its end is below `origin`. Null for what is no name: see `parseName`. */
  static parse(text: string, origin: DomainName = DomainName.ROOT): DomainName | null {
    const name = parseName(text, origin);
    return typeof name === 'string' ? null : name;
  }

  /** From labels, each with a character for a byte; null when one of them, or the whole, is too long or empty. */
  static fromLabels(labels: readonly string[], origin: DomainName = DomainName.ROOT): DomainName | null {
    const name = joined(labels, origin);
    return typeof name === 'string' ? null : name;
  }

  /** The name under which the reverse zones keep an address (RFC 1035 3.5, RFC 3596 2.5). */
  static reverseOf(address: IpAddress): DomainName {
    const labels: string[] = [];
    if (address.family === 4) {
      for (let shift = 0; shift < 32; shift += 8) labels.push(String((address.v4 >>> shift) & 0xff));
      labels.push('in-addr', 'arpa');
    } else {
      for (const word of [address.w3, address.w2, address.w1, address.w0]) {
        for (let shift = 0; shift < 32; shift += 4) labels.push(((word >>> shift) & 15).toString(16));
      }
      labels.push('ip6', 'arpa');
    }
    return DomainName.fromLabels(labels)!;
  }

  get isRoot(): boolean {
    return this.wire.length === 1;
  }

  /** A wildcard's name begins with the label `*` (RFC 4592 2.1.1). */
  get isWildcard(): boolean {
    return this.wire.startsWith('\x01*');
  }

  get labelCount(): number {
    let count = 0;
    for (let at = 0; this.wire.charCodeAt(at) !== 0; at += this.wire.charCodeAt(at) + 1) count++;
    return count;
  }

  /** Its labels, the lowest first, the root's not among them. */
  get labels(): string[] {
    const labels: string[] = [];
    for (let at = 0; this.wire.charCodeAt(at) !== 0; ) {
      const end = at + 1 + this.wire.charCodeAt(at);
      labels.push(this.wire.slice(at + 1, end));
      at = end;
    }
    return labels;
  }

  /** The name one label up; null above the root. */
  get parent(): DomainName | null {
    return this.isRoot ? null : new DomainName(this.wire.slice(1 + this.wire.charCodeAt(0)));
  }

  /** `label`, with a character for each byte, in front of this name; null when that is too long. */
  child(label: string): DomainName | null {
    return DomainName.fromLabels([label], this);
  }

  equals(other: DomainName): boolean {
    return this.key === other.key;
  }

  /** Is it `other`, or below it? */
  isWithin(other: DomainName): boolean {
    return keyIsWithin(this.key, other.key);
  }

  /** As master files write it, with a dot at its end; what would mean something else is escaped (RFC 1035 5.1). */
  toString(): string {
    if (this.isRoot) return '.';
    return this.labels.map((label) => `${escapeLabel(label)}.`).join('');
  }
}

/** Is the name with one key that with the other, or below it? */
export function keyIsWithin(key: string, above: string): boolean {
  if (!key.endsWith(above)) return false;
  // The end must begin where a label does: `xcom` does not lie within `com`, whatever its bytes say.
  const start = key.length - above.length;
  let at = 0;
  while (at < start) at += key.charCodeAt(at) + 1;
  return at === start;
}

/** The key one label up; '' above the root. */
export function parentKey(key: string): string {
  return key.length === 1 ? '' : key.slice(1 + key.charCodeAt(0));
}

/** A name from text, or why there is none. `@` is for those who read master files. */
export function parseName(text: string, origin: DomainName): DomainName | string {
  if (text === '') return 'an empty name';
  if (text === '.') return DomainName.ROOT;
  const labels: string[] = [];
  let label = '';
  let absolute = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    absolute = false;
    if (code === DOT) {
      if (label === '') return `${text}: a label is empty`;
      labels.push(label);
      label = '';
      absolute = true;
    } else if (code === BACKSLASH) {
      const escaped = readEscape(text, i);
      if (escaped === null) return `${text}: after \\ there are three digits up to 255, or a character`;
      label += escaped.character;
      i = escaped.end - 1;
    } else if (code < 0x80) {
      label += text[i];
    } else {
      return `${text}: other letters than ASCII's; the DNS has them in Punycode (RFC 5890)`;
    }
  }
  if (label !== '') labels.push(label);
  return joined(labels, absolute ? DomainName.ROOT : origin, text);
}

/** `\.` or `\046` at `at` of a text: the character that it stands for, and where it ends; null when it is neither. */
export function readEscape(text: string, at: number): { character: string; end: number } | null {
  const digits = /^[0-9]{3}/.exec(text.slice(at + 1, at + 4));
  if (digits !== null) {
    const value = Number(digits[0]);
    return value > 255 ? null : { character: String.fromCharCode(value), end: at + 4 };
  }
  const character = text[at + 1];
  if (character === undefined || /[0-9]/.test(character) || character.charCodeAt(0) > 0x7e) return null;
  return { character, end: at + 2 };
}

/** The address that a name of the reverse zones stands for; null for another name, or one of a whole network. */
export function addressOfReverse(name: DomainName): IpAddress | null {
  const labels = new DomainName(name.key).labels;
  const zone = labels.slice(-2).join('.');
  const digits = labels.slice(0, -2).reverse();
  if (zone === 'in-addr.arpa' && digits.length === 4) return IpAddress.parse(digits.join('.'));
  if (zone !== 'ip6.arpa' || digits.length !== 32 || !digits.every((digit) => /^[0-9a-f]$/.test(digit))) return null;
  return IpAddress.parse(digits.join('').replace(/(....)(?!$)/g, '$1:'));
}

/**
 * Reads the name at `at` of a message (RFC 1035 4.1.4): labels with their length in front, ended by an empty one or by
 * a pointer to where the name goes on. Null for what is none: a pointer leads further back than all before it, so the
 * walk ends, and a name has 255 bytes at most, so it ends soon.
 *
 *     +--+--+--+--+--+--+--+--+     +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
 *     | 0  0|  length (1-63)  |     | 1  1|                OFFSET                   |
 *     +--+--+--+--+--+--+--+--+     +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
 */
export function readName(bytes: Uint8Array, at: number, end: number): { name: DomainName; end: number } | null {
  let wire = '';
  /** Where the run of labels that is being read began; a pointer must lead before it. */
  let from = at;
  let here = at;
  let after = -1;
  for (;;) {
    if (here >= end) return null;
    const length = bytes[here];
    if (length === 0) {
      wire += latin1Decode(bytes, from, here + 1);
      if (wire.length > NAME_BYTES) return null;
      return { name: new DomainName(wire), end: after < 0 ? here + 1 : after };
    }
    if (length <= LABEL_BYTES) {
      here += length + 1;
      if (wire.length + here - from >= NAME_BYTES) return null;
      continue;
    }
    if (length < 0xc0 || here + 2 > end) return null; // 01 and 10 never came to mean anything that lasted (RFC 6891 5)
    const target = ((length & 0x3f) << 8) | bytes[here + 1];
    if (target >= from) return null;
    wire += latin1Decode(bytes, from, here);
    if (after < 0) after = here + 2;
    from = target;
    here = target;
  }
}

/** The bytes of a name, without pointers. */
export function nameBytes(name: DomainName): Uint8Array {
  return latin1Encode(name.wire);
}

function joined(labels: readonly string[], origin: DomainName, text = labels.join('.')): DomainName | string {
  let wire = '';
  for (const label of labels) {
    if (label === '') return `${text}: a label is empty`;
    if (label.length > LABEL_BYTES) return `${text}: a label has ${label.length} bytes, of ${LABEL_BYTES} at most`;
    wire += String.fromCharCode(label.length) + label;
    if (wire.length > NAME_BYTES) break;
  }
  wire += origin.wire;
  if (wire.length > NAME_BYTES) return `${text}: a name has ${NAME_BYTES} bytes at most`;
  return new DomainName(wire);
}

function escapeLabel(label: string): string {
  if (/^[A-Za-z0-9_*-]*$/.test(label)) return label;
  return label.replace(/[^!-~]|["$().;@\\]/g, (character) => {
    const code = character.charCodeAt(0);
    return code > 0x20 && code < 0x7f ? `\\${character}` : `\\${String(code).padStart(3, '0')}`;
  });
}

/** ASCII letters only: a byte above 127 is no letter here, whatever it is elsewhere. */
function lowerCase(wire: string): string {
  if (!/[A-Z]/.test(wire)) return wire;
  return /[\x80-\xff]/.test(wire) ? wire.replace(/[A-Z]+/g, (run) => run.toLowerCase()) : wire.toLowerCase();
}
