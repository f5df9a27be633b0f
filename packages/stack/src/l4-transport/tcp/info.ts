import type { ControlBlock, Recovery } from './control-block.ts';
import { reorderingWindowNs } from './rack.ts';
import { probeTimeoutNs } from './timers.ts';

/** `TCP_INFO` (Linux's `struct tcp_info`), under its names without the prefix; times in microseconds, as there. */
export interface TcpInfo {
  readonly state: number;
  /** 0 open, 3 recovery, 4 loss (Linux's TCP_CA_*); 1 disorder. */
  readonly ca_state: number;
  readonly retransmits: number;
  readonly probes: number;
  readonly backoff: number;
  readonly options: { readonly timestamps: boolean; readonly sack: boolean; readonly wscale: boolean };
  readonly snd_wscale: number;
  readonly rcv_wscale: number;
  readonly rto: number;
  readonly snd_mss: number;
  readonly rcv_mss: number;
  readonly pmtu: number;
  readonly rtt: number;
  readonly rttvar: number;
  readonly min_rtt: number;
  /** Segments, as on Linux. */
  readonly snd_cwnd: number;
  readonly snd_ssthresh: number;
  /** Segments in flight. */
  readonly unacked: number;
  readonly sacked: number;
  readonly lost: number;
  /** Sent again, and not known to have arrived or to be lost. */
  readonly retrans: number;
  readonly total_retrans: number;
  /** How many segments at most were seen to arrive too early (3 at first); whether any was. */
  readonly reordering: number;
  readonly reord_seen: number;
  /** D-SACKs that came. */
  readonly dsack_dups: number;
  /** RACK's reordering window, and the time after which the tail would be probed; 0 without RACK-TLP. */
  readonly reo_wnd: number;
  readonly pto: number;
  /** Bytes. */
  readonly snd_wnd: number;
  readonly rcv_wnd: number;
  readonly notsent_bytes: number;
  readonly inflight_bytes: number;
  readonly cwnd_bytes: number;
  readonly ssthresh_bytes: number;
  readonly congestion: string;
}

const CA_STATES: Record<(typeof Recovery)[keyof typeof Recovery], number> = { 0: 0, 1: 3, 2: 4 };

export function describeConnection(c: ControlBlock): TcpInfo {
  const mss = c.sndMss;
  const disorder = c.recovery === 0 && (c.dupAcks > 0 || c.sackedBytes > 0);
  return {
    state: c.state,
    ca_state: disorder ? 1 : (CA_STATES[c.recovery as 0 | 1 | 2] ?? 0),
    retransmits: c.retransmits,
    probes: c.windowProbes + c.keepAliveProbes,
    backoff: c.backoff,
    options: { timestamps: c.timestamps, sack: c.sack, wscale: c.scaling },
    snd_wscale: c.sndScale,
    rcv_wscale: c.rcvScale,
    rto: Math.floor(c.rtt.backedOffNs(c.backoff) / 1000),
    snd_mss: mss,
    rcv_mss: c.rcvMss,
    pmtu: c.mtu,
    rtt: c.rtt.srttNs < 0 ? 0 : Math.floor(c.rtt.srttNs / 1000),
    rttvar: Math.floor(c.rtt.rttvarNs / 1000),
    min_rtt: c.rtt.minRttNs < 0 ? 0 : Math.floor(c.rtt.minRttNs / 1000),
    snd_cwnd: Math.floor(c.congestion.cwnd / mss),
    snd_ssthresh: Math.floor(c.congestion.ssthresh / mss),
    unacked: Math.ceil(c.flight / mss),
    sacked: Math.ceil(c.sackedBytes / mss),
    lost: Math.ceil(c.lostBytes / mss),
    retrans: Math.ceil(c.resentBytes / mss),
    total_retrans: c.totalRetransmits,
    reordering: c.rack.reordering,
    reord_seen: c.rack.reorderingSeen ? 1 : 0,
    dsack_dups: c.rack.duplicates,
    reo_wnd: c.rack.on && c.rtt.srttNs >= 0 ? Math.floor(reorderingWindowNs(c) / 1000) : 0,
    pto: c.rack.on ? Math.floor(probeTimeoutNs(c) / 1000) : 0,
    snd_wnd: c.sndWnd,
    rcv_wnd: (c.rcvAdv - c.rcvNxt) | 0,
    notsent_bytes: c.unsent,
    inflight_bytes: c.flight,
    cwnd_bytes: c.congestion.cwnd,
    ssthresh_bytes: c.congestion.ssthresh,
    congestion: c.congestion.name,
  };
}
