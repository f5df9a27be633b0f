import { latin1Decode } from '../../base/utf8.ts';
import { civilTime, DAY_NAMES, MONTH_NAMES } from '../calendar.ts';

/**
 * Messages of mail and news (RFC 5322): fields, an empty line, a body.
 *
 *     From: alice@lab.example CRLF
 *     Subject: a long one CRLF
 *      that goes on CRLF          <- folded: begins with a blank
 *     CRLF
 *     Hi. CRLF
 */
export interface MailField {
  readonly name: string;
  /** Unfolded, blanks around it taken away. */
  readonly value: string;
}

export interface MailMessage {
  readonly fields: readonly MailField[];
  /** Offset of the body in the bytes that were read. */
  readonly bodyStart: number;
}

/** Fields that are read of one header: each costs an object. */
const FIELDS = 1000;
/** Bytes in which a header has to end. */
const HEADER_BYTES = 256 << 10;

const FIELD = /^([!-9;-~]+)[ \t]*:(.*)$/s;

/** Reads the header, however wrong it is: a line that is no field ends it. Lines end with CRLF or LF. */
export function parseMessage(bytes: Uint8Array): MailMessage {
  const fields: { name: string; value: string }[] = [];
  let at = 0;
  while (at < bytes.length && at < HEADER_BYTES && fields.length < FIELDS) {
    const end = bytes.indexOf(0x0a, at);
    const stop = end < 0 ? bytes.length : end;
    const line = latin1Decode(bytes, at, stop > at && bytes[stop - 1] === 0x0d ? stop - 1 : stop);
    if (line === '') return { fields, bodyStart: Math.min(stop + 1, bytes.length) };
    const last = fields.at(-1);
    if ((line[0] === ' ' || line[0] === '\t') && last !== undefined) {
      last.value = `${last.value} ${line.trim()}`.trim();
    } else {
      const found = FIELD.exec(line);
      // mbox's own first line, in what somebody sends as it lies in a file.
      if (found === null && !(at === 0 && line.startsWith('>From '))) break;
      if (found !== null) fields.push({ name: found[1]!, value: found[2]!.trim() });
    }
    at = stop + 1;
  }
  return { fields, bodyStart: Math.min(at, bytes.length) };
}

/** The value of the first field of this name, without regard to case; null: there is none. */
export function fieldOf(message: MailMessage, name: string): string | null {
  const wanted = name.toLowerCase();
  return message.fields.find((field) => field.name.toLowerCase() === wanted)?.value ?? null;
}

/** `seconds` since 1970 as RFC 5322 3.3 writes dates: `Thu, 01 Jan 1970 00:00:05 +0000`. */
export function formatMailDate(seconds: number): string {
  const { year, month, day, hour, minute, second, weekday } = civilTime(seconds);
  const time = [hour, minute, second].map(two).join(':');
  return `${DAY_NAMES[weekday]}, ${two(day)} ${MONTH_NAMES[month - 1]} ${year} ${time} +0000`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** A value that can stand in a header: what could end its line is taken away (a forger's way to more fields). */
export function headerSafe(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]+/g, ' ').trim();
}
