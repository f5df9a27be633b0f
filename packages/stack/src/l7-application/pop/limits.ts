/** What a POP server takes, each with its unit and reason. */
export interface PopLimits {
  /** Bytes of a command line: RFC 2449 4 says 255. */
  readonly commandBytes: number;
  /** Seconds without a command after which the session ends, with nothing deleted (RFC 1939 3: at least 10 minutes). */
  readonly idleSeconds: number;
  /** Wrong passwords on one connection, and other mistakes, before it is ended. */
  readonly wrongPasswords: number;
  readonly badCommands: number;
}

export const POP_LIMITS: PopLimits = { commandBytes: 255, idleSeconds: 600, wrongPasswords: 3, badCommands: 20 };
