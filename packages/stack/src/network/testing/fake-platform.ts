import type { Platform } from '../platform.ts';

/**
 * A platform whose real clock is a field. A wait ends at once, with the clock where it would have been; with
 * `manual` set, only `pass` makes real time go on.
 */
export class FakePlatform implements Platform {
  nowNs = 0;
  manual = false;
  /** How long was waited, each time, ns; waits without an end are left out. */
  readonly waits: number[] = [];
  private pending: { dueNs: number; callback: () => void } | null = null;

  quiescent(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  realTimeNs(): number {
    return this.nowNs;
  }

  wait(ns: number, callback: () => void): () => void {
    if (ns === Infinity) return () => {};
    this.waits.push(ns);
    const wait = { dueNs: this.nowNs + ns, callback };
    this.pending = wait;
    if (!this.manual) setImmediate(() => this.pending === wait && this.pass(ns));
    return () => {
      if (this.pending === wait) this.pending = null;
    };
  }

  /** Real time goes on. */
  pass(ns: number): void {
    this.nowNs += ns;
    const { pending } = this;
    if (pending === null || pending.dueNs > this.nowNs) return;
    this.pending = null;
    pending.callback();
  }

  /** Lets everything run that can without real time going on. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await this.quiescent();
  }
}
