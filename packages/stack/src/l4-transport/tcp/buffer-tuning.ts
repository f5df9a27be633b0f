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
 * A program that reads slowly gets no larger buffer by it, for nothing but what it read counts. Nor does a queue that
 * stands on the way: the round trip is the shortest known; and when it has been longer for some time, so that the way
 * itself may have become longer, a larger window must bring more in the same time. A queue that took the last one
 * brings as much as before.
 *
 * Sending: twice the congestion window (Linux's `tcp_sndbuf_expand`), where all that was written is on its way, and the
 * program waits for room to write what the network would take.
 */
import { MILLISECOND, SECOND } from '../../base/clock.ts';
import type { ControlBlock } from './control-block.ts';
import { ReceiveTuning } from './receive-tuning.ts';
import { timestampNow } from './transmit.ts';

/** What a sender may send at first: RFC 6928's initial window. */
const INITIAL_SEGMENTS = 10;
/** Where nothing was measured: longer than most paths, so that what is read in it is rather too much. */
const UNKNOWN_ROUND_TRIP_NS = 100 * MILLISECOND;
/** For so long the shortest of the timestamps' round trips is looked for. */
const PERIOD_NS = 10 * SECOND;
/** By so much more has to come in the same time before a larger window is believed to have brought it. */
const MORE = 9 / 8;
/** Buffers grow only while less than this part of the network's packet storage is in use: Linux's `tcp_mem`. */
const STORAGE_SHARE = 4;

/**
 * A segment came whose timestamp answers our last acknowledgement: as long ago as that was is a round trip (RFC 7323
 * 4.1, as a receiver may use it), in ticks of a millisecond. It tells when a path has become longer; a host that only
 * receives measures nothing more exact after the handshake. Called once for the segments of a batch.
 */
export function roundTripSeen(c: ControlBlock, tsEcr: number): void {
  const tuning = c.receiveTuning;
  if (tuning === null) return;
  const ticks = (timestampNow(c) - tsEcr) | 0;
  if (ticks >= 0 && ticks < tuning.leastTicks) tuning.leastTicks = ticks;
  const { now } = c.node.clock;
  if (now - tuning.periodNs < PERIOD_NS) return;
  tuning.tickedNs = tuning.leastTicks > 1 && tuning.leastTicks < 0x7fffffff ? tuning.leastTicks * MILLISECOND : 0;
  tuning.leastTicks = 0x7fffffff;
  tuning.periodNs = now;
  // Much less than once: it is another way, and its window is to be found anew.
  if (tuning.periodRate < tuning.bestRate / 2) tuning.bestRate = 0;
  tuning.periodRate = 0;
}

/** The program has read `n` bytes: perhaps it could read more than the window lets come. */
export function bytesRead(c: ControlBlock, n: number): void {
  const { now } = c.node.clock;
  const tuning = (c.receiveTuning ??= new ReceiveTuning(now, INITIAL_SEGMENTS * c.rcvMss));
  tuning.read += n;
  if (now - tuning.sinceNs < roundTripOf(c, tuning)) return;
  const { read, most, bestRate } = tuning;
  const rate = read / (now - tuning.sinceNs);
  if (rate > bestRate) tuning.bestRate = rate;
  if (rate > tuning.periodRate) tuning.periodRate = rate;
  if (read > most && (tuning.tickedNs === 0 || rate > bestRate * MORE)) {
    const twice = 2 * read + 16 * c.rcvMss;
    growReceiveBuffer(c, twice + Math.floor((2 * twice * (read - most)) / most));
    tuning.most = read;
  }
  tuning.read = 0;
  tuning.sinceNs = now;
}

function roundTripOf(c: ControlBlock, tuning: ReceiveTuning): number {
  if (tuning.tickedNs > 0) return tuning.tickedNs;
  return c.rtt.minRttNs > 0 ? c.rtt.minRttNs : UNKNOWN_ROUND_TRIP_NS;
}

function growReceiveBuffer(c: ControlBlock, wanted: number): void {
  if (c.options.receiveBuffer !== 0 || crowded(c)) return;
  c.receiveLimit = Math.max(c.receiveLimit, Math.min(wanted, c.node.limits.receiveBufferGrownBytes));
}

/** The program waits for room. */
export function growSendBuffer(c: ControlBlock): void {
  if (c.sendQueue.unsent !== null) return;
  const wanted = 2 * c.congestion.cwnd;
  if (wanted <= c.sendLimit || c.options.sendBuffer !== 0 || crowded(c)) return;
  c.sendLimit = Math.max(c.sendLimit, Math.min(wanted, c.node.limits.sendBufferGrownBytes));
}

function crowded(c: ControlBlock): boolean {
  const { pool, limits } = c.node;
  return pool.outstandingBytes * STORAGE_SHARE > limits.poolBytes;
}
