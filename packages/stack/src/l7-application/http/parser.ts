import { Framing, requestFraming, responseFraming } from './framing.ts';
import {
  HttpProblem,
  isBlank,
  parseFieldLine,
  parseFieldValue,
  parseRequestLine,
  parseStatusLine,
  type RequestLine,
  type StatusLine,
} from './head.ts';
import { HTTP_LIMITS, type HttpLimits } from './limits.ts';
import { BARE_CR, INCOMPLETE, LineBuffer, TOO_LONG } from './line-buffer.ts';
import { type HttpField, HttpHeaders, type HttpRequest, type HttpResponse } from './message.ts';
import { CR, isFieldValue, isHexDigit, LF, SEMICOLON } from './syntax.ts';

/** What comes out of the bytes that went in, one after the other. */
export type HttpEvent =
  /** A header is complete. `length`: bytes of its body; -1 while nobody knows. */
  | { readonly kind: 'request'; readonly request: HttpRequest; readonly length: number }
  | { readonly kind: 'response'; readonly response: HttpResponse; readonly length: number }
  /** A piece of the body: never empty, and the receiver's to keep. */
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  /** The message is complete; the next call begins with the next one. */
  | { readonly kind: 'end'; readonly trailers: HttpHeaders }
  /** All that was pushed is used up: push more. */
  | { readonly kind: 'more' }
  /** The connection ended between two messages. */
  | { readonly kind: 'closed' }
  /** The stream makes no sense from here on, and says so for ever. */
  | { readonly kind: 'problem'; readonly problem: HttpProblem };

/**
 *     Start --line--> Fields --empty line--> Length | Chunk-size | UntilClose --> Start
 *                                            Chunk-size --n--> Chunk-data --> Chunk-end --> Chunk-size
 *                                            Chunk-size --0--> Trailers --empty line--> Start
 *     any --nonsense--> Failed
 */
const State = {
  Start: 0,
  Fields: 1,
  Length: 2,
  ChunkSize: 3,
  ChunkData: 4,
  ChunkEnd: 5,
  Trailers: 6,
  UntilClose: 7,
  End: 8,
  Failed: 9,
} as const;
type State = (typeof State)[keyof typeof State];

const MORE: HttpEvent = { kind: 'more' };
const CLOSED: HttpEvent = { kind: 'closed' };
/** "fffffffffffff" and no more: a size that a number holds exactly, without leading zeros by the thousand. */
const CHUNK_SIZE_DIGITS = 13;

/**
 * Reads HTTP/1.x messages from bytes, in pieces of any size (RFC 9112). It does no input or output of its own:
 * `push` what arrives, then call `next` until it says `more`.
 *
 * Bytes are looked at once, nothing is kept but the line that is not yet complete and the head, and both are limited.
 */
export class HttpParser {
  private readonly role: 'request' | 'response';
  private readonly limits: HttpLimits;
  private state: State = State.Start;
  private problem: HttpProblem | null = null;
  private readonly input = new LineBuffer();
  private ended = false;
  private requestMethod = 'GET';

  // The message that is being read.
  private emptyLines = 0;
  private line: RequestLine | StatusLine | null = null;
  private fields: HttpField[] = [];
  private headerBytes = 0;
  private bareLineFeed = false;
  private left = 0;
  private bodyBytes = 0;
  private extensionBytes = 0;

  constructor(role: 'request' | 'response', limits: HttpLimits = HTTP_LIMITS) {
    this.role = role;
    this.limits = limits;
  }

  /** Nothing of the next message has been seen. */
  get between(): boolean {
    return this.state === State.Start && this.input.length === 0;
  }

  /** What was pushed and belongs to no message read so far: another protocol's bytes after a CONNECT or an upgrade. */
  get rest(): Uint8Array {
    return this.input.bytes.subarray(this.input.start, this.input.end);
  }

  /** Tells a response parser which method is answered next: a response to HEAD has no body. */
  answers(method: string): void {
    this.requestMethod = method;
  }

  /** Bytes that arrived; the parser keeps the array, so do not write to it again. */
  push(bytes: Uint8Array): void {
    this.input.push(bytes);
  }

  /** The connection ended: no more bytes will come. */
  finish(): void {
    this.ended = true;
  }

  next(): HttpEvent {
    for (;;) {
      const event = this.step();
      if (event !== null) return event;
    }
  }

  /** One step of the machine; null when it led nowhere to be told. */
  private step(): HttpEvent | null {
    switch (this.state) {
      case State.Start:
        return this.readStart();
      case State.Fields:
        return this.readFields();
      case State.Length:
        return this.readCounted(State.End);
      case State.ChunkSize:
        return this.readChunkSize();
      case State.ChunkData:
        return this.readCounted(State.ChunkEnd);
      case State.ChunkEnd:
        return this.readChunkEnd();
      case State.Trailers:
        return this.readFields();
      case State.UntilClose:
        return this.readUntilClose();
      case State.End:
        return this.finishMessage();
      default:
        return { kind: 'problem', problem: this.problem! };
    }
  }

  private readStart(): HttpEvent | null {
    const limit = this.limits.startLineBytes;
    const from = this.input.start;
    const to = this.takeLine(limit);
    if (to === TOO_LONG) {
      return this.role === 'request'
        ? this.fail(414, `the request line is longer than ${limit} bytes`)
        : this.fail(400, `the status line is longer than ${limit} bytes`);
    }
    if (to === INCOMPLETE) {
      if (!this.ended) return MORE;
      return this.input.length === 0 ? CLOSED : this.fail(400, 'the connection ended inside of the first line');
    }
    if (to === BARE_CR) return this.fail(400, 'a carriage return stands alone');
    if (to === from) {
      if (++this.emptyLines > this.limits.emptyLines) return this.fail(400, 'there is no first line');
      this.bareLineFeed = false;
      return null;
    }
    const parse = this.role === 'request' ? parseRequestLine : parseStatusLine;
    const line = parse(this.input.bytes, from, to);
    if (line instanceof HttpProblem) return this.failWith(line);
    this.line = line;
    this.state = State.Fields;
    return null;
  }

  /** Reads header or trailer lines until the empty one. */
  private readFields(): HttpEvent | null {
    const { limits } = this;
    for (;;) {
      const from = this.input.start;
      const to = this.takeLine(limits.headerBytes - this.headerBytes);
      if (to === TOO_LONG) return this.fail(431, `the header is longer than ${limits.headerBytes} bytes`);
      if (to === INCOMPLETE) return this.ended ? this.fail(400, 'the connection ended inside of the header') : MORE;
      if (to === BARE_CR) return this.fail(400, 'a carriage return stands alone');
      this.headerBytes += this.input.start - from;
      if (to === from) break;
      if (isBlank(this.input.bytes[from]!)) {
        const problem = this.unfold(from, to);
        if (problem !== null) return this.failWith(problem);
        continue;
      }
      if (this.fields.length >= limits.headerCount)
        return this.fail(431, `there are more than ${limits.headerCount} fields`);
      const field = parseFieldLine(this.input.bytes, from, to);
      if (field instanceof HttpProblem) return this.failWith(field);
      this.fields.push(field);
    }
    if (this.state === State.Fields) return this.finishHead();
    if (this.bareLineFeed) return this.fail(400, 'a trailer line does not end with CRLF');
    this.state = State.End;
    return null;
  }

  /**
   * A line that begins with white space continues the one before (obs-fold). A server refuses it, a client reads it as
   * a space (RFC 9112 5.2); before the first field nobody may make sense of it (RFC 9112 2.2).
   */
  private unfold(from: number, to: number): HttpProblem | null {
    if (this.role === 'request' || this.fields.length === 0) {
      return new HttpProblem(400, 'a line of the header begins with white space');
    }
    const more = parseFieldValue(this.input.bytes, from, to);
    if (typeof more !== 'string') return more;
    const [name, value] = this.fields.pop()!;
    this.fields.push([name, `${value} ${more}`]);
    return null;
  }

  private finishHead(): HttpEvent {
    const headers = new HttpHeaders(this.fields);
    this.fields = [];
    const line = this.line!;
    const { limits } = this;
    let event: HttpEvent;
    let framing: ReturnType<typeof requestFraming>;
    if ('method' in line) {
      const request: HttpRequest = { ...line, headers };
      const problem = checkHost(request);
      if (problem !== null) return this.failWith(problem);
      framing = requestFraming(request, limits);
      if (framing instanceof HttpProblem) return this.failWith(framing);
      event = { kind: 'request', request, length: framing.length };
    } else {
      const response: HttpResponse = { ...line, headers };
      framing = responseFraming(response, this.requestMethod, limits);
      if (framing instanceof HttpProblem) return this.failWith(framing);
      event = { kind: 'response', response, length: framing.length };
    }
    if (this.bareLineFeed && framing.kind !== Framing.None) {
      // A line may end with LF alone (RFC 9112 2.2), which is what people type. Somebody on the way may have read it
      // as part of a value, so it is believed only where nothing depends on it.
      return this.fail(400, 'a line of the header of a message with a body ends without a carriage return');
    }
    this.left = framing.length;
    this.state =
      framing.kind === Framing.Chunked
        ? State.ChunkSize
        : framing.kind === Framing.Close
          ? State.UntilClose
          : framing.length > 0
            ? State.Length
            : State.End;
    return event;
  }

  /** A part of the body of which `left` bytes are still to come. */
  private readCounted(then: State): HttpEvent | null {
    if (this.left === 0) {
      this.state = then;
      return null;
    }
    const available = Math.min(this.input.length, this.left);
    if (available === 0) return this.ended ? this.fail(400, 'the connection ended inside of the body') : MORE;
    this.left -= available;
    return this.data(available);
  }

  private readUntilClose(): HttpEvent | null {
    const available = this.input.length;
    if (available > 0) {
      this.bodyBytes += available;
      if (this.bodyBytes > this.limits.bodyBytes) return this.failBody();
      return this.data(available);
    }
    if (!this.ended) return MORE;
    this.state = State.End;
    return null;
  }

  /**
   *     chunk      = chunk-size [ chunk-ext ] CRLF chunk-data CRLF       RFC 9112 7.1
   *     chunk-size = 1*HEXDIG
   */
  private readChunkSize(): HttpEvent | null {
    const from = this.input.start;
    const limit = CHUNK_SIZE_DIGITS + 2 + this.limits.chunkExtensionBytes - this.extensionBytes;
    const to = this.takeLine(limit);
    if (to === TOO_LONG) return this.fail(400, 'a chunk size line is too long');
    if (to === INCOMPLETE) return this.ended ? this.fail(400, 'the connection ended inside of the body') : MORE;
    if (to === BARE_CR || this.bareLineFeed) return this.fail(400, 'a chunk size line does not end with CRLF');
    const { bytes } = this.input;
    let at = from;
    let size = 0;
    while (at < to && isHexDigit(bytes[at]!)) {
      if (at - from === CHUNK_SIZE_DIGITS) return this.fail(400, 'a chunk size has too many digits');
      const byte = bytes[at++]!;
      size = size * 16 + (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
    }
    if (at === from) return this.fail(400, 'a chunk has no size');
    if (at < to) {
      // Extensions mean nothing to us; what cannot begin one is not a size (RFC 9112 7.1.1, 11.2).
      while (at < to && isBlank(bytes[at]!)) at++;
      if (bytes[at] !== SEMICOLON || at === to || !isFieldValue(bytes, at, to)) {
        return this.fail(400, 'a chunk size is not a hexadecimal number');
      }
      this.extensionBytes += to - at;
    }
    this.bodyBytes += size;
    if (this.bodyBytes > this.limits.bodyBytes) return this.failBody();
    this.left = size;
    this.state = size === 0 ? State.Trailers : State.ChunkData;
    return null;
  }

  private readChunkEnd(): HttpEvent | null {
    const available = this.input.length;
    const { bytes, start } = this.input;
    const wrong = (available > 0 && bytes[start] !== CR) || (available > 1 && bytes[start + 1] !== LF);
    if (wrong) return this.fail(400, 'a chunk does not end where its size says');
    if (available < 2) return this.ended ? this.fail(400, 'the connection ended inside of the body') : MORE;
    this.input.skip(2);
    this.state = State.ChunkSize;
    return null;
  }

  private finishMessage(): HttpEvent {
    const trailers = new HttpHeaders(this.fields);
    this.state = State.Start;
    this.line = null;
    this.fields = [];
    this.emptyLines = 0;
    this.headerBytes = 0;
    this.bareLineFeed = false;
    this.bodyBytes = 0;
    this.extensionBytes = 0;
    return { kind: 'end', trailers };
  }

  private data(length: number): HttpEvent {
    return { kind: 'data', bytes: this.input.take(length) };
  }

  /** A line, of whose kind of end a note is made: one LF alone marks the whole header. */
  private takeLine(limit: number): number {
    const to = this.input.takeLine(limit);
    if (to >= 0 && this.input.bareLineFeed) this.bareLineFeed = true;
    return to;
  }

  private failBody(): HttpEvent {
    return this.fail(413, `a body of more than ${this.limits.bodyBytes} bytes is not accepted`);
  }

  private fail(status: number, reason: string): HttpEvent {
    return this.failWith(new HttpProblem(status, reason));
  }

  private failWith(problem: HttpProblem): HttpEvent {
    this.problem = problem;
    this.state = State.Failed;
    return { kind: 'problem', problem };
  }
}

/** RFC 9112 3.2: exactly one Host in HTTP/1.1, and never one that is not a host. */
function checkHost(request: HttpRequest): HttpProblem | null {
  const hosts = request.headers.all('Host');
  if (hosts.length > 1) return new HttpProblem(400, 'there is more than one Host');
  if (hosts.length === 0) return request.minor === 1 ? new HttpProblem(400, 'HTTP/1.1 needs a Host') : null;
  return /^[A-Za-z0-9._~!$&'()*+,;=%:[\]-]*$/.test(hosts[0]!)
    ? null
    : new HttpProblem(400, 'the Host has characters that it may not');
}
