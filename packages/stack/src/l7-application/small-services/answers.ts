import { latin1Encode } from '../../base/utf8.ts';
import { civilTime, DAY_NAMES, MONTH_NAMES } from '../calendar.ts';

/** What the small services of 1983 say, as bytes. */

/** The printing characters, space included: 95 (RFC 864). */
const FIRST_PRINTING = 0x20;
const PRINTING = 95;
export const CHARGEN_COLUMNS = 72;
/** A line with its CR LF. */
export const CHARGEN_LINE_BYTES = CHARGEN_COLUMNS + 2;
/** The longest answer of the character generator over UDP (RFC 864: "a random number (between 0 and 512)"). */
export const CHARGEN_DATAGRAM_BYTES = 512;

/**
 * `lines` lines of the pattern, beginning with line number `from`: each line begins one character later.
 *
 *      !"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefg
 *     !"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefgh
 */
export function chargenLines(from: number, lines: number): Uint8Array {
  const bytes = new Uint8Array(lines * CHARGEN_LINE_BYTES);
  let at = 0;
  for (let line = from; line < from + lines; line++) {
    for (let column = 0; column < CHARGEN_COLUMNS; column++) {
      bytes[at++] = FIRST_PRINTING + ((line + column) % PRINTING);
    }
    bytes[at++] = 0x0d;
    bytes[at++] = 0x0a;
  }
  return bytes;
}

/** `Sat Nov 21 12:00:00 2026` and CR LF: what `ctime(3)` writes, and most daytime servers say (RFC 867 asks for no form). */
export function daytimeText(seconds: number): Uint8Array {
  const { year, month, day, hour, minute, second, weekday } = civilTime(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${DAY_NAMES[weekday]} ${MONTH_NAMES[month - 1]} ${String(day).padStart(2)}`;
  return latin1Encode(`${date} ${two(hour)}:${two(minute)}:${two(second)} ${year}\r\n`);
}

/** Seconds from 1900 to 1970 (RFC 868). */
const SECONDS_1900_TO_1970 = 2_208_988_800;

/**
 * Seconds since 1900, big-endian, of `seconds` since 1970. Modulo 2^32: RFC 868's clock begins again on 7 February 2036.
 *
 *     +--------+--------+--------+--------+
 *     |   seconds since 1900-01-01 00:00  |
 *     +--------+--------+--------+--------+
 */
export function timeBytes(seconds: number): Uint8Array {
  const value = (Math.floor(seconds) + SECONDS_1900_TO_1970) % 2 ** 32;
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Seconds since 1970 of what a time server said: of the two centuries that it can mean, the one from 1970 on. Null: not 4 bytes. */
export function readTime(bytes: Uint8Array): number | null {
  if (bytes.length !== 4) return null;
  const value = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return value >= SECONDS_1900_TO_1970 ? value - SECONDS_1900_TO_1970 : value + 2 ** 32 - SECONDS_1900_TO_1970;
}
