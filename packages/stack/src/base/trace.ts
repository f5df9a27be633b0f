import type { DropReason } from './drop-reasons.ts';
import type { PacketBuffer } from './packet-buffer.ts';

/**
 * What happened to a packet, or to a connection, at one place: the events that tools, tests and the lab all read.
 *
 * A trace point is `if (node.trace !== null) node.trace.event(...)`: one test of a field when nobody watches.
 */
export const What = {
  /** A layer made the packet, or put its header on: layer 4 a segment, 3 a packet, 2 a frame, 1 bits. */
  Send: 'send',
  /** A layer took it off the layer below. */
  Receive: 'receive',
  /** A device passed it on: a router by its route (layer 3), a switch by its table (2), a hub to all ports (1). */
  Forward: 'forward',
  /** It reached the one it was for, who now holds the data. */
  Deliver: 'deliver',
  /** It went no further; `reason` says why. */
  Drop: 'drop',
  /** TCP sends something again; `detail` says why. */
  Retransmit: 'retransmit',
  /** A state changed (TCP's state machine, a link, a neighbour); `detail` is `FROM -> TO` and why. */
  State: 'state',
  /** Something waits, and for what: "for ARP of 10.0.1.1". */
  Wait: 'wait',
  /** A program's call, seen at the socket: `connect`, `send 1024 bytes`. */
  Call: 'call',
  /** A decision worth telling: the congestion window, a route chosen. */
  Decide: 'decide',
} as const;
export type What = (typeof What)[keyof typeof What];

/**
 * Who watches. `packet` is valid during the call only (copy what is to be kept) and is null for events without one;
 * its `start` stands at the header of the layer that reports. `detail` is a short clause for people.
 */
export interface TraceSink {
  event(
    node: string,
    layer: number,
    what: What,
    packet: PacketBuffer | null,
    reason: DropReason,
    detail: string,
    source: string,
  ): void;
}

/** Which way a frame passes an observer. */
export const Direction = { In: 0, Out: 1 } as const;
export type Direction = (typeof Direction)[keyof typeof Direction];

/**
 * An observer of frames on an interface or link end (a capture, a fingerprint). The packet's `start` stands at the
 * first byte of the frame; it is valid during the call only. `reason` is 0, or why the frame goes no further.
 */
export interface FrameTap {
  frame(packet: PacketBuffer, direction: Direction, reason: DropReason): void;
}
