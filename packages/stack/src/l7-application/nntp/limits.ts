/** What a news server takes and keeps, each with its unit and reason. */
export interface NntpLimits {
  /** Bytes of a command line: RFC 3977 3.1 says 512, its end included. */
  readonly commandBytes: number;
  /** Seconds without a command, after which the connection ends (RFC 3977 3.1: at least 3 minutes). */
  readonly idleSeconds: number;
  /** Bytes of one article. */
  readonly articleBytes: number;
  /** Articles that are kept, and their bytes: past it the oldest go. */
  readonly articles: number;
  readonly storedBytes: number;
  /** Groups that one article may be posted to. */
  readonly crossPosts: number;
  /** Commands in a row that fail before the connection ends. */
  readonly badCommands: number;
}

export const NNTP_LIMITS: NntpLimits = {
  commandBytes: 510,
  idleSeconds: 600,
  articleBytes: 1 << 20,
  articles: 10_000,
  storedBytes: 64 << 20,
  crossPosts: 20,
  badCommands: 50,
};
