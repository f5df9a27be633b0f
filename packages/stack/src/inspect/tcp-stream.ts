import { type TcpFacts, TcpFlag } from './packet-facts.ts';

/**
 * What one look at a TCP connection from outside can tell of a segment: Wireshark's marks, by its definitions
 * (User's Guide 7.5, "TCP Analysis").
 */
export const TcpMark = {
  Retransmission: 1 << 0,
  FastRetransmission: 1 << 1,
  SpuriousRetransmission: 1 << 2,
  OutOfOrder: 1 << 3,
  PreviousSegmentLost: 1 << 4,
  AckedUnseen: 1 << 5,
  DuplicateAck: 1 << 6,
  WindowUpdate: 1 << 7,
  WindowFull: 1 << 8,
  ZeroWindow: 1 << 9,
  ZeroWindowProbe: 1 << 10,
  ZeroWindowProbeAck: 1 << 11,
  KeepAlive: 1 << 12,
  KeepAliveAck: 1 << 13,
  PortsReused: 1 << 14,
} as const;

/** Each mark's field, and what stands in front of the summary line. */
export const TCP_MARKS: readonly { readonly mark: number; readonly field: string; readonly text: string }[] = [
  { mark: TcpMark.PortsReused, field: 'tcp.analysis.reused_ports', text: 'TCP Port numbers reused' },
  { mark: TcpMark.WindowUpdate, field: 'tcp.analysis.window_update', text: 'TCP Window Update' },
  { mark: TcpMark.KeepAlive, field: 'tcp.analysis.keep_alive', text: 'TCP Keep-Alive' },
  { mark: TcpMark.KeepAliveAck, field: 'tcp.analysis.keep_alive_ack', text: 'TCP Keep-Alive ACK' },
  { mark: TcpMark.WindowFull, field: 'tcp.analysis.window_full', text: 'TCP Window Full' },
  { mark: TcpMark.DuplicateAck, field: 'tcp.analysis.duplicate_ack', text: 'TCP Dup ACK' },
  { mark: TcpMark.ZeroWindowProbe, field: 'tcp.analysis.zero_window_probe', text: 'TCP ZeroWindowProbe' },
  { mark: TcpMark.ZeroWindowProbeAck, field: 'tcp.analysis.zero_window_probe_ack', text: 'TCP ZeroWindowProbeAck' },
  { mark: TcpMark.ZeroWindow, field: 'tcp.analysis.zero_window', text: 'TCP ZeroWindow' },
  { mark: TcpMark.AckedUnseen, field: 'tcp.analysis.ack_lost_segment', text: 'TCP ACKed unseen segment' },
  { mark: TcpMark.PreviousSegmentLost, field: 'tcp.analysis.lost_segment', text: 'TCP Previous segment not captured' },
  { mark: TcpMark.OutOfOrder, field: 'tcp.analysis.out_of_order', text: 'TCP Out-Of-Order' },
  {
    mark: TcpMark.SpuriousRetransmission,
    field: 'tcp.analysis.spurious_retransmission',
    text: 'TCP Spurious Retransmission',
  },
  { mark: TcpMark.FastRetransmission, field: 'tcp.analysis.fast_retransmission', text: 'TCP Fast Retransmission' },
  { mark: TcpMark.Retransmission, field: 'tcp.analysis.retransmission', text: 'TCP Retransmission' },
];

const ANY_RETRANSMISSION = TcpMark.Retransmission | TcpMark.FastRetransmission | TcpMark.SpuriousRetransmission;
/** A retransmission this soon after a duplicate ACK is a fast one. */
const FAST_WITHIN_NS = 20e6;
/** A segment this soon after the furthest one is out of order and not sent again, while no round trip is known. */
const OUT_OF_ORDER_WITHIN_NS = 3e6;
/** Segments of one direction that are remembered until they are acknowledged; more are forgotten, the oldest first. */
const UNACKED_LIMIT = 16_384;

/** What is known of one direction of a connection: of the bytes that one end sends. */
export class TcpHalf {
  /** The sequence number that counts as 0; -1 while unknown. */
  base = -1;
  /** One past the furthest byte that was sent, and when and where; -1 while unknown. */
  next = -1;
  nextTimeNs = 0;
  nextNumber = 0;
  /** One past the last byte up to which nothing is missing, as far as the capture shows; -1 while unknown. */
  continuous = -1;
  /** The last acknowledgment that this end sent. */
  lastAck = -1;
  lastAckTimeNs = 0;
  /** The last packet that acknowledged something new, and how many have repeated it since. */
  lastNewAckNumber = 0;
  duplicateAcks = 0;
  /** The last window that this end announced, as on the wire; -1 while unknown. */
  window = -1;
  /** From its SYN: the shift, or -1 when the SYN had none; -2 while no SYN was seen. */
  windowShift = -2;
  mss = -1;
  sackPermitted = false;
  /** The marks of its last segment. */
  lastMarks = 0;
  /** Numbers of the packets with the first SYN, the first FIN and a RST; 0: none. */
  synNumber = 0;
  synTimeNs = 0;
  finNumber = 0;
  rstNumber = 0;
  /** Packet that acknowledged this end's FIN; 0: none. */
  finAckedNumber = 0;
  /** Packets, payload bytes with repetitions, and packets that repeated something. */
  packets = 0;
  payloadBytes = 0;
  retransmissions = 0;
  outOfOrder = 0;
  /** Sent and not yet acknowledged: (next sequence number, packet number, time) of each segment, oldest first. */
  readonly unacked: { next: number; number: number; timeNs: number }[] = [];

  /** Bytes of the stream that were sent at least once: SYN and FIN do not count. */
  get streamBytes(): number {
    if (this.next < 0 || this.base < 0) return 0;
    return Math.max(0, ((this.next - this.base) >>> 0) - 1 - (this.finNumber > 0 ? 1 : 0));
  }
}

/** What analysis adds to one segment. */
export interface TcpAnalysis {
  /** `TcpMark` bits. */
  readonly marks: number;
  /** What to subtract for relative numbers. */
  readonly sequenceBase: number;
  readonly acknowledgmentBase: number;
  readonly relativeSequence: number;
  readonly relativeAcknowledgment: number;
  /** One past the segment's last byte, relative. */
  readonly nextSequence: number;
  /** The window in bytes, scaled as far as the scale is known. */
  readonly window: number;
  /** The multiplier; -1 unknown, -2 no scaling. */
  readonly windowMultiplier: number;
  /** For a duplicate ACK: which packet it repeats, and the how manyth repetition it is. */
  readonly duplicateOf: number;
  readonly duplicateCount: number;
  /** The packet that this one acknowledges, and how long that took; 0 and -1 when it is none or not known. */
  readonly acknowledges: number;
  readonly roundTripNs: number;
  /** The other end's FIN is acknowledged, by this packet or an earlier one. */
  readonly acknowledgesFin: boolean;
  /** Bytes sent in this direction that are not acknowledged yet, this segment's included. */
  readonly bytesInFlight: number;
}

/** Follows one TCP connection, segment by segment in the order in which they were captured. */
export class TcpStream {
  /** `a` sent the first captured segment. */
  readonly a = new TcpHalf();
  readonly b = new TcpHalf();
  /** From the SYN to the ACK that completes the handshake, ns; -1 while not seen. */
  initialRoundTripNs = -1;
  /** The packet that completed the handshake; 0: none. */
  handshakeNumber = 0;

  /** Takes the next segment: packet `number` at `timeNs`, sent by `a` or by `b`. */
  add(tcp: TcpFacts, fromA: boolean, number: number, timeNs: number): TcpAnalysis {
    const forward = fromA ? this.a : this.b;
    const reverse = fromA ? this.b : this.a;
    const { flags, sequence, acknowledgment, window, payloadLength } = tcp;
    const hasAck = (flags & TcpFlag.Ack) !== 0;
    const space = (flags & TcpFlag.Syn ? 1 : 0) + (flags & TcpFlag.Fin ? 1 : 0);
    const next = (sequence + payloadLength + space) >>> 0;
    this.learn(tcp, forward, reverse, number, timeNs);

    let marks = 0;
    const control = (flags & (TcpFlag.Syn | TcpFlag.Fin | TcpFlag.Rst)) !== 0;
    const expected = forward.next;
    const repeatsAck = acknowledgment === forward.lastAck && hasAck;
    if (expected >= 0) {
      const probe = payloadLength === 1 && sequence === expected && reverse.window === 0;
      if (probe) marks |= TcpMark.ZeroWindowProbe;
      if (after(sequence, expected) && !(flags & TcpFlag.Rst)) marks |= TcpMark.PreviousSegmentLost;
      const oneBefore = sequence === (expected - 1) >>> 0;
      if (payloadLength <= 1 && oneBefore && !control) marks |= TcpMark.KeepAlive;
      if (payloadLength === 0 && !control && sequence === expected && repeatsAck) {
        marks |= this.pureAckMarks(tcp, forward, reverse);
      }
    }
    if (window === 0 && !control) marks |= TcpMark.ZeroWindow;
    if (payloadLength > 0 && !control && this.fillsWindow(next, reverse)) marks |= TcpMark.WindowFull;
    if (hasAck && reverse.continuous >= 0 && after(acknowledgment, reverse.continuous)) {
      marks |= TcpMark.AckedUnseen;
      reverse.continuous = acknowledgment; // told once
    }
    if ((payloadLength > 0 || space > 0) && !(marks & TcpMark.KeepAlive)) {
      marks |= this.repetition(forward, reverse, sequence, next, payloadLength, timeNs);
    }

    if (marks & TcpMark.DuplicateAck) forward.duplicateAcks++;
    else if (hasAck && acknowledgment !== forward.lastAck) {
      forward.lastNewAckNumber = number;
      forward.duplicateAcks = 0;
    }
    const { acknowledges, roundTripNs } = this.acknowledge(reverse, acknowledgment, hasAck, number, timeNs);
    this.remember(tcp, forward, next, marks, number, timeNs);
    const acknowledgmentBase = reverse.base < 0 ? 0 : reverse.base;
    const multiplier = this.multiplier(forward, reverse);
    return {
      marks,
      sequenceBase: forward.base,
      acknowledgmentBase,
      relativeSequence: (sequence - forward.base) >>> 0,
      relativeAcknowledgment: hasAck ? (acknowledgment - acknowledgmentBase) >>> 0 : 0,
      nextSequence: (next - forward.base) >>> 0,
      window: flags & TcpFlag.Syn || multiplier < 0 ? window : window * multiplier,
      windowMultiplier: multiplier,
      duplicateOf: marks & TcpMark.DuplicateAck ? forward.lastNewAckNumber : 0,
      duplicateCount: marks & TcpMark.DuplicateAck ? forward.duplicateAcks : 0,
      acknowledges,
      roundTripNs,
      acknowledgesFin: hasAck && reverse.finNumber > 0 && acknowledgment === reverse.next,
      bytesInFlight: reverse.lastAck < 0 ? 0 : Math.max(0, distance(reverse.lastAck, forward.next)),
    };
  }

  /** Is this SYN the beginning of another connection between the same ports? */
  isNewConnection(tcp: TcpFacts, fromA: boolean): boolean {
    const half = fromA ? this.a : this.b;
    return (tcp.flags & (TcpFlag.Syn | TcpFlag.Ack)) === TcpFlag.Syn && half.base >= 0 && half.base !== tcp.sequence;
  }

  /** Sequence bases, options of the SYNs, and how far the handshake is. */
  private learn(tcp: TcpFacts, forward: TcpHalf, reverse: TcpHalf, number: number, timeNs: number): void {
    const { flags, sequence, acknowledgment } = tcp;
    const isSyn = (flags & TcpFlag.Syn) !== 0;
    if (forward.base < 0) forward.base = isSyn ? sequence : (sequence - 1) >>> 0;
    if (reverse.base < 0 && flags & TcpFlag.Ack) reverse.base = (acknowledgment - 1) >>> 0;
    if (isSyn) forward.synTimeNs = timeNs;
    if (isSyn && forward.synNumber === 0) {
      forward.synNumber = number;
      forward.windowShift = tcp.windowScale < 0 ? -1 : Math.min(tcp.windowScale, 14); // RFC 7323 2.3
      forward.mss = tcp.mss;
      forward.sackPermitted = tcp.sackPermitted;
    }
    if (flags & TcpFlag.Rst && forward.rstNumber === 0) forward.rstNumber = number;
    if (flags & TcpFlag.Fin && forward.finNumber === 0) forward.finNumber = number;
    const completes = !isSyn && flags & TcpFlag.Ack && forward.synNumber > 0 && reverse.synNumber > 0;
    if (completes && this.handshakeNumber === 0 && acknowledgment === (reverse.base + 1) >>> 0) {
      this.handshakeNumber = number;
      this.initialRoundTripNs = timeNs - forward.synTimeNs;
    }
  }

  /** A segment without data that acknowledges what was acknowledged before: why was it sent? */
  private pureAckMarks(tcp: TcpFacts, forward: TcpHalf, reverse: TcpHalf): number {
    const sameWindow = tcp.window === forward.window;
    if (reverse.lastMarks & TcpMark.KeepAlive && tcp.window > 0 && sameWindow) return TcpMark.KeepAliveAck;
    if (reverse.lastMarks & TcpMark.ZeroWindowProbe && tcp.window === 0 && sameWindow)
      return TcpMark.ZeroWindowProbeAck;
    if (tcp.window === 0) return 0;
    return sameWindow ? TcpMark.DuplicateAck : TcpMark.WindowUpdate;
  }

  /** The segment ends exactly where the receiver's window ends. */
  private fillsWindow(next: number, reverse: TcpHalf): boolean {
    if (reverse.lastAck < 0 || reverse.window < 0 || reverse.windowShift === -2) return false;
    const multiplier = this.multiplier(reverse, reverse === this.a ? this.b : this.a);
    return next === (reverse.lastAck + reverse.window * Math.max(1, multiplier)) >>> 0;
  }

  /** Bytes that begin before the furthest one sent: sent again, or overtaken on the way? */
  private repetition(
    forward: TcpHalf,
    reverse: TcpHalf,
    sequence: number,
    next: number,
    payloadLength: number,
    timeNs: number,
  ): number {
    const known = payloadLength > 0 && reverse.lastAck >= 0 && !after(next, reverse.lastAck);
    if (known) return TcpMark.SpuriousRetransmission;
    if (forward.next < 0 || !before(sequence, forward.next)) return 0;
    // The byte of a window probe comes again with those after it: that is no retransmission.
    if (payloadLength > 1 && sequence === (forward.next - 1) >>> 0) return 0;
    const soon = timeNs - reverse.lastAckTimeNs < FAST_WITHIN_NS;
    if (reverse.duplicateAcks >= 2 && reverse.lastAck === sequence && soon) return TcpMark.FastRetransmission;
    const threshold = this.initialRoundTripNs >= 0 ? this.initialRoundTripNs : OUT_OF_ORDER_WITHIN_NS;
    if (timeNs - forward.nextTimeNs < threshold && forward.next !== next) return TcpMark.OutOfOrder;
    return TcpMark.Retransmission;
  }

  /** Takes what is acknowledged off the other direction's list; the segment that ends exactly there is answered. */
  private acknowledge(
    reverse: TcpHalf,
    acknowledgment: number,
    hasAck: boolean,
    number: number,
    timeNs: number,
  ): { acknowledges: number; roundTripNs: number } {
    let acknowledges = 0;
    let roundTripNs = -1;
    if (!hasAck) return { acknowledges, roundTripNs };
    const { unacked } = reverse;
    let count = 0;
    while (count < unacked.length && !after(unacked[count]!.next, acknowledgment)) {
      const segment = unacked[count++]!;
      if (segment.next === acknowledgment && acknowledges === 0) {
        acknowledges = segment.number;
        roundTripNs = timeNs - segment.timeNs;
      }
    }
    if (count > 0) unacked.splice(0, count);
    if (reverse.finNumber > 0 && reverse.finAckedNumber === 0 && acknowledgment === reverse.next) {
      reverse.finAckedNumber = number;
    }
    return { acknowledges, roundTripNs };
  }

  /** What the next segments are compared with. */
  private remember(tcp: TcpFacts, forward: TcpHalf, next: number, marks: number, number: number, timeNs: number): void {
    forward.packets++;
    forward.payloadBytes += tcp.payloadLength;
    if (marks & ANY_RETRANSMISSION) forward.retransmissions++;
    if (marks & TcpMark.OutOfOrder) forward.outOfOrder++;
    if (next !== tcp.sequence) {
      // In the order of their ends: one that was sent again goes behind its first sending.
      const { unacked } = forward;
      let at = unacked.length;
      while (at > 0 && after(unacked[at - 1]!.next, next)) at--;
      unacked.splice(at, 0, { next, number, timeNs });
      if (unacked.length > UNACKED_LIMIT) unacked.shift();
    }
    // A window probe is not really new data: the receiver has no room for it.
    const advances = forward.next < 0 || after(next, forward.next);
    if (advances && !(marks & TcpMark.ZeroWindowProbe)) {
      forward.next = next;
      forward.nextTimeNs = timeNs;
      forward.nextNumber = number;
    }
    const closes = forward.continuous < 0 || forward.continuous === tcp.sequence;
    if (closes && !(marks & TcpMark.ZeroWindowProbe)) forward.continuous = forward.next;
    if (tcp.flags & TcpFlag.Ack) {
      forward.lastAck = tcp.acknowledgment;
      forward.lastAckTimeNs = timeNs;
    }
    forward.window = tcp.window;
    forward.lastMarks = marks;
  }

  /** What a window of `half` is multiplied with: both SYNs must have said it (RFC 7323 1.3). */
  private multiplier(half: TcpHalf, other: TcpHalf): number {
    if (half.windowShift === -2) return -1;
    if (half.windowShift === -1 || other.windowShift === -1) return -2;
    return 1 << half.windowShift;
  }
}

/** Sequence numbers are compared modulo 2^32 (RFC 9293 3.4). */
function after(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}
function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}
function distance(from: number, to: number): number {
  return (to - from) | 0;
}
