/**
 * What a tracked conversation is in, and for how long it is remembered without a packet: the numbers are those of
 * Linux (`nf_conntrack_*_timeout`), in seconds.
 */
export const FlowState = {
  Free: 0,
  SynSent: 1,
  SynReceived: 2,
  Established: 3,
  FinWait: 4,
  CloseWait: 5,
  LastAck: 6,
  TimeWait: 7,
  Close: 8,
  /** Both ends have sent a SYN: a simultaneous open. */
  SynSent2: 9,
  /** Not TCP: nothing has come back yet, or has. */
  Unreplied: 10,
  Replied: 11,
} as const;

const NAMES = [
  'free',
  'syn-sent',
  'syn-received',
  'established',
  'fin-wait',
  'close-wait',
  'last-ack',
  'time-wait',
  'close',
  'syn-sent2',
  'unreplied',
  'replied',
];

export function flowStateName(state: number): string {
  return NAMES[state] ?? `${state}`;
}

const TCP_TIMEOUTS = [0, 120, 60, 432_000, 120, 60, 30, 120, 10, 120];
const UDP_UNREPLIED = 30;
const UDP_REPLIED = 120;
/** RFC 5508 3.2: an ICMP query session is kept for 60 seconds at least. */
const ICMP_TIMEOUT = 60;
const OTHER_TIMEOUT = 600;
/** RFC 4787 4.3: where addresses are translated, UDP's are kept for two minutes at least. */
const TRANSLATED_UDP = 120;

/** Seconds. */
export function flowTimeout(protocol: number, state: number, translated: boolean): number {
  if (protocol === 6) return TCP_TIMEOUTS[state]!;
  if (protocol === 17) return state === FlowState.Replied ? UDP_REPLIED : translated ? TRANSLATED_UDP : UDP_UNREPLIED;
  return protocol === 1 || protocol === 58 ? ICMP_TIMEOUT : OTHER_TIMEOUT;
}

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;

/** What a segment is to the table. */
const Kind = { Syn: 0, SynAck: 1, Fin: 2, Ack: 3, Rst: 4 } as const;

const S = FlowState;
/** Nobody can have sent this now. */
export const INVALID = -1;

/**
 * Which state follows, by direction (0: of who began), kind of segment and state: Linux's table, without windows. A
 * segment that changes nothing leaves the state as it is.
 *
 *                        (none)       SynSent     SynReceived  Established  FinWait      CloseWait    LastAck     TimeWait    Close        SynSent2
 */
const NEXT: readonly (readonly (readonly number[])[])[] = [
  [
    /* Syn    */ [
      S.SynSent,
      S.SynSent,
      S.SynReceived,
      S.Established,
      S.FinWait,
      S.CloseWait,
      S.LastAck,
      S.SynSent,
      S.SynSent,
      S.SynSent2,
    ],
    /* SynAck */ [
      INVALID,
      INVALID,
      S.SynReceived,
      S.Established,
      S.FinWait,
      S.CloseWait,
      S.LastAck,
      S.TimeWait,
      S.Close,
      S.SynReceived,
    ],
    /* Fin    */ [
      INVALID,
      INVALID,
      S.FinWait,
      S.FinWait,
      S.LastAck,
      S.LastAck,
      S.LastAck,
      S.TimeWait,
      S.Close,
      INVALID,
    ],
    /* Ack    */ [
      S.Established,
      INVALID,
      S.Established,
      S.Established,
      S.CloseWait,
      S.CloseWait,
      S.TimeWait,
      S.TimeWait,
      S.Close,
      INVALID,
    ],
    /* Rst    */ [INVALID, S.Close, S.Close, S.Close, S.Close, S.Close, S.Close, S.Close, S.Close, S.Close],
  ],
  [
    /* Syn    */ [
      INVALID,
      S.SynSent2,
      S.SynReceived,
      S.Established,
      S.FinWait,
      S.CloseWait,
      S.LastAck,
      S.SynSent,
      INVALID,
      S.SynSent2,
    ],
    /* SynAck */ [
      INVALID,
      S.SynReceived,
      S.SynReceived,
      S.Established,
      S.FinWait,
      S.CloseWait,
      S.LastAck,
      S.TimeWait,
      S.Close,
      S.SynReceived,
    ],
    /* Fin    */ [
      INVALID,
      INVALID,
      S.FinWait,
      S.FinWait,
      S.LastAck,
      S.LastAck,
      S.LastAck,
      S.TimeWait,
      S.Close,
      INVALID,
    ],
    /* Ack    */ [
      INVALID,
      S.SynSent,
      S.SynReceived,
      S.Established,
      S.CloseWait,
      S.CloseWait,
      S.TimeWait,
      S.TimeWait,
      S.Close,
      S.SynSent2,
    ],
    /* Rst    */ [INVALID, S.Close, S.Close, S.Close, S.Close, S.Close, S.Close, S.Close, S.Close, S.Close],
  ],
];

/** The state after a segment with these flags; INVALID when it cannot belong here. */
export function nextTcpState(state: number, direction: number, flags: number): number {
  const row = NEXT[direction]!;
  if ((flags & RST) !== 0) return row[Kind.Rst]![state]!;
  if ((flags & SYN) !== 0) return row[(flags & ACK) !== 0 ? Kind.SynAck : Kind.Syn]![state]!;
  return row[(flags & FIN) !== 0 ? Kind.Fin : Kind.Ack]![state]!;
}
