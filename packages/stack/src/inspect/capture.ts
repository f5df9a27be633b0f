import type { Clock } from '../base/clock.ts';
import { crc32 } from '../base/crc32.ts';
import { Drop, type DropReason, dropReasons, isHarmless } from '../base/drop-reasons.ts';
import type { IpAddress } from '../base/ip-address.ts';
import { completeChecksum } from '../base/offload.ts';
import { Checksum, FCS_IMPLIED, type PacketBuffer } from '../base/packet-buffer.ts';
import { Direction, type FrameTap, type TraceSink, What } from '../base/trace.ts';
import { LinkType } from './link-types.ts';
import { PacketFlags } from './pcapng-format.ts';
import { PcapngWriter, type SectionOptions } from './pcapng-writer.ts';

/** Does a packet belong into the capture? Over `bytes[0, length)`, which begin with the link's header. */
export type PacketPredicate = (bytes: Uint8Array, length: number) => boolean;

export interface CaptureOptions extends SectionOptions {
  /** Most bytes kept of each packet; absent or 0: all. */
  snapLength?: number;
  /** Appends Ethernet's frame check sequence, as a capture card at the cable sees it. Default: without. */
  fcs?: boolean;
  /** Which packets to keep; default all. `compileFilter` makes one of a filter's text. */
  filter?: PacketPredicate;
  /** The filter's text, for those who read the file. */
  filterText?: string;
  /** The capture stops when it holds this many bytes that nobody took; default 256 MiB. */
  maxPendingBytes?: number;
}

export interface CaptureInterfaceOptions {
  /** One of `LinkType`; default Ethernet. */
  linkType?: number;
  speedBps?: number;
  description?: string;
  /** Who drops what this tap reports as dropped: `dropped by r1: ...`. Default: the interface's name. */
  node?: string;
}

/** IEEE 802.3 3.2.8: shorter frames are padded with zeros to 60 bytes, 64 with the frame check sequence. */
const SHORTEST_FRAME = 60;
const FCS_LENGTH = 4;
const MAX_PENDING = 256 << 20;

/**
 * A packet capture in memory: `tap` gives an observer for an interface or a link end, `take` hands out the pcapng file
 * as it grows.
 *
 * What is written is what a cable carries: transport checksums completed (on a copy), short frames padded, the frame
 * check sequence where it was asked for. A packet that is reported with a reason carries it as a comment; and when the
 * capture is a network's trace sink as well, the packets that are dropped somewhere later get the reason, too, unless
 * they have been taken by then.
 */
export class Capture implements TraceSink {
  /** Packets written, kept out by the filter, and lost because nobody took what was pending. */
  packets = 0;
  filtered = 0;
  lost = 0;
  /** Who else watches, when this is the network's trace sink. */
  next: TraceSink | null = null;
  /** Each pending packet's last place in the file, by its id. */
  private readonly places = new Map<number, number>();
  /** The drop that a tap has reported last: it is not told twice. */
  private reportedId = 0;
  private reportedReason = 0;
  private readonly writer: PcapngWriter;
  private readonly clock: Clock;
  private readonly options: CaptureOptions;
  private readonly taps: InterfaceTap[] = [];

  constructor(clock: Clock, options: CaptureOptions = {}) {
    this.clock = clock;
    this.options = options;
    this.writer = new PcapngWriter(options);
  }

  /** An observer for one interface; each call describes a new interface in the file. */
  tap(interfaceName: string, options: CaptureInterfaceOptions = {}): FrameTap {
    const linkType = options.linkType ?? LinkType.Ethernet;
    const withFcs = linkType === LinkType.Ethernet && this.options.fcs === true;
    const index = this.writer.addInterface({
      name: interfaceName,
      linkType,
      snapLength: this.options.snapLength ?? 0,
      fcsLength: withFcs ? FCS_LENGTH : 0,
      ...(options.description === undefined ? {} : { description: options.description }),
      ...(options.speedBps === undefined ? {} : { speedBps: options.speedBps }),
      ...(this.options.filterText === undefined ? {} : { filter: this.options.filterText }),
    });
    const tap = new InterfaceTap(this, index, linkType, withFcs, options.node ?? interfaceName);
    this.taps.push(tap);
    return tap;
  }

  /** Names for addresses, shown by those who read the file. */
  name(names: Iterable<{ address: IpAddress; names: readonly string[] }>): void {
    this.writer.addNames(names);
  }

  /** The next part of the file; empty when nothing is new. */
  take(): Uint8Array {
    this.places.clear();
    return this.writer.take();
  }

  /** Bytes that `take` would hand out. */
  get pendingBytes(): number {
    return this.writer.pendingBytes;
  }

  /** As the network's trace sink: a packet that goes no further gets the reason as a comment. */
  event(
    node: string,
    layer: number,
    what: What,
    packet: PacketBuffer | null,
    reason: DropReason,
    detail: string,
    source: string,
  ): void {
    if (what === What.Drop && packet !== null && !isHarmless(reason)) {
      const told = this.reportedId === packet.id && this.reportedReason === reason;
      const place = told ? undefined : this.places.get(packet.id);
      if (place !== undefined) this.writer.comment(place, dropComment(node, reason, detail));
    }
    if (this.next !== null) this.next.event(node, layer, what, packet, reason, detail, source);
  }

  /** Writes what each interface counted. Call it once, before the last `take`. */
  finish(): void {
    for (const tap of this.taps) {
      this.writer.addStatistics(tap.index, this.clock.now, {
        received: tap.seen,
        filterAccepted: tap.accepted,
        dropped: tap.lost,
      });
    }
  }

  /** Called by the taps, with bytes that are ready to be written. */
  write(
    tap: InterfaceTap,
    bytes: Uint8Array,
    start: number,
    end: number,
    direction: Direction,
    crcError: boolean,
    packetId: number,
    reason: DropReason,
    comments: readonly string[],
  ): void {
    const filter = this.options.filter;
    if (filter !== undefined && !filter(bytes.subarray(start, end), end - start)) {
      this.filtered++;
      return;
    }
    tap.accepted++;
    if (this.writer.pendingBytes > (this.options.maxPendingBytes ?? MAX_PENDING)) {
      this.lost++;
      tap.lost++;
      return;
    }
    const snap = this.options.snapLength;
    const kept = snap && snap < end - start ? start + snap : end;
    this.packets++;
    this.reportedId = reason === 0 ? 0 : packetId;
    this.reportedReason = reason;
    const place = this.writer.addPacket(
      tap.index,
      this.clock.now,
      bytes,
      {
        originalLength: end - start,
        direction: direction === Direction.In ? PacketFlags.Inbound : PacketFlags.Outbound,
        crcError,
        packetId,
        comments,
      },
      start,
      kept,
    );
    this.places.set(packetId, place);
  }
}

const NO_COMMENTS: readonly string[] = [];

class InterfaceTap implements FrameTap {
  readonly index: number;
  seen = 0;
  accepted = 0;
  lost = 0;
  private readonly capture: Capture;
  private readonly linkType: number;
  private readonly withFcs: boolean;
  private readonly node: string;

  constructor(capture: Capture, index: number, linkType: number, withFcs: boolean, node: string) {
    this.capture = capture;
    this.index = index;
    this.linkType = linkType;
    this.withFcs = withFcs;
    this.node = node;
  }

  frame(packet: PacketBuffer, direction: Direction, reason: DropReason): void {
    this.seen++;
    const comments = reason === 0 ? NO_COMMENTS : [dropComment(this.node, reason)];
    const short = this.linkType === LinkType.Ethernet && packet.length < SHORTEST_FRAME;
    if (packet.checksum !== Checksum.Partial && !short && !this.withFcs) {
      this.capture.write(this, packet.bytes, packet.start, packet.end, direction, false, packet.id, reason, comments);
      return;
    }
    const copy = packet.copy();
    completeChecksum(copy);
    if (short) {
      const missing = SHORTEST_FRAME - copy.length;
      const at = copy.put(missing);
      copy.bytes.fill(0, at, at + missing);
    }
    let crcError = false;
    if (this.withFcs) {
      const right = crc32(copy.bytes, copy.start, copy.end);
      const sent = packet.fcs === FCS_IMPLIED ? right : packet.fcs >>> 0;
      crcError = sent !== right;
      // The CRC goes out with its highest power first, and bytes go out lowest bit first: little-endian in memory.
      const at = copy.put(FCS_LENGTH);
      copy.view.setUint32(at, sent, true);
    }
    this.capture.write(this, copy.bytes, copy.start, copy.end, direction, crcError, packet.id, reason, comments);
    copy.release();
  }
}

/** `dropped by r1: the time to live ran out (RFC 791 3.2)`, `dropped by r1's firewall, rule 3: deny udp`. */
export function dropComment(node: string, reason: DropReason, detail = ''): string {
  const filtered = reason === Drop.FIREWALL_DENIED || reason === Drop.FIREWALL_REJECTED;
  if (filtered && detail.startsWith(node)) return `dropped by ${detail}`;
  const { text, source } = dropReasons[reason]!;
  return `dropped by ${node}: ${text}${source ? ` (${source})` : ''}`;
}
