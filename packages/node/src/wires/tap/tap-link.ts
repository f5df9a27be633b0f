import { Drop } from '@netarium/stack/base/drop-reasons';
import type { LinkDevice } from '@netarium/stack/base/link';
import { Checksum, HEADROOM, type PacketBuffer } from '@netarium/stack/base/packet-buffer';
import { Direction } from '@netarium/stack/base/trace';
import { Nic } from '@netarium/stack/l2-link/nic';
import { cutFrame } from '../cut-frame.ts';
import { FrameQueue } from '../frame-queue.ts';
import { TransportHeaders } from '../transport-headers.ts';
import { Wire, type WireNetwork, type WireOptions } from '../wire.ts';
import { addressOf, errno, type Libc, libc, type Readiness, storageAddress, watch } from './libc.ts';
import { TunDevice, type TunOptions } from './tun-device.ts';
import {
  Gso,
  VNET_HEADER,
  VnetFlag,
  vnetChecksumOffset,
  vnetChecksumStart,
  vnetFlags,
  vnetGsoSize,
  vnetGsoType,
  writeVnet,
} from './virtio-net-header.ts';

export interface TapOptions extends WireOptions, Omit<TunOptions, 'queueFrames' | 'sendBufferBytes'> {
  /** Open the TAP again when it was removed and is there again; default true. */
  replug?: boolean;
}

const EINTR = 4;
const EIO = 5;
const EAGAIN = 11;
const ENOMEM = 12;
const EINVAL = 22;
const EMSGSIZE = 90;
const ENOBUFS = 105;

/** Room for one read: any frame with its header, in the pool's largest size class. */
const READ_CAPACITY = 66_048 - HEADROOM;
/** What is shorter is copied out into a packet of its size: 64 KiB of storage for an acknowledgement would be waste. */
const COPY_BELOW = 9728 - HEADROOM;
/** The largest IP payload of one IPv4 packet. */
const SUPER_SEGMENT = 65_535 - 20;

const CWR = 0x80;
const ETHERNET_HEADER = 14;

/**
 * A TAP: the kernel's end is an ordinary interface (`tap0`) that it sends and receives Ethernet frames by, ours is the
 * other end of that cable.
 *
 *     kernel: TCP/IP -- tap0 -- | queue of 5,000 | -- read, up to 64 a turn --> device
 *     kernel: TCP/IP <- tap0 <---------------------- one writev a frame ------- device
 *
 * With offload, both ways, TCP's segments cross as one of up to 64 KiB, and their checksums are not computed at all:
 * virtio's header says so (see `virtio-net-header.ts`). A batch of frames is one `scheduler.external`, and one
 * acknowledgement a connection.
 *
 * When the TAP is removed the link goes down, and comes up again when it is back.
 */
export class TapLink extends Wire {
  /** Bytes of a frame's beginning that the kernel's side has not: all of Ethernet's header on a TUN (`tun-link.ts`). */
  protected readonly bare: number;
  private readonly options: TapOptions;
  private readonly c: Libc;
  private tun: TunDevice | null = null;
  /** What is plugged in takes super-segments: an interface. Cables behind a switch carry what cables carry. */
  private wholeInwards = false;
  private readiness: Readiness | null = null;
  private replugTimer: NodeJS.Timeout | null = null;

  /** The header, and the two pieces that one `writev` gathers: `struct iovec` is address and length, 64 bits each. */
  private readonly header = new DataView(new ArrayBuffer(VNET_HEADER));
  private readonly pieces = new Uint32Array(new ArrayBuffer(32));
  private readonly piecesAddress: number;
  private readonly headers = new TransportHeaders();

  /** Frames that the kernel did not take yet. */
  private readonly queue = new FrameQueue();

  private readonly drainNow = (): void => this.drain();

  /** Opens the TAP; throws a TunError that says what is missing. */
  constructor(network: WireNetwork, options: TapOptions) {
    super(network, options.device, options);
    this.options = options;
    this.bare = options.mode === 'tun' ? ETHERNET_HEADER : 0;
    this.c = libc();
    setPiece(this.pieces, 0, addressOf(new Uint8Array(this.header.buffer)), VNET_HEADER);
    this.piecesAddress = addressOf(this.pieces);
    this.plug();
  }

  /** The interface as it was opened; null while it is not there. */
  get kernel(): TunDevice | null {
    return this.tun;
  }

  /** Opens the TAP again after it was removed, making it if need be. Throws a TunError. */
  plug(): void {
    if (this.tun !== null) return;
    this.stopReplug();
    const tun = TunDevice.open({
      ...this.options,
      queueFrames: this.limits.tapKernelQueueFrames,
      sendBufferBytes: this.limits.tapSendBufferBytes,
    });
    this.tun = tun;
    const ready = (): void => {
      if (this.tun === tun) this.ready();
    };
    const failed = (): void => {
      if (this.tun === tun) this.gone('removed');
    };
    this.readiness = watch(tun.fd, ready, failed);
    this.setOffload(this.device, true);
    this.setCarrier(true, `opened ${tun.name}`);
  }

  override attach(device: LinkDevice): void {
    super.attach(device);
    this.setOffload(device, this.tun !== null);
  }

  override detach(): void {
    this.setOffload(this.device, false);
    super.detach();
  }

  close(): void {
    this.stopReplug();
    this.unplug('closed');
  }

  protected override takesWhole(frame: PacketBuffer): boolean {
    const { tun, headers } = this;
    if (tun === null || !headers.find(frame)) return false;
    return headers.isTcp ? tun.offload.tcp : tun.offload.udp;
  }

  /** Completes a frame that came in: writes what the kernel's side has not. */
  protected dress(_frame: PacketBuffer): void {}

  protected send(frame: PacketBuffer): void {
    if (this.tun?.offload.checksum === false) frame = this.completed(frame);
    const { queue } = this;
    if (queue.length === 0 && this.write(frame)) return;
    if (queue.length >= this.limits.tapQueueFrames) {
      this.refuse(frame, Drop.LINK_QUEUE_FULL, Direction.Out);
      return;
    }
    queue.push(frame);
    if (queue.length === 1) this.readiness?.wantWritable(true);
  }

  /** Ends the frame and returns true, unless the kernel takes no more for now. */
  private write(frame: PacketBuffer): boolean {
    if (this.tun === null) {
      this.refuse(frame, Drop.LINK_DOWN, Direction.Out);
      return true;
    }
    const start = frame.start + this.bare;
    this.writeHeader(frame, start);
    setPiece(this.pieces, 4, storageAddress(frame.bytes) + start, frame.end - start);
    if (this.c.writev(this.tun.fd, this.piecesAddress, 2) >= 0) {
      this.sent(frame);
      frame.release();
      return true;
    }
    const error = errno();
    if (error === EAGAIN || error === EINTR) return false;
    if (error === EIO)
      this.refuse(frame, Drop.LINK_DOWN, Direction.Out); // the kernel's side is set down
    else if (error === ENOMEM || error === ENOBUFS) this.refuse(frame, Drop.LINK_QUEUE_FULL, Direction.Out);
    else if (error === EINVAL || error === EMSGSIZE) this.refuse(frame, Drop.FRAME_BAD_LENGTH, Direction.Out);
    else {
      this.refuse(frame, Drop.LINK_DOWN, Direction.Out);
      this.gone('removed');
    }
    return true;
  }

  /** What the packet knows of the frame beside its bytes, of which the first that is written is at `start`. */
  private writeHeader(frame: PacketBuffer, start: number): void {
    const partial = frame.checksum === Checksum.Partial;
    const flags = partial ? VnetFlag.NeedsChecksum : 0;
    const sumStart = partial ? frame.checksumStart - start : 0;
    const sumOffset = partial ? frame.checksumField - frame.checksumStart : 0;
    let type: number = Gso.None;
    let headerLength = 0;
    let size = 0;
    const { headers } = this;
    if (frame.segmentSize > 0 && headers.find(frame) && frame.end - headers.payload > frame.segmentSize) {
      size = frame.segmentSize;
      headerLength = headers.payload - start;
      type = !headers.isTcp ? Gso.UdpL4 : headers.version === 4 ? Gso.TcpV4 : Gso.TcpV6;
      if (headers.isTcp && (frame.view.getUint8(headers.l4 + 13) & CWR) !== 0) type |= Gso.Ecn;
    }
    writeVnet(this.header, 0, flags, type, headerLength, size, sumStart, sumOffset);
  }

  /** The kernel has frames for us, or room for ours. */
  private ready(): void {
    if (this.queue.length > 0) this.sendQueued();
    if (this.tun !== null) this.network.scheduler.external(this.drainNow);
  }

  private sendQueued(): void {
    const { queue } = this;
    for (let frame = queue.shift(); frame !== null; frame = queue.shift()) {
      if (this.write(frame)) continue;
      queue.unshift(frame);
      return;
    }
    this.readiness?.wantWritable(false);
  }

  /** Takes what the kernel has for us, one frame a read, as long as there is more, up to the limit of a batch. */
  private drain(): void {
    const { pool } = this.network;
    const { bare } = this;
    let spare = pool.acquire(READ_CAPACITY);
    let failure = 0;
    this.beginBatch();
    for (let left = this.limits.tapDrainFrames; left > 0 && this.tun !== null; left--) {
      const at = spare.start + bare - VNET_HEADER;
      const room = spare.bytes.length - at;
      const count = this.c.read(this.tun.fd, storageAddress(spare.bytes) + at, room);
      if (count < 0) {
        failure = errno();
        break;
      }
      if (count > room) {
        this.refused(Drop.LINK_TOO_LONG, `${count} bytes`);
      } else if (count <= VNET_HEADER) {
        this.refused(Drop.FRAME_TOO_SHORT, `${count} bytes with virtio's header`);
      } else if (pool.tight) {
        this.refused(Drop.POOL_EXHAUSTED, 'inwards');
      } else if (count - VNET_HEADER < COPY_BELOW) {
        const frame = pool.acquire(bare + count - VNET_HEADER);
        frame.append(spare.bytes, spare.start, at + count);
        this.take(frame, spare.view, at);
      } else {
        spare.end = at + count;
        const frame = spare;
        spare = pool.acquire(READ_CAPACITY);
        this.take(frame, frame.view, at);
      }
    }
    spare.release();
    this.endBatch();
    if (failure !== 0 && failure !== EAGAIN && failure !== EINTR) this.gone('removed');
  }

  /** A frame from the kernel, with what virtio's header at `at` says of it. */
  private take(frame: PacketBuffer, view: DataView, at: number): void {
    const flags = vnetFlags(view, at);
    if ((flags & VnetFlag.NeedsChecksum) !== 0) {
      frame.checksum = Checksum.Partial;
      frame.checksumStart = frame.start + this.bare + vnetChecksumStart(view, at);
      frame.checksumField = frame.checksumStart + vnetChecksumOffset(view, at);
      if (frame.checksumField + 2 > frame.end) {
        frame.checksum = Checksum.None;
        this.refuse(frame, Drop.FRAME_BAD_LENGTH, Direction.In);
        return;
      }
    } else if ((flags & VnetFlag.DataValid) !== 0) {
      frame.checksum = Checksum.Trusted;
    }
    const type = vnetGsoType(view, at);
    if (type !== Gso.None) frame.segmentSize = vnetGsoSize(view, at);
    if (this.bare > 0) this.dress(frame);
    if (type === Gso.UdpL4 || (type !== Gso.None && !this.wholeInwards)) this.deliverCut(frame);
    else this.deliver(frame);
  }

  /**
   * TCP takes a super-segment as the stretch of its stream that it is; datagrams are apart, whatever they came in, and so
   * is everything that goes on over a virtual cable (`docs/decisions/0002-offload-on-virtual-links.md`).
   */
  private deliverCut(frame: PacketBuffer): void {
    let datagram = cutFrame(frame, this.network.pool);
    if (datagram === null) {
      this.refuse(frame, Drop.FRAME_BAD_LENGTH, Direction.In);
      return;
    }
    frame.release();
    while (datagram !== null) {
      const next: PacketBuffer | null = datagram.next;
      datagram.next = null;
      this.deliver(datagram);
      datagram = next;
    }
  }

  /** The interface is not there any more. */
  private gone(why: string): void {
    const name = this.tun?.name ?? this.options.device;
    this.unplug(`${name} was ${why}`);
    if (this.options.replug === false) return;
    const { namespace } = this.options;
    this.replugTimer = setInterval(() => {
      try {
        if (TunDevice.exists(name, namespace)) this.plug();
      } catch {
        // Not yet, or not for us; the next look will tell.
      }
    }, this.limits.tapReplugMs);
  }

  private unplug(why: string): void {
    const { tun } = this;
    if (tun === null) return;
    this.readiness?.close();
    this.readiness = null;
    this.tun = null;
    tun.close();
    const { queue } = this;
    for (let frame = queue.shift(); frame !== null; frame = queue.shift()) {
      this.refuse(frame, Drop.LINK_DOWN, Direction.Out);
    }
    this.setCarrier(false, why);
  }

  private stopReplug(): void {
    if (this.replugTimer !== null) clearInterval(this.replugTimer);
    this.replugTimer = null;
  }

  /** An interface that is plugged in here leaves to the kernel what the kernel takes over: `ethtool -K`. */
  private setOffload(device: LinkDevice | null, on: boolean): void {
    this.wholeInwards = device instanceof Nic;
    if (!(device instanceof Nic)) return;
    const offload = on && this.tun !== null ? this.tun.offload : null;
    device.checksumOffload = offload?.checksum === true;
    device.trustChecksums = offload?.checksum === true;
    device.segmentOffload = offload?.tcp === true ? SUPER_SEGMENT : 0;
  }
}

/** `struct iovec` number `at / 4`: two numbers of 64 bits, little-endian. */
function setPiece(pieces: Uint32Array, at: number, address: number, length: number): void {
  pieces[at] = address >>> 0;
  pieces[at + 1] = Math.floor(address / 0x1_0000_0000);
  pieces[at + 2] = length;
  pieces[at + 3] = 0;
}
