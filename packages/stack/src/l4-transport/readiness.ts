/**
 * What an endpoint is ready for, as bits: the values of Linux's `poll(2)` and `epoll(7)`, so that the socket calls
 * above pass them on as they are.
 */
export const Ready = {
  /** There is something to read, the end of the stream, or a connection to accept. */
  In: 1,
  /** There is room to write, or a connection is made. */
  Out: 4,
  /** An error waits to be taken. */
  Err: 8,
  /** Both directions are at their end. */
  Hup: 16,
  /** The peer writes no more. */
  RdHup: 0x2000,
} as const;
