import { readFile, stat } from 'node:fs/promises';
import type { Task } from '@netarium/stack/base/clock';
import { Drop } from '@netarium/stack/base/drop-reasons';
import type { LinkDevice } from '@netarium/stack/base/link';
import type { PacketBuffer } from '@netarium/stack/base/packet-buffer';
import type { Direction } from '@netarium/stack/base/trace';
import type { CapturedPacket, CaptureFile } from '@netarium/stack/inspect/capture-file';
import { readCapture } from '@netarium/stack/inspect/capture-reader';
import { WIRE_LIMITS } from './limits.ts';
import { Wire, type WireNetwork, type WireOptions } from './wire.ts';

export interface ReplayOptions extends WireOptions {
  /** Only the packets of this interface of the file, from 0; default all. */
  interface?: number;
  /** Only the packets that went this way on the captured interface, where the file says so. */
  direction?: Direction;
  /** 2: twice as fast as recorded; default 1. */
  speed?: number;
  /** Network time of the first packet after the device is plugged in, ns; default 0: at once. */
  delayNs?: number;
}

/** DLT_EN10MB. */
const ETHERNET = 1;
const FCS = 4;

/**
 * Replays the frames of a capture file (pcap or pcapng) into the device that is plugged in, at the recorded distances of
 * network time: in virtual time an hour's capture takes as long as its packets cost. What the device sends is taken and
 * forgotten.
 *
 * Packets that are no Ethernet frames, or were cut by the capture's snap length, are dropped and counted.
 */
export class PcapReplayLink extends Wire implements Task {
  /** What the file says beside its packets; `problems` tells where it made no sense. */
  readonly file: CaptureFile;
  /** Called when the last packet was delivered. */
  onEnd: (() => void) | null = null;
  private readonly packets: readonly CapturedPacket[];
  private readonly speed: number;
  private readonly delayNs: number;
  private next = 0;
  private began = 0;
  private pending = 0;

  constructor(network: WireNetwork, bytes: Uint8Array, options: ReplayOptions = {}) {
    super(network, 'replay', options);
    const { speed = 1, delayNs = 0 } = options;
    if (!(speed > 0)) throw new TypeError(`speed is ${speed}`);
    this.file = readCapture(bytes);
    this.packets = this.file.packets.filter(
      (packet) =>
        (options.interface === undefined || packet.interfaceIndex === options.interface) &&
        (options.direction === undefined || packet.direction === null || packet.direction === options.direction),
    );
    this.speed = speed;
    this.delayNs = delayNs;
    this.setCarrier(true, 'opened');
  }

  /** Reads the file whole. Rejects with Node's error, or when it is larger than `limits.replayFileBytes`. */
  static async open(network: WireNetwork, path: string, options: ReplayOptions = {}): Promise<PcapReplayLink> {
    const most = options.limits?.replayFileBytes ?? WIRE_LIMITS.replayFileBytes;
    const { size } = await stat(path);
    if (size > most) throw new RangeError(`${path} has ${size} bytes; a capture of up to ${most} can be replayed`);
    return new PcapReplayLink(network, await readFile(path), { name: `replay ${path}`, ...options });
  }

  /** Packets that are still to come. */
  get left(): number {
    return this.packets.length - this.next;
  }

  override attach(device: LinkDevice): void {
    super.attach(device);
    this.began = this.network.queue.now + this.delayNs;
    this.network.scheduler.external(() => this.plan());
  }

  override detach(): void {
    this.network.queue.cancel(this.pending);
    this.pending = 0;
    super.detach();
  }

  close(): void {
    this.network.queue.cancel(this.pending);
    this.pending = 0;
    this.setCarrier(false, 'closed');
  }

  /** The next packet's time has come. */
  run(): void {
    this.pending = 0;
    const packet = this.packets[this.next++]!;
    this.replay(packet);
    this.plan();
  }

  protected send(frame: PacketBuffer): void {
    this.sent(frame);
    frame.release();
  }

  protected override takesWhole(): boolean {
    return true;
  }

  private plan(): void {
    if (!this.up) return;
    const packet = this.packets[this.next];
    if (packet === undefined) {
      this.onEnd?.();
      return;
    }
    const offset = packet.timeNs - this.packets[0]!.timeNs;
    this.pending = this.network.queue.at(this.began + Math.round(offset / this.speed), this, 0);
  }

  private replay(packet: CapturedPacket): void {
    const { bytes, linkType, originalLength } = packet;
    const { pool } = this.network;
    if (linkType !== ETHERNET) {
      this.refused(Drop.FRAME_UNKNOWN_TYPE, `packet ${packet.number} has link type ${linkType}`);
      return;
    }
    if (bytes.length < originalLength) {
      this.refused(
        Drop.FRAME_TOO_SHORT,
        `packet ${packet.number} was cut to ${bytes.length} of ${originalLength} bytes`,
      );
      return;
    }
    if (pool.tight) {
      this.refused(Drop.POOL_EXHAUSTED, 'inwards');
      return;
    }
    const withFcs = this.file.interfaces[packet.interfaceIndex]?.fcsLength === FCS && bytes.length > FCS;
    const length = withFcs ? bytes.length - FCS : bytes.length;
    const frame = pool.acquire(length);
    frame.append(bytes, 0, length);
    if (withFcs) frame.fcs = new DataView(bytes.buffer, bytes.byteOffset).getUint32(length, true);
    this.deliver(frame);
  }
}
