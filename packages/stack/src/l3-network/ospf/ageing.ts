import { type Task, Timer } from '../../base/clock.ts';
import { LS_REFRESH_SECONDS, MAX_AGE_SECONDS } from './constants.ts';
import type { Lsa } from './lsa.ts';
import type { RouterParts } from './router-parts.ts';
import type { Area } from './router-state.ts';

/**
 * Time and the databases (RFC 2328 14): what is ours is said again after half an hour, what is others' and was not is
 * taken out of use after an hour. One timer, at the earliest of all these times; nothing is counted up.
 */
export class Ageing implements Task {
  private readonly parts: RouterParts;
  private readonly timer: Timer;

  constructor(parts: RouterParts) {
    this.parts = parts;
    this.timer = new Timer(parts.node.clock, this, 0);
  }

  /** An advertisement came into a database. */
  watch(lsa: Lsa): void {
    const due = this.dueAt(lsa);
    if (due < Infinity && (!this.timer.armed || due < this.timer.deadline)) this.timer.set(due);
  }

  stop(): void {
    this.timer.dispose();
  }

  run(): void {
    const { areas, externals } = this.parts;
    let next = Infinity;
    for (const area of [...areas.values(), null]) {
      for (const lsa of (area?.database ?? externals).list()) next = Math.min(next, this.look(area, lsa));
    }
    if (next < Infinity) this.timer.set(next);
  }

  /** Does what is due; returns when to look again. */
  private look(area: Area | null, lsa: Lsa): number {
    if (lsa.dying) return Infinity;
    const age = lsa.age(this.parts.node.clock.now);
    if (age >= MAX_AGE_SECONDS) {
      this.parts.flooding.flush(area, lsa);
      return Infinity;
    }
    // From then on `Origination` sees to it; if it cannot, the end is the end.
    if (lsa.router === this.parts.routerId && age >= LS_REFRESH_SECONDS) this.parts.origination.touch(area, lsa.type);
    return this.dueAt(lsa);
  }

  /** When something is to be done about it, ns; Infinity: it is dying already. */
  private dueAt(lsa: Lsa): number {
    if (lsa.dying) return Infinity;
    const refreshed = lsa.router === this.parts.routerId && lsa.age(this.parts.node.clock.now) < LS_REFRESH_SECONDS;
    return lsa.timeOfAge(refreshed ? LS_REFRESH_SECONDS : MAX_AGE_SECONDS);
  }
}
