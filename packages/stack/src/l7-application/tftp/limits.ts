export interface TftpLimits {
  /** Transfers at once, of everybody and of one client address. */
  readonly transfers: number;
  readonly transfersPerClient: number;
  /** The largest file, bytes: it is held whole while it is carried. */
  readonly fileBytes: number;
  /** Largest block and window that are agreed to: one window is sent at once, without a pause. */
  readonly blockBytes: number;
  readonly windowBlocks: number;
  /** Seconds until something is sent again: the first time, and, doubled each time, at most. */
  readonly timeoutSeconds: number;
  readonly timeoutMostSeconds: number;
  /** Seconds without progress after which a transfer has failed. */
  readonly giveUpSeconds: number;
}

export const TFTP_LIMITS: TftpLimits = {
  transfers: 256,
  transfersPerClient: 32,
  fileBytes: 64 << 20,
  blockBytes: 65_464, // RFC 2348: what fits into a datagram
  windowBlocks: 64,
  timeoutSeconds: 1,
  timeoutMostSeconds: 8,
  giveUpSeconds: 25, // tftp-hpa's
};
