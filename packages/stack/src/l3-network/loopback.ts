import type { Clock, Task } from '../base/clock.ts';
import { Drop } from '../base/drop-reasons.ts';
import { Errno } from '../base/errors.ts';
import type { BatchListener } from '../base/link.ts';
import { MacAddress } from '../base/mac-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { Direction, type FrameTap } from '../base/trace.ts';
import { ETHERNET_HEADER, EtherType, writeEthernet } from '../l2-link/ethernet.ts';
import type { IpLink, LinkHandler } from './ip-link.ts';
import { WaitQueue } from './wait-queue.ts';

/** As on Linux. An IPv4 packet ends at 65,535 bytes. */
const LOOPBACK_MTU = 65_536;
/**
 * One way takes a microsecond, as fast as a machine is with itself. With no time at all, two programs that answer
 * each other until a second has passed would never see it pass.
 */
const LOOPBACK_DELAY_NS = 1000;

/**
 * `lo`: what a host sends to itself (RFC 1122 3.2.1.3 (g)). Packets come back by the event queue, never inside the call
 * that sends them; however many are sent at a time, one event brings them all.
 */
export class Loopback implements IpLink, Task {
  readonly name = 'lo';
  readonly mac = MacAddress.ZERO;
  mtu = LOOPBACK_MTU;
  up = true;
  /** Nothing can happen to the bytes on the way: the receiver takes `Checksum.Partial` as right. */
  checksumOffload = true;
  segmentOffload = 0;
  /** ns */
  delayNs = LOOPBACK_DELAY_NS;
  /** Who is told of packets that come at one time. */
  batches: BatchListener | null = null;
  /** Who captures here; sees each packet once, behind an Ethernet header with zeros for addresses, as on Linux. */
  tap: FrameTap | null = null;
  private readonly node: NodeContext;
  private readonly clock: Clock;
  private ipv4: LinkHandler | null = null;
  private ipv6: LinkHandler | null = null;
  private readonly queue = new WaitQueue();
  private pending = false;

  constructor(node: NodeContext) {
    this.node = node;
    this.clock = node.clock;
  }

  register(etherType: number, handler: LinkHandler | null): void {
    if (etherType === EtherType.Ipv4) this.ipv4 = handler;
    else if (etherType === EtherType.Ipv6) this.ipv6 = handler;
  }

  output(packet: PacketBuffer): number {
    if (!this.up) {
      this.node.drop(packet, Drop.NIC_DOWN, this.name);
      return -Errno.ENETDOWN;
    }
    if (this.queue.length >= this.node.limits.loopbackQueuePackets || packet.pool.tight) {
      this.node.drop(packet, packet.pool.tight ? Drop.POOL_EXHAUSTED : Drop.LINK_QUEUE_FULL, this.name);
      return -Errno.ENOBUFS;
    }
    packet.l2 = packet.start;
    this.queue.push(packet);
    if (!this.pending) {
      this.pending = true;
      this.clock.at(this.clock.now + this.delayNs, this, 0);
    }
    return 0;
  }

  /** Brings all that was sent until now. What is sent meanwhile comes with the next event. */
  run(): void {
    this.pending = false;
    const { batches } = this;
    const several = this.queue.length > 1;
    if (batches !== null && several) batches.beginBatch();
    try {
      for (let left = this.queue.length; left > 0; left--) this.deliver(this.queue.shift()!);
    } finally {
      if (batches !== null && several) batches.endBatch();
    }
  }

  private deliver(packet: PacketBuffer): void {
    if (this.tap !== null) this.show(packet, this.tap);
    const version = packet.view.getUint8(packet.start) >> 4;
    const handler = version === 6 ? this.ipv6 : this.ipv4;
    if (handler === null) this.node.drop(packet, Drop.FRAME_UNKNOWN_TYPE, this.name);
    else handler.etherInput(packet, this, 0);
  }

  private show(packet: PacketBuffer, tap: FrameTap): void {
    const type = packet.view.getUint8(packet.start) >> 4 === 6 ? EtherType.Ipv6 : EtherType.Ipv4;
    writeEthernet(packet.view, packet.push(ETHERNET_HEADER), this.mac, this.mac, type);
    tap.frame(packet, Direction.In, 0);
    packet.pull(ETHERNET_HEADER);
  }
}
