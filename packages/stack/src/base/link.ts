import type { PacketBuffer } from './packet-buffer.ts';

/**
 * The seam between a device (NIC, switch port, hub port) and whatever carries its bits: a cable, a TAP, a tunnel.
 *
 * Frames cross it as PacketBuffers whose `start` stands at the destination MAC address, without preamble and without
 * the frame check sequence: that is `packet.fcs`, implied while nothing has touched the bits.
 */
export interface LinkEnd {
  /** False while unplugged or cut: frames are dropped with LINK_DOWN. */
  readonly up: boolean;
  /** Bits per second of the line from here; Infinity when unlimited. */
  readonly rateBps: number;
  /** Takes over the frame: it will be delivered to the other end's device, or dropped with a reason. Never throws. */
  transmit(frame: PacketBuffer): void;
  /** Tells who is plugged in here. */
  attach(device: LinkDevice): void;
  detach(): void;
}

/**
 * Who is told that several frames or packets come at one time, before the first and after the last: what they make
 * possible (acknowledgements, wake-ups) is then done once. A frame that comes alone is not announced.
 */
export interface BatchListener {
  beginBatch(): void;
  endBatch(): void;
}

export interface LinkDevice {
  /** Who wants to know of frames that arrive at one time; null or left out: nobody. */
  readonly batches?: BatchListener | null;
  /**
   * How long a frame may lie in the device, ns, before it is taken in together with those that came after it: a network
   * card's interrupt coalescing (`ethtool -C rx-usecs`). Left out: not at all.
   */
  readonly coalesceNs?: number;
  /** A frame came in; the device owns it. Called from the event queue, never from inside `transmit`. */
  linkInput(frame: PacketBuffer): void;
  /** The link came up or went down. */
  linkChanged(up: boolean): void;
}
