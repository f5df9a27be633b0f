import { latin1Decode } from '../base/utf8.ts';
import { dissectData } from './dissect-data.ts';
import type { Dissection, Field } from './dissection.ts';
import { printable } from './text-layout.ts';

/**
 * HTTP/1.x (RFC 9112), as far as one segment shows it: the first line, the header fields, and what of the body is here.
 * A segment that continues a body begins with neither a request nor a status line and is shown as data.
 *
 *     GET /index.html HTTP/1.1 CRLF        HTTP/1.1 200 OK CRLF
 *     Host: web CRLF                       Content-Length: 12 CRLF
 *     CRLF                                 CRLF  body
 */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']);

/** Header fields that have a display filter name of their own. */
const FIELD_NAMES: Record<string, string> = {
  accept: 'http.accept',
  'accept-encoding': 'http.accept_encoding',
  'accept-language': 'http.accept_language',
  authorization: 'http.authorization',
  'cache-control': 'http.cache_control',
  connection: 'http.connection',
  'content-encoding': 'http.content_encoding',
  'content-length': 'http.content_length_header',
  'content-type': 'http.content_type',
  cookie: 'http.cookie',
  date: 'http.date',
  host: 'http.host',
  'last-modified': 'http.last_modified',
  location: 'http.location',
  referer: 'http.referer',
  server: 'http.server',
  'set-cookie': 'http.set_cookie',
  'transfer-encoding': 'http.transfer_encoding',
  upgrade: 'http.upgrade',
  'user-agent': 'http.user_agent',
};

/** Lines longer than this, or more of them, are not looked at: nobody reads them. */
const LINE_LIMIT = 8192;
const LINES_LIMIT = 256;

export function dissectHttp(dissection: Dissection, start: number, end: number): boolean {
  const firstEnd = lineEnd(dissection.bytes, start, end);
  const first = latin1Decode(dissection.bytes, start, Math.min(firstEnd, start + LINE_LIMIT)).trimEnd();
  const request = /^([A-Z]+) (\S+) (HTTP\/1\.[01])$/.exec(first);
  const response = /^(HTTP\/1\.[01]) ([1-5]\d\d)(?: (.*))?$/.exec(first);
  const isRequest = request !== null && METHODS.has(request[1]!);
  if (!isRequest && response === null) return false;

  const layer = dissection.layer(7, 'http', 'Hypertext Transfer Protocol', start, end);
  const line = dissection.field(
    layer,
    'http.first_line',
    isRequest ? 'Request line' : 'Status line',
    start,
    firstEnd,
    first,
  );
  if (isRequest) {
    const [, method, uri, version] = request as unknown as [string, string, string, string];
    let at = part(dissection, line, 'http.request.method', 'Request Method', start, method);
    at = part(dissection, line, 'http.request.uri', 'Request URI', at + 1, uri);
    part(dissection, line, 'http.request.version', 'Request Version', at + 1, version);
    dissection.generate(layer, 'http.request', 'Request', true);
  } else if (response !== null) {
    const [, version, code, phrase] = response as unknown as [string, string, string, string | undefined];
    let at = part(dissection, line, 'http.response.version', 'Response Version', start, version);
    at = part(dissection, line, 'http.response.code', 'Status Code', at + 1, code, Number(code));
    if (phrase) part(dissection, line, 'http.response.phrase', 'Response Phrase', at + 1, phrase);
    dissection.generate(layer, 'http.response', 'Response', true);
  }
  dissection.protocol = 'HTTP';
  const shown = printable(first);
  dissection.info = shown;
  layer.text = shown;
  dissection.facts.application = { protocol: 'http', text: shown, isRequest };

  const contentType = headers(dissection, layer, isRequest, firstEnd, end);
  if (contentType) dissection.info += `  (${contentType})`;
  return true;
}

/** Adds the header fields and cuts the layer where they end; the body becomes data. Returns the content type. */
function headers(dissection: Dissection, layer: Field, isRequest: boolean, start: number, end: number): string {
  const { bytes } = dissection;
  const lineName = isRequest ? 'http.request.line' : 'http.response.line';
  let contentType = '';
  let at = start;
  for (let count = 0; count < LINES_LIMIT && at < end; count++) {
    const next = lineEnd(bytes, at, end);
    const line = latin1Decode(bytes, at, Math.min(next, at + LINE_LIMIT));
    const text = line.replace(/\r?\n$/, '');
    if (text === '') {
      dissection.field(layer, 'http.header_end', 'End of the header', at, next, '', 'empty line');
      layer.end = next;
      dissectData(dissection, next, end);
      return contentType;
    }
    const field = dissection.field(
      layer,
      lineName,
      isRequest ? 'Request header' : 'Response header',
      at,
      next,
      line,
      text,
    );
    const colon = text.indexOf(':');
    const name = colon > 0 ? text.slice(0, colon).toLowerCase() : '';
    const known = FIELD_NAMES[name];
    if (known !== undefined) {
      const value = text.slice(colon + 1).trim();
      const from = at + text.length - text.slice(colon + 1).trimStart().length;
      dissection.field(field, known, text.slice(0, colon), from, from + value.length, value);
      if (name === 'content-type') contentType = printable(value.split(';')[0]!.trim());
    }
    at = next;
  }
  // The header goes on in the next segment, or is longer than anyone reads.
  if (at < end) {
    dissection.raw(layer, 'http.unknown_header', 'More of the header', at, end);
  }
  return contentType;
}

/** Where the line that begins at `start` ends, its line feed included. */
function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  const at = bytes.subarray(start, end).indexOf(0x0a);
  return at < 0 ? end : start + at + 1;
}

function part(
  dissection: Dissection,
  parent: Field,
  name: string,
  label: string,
  at: number,
  text: string,
  value: string | number = text,
): number {
  dissection.field(parent, name, label, at, at + text.length, value, text);
  return at + text.length;
}
