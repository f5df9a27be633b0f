import type { DropReason } from '../base/drop-reasons.ts';
import type { What } from '../base/trace.ts';
import type { Unit } from './layer-models.ts';

/** One trace event, with what is kept of its packet. */
export interface JourneyEvent {
  readonly timeNs: number;
  readonly node: string;
  readonly layer: number;
  readonly what: What;
  readonly reason: DropReason;
  readonly detail: string;
  readonly source: string;
  /** 0: the event is about no packet. */
  readonly packetId: number;
  /** Bytes of the unit that the layer reported, and the first of them. */
  readonly length: number;
  readonly bytes: Uint8Array;
}

/** One thing that happened to a packet on its way, at one layer of one device. */
export interface JourneyStep {
  /** The device. */
  readonly node: string;
  readonly timeNs: number;
  /** OSI layer, 1 to 7. */
  readonly layer: number;
  /** Down or up the layers, through the device, out of the story; `stay`: something about it was told or decided. */
  readonly way: 'down' | 'up' | 'across' | 'stay' | 'end';
  /** What the packet is called at this layer; empty when the step is about no packet. */
  readonly unit: Unit | '';
  /** Bytes of the unit, this layer's header included. At layer 1 with preamble, padding and frame check sequence. */
  readonly bytes: number;
  /** This layer's header, as far as it was kept; null when the step has none. */
  readonly header: Uint8Array | null;
  readonly headerLength: number;
  readonly text: string;
  /** Why it went no further; 0 otherwise. */
  readonly reason: DropReason;
  /** Where it is written: `RFC 791`. */
  readonly source: string;
}
