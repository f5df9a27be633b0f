import { SECOND } from '../../base/clock.ts';

export interface KeepAliveOptions {
  /** SO_KEEPALIVE; off unless the program asks (RFC 9293 3.8.4: "MUST default to off"). */
  readonly enabled: boolean;
  /** TCP_KEEPIDLE: silence before the first probe, ns (two hours: RFC 9293 3.8.4). */
  readonly idleNs: number;
  /** TCP_KEEPINTVL: from probe to probe, ns. */
  readonly intervalNs: number;
  /** TCP_KEEPCNT: probes without answer that end the connection. */
  readonly count: number;
}

/** What a program may set on its socket, by `setsockopt(2)`'s meanings. Never changed in place: connections share them. */
export interface TcpSocketOptions {
  /** TCP_NODELAY: Nagle's algorithm is off (RFC 9293 3.7.4). */
  readonly noDelay: boolean;
  /** TCP_CORK: nothing but full segments is sent, for 200 ms at most. */
  readonly cork: boolean;
  /** TCP_QUICKACK: acknowledgements are not delayed. */
  readonly quickAck: boolean;
  readonly keepAlive: KeepAliveOptions;
  /** TCP_USER_TIMEOUT, ns (RFC 5482, RFC 9293 3.9.1): how long data may stay unacknowledged; 0: the system's choice. */
  readonly userTimeoutNs: number;
  /** SO_LINGER: -1 off; 0: `close` resets. Waiting for longer times is done by the socket call. */
  readonly lingerNs: number;
  /** SO_RCVBUF and SO_SNDBUF, bytes of payload; 0: the host's default. */
  readonly receiveBuffer: number;
  readonly sendBuffer: number;
  /** TCP_MAXSEG: upper limit of what a segment carries, bytes, told to the peer too; 0: none. */
  readonly maxSegment: number;
  /** TCP_SYNCNT: how often a SYN is sent again with a doubled timeout, after `SYN_LINEAR_TIMEOUTS` without. */
  readonly synRetries: number;
  /** For listeners on all addresses: 4 or 6 takes this family only (IPV6_V6ONLY), 0 both. */
  readonly family: 0 | 4 | 6;
  /** IP_TTL and IP_TOS; -1: the host's default. */
  readonly ttl: number;
  readonly tos: number;
  /** The interface's number for peers whose address means something on one link only (`fe80::1%eth0`); 0: any. */
  readonly device: number;
}

/** `tcp_syn_linear_timeouts` (Linux 6.5): so many SYNs are sent again a second apart, before the timeout doubles. */
export const SYN_LINEAR_TIMEOUTS = 4;

/** Linux's TCP_THIN_LINEAR_RETRIES: see `TcpOptions.thinLinearTimeouts`. */
export const THIN_LINEAR_TIMEOUTS = 6;

/** Linux's defaults. */
export const SOCKET_OPTIONS: TcpSocketOptions = {
  noDelay: false,
  cork: false,
  quickAck: false,
  keepAlive: { enabled: false, idleNs: 7200 * SECOND, intervalNs: 75 * SECOND, count: 9 },
  userTimeoutNs: 0,
  lingerNs: -1,
  receiveBuffer: 0,
  sendBuffer: 0,
  maxSegment: 0,
  synRetries: 6,
  family: 0,
  ttl: -1,
  tos: -1,
  device: 0,
};

/** All options, with `chosen` over the defaults. */
export function socketOptions(chosen: Partial<TcpSocketOptions>): TcpSocketOptions {
  return chosen === SOCKET_OPTIONS ? SOCKET_OPTIONS : { ...SOCKET_OPTIONS, ...chosen };
}

/** What a host may switch for all of its connections (Linux's `net.ipv4.tcp_*`). */
export interface TcpOptions {
  /** RFC 7323 timestamps, RFC 2018 selective acknowledgement, RFC 7323 window scaling: offered and accepted. */
  readonly timestamps: boolean;
  readonly sack: boolean;
  readonly windowScaling: boolean;
  /** `tcp_recovery`: losses are found by time (RACK-TLP, RFC 8985) where SACK is in use; otherwise by counting (RFC 6675). */
  readonly rack: boolean;
  /**
   * `tcp_thin_linear_timeouts`: with fewer than four segments in flight the first six timeouts are not backed off. Off,
   * as on Linux and as RFC 6298 5.5 demands; where every third packet is lost, it is what brings a stream through.
   */
  readonly thinLinearTimeouts: boolean;
  /** `tcp_syncookies`: a listener with too many half-open connections answers without keeping any (RFC 4987 3.6). */
  readonly synCookies: boolean;
  /** Header prediction. Off, every segment takes the long way of RFC 9293 3.10.7, with the same result. */
  readonly fastPath: boolean;
  /** `tcp_retries2`: how long data is sent again, as a number of retransmissions (15: 924.6 s). */
  readonly retries: number;
  /**
   * `tcp_orphan_retries`: the same, once the program has closed. Linux's 8 (102 s) spare a server's memory; here what a
   * program has sent before it closed arrives as surely as the rest.
   */
  readonly orphanRetries: number;
  /** `tcp_synack_retries`: 5 on Linux, which gives up one in fifty handshakes where every third frame is lost. */
  readonly synAckRetries: number;
  /** TIME-WAIT, ns: Linux's 60 s (RFC 9293 3.4.2: 2 MSL, which would be 4 minutes). */
  readonly timeWaitNs: number;
  /** `tcp_fin_timeout`: how long FIN-WAIT-2 lasts once the program has closed, ns. */
  readonly finWait2Ns: number;
  /** The longest that an acknowledgement is delayed, ns: Linux's 40 ms (RFC 9293 3.8.6.3: less than 0.5 s). */
  readonly delayedAckNs: number;
}

export const TCP_OPTIONS: TcpOptions = {
  timestamps: true,
  sack: true,
  windowScaling: true,
  rack: true,
  thinLinearTimeouts: false,
  synCookies: true,
  fastPath: true,
  retries: 15,
  orphanRetries: 15,
  synAckRetries: 8,
  timeWaitNs: 60 * SECOND,
  finWait2Ns: 60 * SECOND,
  delayedAckNs: 40e6,
};
