import type { Clock } from '../../base/clock.ts';
import { NetError } from '../../base/errors.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { What } from '../../base/trace.ts';
import type { ByteStream } from '../byte-stream.ts';
import { HttpProblem } from './head.ts';
import { HTTP_LIMITS, type HttpLimits } from './limits.ts';
import { HttpHeaders, type HttpRequest, isPersistent } from './message.ts';
import { HttpParser } from './parser.ts';
import { HttpError, type HttpHandler, page, type ServerRequest, type ServerResponse } from './response.ts';
import { traceRequest, traceResponse } from './trace.ts';
import { writeChunk, writeLastChunk, writeResponse } from './writer.ts';

/** One answered request, for a log. */
export interface ServedRequest {
  /** Null when none could be read. */
  readonly request: HttpRequest | null;
  readonly status: number;
  /** Of the body. */
  readonly bytesSent: number;
}

export interface ServeOptions {
  /** What time it is, for the limits in seconds. */
  readonly clock: Clock;
  readonly limits?: HttpLimits;
  /** Whose trace is told of requests and responses; absent: nobody's. */
  readonly node?: NodeContext;
  readonly log?: (served: ServedRequest) => void;
  /** What a handler threw and nobody else will hear of: the client is told 500 and no more. */
  readonly onError?: (error: unknown) => void;
}

/** Bytes received or sent at once. */
const PIECE = 64 << 10;
const SHUT_WR = 1;

/**
 * Serves HTTP/1.0 and 1.1 (RFC 9112) on one connection, request after request in the order in which they came, until
 * either side has enough; then closes it. Never throws on what the peer does.
 */
export async function serveHttp(stream: ByteStream, handler: HttpHandler, options: ServeOptions): Promise<void> {
  await new ServerConnection(stream, handler, options).serve();
}

class ServerConnection {
  private readonly stream: ByteStream;
  private readonly handler: HttpHandler;
  private readonly clock: Clock;
  private readonly limits: HttpLimits;
  private readonly node: NodeContext | null;
  private readonly log: (served: ServedRequest) => void;
  private readonly onError: (error: unknown) => void;
  private readonly parser: HttpParser;
  /** The body of the request that is being answered was read to its end. */
  private bodyDone = true;
  /** The peer sends its body only when it is told to go on (RFC 9110 10.1.1). */
  private awaitsContinue = false;
  /** The body made no sense, or did not come: where the next request begins is not known. */
  private bodyFailed = false;
  /** A call on the stream failed: nothing more can be said. */
  private broken = false;

  constructor(stream: ByteStream, handler: HttpHandler, options: ServeOptions) {
    this.stream = stream;
    this.handler = handler;
    this.clock = options.clock;
    this.limits = options.limits ?? HTTP_LIMITS;
    this.node = options.node ?? null;
    this.log = options.log ?? (() => {});
    this.onError = options.onError ?? (() => {});
    this.parser = new HttpParser('request', this.limits);
  }

  async serve(): Promise<void> {
    try {
      for (let left = this.limits.requestsPerConnection; left > 0; left--) {
        const head = await this.readHead();
        if (head === null) break;
        if (head instanceof HttpProblem) {
          await this.respond(null, page(head.status, sentence(head.reason)), false);
          break;
        }
        if (this.node !== null) traceRequest(this.node, What.Receive, head.request);
        if (!(await this.answer(head.request, head.length, left > 1))) break;
      }
      await this.linger();
    } catch (error) {
      // The connection is gone, or its peer takes nothing any more: there is nobody left to tell.
      if (!(error instanceof NetError)) throw error;
    } finally {
      this.stream.close();
    }
  }

  /** The next request; null when the peer is done, or asks for nothing. */
  private async readHead(): Promise<{ request: HttpRequest; length: number } | HttpProblem | null> {
    const { parser, limits, clock } = this;
    let deadlineNs = Infinity;
    for (;;) {
      const event = parser.next();
      if (event.kind === 'request') return event;
      if (event.kind === 'problem') return event.problem;
      if (event.kind === 'closed') return null;
      if (event.kind !== 'more') continue;
      const idle = parser.between;
      // The whole header has one deadline: a peer that drips a byte now and then does not hold us for ever.
      if (!idle && deadlineNs === Infinity) deadlineNs = clock.now + limits.headerSeconds * 1e9;
      const seconds = idle ? limits.idleSeconds : (deadlineNs - clock.now) / 1e9;
      const arrived = seconds > 0 && (await this.receive(seconds));
      if (!arrived) return idle ? null : new HttpProblem(408, 'the header took too long to arrive');
    }
  }

  /** Lets the handler answer one request; false when the connection is to end. */
  private async answer(request: HttpRequest, length: number, mayContinue: boolean): Promise<boolean> {
    this.bodyDone = length === 0;
    const expectation = request.headers.get('Expect');
    this.awaitsContinue = expectation?.toLowerCase() === '100-continue' && request.minor === 1 && length !== 0;
    let response: ServerResponse;
    try {
      if (expectation !== null && expectation.toLowerCase() !== '100-continue') {
        throw new HttpError(417, 'The only expectation known here is 100-continue.');
      }
      response = await this.handler({ ...request, read: () => this.readBody() });
    } catch (error) {
      if (error instanceof HttpError) response = page(error.status, error.message);
      else if (this.broken) throw error;
      else {
        this.onError(error);
        response = page(500, 'The server met an error of its own.');
      }
    }
    // What is left of a body must be read before the next request; a peer that waits for leave may never send it.
    const short = length >= 0 && length <= this.limits.drainBytes;
    const drainable = this.bodyDone || (short && !this.awaitsContinue && !this.bodyFailed);
    const keep = await this.respond(request, response, mayContinue && drainable && isPersistent(request));
    return keep && (await this.drain());
  }

  private async readBody(): Promise<Uint8Array | null> {
    if (this.bodyDone) return null;
    for (;;) {
      const event = this.parser.next();
      if (event.kind === 'data') return event.bytes;
      if (event.kind === 'problem') {
        this.bodyFailed = true;
        throw new HttpError(event.problem.status, sentence(event.problem.reason));
      }
      if (event.kind !== 'more') {
        this.bodyDone = true;
        return null;
      }
      if (this.awaitsContinue) {
        this.awaitsContinue = false;
        await this.send(writeResponse({ status: 100, headers: new HttpHeaders() }));
      }
      if (await this.receive(this.limits.stallSeconds)) continue;
      this.bodyFailed = true;
      throw new HttpError(408, 'The body did not arrive.');
    }
  }

  /** Reads what a handler left of a body; false when that goes wrong. */
  private async drain(): Promise<boolean> {
    try {
      while ((await this.readBody()) !== null);
      return true;
    } catch (error) {
      if (error instanceof HttpError) return false;
      throw error;
    }
  }

  /** Sends a response; false when the connection is to end, because it was asked to or for want of a length. */
  private async respond(request: HttpRequest | null, response: ServerResponse, persistent: boolean): Promise<boolean> {
    const { status, body } = response;
    const headers = new HttpHeaders(response.headers ?? []);
    const noBody = request?.method === 'HEAD' || status < 200 || status === 204 || status === 304;
    const stream = body !== undefined && !(body instanceof Uint8Array) ? body : null;
    let keep = persistent && !headers.lists('Connection', 'close');
    let chunked = false;
    if (stream === null) {
      const length = body === undefined ? 0 : (body as Uint8Array).length;
      // Of a response to HEAD, and of a 304, the length is that of the body that GET would have given.
      const told = headers.has('Content-Length');
      if (!told && status >= 200 && status !== 204 && (status !== 304 || length > 0)) {
        headers.set('Content-Length', String(length));
      }
    } else if (!headers.has('Content-Length')) {
      chunked = request?.minor === 1;
      if (chunked) headers.set('Transfer-Encoding', 'chunked');
      else keep = keep && noBody;
    }
    if (!keep) headers.set('Connection', 'close');
    else if (request?.minor === 0) headers.set('Connection', 'keep-alive');
    if (this.node !== null) traceResponse(this.node, What.Send, status, headers);
    const whole = stream !== null || noBody ? NOTHING : ((body as Uint8Array | undefined) ?? NOTHING);
    // The head goes with what follows it, in the same segments.
    const head = writeResponse({ status, headers }, whole.length <= PIECE ? whole : whole.subarray(0, PIECE));
    let bytesSent = whole.length;
    if (stream === null || noBody) {
      await this.send(head);
      for (let at = PIECE; at < whole.length; at += PIECE) await this.send(whole.subarray(at, at + PIECE));
    } else {
      bytesSent = await this.sendStream(head, stream, chunked, Number(headers.get('Content-Length') ?? Infinity));
      if (!chunked && bytesSent !== Number(headers.get('Content-Length'))) keep = false;
    }
    this.log({ request, status, bytesSent });
    return keep;
  }

  private async sendStream(
    head: Uint8Array,
    body: AsyncIterable<Uint8Array>,
    chunked: boolean,
    length: number,
  ): Promise<number> {
    let sent = 0;
    await this.send(head);
    for await (const piece of body) {
      const bytes = piece.length > length - sent ? piece.subarray(0, length - sent) : piece;
      sent += bytes.length;
      await this.send(chunked ? writeChunk(bytes) : bytes);
    }
    if (chunked) await this.send(writeLastChunk());
    return sent;
  }

  /** Each piece has its own time: a slow line may take long for a large file, a dead one may not. */
  private async send(piece: Uint8Array): Promise<void> {
    this.stream.settimeout(this.limits.stallSeconds);
    try {
      if (piece.length > 0) await this.stream.sendall(piece);
    } catch (error) {
      this.broken = true;
      throw error;
    }
  }

  /** Takes what arrives into the parser; false when nothing came in time. */
  private async receive(seconds: number): Promise<boolean> {
    this.stream.settimeout(seconds);
    try {
      const bytes = await this.stream.recv(PIECE);
      if (bytes.length === 0) this.parser.finish();
      else this.parser.push(bytes);
      return true;
    } catch (error) {
      if (isTimeout(error)) return false;
      this.broken = true;
      throw error;
    }
  }

  /**
   * Where the peer may still be sending, closing at once would answer it with a reset, which takes our last words away
   * from it: the end is sent, and what comes is read and forgotten for a while (RFC 9112 9.6).
   */
  private async linger(): Promise<void> {
    if (this.bodyDone && this.parser.between) return;
    this.stream.shutdown(SHUT_WR);
    const deadlineNs = this.clock.now + this.limits.lingerSeconds * 1e9;
    let left = this.limits.drainBytes;
    while (left > 0 && this.clock.now < deadlineNs) {
      this.stream.settimeout((deadlineNs - this.clock.now) / 1e9);
      const bytes = await this.stream.recv(PIECE);
      if (bytes.length === 0) return;
      left -= bytes.length;
    }
  }
}

const NOTHING = new Uint8Array(0);

/** `ETIMEDOUT` is also what a dead connection says: either way nothing more will come in time. */
export function isTimeout(error: unknown): boolean {
  return error instanceof NetError && (error.code === 'ETIMEDOUT' || error.code === 'EAGAIN');
}

/** A reason, as a sentence. */
function sentence(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
}

/** `ServerRequest` with its body read to the end, at most `limits.bodyBytes` of it. */
export async function readAll(request: ServerRequest): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let piece = await request.read(); piece !== null; piece = await request.read()) {
    pieces.push(piece);
    length += piece.length;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
