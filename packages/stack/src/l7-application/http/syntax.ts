/**
 * The characters of HTTP (RFC 9110 5.6, RFC 5234 B.1), one table for all of them.
 *
 *     tchar      "!" "#" "$" "%" "&" "'" "*" "+" "-" "." "^" "_" "`" "|" "~" DIGIT ALPHA      of names and methods
 *     field-vchar  VCHAR (0x21-0x7e) and obs-text (0x80-0xff), with SP and HTAB between them   of field values
 *     target     VCHAR                                                                       of a request target
 */
const TOKEN = 1;
const VALUE = 2;
const TARGET = 4;
const HEX = 8;

const CLASSES = makeClasses();

function makeClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  for (let byte = 0x21; byte < 0x7f; byte++) classes[byte] |= VALUE | TARGET;
  for (let byte = 0x80; byte < 0x100; byte++) classes[byte] |= VALUE;
  classes[0x20] |= VALUE;
  classes[0x09] |= VALUE;
  const tokens = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (let i = 0; i < tokens.length; i++) classes[tokens.charCodeAt(i)] |= TOKEN;
  const digits = '0123456789abcdefABCDEF';
  for (let i = 0; i < digits.length; i++) classes[digits.charCodeAt(i)] |= HEX;
  return classes;
}

export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;

function all(bytes: Uint8Array, from: number, to: number, kind: number): boolean {
  for (let at = from; at < to; at++) if ((CLASSES[bytes[at]!]! & kind) === 0) return false;
  return true;
}

/** One tchar or more. */
export function isToken(bytes: Uint8Array, from: number, to: number): boolean {
  return to > from && all(bytes, from, to, TOKEN);
}

/** Any number of visible characters, spaces and tabs: no NUL, CR, LF or other control characters. */
export function isFieldValue(bytes: Uint8Array, from: number, to: number): boolean {
  return all(bytes, from, to, VALUE);
}

export function isTarget(bytes: Uint8Array, from: number, to: number): boolean {
  return to > from && all(bytes, from, to, TARGET);
}

export function isHexDigit(byte: number): boolean {
  return (CLASSES[byte]! & HEX) !== 0;
}

/** As `isToken`, of a text. */
export function isTokenText(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);
}

/** As `isFieldValue`, of a text. */
export function isFieldValueText(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}
