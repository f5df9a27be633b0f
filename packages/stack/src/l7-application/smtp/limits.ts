/** What an SMTP server takes, each with its unit and reason. */
export interface SmtpLimits {
  /** Bytes of a command line. RFC 5321 4.5.3.1.4 says 512 and more for each extension; 500 past it. */
  readonly commandBytes: number;
  /** Recipients of one message; RFC 5321 4.5.3.1.8 asks for at least 100. Past it 452. */
  readonly recipients: number;
  /** `Received` fields, past which a message goes round in circles (RFC 5321 6.3: at least 100). */
  readonly hops: number;
  /** Commands that fail, or do nothing, before the connection is ended (421). */
  readonly badCommands: number;
  /** Messages on one connection, after which it is ended. */
  readonly messagesPerConnection: number;
  /** Seconds that the next command, or the next piece of a message, may take (RFC 5321 4.5.3.2.7: at least 5 minutes). */
  readonly waitSeconds: number;
  /** Messages that wait for being sent on, and their bytes; past it 452. */
  readonly queued: number;
  readonly queuedBytes: number;
  /** Deliveries to other servers at once. */
  readonly deliveries: number;
  /** Seconds to the second try; each further one waits twice as long as the one before, up to `retryMostSeconds`. */
  readonly retrySeconds: number;
  readonly retryMostSeconds: number;
  /** Seconds after which a message goes back to its sender (RFC 5321 4.5.4.1: 4 to 5 days). */
  readonly giveUpSeconds: number;
}

export const SMTP_LIMITS: SmtpLimits = {
  commandBytes: 1024,
  recipients: 100,
  hops: 100,
  badCommands: 20,
  messagesPerConnection: 1000,
  waitSeconds: 300,
  queued: 1000,
  queuedBytes: 64 << 20,
  deliveries: 20,
  retrySeconds: 300,
  retryMostSeconds: 4 * 3600,
  giveUpSeconds: 5 * 86_400,
};
