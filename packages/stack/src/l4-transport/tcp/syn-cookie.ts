/**
 * SYN cookies (RFC 4987 3.6, Bernstein 1996): a SYN answered without keeping anything of it. All that must be known when
 * the ACK comes is in the numbers that it brings back. The initial sequence number is
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------+-----+-----------------------------------------------+
 *     | counter | MSS |   keyed hash of both ends, the peer's ISN,    |
 *     | mod 32  |index|         the whole counter and the MSS index   |
 *     +---------+-----+-----------------------------------------------+
 *
 * where the counter counts periods of 64 seconds. Window scale and SACK ride, as on Linux, in the low bits of our
 * timestamp, which the peer echoes; without timestamps they are off. What is agreed there is not protected: who forges
 * it spoils his own connection only.
 *
 *     +----------------------------------------------------+-+-+-------+
 *     |   clock in milliseconds, rounded down to multiples |0|S| scale |   S: SACK permitted
 *     |   of 64, so that it is never ahead of the clock    | | |       |   scale: the peer's; 15: none
 *     +----------------------------------------------------+-+-+-------+
 */
import { finish, sum } from '../../base/checksum.ts';
import { MILLISECOND, SECOND } from '../../base/clock.ts';
import type { IpAddress } from '../../base/ip-address.ts';
import { HEADROOM, type PacketBuffer } from '../../base/packet-buffer.ts';
import type { Random } from '../../base/random.ts';
import { sipHash24 } from '../../base/siphash.ts';
import { What } from '../../base/trace.ts';
import type { Flow } from '../../l3-network/network-layer.ts';
import { destinationOf, sourceOf } from './addresses.ts';
import type { ControlBlock, TcpContext } from './control-block.ts';
import { segmentArrives, takeSyn } from './input.ts';
import { fillAddresses, type SequenceSource } from './isn.ts';
import type { TcpSocketOptions } from './options.ts';
import { TcpState } from './states.ts';
import {
  CHECKSUM,
  Flag,
  MIN_HEADER,
  SegmentFields,
  synOptionsLength,
  writeHeader,
  writeSynOptions,
} from './tcp-header.ts';
import { advertisedMss, receiveLimitFor, windowScaleFor } from './transmit.ts';

const SOURCE = 'RFC 4987 3.6';

/** A cookie is good in the period in which it was made and in the next, as Linux's: for 64 to 128 seconds. */
const PERIOD_NS = 64 * SECOND;
const PERIODS = 2;

/** How long after its queue was full a listener looks for cookies in ACKs: as long as one may be good. */
export const COOKIES_VALID_NS = PERIODS * PERIOD_NS;

/**
 * What the three bits say: the largest that is not above the peer's. The least that is believed, what holds without the
 * option (RFC 9293 3.7.1), tunnels, PPPoE and IPv6, Ethernet, jumbo frames.
 */
const MSS_TABLE: readonly number[] = [64, 536, 1220, 1300, 1400, 1440, 1460, 8960];

const HASH_MASK = 0xffffff;
const OPTION_BITS = 6;
const OPTION_MASK = (1 << OPTION_BITS) - 1;
const SACK_BIT = 1 << 4;
const SCALE_MASK = 15;
const NO_SCALE = 15;

export class SynCookies {
  private readonly tcp: TcpContext;
  private readonly sequences: SequenceSource;
  private readonly key = new Uint32Array(4);
  private readonly words = new Uint32Array(12);
  /** The SYN, as far as the ACK brings it back. */
  private readonly syn = new SegmentFields();

  constructor(tcp: TcpContext, sequences: SequenceSource, random: Random) {
    this.tcp = tcp;
    this.sequences = sequences;
    for (let i = 0; i < 4; i++) this.key[i] = random.u32();
  }

  /** Answers a SYN, sent back by `flow`, with a cookie. `options`: those of the listener. */
  answer(flow: Flow, segment: SegmentFields, options: TcpSocketOptions): void {
    const { node, options: host, counters } = this.tcp;
    const { now } = node.clock;
    const timestamps = segment.hasTimestamps && host.timestamps;
    const sack = timestamps && segment.sackPermitted && host.sack;
    const scaling = timestamps && segment.windowScale >= 0 && host.windowScaling;
    const receiveLimit = receiveLimitFor(options, node.limits);
    const scale = scaling ? windowScaleFor(receiveLimit, node.limits) : -1;
    let tsVal = 0;
    if (timestamps) {
      const clock = (Math.floor(now / MILLISECOND) + this.sequences.timestampOffset(flow.local, flow.remote)) | 0;
      tsVal = packOptions(clock, scaling ? segment.windowScale : -1, sack);
    }
    const mss = segment.mss > 0 ? segment.mss : flow.remote.family === 4 ? 536 : 1220;
    const iss = this.make(flow.local, flow.remote, segment, segment.seq, mss, now);

    const packet = node.pool.acquire(0, HEADROOM);
    const length = MIN_HEADER + synOptionsLength(scale, sack, timestamps);
    const at = packet.push(length);
    const { view } = packet;
    const { sourcePort, destinationPort } = segment;
    const window = Math.min(receiveLimit, 65535);
    const ack = (segment.seq + 1) | 0;
    writeHeader(view, at, destinationPort, sourcePort, iss, ack, Flag.Syn | Flag.Ack, window, length);
    writeSynOptions(view, at + MIN_HEADER, advertisedMss(flow, options), scale, sack, timestamps, tsVal, segment.tsVal);
    packet.l4 = at;
    view.setUint16(at + CHECKSUM, finish(sum(view, at, packet.end, flow.pseudoSum + length)));
    if (options.ttl >= 0) flow.ttl = options.ttl;
    if (options.tos >= 0) flow.tos = options.tos;
    counters.outSegs++;
    counters.syncookiesSent++;
    if (node.trace !== null) {
      node.trace.event(node.name, 4, What.Decide, null, 0, 'SYN cookie: too many are half open, none is kept', SOURCE);
      node.trace.event(node.name, 4, What.Send, packet, 0, 'SYN cookie', SOURCE);
    }
    flow.send(packet);
  }

  /** The MSS in the cookie that `segment`, an ACK, brings back; 0: it is none of ours, or too old. */
  check(segment: SegmentFields, packet: PacketBuffer): number {
    const { node, counters } = this.tcp;
    const mss = this.read(destinationOf(packet), sourceOf(packet), segment, (segment.ack - 1) | 0, node.clock.now);
    if (mss === 0) counters.syncookiesFailed++;
    else counters.syncookiesRecv++;
    if (node.trace !== null) {
      const detail = mss === 0 ? 'SYN cookie: wrong or too old' : `SYN cookie: right, MSS ${mss}`;
      node.trace.event(node.name, 4, What.Decide, packet, 0, detail, SOURCE);
    }
    return mss;
  }

  /**
   * Makes `c`, fresh, what it would be had its SYN been kept, and gives it the ACK that brought the cookie: it is
   * ESTABLISHED then, and has the data that came along. The listener must have room. Takes the packet over.
   */
  restore(c: ControlBlock, segment: SegmentFields, packet: PacketBuffer, mss: number): void {
    const { syn } = this;
    syn.seq = (segment.seq - 1) | 0;
    syn.mss = mss;
    syn.hasTimestamps = segment.hasTimestamps;
    syn.tsVal = segment.tsVal;
    const scale = segment.tsEcr & SCALE_MASK;
    syn.windowScale = segment.hasTimestamps && scale !== NO_SCALE ? scale : -1;
    syn.sackPermitted = segment.hasTimestamps && (segment.tsEcr & SACK_BIT) !== 0;
    // Who has timestamps off never put anything into them.
    if (!c.timestamps) {
      syn.windowScale = -1;
      syn.sackPermitted = false;
    }
    c.setState(TcpState.SynReceived, 'a SYN cookie came back');
    takeSyn(c, syn);
    c.iss = (segment.ack - 1) | 0;
    c.sndUna = c.iss;
    c.sndNxt = segment.ack;
    c.sndSml = segment.ack;
    c.recoveryPoint = c.iss;
    c.writeSeq = segment.ack;
    c.lastSentNs = this.tcp.node.clock.now;
    // The timestamp that it echoes was not the time: no round trip is measured by it.
    segment.tsEcr = 0;
    segmentArrives(c, segment, packet);
  }

  /** The cookie for a SYN with the number `irs`. `segment`: anything from the peer, for its ports. */
  make(local: IpAddress, remote: IpAddress, segment: SegmentFields, irs: number, mss: number, nowNs: number): number {
    let index = MSS_TABLE.length - 1;
    while (index > 0 && MSS_TABLE[index]! > mss) index--;
    const counter = Math.floor(nowNs / PERIOD_NS);
    return ((counter & 31) << 27) | (index << 24) | this.hash(local, remote, segment, irs, counter, index);
  }

  /** The MSS in `cookie`, which an ACK with the number `segment.seq`, one more than the SYN's, brought; or 0. */
  read(local: IpAddress, remote: IpAddress, segment: SegmentFields, cookie: number, nowNs: number): number {
    const now = Math.floor(nowNs / PERIOD_NS);
    const age = (now - (cookie >>> 27)) & 31;
    if (age >= PERIODS) return 0;
    const index = (cookie >>> 24) & 7;
    const hash = this.hash(local, remote, segment, (segment.seq - 1) | 0, now - age, index);
    return hash === (cookie & HASH_MASK) ? MSS_TABLE[index]! : 0;
  }

  private hash(
    local: IpAddress,
    remote: IpAddress,
    segment: SegmentFields,
    irs: number,
    counter: number,
    index: number,
  ): number {
    const { words } = this;
    fillAddresses(words, local, remote);
    words[8] = segment.destinationPort * 65536 + segment.sourcePort;
    words[9] = irs;
    words[10] = counter;
    words[11] = index;
    return sipHash24(this.key, words) & HASH_MASK;
  }
}

/** The latest timestamp up to `clock` whose low bits say what was agreed; `scale`: the peer's, -1 for none. */
export function packOptions(clock: number, scale: number, sack: boolean): number {
  const bits = (scale >= 0 ? scale : NO_SCALE) | (sack ? SACK_BIT : 0);
  const packed = (clock & ~OPTION_MASK) | bits;
  return (clock & OPTION_MASK) < bits ? (packed - (1 << OPTION_BITS)) | 0 : packed;
}
