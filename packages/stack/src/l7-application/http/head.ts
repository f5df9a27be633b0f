import { latin1Decode } from '../../base/utf8.ts';
import type { HttpField } from './message.ts';
import { COLON, HTAB, isFieldValue, isTarget, isToken, SP } from './syntax.ts';

/**
 * The lines of a message's head, each given without its line end:
 *
 *     request-line = method SP request-target SP HTTP-version            RFC 9112 3
 *     status-line  = HTTP-version SP status-code SP [ reason-phrase ]    RFC 9112 4
 *     field-line   = field-name ":" OWS field-value OWS                  RFC 9112 5
 *
 * Exactly one space where the grammar has one: what is read leniently here is read differently elsewhere, and that
 * difference is what request smuggling lives on.
 */

/** Why a message is refused: the status that a server answers, and a clause for people. */
export class HttpProblem {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string) {
    this.status = status;
    this.reason = reason;
  }
}

export interface RequestLine {
  readonly method: string;
  readonly target: string;
  readonly minor: 0 | 1;
}

export interface StatusLine {
  readonly status: number;
  readonly reason: string;
  readonly minor: 0 | 1;
}

export function parseRequestLine(bytes: Uint8Array, from: number, to: number): RequestLine | HttpProblem {
  const first = bytes.indexOf(SP, from);
  if (first < 0 || first >= to) return new HttpProblem(400, 'the request line has no target and no version');
  if (!isToken(bytes, from, first)) return new HttpProblem(400, 'the method is not a token');
  const second = bytes.indexOf(SP, first + 1);
  if (second < 0 || second >= to) return new HttpProblem(400, 'the request line has no version');
  if (!isTarget(bytes, first + 1, second))
    return new HttpProblem(400, 'the request target is empty or has bytes that it may not');
  const minor = parseVersion(bytes, second + 1, to);
  if (typeof minor !== 'number') return minor;
  return { method: latin1Decode(bytes, from, first), target: latin1Decode(bytes, first + 1, second), minor };
}

export function parseStatusLine(bytes: Uint8Array, from: number, to: number): StatusLine | HttpProblem {
  // "HTTP/1.1 200" is 12 bytes; the space after it may be missing where there is no reason phrase.
  if (to - from < 12 || bytes[from + 8] !== SP) return new HttpProblem(400, 'this is not a status line');
  const minor = parseVersion(bytes, from, from + 8);
  if (typeof minor !== 'number') return minor;
  let status = 0;
  for (let at = from + 9; at < from + 12; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return new HttpProblem(400, 'the status code is not three digits');
    status = status * 10 + digit;
  }
  if (status < 100) return new HttpProblem(400, 'the status code is below 100');
  if (to > from + 12 && bytes[from + 12] !== SP) return new HttpProblem(400, 'the status code is not three digits');
  if (!isFieldValue(bytes, from + 12, to)) return new HttpProblem(400, 'the reason phrase has control characters');
  return { status, reason: to > from + 13 ? latin1Decode(bytes, from + 13, to) : '', minor };
}

/** `HTTP/1.x`, exactly: the minor version, 1 for all that is later (RFC 9110 2.5). */
function parseVersion(bytes: Uint8Array, from: number, to: number): 0 | 1 | HttpProblem {
  const match = to - from === 8 ? /^HTTP\/([0-9])\.([0-9])$/.exec(latin1Decode(bytes, from, to)) : null;
  if (match === null) return new HttpProblem(400, 'the version is not of the form HTTP/1.1');
  if (match[1] !== '1') return new HttpProblem(505, `HTTP/${match[1]}.${match[2]} is not spoken here`);
  return match[2] === '0' ? 0 : 1;
}

export function parseFieldLine(bytes: Uint8Array, from: number, to: number): HttpField | HttpProblem {
  const colon = bytes.indexOf(COLON, from);
  if (colon < 0 || colon >= to) return new HttpProblem(400, 'a field line has no colon');
  if (colon === from) return new HttpProblem(400, 'a field has no name');
  if (isBlank(bytes[colon - 1]!)) {
    // RFC 9112 5.1: a proxy that took the space for part of the name would see another header than we.
    return new HttpProblem(400, 'there is white space between a field name and its colon');
  }
  if (!isToken(bytes, from, colon)) return new HttpProblem(400, 'a field name is not a token');
  const value = parseFieldValue(bytes, colon + 1, to);
  if (typeof value !== 'string') return value;
  return [latin1Decode(bytes, from, colon), value];
}

/** A value without the white space around it. */
export function parseFieldValue(bytes: Uint8Array, from: number, to: number): string | HttpProblem {
  let start = from;
  let end = to;
  while (start < end && isBlank(bytes[start]!)) start++;
  while (end > start && isBlank(bytes[end - 1]!)) end--;
  if (!isFieldValue(bytes, start, end)) return new HttpProblem(400, 'a field value has control characters');
  return latin1Decode(bytes, start, end);
}

export function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}
