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
}
