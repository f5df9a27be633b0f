import { Errno, NetError } from '../../base/errors.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { What } from '../../base/trace.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';
import type { ByteStream } from '../byte-stream.ts';
import { HTTP_LIMITS, type HttpLimits } from './limits.ts';
import { HttpHeaders, type HttpRequest, type HttpResponse } from './message.ts';
import { HttpParser } from './parser.ts';
import { traceRequest, traceResponse } from './trace.ts';
import { formatUrl, type HttpUrl, hostHeader, parseHttpUrl, resolveReference, UrlProblem } from './url.ts';
import { writeRequest } from './writer.ts';

/** Makes the connection that a URL needs: TCP, or TLS over it. */
export type Dial = (url: HttpUrl, timeoutSeconds: number | null) => Promise<ByteStream>;

export interface RequestOptions {
  /** Default GET. */
  readonly method?: string;
  /** Sent besides Host, and Accept and User-Agent unless they are among these. */
  readonly headers?: HttpHeaders;
  readonly body?: Uint8Array;
  /** How many redirections are followed; default 10, what browsers' order of size is 20. Past it: the error ELOOP. */
  readonly redirects?: number;
  /** Seconds that connecting, and each wait for bytes, may take; null (default): for ever. */
  readonly timeoutSeconds?: number | null;
  readonly limits?: HttpLimits;
  /** Instead of TCP sockets of the given `SocketApi`. */
  readonly dial?: Dial;
  readonly watch?: RequestWatcher;
  /** Whose trace is told of requests and responses; absent: nobody's. */
  readonly node?: NodeContext;
}

/** Who wants to see how it goes. */
export interface RequestWatcher {
  connecting?(url: HttpUrl): void;
  connected?(url: HttpUrl, stream: ByteStream): void;
  sent?(request: HttpRequest): void;
  /** Every response, also those that redirect and the `1xx` ones. */
  received?(response: HttpResponse): void;
  /** The response says that it is elsewhere, and that is asked next. */
  redirected?(to: HttpUrl): void;
  /** Bytes of the body so far; `total` is -1 while nobody knows. */
  progress?(bytes: number, total: number): void;
}

/** A response whose body is still to be read. */
export interface HttpReply {
  /** Where it came from, redirections followed. */
  readonly url: HttpUrl;
  /** Minor version of HTTP/1. */
  readonly minor: 0 | 1;
  readonly status: number;
  readonly reason: string;
  readonly headers: HttpHeaders;
  /** The next piece of the body, null at its end. Fails with a NetError, EPROTO where the peer talks nonsense. */
  read(): Promise<Uint8Array | null>;
  /** Ends the connection. To be called in any case. */
  close(): void;
}

export interface HttpResult {
  readonly url: HttpUrl;
  readonly status: number;
  readonly reason: string;
  readonly headers: HttpHeaders;
  readonly body: Uint8Array;
}

const PIECE = 64 << 10;
const REDIRECTS = 10;
/** A response may be preceded by as many `1xx` ones and no more. */
const INTERIM_RESPONSES = 16;

/** Asks for `url` and gives the whole answer. Fails with a NetError: what `open` fails with. */
export async function get(api: SocketApi, url: string, options: RequestOptions = {}): Promise<HttpResult> {
  const reply = await open(api, url, options);
  try {
    const pieces: Uint8Array[] = [];
    let length = 0;
    for (let piece = await reply.read(); piece !== null; piece = await reply.read()) {
      pieces.push(piece);
      length += piece.length;
    }
    const body = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
      body.set(piece, at);
      at += piece.length;
    }
    return { url: reply.url, status: reply.status, reason: reply.reason, headers: reply.headers, body };
  } finally {
    reply.close();
  }
}

/**
 * Asks for `url`, follows redirections, and gives the answer once its header is there.
 *
 * Fails with a NetError: EINVAL (no URL), a NameError (no such host), ECONNREFUSED and its kin, ETIMEDOUT, EPROTO (this
 * is not HTTP), ELOOP (redirected too often).
 */
export async function open(api: SocketApi, url: string, options: RequestOptions = {}): Promise<HttpReply> {
  const dial = options.dial ?? tcpDial(api);
  let there = parseHttpUrl(url);
  let method = options.method ?? 'GET';
  let { body } = options;
  for (let left = options.redirects ?? REDIRECTS; ; left--) {
    if (there instanceof UrlProblem) throw new NetError(Errno.EINVAL, 'url', there.reason);
    const reply = await exchange(dial, there, method, body, options);
    const to = reply.headers.get('Location');
    if (!isRedirect(reply.status) || to === null || options.redirects === 0) return reply;
    reply.close();
    if (left === 0) throw new NetError(Errno.ELOOP, 'http', formatUrl(there));
    there = resolveReference(there, to);
    if (!(there instanceof UrlProblem)) options.watch?.redirected?.(there);
    // RFC 9110 15.4: 303 says "see there"; of 301 and 302 everybody makes GET out of POST.
    if (reply.status === 303 || (method === 'POST' && reply.status < 303)) {
      if (method !== 'HEAD') method = 'GET';
      body = undefined;
    }
  }
}

/** One request on a connection of its own, up to the response's header. */
async function exchange(
  dial: Dial,
  url: HttpUrl,
  method: string,
  body: Uint8Array | undefined,
  options: RequestOptions,
): Promise<HttpReply> {
  const { watch, timeoutSeconds = null } = options;
  watch?.connecting?.(url);
  const stream = await dial(url, timeoutSeconds);
  try {
    watch?.connected?.(url, stream);
    stream.settimeout(timeoutSeconds);
    const headers = requestHeaders(url, body, options.headers);
    const request: HttpRequest = { method, target: url.target, minor: 1, headers };
    const head = writeRequest(request);
    if (options.node !== undefined) traceRequest(options.node, What.Send, request);
    await stream.sendall(head);
    watch?.sent?.(request);
    if (body !== undefined) await stream.sendall(body);
    const reader = new ResponseReader(stream, method, options);
    const { response, length } = await reader.head();
    if (options.node !== undefined) traceResponse(options.node, What.Receive, response.status, response.headers);
    return {
      url,
      minor: response.minor,
      status: response.status,
      reason: response.reason,
      headers: response.headers,
      read: () => reader.read(length),
      close: () => stream.close(),
    };
  } catch (error) {
    stream.close();
    throw error;
  }
}

class ResponseReader {
  private readonly stream: ByteStream;
  private readonly parser: HttpParser;
  private readonly watch: RequestWatcher | undefined;
  private received = 0;
  private done = false;

  constructor(stream: ByteStream, method: string, options: RequestOptions) {
    this.stream = stream;
    this.watch = options.watch;
    this.parser = new HttpParser('response', options.limits ?? { ...HTTP_LIMITS, bodyBytes: Number.MAX_SAFE_INTEGER });
    this.parser.answers(method);
  }

  async head(): Promise<{ response: HttpResponse; length: number }> {
    for (let interim = 0; ; ) {
      const event = await this.next();
      if (event.kind === 'closed') throw new NetError(Errno.ECONNRESET, 'http', 'the server closed without an answer');
      if (event.kind !== 'response') continue;
      this.watch?.received?.(event.response);
      if (event.response.status >= 200) return event;
      if (++interim > INTERIM_RESPONSES) throw new NetError(Errno.EPROTO, 'http', 'no answer, only interim ones');
    }
  }

  async read(total: number): Promise<Uint8Array | null> {
    if (this.done) return null;
    const event = await this.next();
    if (event.kind === 'data') {
      this.received += event.bytes.length;
      this.watch?.progress?.(this.received, total);
      return event.bytes;
    }
    this.done = true;
    return null;
  }

  private async next(): Promise<ReturnType<HttpParser['next']>> {
    for (;;) {
      const event = this.parser.next();
      if (event.kind === 'problem') throw new NetError(Errno.EPROTO, 'http', event.problem.reason);
      if (event.kind !== 'more') return event;
      const bytes = await this.stream.recv(PIECE);
      if (bytes.length === 0) this.parser.finish();
      else this.parser.push(bytes);
    }
  }
}

/** Connects with TCP: resolves the name and tries each of its addresses. */
export function tcpDial(api: SocketApi): Dial {
  return async (url, timeoutSeconds) => {
    if (url.scheme !== 'http') throw new NetError(Errno.EPROTONOSUPPORT, 'http', `${url.scheme} needs TLS`);
    return api.create_connection([url.host, url.port], timeoutSeconds, null, { happy_eyeballs_delay: 0.25 });
  };
}

function requestHeaders(url: HttpUrl, body: Uint8Array | undefined, more: HttpHeaders | undefined): HttpHeaders {
  // RFC 9110 7.2: Host first, as what says whom the rest is for.
  const headers = new HttpHeaders([['Host', more?.get('Host') ?? hostHeader(url)]]);
  if (more?.has('User-Agent') !== true) headers.append('User-Agent', 'netarium');
  if (more?.has('Accept') !== true) headers.append('Accept', '*/*');
  for (const [name, value] of more ?? []) {
    if (name.toLowerCase() !== 'host') headers.append(name, value);
  }
  if (body !== undefined) headers.set('Content-Length', String(body.length));
  if (!headers.has('Connection')) headers.append('Connection', 'close');
  return headers;
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}
