/**
 * Buffers that grow with what a connection carries, where the program has not chosen them (SO_RCVBUF, SO_SNDBUF).
 *
 * Receiving: Fisk and Feng, "Dynamic Right-Sizing: TCP Flow-Control Adaptation" (2001), as Linux's
 * `tcp_rcv_space_adjust` has it. What the program reads in one round trip is what the sender could send in one. Until
 * the window that is offered for it arrives there, the sender's own window may have doubled: so twice as much is
 * offered, and more while it grows.
 *
 *     read in a round trip     64 KiB      128 KiB      256 KiB ...
 *     offered              > 128 KiB    > 256 KiB    > 512 KiB ...
 *
 * A program that reads slowly gets no larger buffer by it, for nothing but what it read counts.
 *
 * Sending: Linux's `tcp_sndbuf_expand`. Twice the congestion window: one that is on its way, one to follow it.
 */
import { MILLISECOND } from '../../base/clock.ts';
import type { ControlBlock } from './control-block.ts';
import { timestampNow } from './transmit.ts';

/** What a sender may send at first: RFC 6928's initial window. */
const INITIAL_SEGMENTS = 10;
/** Where nothing was measured: longer than most paths, so that what is read in it is rather too much. */
const UNKNOWN_ROUND_TRIP_NS = 100 * MILLISECOND;
/** Buffers grow only while less than this part of the network's packet storage is in use: Linux's `tcp_mem`. */
const STORAGE_SHARE = 4;

/** What is known of a receiver's window. */
export class ReceiveTuning {
  /** A round trip as the receiver sees it, ns, smoothed; 0: not known. */
  roundTripNs = 0;
  /** Bytes read since `sinceNs`. */
  read = 0;
  sinceNs: number;
  /** The most that was read in a round trip. */
  most: number;

  constructor(now: number, most: number) {
    this.sinceNs = now;
    this.most = most;
  }
}

/**
 * A segment came whose timestamp answers our last acknowledgement: as long ago as that was is a round trip (RFC 7323
 * 4.1, as a receiver may use it). Called once for the segments of a batch.
 */
export function roundTripSeen(c: ControlBlock, tsEcr: number): void {
  const tuning = c.receiveTuning;
  if (tuning === null) return;
  const ticks = (timestampNow(c) - tsEcr) | 0;
  if (ticks < 0) return;
  // The clock ticks in milliseconds: less than one counts as one.
  const sampleNs = (ticks > 0 ? ticks : 1) * MILLISECOND;
  tuning.roundTripNs += tuning.roundTripNs === 0 ? sampleNs : (sampleNs - tuning.roundTripNs) / 8;
}

/** The program has read `n` bytes: perhaps it could read more than the window lets come. */
export function bytesRead(c: ControlBlock, n: number): void {
  const { now } = c.node.clock;
  const tuning = (c.receiveTuning ??= new ReceiveTuning(now, INITIAL_SEGMENTS * c.rcvMss));
  tuning.read += n;
  if (now - tuning.sinceNs < roundTripOf(c, tuning)) return;
  const { read, most } = tuning;
  if (read > most) {
    const twice = 2 * read + 16 * c.rcvMss;
    growReceiveBuffer(c, twice + Math.floor((2 * twice * (read - most)) / most));
    tuning.most = read;
  }
  tuning.read = 0;
  tuning.sinceNs = now;
}

/** As the receiver measured it, or else the sender, if only by the handshake; ns. */
function roundTripOf(c: ControlBlock, tuning: ReceiveTuning): number {
  if (tuning.roundTripNs > 0) return tuning.roundTripNs;
  return c.rtt.srttNs > 0 ? c.rtt.srttNs : UNKNOWN_ROUND_TRIP_NS;
}

function growReceiveBuffer(c: ControlBlock, wanted: number): void {
  if (c.options.receiveBuffer !== 0 || crowded(c)) return;
  c.receiveLimit = Math.max(c.receiveLimit, Math.min(wanted, c.node.limits.receiveBufferGrownBytes));
}

/** The program would send more than there is room for. */
export function growSendBuffer(c: ControlBlock): void {
  const wanted = 2 * c.congestion.cwnd;
  if (wanted <= c.sendLimit || c.options.sendBuffer !== 0 || crowded(c)) return;
  c.sendLimit = Math.max(c.sendLimit, Math.min(wanted, c.node.limits.sendBufferGrownBytes));
}

function crowded(c: ControlBlock): boolean {
  const { pool, limits } = c.node;
  return pool.outstandingBytes * STORAGE_SHARE > limits.poolBytes;
}
