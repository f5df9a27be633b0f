import { Errno, NetError } from '../../base/errors.ts';
import { latin1Encode, latin1EncodeInto } from '../../base/utf8.ts';
import { HttpHeaders, type HttpRequest, type HttpResponse, reasonPhrase } from './message.ts';
import { isFieldValueText, isTokenText } from './syntax.ts';

/**
 * Messages as bytes. What a program hands in is checked: a line end inside of a value would begin a field, or a
 * message, that nobody meant to send. EINVAL then.
 */

/** The head of a request, with the empty line; HTTP/1.1. */
export function writeRequest(request: {
  method: string;
  target: string;
  headers: HttpHeaders;
  minor?: 0 | 1;
}): Uint8Array {
  const { method, target, headers, minor = 1 } = request satisfies Omit<HttpRequest, 'minor'> & { minor?: 0 | 1 };
  if (!isTokenText(method)) throw new NetError(Errno.EINVAL, 'http', `method ${JSON.stringify(method)}`);
  if (!/^[\x21-\x7e]+$/.test(target)) throw new NetError(Errno.EINVAL, 'http', `target ${JSON.stringify(target)}`);
  return latin1Encode(`${method} ${target} HTTP/1.${minor}\r\n${fieldLines(headers)}\r\n`);
}

/**
 * The head of a response, with the empty line, and `body` behind it; HTTP/1.1, and the status's own phrase unless another
 * is given.
 */
export function writeResponse(
  response: { status: number; headers: HttpHeaders; reason?: string },
  body?: Uint8Array,
): Uint8Array {
  const { status, headers, reason = reasonPhrase(response.status) } = response satisfies Partial<HttpResponse>;
  if (!(status >= 100 && status <= 999)) throw new NetError(Errno.EINVAL, 'http', `status ${status}`);
  if (!isFieldValueText(reason)) throw new NetError(Errno.EINVAL, 'http', `reason ${JSON.stringify(reason)}`);
  const head = `HTTP/1.1 ${Math.floor(status)} ${reason}\r\n${fieldLines(headers)}\r\n`;
  if (body === undefined) return latin1Encode(head);
  const bytes = new Uint8Array(head.length + body.length);
  latin1EncodeInto(head, bytes, 0);
  bytes.set(body, head.length);
  return bytes;
}

/** One chunk of a chunked body. Of no bytes nothing is made, for an empty chunk would end the body. */
export function writeChunk(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return bytes;
  const size = latin1Encode(`${bytes.length.toString(16)}\r\n`);
  const chunk = new Uint8Array(size.length + bytes.length + 2);
  chunk.set(size);
  chunk.set(bytes, size.length);
  chunk.set(LINE_END, size.length + bytes.length);
  return chunk;
}

/** The end of a chunked body. */
export function writeLastChunk(trailers: HttpHeaders = new HttpHeaders()): Uint8Array {
  return latin1Encode(`0\r\n${fieldLines(trailers)}\r\n`);
}

const LINE_END = latin1Encode('\r\n');

function fieldLines(headers: HttpHeaders): string {
  let text = '';
  for (const [name, value] of headers) {
    if (!isTokenText(name)) throw new NetError(Errno.EINVAL, 'http', `field name ${JSON.stringify(name)}`);
    if (!isFieldValueText(value)) throw new NetError(Errno.EINVAL, 'http', `value of ${name} ${JSON.stringify(value)}`);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}
