/** What has something to do outside of the call that found it out. */
export interface Visitor {
  /** Has rung and was not let in yet. Belongs to the doorbell. */
  rung: boolean;
  visit(): void;
}

/**
 * Lets those in who rang while events were running, all at once, as soon as the event loop gets a turn: so that a
 * hundred segments become one write to a real socket. In between, `scheduler.external` says what time it is.
 */
export class Doorbell {
  private readonly scheduler: { external(deliver: () => void): void };
  private waiting: Visitor[] = [];

  constructor(scheduler: { external(deliver: () => void): void }) {
    this.scheduler = scheduler;
  }

  ring(visitor: Visitor): void {
    if (visitor.rung) return;
    visitor.rung = true;
    if (this.waiting.push(visitor) === 1) process.nextTick(() => this.open());
  }

  private open(): void {
    const visitors = this.waiting;
    this.waiting = [];
    this.scheduler.external(() => {
      for (const visitor of visitors) {
        visitor.rung = false;
        visitor.visit();
      }
    });
  }
}
