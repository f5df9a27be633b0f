/**
 * ICMP errors about segments of ours: which end a connection, which are only remembered (RFC 1122 4.2.3.9, RFC 5461),
 * and which make its segments smaller (RFC 1191, RFC 8201). Whoever forges one must have guessed a sequence number
 * that is in flight (RFC 5927 4.1).
 */

import { Drop } from '../../base/drop-reasons.ts';
import { Errno } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import type { ControlBlock } from './control-block.ts';
import { resendTooLarge } from './retransmission.ts';
import { seqLess } from './sequence.ts';
import { TcpState } from './states.ts';
import { updateSegmentSize } from './transmit.ts';

/** SYNs sent again (the seventh at 11 s) before "host unreachable" ends an attempt to connect. */
const HOST_UNREACHABLE_SYNS = 7;

const FRAGMENTATION_NEEDED = -1;
const IGNORED = 0;

/** By ICMP code of "destination unreachable" (RFC 792, RFC 1122 3.2.2.1): what Linux's `icmp_err_convert` makes of it. */
const UNREACHABLE4 = [
  Errno.ENETUNREACH,
  Errno.EHOSTUNREACH,
  Errno.ENOPROTOOPT,
  Errno.ECONNREFUSED,
  FRAGMENTATION_NEEDED,
  Errno.EOPNOTSUPP,
  Errno.ENETUNREACH,
  Errno.EHOSTDOWN,
  Errno.EHOSTUNREACH,
  Errno.ENETUNREACH,
  Errno.EHOSTUNREACH,
  Errno.ENETUNREACH,
  Errno.EHOSTUNREACH,
  Errno.EHOSTUNREACH,
  Errno.EHOSTUNREACH,
  Errno.EHOSTUNREACH,
];

/** RFC 4443 3.1. */
const UNREACHABLE6 = [
  Errno.ENETUNREACH,
  Errno.EACCES,
  Errno.EHOSTUNREACH,
  Errno.EHOSTUNREACH,
  Errno.ECONNREFUSED,
  Errno.EACCES,
  Errno.EACCES,
];

/** Whose packet an error quotes: an address of the quoted IP header (`view`, `l3`), source (ours) and destination. */
export function quotedLocal(view: DataView, l3: number): IpAddress {
  return view.getUint8(l3) >> 4 === 4 ? IpAddress.read4(view, l3 + 12) : IpAddress.read6(view, l3 + 8);
}

export function quotedRemote(view: DataView, l3: number): IpAddress {
  return view.getUint8(l3) >> 4 === 4 ? IpAddress.read4(view, l3 + 16) : IpAddress.read6(view, l3 + 24);
}

/** An error about a segment of `c`, whose first 8 bytes stand at `packet.start`. */
export function icmpErrorArrives(c: ControlBlock, packet: PacketBuffer, type: number, code: number, mtu: number): void {
  const { view, start } = packet;
  const v4 = c.remote.family === 4;
  // RFC 5927 4.1: "TCP SHOULD check that the TCP sequence number [...] is within the range of the data already sent but
  // not yet acknowledged": SND.UNA =< SEG.SEQ < SND.NXT.
  const seq = view.getInt32(start + 4);
  if (seqLess(seq, c.sndUna) || !seqLess(seq, c.sndNxt)) {
    c.node.dropped(Drop.ICMP_IGNORED);
    return;
  }
  const errno = v4 ? errnoOf4(type, code) : errnoOf6(type, code);
  if (errno === FRAGMENTATION_NEEDED) {
    pathTooNarrow(c, mtu);
    return;
  }
  if (errno === IGNORED) return;
  if (c.state === TcpState.SynSent || c.state === TcpState.SynReceived) {
    // "Host unreachable" may be no more than three questions for a neighbour that a bad line has lost: the SYN is tried again, as
    // RFC 1122 4.2.3.9 wants it, for as long as a person waits (the fourth failure, at 14 s, ends it; Linux's first).
    const nobodyAnswered = v4 ? type === 3 && code === 1 : type === 1 && code === 3;
    if (nobodyAnswered && c.retransmits < HOST_UNREACHABLE_SYNS) {
      c.softError = errno;
      return;
    }
    // After any other soft error all of today's stacks tell the program at once, for it may have other addresses to
    // try (RFC 5461 4.1). So do we.
    c.finish(errno, 'an ICMP error came');
    return;
  }
  // RFC 5927 5.2: in a synchronized state even a hard error is taken for a soft one: told if the connection fails.
  c.softError = errno;
}

function errnoOf4(type: number, code: number): number {
  if (type === 3) return UNREACHABLE4[code] ?? IGNORED;
  if (type === 11) return Errno.EHOSTUNREACH;
  // RFC 6633: source quench (4) is ignored.
  return IGNORED;
}

function errnoOf6(type: number, code: number): number {
  if (type === 1) return UNREACHABLE6[code] ?? IGNORED;
  if (type === 2) return FRAGMENTATION_NEEDED;
  if (type === 3) return Errno.EHOSTUNREACH;
  return IGNORED;
}

/** RFC 1191 6.5, RFC 8201 5.4: smaller segments from now on, and what was too large is sent again at once. */
function pathTooNarrow(c: ControlBlock, mtu: number): void {
  const before = c.sndMss;
  updateSegmentSize(c, mtu > 0 ? Math.min(c.flow.mtu, mtu) : c.flow.mtu);
  if (c.sndMss < before) resendTooLarge(c);
}
