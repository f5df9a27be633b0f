/**
 * Text and bytes, for a stack that has no TextEncoder: UTF-8 (RFC 3629) as the WHATWG Encoding Standard reads it, and
 * the two one-byte encodings that older protocols speak.
 */

/** Stands for what could not be read: U+FFFD. */
const REPLACEMENT = 0xfffd;
/** Characters given to `String.fromCharCode` at once: arguments go over the machine's stack. */
const CHUNK = 4096;

/** A lone surrogate becomes U+FFFD. */
export function utf8Encode(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text));
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code < 0x80) {
      bytes[at++] = code;
      continue;
    }
    if (code >= 0xd800 && code < 0xe000) {
      code = codePointOfSurrogate(text, i);
      if (code > 0xffff) i++;
    }
    if (code < 0x800) {
      bytes[at++] = 0xc0 | (code >> 6);
    } else {
      if (code < 0x10000) {
        bytes[at++] = 0xe0 | (code >> 12);
      } else {
        bytes[at++] = 0xf0 | (code >> 18);
        bytes[at++] = 0x80 | ((code >> 12) & 63);
      }
      bytes[at++] = 0x80 | ((code >> 6) & 63);
    }
    bytes[at++] = 0x80 | (code & 63);
  }
  return bytes;
}

/** How many bytes `utf8Encode` makes of a text. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    length += code < 0x800 ? 1 : 2;
    if (code >= 0xd800 && code < 0xe000 && codePointOfSurrogate(text, i) > 0xffff) i++; // two units, four bytes
  }
  return length;
}

/**
 * The text of `bytes[start, end)`. What is not UTF-8 becomes U+FFFD, one for each longest piece that could have begun
 * a character (Encoding Standard 4.1, Unicode 3.9 "maximal subparts"). A byte order mark is a character like others.
 */
export function utf8Decode(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let at = start;
  while (at < end && bytes[at] < 0x80) at++;
  let text = latin1Decode(bytes, start, at); // the way of most texts that protocols carry
  if (at === end) return text;
  const units = new Uint16Array(Math.min(CHUNK + 1, end - at));
  let count = 0;
  while (at < end) {
    if (count >= CHUNK) {
      text += textOf(units.subarray(0, count));
      count = 0;
    }
    const lead = bytes[at++];
    if (lead < 0x80) {
      units[count++] = lead;
      continue;
    }
    // By the lead byte: how many bytes continue it, and in what range the first of them must be, so that nothing is
    // written longer than it need be (E0, F0), no surrogate (ED), and nothing above U+10FFFF (F4).
    const more = lead < 0xc2 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : 0;
    let lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    let highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    let code = lead & (0x3f >> more);
    let left = more;
    while (left > 0 && at < end && bytes[at] >= lowest && bytes[at] <= highest) {
      code = (code << 6) | (bytes[at++] & 63);
      left--;
      lowest = 0x80;
      highest = 0xbf;
    }
    if (more === 0 || left > 0) {
      units[count++] = REPLACEMENT;
    } else if (code < 0x10000) {
      units[count++] = code;
    } else {
      units[count++] = 0xd7c0 + (code >> 10);
      units[count++] = 0xdc00 + (code & 0x3ff);
    }
  }
  return text + textOf(units.subarray(0, count));
}

/** ISO 8859-1: byte n is U+00n. Any bytes are a text, and `latin1Encode` gives them back. */
export function latin1Decode(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = '';
  for (let at = start; at < end; at += CHUNK) text += textOf(bytes.subarray(at, Math.min(at + CHUNK, end)));
  return text;
}

/** A character above U+00FF becomes `?`. */
export function latin1Encode(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  latin1EncodeInto(text, bytes, 0);
  return bytes;
}

/** As `latin1Encode`, into `bytes` at `offset`, where there is room for as many bytes as the text has characters. */
export function latin1EncodeInto(text: string, bytes: Uint8Array, offset: number): void {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    bytes[offset + i] = code < 0x100 ? code : 0x3f;
  }
}

/** The character that begins with the surrogate at `i`: above 0xffff with its other half, U+FFFD without one. */
function codePointOfSurrogate(text: string, i: number): number {
  const high = text.charCodeAt(i);
  const low = text.charCodeAt(i + 1); // NaN at the end
  if (high < 0xdc00 && low >= 0xdc00 && low < 0xe000) return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
  return REPLACEMENT;
}

/** The text of at most `CHUNK + 1` UTF-16 units. `apply` takes a typed array as it is; spreading would iterate over it. */
function textOf(units: Uint8Array | Uint16Array): string {
  return String.fromCharCode.apply(null, units as unknown as number[]);
}
