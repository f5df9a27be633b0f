import { finish, sum } from '@netarium/stack/base/checksum';
import { Checksum, FCS_IMPLIED, type PacketBuffer, type PacketPool } from '@netarium/stack/base/packet-buffer';
import { TransportHeaders } from './transport-headers.ts';

const TCP = 6;
const UDP = 17;
const FIN_PSH = 0x09;
const CWR = 0x80;

const headers = new TransportHeaders();

/**
 * Cuts a super-segment into the frames that it stands for, as a card with TCP segmentation offload does: for a wire
 * whose outside takes ordinary frames only. Checksums are complete in what comes out.
 *
 *     | Ethernet | IP | TCP |        payload         |     segmentSize = s
 *     | Ethernet | IP | TCP |  s   |   | ... |  s  |   | ... | rest |
 *
 * Each piece has the headers of the whole, but for its lengths, IPv4's identification (one more each), TCP's sequence
 * number, and the flags that belong to the first (CWR, RFC 3168 6.1.2) or the last (FIN, PSH).
 *
 * Returns the pieces, linked by `next`; null when the frame is not TCP or UDP over IP. The caller keeps `frame`.
 */
export function cutFrame(frame: PacketBuffer, pool: PacketPool): PacketBuffer | null {
  const size = frame.segmentSize;
  if (size <= 0 || !headers.find(frame)) return null;
  const { start, end } = frame;
  const { payload, l3, l4 } = headers;
  const headerLength = payload - start;
  let first: PacketBuffer | null = null;
  let last: PacketBuffer | null = null;
  let from = payload;
  let index = 0;
  do {
    const to = from + size < end ? from + size : end;
    const piece = pool.acquire(headerLength + to - from);
    piece.append(frame.bytes, start, payload);
    piece.append(frame.bytes, from, to);
    piece.id = frame.id;
    piece.l2 = piece.start;
    piece.l3 = piece.start + l3 - start;
    piece.l4 = piece.start + l4 - start;
    piece.fcs = FCS_IMPLIED;
    fixHeaders(piece, from - payload, index, to === end);
    if (last === null) first = piece;
    else last.next = piece;
    last = piece;
    from = to;
    index++;
  } while (from < end);
  return first;
}

function fixHeaders(piece: PacketBuffer, offset: number, index: number, isLast: boolean): void {
  const { view, l3, l4, end } = piece;
  const { version, isTcp } = headers;
  let pseudo = (isTcp ? TCP : UDP) + (end - l4);
  if (version === 4) {
    view.setUint16(l3 + 2, end - l3);
    view.setUint16(l3 + 4, (view.getUint16(l3 + 4) + index) & 0xffff);
    view.setUint16(l3 + 10, 0);
    view.setUint16(l3 + 10, finish(sum(view, l3, l4)));
    pseudo = sum(view, l3 + 12, l3 + 20, pseudo);
  } else {
    view.setUint16(l3 + 4, end - l3 - 40);
    pseudo = sum(view, l3 + 8, l3 + 40, pseudo);
  }
  const field = l4 + (isTcp ? 16 : 6);
  if (isTcp) {
    view.setUint32(l4 + 4, (view.getUint32(l4 + 4) + offset) >>> 0);
    let flags = view.getUint8(l4 + 13);
    if (!isLast) flags &= ~FIN_PSH;
    if (index > 0) flags &= ~CWR;
    view.setUint8(l4 + 13, flags);
  } else {
    view.setUint16(l4 + 4, end - l4);
  }
  view.setUint16(field, 0);
  const checksum = finish(sum(view, l4, end, pseudo));
  view.setUint16(field, checksum === 0 && !isTcp ? 0xffff : checksum);
  piece.checksum = Checksum.Verified;
}
