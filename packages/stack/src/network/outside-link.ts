import type { LinkDevice, LinkEnd } from '../base/link.ts';
import type { FrameTap, TraceSink } from '../base/trace.ts';

/** A link that leads out of a network. What it can show of itself it shows to who watches the network. */
export interface OutsideLink extends LinkEnd {
  readonly name?: string;
  readonly device?: LinkDevice | null;
  trace?: TraceSink | null;
  /** Sees each frame, with the reason if it goes no further: `Direction.In` came from outside. */
  tap?: FrameTap | null;
  /** Gives back what it holds of the real machine. */
  close?(): void;
}
