/**
 * Every limit of the real wires, in one place, each with its unit and its reason. A wire takes others in its options;
 * tests lower single values to stand at a limit and one past it.
 */
export interface WireLimits {
  /** Bytes of the longest frame: the largest IP packet, an Ethernet header, a VLAN tag. */
  readonly frameBytes: number;
  /** Frames that wait to be delivered inwards: those of one turn of Node's event loop. Past it they are dropped. */
  readonly inboxFrames: number;
  /** Bytes that may wait in a socket towards the outside. Past it frames are dropped: what a full queue does. */
  readonly outboxBytes: number;
  /** Frames that wait for a TAP whose kernel side takes no more: as long as the kernel's own queue, below. */
  readonly tapQueueFrames: number;
  /**
   * The kernel's queue towards us, frames (`txqueuelen`). Its default of 500 overflows while we compute, and TCP
   * collapses under windows of some MiB.
   */
  readonly tapKernelQueueFrames: number;
  /**
   * Bytes that we may have in the kernel and not yet consumed (TUNSETSNDBUF); past it `write` says EAGAIN. What is sent
   * ends in sockets, which have limits of their own, before `write` returns; so this is Linux's default, none: to charge
   * each frame to an account, and to allocate it so that it can be charged, costs a third of the throughput.
   */
  readonly tapSendBufferBytes: number;
  /** Frames taken from a TAP before others get a turn: the batch of one acknowledgement. */
  readonly tapDrainFrames: number;
  /** How often to look whether a TAP that was removed is there again, ms. */
  readonly tapReplugMs: number;
  /** Connections that a listening wire accepts at once: a link has two ends. */
  readonly streamPeers: number;
  /** Frames on their way to another thread that it has not taken yet. */
  readonly portFramesInFlight: number;
  /** Bytes of a capture file that is replayed: it is held in memory. */
  readonly replayFileBytes: number;
}

export const WIRE_LIMITS: WireLimits = {
  frameBytes: 65_535 + 18,
  inboxFrames: 4096,
  outboxBytes: 4 << 20,
  tapQueueFrames: 5000,
  tapKernelQueueFrames: 5000,
  tapSendBufferBytes: 0x7fffffff,
  tapDrainFrames: 64,
  tapReplugMs: 500,
  streamPeers: 1,
  portFramesInFlight: 1024,
  replayFileBytes: 1 << 30,
};
