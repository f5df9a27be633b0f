/**
 * How much of a message is accepted, each with its unit and its reason. A server hands the same object to its parser
 * and to itself; a test lowers single values to stand at a limit and one past it.
 */
export interface HttpLimits {
  /** Bytes of a request line or status line. RFC 9112 3 recommends at least 8,000; past it a request gets 414. */
  readonly startLineBytes: number;
  /** Bytes of all field lines of one message, trailers included; past it 431 (RFC 6585 5). Apache's and nginx's order of size. */
  readonly headerBytes: number;
  /** Field lines of one message: each costs an object, whatever its length. Past it 431. */
  readonly headerCount: number;
  /** Bytes of a body; past it 413. */
  readonly bodyBytes: number;
  /** Bytes of chunk extensions and chunk-size lines in excess of one short line a chunk: nobody needs them (400). */
  readonly chunkExtensionBytes: number;
  /** Empty lines ignored before a request line (RFC 9112 2.2 asks for at least one). */
  readonly emptyLines: number;
  /** Bytes of a body that nobody wants and that are read all the same, so that the connection can be reused. */
  readonly drainBytes: number;
  /** Requests on one connection, after which it is closed: a connection does not live for ever (nginx: 1,000). */
  readonly requestsPerConnection: number;
  /** Seconds that a connection may rest between two requests. */
  readonly idleSeconds: number;
  /** Seconds from a request's first byte to the end of its header, however slowly it drips (slowloris); past it 408. */
  readonly headerSeconds: number;
  /** Seconds without a single byte of a body, or without the peer taking one; past it the connection ends. */
  readonly stallSeconds: number;
  /** Seconds that a closing server still reads, so that its last words are not lost to a reset (RFC 9112 9.6). */
  readonly lingerSeconds: number;
}

export const HTTP_LIMITS: HttpLimits = {
  startLineBytes: 8192,
  headerBytes: 64 << 10,
  headerCount: 100,
  bodyBytes: 64 << 20,
  chunkExtensionBytes: 16 << 10,
  emptyLines: 4,
  drainBytes: 256 << 10,
  requestsPerConnection: 1000,
  idleSeconds: 15,
  headerSeconds: 20,
  stallSeconds: 60,
  lingerSeconds: 2,
};
