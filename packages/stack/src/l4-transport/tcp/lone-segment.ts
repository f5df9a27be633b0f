/** Segments that belong to no connection: resets (RFC 9293 3.10.7.1), and the ACKs of what is left in TIME-WAIT. */
import type { NodeContext } from '../../base/node-context.ts';
import { HEADROOM, type PacketBuffer, type PacketPool } from '../../base/packet-buffer.ts';
import { Flag, MIN_HEADER, type SegmentFields, writeHeader, writeTimestamps } from './tcp-header.ts';
import type { TimeWait } from './time-wait.ts';

/**
 * The RST that answers a segment: with an ACK, <SEQ=SEG.ACK><CTL=RST>, without one
 * <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>. Without its checksum.
 */
export function resetAnswering(segment: SegmentFields, pool: PacketPool): PacketBuffer {
  const { flags } = segment;
  const reply = pool.acquire(0, HEADROOM);
  const at = reply.push(MIN_HEADER);
  const to = segment.sourcePort;
  const from = segment.destinationPort;
  if ((flags & Flag.Ack) !== 0) {
    writeHeader(reply.view, at, from, to, segment.ack, 0, Flag.Rst, 0, MIN_HEADER);
  } else {
    const span = segment.length + ((flags & Flag.Syn) !== 0 ? 1 : 0) + ((flags & Flag.Fin) !== 0 ? 1 : 0);
    const ack = (segment.seq + span) | 0;
    writeHeader(reply.view, at, from, to, 0, ack, Flag.Rst | Flag.Ack, 0, MIN_HEADER);
  }
  return reply;
}

/** An ACK from a connection in TIME-WAIT, without its checksum. */
export function acknowledgementOf(waiting: TimeWait, node: NodeContext): PacketBuffer {
  const packet = node.pool.acquire(0, HEADROOM);
  const length = MIN_HEADER + (waiting.timestamps ? 12 : 0);
  const at = packet.push(length);
  const { localPort, remotePort, sndNxt, rcvNxt, window } = waiting;
  writeHeader(packet.view, at, localPort, remotePort, sndNxt, rcvNxt, Flag.Ack, window, length);
  if (waiting.timestamps) {
    const now = (Math.floor(node.clock.now / 1e6) + waiting.tsOffset) | 0;
    writeTimestamps(packet.view, at + MIN_HEADER, now, waiting.tsRecent);
  }
  return packet;
}
