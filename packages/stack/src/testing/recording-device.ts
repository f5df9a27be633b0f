import type { Clock } from '../base/clock.ts';
import type { BatchListener, LinkDevice, LinkEnd } from '../base/link.ts';
import type { PacketBuffer, PacketPool } from '../base/packet-buffer.ts';

/** A frame that arrived. */
export interface Arrival {
  timeNs: number;
  bytes: Uint8Array;
  fcs: number;
  checksum: number;
  id: number;
}

/** A device at the end of a link that writes down what it gets, and can be told to do more. */
export class RecordingDevice implements LinkDevice {
  readonly arrivals: Arrival[] = [];
  /** What it was told of the link, in order. */
  readonly changes: boolean[] = [];
  /** Called at each arrival, when set. */
  react: ((frame: PacketBuffer) => void) | null = null;
  batches: BatchListener | null = null;
  coalesceNs = 0;
  link: LinkEnd | null = null;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  plugInto(link: LinkEnd): this {
    this.link = link;
    link.attach(this);
    return this;
  }

  linkInput(frame: PacketBuffer): void {
    const { fcs, checksum, id } = frame;
    this.arrivals.push({ timeNs: this.clock.now, bytes: frame.slice().slice(), fcs, checksum, id });
    this.react?.(frame);
    frame.release();
  }

  linkChanged(up: boolean): void {
    this.changes.push(up);
  }

  /** When frames arrived, ns. */
  get times(): number[] {
    return this.arrivals.map((arrival) => arrival.timeNs);
  }

  /** The first byte of each frame: tests number their frames with it. */
  get numbers(): number[] {
    return this.arrivals.map((arrival) => arrival.bytes[0]);
  }
}

/** A frame of `length` bytes whose first byte is `number`, and the rest a pattern. */
export function numberedFrame(pool: PacketPool, number: number, length = 60): PacketBuffer {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 7 + number;
  if (length > 0) bytes[0] = number;
  return pool.from(bytes);
}
