/** The segment text (RFC 9293 3.10.7.4, seventh and eighth): into the stream, or aside until its turn comes. */
import { Drop } from '../../base/drop-reasons.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import { What } from '../../base/trace.ts';
import { Ready } from '../readiness.ts';
import type { ControlBlock } from './control-block.ts';
import { ReassemblyQueue } from './reassembly-queue.ts';
import { SackBlocks } from './sack.ts';
import { Mark } from './segment.ts';
import { TcpState } from './states.ts';
import type { SegmentFields } from './tcp-header.ts';
import { advertisedMss, sendAck } from './transmit.ts';

/**
 * Takes over the packet of a segment that is acceptable and carries text, or `fin`. True when the stream's end is
 * reached: the FIN's turn has come.
 */
export function acceptText(c: ControlBlock, fields: SegmentFields, packet: PacketBuffer, fin: boolean): boolean {
  const { node } = c;
  let { seq } = fields;
  packet.start += fields.headerLength;
  const known = (c.rcvNxt - seq) | 0;
  if (known > 0) {
    // "trim [...] to RCV.NXT"
    if (c.sack && fields.length > 0) {
      sackBlocksOf(c).recordDuplicate(seq, (seq + Math.min(known, fields.length)) | 0);
    }
    packet.start += Math.min(known, packet.end - packet.start);
    seq = c.rcvNxt;
    c.acknowledge(true);
  }
  const room = (c.rcvAdv - seq) | 0;
  if (packet.end - packet.start > room) {
    // Beyond the window: a probe of a closed one, or a peer that does not care. What fits is kept.
    fin = false;
    c.acknowledge(true);
    if (room <= 0) {
      sendAck(c);
      node.drop(packet, Drop.TCP_RECEIVE_FULL);
      return false;
    }
    packet.trim(room);
  }
  if (seq !== c.rcvNxt) {
    outOfOrder(c, packet, seq, fin);
    return false;
  }
  deliver(c, packet);
  if (c.reassembly !== null && c.reassembly.count > 0 && fillGap(c)) fin = true;
  return fin;
}

/** In order: to the program. `[start, end)` is text, perhaps of no length. */
export function deliver(c: ControlBlock, packet: PacketBuffer): void {
  const { node } = c;
  const length = packet.end - packet.start;
  const size = packet.segmentSize > 0 ? packet.segmentSize : length;
  // What was joined on the way (GRO) without saying so is no larger segment.
  if (size > c.rcvMss) c.rcvMss = Math.max(c.rcvMss, Math.min(size, advertisedMss(c.flow, c.options)));
  if (node.trace !== null)
    node.trace.event(node.name, 4, What.Deliver, packet, 0, `${length} bytes`, 'RFC 9293 3.10.7.4');
  c.rcvNxt = (c.rcvNxt + length) | 0;
  if (length === 0 || c.receiveShut || c.orphaned) {
    packet.release();
  } else {
    c.receiveQueue.push(packet, node.pool);
  }
  c.ackPending = true;
  c.raise(Ready.In);
}

function outOfOrder(c: ControlBlock, packet: PacketBuffer, seq: number, fin: boolean): void {
  const queue = (c.reassembly ??= new ReassemblyQueue(c.tcp.segments, c.node.limits.outOfOrderSegments));
  const length = packet.end - packet.start;
  c.tcp.counters.outOfOrder++;
  const reason = queue.insert(packet, seq, fin);
  if (c.sack && reason !== Drop.TCP_OUT_OF_ORDER_FULL) {
    const blocks = sackBlocksOf(c);
    if (reason === Drop.TCP_DUPLICATE && length > 0) blocks.recordDuplicate(seq, (seq + length) | 0);
    blocks.record(queue.runLeft, queue.runRight);
  }
  if (reason !== 0) c.node.drop(packet, reason);
  // RFC 5681 4.2: "A TCP receiver SHOULD send an immediate duplicate ACK when an out-of-order segment arrives": one for
  // each, whether they come in a batch or not, for the sender counts them.
  sendAck(c);
}

/** What had waited and whose turn has come. True if the stream's end is reached. */
function fillGap(c: ControlBlock): boolean {
  const queue = c.reassembly!;
  let ended = false;
  let waiting = queue.head;
  while (waiting !== null && !ended && ((waiting.seq - c.rcvNxt) | 0) <= 0) {
    const segment = queue.shift();
    const known = (c.rcvNxt - segment.seq) | 0;
    ended = (segment.marks & Mark.Fin) !== 0;
    if (known < segment.length || ended) {
      const packet = segment.packet!;
      segment.packet = null;
      packet.start = segment.payloadOffset + Math.min(known, segment.length);
      packet.end = segment.payloadOffset + segment.length;
      deliver(c, packet);
    }
    c.tcp.segments.release(segment);
    waiting = queue.head;
  }
  if (c.sackBlocks !== null) c.sackBlocks.advance(c.rcvNxt);
  // RFC 5681 4.2: "an immediate ACK when it receives a data segment that fills in all or part of a gap".
  c.acknowledge(true);
  return ended;
}

/** Eighth: "advance RCV.NXT over the FIN, and send an acknowledgment for the FIN". */
export function finReceived(c: ControlBlock): void {
  c.rcvNxt = (c.rcvNxt + 1) | 0;
  c.reassembly?.clear();
  c.raise(Ready.In | Ready.RdHup | (c.sendShut ? Ready.Hup : 0));
  switch (c.state) {
    case TcpState.Established:
      c.setState(TcpState.CloseWait, 'FIN came');
      c.acknowledge(true);
      return;
    case TcpState.FinWait1:
      // "If our FIN has been ACKed (perhaps in this segment), then enter TIME-WAIT [...]; otherwise, enter the CLOSING".
      // An ACK of it in this segment has led to FIN-WAIT-2 already.
      c.setState(TcpState.Closing, 'FIN came (simultaneous close)');
      c.acknowledge(true);
      return;
    case TcpState.FinWait2:
      sendAck(c);
      c.tcp.timeWaits.enter(c, 'FIN came');
      return;
    default:
      c.acknowledge(true);
  }
}

/** The blocks to tell, made when something first comes out of order. */
export function sackBlocksOf(c: ControlBlock): SackBlocks {
  c.sackBlocks ??= new SackBlocks();
  return c.sackBlocks;
}
