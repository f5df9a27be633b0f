/**
 * What an application protocol needs of a connection: a connected stream socket has it, and so has TLS over one.
 * Everything fails with a NetError in POSIX words.
 */
export interface ByteStream {
  /** The next bytes, at most `size`; none at the end of the stream. ETIMEDOUT or EAGAIN when the time is up. */
  recv(size: number): Promise<Uint8Array>;
  /** All of `bytes`, or an error. */
  sendall(bytes: Uint8Array): Promise<unknown>;
  /** Seconds that one call may take from now on; null: for ever. */
  settimeout(seconds: number | null): void;
  /** 1 (SHUT_WR): sends the end of the stream. */
  shutdown(how: number): unknown;
  close(): unknown;
}
