import { SO_RCVTIMEO } from './constants.ts';

/** How long the calls of one socket wait: Python's `settimeout`, or else SO_RCVTIMEO and SO_SNDTIMEO. */
export class Timeouts {
  /** Seconds; null: what the options say. 0: not at all (non-blocking). */
  seconds: number | null = null;
  /** The options, ns; 0: for ever. */
  receiveNs = 0;
  sendNs = 0;

  /** When a call that starts at `now` must be over, ns; Infinity: never. */
  receiveDeadline(now: number): number {
    return this.deadline(now, this.receiveNs);
  }

  sendDeadline(now: number): number {
    return this.deadline(now, this.sendNs);
  }

  /** SO_RCVTIMEO or SO_SNDTIMEO, ns. */
  option(name: number): number {
    return name === SO_RCVTIMEO ? this.receiveNs : this.sendNs;
  }

  /** Sets one of them; a negated error number is handed back as it is. */
  setOption(name: number, ns: number): number {
    if (ns < 0) return ns;
    if (name === SO_RCVTIMEO) this.receiveNs = ns;
    else this.sendNs = ns;
    return 0;
  }

  private deadline(now: number, optionNs: number): number {
    if (this.seconds !== null) return now + Math.round(this.seconds * 1e9);
    return optionNs > 0 ? now + optionNs : Infinity;
  }
}
