import type { ConnectionLimits } from '../stream-server.ts';

export interface FtpLimits extends ConnectionLimits {
  /** Bytes of a command with its arguments, and of one line of a reply; lines of one reply. */
  readonly lineBytes: number;
  readonly replyLineBytes: number;
  readonly replyLines: number;
  /** The largest file that is taken or given, bytes: it is held whole. */
  readonly fileBytes: number;
  /** Names in one listing; the rest is not shown. */
  readonly names: number;
  /** Seconds without a command after which a session ends. */
  readonly idleSeconds: number;
  /** Seconds until a data connection is there, and that one piece of a transfer may take. */
  readonly dataSeconds: number;
  /** Wrong passwords after which a session ends; each costs a second. */
  readonly logins: number;
}

export const FTP_LIMITS: FtpLimits = {
  connections: 200,
  connectionsPerClient: 32,
  lineBytes: 2048,
  replyLineBytes: 4096,
  replyLines: 10_000,
  fileBytes: 256 << 20,
  names: 100_000,
  idleSeconds: 300, // RFC 1123 4.1.3.2: at least 5 minutes
  dataSeconds: 60,
  logins: 3,
};
