import { Drop, type DropReason } from '../base/drop-reasons.ts';
import { Errno } from '../base/errors.ts';
import type { BatchListener, LinkDevice, LinkEnd } from '../base/link.ts';
import type { MacAddress } from '../base/mac-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import { completeChecksum } from '../base/offload.ts';
import { Checksum, FCS_IMPLIED, type PacketBuffer } from '../base/packet-buffer.ts';
import { withoutTap, withTap } from '../base/tap-list.ts';
import { Direction, type FrameTap, What } from '../base/trace.ts';
import {
  describeEthernet,
  ETHERNET_HEADER,
  EtherType,
  FrameError,
  frameType,
  MIN_FRAME,
  payloadEnd,
  payloadStart,
  writeEthernet,
} from './ethernet.ts';
import { frameCheckHolds } from './frame-check.ts';

/** Who takes the frames of one EtherType: the way up. */
export interface EtherHandler {
  /**
   * A frame for this station, which the handler owns from now on: `packet.start` at the payload, `packet.l2` at the
   * frame's header. `packet.end` is behind the frame's padding unless a length field told better. `cast` is how it was
   * addressed: 0 to us, 1 broadcast, 2 multicast.
   */
  etherInput(packet: PacketBuffer, nic: Nic, cast: 0 | 1 | 2): void;
}

/** Who wants to know when the interface or its link comes up or goes down. */
export interface NicListener {
  nicChanged(nic: Nic): void;
}

/**
 * A network interface: puts an Ethernet header on what goes out, and takes it off what comes in for this station.
 *
 *     output(packet) -> header, padding -> link.transmit        linkInput -> FCS, address, type -> etherInput
 */
export class Nic implements LinkDevice {
  readonly node: NodeContext;
  /** `eth0`. */
  readonly name: string;
  readonly mac: MacAddress;
  /** Largest payload of a frame, bytes. */
  mtu: number;
  link: LinkEnd | null = null;
  /** Who is told of frames that come at one time: the transport above, which acknowledges them together. */
  batches: BatchListener | null = null;
  /**
   * How long a frame may wait here for others, ns, so that several are taken in at one time: `ethtool -C rx-usecs`,
   * which real cards have at some tens of microseconds. It costs latency and saves work.
   */
  coalesceNs = 0;
  /** Frames for other stations are shown to the tap, too. */
  promiscuous = false;
  /** Sees what comes in (after the FCS was checked and the address was found ours) and what goes out. */
  tap: FrameTap | null = null;
  /**
   * Packets with `Checksum.Partial` leave as they are: whoever looks at the bytes completes them. Without it they are
   * completed here.
   */
  checksumOffload = false;
  /** Largest super-segment, in bytes of IP payload, that the link takes uncut; 0: none. For links that cut themselves. */
  segmentOffload = 0;
  /** Transport checksums that are known to be right are not summed again by who receives them here. */
  trustChecksums = false;

  /** As `ip -s link` counts them; bytes without FCS. Errors are frames that were damaged, dropped ones were whole. */
  rxPackets = 0;
  rxBytes = 0;
  rxErrors = 0;
  rxDropped = 0;
  rxMulticast = 0;
  txPackets = 0;
  txBytes = 0;
  txErrors = 0;
  txDropped = 0;

  private administrativelyUp = true;
  private readonly macHi: number;
  private readonly macLo: number;
  private ipv4: EtherHandler | null = null;
  private arp: EtherHandler | null = null;
  private ipv6: EtherHandler | null = null;
  private readonly others = new Map<number, EtherHandler>();
  private readonly listeners: NicListener[] = [];

  constructor(node: NodeContext, name: string, mac: MacAddress, mtu = 1500) {
    this.node = node;
    this.name = name;
    this.mac = mac;
    this.macHi = mac.hi;
    this.macLo = mac.lo;
    this.mtu = mtu;
  }

  /** As with `ip link set up`: what the administrator wants, whatever the link's state. */
  get up(): boolean {
    return this.administrativelyUp;
  }

  /** Up, and with a link that is: frames pass. */
  get running(): boolean {
    return this.administrativelyUp && (this.link?.up ?? false);
  }

  setUp(up: boolean): void {
    if (up === this.administrativelyUp) return;
    this.administrativelyUp = up;
    this.changed(up ? 'down -> up' : 'up -> down');
  }

  connect(link: LinkEnd): void {
    this.link = link;
    link.attach(this);
  }

  disconnect(): void {
    this.link?.detach();
    this.link = null;
    this.changed('no carrier: unplugged');
  }

  /** Hands frames of this EtherType to `handler`; null: to nobody any more. */
  register(etherType: number, handler: EtherHandler | null): void {
    if (etherType === EtherType.Ipv4) this.ipv4 = handler;
    else if (etherType === EtherType.Arp) this.arp = handler;
    else if (etherType === EtherType.Ipv6) this.ipv6 = handler;
    else if (handler === null) this.others.delete(etherType);
    else this.others.set(etherType, handler);
  }

  onLinkChange(listener: NicListener): void {
    this.listeners.push(listener);
  }

  addTap(tap: FrameTap): void {
    this.tap = withTap(this.tap, tap);
  }

  removeTap(tap: FrameTap): void {
    this.tap = withoutTap(this.tap, tap);
  }

  /**
   * Sends the packet, whose `start` stands at the payload, as one Ethernet II frame; takes it over. Room in front of
   * and behind the payload is written to, the payload is not, except for a partial checksum.
   *
   * Returns 0, or -ENETDOWN (the interface is down), -EMSGSIZE (longer than the MTU): the packet is then dropped. A
   * frame that finds no link is lost without an error, as from a real interface without carrier.
   */
  output(packet: PacketBuffer, destination: MacAddress, etherType: number): number {
    if (!this.administrativelyUp) return this.refuse(packet, Drop.NIC_DOWN, Errno.ENETDOWN);
    if (packet.end - packet.start > this.mtu && !this.takesWhole(packet)) {
      return this.refuse(packet, Drop.FRAME_TOO_LONG, Errno.EMSGSIZE);
    }
    if (packet.checksum === Checksum.Partial && !this.checksumOffload) completeChecksum(packet);
    const start = packet.push(ETHERNET_HEADER);
    packet.l2 = start;
    packet.fcs = FCS_IMPLIED;
    writeEthernet(packet.view, start, destination, this.mac, etherType);
    const length = packet.end - start;
    return this.send(length < MIN_FRAME ? pad(packet, MIN_FRAME - length) : packet);
  }

  /**
   * Sends a frame that somebody else has made, header and all (a packet socket, a bridge); takes it over. Results as
   * for `output`.
   */
  outputFrame(frame: PacketBuffer): number {
    if (!this.administrativelyUp) return this.refuse(frame, Drop.NIC_DOWN, Errno.ENETDOWN);
    if (frame.end - frame.start > this.mtu + ETHERNET_HEADER) {
      return this.refuse(frame, Drop.FRAME_TOO_LONG, Errno.EMSGSIZE);
    }
    frame.l2 = frame.start;
    frame.fcs = FCS_IMPLIED;
    const length = frame.end - frame.start;
    return this.send(length < MIN_FRAME ? pad(frame, MIN_FRAME - length) : frame);
  }

  linkInput(frame: PacketBuffer): void {
    const { view, start } = frame;
    if (!this.administrativelyUp) {
      this.rxDropped++;
      this.node.drop(frame, Drop.NIC_DOWN);
      return;
    }
    if (frame.end - start < ETHERNET_HEADER) {
      this.rxErrors++;
      this.node.drop(frame, Drop.FRAME_TOO_SHORT);
      return;
    }
    if (frame.fcs !== FCS_IMPLIED && !frameCheckHolds(frame)) {
      this.rxErrors++;
      this.node.drop(frame, Drop.FRAME_BAD_FCS);
      return;
    }
    const hi = view.getUint16(start);
    const lo = view.getUint32(start + 2);
    let cast: 0 | 1 | 2 = 0;
    if (lo !== this.macLo || hi !== this.macHi) {
      if ((hi & 0x0100) === 0) {
        this.ignore(frame, Drop.FRAME_NOT_FOR_US, this.promiscuous);
        return;
      }
      cast = lo === 0xffffffff && hi === 0xffff ? 1 : 2;
    }
    if (view.getUint32(start + 8) === this.macLo && view.getUint16(start + 6) === this.macHi) {
      this.ignore(frame, Drop.LOOPED_FRAME, true);
      return;
    }
    this.rxPackets++;
    this.rxBytes += frame.end - start;
    if (cast === 2) this.rxMulticast++;
    frame.l2 = start;
    if (this.tap !== null) this.tap.frame(frame, Direction.In, 0);
    if (this.node.trace !== null) this.report(What.Receive, frame);
    if (!this.trustChecksums && frame.checksum !== Checksum.Partial) frame.checksum = Checksum.None;
    this.dispatch(frame, cast);
  }

  linkChanged(up: boolean): void {
    this.changed(up ? 'no carrier -> carrier' : 'carrier -> no carrier');
  }

  /** By EtherType, to who is registered for it. */
  private dispatch(frame: PacketBuffer, cast: 0 | 1 | 2): void {
    const { view, start } = frame;
    const type = frameType(view, start, frame.end);
    const handler =
      type === EtherType.Ipv4
        ? this.ipv4
        : type === EtherType.Arp
          ? this.arp
          : type === EtherType.Ipv6
            ? this.ipv6
            : (this.others.get(type) ?? null);
    if (handler === null) {
      this.rxDropped++;
      this.node.drop(frame, type === FrameError.BadLength ? Drop.FRAME_BAD_LENGTH : Drop.FRAME_UNKNOWN_TYPE);
      return;
    }
    frame.end = payloadEnd(view, start, frame.end);
    frame.start = payloadStart(view, start);
    handler.etherInput(frame, this, cast);
  }

  private send(frame: PacketBuffer): number {
    const { link } = this;
    if (this.tap !== null) this.tap.frame(frame, Direction.Out, 0);
    if (this.node.trace !== null) this.report(What.Send, frame);
    if (link === null) {
      this.txErrors++;
      this.node.drop(frame, Drop.LINK_DOWN, `${this.name}: no cable`);
      return 0;
    }
    this.txPackets++;
    this.txBytes += frame.end - frame.start;
    link.transmit(frame);
    return 0;
  }

  private takesWhole(packet: PacketBuffer): boolean {
    return packet.segmentSize > 0 && this.segmentOffload > 0;
  }

  private refuse(packet: PacketBuffer, reason: DropReason, errno: number): number {
    this.txDropped++;
    this.node.drop(packet, reason, this.name);
    return -errno;
  }

  /** Ends a whole frame that is none of ours. */
  private ignore(frame: PacketBuffer, reason: DropReason, tapped: boolean): void {
    if (tapped && this.tap !== null) this.tap.frame(frame, Direction.In, reason);
    this.rxDropped++;
    this.node.drop(frame, reason, this.name);
  }

  private report(what: What, frame: PacketBuffer): void {
    const detail = `${this.name}: ${describeEthernet(frame.view, frame.start, frame.end)}`;
    this.node.trace?.event(this.node.name, 2, what, frame, 0, detail, 'RFC 894');
  }

  private changed(detail: string): void {
    if (this.node.trace !== null) {
      this.node.trace.event(this.node.name, 2, What.State, null, 0, `${this.name}: ${detail}`, '');
    }
    for (const listener of this.listeners) listener.nicChanged(this);
  }
}

/** Appends zeros: what was in the buffer before must not leak onto the wire (RFC 1042; CVE-2003-0001). */
function pad(frame: PacketBuffer, count: number): PacketBuffer {
  if (frame.tailroom < count) frame = frame.writable();
  const from = frame.put(count);
  frame.bytes.fill(0, from, from + count);
  return frame;
}
