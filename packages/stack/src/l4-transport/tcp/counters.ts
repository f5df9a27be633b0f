/** What one host's TCP has done: the names of RFC 4022 (MIB-II) as Linux prints them in `/proc/net/snmp`, and some. */
export class TcpCounters {
  activeOpens = 0;
  passiveOpens = 0;
  attemptFails = 0;
  estabResets = 0;
  /** Connections that reached ESTABLISHED, ever. */
  established = 0;
  inSegs = 0;
  outSegs = 0;
  retransSegs = 0;
  /** Malformed, or with a wrong checksum. */
  inErrs = 0;
  outRsts = 0;
  outOfOrder = 0;
  challengeAcks = 0;
  windowProbes = 0;
  keepAlives = 0;
  /** Retransmission timers that expired; from here on the names of Linux's `netstat -s` (`TcpExt`). */
  timeouts = 0;
  lossProbes = 0;
  /** Losses that a probe repaired. */
  lossProbeRecovery = 0;
  sackRecovery = 0;
  renoRecovery = 0;
  /** Retransmissions that got lost and were sent once more before a timeout. */
  lostRetransmit = 0;
  /** D-SACKs received. */
  dsackRecv = 0;
  /** Reductions of the window that turned out to be groundless: by timestamps, by D-SACK. */
  fullUndo = 0;
  dsackUndo = 0;
  /** SYNs answered with a cookie; cookies that came back; ACKs that should have brought one, and did not. */
  syncookiesSent = 0;
  syncookiesRecv = 0;
  syncookiesFailed = 0;
}
