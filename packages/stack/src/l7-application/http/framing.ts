import { HttpProblem } from './head.ts';
import type { HttpLimits } from './limits.ts';
import type { HttpHeaders, HttpRequest, HttpResponse } from './message.ts';

/**
 * Where a message's body ends (RFC 9112 6.3). Two parties that disagree here see different messages in one stream:
 * request smuggling (RFC 9112 11.2). So whatever could be read in two ways is refused, and nothing is repaired.
 */
export const Framing = {
  /** There is no body. */
  None: 'none',
  /** `length` bytes. */
  Length: 'length',
  Chunked: 'chunked',
  /** Until the connection ends: a response only. */
  Close: 'close',
} as const;

export interface BodyFraming {
  readonly kind: (typeof Framing)[keyof typeof Framing];
  /** Bytes; -1 when it is not known in advance. */
  readonly length: number;
}

const NO_BODY: BodyFraming = { kind: Framing.None, length: 0 };
const CHUNKED: BodyFraming = { kind: Framing.Chunked, length: -1 };
const UNTIL_CLOSE: BodyFraming = { kind: Framing.Close, length: -1 };

export function requestFraming(request: HttpRequest, limits: HttpLimits): BodyFraming | HttpProblem {
  return messageFraming(request, limits) ?? NO_BODY;
}

/** `method` is the request's that this answers. */
export function responseFraming(response: HttpResponse, method: string, limits: HttpLimits): BodyFraming | HttpProblem {
  const { status } = response;
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return NO_BODY;
  if (method === 'CONNECT' && status < 300) return UNTIL_CLOSE;
  return messageFraming(response, limits) ?? UNTIL_CLOSE;
}

/** What the fields say; null when they say nothing. */
function messageFraming(
  message: { minor: 0 | 1; headers: HttpHeaders },
  limits: HttpLimits,
): BodyFraming | HttpProblem | null {
  const { headers } = message;
  if (headers.has('Transfer-Encoding')) {
    if (headers.has('Content-Length')) {
      return new HttpProblem(400, 'Transfer-Encoding and Content-Length exclude each other');
    }
    if (message.minor === 0) return new HttpProblem(400, 'HTTP/1.0 has no Transfer-Encoding');
    return transferFraming(headers);
  }
  const lengths = headers.all('Content-Length');
  if (lengths.length === 0) return null;
  if (lengths.length > 1) return new HttpProblem(400, 'there is more than one Content-Length');
  if (!/^[0-9]+$/.test(lengths[0]!)) return new HttpProblem(400, 'the Content-Length is not a number');
  const length = Number(lengths[0]); // huge ones become inexact or infinite, which is past any limit
  if (length > limits.bodyBytes)
    return new HttpProblem(413, `a body of more than ${limits.bodyBytes} bytes is not accepted`);
  return { kind: Framing.Length, length };
}

function transferFraming(headers: HttpHeaders): BodyFraming | HttpProblem {
  const codings = headers.words('Transfer-Encoding');
  if (codings.length === 1 && codings[0] === 'chunked') return CHUNKED;
  // RFC 9112 6.3: unless chunked is the last one, and there once, nobody knows where the body ends.
  if (codings.indexOf('chunked') !== codings.length - 1) {
    return new HttpProblem(400, 'chunked is not the last transfer coding');
  }
  if (codings.length === 0) return new HttpProblem(400, 'the Transfer-Encoding is empty');
  return new HttpProblem(501, `the transfer coding ${codings[0]} is not implemented`); // RFC 9112 6.1
}
