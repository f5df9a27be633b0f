import type { Clock } from '../base/clock.ts';
import type { DropReason } from '../base/drop-reasons.ts';
import { LIMITS } from '../base/limits.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import type { TraceSink, What } from '../base/trace.ts';
import { buildJourney } from './journey-build.ts';
import type { JourneyEvent, JourneyStep } from './journey-step.ts';

export interface JourneyRecorderOptions {
  /** Most events kept; then the oldest go. Default `LIMITS.journeyEvents`. */
  limit?: number;
  /** Bytes kept of each packet, from the header of the layer that reports; default 128. */
  snapBytes?: number;
  /** Who else watches. */
  next?: TraceSink | null;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Watches a network and remembers what happened to each packet, so that the way of any of them can be told afterwards:
 * `network.trace = new JourneyRecorder(network.queue)`.
 */
export class JourneyRecorder implements TraceSink {
  /** Events that were pushed out by later ones. */
  forgotten = 0;
  private readonly clock: Clock;
  private readonly limit: number;
  private readonly snapBytes: number;
  private readonly next: TraceSink | null;
  /** A ring once it is full; `head` is the oldest. */
  private ring: JourneyEvent[] = [];
  private head = 0;

  constructor(clock: Clock, options: JourneyRecorderOptions = {}) {
    this.clock = clock;
    this.limit = Math.max(1, options.limit ?? LIMITS.journeyEvents);
    this.snapBytes = options.snapBytes ?? 128;
    this.next = options.next ?? null;
  }

  event(
    node: string,
    layer: number,
    what: What,
    packet: PacketBuffer | null,
    reason: DropReason,
    detail: string,
    source: string,
  ): void {
    // The bytes are copied now: the packet is somebody else's in a moment.
    const bytes =
      packet === null
        ? NO_BYTES
        : packet.bytes.slice(packet.start, Math.min(packet.end, packet.start + this.snapBytes));
    const length = packet === null ? 0 : packet.end - packet.start;
    const packetId = packet === null ? 0 : packet.id;
    const made = { timeNs: this.clock.now, node, layer, what, reason, detail, source, packetId, length, bytes };
    if (this.ring.length < this.limit) this.ring.push(made);
    else {
      this.ring[this.head] = made;
      this.head = (this.head + 1) % this.limit;
      this.forgotten++;
    }
    if (this.next !== null) this.next.event(node, layer, what, packet, reason, detail, source);
  }

  /** Everything that is remembered, in the order in which it happened. */
  events(): JourneyEvent[] {
    return [...this.ring.slice(this.head), ...this.ring.slice(0, this.head)];
  }

  /** The packets that are remembered, each with its first event, in the order in which they appeared. */
  packets(): { id: number; first: JourneyEvent }[] {
    const found = new Map<number, JourneyEvent>();
    for (const event of this.events()) {
      if (event.packetId !== 0 && !found.has(event.packetId)) found.set(event.packetId, event);
    }
    return [...found].map(([id, first]) => ({ id, first }));
  }

  /** The way of one packet through all devices; empty when nothing is remembered of it. */
  journeyOf(packetId: number): JourneyStep[] {
    return buildJourney(this.events(), packetId);
  }

  clear(): void {
    this.ring = [];
    this.head = 0;
    this.forgotten = 0;
  }
}
