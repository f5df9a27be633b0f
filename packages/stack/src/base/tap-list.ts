import type { DropReason } from './drop-reasons.ts';
import type { PacketBuffer } from './packet-buffer.ts';
import type { Direction, FrameTap } from './trace.ts';

/** Several observers where there is a field for one. */
class TapList implements FrameTap {
  readonly taps: readonly FrameTap[];

  constructor(taps: readonly FrameTap[]) {
    this.taps = taps;
  }

  frame(packet: PacketBuffer, direction: Direction, reason: DropReason): void {
    for (const tap of this.taps) tap.frame(packet, direction, reason);
  }
}

/** What to store in a `tap` field so that `tap` sees the frames too: `nic.tap = withTap(nic.tap, capture)`. */
export function withTap(current: FrameTap | null, tap: FrameTap): FrameTap {
  return current === null ? tap : new TapList([...tapsOf(current), tap]);
}

/** What to store so that `tap` no longer sees the frames; null when it was the last one. */
export function withoutTap(current: FrameTap | null, tap: FrameTap): FrameTap | null {
  const rest = tapsOf(current).filter((other) => other !== tap);
  return rest.length > 1 ? new TapList(rest) : (rest[0] ?? null);
}

function tapsOf(tap: FrameTap | null): readonly FrameTap[] {
  if (tap === null) return [];
  return tap instanceof TapList ? tap.taps : [tap];
}
