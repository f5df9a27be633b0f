import type { Clock } from '@netarium/stack/base/clock';
import { crc32 } from '@netarium/stack/base/crc32';
import { Drop, type DropReason, dropReasons } from '@netarium/stack/base/drop-reasons';
import { assert } from '@netarium/stack/base/errors';
import type { LinkDevice, LinkEnd } from '@netarium/stack/base/link';
import { completeChecksum } from '@netarium/stack/base/offload';
import { Checksum, FCS_IMPLIED, type PacketBuffer, type PacketPool } from '@netarium/stack/base/packet-buffer';
import { Direction, type FrameTap, type TraceSink, What } from '@netarium/stack/base/trace';
import { Host } from '@netarium/stack/host/host';
import { Nic } from '@netarium/stack/l2-link/nic';
import { cutFrame } from './cut-frame.ts';
import { WIRE_LIMITS, type WireLimits } from './limits.ts';

/** What a wire needs of the network that it leads into; a `Network` has all of it. */
export interface WireNetwork {
  readonly queue: Clock;
  readonly pool: PacketPool;
  readonly scheduler: {
    /** Runs `deliver` at the network's present time. */
    external(deliver: () => void): void;
  };
}

export interface WireOptions {
  /** In traces and messages; each kind of wire has a default. */
  name?: string;
  /** Limits other than the defaults. */
  limits?: Partial<WireLimits>;
}

/** What happened to a wire, for people: it came up, it went down and why. */
export interface WireEvent {
  readonly wire: Wire;
  readonly up: boolean;
  /** A clause: `the TAP was removed`. */
  readonly why: string;
}

/** The shortest frame that means anything: Ethernet's header. */
const ETHERNET_HEADER = 14;

/**
 * The end of a link whose other end is outside of the network: the kernel, a socket, another thread.
 *
 *     device  --transmit-->  Wire  --send (each kind its own)-->  outside
 *     device  <--linkInput-- Wire  <--deliver, in batches-------  outside
 *
 * A wire is up while it is plugged in on both sides. Whatever comes from outside ends in the device or as a counted
 * drop; nothing here throws because of it. Frames are as `LinkEnd` says: without preamble and frame check sequence.
 */
export abstract class Wire implements LinkEnd {
  readonly name: string;
  readonly rateBps: number = Infinity;
  readonly limits: WireLimits;
  device: LinkDevice | null = null;
  /** Sees each frame, in both directions, with the reason if it goes no further. */
  tap: FrameTap | null = null;
  /** Who watches; reported as layer 1 of a node with the wire's name. */
  trace: TraceSink | null = null;
  /** Told when the wire comes up or goes down. */
  onChange: ((event: WireEvent) => void) | null = null;

  /** Frames and bytes (without FCS) that went outside, and that came in to the device. */
  sentFrames = 0;
  sentBytes = 0;
  deliveredFrames = 0;
  deliveredBytes = 0;
  /** Frames that this wire dropped, by reason, in both directions. */
  readonly drops: Float64Array = new Float64Array(dropReasons.length);

  protected readonly network: WireNetwork;
  /** The outside is there. */
  private carrier = false;
  /** The TCP whose acknowledgements go out once a batch: that of the host that is plugged in. */
  private batched: { beginBatch(): void; endBatch(): void } | null = null;

  constructor(network: WireNetwork, name: string, options: WireOptions) {
    this.network = network;
    this.name = options.name ?? name;
    this.limits = { ...WIRE_LIMITS, ...options.limits };
  }

  get up(): boolean {
    return this.carrier && this.device !== null;
  }

  attach(device: LinkDevice): void {
    assert(this.device === null, `something is plugged in already at ${this.name}`);
    this.device = device;
    this.batched = device instanceof Nic ? (Host.of(device.node)?.tcp ?? null) : null;
    if (this.carrier) device.linkChanged(true);
  }

  detach(): void {
    const { device } = this;
    this.device = null;
    this.batched = null;
    if (this.carrier) device?.linkChanged(false);
  }

  transmit(frame: PacketBuffer): void {
    const length = frame.end - frame.start;
    if (!this.carrier) {
      this.refuse(frame, Drop.LINK_DOWN, Direction.Out);
    } else if (length < ETHERNET_HEADER) {
      this.refuse(frame, Drop.FRAME_TOO_SHORT, Direction.Out);
    } else if (length > this.limits.frameBytes) {
      this.refuse(frame, Drop.LINK_TOO_LONG, Direction.Out);
    } else if (frame.fcs !== FCS_IMPLIED && frame.fcs !== crc32(frame.bytes, frame.start, frame.end)) {
      // Outside nobody would see that the bits were flipped: no check sequence goes with the frame.
      this.refuse(frame, Drop.FRAME_BAD_FCS, Direction.Out);
    } else if (frame.segmentSize > 0 && !this.takesWhole(frame)) {
      this.sendCut(frame);
    } else {
      this.send(frame);
    }
  }

  /** Unplugs the outside, for good unless the kind of wire says otherwise. */
  abstract close(): void;

  /** Takes over a frame and sends it outside: ends in `sent` and a release, or in `refuse`. */
  protected abstract send(frame: PacketBuffer): void;

  /** Whether the outside cuts this super-segment by itself. */
  protected takesWhole(_frame: PacketBuffer): boolean {
    return false;
  }

  /** Counts and shows a frame that went outside; the caller still has it to release. */
  protected sent(frame: PacketBuffer): void {
    this.sentFrames++;
    this.sentBytes += frame.end - frame.start;
    if (this.tap !== null) this.tap.frame(frame, Direction.Out, 0);
    if (this.trace !== null) this.report(What.Send, frame, 0, '');
  }

  /** The frame as the bytes of a cable: checksums complete. For wires that carry nothing but bytes. */
  protected completed(frame: PacketBuffer): PacketBuffer {
    if (frame.checksum !== Checksum.Partial) return frame;
    const own = frame.writable();
    completeChecksum(own);
    return own;
  }

  /** The outside came, or went away. */
  protected setCarrier(carrier: boolean, why: string): void {
    if (carrier === this.carrier) return;
    this.carrier = carrier;
    const detail = carrier ? `down -> up: ${why}` : `up -> down: ${why}`;
    this.trace?.event(this.name, 1, What.State, null, 0, detail, '');
    const { device } = this;
    if (device !== null) this.network.scheduler.external(() => device.linkChanged(carrier));
    this.onChange?.({ wire: this, up: carrier, why });
  }

  /** Several calls of `deliver` as one batch: inside of `scheduler.external`. */
  protected beginBatch(): void {
    if (this.batched !== null) this.batched.beginBatch();
  }

  protected endBatch(): void {
    if (this.batched !== null) this.batched.endBatch();
  }

  /** A frame from outside goes to the device. Inside of `scheduler.external`. */
  protected deliver(frame: PacketBuffer): void {
    const length = frame.end - frame.start;
    if (this.device === null) {
      this.refuse(frame, Drop.LINK_DOWN, Direction.In);
    } else if (length < ETHERNET_HEADER) {
      this.refuse(frame, Drop.FRAME_TOO_SHORT, Direction.In);
    } else if (length > this.limits.frameBytes) {
      this.refuse(frame, Drop.LINK_TOO_LONG, Direction.In);
    } else {
      this.deliveredFrames++;
      this.deliveredBytes += length;
      frame.l2 = frame.start;
      if (this.tap !== null) this.tap.frame(frame, Direction.In, 0);
      if (this.trace !== null) this.report(What.Receive, frame, 0, '');
      this.device.linkInput(frame);
    }
  }

  /** Ends a frame that goes no further. */
  protected refuse(frame: PacketBuffer, reason: DropReason, direction: Direction): void {
    this.drops[reason]!++;
    if (this.tap !== null) this.tap.frame(frame, direction, reason);
    if (this.trace !== null) this.report(What.Drop, frame, reason, direction === Direction.In ? 'inwards' : 'outwards');
    frame.release();
  }

  /** Counts something from outside that never became a frame. */
  protected refused(reason: DropReason, detail: string): void {
    this.drops[reason]!++;
    this.trace?.event(this.name, 1, What.Drop, null, reason, detail, dropReasons[reason]!.source);
  }

  private sendCut(frame: PacketBuffer): void {
    let piece = cutFrame(frame, this.network.pool);
    if (piece === null) {
      this.refuse(frame, Drop.LINK_TOO_LONG, Direction.Out);
      return;
    }
    frame.release();
    while (piece !== null) {
      const next: PacketBuffer | null = piece.next;
      piece.next = null;
      this.send(piece);
      piece = next;
    }
  }

  private report(what: What, frame: PacketBuffer, reason: DropReason, detail: string): void {
    this.trace?.event(this.name, 1, what, frame, reason, detail, dropReasons[reason]!.source);
  }
}
