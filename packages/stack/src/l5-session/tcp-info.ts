/**
 * The beginning of Linux's `struct tcp_info` (`linux/tcp.h`), what `getsockopt(IPPROTO_TCP, TCP_INFO)` fills:
 *
 *      0 state  1 ca_state  2 retransmits  3 probes  4 backoff  5 options  6 wscale (snd low, rcv high)  7 (flags)
 *      8 rto          12 ato         16 snd_mss       20 rcv_mss
 *     24 unacked      28 sacked      32 lost          36 retrans       40 fackets
 *     44 last_data_sent .. 56 last_ack_recv
 *     60 pmtu         64 rcv_ssthresh
 *     68 rtt          72 rttvar      76 snd_ssthresh  80 snd_cwnd      84 advmss   88 reordering
 *     92 rcv_rtt      96 rcv_space  100 total_retrans
 *
 * All 32-bit numbers in the machine's order, little-endian; times in microseconds.
 */
import type { TcpConnection } from '../l4-transport/tcp/connection.ts';

export const TCP_INFO_LENGTH = 104;

const OPTION_TIMESTAMPS = 1;
const OPTION_SACK = 2;
const OPTION_WSCALE = 4;

/** What a program reads; of a socket without a connection only the state is told. */
export function tcpInfoBytes(state: number, connection: TcpConnection | null): Uint8Array {
  const bytes = new Uint8Array(TCP_INFO_LENGTH);
  bytes[0] = state;
  if (connection === null) return bytes;
  const view = new DataView(bytes.buffer);
  const put = (at: number, value: number): void => view.setUint32(at, Math.min(value, 0xffffffff), true);
  const info = connection.info();
  bytes[1] = info.ca_state;
  bytes[2] = Math.min(info.retransmits, 255);
  bytes[3] = Math.min(info.probes, 255);
  bytes[4] = Math.min(info.backoff, 255);
  bytes[5] =
    (info.options.timestamps ? OPTION_TIMESTAMPS : 0) |
    (info.options.sack ? OPTION_SACK : 0) |
    (info.options.wscale ? OPTION_WSCALE : 0);
  bytes[6] = info.snd_wscale | (info.rcv_wscale << 4);
  put(8, info.rto);
  put(16, info.snd_mss);
  put(20, info.rcv_mss);
  put(24, info.unacked);
  put(28, info.sacked);
  put(32, info.lost);
  put(36, info.retrans);
  put(60, info.pmtu);
  put(68, info.rtt);
  put(72, info.rttvar);
  put(76, info.snd_ssthresh);
  put(80, info.snd_cwnd);
  put(84, info.snd_mss);
  put(88, info.reordering);
  put(100, info.total_retrans);
  return bytes;
}
